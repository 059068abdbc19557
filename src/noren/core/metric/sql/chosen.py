"""Which rows count, by which day, and their values: the expressions that queries are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Case, FilteredRelation, Func, Q, QuerySet, When
from django.db.models import F as Column
from django.db.models import Value as Const
from django.db.models.functions import Coalesce, NullIf

from noren.core.access.actor import HOUSE
from noren.core.access.scope import look_for, visible
from noren.core.base.period import Period
from noren.core.filter.condition import F
from noren.core.filter.sql import to_q
from noren.core.filter.when import When as Now
from noren.core.metric.declare import (
    Age,
    Count,
    Days,
    Distribution,
    Gap,
    Measure,
    Metric,
    Total,
    Weighted,
    kept_names,
)
from noren.core.metric.question import Dim, Question, Words


def condition(q: Question, where: F, metric: Metric, past: str = "") -> Q:
    """A declared filter: names of the noun itself, nobody's rights."""
    return to_q(where, Words(metric, HOUSE, past), Now(HOUSE, q.today, q.fiscal))


def asked_condition(q: Question, past: str = "") -> Q:
    """The asker's filter: only what they may filter on."""
    return to_q(q.where, Words(q.metric, q.actor, past), q.when)


def seen(q: Question, leaf: Metric) -> QuerySet[Any]:
    """Rows of the leaf's noun the actor may see; with the rows that carry an allocation joined in as `line`."""
    rows: QuerySet[Any] = visible(leaf.model, q.actor, look=look_for(leaf.model, q.actor, many=True)).order_by()
    shared = q.allocation
    if shared:
        on = Q(**{f"{shared.through}__removed_at__isnull": True})
        rows = rows.annotate(line=FilteredRelation(shared.through, condition=on))
    return rows


def then(model: Any, name: str, past: str) -> str:
    """Where a field is read: in the history's span, where it is kept there, or in today's row."""
    return f"{past}__{name}" if past and name.partition("__")[0] in kept_names(model) else name


def expression(value: Any, past: str = "", model: Any = None, q: Question | None = None) -> Any:
    """The value of one row as an ORM expression; None for a count."""

    def path(name: str) -> str:
        return then(model, name, past)

    match value:
        case Count():
            return None
        case Total(names=names) if len(names) == 1:
            return Column(path(names[0]))
        case Total(names=names):
            return Coalesce(*(Column(path(name)) for name in names))
        case Gap(whole=one, part=other):
            return Column(path(one)) - Column(path(other))
        case Weighted(name=name, chances=chances):
            chance = Coalesce(*(Column(path(c)) for c in chances)) if len(chances) > 1 else Column(path(chances[0]))
            hundredth = Const(Decimal("0.01"), output_field=models.DecimalField(max_digits=4, decimal_places=2))
            number = models.DecimalField(max_digits=24, decimal_places=2)
            return Func(
                Column(path(name)),
                chance,
                hundredth,
                template="(%(expressions)s)",
                arg_joiner=" * ",
                output_field=number,
            )
        case Days(start=start, end=end):
            first, last = Column(path(start)), Column(path(end))
            days = days_between(last, first)
            return Case(When(Q(**{f"{path(end)}__gte": first}), then=days), output_field=models.IntegerField())
        case Age(start=start) if q is not None:
            return days_between(Const(q.day, output_field=models.DateField()), LocalDay(Column(start), str(q.zone)))
    raise TypeError(value)


def LocalDay(moment: Any, zone: str) -> Func:  # noqa: N802 (reads as an expression)
    """The firm's calendar day of a moment."""
    return Func(
        moment,
        Const(zone),
        template="(%(expressions)s)::date",
        arg_joiner=" AT TIME ZONE ",
        output_field=models.DateField(),
    )


def days_between(end: Any, start: Any) -> Func:
    return Func(end, start, template="(%(expressions)s)", arg_joiner=" - ", output_field=models.IntegerField())


def flag(q: Q) -> Any:
    if not q:
        return Const(value=True, output_field=models.BooleanField())
    return Case(When(q, then=Const(value=True)), default=Const(value=False), output_field=models.BooleanField())


def different(conditions: Iterable[Q]) -> list[Q]:
    """Without repetitions, and without those that a wider one (its first clause alone) already lets through."""
    found: list[Q] = []
    for each in conditions:
        if each not in found:
            found.append(each)
    return [q for q in found if not any(w is not q and _narrows(q, w) for w in found)]


def _narrows(narrow: Q, wide: Q) -> bool:
    """`narrow` is `wide` and something more."""
    return (
        narrow.connector == wide.connector == Q.AND
        and not narrow.negated
        and not wide.negated
        and bool(wide.children)
        and all(child in narrow.children for child in wide.children)
    )


def leaf_condition(q: Question, leaf: Measure | Distribution, past: str = "") -> Q:
    """When a row counts: the declared filter, on the day it is told of, as it was known then."""
    found = condition(q, leaf.where, leaf, past)
    if q.as_of:
        if leaf.since:
            found &= Q(**{f"{then(leaf.model, leaf.since, past)}__lte": q.as_of})
        if leaf.until:
            found |= Q(**{f"{then(leaf.model, leaf.until, past)}__gt": q.as_of})
    if q.known_on and not past:
        found &= Q(created_at__lt=q.end_of(q.known_on))  # no history: what is written down once and stays
    return found


def date_path(q: Question, leaf: Measure | Distribution) -> str:
    return leaf.dates[q.basis] if q.basis in leaf.dates else next(iter(leaf.dates.values()))


def within(q: Question, model: Any, path: str, period: Period, past: str = "") -> Q:
    """A date or moment inside the local days of a period."""
    first, last = period.first, period.last
    if q.as_of and q.as_of < last:
        last = q.as_of
    column = model._meta.get_field(path)
    path = then(model, path, past)
    found = Q()
    if isinstance(column, models.DateTimeField):
        start, end = Period(min(first, last), last).bounds(q.zone)
        found &= Q(**{f"{path}__gte": start}) if start else Q()
        found &= Q(**{f"{path}__lt": end}) if end else Q()
        return found if first <= last else Q(pk__in=())
    found &= Q(**{f"{path}__gte": first}) if first != date.min else Q()
    found &= Q(**{f"{path}__lte": last}) if last != date.max else Q()
    return found


def number_of(q: Question, model: Any, path: str, borders: Sequence[date], past: str = "") -> Any:
    """Which of the pieces that begin at `borders` a row falls into, from 1."""
    column = model._meta.get_field(path)
    values: list[Any] = list(borders)
    if isinstance(column, models.DateTimeField):
        values = [Period(day, day).bounds(q.zone)[0] for day in borders]
    return Func(
        Column(then(model, path, past)), Const(values), function="width_bucket", output_field=models.IntegerField()
    )


def member(dim: Dim, path: str = "") -> Any:
    """The value of a dimension; an empty text is nothing."""
    column: Any = Column(path or dim.path)
    if dim.seen is not None:
        column = Case(When(dim.seen, then=column), default=None)
    return NullIf(column, Const("")) if dim.is_text else column


def counted_rows(q: Question) -> str:
    """SQL that counts rows: once, however many parts of a row there are."""
    return "count(DISTINCT k)" if q.allocation else "count(*)"
