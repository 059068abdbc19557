"""Which steps rows came to, and how many went further."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models import F as Column
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from noren.core.filter.condition import BadFilter, Cond
from noren.core.metric.declare import (
    Conversion,
)
from noren.core.metric.memo import run
from noren.core.metric.question import Question
from noren.core.metric.sql.chosen import asked_condition, flag, member, seen
from noren.core.metric.sql.spans import LASTED, THEN, joined, spans_of
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
    asked = _steps_asked(q, leaf)
    q = replace(q, where=q.where.without(leaf.step))
    names: dict[str, Any] = {
        "k": Column("pk"), "l": Column(f"{THEN}__{leaf.within}"), "o": Column(f"{THEN}__{leaf.step}__{leaf.order}"),
        "f": Column(f"{THEN}__from_at"), "y": flag(Q(**{f"{THEN}__{name}": value})),
    }  # fmt: skip
    names |= {f"d{i}": member(dim) for i, dim in enumerate(q.dims) if i}
    inner = as_sql(conversion_rows(q, leaf), names)
    if inner is None:
        return None
    others = "".join(f", d{i}" for i in range(1, len(q.dims)))
    text, more = _came(q, leaf, inner[0], asked, f"k{others}")
    return f"SELECT k, step, further{others} FROM ({text}) r", (*inner[1], *more)


def _steps_asked(q: Question, leaf: Conversion) -> list[Cond]:
    """The filter on the step; BadFilter where steps cannot be told apart by it."""
    asked = [c for c in q.where.conditions() if c.field == leaf.step and c.op != "filled"]
    rest = q.where.without(leaf.step)
    if any(c.field == leaf.step for c in rest.conditions()) or not all(c.op in _STEPS for c in asked):
        raise BadFilter(_("%(field)s can only be, or not be, one of several here.") % {"field": leaf.step}, leaf.step)
    return asked


def _came(q: Question, leaf: Conversion, spans: str, asked: list[Cond], heads: str) -> tuple[str, tuple[Any, ...]]:
    """SQL of one line per step and `heads` that spans (f, l, o, y: from when, in which line, how far, done) came to in the
    period."""
    field: Any = leaf.model._meta.get_field(leaf.step)
    steps = field.related_model._meta
    quote = connection.ops.quote_name
    table, order = quote(steps.db_table), quote(steps.get_field(leaf.order).column)
    line = quote(steps.get_field(leaf.within).column)
    start, after = q.period.bounds(q.zone)
    limits = "".join(f" AND {_STEPS[c.op]}" for c in asked)
    more: tuple[Any, ...] = tuple(_ids(_listed(c.value), leaf.step) for c in asked)
    if start:
        limits, more = limits + " AND first >= %s", (*more, start)
    if after:
        limits, more = limits + " AND first < %s", (*more, after)
    heads = f"{heads}, " if heads else ""
    text = (
        f"SELECT * FROM (SELECT {heads}s.id AS step, min(f) FILTER (WHERE o >= s.{order}) AS first,"
        f" coalesce(bool_or(o > s.{order} OR y), FALSE) AS further FROM ({spans}) t JOIN {table} s ON s.{line} = l"
        f" GROUP BY {heads}s.id) c WHERE first IS NOT NULL{limits}"
    )
    return text, more


def who_came(q: Question, leaf: Conversion) -> QuerySet[Any]:
    """Rows that came to one of the steps asked for in the period. `counted`: from how many of them they went on. Told of
    each row by its own spans, so that a page of them reads no others."""
    name, value = leaf.done
    asked = _steps_asked(q, leaf)
    q = replace(q, where=q.where.without(leaf.step), dims=())
    rows = seen(q, leaf).filter(asked_condition(q))
    if q.allocation:
        rows = leaf.model.every.filter(pk__in=rows.values("pk"))
    told = Q(from_at__lt=q.end_of(q.day)) & (Q(to_at__isnull=True) | Q(to_at__gt=Column("from_at")))
    if q.known_on:
        told &= Q(recorded_at__lt=q.end_of(q.known_on))
    spans = spans_of(leaf.model).filter(told)
    start, after = q.period.bounds(q.zone)
    if start or after:  # soon told, and of most rows no
        within = Q(from_at__gte=start) if start else Q()
        within &= Q(from_at__lt=after) if after else Q()
        rows = rows.filter(Exists(spans.filter(within, row=OuterRef("pk"))))
    names = {"f": Column("from_at"), "l": Column(leaf.within), "o": Column(f"{leaf.step}__{leaf.order}")}
    inner = as_sql(spans.order_by(), {f"q_{n}": each for n, each in (names | {"y": flag(Q(**{name: value}))}).items()})
    assert inner is not None
    own = f'{inner[0]} AND "{spans.model._meta.db_table}".row_id = "{leaf.model._meta.db_table}".id'
    text, more = _came(q, leaf, f"SELECT * FROM ({own}) q(f, l, o, y)", asked, "")
    went = f"(SELECT CASE WHEN count(*) > 0 THEN count(*) FILTER (WHERE further) END FROM ({text}) w)"
    counted = RawSQL(went, (*inner[1], *more))  # noqa: S611  (names are ours)
    found: QuerySet[Any] = rows.annotate(counted=counted).filter(counted__isnull=False)
    return found


def _ids(values: Any, name: str) -> list[int]:
    """Ids as a filter gave them: numbers or digits, nothing else."""
    texts = [str(value) for value in values]
    if not all(text.isascii() and text.isdigit() and len(text) < 19 for text in texts):
        raise BadFilter(
            _("%(field)s cannot be compared with “%(value)s”.") % {"field": name, "value": ", ".join(texts)[:60]}, name
        )
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
