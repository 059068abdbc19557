"""A question put to a number, with every word resolved and every right checked before a row is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import HOUSE, Actor
from noren.core.access.firm import firm
from noren.core.access.models import Firm
from noren.core.access.rights import Touch
from noren.core.access.scope import behind
from noren.core.base.errors import Forbidden, NotFound, Refusal
from noren.core.base.period import (
    MONDAY,
    Bucket,
    Fiscal,
    Grain,
    Period,
    PeriodError,
    buckets,
    day_bounds,
    parse,
    today_in,
)
from noren.core.filter.condition import F
from noren.core.filter.vocabulary import Term
from noren.core.filter.when import When
from noren.core.metric.declare import (
    ALLOCATIONS,
    METRICS,
    Allocation,
    Conversion,
    Measure,
    Metric,
    Stay,
    Stock,
    kept_names,
    metric_of,
)
from noren.core.metric.prepared import once
from noren.core.record.declare import Record, record_of

Compare = Literal["previous", "year"]


class CannotAsk(Refusal):
    """A question that makes no sense, with what would."""

    code = "cannot_ask"


@dataclass(frozen=True, slots=True)
class Dim:
    """A way to break a number down. `path` leads from the noun; `allocation` when a row can have several; `seen`: rows of
    which the asker may know what stands at the path, None for all."""

    name: str
    label: Any
    path: str
    target: Any = None
    choices: Sequence[tuple[Any, Any]] = ()
    allocation: Allocation | None = None
    group: str = "public"
    is_text: bool = False
    seen: models.Q | None = dataclass_field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Question:
    """`period` holds only days up to `as_of` once asked; `today` is the firm's day of asking."""

    metric: Metric
    period: Period
    actor: Actor
    dims: tuple[Dim, ...] = ()
    grain: Grain | None = None
    where: F = dataclass_field(default_factory=F)
    basis: str = ""
    as_of: date | None = None
    known_on: date | None = None
    today: date = date.min
    fiscal: Fiscal = Fiscal(4)
    week_start: int = MONDAY
    zone: ZoneInfo = ZoneInfo("Asia/Tokyo")
    cuts: tuple[Bucket, ...] = ()

    @property
    def record(self) -> type[Record]:
        return record_of(self.metric.model)

    @property
    def day(self) -> date:
        """The day a stock is told of, and to which waits are counted."""
        last = self.as_of or self.today
        return min(last, self.period.last) if isinstance(self.metric, Stock) else last

    @property
    def of_past(self) -> bool:
        """Told as of a past day, or as it was known: by what rows were, not by what they are."""
        return self.known_on is not None or (self.as_of is not None and self.as_of < self.today)

    @property
    def when(self) -> When:
        return When(self.actor, self.today, self.fiscal)

    def end_of(self, day: date) -> datetime:
        """The first moment after a day of the firm."""
        return day_bounds(day, self.zone)[1]

    @property
    def allocation(self) -> Allocation | None:
        """The one allocation in use, by a dimension or by the filter."""
        for dim in self.dims:
            if dim.allocation:
                return dim.allocation
        for cond in self.where.conditions():
            found = ALLOCATIONS.get((self.metric.model.word(), cond.field))
            if found:
                return found
        return None


def question(
    metric: Metric | str,
    period: Period | str | None = None,
    *,
    actor: Actor,
    by: Sequence[str] = (),
    grain: Grain | str | None = None,
    where: F | None = None,
    basis: str | None = None,
    as_of: date | None = None,
    known_on: date | None = None,
    today: date | None = None,
) -> Question:
    """Read a question. CannotAsk for what makes no sense, Forbidden for what the actor may not know."""
    found = _metric(metric)
    house = firm()
    today = today or today_in(ZoneInfo(house.tz))

    def read() -> Question:
        return _read(found, period, actor, by, grain, where, basis, as_of, known_on, today, house)

    if actor.shared:  # a share ends by itself
        return read()
    key = ("question", found.id, period, tuple(by), grain, where, basis, as_of, known_on, today)
    return once(key, (found, actor, house), read)


