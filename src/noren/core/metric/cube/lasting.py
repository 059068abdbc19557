"""Waits until an end (Kaplan–Meier) from cells: the same counts as from all rows (`metric.sql.survivals`).

Who has come to an end is counted by the days it took, by whole months of the start; who has not, by the day of the start,
for it has waited until today. Cells tell of now: as of another day, and while an end is said of days to come, the rows are
asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F as Column
from django.db.models import Q

from noren.core.base.period import Period
from noren.core.filter.condition import BadFilter, Cond
from noren.core.metric.cube.asked import Asked, asked, first
from noren.core.metric.cube.declare import CUBES, SPREAD, Cube
from noren.core.metric.cube.face import day_of, face
from noren.core.metric.cube.levels import levels
from noren.core.metric.cube.read import MARK, asks_rows, forget, whole_now
from noren.core.metric.cube.source import mark
from noren.core.metric.declare import Count, Days, Survival
from noren.core.metric.memo import run
from noren.core.metric.prepared import prepared, sql_of
from noren.core.metric.question import Question, Words
from noren.core.metric.sql import Waits, member, number_of, waits


@dataclass(frozen=True, slots=True)
class _Kept:
    """A cube that holds how long rows took, and its column that counts those that have come to an end."""

    cube: Cube
    ended: str


def survivals(q: Question, leaf: Survival) -> Waits | None:
    """Counts of (days waited, how it ended) per cell. None: the rows must be asked."""
    kept = _kept(leaf)
    if kept is None or asks_rows() or q.known_on or q.as_of or q.allocation or not whole_now(kept.cube, str(q.zone)):
        return None
    query = prepared(("lasting", leaf.id), q, lambda: _write(q, leaf, kept))
    if query is None or _ends_ahead(q, leaf):
        return None
    groups, text, params = query
    rows = run(text, params)
    if not rows or any(row[0] != mark(kept.cube, str(q.zone)) for row in rows):
        forget()
        return None
    return waits(groups, [(*row[1:-1], int(row[-1])) for row in rows if row[-1]])


def _kept(leaf: Survival) -> _Kept | None:
    for cube in CUBES.values():
        if (
            cube.of is leaf.model
            and cube.day == leaf.start
            and cube.spread == Days(leaf.start, leaf.end)
            and not cube.where
        ):
            place = cube.part(Count(), frozenset({Cond(leaf.end, "filled", value=True)}))
            if place is not None and leaf.outcome in cube.by:
                return _Kept(cube, f"c{place}")
    return None


def _write(q: Question, leaf: Survival, kept: _Kept) -> tuple[list[str], str, tuple[Any, ...]] | None:
    cube = kept.cube
    try:
        about = asked(cube, q.where, Words(q.metric, q.actor), q.when, q.actor)
    except BadFilter:
        return None  # the rows will say what is wrong
    if (
        about is None
        or q.period.first > q.day
        or any(d.seen is not None or first(d.path) not in cube.by for d in q.dims)
    ):
        return None
    needed = {*about.needed, *(first(dim.path) for dim in q.dims)}
    took, waiting = cube.roll({*needed, leaf.outcome, SPREAD}), cube.roll(needed)
    if took is None or waiting is None:
        return None
    groups = [*(["b"] if q.cuts else []), *(f"d{i}" for i in range(len(q.dims)))]
    heads = "".join(f"{name}, " for name in groups)
    ended = _cells(q, about, kept, took, (SPREAD, leaf.outcome, "n", kept.ended), by_day=about.by_day)
    still = _cells(q, about, kept, waiting, ("n", kept.ended), by_day=True)
    if ended is None or still is None:
        return None
    text = (
        f"SELECT {MARK}, {heads}CASE WHEN at IS NOT NULL THEN t END, c, sum(CASE WHEN t IS NULL THEN e ELSE n END)"
        f" FROM ({ended[0]}) q({heads}at, t, c, n, e) GROUP BY {', '.join(f'{i + 1}' for i in range(len(groups) + 3))}"
        f" UNION ALL SELECT {MARK}, {heads}%s::date - at, NULL, sum(n - e)"
        f" FROM ({still[0]}) q({heads}at, n, e) GROUP BY {', '.join(f'{i + 1}' for i in range(len(groups) + 2))}"
        f" UNION ALL SELECT {MARK}, {'NULL, ' * len(groups)}NULL, NULL, 0"
    )
    return groups, text, (cube.name, *ended[1], cube.name, q.day, *still[1], cube.name)


def _cells(
    q: Question, about: Asked, kept: _Kept, roll: int, columns: Sequence[str], by_day: bool
) -> tuple[str, tuple[Any, ...]] | None:
    cube = kept.cube
    day, borders = day_of(cube), [cut.part.first for cut in q.cuts]
    inside = levels(cube, roll, (*about.days, Period(q.period.first, min(q.period.last, q.day))), by_day, borders)
    if not q.period.bounded and not about.days:
        # Nobody knows since when these wait.
        inside |= Q(**{f"{day}__isnull": True}) & Q(level__in=(-1, 2 * roll if by_day else 2 * roll + 1))
    names: dict[str, Any] = {}
    if q.cuts:
        names["q_b"] = number_of(q, face(cube), day, borders)
    names |= {f"q_d{i}": member(dim) for i, dim in enumerate(q.dims)}
    names |= {"q_at": Column(day)}
    rows = about.narrow(face(cube)._base_manager.filter(inside), Words(q.metric, q.actor), q.when).order_by()
    text, params = sql_of(rows.annotate(**names).values_list(*names, *columns))
    return (text, params) if text else None


def _ends_ahead(q: Question, leaf: Survival) -> bool:
    """Is anything said to end on a day to come?"""
    model: Any = leaf.model
    rows = model._base_manager.filter(**{f"{leaf.end}__gt": q.day, "removed_at__isnull": True}).order_by()
    text, params = rows.values("pk").query.sql_with_params()
    return bool(run(f"SELECT count(*) FROM ({text} LIMIT 1) ahead", params)[0][0])
