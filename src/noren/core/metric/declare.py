"""Measure: a number, declared once and read by screens, command line, API, goals and the number book.

    won_deals = Measure("won_deals", _("Won deals"), of=Deal, where=F(outcome="won"), dates={"closed": "closed_on"}, by=DIMS)
    win_rate  = Ratio("win_rate_count", _("Win rate"), of=won_deals, per=closed_deals)

A ratio keeps its two halves and divides last, so no rate is ever averaged. `ask` gives the number, `rows` what is behind
it. Kinds: Measure (a flow, dated), Ratio, Derived (arithmetic of other numbers), Stock (what there was on a day, from
history), Distribution (mean, median, percentiles), Survival (time to an end, with those still waiting), Stay (time in a
step) and Conversion (from one step to a later one).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from noren.core.base.model import Model
from noren.core.filter.condition import F

COUNT, MONEY, PERCENT, DAYS, MONEY_PER_DAY = "count", "money", "percent", "days", "money_per_day"
UNITS = (COUNT, MONEY, PERCENT, DAYS, MONEY_PER_DAY)
UP, DOWN, NEITHER, TARGET = "up", "down", "none", "target"
WAYS = (UP, DOWN, NEITHER, TARGET)

ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

# ---- what is added up -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows."""

    names: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of a field; with several names, of the first of them that is known in a row."""

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)


@dataclass(frozen=True, slots=True)
class Gap:
    """`whole - part`, where both are known."""

    whole: str
    part: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.whole, self.part)


@dataclass(frozen=True, slots=True)
class Weighted:
    """A field times a chance in percent; the chance is the first of `chances` that is known."""

    name: str
    chances: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)


@dataclass(frozen=True, slots=True)
class Days:
    """Calendar days from one date to another. A negative wait is an error in the data: left out, counted as missing."""

    start: str
    end: str
    names: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, slots=True)
class Age:
    """Calendar days from a moment or day to the day of asking."""

    start: str
    names: ClassVar[tuple[str, ...]] = ()


Value = Count | Total | Gap | Weighted | Days | Age

# ---- dimensions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Allocation:
    """A dimension of which a row can have several, each with a weight; the weights of a row add up to 1.

    `through`: the related name of the rows that carry it, `path`: from there to the value.
    """

    noun: str
    name: str
    label: Any
    through: str
    path: str
    weight: str
    also: tuple[str, ...] = ()  # names in the noun's own filters that mean the same


ALLOCATIONS: dict[tuple[str, str], Allocation] = {}


def allocate(
    of: type[Model], name: str, label: Any, *, through: str, path: str, weight: str, also: Sequence[str] = ()
) -> Allocation:
    """Declare an allocated dimension of a noun."""
    made = Allocation(of.word(), name, label, through, path, weight, tuple(also))
    for key in (name, *also):
        ALLOCATIONS[of.word(), key] = made
    return made


# ---- the kinds ------------------------------------------------------------------------------------------------------

METRICS: dict[str, Metric] = {}
CHAPTERS: list[Chapter] = []


@dataclass(frozen=True)
class Chapter:
    """Numbers of the number book that answer one question. order: its place in the book."""

    order: int
    question: Any
    metrics: tuple[Metric, ...]


def chapter(order: int, question: Any, *metrics: Metric) -> Chapter:
    """Add a chapter to the number book."""
    made = Chapter(order, question, metrics)
    CHAPTERS.append(made)
    return made


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What every kind has. `id` is written once and never changed.

    by: names of dimensions; formula, dated, left_out: the number in words; drill: columns of the rows behind it; alias:
    a dotted name.
    """

    id: str = field(kw_only=False)
    label: Any = field(kw_only=False)
    of: Any = None
    by: tuple[str, ...] = ()
    unit: str = COUNT
    better: str = NEITHER
    formula: Any = ""
    dated: Any = ""
    left_out: Any = ""
    drill: tuple[str, ...] = ()
    alias: str = ""

    kind: ClassVar[str] = ""

    def __post_init__(self) -> None:
        METRICS[self.id] = self

    @property
    def model(self) -> type[Model]:
        return self.of  # type: ignore[no-any-return]

    @property
    def bases(self) -> tuple[str, ...]:
        """Names of the dates by which this number can be put into periods; the first is the usual one."""
        return ()

    def leaves(self) -> Iterator[Metric]:
        """The numbers this one is made of, itself if of none."""
        yield self

    def names(self) -> tuple[str, ...]:
        """Fields whose visibility decides who may ask."""
        return ()

    def dimensions(self) -> tuple[str, ...]:
        return self.by


@dataclass(frozen=True, kw_only=True)
class Measure(Metric):
    """A flow: rows counted or added up by a date of their own.

    dates: basis -> date field. since, until: the date fields from which, and to which, a row meets `where`; with them the
    number can be told as of a past day. planned: its dates are plans, of which no history is kept: told of today alone.
    """

    value: Value = Count()
    where: F = F()
    dates: Mapping[str, str] = field(default_factory=dict)
    since: str = ""
    until: str = ""
    planned: bool = False
    kind: ClassVar[str] = "measure"

    @property
    def bases(self) -> tuple[str, ...]:
        return tuple(self.dates)

    def names(self) -> tuple[str, ...]:
        return self.value.names


