"""Rows joined with what they were: spans of their history, under one name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet
from django.db.models import F as Column
from django.db.models import Value as Const
from django.db.models.lookups import Exact

from noren.core.metric.declare import Metric, Stock, kept_names
from noren.core.metric.question import Question
from noren.core.metric.sql.chosen import flag, seen

THEN = "past"


# What lasted no time was written down and then corrected: it never was.
LASTED = Q(**{f"{THEN}__to_at__isnull": True}) | Q(**{f"{THEN}__to_at__gt": Column(f"{THEN}__from_at")})


def is_live(q: Question) -> bool:
    """A stock told of today, so today's rows are the truth and history need not be read."""
    return not q.cuts and not q.known_on and q.day >= q.today


def past_of(q: Question, leaf: Metric) -> str:
    """The prefix of what rows were then; "" where a leaf is told by what they are."""
    if isinstance(leaf, Stock):
        return "" if is_live(q) else THEN
    return THEN if q.of_past and kept_names(leaf.model) else ""


def spans_of(model: Any) -> Any:
    """All of a noun's history."""
    return model._meta.get_field("spans").related_model._base_manager


def spans_at(q: Question, model: Any, end: datetime) -> QuerySet[Any]:
    """The span of each row that held until a moment, which is the end of a day; with `known_on`: as was known by then."""
    spans: QuerySet[Any] = spans_of(model).filter(from_at__lt=end)
    if not q.known_on:
        return spans.filter(Q(to_at__isnull=True) | Q(to_at__gte=end))
    return spans.filter(recorded_at__lt=q.end_of(q.known_on)).order_by("row", "-recorded_at", "-id").distinct("row")


def there(q: Question, leaf: Metric, further: Q, ends: tuple[datetime, ...] = ()) -> QuerySet[Any]:
    """Rows the actor may see that meet a condition: as they are, or as they were (as `past`) at the end of the day told of
    or at some of these moments."""
    rows = seen(q, leaf)
    if not past_of(q, leaf):
        return rows.filter(further)
    ends = ends or (q.end_of(q.day),)
    if q.known_on:
        # Of what had been written down by then, the last word on each row: later words shrank the earlier spans.
        known = {"from_at__lt": max(ends), "recorded_at__lt": q.end_of(q.known_on)}
        on = Q(**{f"spans__{name}": moment for name, moment in known.items()})
        since = Q(recorded_at__gt=OuterRef(f"{THEN}__recorded_at"))
        since |= Q(recorded_at=OuterRef(f"{THEN}__recorded_at"), id__gt=OuterRef(f"{THEN}__id"))
        later = spans_of(leaf.model).filter(since, row=OuterRef("pk"), **known)
        found: QuerySet[Any] = joined(rows, on, further).alias(said_anew=Exists(later)).filter(said_anew=False)
        return found
    holds = Q(spans__to_at__isnull=True) | Q(spans__to_at__gte=min(ends))
    return joined(rows, Q(spans__from_at__lt=max(ends)) & holds, further)


def joined(rows: QuerySet[Any], on: Q, further: Q) -> QuerySet[Any]:
    """Rows joined with spans as `past`. All conditions on the span stand in one filter, or each would join another."""
    rows = rows.annotate(**{THEN: FilteredRelation("spans", condition=on)})
    return rows.filter(Q(**{f"{THEN}__isnull": False}) & _of_one_span(further))


def _of_one_span(q: Q) -> Q:
    """Negations of the span joined in; of a relation to many Django would take `~Q` for "has no such span at all"."""
    children = [_of_one_span(child) if isinstance(child, Q) else child for child in q.children]
    made = Q(*children, _connector=q.connector)
    return Q(Exact(flag(made), Const(value=False))) if q.negated else made
