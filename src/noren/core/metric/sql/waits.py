"""How long rows waited: until an end, and in the steps of their history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import F as Column
from django.db.models import Q, QuerySet

from noren.core.filter.sql import to_q
from noren.core.metric.declare import (
    Stay,
    Survival,
)
from noren.core.metric.memo import run
from noren.core.metric.question import Question, Words
from noren.core.metric.sql.chosen import asked_condition, condition, member, number_of, seen, then, within
from noren.core.metric.sql.spans import LASTED, THEN, joined, past_of, there
from noren.core.metric.sql.tally import TOTAL, Key, as_sql, key_of

Waits = dict[Key, dict[Any, int]]  # cell -> {(days, how it ended or None): rows}; days None: cannot be told


def survival_rows(q: Question, leaf: Survival) -> QuerySet[Any]:
    """Rows whose wait began by the day of asking, as they are or as they were (as `past`)."""
    past = past_of(q, leaf)
    start = then(leaf.model, leaf.start, past)
    started = Q(**{f"{start}__lte": q.day}) & within(q, leaf.model, leaf.start, q.period, past)
    if not q.period.bounded:
        started |= Q(**{f"{start}__isnull": True})
    return there(q, leaf, started & asked_condition(q, past))


def survivals(q: Question, leaf: Survival) -> Waits:
    """Counts of (days waited, how it ended) per cell."""
    model, past = leaf.model, past_of(q, leaf)
    names: dict[str, Any] = {"k": Column("pk")}
    if q.cuts:
        names["b"] = number_of(q, model, leaf.start, [cut.part.first for cut in q.cuts], past)
    names |= {f"d{i}": member(dim, then(model, dim.path, past)) for i, dim in enumerate(q.dims)}
    names |= {
        name: Column(then(model, of, past)) for name, of in (("s", leaf.start), ("e", leaf.end), ("c", leaf.outcome))
    }
    rows = survival_rows(q, leaf)
    inner = as_sql(rows.distinct() if q.allocation else rows, names)
    if inner is None:
        return {}
    groups = [n for n in names if n == "b" or n[0] == "d"]
    heads = "".join(f"{name}, " for name in groups)
    day = q.day
    text = (
        f"SELECT {heads}CASE WHEN e <= %s THEN e - s ELSE %s - s END AS t, CASE WHEN e <= %s THEN c END AS ended, count(*)"
        f" FROM ({inner[0]}) t GROUP BY {', '.join(str(i + 1) for i in range(len(groups) + 2))}"
    )
    found = waits(groups, run(text, (day, day, day, *inner[1])))
    if any(dim.allocation for dim in q.dims):
        # A wait is not divided: a row stands under each of its parts, but once in the total.
        found[TOTAL] = survivals(replace(q, dims=(), cuts=()), leaf).get(TOTAL, {})
    return found


def waits(groups: list[str], rows: Sequence[tuple[Any, ...]]) -> Waits:
    found: Waits = defaultdict(lambda: defaultdict(int))
    for row in rows:
        *key, days, ended, count = row
        if days is not None and days < 0:
            days = None
        place = key_of(groups, key)
        found[place][days, ended] += count
        found[TOTAL][days, ended] += count
    return found


def stay_rows(q: Question, leaf: Stay) -> QuerySet[Any]:
    """Rows joined with those of their spans that count as being in a step, begun by the day of asking."""
    on = Q(spans__from_at__lt=q.end_of(q.day))
    if q.known_on:
        on &= Q(spans__recorded_at__lt=q.end_of(q.known_on))
    # A filter on the step means the step stayed in; all else is what the row is today, as in a breakdown.
    asked = to_q(q.where, Words(q.metric, q.actor, THEN, (leaf.step,)), q.when)
    return joined(seen(q, leaf), on, LASTED & condition(q, leaf.while_, leaf, THEN) & asked)


def stays(q: Question, leaf: Stay) -> Waits:
    """Counts of (days in the step, left or None) per step and cell; the stays of one row in a step are added up."""
    names: dict[str, Any] = {"k": Column("pk"), "d0": Column(f"{THEN}__{leaf.step}")}
    names |= {f"d{i}": member(dim) for i, dim in enumerate(q.dims) if i}
    names |= {"f": Column(f"{THEN}__from_at"), "u": Column(f"{THEN}__to_at")}
    rows = stay_rows(q, leaf)
    inner = as_sql(rows.distinct() if q.allocation else rows, names)  # a stay is one, however many parts are meant
    if inner is None:
        return {}
    groups = [n for n in names if n[0] == "d"]
    heads, end, zone = ", ".join(groups), q.end_of(q.day), str(q.zone)
    start, after = q.period.bounds(q.zone)
    begun = [(sign, moment) for sign, moment in ((">=", start), ("<", after)) if moment]
    having = " AND ".join(f"min(f) {sign} %s" for sign, _moment in begun) or "TRUE"
    text = (
        f"SELECT {heads}, days, CASE WHEN still THEN NULL ELSE 'left' END, count(*) FROM ("
        f"SELECT k, {heads}, sum(CASE WHEN u IS NULL OR u >= %s THEN %s ELSE (u AT TIME ZONE %s)::date END"
        f" - (f AT TIME ZONE %s)::date) AS days, bool_or(u IS NULL OR u >= %s) AS still"
        f" FROM ({inner[0]}) t GROUP BY k, {heads} HAVING {having}) s GROUP BY {heads}, days, still"
    )
    return waits(groups, run(text, (end, q.day, zone, zone, end, *inner[1], *(moment for _sign, moment in begun))))
