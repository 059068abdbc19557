"""`ask`: the one way to a number.

    ask("win_rate_count", "2017", actor=me, by=("team",), grain="quarter")

Rights and row scope apply before anything is added up; the total is made of its own halves; a rate without anything to
divide by is None. Leaves over the same rows share one query, so the number of queries does not grow with cells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import Actor
from noren.core.base.period import Bucket, Grain, Period, compared
from noren.core.filter.condition import BadFilter, F
from noren.core.metric import sql
from noren.core.metric.answer import Answer, Cell
from noren.core.metric.cube import lasting, walks
from noren.core.metric.cube import read as cube
from noren.core.metric.declare import (
    Conversion,
    Count,
    Derived,
    Distribution,
    Measure,
    Metric,
    Ratio,
    Stay,
    Stock,
    Survival,
)
from noren.core.metric.labels import Labels, labels_of
from noren.core.metric.memo import one_moment
from noren.core.metric.prepared import once, prepared
from noren.core.metric.question import CannotAsk, Compare, Question, question, with_cuts
from noren.core.metric.sql import TOTAL, Key, Tallies, Tally
from noren.core.metric.stats import cumulative_incidence_counts, kaplan_meier_counts, wilson


@one_moment()
def ask(
    metric: Metric | str,
    period: Period | str | None = None,
    *,
    actor: Actor,
    by: Sequence[str] = (),
    grain: Grain | str | None = None,
    where: F | None = None,
    basis: str | None = None,
    as_of: date | None = None,
    compare: Compare | None = None,
    known_on: date | None = None,
    today: date | None = None,
    percentiles: bool = True,
) -> Answer:
    """The number, by dimensions and cut by time.

    period: days, both included (None: all time). basis: by which of its dates (`closed`, `opened`); as_of: told as of a
    past day; compare: `previous` or `year`, both cut alike while the period still runs; known_on: as we knew it then;
    percentiles: whether a mean comes with its median and percentiles.
    CannotAsk for a question without sense, Forbidden for what is hidden from the actor.
    """
    q = question(
        metric, period, actor=actor, by=by, grain=grain, where=where, basis=basis, as_of=as_of, known_on=known_on,
        today=today,
    )  # fmt: skip
    if compare is None:
        return _answer(q, percentiles)
    if not q.period.bounded:
        raise CannotAsk(_("Only a period with a first and a last day can be compared."))
    now, other = compared(q.period, compare, q.today, q.week_start)
    answer = _answer(replace(q, period=now), percentiles)
    if isinstance(q.metric, Stock) and q.as_of and q.as_of < other.last:
        raise CannotAsk(_("Compare a number of a day without asking for another day."))
    before = _answer(replace(q, period=other, as_of=_told_as_of(q, other)), percentiles)
    answer.compared = other
    answer.total.before = before.total
    places = {cut.key: n for n, cut in enumerate(answer.question.cuts)}
    earlier = {cut.key: n for n, cut in enumerate(before.question.cuts)}
    known = {(c.key, earlier.get(c.bucket.key) if c.bucket else None): c for c in before.cells}
    for cell in answer.cells:
        cell.before = known.get((cell.key, places.get(cell.bucket.key) if cell.bucket else None))
    return answer


def _told_as_of(q: Question, other: Period) -> date | None:
    """A stock, a wait or a conversion of an earlier period is told as of the end of that period, or the two could not be
    compared; what happened in it, as of the same day."""
    if isinstance(q.metric, (Survival, Stay, Conversion)):
        return min(q.as_of or other.last, other.last)
    return min(q.as_of, other.last) if q.as_of and isinstance(q.metric, Stock) else q.as_of


@one_moment()
def ask_many(
    metrics: Iterable[Metric | str], period: Period | str | None = None, *, actor: Actor, **options: Any
) -> dict[str, Answer]:
    """Several numbers of one question; leaves over the same rows share a query."""
    asked = [question(m, period, actor=actor, **options) for m in metrics]
    shared = _Shared()
    ready = [_cut(q) for q in asked]
    for q in ready:
        shared.expect(q)
    results = [_results(q, shared) for q in ready]
    labels: dict[Any, Labels] = {}
    for q in ready:
        names = _names(q)
        if names not in labels:
            keys = {
                key[1:] for other, found in zip(ready, results, strict=True) if _names(other) == names for key in found
            }
            labels[names] = labels_of(q.dims, [key for key in keys if len(key) == len(q.dims)], q.actor)
    return {q.metric.id: _fill(q, found, labels[_names(q)]) for q, found in zip(ready, results, strict=True)}


@one_moment()
def series(
    metrics: Iterable[Metric | str],
    periods: Sequence[Period],
    *,
    actor: Actor,
    where: F | None = None,
    today: date | None = None,
    more: Mapping[str, Sequence[Period]] | None = None,
) -> dict[str, list[Cell]]:
    """Flows over several bounded periods that may overlap (a month, the one before, a year of months), in one query for
    all numbers over the same dates. No breakdown, no percentiles: for tiles and their trends. more: further periods of
    single numbers, told after the others."""
    more, periods = more or {}, tuple(periods)
    every = tuple(dict.fromkeys((*periods, *(p for others in more.values() for p in others))))
    span = Period(min(p.first for p in every), max(p.last for p in every))
    asked = [question(m, span, actor=actor, where=where, today=today) for m in metrics]
    borders, inside = once(("pieces", every), (), partial(_pieces, every))
    shared = _Shared(percentiles=False, borders=borders)
    for q in asked:
        if any(isinstance(leaf, (Stock, Survival, Stay, Conversion)) for leaf in q.metric.leaves()):
            raise TypeError(f"{q.metric.id} is no flow")
        shared.expect(q)
    found: dict[str, list[Cell]] = {}
    for q in asked:
        line = []
        own = (*periods, *more.get(q.metric.id, ()))
        counted = {leaf.id: shared.tallies(q, leaf) for leaf in q.metric.leaves()}
        for each in prepared(("series", q.metric.id, own), q, partial(_questions, q, own)):
            pieces = inside[each.period]
            sums = {name: sum((t[i] for i in pieces if i in t), Tally()) for name, t in counted.items()}
            cell = _cell(q, sums, Cell(question=each))
            cell.complete = each.period.last < q.today and not cell.missing
            line.append(cell)
        found[q.metric.id] = line
    return found


def _pieces(periods: Sequence[Period]) -> tuple[list[date], dict[Period, list[tuple[int]]]]:
    """Where pieces begin that each of the periods is made of, and which of them make each period."""
    borders = sorted({day for p in periods for day in (p.first, _after(p))})
    return borders, {period: [(i,) for i, day in enumerate(borders) if day in period] for period in periods}


def _questions(q: Question, periods: Sequence[Period]) -> list[Question]:
    return [replace(q, period=period) for period in periods]


def _after(period: Period) -> date:
    from noren.core.base.period import DAY

    return period.last + DAY


# ---- planning -------------------------------------------------------------------------------------------------------


class _Shared:
    """Leaves waiting for the same rows, and what was counted of them."""

    def __init__(self, percentiles: bool = True, borders: Sequence[date] = ()) -> None:
        self.percentiles, self.borders = percentiles, borders
        self.waiting: dict[Any, dict[str, tuple[Question, Any]]] = {}
        self.counted: dict[tuple[Any, str], dict[Key, Tally]] = {}

    def _place(self, q: Question, leaf: Any) -> Any:
        if isinstance(leaf, Stock):
            return ("stock", leaf.model, q.day if not q.cuts else None, _about(q))
        return ("flow", leaf.model, sql.date_path(q, leaf), _about(q))

    def expect(self, q: Question) -> None:
        for leaf in q.metric.leaves():
            if isinstance(leaf, (Measure, Distribution, Stock)):
                own = q if leaf is q.metric else replace(q, metric=leaf)
                self.waiting.setdefault(self._place(own, leaf), {})[leaf.id] = (own, leaf)

    def tallies(self, q: Question, leaf: Any) -> dict[Key, Tally]:
        own = q if leaf is q.metric else replace(q, metric=leaf)
        place = self._place(own, leaf)
        if (place, leaf.id) not in self.counted:
            self._count(place)
        return self.counted[place, leaf.id]

    def _count(self, place: Any) -> None:
        together = self.waiting[place]
        own = next(iter(together.values()))[0]
        leaves = [leaf for _q, leaf in together.values()]
        borders = () if place[0] == "stock" else self.borders or [cut.part.first for cut in own.cuts]
        for name, by in cube.tallies(own, leaves, borders, self.percentiles).items():
            self.counted[place, name] = by
        leaves = [leaf for leaf in leaves if (place, leaf.id) not in self.counted]
        if not leaves:
            return
        found: Tallies
        if place[0] == "stock":
            found = sql.stocks(own, leaves)
        else:
            found = sql.flows(own, leaves, borders, self.percentiles)
        for i, leaf in enumerate(leaves):
            self.counted[place, leaf.id] = {key: tallies[i] for key, tallies in found.items()}


def _names(q: Question) -> tuple[str, ...]:
    return tuple(dim.name for dim in q.dims)


def _about(q: Question) -> Any:
    return (q.period, _names(q), q.grain, q.where, q.as_of, q.known_on, q.basis)


def _answer(q: Question, percentiles: bool = True) -> Answer:
    q = _cut(q)
    shared = _Shared(percentiles and not isinstance(q.metric, Derived))  # which is made of means
    shared.expect(q)
    return _fill(q, _results(q, shared))


def _cut(q: Question) -> Question:
    """Cut the period; one without ends is cut where the rows begin and end."""
    if q.grain is None:
        return q
    if isinstance(q.metric, (Stay, Conversion)):
        raise CannotAsk(_("%(metric)s is not cut by time: ask for one period at a time."), metric=q.metric.label)
    stock = any(isinstance(leaf, Stock) for leaf in q.metric.leaves())
    if stock and q.known_on:
        raise CannotAsk(_("“As it was known” is told of one day at a time."))
    if q.period.bounded:
        return with_cuts(q, q.period)
    dated = next((leaf for leaf in q.metric.leaves() if isinstance(leaf, (Measure, Distribution, Survival))), None)
    if dated is None:
        raise CannotAsk(_("Give the period: from which day to which."))
    with _readable():
        found = sql.first_and_last(replace(q, metric=dated), dated)
    return with_cuts(q, found or Period(q.today, q.today))


class _readable:  # noqa: N801 (reads as a clause)
    """Turn a filter that cannot be read into a refusal."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: Any, fault: Any, _trace: Any) -> None:
        if isinstance(fault, BadFilter):
            if fault.field:
                raise CannotAsk(_("The condition on “%(name)s” cannot be read."), name=fault.field) from fault
            raise CannotAsk(str(fault.reason)) from fault


