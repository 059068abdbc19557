"""Which columns a cube has, and the SQL that works a cube's cells out from rows: one text for triggers, rebuilding and checks.

What counts, what is added up and which day it is of is written by the same expressions as the numbers themselves.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

from django.db import connection, models
from django.db.models import Case, Q, When
from django.db.models import F as Column
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

from noren.core.access.actor import HOUSE
from noren.core.access.scope import deciders
from noren.core.filter.condition import Cond, F
from noren.core.filter.sql import to_q
from noren.core.filter.vocabulary import Term
from noren.core.filter.when import When as Now
from noren.core.metric.cube.declare import EPOCH, GATE, HOLDER, SPENT, SPREAD, THERE, Cube, Part, Walk, fields_of
from noren.core.metric.declare import Conversion, Count, Days, Gap, Stay, Total, Weighted, kept_names
from noren.core.metric.sql import LocalDay, expression
from noren.core.record.declare import record_of

NUMBER = models.DecimalField(max_digits=40, decimal_places=0)
BESIDE = ((GATE, GATE), (HOLDER, f"{HOLDER}_id"))
INTO = "src"  # stands in the texts for where rows come from


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of a cube. keys: (field, column, SQL type); sums: (column, SQL type), the number of rows first."""

    keys: tuple[tuple[str, str, str], ...]
    sums: tuple[tuple[str, str], ...]

    @property
    def heads(self) -> list[str]:
        return [column for _name, column, _type in self.keys]

    @property
    def counts(self) -> list[str]:
        return [column for column, _type in self.sums]


@cache
def layout(cube: Cube) -> Layout:
    keys = []
    for name in cube.by:
        if name in (HOLDER, GATE):
            keys.append((HOLDER, f"{HOLDER}_id", "bigint") if name == HOLDER else (GATE, GATE, "text"))
            continue
        column: Any = cube.of._meta.get_field(name)
        keys.append((name, str(column.column), str(column.db_type(connection))))
    if cube.spread:
        keys.append((SPREAD, SPREAD, "integer"))
    sums = [("n", "bigint")]
    if isinstance(cube, Walk):
        if isinstance(cube.told, Stay):
            keys += [(SPENT, SPENT, "integer"), (THERE, THERE, "integer")]
        else:
            sums.append(("further", "bigint"))
    for place, part in enumerate(cube.parts):
        if not isinstance(part.value, Count):
            sums.append((f"t{place}", "numeric"))
        if isinstance(part.value, Weighted):
            sums.append((f"u{place}", "numeric"))
        sums.append((f"c{place}", "bigint"))
        if part.where and not isinstance(part.value, Count):
            sums.append((f"g{place}", "bigint"))
    return Layout(tuple(keys), tuple(sums))


def used(cube: Cube) -> set[str]:
    """Fields of the noun that cells follow from."""
    names = {"removed_at", *cube.by, *fields_of(cube.where)} | ({cube.day} if cube.day else set())
    if isinstance(cube, Walk):
        names.discard(cube.told.step)
    if cube.gated:
        rule = cube.of.reach
        names |= {rule.owner, *rule.parents, *(("about_noun", "about_id") if rule.about else ())}
    names -= {HOLDER, GATE}
    for part in cube.parts:
        names |= {*part.value.names, *fields_of(part.where)}
        if isinstance(part.value, Weighted):
            names |= {chance for chance in part.value.chances if "__" not in chance}
        if isinstance(part.value, Days):
            names |= {part.value.start, part.value.end}
    return names


class _Words:
    """Every field of a noun; `path` says where a cube finds it."""

    def __init__(self, cube: Cube) -> None:
        self.record, self.cube = record_of(cube.of), cube

    def term(self, name: str) -> Term | None:
        found = self.record.term(name, HOUSE)
        return replace(found, path=path(self.cube, found.path))


def path(cube: Cube, name: str) -> str:
    """From the noun, or from a span of its history, to a field."""
    return name if not cube.of_history or name in kept_names(cube.of) else f"row__{name}"


def _where(cube: Cube, where: F) -> Q:
    return to_q(where, _Words(cube), Now(HOUSE, date.min))


def spans_of(cube: Cube) -> Any:
    noun: Any = cube.of
    return noun._meta.get_field("spans").related_model


def _value(cube: Cube, part: Part) -> dict[str, Any]:
    """Columns of one row for one sum: v its value, u the part of it still to be weighted, g whether it is meant."""
    at = {name: Column(path(cube, name)) for name in part.value.names}
    found: dict[str, Any]
    match part.value:
        case Count():
            found = {"v": models.Value(1)}
        case Weighted(name=name, chances=chances):
            own = Q(**{f"{path(cube, chances[0])}__isnull": False})
            product = models.ExpressionWrapper(
                Cast(at[name], NUMBER) * Column(path(cube, chances[0])), output_field=NUMBER
            )
            found = {"v": product, "u": Case(When(~own, then=at[name])), "c": at[name]}
        case Total() | Gap() | Days() if not cube.past:
            found = {"v": expression(part.value)}
        case Total(names=(name,)):
            found = {"v": at[name]}
        case Total(names=names):
            found = {"v": models.functions.Coalesce(*(at[name] for name in names))}
        case _:
            raise TypeError(f"{cube.name}: {part.value}")
    if part.where:
        given = _where(cube, part.where)
        found = {name: Case(When(given, then=value)) for name, value in found.items()}
        if not isinstance(part.value, Count):
            found["g"] = Case(When(given, then=models.Value(1)))
    return found


