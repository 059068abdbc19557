"""Numbers as SQL: one grouped query per kind of fact, whatever the number of cells.

The inner query is Django's: rows the actor may see, filtered, with short names for what is counted. The outer query groups
them; totals come from the same pass (GROUPING SETS), so a total is never made of its parts' ratios. Local days, fiscal
months and weeks reach the database as a list of borders (`width_bucket`), never as arithmetic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import Case, Exists, FilteredRelation, Func, OuterRef, Q, QuerySet, When
from django.db.models import F as Column
from django.db.models import Value as Const
from django.db.models.functions import Coalesce, NullIf
from django.db.models.lookups import Exact, GreaterThan
from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import HOUSE
from noren.core.access.scope import look_for, visible
from noren.core.base.errors import Refusal
from noren.core.base.period import Period
from noren.core.filter.condition import BadFilter, F
from noren.core.filter.sql import to_q
from noren.core.filter.when import When as Now
from noren.core.metric.declare import (
    Age,
    Conversion,
    Count,
    Days,
    Distribution,
    Gap,
    Measure,
    Metric,
    Stay,
    Stock,
    Survival,
    Total,
    Weighted,
    kept_names,
)
from noren.core.metric.memo import run
from noren.core.metric.question import Dim, Question, Words

QUANTILES = (0.25, 0.5, 0.75, 0.9)
Key = tuple[Any, ...]  # (number of the cut or None, dimension values…)
TOTAL: Key = ("total",)
THEN = "past"


class NoHistory(Refusal):
    """Asked of a past day, or as it was known, what only today's rows tell."""

    code = "no_history"
    message = _("This number is told of today alone: no history is kept of what it is made of.")


@dataclass(slots=True)
class Tally:
    """What was counted of one leaf in one cell. `total`: the sum (or the count); `weight`: Σ of weights of rows with a
    value; `n`: rows with a value; `missing`: rows without."""

    total: Any = 0
    weight: Any = 0
    n: int = 0
    missing: int = 0
    quantiles: tuple[float, ...] | None = None

    def __add__(self, other: Tally) -> Tally:
        """Of two disjoint sets of rows; percentiles cannot be added and are dropped."""
        return Tally(
            self.total + other.total, self.weight + other.weight, self.n + other.n, self.missing + other.missing
        )


Tallies = dict[Key, list[Tally]]


def whole(value: Any) -> Any:
    """Decimals of the database as plain numbers: whole ones as int, exactly."""
    if value is None:
        return 0
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value.normalize()
    return value


# ---- rows -----------------------------------------------------------------------------------------------------------


def condition(q: Question, where: F, metric: Metric, past: str = "") -> Q:
    """A declared filter: names of the noun itself, nobody's rights."""
    return to_q(where, Words(metric, HOUSE, past), Now(HOUSE, q.today, q.fiscal))


def asked_condition(q: Question, past: str = "") -> Q:
    """The asker's filter: only what they may filter on."""
    return to_q(q.where, Words(q.metric, q.actor, past), q.when)


def seen(q: Question, leaf: Metric) -> QuerySet[Any]:
    """Rows of the leaf's noun the actor may see; with the rows that carry an allocation joined in as `line`."""
    rows: QuerySet[Any] = visible(leaf.model, q.actor, look=look_for(leaf.model, q.actor, many=True)).order_by()
    shared = q.allocation
    if shared:
        on = Q(**{f"{shared.through}__removed_at__isnull": True})
        rows = rows.annotate(line=FilteredRelation(shared.through, condition=on))
    return rows