# ---- cells ----------------------------------------------------------------------------------------------------------


def _results(q: Question, shared: _Shared) -> dict[Key, Any]:
    """Cell key -> what its number is made of."""
    with _readable():
        metric = q.metric
        if isinstance(metric, Survival):
            lasted = lasting.survivals(q, metric)
            return dict(sql.survivals(q, metric) if lasted is None else lasted)
        if isinstance(metric, Stay):
            stays = walks.stays(q, metric)
            return dict(sql.stays(q, metric) if stays is None else stays)
        if isinstance(metric, Conversion):
            came = walks.conversions(q, metric)
            came = sql.conversions(q, metric) if came is None else came
            return {key: dict(zip(("on", "all"), pair, strict=True)) for key, pair in came.items()}
        found: dict[Key, dict[str, Tally]] = {}
        for leaf in metric.leaves():
            if isinstance(leaf, (Survival, Stay, Conversion)):
                raise TypeError(f"{metric.id}: {leaf.id} cannot be a part")
            for key, tally in shared.tallies(q, leaf).items():
                found.setdefault(key, {})[leaf.id] = tally
        return found


def _fill(q: Question, results: dict[Key, Any], labels: Labels | None = None) -> Answer:
    labels = labels or labels_of(q.dims, [key[1:] for key in results if key != TOTAL], q.actor)
    keys = sorted({key[1:] for key in results if key != TOTAL}, key=labels.order) if q.dims else [()]
    cells = []
    stock = all(isinstance(leaf, Stock) for leaf in q.metric.leaves())
    stocks = _stocks(q)
    for key in keys:
        for place, cut in enumerate(q.cuts) if q.cuts else [(None, None)]:
            if not q.cuts and not q.dims:
                continue
            cell = Cell(key=key, labels=labels.of(key), bucket=cut, question=q)
            if cut is not None and not q.dims:
                cell.labels = (cut.label("ja" if (get_language() or "ja").startswith("ja") else "en"),)
            found = results.get((place, *key), {})
            if cut is not None and stocks and cut.part.first > (q.as_of or q.today):
                found = {name: tally for name, tally in found.items() if name not in stocks}
            _cell(q, found, cell)
            _settle(q, cell, cut, stock)
            cells.append(cell)
    whole = results.get(TOTAL)
    if q.cuts and stocks:
        # A stock is not additive over time: its total is that of the last day told of.
        whole = {**_last_of(q, results), **(whole or {})}
    total = _cell(q, whole or {}, Cell(question=q))
    _settle(q, total, None, stock)
    return Answer(q, cells, total)


