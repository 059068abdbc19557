"""Numbers from cubes: the same questions, put to cells instead of rows.

A leaf that no cube answers exactly is left to the rows, and so is everything while a cube is being made. Each answer
brings the mark of the cells it was read from, in the same statement, so cells of another declaration or time zone are
never taken for right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import reduce
from math import ceil, floor
from time import monotonic
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import F as Column
from django.db.models import Q
from django.db.models.lookups import GreaterThan

from noren.core.base.period import DAY, Period
from noren.core.filter.condition import BadFilter
from noren.core.metric.cube.declare import SPREAD, Cube
from noren.core.metric.cube.face import day_of, face
from noren.core.metric.cube.fit import Fit, Leaf, fit
from noren.core.metric.cube.keep import standing
from noren.core.metric.cube.levels import levels
from noren.core.metric.cube.source import mark
from noren.core.metric.declare import Count, Distribution, Stock
from noren.core.metric.memo import run
from noren.core.metric.prepared import prepared
from noren.core.metric.question import Question, Words
from noren.core.metric.sql import QUANTILES, TOTAL, Key, Tally, condition, flag, member, number_of, whole

By = dict[Key, Tally]
Inner = tuple[str, tuple[Any, ...]]
_rows_only: ContextVar[bool] = ContextVar("rows_only", default=False)


@contextmanager
def rows_only() -> Iterator[None]:
    """Inside, everything is asked of the rows: for comparing."""
    token = _rows_only.set(True)
    try:
        yield
    finally:
        _rows_only.reset(token)


def asks_rows() -> bool:
    """Whether this is inside `rows_only`."""
    return _rows_only.get()


def tallies(
    q: Question, leaves: Sequence[Leaf], borders: Sequence[date] = (), percentiles: bool = True
) -> dict[str, By]:
    """What cubes tell of these leaves, by their ids; those left out must be asked of the rows."""
    if asks_rows():
        return {}
    found: dict[str, By] = {}
    for each in _prepared(q, leaves, tuple(borders), percentiles):
        if whole_now(each.cube, str(q.zone)):
            read = each.read()
            if read is not None:
                found.update(read)
    for leaf in leaves:
        if percentiles and isinstance(leaf, Distribution) and leaf.id in found:
            spread = _quantiles(q, leaf, tuple(borders))
            if spread is None:
                del found[leaf.id]
                continue
            for key, values in spread.items():
                if key in found[leaf.id]:
                    found[leaf.id][key].quantiles = values
    return found


# ---- which cells ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Query:
    """A statement made ready, and how its rows are read. The first column is the mark of the cells."""

    cube: Cube
    zone: str
    text: str
    params: tuple[Any, ...]
    decode: Callable[[list[tuple[Any, ...]]], dict[str, By]]

    def read(self) -> dict[str, By] | None:
        rows = run(self.text, self.params)
        if not rows or rows[0][0] != mark(self.cube, self.zone):
            _known.clear()
            return None
        return self.decode(rows)


def _prepared(q: Question, leaves: Sequence[Leaf], borders: tuple[date, ...], percentiles: bool) -> list[_Query]:
    return prepared(
        ("sums", tuple(leaf.id for leaf in leaves), borders, percentiles),
        q,
        lambda: _prepare(q, leaves, borders, percentiles),
    )


def _prepare(q: Question, leaves: Sequence[Leaf], borders: tuple[date, ...], percentiles: bool) -> list[_Query]:
    together: dict[tuple[str, int], list[Fit]] = {}
    try:
        fits = [found for leaf in leaves if (found := fit(q, leaf)) is not None]
        for name in dict.fromkeys(found.cube.name for found in fits):
            mine = [found for found in fits if found.cube.name == name]
            needed = frozenset[str]().union(*(found.needed for found in mine))
            cube = mine[0].cube
            shared = cube.roll(set(needed))
            for found in mine:
                if percentiles and isinstance(found.leaf, Distribution) and not _has_spread(found):
                    continue
                roll = shared if shared is not None else cube.roll(set(found.needed))
                if roll is not None:
                    together.setdefault((name, roll), []).append(found)
        return [
            query for (_name, roll), mine in together.items() if (query := _write(q, mine, roll, borders)) is not None
        ]
    except BadFilter:
        return []  # the rows will say what is wrong


def _has_spread(found: Fit) -> bool:
    return found.cube.spread == found.leaf.value and found.cube.roll({*found.needed, SPREAD}) is not None


def _write(q: Question, fits: list[Fit], roll: int, borders: tuple[date, ...]) -> _Query | None:
    cube, leaves = fits[0].cube, [found.leaf for found in fits]
    if not isinstance(leaves[0], Stock):
        period = _flow_period(q)
    elif cube.past:
        days = past_days(q)
        period, borders = Period(date.min, days[-1]), tuple(day + DAY for day in days) if q.cuts else ()
    else:
        period, borders = Period.all(), ()
    rows = _cells(q, fits, roll, period, borders)
    names: dict[str, Any] = {}
    if borders:
        names["b"] = number_of(q, face(cube), day_of(cube), borders)
    names |= {f"d{i}": member(dim) for i, dim in enumerate(q.dims)}
    names["at"] = Column(day_of(cube))
    picked: list[str] = []
    for i, found in enumerate(fits):
        names[f"w{i}"] = flag(_meant(q, found))
        names |= {f"r{i}": Column(found.rows), f"c{i}": Column(found.counted)}
        if found.total:
            names[f"t{i}"] = Column(found.total)
        if found.to_weight:
            names |= {f"u{i}": Column(found.to_weight), f"p{i}": Column(found.chance)}
        picked += _sums(i, found)
    inner = _inner(rows, names)
    if inner is None:
        return None
    groups = [name for name in names if name == "b" or name[0] == "d"]
    heads = "".join(f", {name}" for name in groups)
    text = (
        f"SELECT {MARK}, {f'GROUPING({groups[0]})' if groups else '1'}{heads}, {', '.join(picked)} FROM ({inner[0]}) t"
    )
    if groups:
        text += f" GROUP BY GROUPING SETS (({heads[2:]}), ())"
    params: tuple[Any, ...] = (cube.name, *inner[1])
    if any(found.as_age for found in fits):
        text = text.replace("_today_", f"'{q.day.isoformat()}'::date")

    def decode(found: list[tuple[Any, ...]]) -> dict[str, By]:
        net = cube.past and bool(borders)
        told = _decode(found, groups, leaves, net)
        return _stood(told, leaves, len(borders)) if net else told

    return _Query(cube, str(q.zone), text, params, decode)


MARK = "(SELECT mark FROM cube_state WHERE name = %s)"


def _flow_period(q: Question) -> Period:
    """The days of a question as far as it is told of."""
    return Period(q.period.first, min(q.period.last, q.as_of)) if q.as_of else q.period


def past_days(q: Question) -> list[date]:
    """The days a stock is told of."""
    told = q.as_of or q.today
    return [min(cut.part.last, told) for cut in q.cuts if cut.part.first <= told] or [q.day]


def _meant(q: Question, found: Fit) -> Q:
    """When a cell counts for a leaf."""
    made = condition(q, found.where, found.leaf)
    if isinstance(found.leaf, Stock) and found.leaf.longer:
        since, days = found.leaf.longer
        stayed = models.Func(
            models.Value(q.day, output_field=models.DateField()), Column(since), template="(%(expressions)s)", arg_joiner=" - ",
            output_field=models.IntegerField(),
        )  # fmt: skip
        made &= Q(GreaterThan(stayed, Column(days)))
    return made


def _cells(q: Question, fits: list[Fit], roll: int, period: Period, borders: Sequence[date]) -> Any:
    cube = fits[0].cube
    asked, by_day = fits[0].asked, any(found.by_day for found in fits)  # the same of all leaves
    rows = face(cube)._base_manager.filter(levels(cube, roll, (period, *asked.days), by_day, borders))
    rows = asked.narrow(rows, Words(q.metric, q.actor), q.when)
    meant = [_meant(q, found) for found in fits]
    return rows.filter(reduce(lambda a, b: a | b, meant)) if all(meant) else rows


# ---- sums -----------------------------------------------------------------------------------------------------------


def _inner(rows: Any, names: dict[str, Any]) -> Inner | None:
    columns = {f"q_{name}": value for name, value in names.items()}
    try:
        text, params = rows.order_by().annotate(**columns).values_list(*columns).query.sql_with_params()
    except EmptyResultSet:
        return None
    return f"SELECT * FROM ({text}) q({', '.join(names)})", tuple(params)


def _sums(i: int, found: Fit) -> list[str]:
    """SQL of total, n, rows (dated or not) of one leaf."""
    dated = (
        f"FILTER (WHERE w{i} AND at IS NOT NULL)"
        if not found.cube.past and not isinstance(found.leaf, Stock)
        else f"FILTER (WHERE w{i})"
    )
    n = f"sum(c{i}) {dated}"
    if found.as_age:
        total = f"sum(c{i} * (_today_ - at)) {dated}"
    elif found.to_weight:
        total = f"sum((t{i} + u{i} * p{i}) * 0.01) {dated}"
    elif isinstance(found.leaf.value, Count):
        total = n
    else:
        total = f"sum(t{i}) {dated}"
    return [total, n, f"sum(r{i}) FILTER (WHERE w{i})"]


def _decode(rows: list[tuple[Any, ...]], groups: list[str], leaves: Sequence[Leaf], net: bool) -> dict[str, By]:
    """net: of what came and went, where as many rows may have come as gone."""
    found: dict[str, By] = {leaf.id: {} for leaf in leaves}
    width = 2 + len(groups)
    for row in rows:
        values = row[width:]
        if row[1]:
            key = TOTAL
        else:
            if not net and not any(values[2::3]):
                continue  # nothing there any more
            heads = row[2:width]
            bucketed = bool(groups) and groups[0] == "b"
            place = heads[0] - 1 if bucketed and heads[0] is not None else None
            key = (place, *heads[1:]) if bucketed else (None, *heads)
        for at, leaf in enumerate(leaves):
            total, n, meant = values[3 * at : 3 * at + 3]
            count = int(n or 0)
            found[leaf.id][key] = Tally(whole(total), count, count, int(meant or 0) - count)
    return found


def _stood(told: dict[str, By], leaves: Sequence[Leaf], days: int) -> dict[str, By]:
    """What came and went, added up to what there was at the end of each day. Keys count borders passed, from -1."""
    keys = {key[1:] for by in told.values() for key in by if key != TOTAL}
    found: dict[str, By] = {leaf.id: {} for leaf in leaves}
    for rest in keys:
        sums = {leaf.id: Tally() for leaf in leaves}
        for place in range(days):
            for leaf in leaves:
                more = told[leaf.id].get((place - 1, *rest))
                if more is not None:
                    sums[leaf.id] = sums[leaf.id] + more
            if any(each.n or each.missing for each in sums.values()):
                for leaf in leaves:
                    each = sums[leaf.id]
                    found[leaf.id][place, *rest] = Tally(whole(each.total), each.weight, each.n, each.missing)
    return found


# ---- percentiles ----------------------------------------------------------------------------------------------------


def _quantiles(q: Question, leaf: Distribution, borders: tuple[date, ...]) -> dict[Key, tuple[float, ...]] | None:
    query = prepared(("spread", leaf.id, borders), q, lambda: _write_spread(q, leaf, borders))
    if query is None:
        return None
    cube, text, params, groups = query
    rows = run(text, params)
    if any(row[0] != mark(cube, str(q.zone)) for row in rows):
        return None
    found: dict[Key, tuple[float, ...]] = {}
    for _mark, total, *rest in rows:
        heads, n, ends = rest[: len(groups)], int(rest[len(groups)]), rest[len(groups) + 1 :]
        values = []
        for place, share in enumerate(QUANTILES):
            at, low, high = share * (n - 1), float(ends[2 * place]), float(ends[2 * place + 1])
            values.append(low + (at - floor(at)) * (high - low) if ceil(at) != floor(at) else low)
        bucketed = bool(groups) and groups[0] == "b"
        key = (heads[0] - 1 if heads[0] is not None else None, *heads[1:]) if bucketed else (None, *heads)
        found[TOTAL if total else key] = tuple(values)
    return found


def _write_spread(q: Question, leaf: Distribution, borders: tuple[date, ...]) -> Any:
    """Percentiles of days from how many rows took how many days; as percentile_cont, between the two nearest."""
    found = fit(q, leaf)
    roll = found.cube.roll({*found.needed, SPREAD}) if found else None
    if found is None or roll is None or found.where is None:
        return None
    cube = found.cube
    rows = _cells(q, [found], roll, _flow_period(q), borders)
    rows = rows.filter(**{f"{SPREAD}__isnull": False, f"{day_of(cube)}__isnull": False})
    names: dict[str, Any] = {}
    if borders:
        names["b"] = number_of(q, face(cube), day_of(cube), borders)
    names |= {f"d{i}": member(dim) for i, dim in enumerate(q.dims)}
    names |= {"v": Column(SPREAD), "n": Column("n")}
    inner = _inner(rows, names)
    if inner is None:
        return None
    groups = [name for name in names if name == "b" or name[0] == "d"]
    heads = "".join(f", {name}" for name in groups)
    sets = f"GROUPING SETS (({heads[2:]}, v), (v))" if groups else "v"
    total = f"GROUPING({groups[0]})" if groups else "1"
    ends = ", ".join(
        f"min(v) FILTER (WHERE upto > {edge}({share}::float8 * (every - 1)))"
        for share in QUANTILES
        for edge in ("floor", "ceil")
    )
    text = (
        f"SELECT {MARK}, total{heads}, max(every), {ends} FROM (SELECT total{heads}, v,"
        f" sum(n) OVER (PARTITION BY total{heads} ORDER BY v) AS upto, sum(n) OVER (PARTITION BY total{heads}) AS every"
        f" FROM (SELECT {total} AS total{heads}, v, sum(n) AS n FROM ({inner[0]}) t GROUP BY {sets} HAVING sum(n) <> 0) h) s"
        f" GROUP BY total{heads}"
    )
    return cube, text, (cube.name, *inner[1]), groups


# ---- is it there ----------------------------------------------------------------------------------------------------

_known: dict[str, tuple[float, dict[str, str]]] = {}
AGAIN = 2.0  # seconds after which a cube that was not whole is looked at again


def whole_now(cube: Cube, zone: str) -> bool:
    """Whether the cube stands as declared, as far as this process knows; the answer itself proves it."""
    name = str(connection.settings_dict["NAME"])
    found = _known.get(name)
    if found is None or (found[1].get(cube.name) != mark(cube, zone) and monotonic() - found[0] > AGAIN):
        found = _known[name] = (monotonic(), standing())
    return found[1].get(cube.name) == mark(cube, zone)


def forget() -> None:
    """Look anew at which cubes stand (tests; after a restore)."""
    _known.clear()