def expression(value: Any, past: str = "", kept: Sequence[str] = (), q: Question | None = None) -> Any:
    """The value of one row as an ORM expression; None for a count."""

    def path(name: str) -> str:
        return f"{past}__{name}" if past and name.partition("__")[0] in kept else name

    match value:
        case Count():
            return None
        case Total(names=names) if len(names) == 1:
            return Column(path(names[0]))
        case Total(names=names):
            return Coalesce(*(Column(path(name)) for name in names))
        case Gap(whole=one, part=other):
            return Column(path(one)) - Column(path(other))
        case Weighted(name=name, chances=chances):
            chance = Coalesce(*(Column(path(c)) for c in chances)) if len(chances) > 1 else Column(path(chances[0]))
            hundredth = Const(Decimal("0.01"), output_field=models.DecimalField(max_digits=4, decimal_places=2))
            number = models.DecimalField(max_digits=24, decimal_places=2)
            return Func(
                Column(path(name)),
                chance,
                hundredth,
                template="(%(expressions)s)",
                arg_joiner=" * ",
                output_field=number,
            )
        case Days(start=start, end=end):
            days = _days_between(Column(end), Column(start))
            return Case(When(Q(**{f"{end}__gte": Column(start)}), then=days), output_field=models.IntegerField())
        case Age(start=start) if q is not None:
            return _days_between(Const(q.day, output_field=models.DateField()), LocalDay(Column(start), str(q.zone)))
    raise TypeError(value)


def LocalDay(moment: Any, zone: str) -> Func:  # noqa: N802 (reads as an expression)
    """The firm's calendar day of a moment."""
    return Func(
        moment,
        Const(zone),
        template="(%(expressions)s)::date",
        arg_joiner=" AT TIME ZONE ",
        output_field=models.DateField(),
    )


def _days_between(end: Any, start: Any) -> Func:
    return Func(end, start, template="(%(expressions)s)", arg_joiner=" - ", output_field=models.IntegerField())


def flag(q: Q) -> Any:
    if not q:
        return Const(value=True, output_field=models.BooleanField())
    return Case(When(q, then=Const(value=True)), default=Const(value=False), output_field=models.BooleanField())


def _different(conditions: Iterable[Q]) -> list[Q]:
    """Without repetitions, and without those that a wider one (its first clause alone) already lets through."""
    found: list[Q] = []
    for each in conditions:
        if each not in found:
            found.append(each)
    return [q for q in found if not any(w is not q and _narrows(q, w) for w in found)]


def _narrows(narrow: Q, wide: Q) -> bool:
    """`narrow` is `wide` and something more."""
    return (
        narrow.connector == wide.connector == Q.AND
        and not narrow.negated
        and not wide.negated
        and bool(wide.children)
        and all(child in narrow.children for child in wide.children)
    )


def leaf_condition(q: Question, leaf: Measure | Distribution) -> Q:
    """When a row counts: the declared filter, on the day it is told of, as it was known then."""
    found = condition(q, leaf.where, leaf)
    if q.as_of:
        if leaf.since:
            found &= Q(**{f"{leaf.since}__lte": q.as_of})
        if leaf.until:
            found |= Q(**{f"{leaf.until}__gt": q.as_of})
    return found


def known_then(q: Question, leaf: Metric, where: F) -> Q:
    """As we knew it on `known_on`: what makes a row count had been recorded by then."""
    if not q.known_on:
        return Q()
    before = q.end_of(q.known_on)
    kept = kept_names(leaf.model)
    if not kept:
        return Q(created_at__lt=before)
    same = {c.field: OuterRef(c.field) for c in where.conditions() if c.field in kept}
    spans = _spans_of(leaf.model)
    return Q(Exists(spans.filter(row=OuterRef("pk"), recorded_at__lt=before, **same)))


def _spans_of(model: Any) -> Any:
    """All of a noun's history."""
    return model._meta.get_field("spans").related_model._base_manager


def date_path(q: Question, leaf: Measure | Distribution) -> str:
    return leaf.dates[q.basis] if q.basis in leaf.dates else next(iter(leaf.dates.values()))


def within(q: Question, model: Any, path: str, period: Period) -> Q:
    """A date or moment inside the local days of a period."""
    first, last = period.first, period.last
    if q.as_of and q.as_of < last:
        last = q.as_of
    column = model._meta.get_field(path)
    found = Q()
    if isinstance(column, models.DateTimeField):
        start, end = Period(min(first, last), last).bounds(q.zone)
        found &= Q(**{f"{path}__gte": start}) if start else Q()
        found &= Q(**{f"{path}__lt": end}) if end else Q()
        return found if first <= last else Q(pk__in=())
    found &= Q(**{f"{path}__gte": first}) if first != date.min else Q()
    found &= Q(**{f"{path}__lte": last}) if last != date.max else Q()
    return found