def _read(
    found: Metric,
    period: Period | str | None,
    actor: Actor,
    by: Sequence[str],
    grain: Grain | str | None,
    where: F | None,
    basis: str | None,
    as_of: date | None,
    known_on: date | None,
    today: date,
    house: Firm,
) -> Question:
    zone, fiscal = ZoneInfo(house.tz), Fiscal(house.fiscal_start_month)
    if as_of and as_of > today:
        raise CannotAsk(_("This day lies in the future."))
    if as_of == today and isinstance(found, Measure) and found.planned:
        as_of = None  # plans of days to come are part of what is so today
    span = _period(period, today, fiscal)
    cut = _grain(grain)
    names = _by(found, by)
    made = Question(
        metric=found, period=span, actor=actor, dims=tuple(_seen(dimension(found, name), found, actor) for name in names), grain=cut,
        where=where or F(), basis=_basis(found, basis), as_of=as_of, known_on=known_on, today=today, fiscal=fiscal,
        zone=zone,
    )  # fmt: skip
    _may_ask(made)
    return made


def with_cuts(q: Question, period: Period) -> Question:
    """The same question over a bounded period, cut by its grain."""
    assert q.grain
    try:
        return replace(q, period=period, cuts=tuple(buckets(period, q.grain, q.fiscal, q.week_start)))
    except PeriodError as fault:
        raise CannotAsk(_("This period cannot be cut so finely: choose a shorter one or larger steps.")) from fault


def _metric(word: Metric | str) -> Metric:
    found = metric_of(word) if isinstance(word, str) else word
    if found is None:
        raise CannotAsk(
            _("There is no number called “%(name)s”. There are: %(possible)s."),
            name=word,
            possible=", ".join(sorted(METRICS)),
        )
    return found


def _period(period: Period | str | None, today: date, fiscal: Fiscal) -> Period:
    if period is None:
        return Period.all()
    if isinstance(period, Period):
        return period
    try:
        return parse(period, today, fiscal)
    except PeriodError as fault:
        if fault.code == "backwards":
            raise CannotAsk(_("“%(text)s” ends before it begins."), text=period) from fault
        raise CannotAsk(
            _("“%(text)s” is not a period. Write a day (2026-11-25), a month (2026-11), 2026Q3, FY2026, this_month, last_30_days,"
              " or two of these with “..” between."),
            text=period,
        ) from fault  # fmt: skip


def _grain(grain: Grain | str | None) -> Grain | None:
    if grain is None or grain == "":
        return None
    try:
        return Grain(grain)
    except ValueError as fault:
        raise CannotAsk(
            _("“%(name)s” is not a step of time. There are: %(possible)s."), name=grain, possible=", ".join(Grain)
        ) from fault


def _basis(metric: Metric, basis: str | None) -> str:
    possible = (
        tuple(dict.fromkeys(b for leaf in metric.leaves() for b in leaf.bases)) if not metric.bases else metric.bases
    )
    if not basis:
        return possible[0] if possible and metric.bases else ""
    if basis not in possible:
        raise CannotAsk(
            _("%(metric)s cannot be told by “%(name)s”. Possible: %(possible)s."),
            metric=metric.label, name=basis, possible=", ".join(possible) or "—",
        )  # fmt: skip
    return basis


def _by(metric: Metric, by: Sequence[str]) -> list[str]:
    names = list(dict.fromkeys(by))
    if isinstance(metric, (Stay, Conversion)):
        names = [metric.step, *(n for n in names if n != metric.step)]
    for name in names:
        if name not in metric.dimensions():
            raise CannotAsk(
                _("%(metric)s cannot be broken down by “%(name)s”. Possible: %(possible)s."),
                metric=metric.label, name=name, possible=", ".join(metric.dimensions()) or "—",
            )  # fmt: skip
    if sum((metric.model.word(), name) in ALLOCATIONS for name in names) > 1:
        raise CannotAsk(_("Only one breakdown by parts of a row is possible at a time."))
    return names