@dataclass(frozen=True, slots=True)
class Source:
    """What is read of one row: a list of columns and a condition, over the tables the triggers put in their place."""

    columns: str
    where: str


@cache
def source(cube: Cube, zone: str) -> Source:
    model: Any = spans_of(cube) if cube.past else cube.of
    names: dict[str, Any] = {}
    if cube.past:
        names |= {"from_day": LocalDay(Column("from_at"), zone), "to_day": LocalDay(Column("to_at"), zone)}
    else:
        column = cube.of._meta.get_field(cube.day)
        names["day"] = (
            LocalDay(Column(cube.day), zone) if isinstance(column, models.DateTimeField) else Column(cube.day)
        )
    names |= {f"k_{name}": Column(path(cube, name)) for name in cube.by if name not in (HOLDER, GATE)}
    if cube.gated:
        names |= {f"k_{name}": RawSQL(column, ()) for name, column in BESIDE}  # noqa: S611  (names are ours, see `gates.beside`)
    elif HOLDER in cube.by:
        names[f"k_{HOLDER}"] = Column(f"row__{cube.of.reach.owner}")
    if cube.spread:
        names[f"k_{SPREAD}"] = expression(cube.spread)
    for place, part in enumerate(cube.parts):
        names |= {f"{kind}{place}": value for kind, value in _value(cube, part).items()}
    living = Q(**{path(cube, "removed_at") + "__isnull": True})
    rows = model._base_manager.filter(living, _where(cube, cube.where)).order_by().annotate(**names).values_list(*names)
    text, params = rows.query.sql_with_params()
    ops: Any = connection.ops
    whole = str(ops.compose_sql(text, params))
    head, tables = whole.split(" FROM ", 1)
    _tables, where = tables.split(" WHERE ", 1)
    return Source(head.removeprefix("SELECT "), where)


def cells(cube: Cube, zone: str, tables: str, sign: str, near: str = "") -> str:
    """SELECT of a cube's cells. tables: the FROM clause, under the names of the tables; sign: 1 for rows that are there,
    -1 for rows that are not any more; near: a condition on rows, where only some cells are wanted."""
    if isinstance(cube, Walk):
        return _walked(cube, zone, tables, sign)
    made, columns = source(cube, zone), layout(cube)
    inner = f"SELECT {sign} AS s, {made.columns} FROM {tables} WHERE {made.where}" + (f" AND ({near})" if near else "")
    if cube.past:
        inner = (
            f"SELECT i.*, m.day, m.way FROM ({inner}) i CROSS JOIN LATERAL (VALUES (i.from_day, 1), (i.to_day, -1)) m(day, way)"
            " WHERE m.day IS NOT NULL AND (i.to_day IS NULL OR i.from_day < i.to_day)"
        )
    s = "s * way" if cube.past else "s"
    groups = ["day", *(f"k_{name}" for name, _column, _type in columns.keys)]
    sums = [f"sum({s})"]
    for place, part in enumerate(cube.parts):
        if not isinstance(part.value, Count):
            sums.append(f"coalesce(sum({s} * v{place}), 0)")
        if isinstance(part.value, Weighted):
            sums.append(f"coalesce(sum({s} * u{place}), 0)")
        counted = "c" if isinstance(part.value, Weighted) else "v"
        sums.append(f"coalesce(sum({s}) FILTER (WHERE {counted}{place} IS NOT NULL), 0)")
        if part.where and not isinstance(part.value, Count):
            sums.append(f"coalesce(sum({s}) FILTER (WHERE g{place} IS NOT NULL), 0)")
    told = ", ".join(
        [
            groups[0],
            *(f"{group} AS {column}" for group, (_n, column, _t) in zip(groups[1:], columns.keys, strict=True)),
            *(f"{value} AS {name}" for value, (name, _type) in zip(sums, columns.sums, strict=True)),
        ]
    )
    return f"SELECT {told} FROM ({inner}) rows GROUP BY {', '.join(groups)}"


# ---- walks ----------------------------------------------------------------------------------------------------------