def flow_rows(q: Question, leaf: Measure | Distribution, period: Period) -> QuerySet[Any]:
    """The rows of a period, whether they count or not."""
    return seen(q, leaf).filter(within(q, leaf.model, date_path(q, leaf), period)).filter(asked_condition(q))


def number_of(q: Question, model: Any, path: str, borders: Sequence[date]) -> Any:
    """Which of the pieces that begin at `borders` a row falls into, from 1."""
    column = model._meta.get_field(path)
    values: list[Any] = list(borders)
    if isinstance(column, models.DateTimeField):
        values = [Period(day, day).bounds(q.zone)[0] for day in borders]
    return Func(Column(path), Const(values), function="width_bucket", output_field=models.IntegerField())


def member(dim: Dim, path: str = "") -> Any:
    """The value of a dimension; an empty text is nothing."""
    column: Any = Column(path or dim.path)
    if dim.seen is not None:
        column = Case(When(dim.seen, then=column), default=None)
    return NullIf(column, Const("")) if dim.is_text else column


# ---- flows ----------------------------------------------------------------------------------------------------------


def flows(
    q: Question, leaves: Sequence[Measure | Distribution], borders: Sequence[date] = (), percentiles: bool = True
) -> Tallies:
    """Tallies of several leaves over the same rows: one query. `borders` cut the period; keys hold the cut from 0."""
    path = date_path(q, leaves[0])
    rows = flow_rows(q, leaves[0], q.period)
    names: dict[str, Any] = {"k": Column("pk")}
    if borders:
        names["b"] = number_of(q, leaves[0].model, path, borders)
    names |= {f"d{i}": member(dim) for i, dim in enumerate(q.dims)}
    names["at"] = Column(path)
    if q.allocation:
        one = Const(Decimal(1), output_field=models.DecimalField())
        names["wt"] = Coalesce(Column(f"line__{q.allocation.weight}"), one)
    counted: list[Q] = []
    for i, leaf in enumerate(leaves):
        counted.append(leaf_condition(q, leaf) & known_then(q, leaf, leaf.where))
        names[f"w{i}"] = flag(counted[i])
        value = expression(leaf.value)
        if value is not None:
            names[f"v{i}"] = value
    if all(counted):
        rows = rows.filter(reduce(lambda a, b: a | b, _different(counted)))
    inner = _inner(rows, names)
    if inner is None:
        return {TOTAL: [Tally() for _leaf in leaves]}
    picked = [x for i, leaf in enumerate(leaves) for x in _aggregates(i, leaf, q, percentiles)]
    return _grouped(inner, [n for n in names if n == "b" or n[0] == "d"], picked, leaves, percentiles)


def _inner(rows: QuerySet[Any], names: dict[str, Any]) -> tuple[str, tuple[Any, ...]] | None:
    try:
        sql, params = rows.annotate(**names).values_list(*names).query.sql_with_params()
    except EmptyResultSet:
        return None
    return sql, tuple(params)


def _rows(q: Question) -> str:
    """SQL that counts rows: once, however many parts of a row there are."""
    return "count(DISTINCT k)" if q.allocation else "count(*)"


def _aggregates(i: int, leaf: Any, q: Question, percentiles: bool) -> list[str]:
    """SQL of total, weight, n, missing (and percentiles) of one leaf."""
    dated, rows = "at IS NOT NULL", _rows(q)
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


def _grouped(
    inner: tuple[str, tuple[Any, ...]], groups: list[str], picked: list[str], leaves: Sequence[Any], percentiles: bool,
) -> Tallies:  # fmt: skip
    sql, params = inner
    heads = ", ".join(groups)
    mark = f"GROUPING({groups[0]})" if groups else "1"
    text = f"SELECT {mark}{', ' if heads else ''}{heads}, {', '.join(picked)} FROM ({sql}) t"
    if groups:
        text += f" GROUP BY GROUPING SETS (({heads}), ())"
    found: Tallies = {}
    for row in run(text, params):
        values = list(row[1 + len(groups) :])
        tallies = []
        for leaf in leaves:
            total, weight, n, missing = values[:4]
            del values[:4]
            quantiles = None
            if percentiles and isinstance(leaf, Distribution):
                quantiles = values.pop(0)
            tallies.append(Tally(whole(total), whole(weight), n, missing, tuple(quantiles) if quantiles else None))
        found[TOTAL if row[0] else _key(groups, row[1 : 1 + len(groups)])] = tallies
    return found


