"""Odd rows: those with a value that is none of a field's choices. There are none, and an index that holds only them proves
it at once: so a large list in the order of such a field can be read choice by choice.

chosen = "kind", "direction"        # of the model, and in its Meta:
indexes = [odd_index("activity_odd", kind=KINDS, direction=DIRECTIONS)]
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any

from django.db.models import Index, Q

Choices = Iterable[tuple[str, Any]]


def odd(**choices: Choices) -> Q:
    """The condition that a row is odd in one of these fields, none of which may be null."""
    each = (~Q(**{f"{name}__in": [value for value, _label in listed]}) for name, listed in choices.items())
    return reduce(lambda one, other: one | other, each)


def odd_index(name: str, **choices: Choices) -> Index:
    return Index(fields=["id"], name=name, condition=odd(**choices))
