"""Does a cube hold what a leaf of a question asks for, and in which columns?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from noren.core.filter.condition import All, Cond, F, Node
from noren.core.metric.cube.asked import Asked, asked, day_of_rows, first
from noren.core.metric.cube.declare import CUBES, Cube, among, fields_of
from noren.core.metric.declare import Age, Count, Distribution, Measure, Stock, Weighted
from noren.core.metric.question import Question, Words
from noren.core.metric.sql import date_path, is_live, past_of

Leaf = Measure | Distribution | Stock


@dataclass(frozen=True, slots=True)
class Fit:
    """How one leaf is read from a cube. asked: the cells that the question is about; where: which of them count; needed:
    fields of the cells that this takes; by_day: months will not do; rows: the column of rows that are meant; counted: of
    rows with a value; total: of the sum (age: days times rows); weighted: the sum still to be weighted, and by what;
    as_age: the sum is made of the day."""

    cube: Cube
    leaf: Leaf
    asked: Asked
    where: F
    needed: frozenset[str]
    by_day: bool
    rows: str
    counted: str
    total: str = ""
    to_weight: str = ""
    chance: str = ""
    as_age: bool = False


def fit(q: Question, leaf: Leaf) -> Fit | None:
    """The first cube that answers this leaf of the question exactly; None when only the rows do."""
    if q.known_on or q.allocation:
        return None
    return next((found for cube in CUBES.values() if cube.of is leaf.model and (found := _fits(q, leaf, cube))), None)


def _fits(q: Question, leaf: Leaf, cube: Cube) -> Fit | None:
    if not _dated(q, leaf, cube):
        return None
    about = asked(cube, q.where, Words(q.metric, q.actor), q.when, q.actor)
    if about is None:
        return None
    needed = set(about.needed)
    for dim in q.dims:
        if dim.allocation or dim.seen is not None or first(dim.path) not in cube.by:
            return None
        needed.add(first(dim.path))
    found = _split(leaf, cube)
    if found is None:
        return None
    meant, given = found
    inside = {name for name in fields_of(meant) if name != cube.day}
    needed |= {first(name) for name in inside}
    by_day = about.by_day or cube.day in fields_of(meant)
    if isinstance(leaf, Stock) and leaf.longer:
        if leaf.longer[0] != cube.day or cube.past:
            return None
        needed.add(first(leaf.longer[1]))
        by_day = True
    if not needed <= set(cube.by):
        return None
    return _columns(leaf, cube, about, meant, given, needed, by_day)


def _dated(q: Question, leaf: Leaf, cube: Cube) -> bool:
    """Is the cube about the days the question is about?"""
    if isinstance(leaf, Stock):
        return not is_live(q) and not leaf.today_only if cube.past else is_live(q) and _live(leaf, cube)
    if cube.past or date_path(q, leaf) != cube.day or past_of(q, leaf):
        return False
    return not (q.as_of and (leaf.until or leaf.since not in ("", cube.day) or q.as_of < q.period.first))


def _live(leaf: Stock, cube: Cube) -> bool:
    """A stock of today is in any cube whose rows it is among."""
    return bool(cube.where)


def _split(leaf: Leaf, cube: Cube) -> tuple[F, frozenset[Node]] | None:
    """A leaf's own condition: what says which cells, and what must be a condition of the sum."""
    own = leaf.where.clauses()
    wider = cube.where.clauses()
    if not among(own, cube):
        return None
    cells: list[Node] = []
    given: list[Node] = []
    day = day_of_rows(cube)
    for clause in own:
        if clause in wider:
            continue
        names = set(fields_of(F(clause)))
        (cells if names <= {*cube.by, day} else given).append(clause)
    return F(All(tuple(cells))), frozenset(given)


def _columns(
    leaf: Leaf, cube: Cube, about: Asked, where: F, given: frozenset[Node], needed: set[str], by_day: bool
) -> Fit | None:  # fmt: skip
    rows = _counted(cube, given)
    known = given
    if isinstance(leaf, Stock) and leaf.known:
        known = given | {Cond(leaf.known, "filled", value=True)}
    value: Any = leaf.value
    if rows is None:
        return None
    match value:
        case Count():
            counted = _counted(cube, known)
            return None if counted is None else Fit(cube, leaf, about, where, frozenset(needed), by_day, rows, counted)
        case Age(start=start):
            if start != cube.day or known or cube.past:
                return None
            return Fit(cube, leaf, about, where, frozenset(needed), True, rows, rows, total=rows, as_age=True)
    place = cube.part(value, known)
    if place is None:
        return None
    made = Fit(cube, leaf, about, where, frozenset(needed), by_day, rows, f"c{place}", f"t{place}")
    if not isinstance(value, Weighted):
        return made
    own, *others = value.chances
    if len(others) != 1 or "__" in own or first(others[0]) not in cube.by:
        return None
    return Fit(
        cube, leaf, about, where, frozenset({*needed, first(others[0])}), by_day, rows, f"c{place}", f"t{place}",
        to_weight=f"u{place}", chance=others[0],
    )  # fmt: skip


def _counted(cube: Cube, given: frozenset[Node]) -> str | None:
    """The column that counts rows meeting these conditions."""
    if not given:
        return "n"
    for name, part in _conditional(cube):
        if frozenset(part.where.clauses()) == given:
            return name
    return None


def _conditional(cube: Cube) -> Iterator[tuple[str, Any]]:
    for place, part in enumerate(cube.parts):
        if part.where:
            yield (f"c{place}" if isinstance(part.value, Count) else f"g{place}"), part
