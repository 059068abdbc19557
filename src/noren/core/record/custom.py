"""Fields that a firm added itself, remembered between requests until the stamp moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from time import monotonic

from noren.core.access.models import BUMPED, Stamp
from noren.core.record.models import FieldDefinition

NOT_READ, FIXED = -1, -2  # in place of a stamp
FRESH = 5.0  # seconds for which the stamp is believed where no request brings it along (jobs, commands)
Definitions = dict[str, dict[str, FieldDefinition]]
_editions = count()
_known: tuple[int, Definitions, int] = (NOT_READ, {}, next(_editions))
_looked = 0.0


def refresh(stamp: int | None = None) -> None:
    """Read the definitions again if the stamp has moved. Called once per request with the stamp at hand."""
    global _known, _looked
    _looked = monotonic()
    if stamp is None:
        stamp = Stamp.objects.filter(pk=1).values_list("number", flat=True).first() or 0
    if _known[0] == stamp:
        return
    found: Definitions = {}
    for one in FieldDefinition.system("field definitions are the same for everybody").filter(removed_at__isnull=True):
        found.setdefault(one.noun, {})[one.key] = one
    _known = (stamp, found, next(_editions))


def _look() -> None:
    if _known[0] == NOT_READ or (_known[0] != FIXED and monotonic() - _looked > FRESH):
        refresh()


def definitions(noun: str) -> list[FieldDefinition]:
    """The custom fields of a noun, in order."""
    _look()
    return list(_known[1].get(noun, {}).values())


def definition_of(noun: str, key: str) -> FieldDefinition | None:
    _look()
    return _known[1].get(noun, {}).get(key)


def edition() -> int:
    """The same for as long as the definitions are: for what is worked out from them and remembered."""
    _look()
    return _known[2]


def forget() -> None:
    """Read anew when next asked: a definition was just changed in this process."""
    global _known
    _known = (NOT_READ, {}, next(_editions))


BUMPED.append(forget)


@contextmanager
def none() -> Iterator[None]:
    """As if the firm had added no fields: for what is the same for every firm, and needs no database."""
    global _known
    before, _known = _known, (FIXED, {}, next(_editions))
    try:
        yield
    finally:
        _known = before
