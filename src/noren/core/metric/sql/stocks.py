"""What there is, or was at the end of days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

from django.db import models
from django.db.models import F as Column
from django.db.models import Q, QuerySet
from django.db.models import Value as Const
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy as _

from noren.core.base.errors import Refusal
from noren.core.metric.declare import (
    Count,
    Stock,
)
from noren.core.metric.memo import run
from noren.core.metric.question import Question
from noren.core.metric.sql.chosen import (
    LocalDay,
    asked_condition,
    condition,
    counted_rows,
    days_between,
    different,
    expression,
    flag,
    member,
    then,
)
from noren.core.metric.sql.spans import past_of, there
from noren.core.metric.sql.tally import TOTAL, Tallies, Tally, as_sql, grouped, whole


class NoHistory(Refusal):
    """Asked of a past day, or as it was known, what only today's rows tell."""

    code = "no_history"
    message = _("This number is told of today alone: no history is kept of what it is made of.")


def stock_condition(q: Question, leaf: Stock, past: str = "") -> Q:
    """When a row counts as there."""
    found = condition(q, leaf.where, leaf, past)
    if leaf.longer:
        since, days = leaf.longer
        stayed = days_between(Const(q.day, output_field=models.DateField()), LocalDay(Column(since), str(q.zone)))
        found &= Q(GreaterThan(stayed, Column(days)))
    return found


def stock_rows(q: Question, leaves: Sequence[Stock], days: Sequence[date]) -> tuple[QuerySet[Any], str]:
    """Rows joined with what they were on those days (as `past`), and the prefix of kept fields."""
    leaf = leaves[0]
    past = past_of(q, leaf)
    if past and any(each.today_only for each in leaves):
        raise NoHistory
    counts = reduce(lambda a, b: a | b, different(stock_condition(q, each, past) for each in leaves))
    return there(q, leaf, counts & asked_condition(q, past), tuple(q.end_of(day) for day in days)), past


def stocks(q: Question, leaves: Sequence[Stock]) -> Tallies:
    """Tallies at the end of each cut (or of the one day): one query for all days and leaves."""
    days = [min(cut.part.last, q.as_of or q.today) for cut in q.cuts if cut.part.first <= (q.as_of or q.today)] or [
        q.day
    ]
    rows, past = stock_rows(q, leaves, days)
    model = leaves[0].model
    names: dict[str, Any] = {"k": Column("pk")}
    names |= {f"d{i}": member(dim, then(model, dim.path, past)) for i, dim in enumerate(q.dims)}
    if past and not q.known_on:
        names |= {"f": Column(f"{past}__from_at"), "u": Column(f"{past}__to_at")}
    if q.allocation:
        names["wt"] = Coalesce(
            Column(f"line__{q.allocation.weight}"), Const(Decimal(1), output_field=models.DecimalField())
        )
    alike = all((leaf.where, leaf.longer) == (leaves[0].where, leaves[0].longer) for leaf in leaves)
    for i, leaf in enumerate(leaves):
        names[f"w{i}"] = flag(Q(**{f"{leaf.known}__isnull": False}) if leaf.known else Q())
        names[f"x{i}"] = flag(Q() if alike else stock_condition(q, leaf, past))
        value = expression(leaf.value, past, model, q)
        if value is not None:
            names[f"v{i}"] = value
    inner = as_sql(rows, names)
    if inner is None:
        return {TOTAL: [Tally() for _leaf in leaves]}
    groups = [n for n in names if n[0] == "d"]
    picked = [x for i, leaf in enumerate(leaves) for x in _stock_aggregates(i, leaf, q)]
    if not q.cuts:
        return grouped(inner, groups, picked, leaves, percentiles=False)
    ends = [q.end_of(day) for day in days]
    found = _spread(_runs(inner, groups, picked, ends), len(groups), leaves)
    if any(dim.allocation for dim in q.dims) and q.cuts[0].part.first <= (q.as_of or q.today):
        # A row stands under each of its parts, but once in the total, which is that of the last day.
        told = stocks(replace(q, dims=(), cuts=q.cuts[len(days) - 1 : len(days)]), leaves)
        found[TOTAL] = told.get((0,), [Tally() for _leaf in leaves])
    return found


def _runs(
    inner: tuple[str, tuple[Any, ...]], groups: list[str], picked: list[str], ends: list[Any]
) -> list[tuple[Any, ...]]:  # fmt: skip
    """What was there from one end of a cut to before another, added up: first, after, dimensions, aggregates.

    A span holds at an end when it began before it and did not stop before it, so `width_bucket` of its two moments gives
    the ends it holds at, and history is read once however many ends are asked for.
    """
    heads = "".join(f"{name}, " for name in groups)
    text = (
        f"SELECT first, after, {heads}{', '.join(picked)} FROM (SELECT *, width_bucket(f, %s::timestamptz[]) AS first,"
        f" coalesce(width_bucket(u, %s::timestamptz[]), {len(ends)}) AS after FROM ({inner[0]}) i) t"
        f" WHERE first < after GROUP BY {heads}first, after"
    )
    return run(text, (ends, ends, *inner[1]))


def _spread(runs: list[tuple[Any, ...]], width: int, leaves: Sequence[Stock]) -> Tallies:
    """Tallies at each end, from runs over several."""
    found: Tallies = {}
    for first, after, *rest in runs:
        key, values = tuple(rest[:width]), rest[width:]
        told = [
            Tally(whole(values[i]), whole(values[i + 1]), values[i + 2], values[i + 3])
            for i in range(0, len(leaves) * 4, 4)
        ]
        for place in range(first, after):
            before = found.get((place, *key))
            found[place, *key] = (
                told if before is None else [one + other for one, other in zip(before, told, strict=True)]
            )
    return found


def _stock_aggregates(i: int, leaf: Stock, q: Question) -> list[str]:
    there, known, rows = f"x{i}", f"x{i} AND w{i}", counted_rows(q)
    if isinstance(leaf.value, Count):
        n = f"{rows} FILTER (WHERE {known})"
        total = f"sum(wt) FILTER (WHERE {known})" if q.allocation else n
        return [total, total, n, f"{rows} FILTER (WHERE {there} AND NOT w{i})"]
    counts = f"FILTER (WHERE {known} AND v{i} IS NOT NULL)"
    n = f"{rows} {counts}"
    return [
        f"sum(v{i} * wt) {counts}" if q.allocation else f"sum(v{i}) {counts}",
        f"sum(wt) {counts}" if q.allocation else n,
        n,
        f"{rows} FILTER (WHERE {there} AND (NOT w{i} OR v{i} IS NULL))",
    ]