def _key(groups: list[str], values: Sequence[Any]) -> Key:
    """The cut counted from 0 (None: no cut), then the dimensions."""
    if groups and groups[0] == "b":
        return (None if values[0] is None else values[0] - 1, *values[1:])
    return (None, *values)


def first_and_last(q: Question, leaf: Measure | Distribution | Survival) -> Period | None:
    """The days the rows of a question span, for a question without ends."""
    path = leaf.start if isinstance(leaf, Survival) else date_path(q, leaf)
    rows = seen(q, leaf).filter(asked_condition(q)).filter(within(q, leaf.model, path, q.period))
    if not isinstance(leaf, Survival):
        rows = rows.filter(leaf_condition(q, leaf))
    found = rows.aggregate(first=models.Min(path), last=models.Max(path))
    first, last = found["first"], found["last"]
    if first is None:
        return None
    if hasattr(first, "astimezone"):
        first, last = first.astimezone(q.zone).date(), last.astimezone(q.zone).date()
    return Period(first, last)


# ---- stocks ---------------------------------------------------------------------------------------------------------


def is_live(q: Question) -> bool:
    """Told of today, so today's rows are the truth and history need not be read."""
    return not q.cuts and not q.known_on and q.day >= q.today


def stock_condition(q: Question, leaf: Stock, past: str = "") -> Q:
    """When a row counts as there."""
    found = condition(q, leaf.where, leaf, past)
    if leaf.longer:
        since, days = leaf.longer
        stayed = _days_between(Const(q.day, output_field=models.DateField()), LocalDay(Column(since), str(q.zone)))
        found &= Q(GreaterThan(stayed, Column(days)))
    return found


def stock_rows(q: Question, leaves: Sequence[Stock], days: Sequence[date]) -> tuple[QuerySet[Any], str]:
    """Rows joined with what they were on those days (as `past`), and the prefix of kept fields."""
    leaf = leaves[0]
    if is_live(q):
        there = reduce(lambda a, b: a | b, _different(stock_condition(q, each) for each in leaves))
        return seen(q, leaf).filter(there).filter(asked_condition(q)), ""
    if any(each.today_only for each in leaves):
        raise NoHistory
    ends = [q.end_of(day) for day in days]
    on = Q(spans__from_at__lt=max(ends)) & (Q(spans__to_at__isnull=True) | Q(spans__to_at__gte=min(ends)))
    known = Q()
    if q.known_on:
        # Of what had been written down by then, the last word on each row: later words shrank the earlier spans.
        spans = _spans_of(leaf.model)
        told = spans.filter(recorded_at__lt=q.end_of(q.known_on), from_at__lt=max(ends))
        known = Q(**{f"{THEN}__in": told.order_by("row", "-recorded_at", "-id").distinct("row").values("pk")})
        on = Q(spans__from_at__lt=max(ends))
    there = reduce(lambda a, b: a | b, _different(stock_condition(q, each, THEN) for each in leaves))
    return _joined(seen(q, leaf), on, known & there & asked_condition(q, THEN)), THEN


# What lasted no time was written down and then corrected: it never was.
LASTED = Q(**{f"{THEN}__to_at__isnull": True}) | Q(**{f"{THEN}__to_at__gt": Column(f"{THEN}__from_at")})


def _joined(rows: QuerySet[Any], on: Q, further: Q) -> QuerySet[Any]:
    """Rows joined with spans as `past`. All conditions on the span stand in one filter, or each would join another."""
    rows = rows.annotate(**{THEN: FilteredRelation("spans", condition=on)})
    return rows.filter(Q(**{f"{THEN}__isnull": False}) & _of_one_span(further))