def _stocks(q: Question) -> set[str]:
    return {leaf.id for leaf in q.metric.leaves() if isinstance(leaf, Stock)}


def _last_of(q: Question, results: Mapping[Key, Any]) -> dict[str, Tally]:
    told = sum(cut.part.first <= (q.as_of or q.today) for cut in q.cuts) - 1
    stocks = _stocks(q)
    found: dict[str, Tally] = {}
    for key, tallies in results.items():
        if key[0] == told:
            for name, tally in tallies.items():
                if name in stocks:
                    found[name] = found.get(name, Tally()) + tally
    return found


def _settle(q: Question, cell: Cell, cut: Bucket | None, stock: bool) -> None:
    """Is the time over and nothing missing? A stock of a day that has not come is not known."""
    last = cut.part.last if cut else (q.day if stock else q.period.last)
    told = min(q.as_of or q.today, q.today)
    over = (cut.complete(told if stock else q.today) if cut else last < q.today) or (stock and last <= told)
    cell.complete = over and not cell.missing
    first = cut or next(iter(q.cuts), None)
    if stock and first and first.part.first > (q.as_of or q.today):
        cell.value = cell.num = None


def _cell(q: Question, found: Any, cell: Cell) -> Cell:
    """Divide last."""
    metric = q.metric
    match metric:
        case Survival() | Stay():
            _wait(metric, found, cell)
        case Conversion():
            on, all_ = found.get("on", Tally()), found.get("all", Tally())
            _rate(cell, on, all_, interval=True)
        case Derived():
            _derived(q, metric, found, cell)
        case Ratio():
            top, bottom = found.get(metric.of.id, Tally()), found.get(metric.per.id, Tally())
            _rate(cell, top, bottom, interval=metric.is_rate)
        case Distribution():
            _mean(found.get(metric.id, Tally()), cell)
        case _:
            _sum(metric, found.get(metric.id, Tally()), cell)
    return cell


