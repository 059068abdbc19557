"""Which steps rows came to, and how many went further."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db import connection
from django.db.models import F as Column
from django.db.models import Q, QuerySet

from noren.core.filter.condition import BadFilter
from noren.core.metric.declare import (
    Conversion,
)
from noren.core.metric.memo import run
from noren.core.metric.question import Question
from noren.core.metric.sql.chosen import asked_condition, flag, member, seen
from noren.core.metric.sql.spans import LASTED, THEN, joined
from noren.core.metric.sql.tally import TOTAL, Tallies, Tally, as_sql


def conversion_rows(q: Question, leaf: Conversion) -> QuerySet[Any]:
    on = Q(spans__from_at__lt=q.end_of(q.day))
    if q.known_on:
        on &= Q(spans__recorded_at__lt=q.end_of(q.known_on))
    return joined(seen(q, leaf).filter(asked_condition(q)), on, LASTED)


_STEPS = {
    "is": "step = ANY(%s)", "in": "step = ANY(%s)", "not": "NOT step = ANY(%s)", "out": "NOT step = ANY(%s)",
}  # fmt: skip


def reached(q: Question, leaf: Conversion) -> tuple[str, tuple[Any, ...]] | None:
    """SQL of one line per row and step it came to in the period: k, step, further, and the dimensions.

    A filter on the step means the step told of, not the one a row is in today.
    """
    name, value = leaf.done
    asked = [c for c in q.where.conditions() if c.field == leaf.step and c.op != "filled"]
    q = replace(q, where=q.where.without(leaf.step))
    if any(c.field == leaf.step for c in q.where.conditions()) or not all(c.op in _STEPS for c in asked):
        raise BadFilter(f"{leaf.step} can only be, or not be, one of several here", leaf.step)
    names: dict[str, Any] = {
        "k": Column("pk"), "l": Column(f"{THEN}__{leaf.within}"), "o": Column(f"{THEN}__{leaf.step}__{leaf.order}"),
        "f": Column(f"{THEN}__from_at"), "y": flag(Q(**{f"{THEN}__{name}": value})),
    }  # fmt: skip
    names |= {f"d{i}": member(dim) for i, dim in enumerate(q.dims) if i}
    inner = as_sql(conversion_rows(q, leaf), names)
    if inner is None:
        return None
    field: Any = leaf.model._meta.get_field(leaf.step)
    steps = field.related_model._meta
    quote = connection.ops.quote_name
    table, order = quote(steps.db_table), quote(steps.get_field(leaf.order).column)
    line = quote(steps.get_field(leaf.within).column)
    others = "".join(f", d{i}" for i in range(1, len(q.dims)))
    start, after = q.period.bounds(q.zone)
    limits = "".join(f" AND {_STEPS[c.op]}" for c in asked)
    more: tuple[Any, ...] = tuple(_ids(_listed(c.value), leaf.step) for c in asked)
    if start:
        limits, more = limits + " AND first >= %s", (*more, start)
    if after:
        limits, more = limits + " AND first < %s", (*more, after)
    text = (
        f"SELECT k, step, further{others} FROM (SELECT k, s.id AS step{others}, min(f) FILTER (WHERE o >= s.{order}) AS first,"
        f" coalesce(bool_or(o > s.{order} OR y), FALSE) AS further FROM ({inner[0]}) t JOIN {table} s ON s.{line} = l"
        f" GROUP BY k, s.id{others}) r WHERE first IS NOT NULL{limits}"
    )
    return text, (*inner[1], *more)


def _ids(values: Any, name: str) -> list[int]:
    """Ids as a filter gave them: numbers or digits, nothing else."""
    texts = [str(value) for value in values]
    if not all(text.isascii() and text.isdigit() and len(text) < 19 for text in texts):
        raise BadFilter(f"{name} cannot be compared with {', '.join(texts)[:60]}", name)
    return [int(text) for text in texts]


def _listed(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def conversions(q: Question, leaf: Conversion) -> Tallies:
    """Per step (and cell): rows that came to it, and how many of them went on."""
    found = reached(q, leaf)
    if found is None:
        return {TOTAL: [Tally(), Tally()]}
    others = "".join(f", d{i}" for i in range(1, len(q.dims)))
    text = (
        f"SELECT GROUPING(step), step{others}, count(*) FILTER (WHERE further), count(*) FROM ({found[0]}) c"
        f" GROUP BY GROUPING SETS ((step{others}), ())"
    )
    tallies: Tallies = {}
    for row in run(text, found[1]):
        mark, *key, on, all_ = row
        tallies[TOTAL if mark else (None, *key)] = [Tally(on, on, on), Tally(all_, all_, all_)]
    return tallies
