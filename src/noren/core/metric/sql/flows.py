"""What happened in a period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

from django.db import models
from django.db.models import F as Column
from django.db.models import Q, QuerySet
from django.db.models import Value as Const
from django.db.models.functions import Coalesce

from noren.core.base.period import Period
from noren.core.metric.declare import (
    Count,
    Distribution,
    Measure,
    Survival,
)
from noren.core.metric.question import Question
from noren.core.metric.sql.chosen import (
    asked_condition,
    counted_rows,
    date_path,
    different,
    expression,
    flag,
    leaf_condition,
    member,
    number_of,
    then,
    within,
)
from noren.core.metric.sql.spans import past_of, there
from noren.core.metric.sql.stocks import NoHistory
from noren.core.metric.sql.tally import QUANTILES, TOTAL, Tallies, Tally, as_sql, grouped


def flow_rows(q: Question, leaf: Measure | Distribution, period: Period, counts: Q) -> QuerySet[Any]:
    """The rows of a period that meet a condition, as they are or as they were (as `past`)."""
    past = past_of(q, leaf)
    if past and isinstance(leaf, Measure) and leaf.planned:
        raise NoHistory
    return there(q, leaf, within(q, leaf.model, date_path(q, leaf), period, past) & asked_condition(q, past) & counts)


def flows(
    q: Question, leaves: Sequence[Measure | Distribution], borders: Sequence[date] = (), percentiles: bool = True
) -> Tallies:
    """Tallies of several leaves over the same rows: one query. `borders` cut the period; keys hold the cut from 0."""
    path, model, past = date_path(q, leaves[0]), leaves[0].model, past_of(q, leaves[0])
    names: dict[str, Any] = {"k": Column("pk")}
    if borders:
        names["b"] = number_of(q, model, path, borders, past)
    names |= {f"d{i}": member(dim, then(model, dim.path, past)) for i, dim in enumerate(q.dims)}
    names["at"] = Column(then(model, path, past))
    if q.allocation:
        one = Const(Decimal(1), output_field=models.DecimalField())
        names["wt"] = Coalesce(Column(f"line__{q.allocation.weight}"), one)
    counted: list[Q] = []
    for i, leaf in enumerate(leaves):
        counted.append(leaf_condition(q, leaf, past))
        names[f"w{i}"] = flag(counted[i])
        value = expression(leaf.value, past, model)
        if value is not None:
            names[f"v{i}"] = value
    counts = reduce(lambda a, b: a | b, different(counted)) if all(counted) else Q()
    inner = as_sql(flow_rows(q, leaves[0], q.period, counts), names)
    if inner is None:
        return {TOTAL: [Tally() for _leaf in leaves]}
    picked = [x for i, leaf in enumerate(leaves) for x in _aggregates(i, leaf, q, percentiles)]
    return grouped(inner, [n for n in names if n == "b" or n[0] == "d"], picked, leaves, percentiles)


def _aggregates(i: int, leaf: Any, q: Question, percentiles: bool) -> list[str]:
    """SQL of total, weight, n, missing (and percentiles) of one leaf."""
    dated, rows = "at IS NOT NULL", counted_rows(q)
    if isinstance(leaf.value, Count):
        counts = f"FILTER (WHERE w{i} AND {dated})"
        n = f"{rows} {counts}"
        total = f"sum(wt) {counts}" if q.allocation else n
        return [total, total, n, f"{rows} FILTER (WHERE w{i} AND NOT {dated})"]
    counts = f"FILTER (WHERE w{i} AND {dated} AND v{i} IS NOT NULL)"
    n = f"{rows} {counts}"
    found = [
        f"sum(v{i} * wt) {counts}" if q.allocation else f"sum(v{i}) {counts}",
        f"sum(wt) {counts}" if q.allocation else n,
        n,
        f"{rows} FILTER (WHERE w{i} AND (v{i} IS NULL OR NOT {dated}))",
    ]
    if percentiles and isinstance(leaf, Distribution):
        shares = ",".join(str(p) for p in QUANTILES)
        found.append(f"percentile_cont(ARRAY[{shares}]::float8[]) WITHIN GROUP (ORDER BY v{i}) {counts}")
    return found


def first_and_last(q: Question, leaf: Measure | Distribution | Survival) -> Period | None:
    """The days the rows of a question span, for a question without ends."""
    past = past_of(q, leaf)
    path, counts = (
        (leaf.start, Q()) if isinstance(leaf, Survival) else (date_path(q, leaf), leaf_condition(q, leaf, past))
    )
    rows = there(q, leaf, within(q, leaf.model, path, q.period, past) & asked_condition(q, past) & counts)
    path = then(leaf.model, path, past)
    found = rows.aggregate(first=models.Min(path), last=models.Max(path))
    first, last = found["first"], found["last"]
    if first is None:
        return None
    if hasattr(first, "astimezone"):
        first, last = first.astimezone(q.zone).date(), last.astimezone(q.zone).date()
    return Period(first, last)
