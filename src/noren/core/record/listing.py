"""A list of one noun: which rows, in which order, with which columns. Pages, exports and programs read lists here.

The whole state of a list is its address. Only the columns asked for are fetched, as plain tuples, with the names of
references joined in: the number of queries does not depend on the number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Case, DecimalField, QuerySet
from django.db.models import F as Path
from django.db.models import When as When_
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.translation import get_language

from noren.core.access.actor import Actor
from noren.core.access.firm import fiscal
from noren.core.access.rights import Touch
from noren.core.access.scope import behind, look_for, reach, visible
from noren.core.base.errors import NotFound
from noren.core.base.kept import Asking, alone
from noren.core.base.model import Model
from noren.core.filter.condition import Cond, F
from noren.core.filter.sql import to_q
from noren.core.filter.when import When
from noren.core.record.columns import Column, Plan, choosable, chosen, has_column, is_many, target_record, title_path
from noren.core.record.counting import MOST, count_and_totals
from noren.core.record.custom import edition
from noren.core.record.declare import Record
from noren.core.record.field import Field, kind_of
from noren.core.record.finding import narrow
from noren.core.record.grouped import page_by_groups
from noren.core.record.keyset import Key, Place, kept_page, page, read_place, write_place
from noren.core.record.narrow import few_of
from noren.core.record.state import State, read_sort


@dataclass(frozen=True, slots=True)
class Line:
    """A row: its id, version, and the fetched values that the columns point into."""

    pk: int
    version: int
    values: tuple[Any, ...]


@dataclass(slots=True)
class Listing:
    """What a page of a list shows. count is None where it would take long to tell, unless asked: there are `at_least` so
    many; totals: column -> value for the whole filter, where there is a count."""

    record: type[Record]
    state: State
    columns: list[Column]
    title: Column
    lines: list[Line]
    previous: str = ""
    next: str = ""
    first_number: int = 1
    count: int | None = 0
    at_least: int = MOST
    totals: dict[str, Any] = field(default_factory=dict)
    hidden: dict[str, frozenset[int]] = field(default_factory=dict)
    sort: tuple[tuple[str, bool], ...] = ()


def may_see_list(record: type[Record], actor: Actor) -> None:
    """NotFound for a noun without pages, or one of which the actor may see nothing at all."""
    if not record.pages or not (
        record.model.reach.open_to_all or actor.may(record.word(), "view") or record.word() in actor.shared
    ):
        raise NotFound


def narrowed(
    record: type[Record], actor: Actor, state: State, verb: str = "view", *, removed: bool = False
) -> QuerySet[Any]:
    """The rows of a state, before order and paging: what bulk work, exports and counts go over. BadFilter when unreadable."""
    look = look_for(record.model, actor)
    rows = record.prepare(visible(record.model, actor, verb, removed=removed, look=look))
    if state.where:
        q = to_q(state.where, record.vocabulary(actor), When.now(actor, fiscal_of(state.where)))
        many = any(is_many(record.model, c.field) for c in state.where.conditions())
        rows = rows.filter(pk__in=record.model.every.filter(q).values("pk")) if many else rows.filter(q)
    if state.find:
        rows = narrow(record, state.find, rows, actor)
    return rows


def fiscal_of(where: F) -> Any:
    """The fiscal calendar, read only when a condition needs it."""
    relative = any(
        isinstance(v, str) and v.startswith("@")
        for c in where.conditions()
        for v in (c.value if isinstance(c.value, tuple) else (c.value,))
    )
    return fiscal() if relative else None


# -- order -------------------------------------------------------------------------------------------------------------

FILLED = frozenset(("filled", "is", "in", "on", "gte", "gt", "lte", "lt"))  # conditions that no empty value meets
KEY_KINDS = {
    "money": "number",
    "percent": "number",
    "number": "number",
    "date": "date",
    "datetime": "datetime",
    "bool": "bool",
}


def sort_key(record: type[Record], name: str, desc: bool, actor: Actor) -> tuple[Key, dict[str, Any]] | None:
    """The order of one column, with annotations it needs; None when it cannot be sorted by.

    Names with a reading sort by it, stages by their place, references by what they are called.
    """
    try:
        one = record.field(name)
    except LookupError:
        return None
    if one.many or is_many(record.model, name):
        return None
    if one.is_custom:
        value: Any = KeyTextTransform(one.key, "extra")
        if one.kind in ("number", "money", "percent"):
            value = Cast(value, DecimalField(max_digits=30, decimal_places=6))
        alias = f"_sort_{one.key}".replace("-", "_")
        kind = "number" if one.kind in ("number", "money", "percent") else "text"
        return Key(alias, desc, True, kind), {alias: value}
    path, model, column = one.path, record.model, one.column
    null = bool(one.null) or ("__" in path and _through_null(model, path))
    kind = KEY_KINDS.get(one.kind, "text")
    if one.kind == "ref":
        null = null or bool(column is None or column.null)
        path, kind = f"{path}__{_name_order(one)}", "text"
        last = _last_column(model, path)
        kind = KEY_KINDS.get(kind_of(last), "text")
    elif name == record.title_field() and has_column(model, "kana_sort"):
        path = "kana_sort"
    limit = behind(model, path, actor)
    if limit is not None:  # rows that the actor may not see have no place of their own in an order
        alias = f"_sort_{path}"
        return Key(alias, desc, True, kind), {alias: Case(When_(limit[1], then=Path(path)), default=None)}
    return Key(path, desc, null, kind), {}


def _last_column(model: Any, path: str) -> Any:
    column: Any = None
    for part in path.split("__"):
        column = model._meta.get_field(part)
        model = column.related_model if column.is_relation else None
    return column


def _name_order(one: Field) -> str:
    target = one.target
    for word in ("kana_sort", "position"):
        if has_column(target, word):
            return word
    found = target_record(one)
    return title_path(found) if found else "pk"


def _through_null(model: Any, path: str) -> bool:
    for part in path.split("__"):
        column = model._meta.get_field(part)
        if column.null:
            return True
        model = column.related_model if column.is_relation else None
    return False


def order_of(
    record: type[Record], actor: Actor, state: State
) -> tuple[tuple[tuple[str, bool], ...], list[Key], dict[str, Any]]:
    """The sort that holds (asked for, else the record's own) as names, keys and annotations."""
    filled = _filled(state.where)
    for sort in (state.sort, read_sort(record.sort), (("updated_at", True),)):
        names: list[tuple[str, bool]] = []
        keys: list[Key] = []
        annotations: dict[str, Any] = {}
        for name, desc in sort:
            made = sort_key(record, name, desc, actor) if record.may_read(name, actor) else None
            if made is not None:
                if made[0].null and name in filled and record.field(name).kind in KEY_KINDS:
                    made = replace(made[0], null=False), made[1]
                names.append((name, desc))
                keys.append(made[0])
                annotations |= made[1]
        if keys:
            return tuple(names), keys, annotations
    raise NotFound


def _filled(where: F) -> set[str]:
    """Fields that are empty in no row of a filter."""
    return {part.field for part in where.clauses() if isinstance(part, Cond) and part.op in FILLED}


def plan_of(record: type[Record], actor: Actor, state: State, keys: Sequence[Key]) -> tuple[list[Field], Plan]:
    """The columns of a list and what must be fetched for them: worked out once for an actor, columns and order."""

    def work() -> tuple[list[Field], Plan]:
        fields = chosen(record, actor, state)
        return fields, Plan(record, fields, [key.path for key in keys])

    key = ("plan of a list", record, state.columns, *(key.path for key in keys), get_language(), edition())
    found: tuple[list[Field], Plan] = actor.remembered(key, work)
    return found


# -- the list itself -----------------------------------------------------------------------------------------------


def listing(
    record: type[Record], actor: Actor, state: State, *, removed: bool = False, jump: str = "", counted: bool = True
) -> Listing:
    """One page of a list for an actor. `jump`: start at this reading (the 50-on bar). A filter that the actor may not
    use, or that cannot be read, gives BadFilter."""
    return alone(asked_listing(record, actor, state, removed=removed, jump=jump, counted=counted))


def asked_listing(
    record: type[Record], actor: Actor, state: State, *, removed: bool = False, jump: str = "", counted: bool = True
) -> Asking[Listing]:
    """The same as a part that asks beside others."""
    names, keys, annotations = order_of(record, actor, state)
    fields, plan = plan_of(record, actor, state, keys)
    rows = narrowed(record, actor, state, removed=removed)
    few = None if removed else few_of(record, actor, rows, state)
    if few is not None:
        rows = rows.filter(pk__in=few)
    if annotations:
        rows = rows.annotate(**annotations)
    spots = [plan.at(key.path) for key in keys]
    after = read_place(state.after, keys) if state.after else None
    before = read_place(state.before, keys) if state.before and after is None else None
    if jump and keys[0].path == "kana_sort" and not keys[0].desc:
        after = Place((jump, *(None for _ in keys[1:])), 0) if len(keys) == 1 else None
    grouped = None
    if few is None and not (annotations or removed):
        grouped = page_by_groups(record, actor, state, rows, keys, state.size, plan.fetch, after, before)
    if grouped is not None:
        found, has_previous, has_next = grouped
    elif state.where or state.find or annotations or removed:
        found, has_previous, has_next = page(rows, keys, state.size, plan.fetch, after, before)
    else:
        found, has_previous, has_next = yield from kept_page(
            ("list", record, *plan.paths), lambda: rows, keys, state.size, plan.select, after, before, who=actor
        )
    lines = masked(record, plan.columns, [Line(values[0], values[1], values) for values in found], actor)
    number = _number(after, before, len(lines), bool(jump))
    made = Listing(record, state, plan.columns, plan.columns[0], lines, first_number=number, sort=names)
    if lines:
        if has_previous:
            made.previous = write_place(Place(tuple(found[0][at] for at in spots), found[0][0], max(number - 1, 0)))
        if has_next:
            made.next = write_place(Place(tuple(found[-1][at] for at in spots), found[-1][0], number + len(lines) - 1))
    if counted:
        shown = None if after or before or has_next else len(lines)
        known = shown if few is None else len(few)
        made.count, made.totals, enough = count_and_totals(record, actor, rows, fields, state, known)
        made.at_least = MOST if enough else max(number - 1, 0) + len(lines)
    made.hidden = unseen(plan.columns, lines, actor)
    return made


def _number(after: Place | None, before: Place | None, shown: int, jumped: bool) -> int:
    """The number of the first row shown; 0 when nobody knows (after a jump)."""
    if jumped:
        return 0
    if after is not None:
        return after.number + 1 if after.number else 0
    if before is not None:
        return max(before.number - shown + 1, 1) if before.number else 0
    return 1


def unseen(columns: Sequence[Column], lines: Sequence[Line], actor: Actor) -> dict[str, frozenset[int]]:
    """For each reference column, the ids on this page whose rows the actor may not see: their names stay unsaid."""
    found: dict[str, frozenset[int]] = {}
    if actor.is_admin:
        return found
    for column in columns:
        target = column.field.target
        if (
            column.field.kind != "ref"
            or target is None
            or not issubclass(target, Model)
            or reach(target, actor) is None
        ):
            continue
        ids = {line.values[column.at] for line in lines} - {None}
        if ids:
            seen = set(visible(target, actor).filter(pk__in=ids).values_list("pk", flat=True))
            found[column.field.name] = frozenset(ids - seen)
    return found


def masked(record: type[Record], columns: Sequence[Column], lines: list[Line], actor: Actor) -> list[Line]:
    """The lines without what lies behind references to rows that the actor may not see."""
    blank: dict[int, set[int]] = {}  # id of the row -> places of its values to leave out
    for column in columns:
        limit = None if column.field.is_custom else behind(record.model, column.field.path, actor)
        if limit is not None and lines:
            ids = [line.pk for line in lines]
            for pk in set(ids).difference(record.model.every.filter(limit[1], pk__in=ids).values_list("pk", flat=True)):
                blank.setdefault(pk, set()).update(at for at in (column.at, column.title_at) if at is not None)
    return [
        Line(line.pk, line.version, tuple(None if at in blank[line.pk] else v for at, v in enumerate(line.values)))
        if line.pk in blank else line for line in lines
    ]  # fmt: skip


def neighbors(record: type[Record], actor: Actor, state: State, row: Model) -> tuple[int | None, int | None]:
    """The ids before and after a row in the list that a person came from."""
    _names, keys, annotations = order_of(record, actor, state)
    rows = narrowed(record, actor, state)
    if annotations:
        rows = rows.annotate(**annotations)
    paths = [key.path for key in keys]
    values = rows.filter(pk=row.pk).values_list(*paths).first()
    if values is None:
        return None, None
    place = Place(tuple(values), row.pk)
    ids = lambda part, limit: list(part.values_list("pk", flat=True)[:limit])  # noqa: E731

    def near(**way: Place) -> list[Any]:
        grouped = None if annotations else page_by_groups(record, actor, state, rows, keys, 1, ids, **way)
        return (grouped or page(rows, keys, 1, ids, **way))[0]

    behind, ahead = near(before=place), near(after=place)
    return (behind[0] if behind else None), (ahead[0] if ahead else None)


def may_write(record: type[Record], name: str, actor: Actor) -> bool:
    """Whether a field is in the form and the actor may write it."""
    if name not in record.form_names():
        return False
    return actor.is_admin or actor.touch(record.field(name).group) >= Touch.WRITE


__all__ = [
    "MOST", "Column", "Line", "Listing", "Plan", "State", "choosable", "chosen", "listing", "may_see_list", "may_write",
    "narrowed", "neighbors", "order_of", "title_path",
]  # fmt: skip
