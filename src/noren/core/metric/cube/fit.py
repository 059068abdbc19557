"""Does a cube hold what a leaf of a question asks for, and in which columns?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Q

from noren.core.access.scope import reach
from noren.core.filter.condition import All, Cond, F, Node
from noren.core.metric.cube.declare import CUBES, HOLDER, Cube, among, clauses, fields_of
from noren.core.metric.declare import Age, Count, Distribution, Measure, Stock, Weighted
from noren.core.metric.question import Question, Words
from noren.core.metric.sql import date_path, is_live

Leaf = Measure | Distribution | Stock


@dataclass(frozen=True, slots=True)
class Fit:
    """How one leaf is read from a cube. where: which cells count; needed: fields of the cells it takes; by_day: months
    will not do; rows: the column of rows that are meant; counted: of rows with a value; total: of the sum (age: days
    times rows); weighted: the sum still to be weighted, and by what; as_age: the sum is made of the day."""

    cube: Cube
    leaf: Leaf
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
    needed, by_day = set[str](), False
    for dim in q.dims:
        if dim.allocation or dim.seen is not None or _first(dim.path) not in cube.by:
            return None
        needed.add(_first(dim.path))
    asked = _asked(q, cube)
    limit = _limit(q, leaf, cube)
    if asked is None or limit is None:
        return None
    needed |= asked[0] | limit
    found = _split(leaf, cube)
    if found is None:
        return None
    meant, given = found
    inside = {name for name in fields_of(meant) if name != cube.day}
    needed |= {_first(name) for name in inside}
    by_day = asked[1] or cube.day in fields_of(meant)
    if isinstance(leaf, Stock) and leaf.longer:
        if leaf.longer[0] != cube.day or cube.past:
            return None
        needed.add(_first(leaf.longer[1]))
        by_day = True
    if not needed <= set(cube.by):
        return None
    return _columns(leaf, cube, meant, given, needed, by_day)


def _dated(q: Question, leaf: Leaf, cube: Cube) -> bool:
    """Is the cube about the days the question is about?"""
    if isinstance(leaf, Stock):
        return not is_live(q) and not leaf.today_only if cube.past else is_live(q) and _live(leaf, cube)
    if cube.past or date_path(q, leaf) != cube.day:
        return False
    return not (q.as_of and (leaf.until or leaf.since not in ("", cube.day) or q.as_of < q.period.first))


def _live(leaf: Stock, cube: Cube) -> bool:
    """A stock of today is in any cube whose rows it is among."""
    return bool(cube.where)


def _asked(q: Question, cube: Cube) -> tuple[set[str], bool] | None:
    """Fields of cells that the asker's filter takes, and whether it speaks of the day; None when cells cannot tell."""
    words = Words(q.metric, q.actor)
    needed, by_day = set[str](), False
    for cond in q.where.conditions():
        term = words.term(cond.field)
        if term is None or term.key or term.seen is not None:
            return None
        if term.path == cube.day and isinstance(cube.of._meta.get_field(cube.day), models.DateField):
            if isinstance(cube.of._meta.get_field(cube.day), models.DateTimeField):
                return None
            by_day = True
        elif _first(term.path) in cube.by:
            needed.add(_first(term.path))
        else:
            return None
    return needed, by_day


def _limit(q: Question, leaf: Leaf, cube: Cube) -> set[str] | None:
    """Fields of cells that the actor's reach takes: none for who sees all, the owner for who sees own rows or a team's."""
    limit = _reach(q, leaf)
    if limit is None:
        return set()
    holder = HOLDER if cube.past else leaf.model.reach.owner
    return {holder} if is_by_owner(limit, leaf.model.reach.owner) and holder in cube.by else None


def is_by_owner(limit: Q, owner: str) -> bool:
    """Does a reach ask for nothing but whose a row is? Cells know no shares."""
    names = {child[0] for child in limit.children if isinstance(child, tuple)}
    plain = len(limit.children) == 1 and not limit.negated and names <= {f"{owner}_id", f"{owner}_id__in"}
    return bool(owner and plain and names)


def _reach(q: Question, leaf: Leaf) -> Q | None:
    return None if q.actor.is_admin else reach(leaf.model, q.actor)


def limit_of(q: Question, found: Fit) -> Q:
    """Which cells the actor sees."""
    limit, owner = _reach(q, found.leaf), found.leaf.model.reach.owner
    if limit is None or not found.cube.past:
        return limit or Q()
    children: list[Any] = limit.children
    return Q(*((name.replace(owner, HOLDER, 1), value) for name, value in children))


def _split(leaf: Leaf, cube: Cube) -> tuple[F, frozenset[Node]] | None:
    """A leaf's own condition: what says which cells, and what must be a condition of the sum."""
    own = clauses(leaf.where)
    wider = clauses(cube.where)
    if not among(own, cube):
        return None
    cells: list[Node] = []
    given: list[Node] = []
    day = None if cube.past or isinstance(cube.of._meta.get_field(cube.day), models.DateTimeField) else cube.day
    for clause in own:
        if clause in wider:
            continue
        names = set(fields_of(F(clause)))
        (cells if names <= {*cube.by, day} else given).append(clause)
    return F(All(tuple(cells))), frozenset(given)


def _columns(leaf: Leaf, cube: Cube, where: F, given: frozenset[Node], needed: set[str], by_day: bool) -> Fit | None:
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
            return None if counted is None else Fit(cube, leaf, where, frozenset(needed), by_day, rows, counted)
        case Age(start=start):
            if start != cube.day or known or cube.past:
                return None
            return Fit(cube, leaf, where, frozenset(needed), True, rows, rows, total=rows, as_age=True)
    place = cube.part(value, known)
    if place is None:
        return None
    made = Fit(cube, leaf, where, frozenset(needed), by_day, rows, f"c{place}", f"t{place}")
    if not isinstance(value, Weighted):
        return made
    own, *others = value.chances
    if len(others) != 1 or "__" in own or _first(others[0]) not in cube.by:
        return None
    return Fit(
        cube, leaf, where, frozenset({*needed, _first(others[0])}), by_day, rows, f"c{place}", f"t{place}",
        to_weight=f"u{place}", chance=others[0],
    )  # fmt: skip


def _counted(cube: Cube, given: frozenset[Node]) -> str | None:
    """The column that counts rows meeting these conditions."""
    if not given:
        return "n"
    for name, part in _conditional(cube):
        if frozenset(clauses(part.where)) == given:
            return name
    return None


def _conditional(cube: Cube) -> Iterator[tuple[str, Any]]:
    for place, part in enumerate(cube.parts):
        if part.where:
            yield (f"c{place}" if isinstance(part.value, Count) else f"g{place}"), part


def _first(path: str) -> str:
    return path.partition("__")[0]
