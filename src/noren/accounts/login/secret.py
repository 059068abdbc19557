"""Secrets at rest: AES-256-GCM under a key that lies outside the database and its backups."""

from __future__ import annotations

import base64
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

MARK = "n1:"


def _key() -> AESGCM:
    return AESGCM(hashlib.sha256(settings.ENV.field_key.encode()).digest())


def seal(text: str, about: str = "") -> str:
    """Encrypt. `about` (column and row) is bound in: a sealed value moved elsewhere does not open."""
    nonce = os.urandom(12)
    return MARK + base64.urlsafe_b64encode(nonce + _key().encrypt(nonce, text.encode(), about.encode())).decode()


def unseal(sealed: str, about: str = "") -> str:
    """Decrypt. ValueError when the key is another one or the value was moved or touched."""
    if not sealed.startswith(MARK):
        raise ValueError("not a sealed value")
    raw = base64.urlsafe_b64decode(sealed[len(MARK) :])
    try:
        return _key().decrypt(raw[:12], raw[12:], about.encode()).decode()
    except InvalidTag as fault:
        raise ValueError("this secret was sealed with another key, or it was changed") from fault
