"""Large tables in the order of what few rows are called (owners, stages, teams), or of a choice, are read group by group.

Otherwise PostgreSQL joins and sorts a million rows to show the first fifty.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet

from noren.core.access.actor import Actor
from noren.core.access.scope import reach
from noren.core.base.odd import odd
from noren.core.filter.condition import Cond
from noren.core.record.counting import is_huge
from noren.core.record.declare import Record
from noren.core.record.keyset import Fetch, Key, Place, id_down, joined
from noren.core.record.state import State

TEXTS = 200  # different texts of a column
MOST = 500  # rows of another noun that groups are called after

Group = tuple[Any, list[Any]]  # by what it stands in order, and what the field of its rows holds


def page_by_groups(
    record: type[Record], actor: Actor, state: State, rows: QuerySet[Any], keys: list[Key], size: int, fetch: Fetch, after: Place | None = None,
    before: Place | None = None,
) -> tuple[list[Any], bool, bool] | None:  # fmt: skip
    """The same as `keyset.page`; None where that does as well, or where groups are not told soon."""
    if len(keys) > 1 or state.find or not is_huge(record.model._meta.db_table):
        return None
    facets = record.model.facets
    if not all(isinstance(part, Cond) and part.field in facets for part in state.where.clauses()):
        return None  # few rows may be left, in few of the groups
    key, place, back = keys[0], after or before, before is not None and after is None
    path, groups = key.path.partition("__")[0], _groups(record.model, key.path, rows)
    if groups is None and not state.where and reach(record.model, actor) is None:
        groups = _texts(record.model, key)
    if groups is None or (
        place and place.values[0] is not None and place.values[0] not in [value for value, _in in groups]
    ):
        return None
    parts = [partial(fetch, part) for part in _parts(rows, key, path, groups, place, back)]
    return joined(parts, size, place, back)


def _groups(noun: Any, path: str, rows: QuerySet[Any]) -> list[Group] | None:
    """What rows may stand under, in order (None: nowhere in it), and what their field holds then; None where that is not
    told soon."""
    name, _, column = path.partition("__")
    field = noun._meta.get_field(name)
    if isinstance(field, BooleanField) and not field.null:
        return [(False, [False]), (True, [True])]
    if name in noun.chosen:
        known = {each: noun.column(each).choices for each in noun.chosen}
        return (
            None if noun.every.filter(odd(**known)).exists() else [(value, [value]) for value in _in_order(known[name])]
        )
    model = field.related_model if column else None
    if model is None or model._base_manager.values("pk")[: MOST + 1].count() > MOST:
        return None
    used = model._base_manager.filter(Exists(rows.filter(**{name: OuterRef("pk")}))).order_by(column)
    found: list[Group] = []
    for value, pk in used.values_list(column, "pk"):
        if not found or found[-1][0] != value:
            found.append((value, []))
        found[-1][1].append(pk)
    return found


def _texts(noun: Any, key: Key) -> list[Group] | None:
    """The different texts of a column, where an index that begins with it tells them and there are few."""
    indexes = [index.fields for index in noun._meta.indexes if index.condition is None and index.fields]
    mine = [fields for fields in indexes if fields[0] == key.path]
    if key.null or not mine or [key.path, "id"] in mine:
        return None  # in the order of the last, all is read as it stands
    column, table = (connection.ops.quote_name(name) for name in (noun.column(key.path).column, noun._meta.db_table))
    first = f"(SELECT {column} FROM {table} {{}} ORDER BY {column} LIMIT 1)"
    following = first.format(f"WHERE {column} > t.v")
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE t(v) AS ({first.format('')} UNION ALL SELECT {following} FROM t WHERE v IS NOT NULL)"
            f" SELECT v FROM t WHERE v IS NOT NULL LIMIT {TEXTS + 1}"
        )
        found = [value for (value,) in cursor.fetchall()]
    return [(value, [value]) for value in found] if len(found) <= TEXTS else None


def _in_order(choices: Any) -> list[str]:
    """As the database puts them in order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT v FROM unnest(%s::text[]) v ORDER BY v", [[value for value, _label in choices]])
        return [value for (value,) in cursor.fetchall()]


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
        nowhere: Any = (None, rows.filter(Q(**{f"{path}__isnull": True}) | Q(**{f"{path}__in": without})))
        found.insert(0, nowhere) if back else found.append(nowhere)
    if place is not None:
        at = [value for value, _part in found].index(place.values[0])
        value, first = found[at]
        found = [(value, first.filter(**{f"pk__{'lt' if down else 'gt'}": place.pk})), *found[at + 1 :]]
    return [part.order_by(order) for _value, part in found]
