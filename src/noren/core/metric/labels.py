"""Words for the values of dimensions, and their order: one query per dimension, never one per cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from noren.core.metric.question import Dim

NOTHING = "—"


@dataclass(frozen=True, slots=True)
class Labels:
    """Per dimension: value -> (place, words)."""

    known: tuple[dict[Any, tuple[int, str]], ...]

    def of(self, key: tuple[Any, ...]) -> tuple[str, ...]:
        return tuple(words.get(value, (0, _plain(value)))[1] for words, value in zip(self.known, key, strict=True))

    def order(self, key: tuple[Any, ...]) -> tuple[tuple[int, str], ...]:
        """Nothing comes last."""
        last = (1 << 30, "")
        return tuple(
            last if value in (None, "") else words.get(value, (0, _plain(value)))
            for words, value in zip(self.known, key, strict=True)
        )


def _plain(value: Any) -> str:
    return NOTHING if value in (None, "") else str(value)


def labels_of(dims: Sequence[Dim], keys: Sequence[tuple[Any, ...]]) -> Labels:
    known: list[dict[Any, tuple[int, str]]] = []
    for place, dim in enumerate(dims):
        values = {key[place] for key in keys if key[place] is not None}
        if dim.target is not None:
            rows = dim.target._base_manager.filter(pk__in=values).order_by(*dim.target._meta.ordering) if values else ()
            known.append({row.pk: (at, str(row)) for at, row in enumerate(rows)})
        elif dim.choices:
            known.append({value: (at, str(label)) for at, (value, label) in enumerate(dim.choices) if value != ""})
        else:
            known.append({})
    return Labels(tuple(known))
