"""Which rows count, by which day, and their values: the expressions that queries are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Case, Exists, FilteredRelation, Func, OuterRef, Q, QuerySet, When
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


def expression(value: Any, past: str = "", kept: Sequence[str] = (), q: Question | None = None) -> Any:
    """The value of one row as an ORM expression; None for a count."""

    def path(name: str) -> str:
        return f"{past}__{name}" if past and name.partition("__")[0] in kept else name

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
            days = days_between(Column(end), Column(start))
            return Case(When(Q(**{f"{end}__gte": Column(start)}), then=days), output_field=models.IntegerField())
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


def leaf_condition(q: Question, leaf: Measure | Distribution) -> Q:
    """When a row counts: the declared filter, on the day it is told of, as it was known then."""
    found = condition(q, leaf.where, leaf)
    if q.as_of:
        if leaf.since:
            found &= Q(**{f"{leaf.since}__lte": q.as_of})
        if leaf.until:
            found |= Q(**{f"{leaf.until}__gt": q.as_of})
    return found


def known_then(q: Question, leaf: Metric, where: F) -> Q:
    """As we knew it on `known_on`: what makes a row count had been recorded by then."""
    if not q.known_on:
        return Q()
    before = q.end_of(q.known_on)
    kept = kept_names(leaf.model)
    if not kept:
        return Q(created_at__lt=before)
    same = {c.field: OuterRef(c.field) for c in where.conditions() if c.field in kept}
    spans = spans_of(leaf.model)
    return Q(Exists(spans.filter(row=OuterRef("pk"), recorded_at__lt=before, **same)))


def spans_of(model: Any) -> Any:
    """All of a noun's history."""
    return model._meta.get_field("spans").related_model._base_manager


def date_path(q: Question, leaf: Measure | Distribution) -> str:
    return leaf.dates[q.basis] if q.basis in leaf.dates else next(iter(leaf.dates.values()))


def within(q: Question, model: Any, path: str, period: Period) -> Q:
    """A date or moment inside the local days of a period."""
    first, last = period.first, period.last
    if q.as_of and q.as_of < last:
        last = q.as_of
    column = model._meta.get_field(path)
    found = Q()
    if isinstance(column, models.DateTimeField):
        start, end = Period(min(first, last), last).bounds(q.zone)
        found &= Q(**{f"{path}__gte": start}) if start else Q()
        found &= Q(**{f"{path}__lt": end}) if end else Q()
        return found if first <= last else Q(pk__in=())
    found &= Q(**{f"{path}__gte": first}) if first != date.min else Q()
    found &= Q(**{f"{path}__lte": last}) if last != date.max else Q()
    return found


def flow_rows(q: Question, leaf: Measure | Distribution, period: Period) -> QuerySet[Any]:
    """The rows of a period, whether they count or not."""
    return seen(q, leaf).filter(within(q, leaf.model, date_path(q, leaf), period)).filter(asked_condition(q))


def number_of(q: Question, model: Any, path: str, borders: Sequence[date]) -> Any:
    """Which of the pieces that begin at `borders` a row falls into, from 1."""
    column = model._meta.get_field(path)
    values: list[Any] = list(borders)
    if isinstance(column, models.DateTimeField):
        values = [Period(day, day).bounds(q.zone)[0] for day in borders]
    return Func(Column(path), Const(values), function="width_bucket", output_field=models.IntegerField())


def member(dim: Dim, path: str = "") -> Any:
    """The value of a dimension; an empty text is nothing."""
    column: Any = Column(path or dim.path)
    if dim.seen is not None:
        column = Case(When(dim.seen, then=column), default=None)
    return NullIf(column, Const("")) if dim.is_text else column


def counted_rows(q: Question) -> str:
    """SQL that counts rows: once, however many parts of a row there are."""
    return "count(DISTINCT k)" if q.allocation else "count(*)"
