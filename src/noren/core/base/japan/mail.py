"""Mail addresses as Japan has them: full-width typing, and old carrier addresses that break the standard but work."""

import re
import unicodedata

from noren.core.base.japan.values import Unreadable

_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {ord("　"): " ", ord("。"): "."}
_LOCAL = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-]+|\"[^\"\\\r\n]+\""
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_ADDRESS = re.compile(rf"(?P<local>{_LOCAL})@(?P<domain>(?:{_LABEL}\.)+[^\W\d_](?:[\w-]{{0,61}}[^\W_])?)")
_NAMED = re.compile(r"[^<>]*<\s*([^<>]+?)\s*>")
_LONGEST = 1000  # a display name and an address; more is a text, not an address
PLAIN = re.compile(r"(?=.{3,64}$)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*\.)+[A-Za-z]+")
"""Short addresses without anything unusual: `check_email` would give them back as they are."""
CARRIERS = frozenset({"docomo.ne.jp", "ezweb.ne.jp", "au.com"})
"""Carriers that once gave out addresses such as a..b@ and a.@, and still deliver to them when the left part is quoted."""


def check_email(raw: str) -> tuple[str, str]:
    """(address to store, warning). Full width becomes half width; `山田 <a@b.jp>` and mailto: give the address inside.

    Warnings, never errors: "mail.dots" (a..b@ or .a@: breaks the standard, known from carriers), "mail.dot_at" (a.@: many
    relays refuse it). Raises Unreadable("mail.unreadable") for what is no address at all.
    """
    text = unicodedata.normalize("NFC", raw[:_LONGEST]).translate(_FULL_WIDTH).strip()
    if named := _NAMED.fullmatch(text):
        text = named[1]
    if text[:7].lower() == "mailto:":
        text = text[7:].partition("?")[0]
    found = _ADDRESS.fullmatch(text)
    if not found or len(text) > 254 or len(found["local"]) > 64:
        raise Unreadable("mail.unreadable", value=raw)
    local = found["local"].strip('"')
    if local.endswith("."):
        return text, "mail.dot_at"
    if ".." in local or local.startswith("."):
        return text, "mail.dots"
    return text, ""


def send_address(stored: str) -> str:
    """The form to put on the envelope: the left part in quotes where a carrier needs that, otherwise unchanged."""
    local, _, domain = stored.rpartition("@")
    irregular = ".." in local or local.startswith(".") or local.endswith(".")
    return f'"{local}"@{domain}' if irregular and not local.startswith('"') and domain.lower() in CARRIERS else stored


def split_emails(cell: str) -> list[str]:
    """The addresses of a cell that holds several: separated by commas, semicolons, 、, /, spaces or lines; names left out."""
    return [part for part in re.split(r"[\s,;、/<>]+", cell.translate(_FULL_WIDTH)) if "@" in part]
