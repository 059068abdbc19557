"""Rows joined with what they were: spans of their history, under one name."""

from __future__ import annotations

from typing import Any

from django.db.models import F as Column
from django.db.models import FilteredRelation, Q, QuerySet
from django.db.models import Value as Const
from django.db.models.lookups import Exact

from noren.core.metric.sql.chosen import flag

THEN = "past"


# What lasted no time was written down and then corrected: it never was.
LASTED = Q(**{f"{THEN}__to_at__isnull": True}) | Q(**{f"{THEN}__to_at__gt": Column(f"{THEN}__from_at")})


def joined(rows: QuerySet[Any], on: Q, further: Q) -> QuerySet[Any]:
    """Rows joined with spans as `past`. All conditions on the span stand in one filter, or each would join another."""
    rows = rows.annotate(**{THEN: FilteredRelation("spans", condition=on)})
    return rows.filter(Q(**{f"{THEN}__isnull": False}) & _of_one_span(further))


def _of_one_span(q: Q) -> Q:
    """Negations of the span joined in; of a relation to many Django would take `~Q` for "has no such span at all"."""
    children = [_of_one_span(child) if isinstance(child, Q) else child for child in q.children]
    made = Q(*children, _connector=q.connector)
    return Q(Exact(flag(made), Const(value=False))) if q.negated else made
