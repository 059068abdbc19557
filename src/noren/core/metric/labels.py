"""Words for the values of dimensions, and their order: one query per dimension, never one per cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import Actor
from noren.core.access.scope import reach
from noren.core.base.model import Model
from noren.core.metric.prepared import objects
from noren.core.metric.question import Dim

NOTHING = "—"
HIDDEN = (1 << 29, _("(hidden)"))


@dataclass(frozen=True, slots=True)
class Labels:
    """Per dimension: value -> (place, words)."""

    known: tuple[dict[Any, tuple[int, Any]], ...]

    def of(self, key: tuple[Any, ...]) -> tuple[str, ...]:
        return tuple(str(words.get(value, (0, _plain(value)))[1]) for words, value in zip(self.known, key, strict=True))

    def order(self, key: tuple[Any, ...]) -> tuple[tuple[int, str], ...]:
        """Nothing comes last."""
        last = (1 << 30, "")
        return tuple(
            last if value in (None, "") else _placed(*words.get(value, (0, _plain(value))))
            for words, value in zip(self.known, key, strict=True)
        )


def _placed(at: int, words: Any) -> tuple[int, str]:
    return at, str(words)


def _plain(value: Any) -> str:
    return NOTHING if value in (None, "") else str(value)


def _seen(target: Any, values: set[Any], actor: Actor) -> set[Any]:
    """Those of these rows whose names the actor may know; what is in the bin keeps its name."""
    limit = reach(target, actor) if issubclass(target, Model) and not actor.is_admin else None
    return values if limit is None else set(target.every.filter(limit, pk__in=values).values_list("pk", flat=True))


def _rows(target: Any, values: set[Any]) -> list[Any]:
    """The rows with these ids, in their usual order. Of what is everybody's there are few: all of them, so that the query
    stays the same."""
    if issubclass(target, Model) and target.reach.open_to_all:
        every = objects(("labels", target), lambda: target._base_manager.order_by(*target._meta.ordering))
        return [row for row in every if row.pk in values]
    ids = tuple(sorted(values))
    return objects(
        ("labels", target, ids), lambda: target._base_manager.filter(pk__in=ids).order_by(*target._meta.ordering)
    )


def labels_of(dims: Sequence[Dim], keys: Sequence[tuple[Any, ...]], actor: Actor) -> Labels:
    """The words for these values; rows that the actor may not see are all called hidden."""
    known: list[dict[Any, tuple[int, Any]]] = []
    for place, dim in enumerate(dims):
        values = {key[place] for key in keys if key[place] is not None}
        if dim.target is not None:
            rows = _rows(dim.target, values) if values else ()
            seen = _seen(dim.target, values, actor)
            known.append({row.pk: (at, str(row)) if row.pk in seen else HIDDEN for at, row in enumerate(rows)})
        elif dim.choices:
            known.append({value: (at, str(label)) for at, (value, label) in enumerate(dim.choices) if value != ""})
        else:
            known.append({})
    return Labels(tuple(known))
