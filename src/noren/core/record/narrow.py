"""Lists of large tables narrowed to few rows: these rows are found first, in any order, and put in order afterwards.

Otherwise PostgreSQL may walk through a million rows in the order asked for, hoping to come across fifty that fit.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import array as _array
from django.db.models import QuerySet

from noren.core.access.actor import Actor
from noren.core.access.scope import is_user
from noren.core.base.facets import facet, facets_of
from noren.core.base.model import Model
from noren.core.base.text import row_id
from noren.core.filter.condition import ME, MY_TEAM, Cond, F
from noren.core.record.counting import is_huge, soon, spare
from noren.core.record.declare import Record
from noren.core.record.state import State

lookups: Any = _array
FEW = 2000
MANY = 500  # owners and the like that one condition may mean
WAIT = 150  # ms that finding them may take: a walk through everything takes longer
ONLY_BITMAPS = {"enable_seqscan": "off", "enable_indexscan": "off", "enable_indexonlyscan": "off"}


def few_of(record: type[Record], actor: Actor, rows: QuerySet[Any], state: State) -> list[int] | None:
    """The ids of the rows of a state, where its filter leaves few of very many and the facets find them soon; else None.
    rows: those of the state, none from the bin."""
    model = record.model
    if not (model.facets and state.where and is_huge(model._meta.db_table)):
        return None
    conditions = _told(model, state.where, actor)
    if not conditions:
        return None
    inside = rows.filter(*conditions).order_by().values_list("pk", flat=True)[: FEW + 1]
    what = ("few", record, state.where, state.find)
    found = soon(what, actor, lambda: list(inside), WAIT, ONLY_BITMAPS)
    if found is not None and len(found) > FEW:
        spare(what, actor)
        return None
    return found


def _told(model: type[Model], where: F, actor: Actor) -> list[Any]:
    """What the facets say about a filter; all of it must hold for a row that meets the filter."""
    array = facets_of(*model.facets)
    found: list[Any] = []
    for part in where.clauses():
        if not (isinstance(part, Cond) and part.op in ("is", "in")):
            continue
        name, _, further = part.field.partition("__")
        if name in model.facets:
            values = part.value if isinstance(part.value, tuple) else (part.value,)
            meant = _behind(model, name, further, values, actor) if further else _all_values(model, name, values, actor)
            if meant is not None and None not in meant:
                found.append(lookups.ArrayOverlap(array, [facet(name, value) for value in meant]))
    return found


def _behind(model: type[Model], name: str, further: str, values: tuple[Any, ...], actor: Actor) -> list[Any] | None:
    """What the column holds where what it refers to has one of these values (`owner__team`); None where that may be many."""
    target: Any = model.column(name).related_model
    if target is None or "__" in further:
        return None
    meant = _all_values(target, further, values, actor)
    if None in meant:
        return None
    ids = list(target._base_manager.filter(**{f"{further}__in": meant}).values_list("pk", flat=True)[: MANY + 1])
    return ids if len(ids) <= MANY else None


def _all_values(model: type[Model], name: str, values: tuple[Any, ...], actor: Actor) -> list[Any]:
    return [value for each in values for value in _values(model, name, each, actor)]


def _values(model: type[Model], name: str, value: Any, actor: Actor) -> list[Any]:
    """As they stand in the column; None for what only a comparison can tell."""
    column: Any = model.column(name)
    if not column.is_relation:
        return [value]
    if value == ME:
        return [actor.user_id]
    if value == MY_TEAM:
        return sorted(actor.team_user_ids if is_user(column.related_model) else actor.team_ids)
    return [row_id(value)]
