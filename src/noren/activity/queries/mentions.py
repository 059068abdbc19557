"""Colleagues named with @ in a text: 「@田中」「@田中 健」"@Ken Tanaka"."""

from __future__ import annotations

import re
from itertools import islice

from noren.accounts.models import User
from noren.core.base.text import fold

_AT = re.compile(r"[@＠](?=\S)")
REACH = 60  # characters after the sign in which a name may lie
MOST = 200  # signs of one text that are looked behind


def named_in(text: str) -> list[User]:
    """The colleagues a text names. A family name alone is enough where only one colleague bears it."""
    starts = [match.end() for match in islice(_AT.finditer(text), MOST)]
    if not starts:
        return []
    users = list(
        User.system("colleagues may name each other").filter(is_active=True, removed_at__isnull=True).order_by("pk")
    )
    whole = sorted(((_key(user.name), user) for user in users if _key(user.name)), key=lambda pair: -len(pair[0]))
    found: dict[int, User] = {}
    for start in starts:
        said = _key(text[start : start + REACH])
        user = next((user for key, user in whole if said.startswith(key)), None) or _by_first_word(said, users)
        if user is not None:
            found[user.pk] = user
    return list(found.values())


def colleagues(text: str, but: int, most: int = 8) -> list[User]:
    """Whom these first letters of a name or reading may mean, the asking person left out."""
    wanted = _key(text)
    known = (
        User.system("colleagues may name each other").filter(is_active=True, removed_at__isnull=True).exclude(pk=but)
    )
    fits = [
        (not _key(user.name).startswith(wanted), _key(user.name_kana or user.name), user.pk, user)
        for user in known
        if wanted in _key(user.name) or _key(user.name_kana).startswith(wanted)
    ]
    return [user for *_order, user in sorted(fits)[:most]]


def _by_first_word(said: str, users: list[User]) -> User | None:
    fits: dict[str, list[User]] = {}
    for user in users:
        word = _key(user.name.split()[0]) if user.name.split() else ""
        if word and said.startswith(word):
            fits.setdefault(word, []).append(user)
    if not fits:
        return None
    best = fits[max(fits, key=len)]
    return best[0] if len(best) == 1 else None


def _key(name: str) -> str:
    return "".join(fold(name).split())
