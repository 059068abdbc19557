"""Cube: sums over rows that the database keeps itself, so that a number costs the same over a thousand rows and a million.

    closed = Cube("deal_closed", of=Deal, day="closed_on", where=DECIDED, by=("outcome", "owner", "team"),
                  sums=(Total("amount"),), rolls=(("outcome",), ("outcome", "owner", "team")))

Of the rows that meet `where`, one cell for each day and each set of values of `by`: how many, and the sums. Triggers write
what a statement changes as new cells in the same transaction; they are added to the standing ones a little later. Both
are read together, so a number from a cube is always that of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from noren.core.base.model import Model
from noren.core.filter.condition import Cond, F, Node
from noren.core.metric.declare import Conversion, Count, Days, Gap, Stay, Total, Value, Weighted

Summed = Count | Total | Gap | Weighted | Days
SPREAD = "spread"
HOLDER = "holder"
GATE = "gate"


@dataclass(frozen=True, slots=True)
class Part:
    """A sum over only those of a cube's rows that meet `where`."""

    value: Summed
    where: F = field(default_factory=F)


CUBES: dict[str, Cube] = {}


@dataclass(frozen=True, kw_only=True, eq=False)
class Cube:
    """What is added up, and how finely.

    day: the date of a row, or a moment whose calendar day in the firm's time zone it is; empty with `past`.
    by: fields by which cells differ. sums: what is added up beside the number of rows.
    spread: days of which percentiles are wanted; in `rolls` it is called "spread".
    rolls: sets of `by` that are asked for together, small ones first; for each of them cells are added up to days and to
    months. Other sets are asked of the rows.
    past: sums over the history instead: a cell holds what came on its day less what went, so that all cells up to a day
    make what there was at its end. Whose a row is now, by which it is seen or not, is called "holder" there.
    Of rows that are seen through others, "gate" is the noun of the row that decides ("" for none) and "holder" whose that is.
    """

    name: str = field(kw_only=False)
    of: type[Model]
    day: str = ""
    where: F = field(default_factory=F)
    by: tuple[str, ...] = ()
    sums: tuple[Summed | Part, ...] = ()
    spread: Days | None = None
    rolls: tuple[tuple[str, ...], ...] = ()
    past: bool = False

    def __post_init__(self) -> None:
        CUBES[self.name] = self

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(each if isinstance(each, Part) else Part(each) for each in self.sums)

    def part(self, value: Value, given: frozenset[Node]) -> int | None:
        """The place of this sum; None when it is not kept."""
        for place, part in enumerate(self.parts):
            if part.value == value and frozenset(part.where.clauses()) == given:
                return place
        return None

    @property
    def of_history(self) -> bool:
        """Whether cells follow from the history of rows."""
        return self.past

    @property
    def gated(self) -> bool:
        """Whether cells tell through what their rows are seen."""
        return GATE in self.by

    def roll(self, needed: set[str]) -> int | None:
        """The smallest kept set of fields that has these."""
        return next((place for place, roll in enumerate(self.rolls) if needed <= set(roll)), None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Walk(Cube):
    """How rows went through the steps of their history: the cells of a Conversion or a Stay, as of now.

    One cell for each day on which rows first came to a step, and each set of values of `by`: the step itself, and what the
    rows are today. Of a conversion: how many came, and how many of them went further. Of a stay: how many spent so many
    days ("spent"; of who is there still, "there" times, it is short of today's number of days since `EPOCH`).

    Where steps stand in line is part of every cell. A change of that makes the cube unfit until it is made anew.
    """

    told: Conversion | Stay

    @property
    def of_history(self) -> bool:
        return True


SPENT = "spent"
THERE = "there"
EPOCH = date(2000, 1, 1)


def among(meant: tuple[Node, ...], cube: Cube) -> bool:
    """Are rows that meet all of these rows of the cube?"""
    return all(any(implies(clause, each) for clause in meant) for each in cube.where.clauses())


def implies(clause: Node, wider: Node) -> bool:
    """Whether whatever meets `clause` meets `wider`."""
    if clause == wider:
        return True
    if not (isinstance(clause, Cond) and isinstance(wider, Cond) and clause.field == wider.field):
        return False
    return bool(_values(clause)) and _values(clause) <= _values(wider)


def _values(clause: Cond) -> frozenset[object]:
    if clause.op == "is":
        return frozenset((clause.value,))
    return frozenset(clause.value) if clause.op == "in" and isinstance(clause.value, tuple) else frozenset()


def fields_of(where: F) -> Iterator[str]:
    return (cond.field for cond in where.conditions())
