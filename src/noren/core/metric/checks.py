"""Is every declared number whole? Looked at by `noren check` and when the house starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import FieldDoesNotExist

from noren.core.metric.declare import ALLOCATIONS, ID, METRICS, UNITS, WAYS, Metric
from noren.core.metric.question import dimension
from noren.core.record.declare import record_of


@register("noren")
def metrics_are_whole(app_configs: Any = None, **_kw: Any) -> list[CheckMessage]:
    """Names, dimensions, fields and words of all numbers."""
    return [
        Error(f"{metric.id}: {fault}", id="noren.metric") for metric in METRICS.values() for fault in faults(metric)
    ]


def faults(metric: Metric) -> Iterator[str]:
    if not ID.fullmatch(metric.id):
        yield "an id is written in small letters, digits and single underscores"
    if metric.unit not in UNITS or metric.better not in WAYS:
        yield f"unit {metric.unit} or direction {metric.better} is not known"
    yield from (
        f"{name} is empty" for name in ("label", "formula", "dated", "left_out") if not str(getattr(metric, name))
    )
    for name in metric.dimensions():
        try:
            dimension(metric, name)
        except (LookupError, FieldDoesNotExist) as fault:
            yield f"dimension {name}: {fault}"
    record = record_of(metric.model)
    columns = metric.drill or next((leaf.drill for leaf in metric.leaves() if leaf.drill), ())
    if not columns:
        yield "no columns for the rows behind it"
    dates = tuple(getattr(metric, "dates", {}).values())
    conditions = tuple(c.field for c in where.conditions()) if (where := getattr(metric, "where", None)) else ()
    for name in (*columns, *metric.names(), *dates, *conditions):
        try:
            record.field(name)
        except LookupError:
            yield f"{record.__name__} has no field {name}"


def weights() -> Iterator[str]:
    """Names of allocations whose weights do not add up to one in some row: read from the data, for a nightly look."""
    from django.apps import apps
    from django.db.models import Q, Sum

    for (word, name), shared in ALLOCATIONS.items():
        if name != shared.name:
            continue
        model: Any = apps.get_model(word)
        living = Q(**{f"{shared.through}__removed_at__isnull": True})
        rows = model.every.filter(living, removed_at__isnull=True, **{f"{shared.through}__isnull": False})
        whole = rows.values("pk").annotate(whole=Sum(f"{shared.through}__{shared.weight}"))
        if whole.exclude(whole=1).exists():
            yield f"{word}.{name}"