@dataclass(frozen=True, kw_only=True)
class Ratio(Metric):
    """`of` divided by `per`, both over the same rows' noun, both flows or both stocks.

    A rate of counts has a Wilson interval.
    """

    per: Any = None
    kind: ClassVar[str] = "ratio"

    @property
    def model(self) -> type[Model]:
        return self.per.model  # type: ignore[no-any-return]

    @property
    def bases(self) -> tuple[str, ...]:
        return tuple(name for name in self.per.bases if name in self.of.bases)

    @property
    def is_rate(self) -> bool:
        """A share of rows, so chance alone gives it an interval."""
        return isinstance(self.of.value, Count) and isinstance(self.per.value, Count)

    def leaves(self) -> Iterator[Metric]:
        yield self.of
        yield self.per

    def names(self) -> tuple[str, ...]:
        return (*self.of.names(), *self.per.names())

    def dimensions(self) -> tuple[str, ...]:
        return self.by or tuple(name for name in self.per.by if name in self.of.by)


@dataclass(frozen=True, kw_only=True)
class Distribution(Metric):
    """Mean, median and percentiles of a value over rows."""

    value: Value = Count()
    where: F = F()
    dates: Mapping[str, str] = field(default_factory=dict)
    since: str = ""
    until: str = ""
    kind: ClassVar[str] = "distribution"

    @property
    def bases(self) -> tuple[str, ...]:
        return tuple(self.dates)

    def names(self) -> tuple[str, ...]:
        return self.value.names


@dataclass(frozen=True, kw_only=True)
class Stock(Metric):
    """What there was at the end of a day, by the noun's history: never by today's row. Not additive over time.

    known: a field that must be filled; rows without it are counted as missing. longer: (since, days), two fields: only rows
    that have stayed longer than those days. today_only: made of what no history is kept of, so told of today alone.
    """

    value: Value = Count()
    where: F = F()
    known: str = ""
    longer: tuple[str, str] | None = None
    today_only: bool = False
    kind: ClassVar[str] = "stock"

    def names(self) -> tuple[str, ...]:
        return self.value.names


@dataclass(frozen=True, kw_only=True)
class Survival(Metric):
    """Days from `start` to `end`; rows without an end yet are censored on the day of asking.

    share: the quantile that is the value (0.5: the median). With `cause` the value is instead the share that ended so by
    day `horizon`, others counted as ended otherwise (Aalen-Johansen); `outcome` is the field that names the cause.
    """

    start: str = ""
    end: str = ""
    outcome: str = ""
    share: float = 0.5
    cause: str = ""
    horizon: int = 90
    kind: ClassVar[str] = "survival"

    @property
    def bases(self) -> tuple[str, ...]:
        return ("start",)


@dataclass(frozen=True, kw_only=True)
class Stay(Metric):
    """Calendar days in a step of the history, stays of one row added up; who is still there is censored."""

    step: str = ""
    while_: F = F()  # what a span must be for the row to count as being there
    share: float = 0.5
    kind: ClassVar[str] = "stay"

    @property
    def bases(self) -> tuple[str, ...]:
        return ("entered",)


@dataclass(frozen=True, kw_only=True)
class Conversion(Metric):
    """Of the rows that came to a step, the share that later came further (or met `done`).

    order: path on the step that puts steps in line, within: the field that says which line. A row that jumps over a step
    counts as having passed it; a way back does not undo.
    """

    step: str = ""
    order: str = ""
    within: str = ""
    done: tuple[str, str] = ("", "")
    kind: ClassVar[str] = "conversion"

    @property
    def bases(self) -> tuple[str, ...]:
        return ("entered",)


@dataclass(frozen=True, kw_only=True)
class Derived(Metric):
    """Arithmetic of other numbers. `work` gets their values by name and is only called when all are known.

    n_of: the part whose n is shown; a part that is a Distribution gives its mean.
    """

    parts: Mapping[str, Metric] = field(default_factory=dict)
    work: Callable[[Mapping[str, float]], float | None] = lambda _values: None
    n_of: str = ""
    kind: ClassVar[str] = "derived"

    @property
    def model(self) -> type[Model]:
        return (self.parts[self.n_of] if self.n_of else next(iter(self.parts.values()))).model

    def leaves(self) -> Iterator[Metric]:
        for part in self.parts.values():
            yield from part.leaves()

    def names(self) -> tuple[str, ...]:
        return tuple(name for part in self.parts.values() for name in part.names())

    def dimensions(self) -> tuple[str, ...]:
        several = [part.dimensions() for part in self.parts.values()]
        return tuple(name for name in several[0] if all(name in other for other in several[1:]))


def metric_of(word: str) -> Metric | None:
    """By id or dotted alias."""
    found = METRICS.get(word)
    if found is None:
        found = next((m for m in METRICS.values() if m.alias and m.alias == word), None)
    return found


UNIT_LABELS: dict[str, Any] = {
    COUNT: _("Count"),
    MONEY: _("Money"),
    PERCENT: _("Percent"),
    DAYS: _("Days"),
    MONEY_PER_DAY: _("Money per day"),
}
BASIS_LABELS: dict[str, Any] = {
    "closed": _("by the day of closing"),
    "opened": _("by the day of opening"),
    "start": _("by the day of opening"),
    "entered": _("by the day of entering the step"),
    "happened": _("by the day it happened"),
    "created": _("by the day of entry"),
    "expected": _("by the expected close"),
}


def kept_names(model: type[models.Model]) -> tuple[str, ...]:
    """Fields of which the noun keeps a history."""
    return tuple(getattr(model, "kept", ()))
