"""Large tables in the order of what few rows are called (owners, stages, teams) are read group by group.

Otherwise PostgreSQL joins and sorts a million rows to show the first fifty.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from noren.core.filter.condition import Cond
from noren.core.record.counting import is_huge
from noren.core.record.declare import Record
from noren.core.record.keyset import Fetch, Key, Place, id_down, joined
from noren.core.record.state import State

MOST = 500  # rows that groups are called after

Group = tuple[Any, list[int]]  # by what it stands in order, and the ids of what is called so


def page_by_groups(
    record: type[Record], state: State, rows: QuerySet[Any], keys: list[Key], size: int, fetch: Fetch, after: Place | None = None,
    before: Place | None = None,
) -> tuple[list[Any], bool, bool] | None:  # fmt: skip
    """The same as `keyset.page`; None where that does as well, or where groups are not told soon."""
    if len(keys) > 1 or state.find or not is_huge(record.model._meta.db_table):
        return None
    facets = record.model.facets
    if not all(isinstance(part, Cond) and part.field in facets for part in state.where.clauses()):
        return None  # few rows may be left, in few of the groups
    key, place, back = keys[0], after or before, before is not None and after is None
    path, _, column = key.path.partition("__")
    model: Any = record.model._meta.get_field(path).related_model if column else None
    if model is None or model._base_manager.values("pk")[: MOST + 1].count() > MOST:
        return None
    groups = _groups(model, column, rows, path)
    if place and place.values[0] is not None and place.values[0] not in [value for value, _ids in groups]:
        return None
    parts = [partial(fetch, part) for part in _parts(rows, key, path, groups, place, back)]
    return joined(parts, size, place, back)


def _groups(model: Any, column: str, rows: QuerySet[Any], path: str) -> list[Group]:
    """Those that have rows, in order; what stands nowhere in it comes last, with None."""
    used = model._base_manager.filter(Exists(rows.filter(**{path: OuterRef("pk")}))).order_by(column)
    found: list[Group] = []
    for value, pk in used.values_list(column, "pk"):
        if not found or found[-1][0] != value:
            found.append((value, []))
        found[-1][1].append(pk)
    return found


def _parts(
    rows: QuerySet[Any], key: Key, path: str, groups: list[Group], place: Place | None, back: bool
) -> list[QuerySet[Any]]:
    """What is still to come after a place, group by group."""
    down = id_down((key,), back)
    order = "-pk" if down else "pk"
    found = [(value, rows.filter(**{f"{path}__in": ids})) for value, ids in groups if value is not None]
    if key.desc != back:
        found.reverse()
    if key.null:
        without = [pk for value, ids in groups if value is None for pk in ids]
        nowhere = (None, rows.filter(Q(**{f"{path}__isnull": True}) | Q(**{f"{path}__in": without})))
        found.insert(0, nowhere) if back else found.append(nowhere)
    if place is not None:
        at = [value for value, _part in found].index(place.values[0])
        value, first = found[at]
        found = [(value, first.filter(**{f"pk__{'lt' if down else 'gt'}": place.pk})), *found[at + 1 :]]
    return [part.order_by(order) for _value, part in found]