def _walked(cube: Walk, zone: str, tables: str, sign: str) -> str:
    """The same for walks; what a row adds is known of all its spans together."""
    told, made = cube.told, layout(cube)
    quote = connection.ops.quote_name
    noun, spans = quote(cube.of._meta.db_table), quote(spans_of(cube)._meta.db_table)
    heads = {name: f"{noun}.{column}" for name, column, _type in made.keys if name in cube.by}
    step = f"{spans}.{heads.pop(told.step).partition('.')[2]}"
    if isinstance(told, Conversion):
        line = steps(cube)
        step = "st.id"
        tables += f" JOIN {line.table} o ON o.id = {spans}.{line.step} JOIN {line.table} st ON st.{line.within} = {spans}.{line.within_spans}"
        of_row = {
            "first": f"min({spans}.from_at) FILTER (WHERE o.{line.order} >= st.{line.order})",
            "further": f"coalesce(bool_or(o.{line.order} > st.{line.order} OR {_meets(cube, F(Cond(told.done[0], 'is', told.done[1])))}), FALSE)",
        }
        where, counts = _meets(cube, F()), ["sum(s)", "coalesce(sum(s) FILTER (WHERE further), 0)"]
    else:
        local = f"({spans}.{{}} AT TIME ZONE '{zone}')::date - '{EPOCH}'::date"
        of_row = {
            "first": f"min({spans}.from_at)",
            SPENT: f"sum(coalesce({local.format('to_at')}, 0) - ({local.format('from_at')}))::integer",
            THERE: f"count(*) FILTER (WHERE {spans}.to_at IS NULL)::integer",
        }
        where, counts = _meets(cube, told.while_), ["sum(s)"]
    inner = ", ".join(
        (f"{sign} AS s", f"{noun}.id", f"{step} AS k_{told.step}", *(f"{column} AS k_{name}" for name, column in heads.items()),
         *(f"{value} AS {name}" for name, value in of_row.items()))
    )  # fmt: skip
    groups = ", ".join(str(place) for place in range(1, 4 + len(heads)))
    keys = {name: f"k_{name}" if name in cube.by else name for name, _column, _type in made.keys}
    return (
        f"SELECT (first AT TIME ZONE '{zone}')::date AS day, {', '.join(f'{keys[name]} AS {column}' for name, column, _t in made.keys)},"
        f" {', '.join(f'{value} AS {name}' for value, name in zip(counts, made.counts, strict=True))}"
        f" FROM (SELECT {inner} FROM {tables} WHERE {where} GROUP BY {groups}) rows WHERE first IS NOT NULL"
        f" GROUP BY {', '.join(str(place) for place in range(1, 2 + len(made.keys)))}"
    )


def _meets(cube: Walk, where: F) -> str:
    """The condition that a span is one of a living row, lasted (else it was corrected: it never was), and meets this."""
    living = Q(**{path(cube, "removed_at") + "__isnull": True})
    lasted = Q(to_at__isnull=True) | Q(to_at__gt=Column("from_at"))
    rows = spans_of(cube)._base_manager.filter(living, lasted, _where(cube, where)).order_by().values_list("pk")
    ops: Any = connection.ops
    return f"({str(ops.compose_sql(*rows.query.sql_with_params())).partition(' WHERE ')[2]})"


@dataclass(frozen=True, slots=True)
class Steps:
    """The table of the steps of a history, its columns of order and line; and where spans name a step and a line."""

    table: str
    order: str
    within: str
    step: str
    within_spans: str


def step_of(cube: Walk) -> Any:
    """The noun whose rows are the steps."""
    field: Any = cube.of._meta.get_field(cube.told.step)
    return field.related_model


def steps(cube: Walk) -> Steps:
    told: Any = cube.told
    meta, quote = step_of(cube)._meta, connection.ops.quote_name
    order, within = (quote(meta.get_field(name).column) for name in (told.order, told.within))
    of_span = spans_of(cube)._meta.get_field
    step, within_spans = (quote(of_span(name).column) for name in (told.step, told.within))
    return Steps(quote(meta.db_table), order, within, step, within_spans)


def lines(cube: Cube, table: str) -> str:
    """SELECT of the standing lines that cells of `table` become: for each roll one per day, and one per month."""
    columns = layout(cube)
    found = []
    for place, roll in enumerate(cube.rolls):
        for level, day in ((2 * place, "day"), (2 * place + 1, "date_trunc('month', day)::date")):
            keys = [column if name in roll else f"NULL::{kind}" for name, column, kind in columns.keys]
            groups = [str(2)] + [str(3 + at) for at, (name, _c, _t) in enumerate(columns.keys) if name in roll]
            sums = ", ".join(f"sum({name})" for name in columns.counts)
            heads = "".join(f", {key}" for key in keys)
            found.append(f"SELECT {level}::smallint, {day}{heads}, {sums} FROM {table} GROUP BY {', '.join(groups)}")
    return " UNION ALL ".join(found)


def something(cube: Cube, prefix: str = "") -> str:
    """The condition that a cell is not empty."""
    names = layout(cube).counts
    return f"({', '.join(prefix + name for name in names)}) IS DISTINCT FROM ({', '.join('0' for _ in names)})"


@cache
def mark(cube: Cube, zone: str) -> str:
    """Names a declaration and the time zone of its days: cells made by another one are not read."""
    through = [(str(here), noun.word(), key) for here, noun, key in deciders(cube.of)] if cube.gated else []
    text = repr((cells(cube, zone, INTO, "1"), cube.rolls, layout(cube), through, EDITION))
    return f"{hashlib.sha256(text.encode()).hexdigest()[:20]} {zone}"


EDITION = 3  # of tables and triggers; another number makes all cubes anew
