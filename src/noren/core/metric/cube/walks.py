"""Conversions and stays from the cells of walks: the same answers as from all spans of all rows (`metric.sql`).

Cells tell of now. Asked as of an earlier day or as it was known then, or of what only rows know, the rows are asked; and
while a span begins or ends after today, which is not to be told yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from noren.core.base.period import Period
from noren.core.filter.condition import BadFilter, Cond, F
from noren.core.metric.cube.asked import asked, first
from noren.core.metric.cube.declare import CUBES, EPOCH, SPENT, THERE, Walk, fields_of
from noren.core.metric.cube.face import face
from noren.core.metric.cube.levels import levels
from noren.core.metric.cube.read import MARK, asks_rows, forget, whole_now
from noren.core.metric.cube.source import mark, spans_of
from noren.core.metric.declare import Conversion, Stay
from noren.core.metric.memo import run
from noren.core.metric.prepared import prepared, sql_of
from noren.core.metric.question import Question, Words
from noren.core.metric.sql import TOTAL, Tallies, Tally, Waits, member, waits


@dataclass(frozen=True, slots=True)
class _Query:
    cube: Walk
    zone: str
    text: str
    params: tuple[Any, ...]

    def read(self) -> list[tuple[Any, ...]] | None:
        """Rows of the cells; None when these are not the cells of this declaration."""
        rows = run(self.text, self.params)
        if not rows or any(row[0] != mark(self.cube, self.zone) for row in rows):
            forget()
            return None
        return [row[1:] for row in rows]


def conversions(q: Question, leaf: Conversion) -> Tallies | None:
    """Per step (and cell): rows that came to it, and how many of them went on. None: the rows must be asked."""
    found = _read(q, leaf)
    if found is None:
        return None
    tallies: Tallies = {}
    for total, *key, further, n in found:
        if total or n:
            pair = (int(further or 0), int(n or 0))
            tallies[TOTAL if total else (None, *key)] = [Tally(count, count, count) for count in pair]
    return tallies


def stays(q: Question, leaf: Stay) -> Waits | None:
    """Counts of (days in the step, left or None) per step and cell. None: the rows must be asked."""
    found = _read(q, leaf)
    if found is None:
        return None
    today = (q.day - EPOCH).days
    rows = [(*key, spent + there * today, None if there else "left", int(n)) for *key, spent, there, n in found if n]
    return waits([f"d{i}" for i in range(len(q.dims))], rows)


def _read(q: Question, leaf: Conversion | Stay) -> list[tuple[Any, ...]] | None:
    if asks_rows() or q.known_on or q.as_of or q.day < timezone.now().astimezone(q.zone).date():
        return None
    cube = next((cube for cube in CUBES.values() if isinstance(cube, Walk) and cube.told is leaf), None)
    if cube is None or not whole_now(cube, str(q.zone)):
        return None
    query = prepared(("walk", leaf.id), q, lambda: _write(q, cube))
    return None if query is None or _tells_ahead(q, cube) else query.read()


def _write(q: Question, cube: Walk) -> _Query | None:
    words, stay = Words(q.metric, q.actor), isinstance(cube.told, Stay)
    if not _same_to_rows(q, cube) or q.period.first > q.day:
        return None
    try:
        about = asked(cube, q.where, words, q.when, q.actor)
    except BadFilter:
        return None  # the rows will say what is wrong
    if about is None or any(d.allocation or d.seen is not None or first(d.path) not in cube.by for d in q.dims):
        return None
    roll = cube.roll({*about.needed, *(first(dim.path) for dim in q.dims)})
    if roll is None:
        return None
    period = Period(q.period.first, min(q.period.last, q.day))
    cells = face(cube)._base_manager.filter(levels(cube, roll, (*about.days, period), by_day=False))
    cells = about.narrow(cells, words, q.when).order_by()
    groups = [f"d{i}" for i in range(len(q.dims))]
    counted = [SPENT, THERE] if stay else ["further"]
    names = {f"q_{name}": member(dim) for name, dim in zip(groups, q.dims, strict=True)}
    text, params = sql_of(cells.annotate(**names).values_list(*names, *counted, "n"))
    if not text:
        return None
    heads = ", ".join(groups)
    inner = f"SELECT * FROM ({text}) q({', '.join((*groups, *counted, 'n'))})"
    if stay:
        keys = f"{heads}, {SPENT}, {THERE}"
        text = f"SELECT {MARK}, {keys}, sum(n) FROM ({inner}) t GROUP BY {keys} UNION ALL SELECT {MARK}, {_nothing(groups)}"
        return _Query(cube, str(q.zone), text, (cube.name, *params, cube.name))
    text = (
        f"SELECT {MARK}, GROUPING({groups[0]}), {heads}, sum(further), sum(n) FROM ({inner}) t"
        f" GROUP BY GROUPING SETS (({heads}), ())"
    )
    return _Query(cube, str(q.zone), text, (cube.name, *params))


def _same_to_rows(q: Question, cube: Walk) -> bool:
    """Does the filter mean the same to cells? Of a conversion it can only be asked which steps to tell of."""
    step = cube.told.step
    named = [clause for clause in q.where.clauses() if step in fields_of(F(clause))]
    return isinstance(cube.told, Stay) or all(
        isinstance(clause, Cond) and clause.op in ("is", "in", "not", "out") for clause in named
    )


def _nothing(groups: Sequence[str]) -> str:
    """A line that tells the mark where there is no cell."""
    return ", ".join((*("NULL" for _name in groups), "0", "0", "0"))


def _tells_ahead(q: Question, cube: Walk) -> bool:
    """Is anything of the history said of days to come?"""
    table = connection.ops.quote_name(spans_of(cube)._meta.db_table)
    end = q.end_of(q.day)
    # Counted, for EXISTS makes the planner hope to meet one soon and read the table instead of the index.
    return bool(run(f"SELECT count(*) FROM {table} WHERE from_at >= %s OR to_at >= %s", (end, end))[0][0])