def dimension(metric: Metric, name: str) -> Dim:
    """The dimension of this name. LookupError when it leads from one row to many."""
    model = metric.model
    shared = ALLOCATIONS.get((model.word(), name))
    if shared:
        target, choices, column = _walk(model, f"{shared.through}__{shared.path}", through=True)
        return Dim(name, shared.label, f"line__{shared.path}", target, tuple(choices), shared, is_text=_is_text(column))
    field = record_of(model).field(name)
    _walk(model, field.path)
    return Dim(
        name, field.label, field.path, field.target, tuple(field.choices), None, field.group, _is_text(field.column)
    )


def _seen(dim: Dim, metric: Metric, actor: Actor) -> Dim:
    limit = None if dim.allocation else behind(metric.model, dim.path, actor)
    return dim if limit is None else replace(dim, seen=limit[1])


def _is_text(column: Any) -> bool:
    """Where an empty text means that nothing is known."""
    return column is None or isinstance(column, (models.CharField, models.TextField))


def _walk(model: Any, path: str, through: bool = False) -> tuple[Any, Any, Any]:
    """Follow a path and refuse to go from one to many (the first step of an allocation is allowed to)."""
    at, column = model, None
    for place, part in enumerate(path.split("__")):
        if part == "extra":
            return None, (), None
        column = at._meta.get_field(part)
        if (column.one_to_many or column.many_to_many) and not (through and place == 0):
            raise LookupError(f"{path}: {part} leads to many rows")
        at = column.related_model
    target = column.related_model if column is not None and column.is_relation else None
    return target, getattr(column, "choices", None) or (), column


def may_ask(metric: Metric, actor: Actor) -> bool:
    """Whether the number is open to the actor at all."""
    try:
        _fields_open(metric, actor)
    except Forbidden:
        return False
    return True


def _fields_open(metric: Metric, actor: Actor) -> None:
    if actor.is_admin:
        return
    for leaf in metric.leaves():
        record = record_of(leaf.model)
        if not actor.may(leaf.model, "view") and not leaf.model.reach.open_to_all:
            raise Forbidden(_("%(metric)s speaks of records your role does not open."), metric=metric.label)
        for name in leaf.names():
            if not record.may_read(name, actor):
                raise Forbidden(_("%(metric)s is made of fields that are hidden from your role."), metric=metric.label)


def _may_ask(q: Question) -> None:
    """The number's own fields and the dimensions, each against what the actor may read."""
    actor = q.actor
    _fields_open(q.metric, actor)
    if actor.is_admin:
        return
    for dim in q.dims:
        if dim.allocation is None and actor.touch(dim.group) < Touch.READ:
            raise Forbidden(_("“%(name)s” is hidden from your role."), name=dim.label)


class Words:
    """What a filter on a number may speak of: the noun's own filters, the number's dimensions, and parts of a row.

    past: prefix of the history's relation for fields it keeps (or of them `kept` alone), "" for today's row.
    """

    def __init__(self, metric: Metric, actor: Actor = HOUSE, past: str = "", kept: Sequence[str] = ()) -> None:
        self.metric, self.actor, self.past = metric, actor, past
        self.kept = kept or kept_names(metric.model)
        self.record = record_of(metric.model)
        self.words = self.record.vocabulary(actor)

    def term(self, name: str) -> Term | None:
        shared = ALLOCATIONS.get((self.metric.model.word(), name))
        if shared:
            dim = dimension(self.metric, shared.name)
            kind = "ref" if dim.target is not None else "text"
            return Term(name, dim.path, kind, shared.label, choices=dim.choices, target=dim.target)
        found = self.words.term(name)
        if found is None and (name in self.metric.dimensions() or self.actor.is_house):
            found = self._field(name)
        if found and self.past and found.path.partition("__")[0] in self.kept:
            return replace(found, path=f"{self.past}__{found.path}")
        return found

    def _field(self, name: str) -> Term | None:
        try:
            return self.record.term(name, self.actor) if self.record.may_read(name, self.actor) else None
        except (LookupError, NotFound):
            return None
