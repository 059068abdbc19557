"""What is asked of rows, asked of a cube's cells instead: a filter, and what the actor sees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet

from noren.core.access.actor import Actor
from noren.core.access.rights import Level
from noren.core.access.scope import deciders, own_limit, reach
from noren.core.base.period import DAY, Period
from noren.core.filter.condition import All, Cond, F, Node
from noren.core.filter.sql import day_or_period, to_q
from noren.core.filter.vocabulary import Vocabulary
from noren.core.filter.when import When
from noren.core.metric.cube.declare import GATE, HOLDER, Cube

NOTHING = Q(pk__in=())


@dataclass(frozen=True, slots=True)
class Asked:
    """Which cells are meant. seen: those of rows that the actor sees; days: the cube's day lies within each of these, and
    whole months of them will do; by_day: months will not do, for `where` speaks of the day; needed: fields of cells that
    all this takes."""

    where: F
    seen: Q
    days: tuple[Period, ...]
    by_day: bool
    needed: frozenset[str]

    def narrow(self, cells: QuerySet[Any], words: Vocabulary, when: When) -> QuerySet[Any]:
        """The cells meant, but for `days`: for these see `levels`."""
        return cells.filter(to_q(self.where, words, when)).filter(self.seen)


def asked(cube: Cube, where: F, words: Vocabulary, when: When, actor: Actor) -> Asked | None:
    """A filter on rows of the cube, put to its cells; None when they cannot tell. BadFilter for a day that is none."""
    limit = _seen(cube, actor)
    if limit is None:
        return None
    seen, needed = limit
    day, by_day = day_of_rows(cube), False
    days, rest = list[Period](), list[Node]()
    for clause in where.clauses():
        paths = _paths(clause, words)
        if paths is None:
            return None
        if clause in cube.where.clauses():
            continue  # as all its rows
        span = _span(clause, when) if paths == {day} else None
        if span is not None:
            days.append(span)
            continue
        rest.append(clause)
        by_day = by_day or day in paths
        needed |= {first(path) for path in paths if path != day}
    if not needed <= set(cube.by):
        return None
    return Asked(F(All(tuple(rest))), seen, tuple(days), by_day, frozenset(needed))


def _paths(clause: Node, words: Vocabulary) -> set[str] | None:
    """Where a condition looks; None when it looks where only rows tell, or where not all may be known to the actor."""
    terms = [words.term(cond.field) for cond in F(clause).conditions()]
    plain = [term for term in terms if term is not None and not term.key and term.seen is None]
    return {term.path for term in plain} if len(plain) == len(terms) else None


def _span(clause: Node, when: When) -> Period | None:
    """The days that a condition on a day means."""
    if not isinstance(clause, Cond) or clause.op not in ("on", "is", "gte", "gt", "lte", "lt"):
        return None
    span = day_or_period(clause.value, when)
    match clause.op:
        case "gte":
            return Period(span.first, date.max)
        case "gt":
            return Period(span.last + DAY, date.max)
        case "lte":
            return Period(date.min, span.last)
        case "lt":
            return Period(date.min, span.first - DAY)
    return span


def _seen(cube: Cube, actor: Actor) -> tuple[Q, set[str]] | None:
    """Which cells are of rows that the actor sees, and the fields that takes: none for who sees all, the owner for who sees
    own rows or a team's, of them or of what they are seen through. None for anything else: cells know no shares."""
    limit = None if actor.is_admin else reach(cube.of, actor)
    if limit is None:
        return Q(), set()
    if cube.gated:
        return _through(cube, actor)
    holder = HOLDER if cube.past else cube.of.reach.owner
    held = _held(limit, cube.of.reach.owner, holder)
    return None if held is None else (held, {holder})


def _through(cube: Cube, actor: Actor) -> tuple[Q, set[str]] | None:
    """The same for rows that are seen through others."""
    if actor.level(cube.of, "view") is Level.NONE:
        return None
    seen = Q()
    for noun in dict.fromkeys([*(noun for _here, noun, _key in deciders(cube.of)), cube.of]):
        limit = own_limit(cube.of, actor) if noun is cube.of else reach(noun, actor)
        held = Q() if limit is None else _held(limit, noun.reach.owner, HOLDER)
        if held is None:
            return None
        seen |= Q(**{GATE: "" if noun is cube.of else noun.word()}) & held
    return seen, {GATE, HOLDER}


def _held(limit: Q, owner: str, holder: str) -> Q | None:
    """A reach as a condition on `holder`; None where it asks for more than whose a row is."""
    if limit == NOTHING:
        return limit
    if not is_by_owner(limit, owner):
        return None
    children: list[Any] = limit.children
    return Q(*((name.replace(owner, holder, 1), value) for name, value in children))


def is_by_owner(limit: Q, owner: str) -> bool:
    """Does a reach ask for nothing but whose a row is?"""
    names = {child[0] for child in limit.children if isinstance(child, tuple)}
    plain = len(limit.children) == 1 and not limit.negated and names <= {f"{owner}_id", f"{owner}_id__in"}
    return bool(owner and plain and names)


def day_of_rows(cube: Cube) -> str | None:
    """The cube's day, where rows have it as they are asked for it; None where it is worked out from a moment."""
    is_moment = not cube.day or isinstance(cube.of._meta.get_field(cube.day), models.DateTimeField)
    return None if is_moment else cube.day


def first(path: str) -> str:
    """The field of the noun that a path begins with."""
    return path.partition("__")[0]
