"""Pages by place, not by number: the row after this one, in either direction, at any depth in the same time.

Every order ends with the id, so no row is shown twice or left out when two are alike. Empty values come last whichever
way a column is sorted. A single column that may be empty is read in two parts (filled, then empty), because only so
can its index serve; several columns are compared in full.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from django.db.models import F as Column
from django.db.models import Q, QuerySet

from noren.core.base.kept import Asking, ask

Fetch = Callable[[QuerySet[Any], int], list[Any]]
Select = Callable[[QuerySet[Any], int], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Key:
    """One column of an order. path: ORM path or annotation; null: whether it may be empty; kind: how a cursor reads it."""

    path: str
    desc: bool = False
    null: bool = False
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page starts: the keys of a row, its id, and its number in the list (for people, not for the search)."""

    values: tuple[Any, ...]
    pk: int
    number: int = 0


def write_place(place: Place) -> str:
    """A place as a word for addresses."""
    body = json.dumps(
        [[_told(v) for v in place.values], place.pk, place.number], ensure_ascii=False, separators=(",", ":")
    )
    return base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")


def read_place(word: str, keys: Sequence[Key]) -> Place | None:
    """The place behind a word; None when it does not fit the order (a stale or made-up address starts at the top)."""
    try:
        raw = base64.urlsafe_b64decode(word[:2000] + "=" * (-len(word) % 4))
        values, pk, number = json.loads(raw)
        if len(values) != len(keys) or not 0 <= int(pk) < 2**63 or not 0 <= int(number) < 2**53:
            return None
        return Place(tuple(_meant(v, key) for v, key in zip(values, keys, strict=True)), int(pk), int(number))
    except (ValueError, TypeError, binascii.Error, RecursionError, InvalidOperation):
        return None


def _told(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _meant(value: Any, key: Key) -> Any:
    if value is None:
        if not key.null:
            raise ValueError(value)
        return None
    match key.kind:
        case "datetime":
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise ValueError(value)
            return moment
        case "date":
            return date.fromisoformat(value)
        case "number":
            number = Decimal(str(value))
            if not number.is_finite():
                raise ValueError(value)
            return number
        case "bool":
            return bool(value)
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError(value)
    return value


def page(
    rows: QuerySet[Any], keys: Sequence[Key], size: int, fetch: Fetch, after: Place | None = None,
    before: Place | None = None,
) -> tuple[list[Any], bool, bool]:  # fmt: skip
    """The rows after (or before) a place in order, and whether there are more before and after them.

    `fetch(queryset, limit)` reads the ordered rows; it is called once, or twice at the border of the empty values.
    """
    place, back = _way(after, before)
    parts = _parts(rows, keys, place, back)
    return joined([partial(fetch, part) for part in parts], size, place, back)


def kept_page(
    key: Hashable, rows: Callable[[], QuerySet[Any]], keys: Sequence[Key], size: int, select: Select,
    after: Place | None = None, before: Place | None = None, *, who: Any,
) -> Asking[tuple[list[Any], bool, bool]]:  # fmt: skip
    """The same for rows that `key` and `who` (the actor) say all about: their SQL is remembered."""
    place, back = _way(after, before)
    told = () if place is None else (*place.values, place.pk)

    def part(number: int, *told: Any) -> QuerySet[Any]:
        start = Place(told[:-1], told[-1]) if told else None
        return select(_parts(rows(), keys, start, back)[number], size + 1)

    found: list[Any] = []
    for number in range(_number_of_parts(keys, place, back)):
        more = yield [ask((key, number, back, size, *keys), partial(part, number), *told, who=who)]
        found += more[0]
        if len(found) > size:
            break
    return _paged(found, size, place, back)


def _way(after: Place | None, before: Place | None) -> tuple[Place | None, bool]:
    back = before is not None and after is None
    return (before if back else after), back


def joined(
    parts: Sequence[Callable[[int], list[Any]]], size: int, place: Place | None, back: bool
) -> tuple[list[Any], bool, bool]:
    """Parts that follow each other, read as far as a page goes: its rows, and whether there are more before and after."""
    found: list[Any] = []
    for part in parts:
        found += part(size + 1 - len(found))
        if len(found) > size:
            break
    return _paged(found, size, place, back)


def _paged(found: list[Any], size: int, place: Place | None, back: bool) -> tuple[list[Any], bool, bool]:
    more = len(found) > size
    found = found[:size]
    if back:
        found.reverse()
        return found, more, True
    return found, place is not None, more


def _number_of_parts(keys: Sequence[Key], place: Place | None, back: bool) -> int:
    if len(keys) > 1 or not keys[0].null:
        return 1
    return 2 if place is None or (place.values[0] is None) is back else 1


def _parts(rows: QuerySet[Any], keys: Sequence[Key], place: Place | None, back: bool) -> list[QuerySet[Any]]:
    if len(keys) == 1 and keys[0].null:
        return _two_parts(rows, keys[0], place, back)
    order = [_order(key, back) for key in keys]
    if place is not None:
        rows = rows.filter(_beyond(keys, place, back))
    return [rows.order_by(*order, "-pk" if id_down(keys, back) else "pk")]


def _two_parts(rows: QuerySet[Any], key: Key, place: Place | None, back: bool) -> list[QuerySet[Any]]:
    down = id_down((key,), back)
    sign = "-" if key.desc != back else ""
    filled = rows.filter(**{f"{key.path}__isnull": False}).order_by(sign + key.path, "-pk" if down else "pk")
    empty = rows.filter(**{f"{key.path}__isnull": True}).order_by("-pk" if down else "pk")
    if place is None:
        return [empty, filled] if back else [filled, empty]
    if place.values[0] is None:
        rest = empty.filter(**{f"pk__{'lt' if down else 'gt'}": place.pk})
        return [rest, filled] if back else [rest]
    rest = filled.filter(_beyond((Key(key.path, key.desc, False, key.kind),), place, back))
    return [rest] if back else [rest, empty]


def id_down(keys: Sequence[Key], back: bool) -> bool:
    """The id runs the way of the first column, so that one index serves both."""
    return keys[0].desc != back


def _order(key: Key, back: bool) -> Any:
    if not key.null:
        return ("-" if key.desc != back else "") + key.path
    column = Column(key.path)
    down = key.desc != back
    first = {"nulls_first": True} if back else {"nulls_last": True}
    return column.desc(**first) if down else column.asc(**first)


def _beyond(keys: Sequence[Key], place: Place, back: bool) -> Q:
    """The condition for rows that stand after the place (before it, when going back)."""
    whole = Q(pk__in=())
    same = Q()
    for key, value in zip(keys, place.values, strict=True):
        further = _further(key, value, back)
        if further is not None:
            whole |= same & further
        same &= Q(**{f"{key.path}__isnull": True}) if value is None else Q(**{key.path: value})
    whole |= same & Q(**{f"pk__{'lt' if id_down(keys, back) else 'gt'}": place.pk})
    first = keys[0]
    if not first.null:  # a plain bound beside the rest is what lets an index begin here
        bound = "lte" if first.desc != back else "gte"
        whole &= Q(**{f"{first.path}__{bound}": place.values[0]})
    return whole


def _further(key: Key, value: Any, back: bool) -> Q | None:
    down = key.desc != back
    if value is None:
        return Q(**{f"{key.path}__isnull": False}) if back else None
    past = Q(**{f"{key.path}__{'lt' if down else 'gt'}": value})
    if key.null and not back:
        past |= Q(**{f"{key.path}__isnull": True})
    return past