def _of_one_span(q: Q) -> Q:
    """Negations of the span joined in; of a relation to many Django would take `~Q` for "has no such span at all"."""
    children = [_of_one_span(child) if isinstance(child, Q) else child for child in q.children]
    made = Q(*children, _connector=q.connector)
    return Q(Exact(flag(made), Const(value=False))) if q.negated else made


def stocks(q: Question, leaves: Sequence[Stock]) -> Tallies:
    """Tallies at the end of each cut (or of the one day): one query for all days and leaves."""
    days = [min(cut.part.last, q.as_of or q.today) for cut in q.cuts if cut.part.first <= (q.as_of or q.today)] or [
        q.day
    ]
    rows, past = stock_rows(q, leaves, days)
    kept = kept_names(leaves[0].model)

    def path(name: str) -> str:
        return f"{past}__{name}" if past and name.partition("__")[0] in kept else name

    names: dict[str, Any] = {"k": Column("pk")}
    names |= {f"d{i}": member(dim, path(dim.path)) for i, dim in enumerate(q.dims)}
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
        value = expression(leaf.value, past, kept, q)
        if value is not None:
            names[f"v{i}"] = value
    inner = _inner(rows, names)
    if inner is None:
        return {TOTAL: [Tally() for _leaf in leaves]}
    groups = [n for n in names if n[0] == "d"]
    picked = [x for i, leaf in enumerate(leaves) for x in _stock_aggregates(i, leaf, q)]
    if not q.cuts:
        return _grouped(inner, groups, picked, leaves, percentiles=False)
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
    there, known, rows = f"x{i}", f"x{i} AND w{i}", _rows(q)
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


# ---- waits ----------------------------------------------------------------------------------------------------------

Waits = dict[Key, dict[Any, int]]  # cell -> {(days, how it ended or None): rows}; days None: cannot be told


def survival_rows(q: Question, leaf: Survival) -> QuerySet[Any]:
    rows = seen(q, leaf).filter(asked_condition(q)).filter(known_then(q, leaf, F()))
    started = Q(**{f"{leaf.start}__lte": q.day}) & within(q, leaf.model, leaf.start, q.period)
    if not q.period.bounded:
        started |= Q(**{f"{leaf.start}__isnull": True})
    return rows.filter(started)


def survivals(q: Question, leaf: Survival) -> Waits:
    """Counts of (days waited, how it ended) per cell."""
    names: dict[str, Any] = {"k": Column("pk")}
    if q.cuts:
        names["b"] = number_of(q, leaf.model, leaf.start, [cut.part.first for cut in q.cuts])
    names |= {f"d{i}": member(dim) for i, dim in enumerate(q.dims)}
    names |= {"s": Column(leaf.start), "e": Column(leaf.end), "c": Column(leaf.outcome)}
    rows = survival_rows(q, leaf)
    inner = _inner(rows.distinct() if q.allocation else rows, names)
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
        place = _key(groups, key)
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
    return _joined(seen(q, leaf), on, LASTED & condition(q, leaf.while_, leaf, THEN) & asked)


def stays(q: Question, leaf: Stay) -> Waits:
    """Counts of (days in the step, left or None) per step and cell; the stays of one row in a step are added up."""
    names: dict[str, Any] = {"k": Column("pk"), "d0": Column(f"{THEN}__{leaf.step}")}
    names |= {f"d{i}": member(dim) for i, dim in enumerate(q.dims) if i}
    names |= {"f": Column(f"{THEN}__from_at"), "u": Column(f"{THEN}__to_at")}
    inner = _inner(stay_rows(q, leaf), names)
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


# ---- steps ----------------------------------------------------------------------------------------------------------


def conversion_rows(q: Question, leaf: Conversion) -> QuerySet[Any]:
    on = Q(spans__from_at__lt=q.end_of(q.day))
    if q.known_on:
        on &= Q(spans__recorded_at__lt=q.end_of(q.known_on))
    return _joined(seen(q, leaf).filter(asked_condition(q)), on, LASTED)


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
    inner = _inner(conversion_rows(q, leaf), names)
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
