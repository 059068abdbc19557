"""One-time links: an invitation, or a new password for somebody who forgot theirs."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

LIVES = {"invite": timedelta(days=7), "reset": timedelta(minutes=60)}


class Ticket(models.Model):
    """Only the digest of the token is stored. A new ticket, a new e-mail address or a new password ends the old ones."""

    KINDS = (("invite", "invite"), ("reset", "reset"))

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=KINDS)
    digest = models.CharField(max_length=64, unique=True)
    email = models.CharField(max_length=254)
    until = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.kind} {self.user_id}"

    @property
    def is_live(self) -> bool:
        return self.used_at is None and self.until > timezone.now()


def digest_of_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """256 random bits, fit for an address."""
    return secrets.token_urlsafe(32)
