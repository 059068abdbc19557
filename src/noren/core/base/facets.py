"""Facets: what lists are mostly narrowed by, all in one small index, so that any few of them together are found at once.

facets = "standing", "rank", "industry"        # of the model, and in its Meta:
indexes = [facet_index("company_facets", "standing", "rank", "industry")]
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db.models import F, Func, Q, TextField


def facets_of(*names: str) -> Func:
    """A row's facets as an array of `field value`."""
    each = (
        Func(F(name), template=f"'{name} '::text || %(expressions)s::text", output_field=TextField()) for name in names
    )
    return Func(*each, template="(ARRAY[%(expressions)s])", output_field=ArrayField(TextField()))


def facet(name: str, value: Any) -> str:
    """One of them, as it stands in the array."""
    return f"{name} {value}"


def facet_index(name: str, *fields: str) -> GinIndex:
    return GinIndex(facets_of(*fields), name=name, condition=Q(removed_at__isnull=True))