def _sum(metric: Any, tally: Tally, cell: Cell) -> None:
    cell.n, cell.missing = tally.n, tally.missing
    unknown = not isinstance(metric.value, Count) and tally.n == 0 and tally.missing > 0
    cell.num = cell.value = None if unknown else tally.total


def _mean(tally: Tally, cell: Cell) -> None:
    cell.num, cell.den, cell.n, cell.missing = tally.total, tally.weight, tally.n, tally.missing
    cell.value = float(tally.total) / float(tally.weight) if tally.weight else None
    if tally.quantiles:
        cell.more = dict(zip(("p25", "median", "p75", "p90"), tally.quantiles, strict=True))


def _rate(cell: Cell, top: Tally, bottom: Tally, interval: bool) -> None:
    cell.num, cell.den = top.total, bottom.total
    cell.n, cell.missing = bottom.n, max(top.missing, bottom.missing)
    cell.value = float(top.total) / float(bottom.total) if bottom.total else None
    if interval and bottom.total:
        k, n = round(top.total), round(bottom.total)
        cell.low, cell.high = wilson(min(k, n), n) or (None, None)


def _wait(metric: Survival | Stay, found: Mapping[Any, int], cell: Cell) -> None:
    counts = {key: count for key, count in found.items() if key[0] is not None}
    cell.missing = sum(count for key, count in found.items() if key[0] is None)
    cell.n = sum(counts.values())
    if not cell.n:
        return
    ends: dict[int, tuple[Counter[str], int]] = {}
    for (days, how), count in counts.items():
        ended, waiting = ends.get(days, (Counter(), 0))
        if how is None:
            waiting += count
        else:
            ended[how] += count
        ends[days] = (ended, waiting)
    cell.den = cell.n
    if isinstance(metric, Survival) and metric.cause:
        shares = cumulative_incidence_counts(ends)
        cell.curve, cell.value = shares, shares.at(metric.cause, metric.horizon)
        cell.num = sum(ended[metric.cause] for ended, _waiting in ends.values())
        cell.more = {f"day_{day}": shares.at(metric.cause, day) for day in (7, 30, 60, 90, 120)}
        return
    curve = kaplan_meier_counts({days: (ended.total(), waiting) for days, (ended, waiting) in ends.items()})
    cell.curve, cell.value = curve, curve.quantile(metric.share)
    cell.num = curve.n - curve.censored
    cell.low, cell.high = curve.quantile_interval(metric.share)
    cell.more = {"p25": curve.quantile(0.25), "median": curve.median, "p75": curve.quantile(0.75)}


def _derived(q: Question, metric: Derived, found: Mapping[str, Tally], cell: Cell) -> None:
    values: dict[str, float] = {}
    for name, part in metric.parts.items():
        made = _cell(replace(q, metric=part), found, Cell())
        cell.missing += made.missing
        if name == metric.n_of or not metric.n_of:
            cell.n = made.n
        cell.more[name] = None if made.value is None else float(made.value)
        if made.value is not None:
            values[name] = float(made.value)
    if len(values) == len(metric.parts):
        cell.value = metric.work(values)
