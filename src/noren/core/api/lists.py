"""A list for programs: filtered, sorted, and cut by a cursor that stays right while rows are added."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import F as Column
from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import Actor
from noren.core.access.scope import visible
from noren.core.api.body import Unreadable
from noren.core.base.errors import Invalid, Refusal
from noren.core.filter.condition import BadFilter
from noren.core.filter.url import from_params
from noren.core.record.declare import Record
from noren.core.record.field import Field
from noren.core.record.keyset import Key, Place, page, read_place, write_place
from noren.core.record.listing import narrowed, sort_key
from noren.core.record.state import State, read_sort

MOST = 200
USUAL = 50
WORDS = frozenset({"q", "sort", "find", "fields", "limit", "cursor", "removed"})
"""Parameters that are no filter. Words of pages (`page`, `size`) are not passed over: who sends them expects an effect."""


class NotFilterable(Refusal):
    """A filter that cannot be used; `detail` is for the programmer."""

    code = "bad_filter"
    status = 422
    message = _("The filter cannot be used: %(detail)s")


def listed(record: type[Record], actor: Actor, params: Any, fields: Iterable[Field]) -> tuple[list[Any], str | None]:
    """One page of rows and the cursor of the next page, None at the end."""
    limit = limit_of(params)
    asked, keys, annotations = _order(record, actor, params)
    after = None
    if params.get("cursor"):
        after = _place(params["cursor"], asked, keys)
    try:
        state = State(where=from_params(params, WORDS), find=params.get("find", "").strip()[:200])
        rows = narrowed(record, actor, state, removed=params.get("removed") == "true")
    except BadFilter as fault:
        raise NotFilterable(detail=fault.reason) from fault
    rows = rows.annotate(**annotations).annotate(**{f"_key{at}": Column(key.path) for at, key in enumerate(keys)})
    for one in fields:
        if one.many:
            rows = rows.prefetch_related(Prefetch(one.path, queryset=visible(one.target, actor)))
    found, _previous, more = page(rows, keys, limit, lambda part, most: list(part[:most]), after)
    if not more:
        return found, None
    last = found[-1]
    place = Place(tuple(getattr(last, f"_key{at}") for at in range(len(keys))), last.pk)
    return found, f"{asked}:{write_place(place)}"


def _place(cursor: str, asked: str, keys: list[Key]) -> Place:
    said, _colon, word = cursor.rpartition(":")
    place = read_place(word, keys) if said == asked else None
    if place is None or place.pk == 0:
        raise Unreadable(_("The cursor does not belong to this list. Start again without it."))
    return place


def _order(record: type[Record], actor: Actor, params: Any) -> tuple[str, list[Key], dict[str, Any]]:
    """The order as asked for, else the record's own. Only what the caller may see can be sorted by."""
    asked = params.get("sort") or record.sort
    offered = {*record.filter_names(), *(f.name for f in record.readable(actor)), "id", "created_at", "updated_at"}
    keys: list[Key] = []
    annotations: dict[str, Any] = {}
    for name, falling in read_sort(asked):
        made = None
        if (
            name in offered
            and record.may_read(name, actor)
            and record.computed(name) is None
            and record.field(name).kind != "longtext"
        ):
            made = sort_key(record, name, falling, actor)
        if made is None:
            raise Invalid(sort=_("This list cannot be sorted by that field."))
        keys.append(made[0])
        annotations |= made[1]
    if not keys:
        raise Invalid(sort=_("This list cannot be sorted by that field."))
    return asked, keys, annotations


def limit_of(params: Any) -> int:
    text = params.get("limit") or str(USUAL)
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST):
        raise Invalid(limit=_("Give a number from 1 to %d.") % MOST)
    return int(text)
