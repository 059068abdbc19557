"""What `ask` gives back: cells that know how they came about and which rows are behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from noren.core.base.period import Bucket, Period
from noren.core.metric.stats import Curve, Incidence

if TYPE_CHECKING:
    from noren.core.metric.question import Question

Number = int | float | Decimal


@dataclass(slots=True)
class Cell:
    """One number. `key`: the values of the dimensions; `bucket`: the cut of time, when cut.

    num, den: the halves of a ratio or mean; value: None when there is nothing to divide by, shown as “—”; n: rows counted;
    missing: rows that belong here but lack what is needed; low, high: 95 % interval; complete: the time is over and
    nothing is missing; more: median and percentiles; curve: of a survival; before: the same cell of the period compared.
    """

    key: tuple[Any, ...] = ()
    labels: tuple[str, ...] = ()
    bucket: Bucket | None = None
    num: Number | None = None
    den: Number | None = None
    value: Number | None = None
    n: int = 0
    missing: int = 0
    low: float | None = None
    high: float | None = None
    complete: bool = False
    more: dict[str, float | None] = field(default_factory=dict)
    curve: Curve | Incidence | None = None
    before: Cell | None = None
    question: Question | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        return " · ".join(self.labels)

    @property
    def change(self) -> float | None:
        """Relative to the period compared; None when either is unknown or there was nothing before."""
        if self.before is None or self.value is None or not self.before.value:
            return None
        return float(self.value) / float(self.before.value) - 1


@dataclass(slots=True)
class Answer:
    """All cells of one question, and the total made of its own halves."""

    question: Question
    cells: list[Cell]
    total: Cell
    compared: Period | None = None

    @property
    def metric(self) -> Any:
        return self.question.metric

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.cells)

    def cell(self, *labels: Any) -> Cell | None:
        """The cell of these labels or keys."""
        return next((c for c in self.cells if c.labels == labels or c.key == labels), None)
