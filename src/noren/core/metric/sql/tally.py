"""What was counted, cell by cell: one grouped query whose totals come from the same pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

from noren.core.metric.declare import (
    Distribution,
)
from noren.core.metric.memo import run

QUANTILES = (0.25, 0.5, 0.75, 0.9)


Key = tuple[Any, ...]  # (number of the cut or None, dimension values…)


TOTAL: Key = ("total",)


@dataclass(slots=True)
class Tally:
    """What was counted of one leaf in one cell. `total`: the sum (or the count); `weight`: Σ of weights of rows with a
    value; `n`: rows with a value; `missing`: rows without."""

    total: Any = 0
    weight: Any = 0
    n: int = 0
    missing: int = 0
    quantiles: tuple[float, ...] | None = None

    def __add__(self, other: Tally) -> Tally:
        """Of two disjoint sets of rows; percentiles cannot be added and are dropped."""
        return Tally(
            self.total + other.total, self.weight + other.weight, self.n + other.n, self.missing + other.missing
        )


Tallies = dict[Key, list[Tally]]


def whole(value: Any) -> Any:
    """Decimals of the database as plain numbers: whole ones as int, exactly."""
    if value is None:
        return 0
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value.normalize()
    return value


def as_sql(rows: QuerySet[Any], names: dict[str, Any]) -> tuple[str, tuple[Any, ...]] | None:
    try:
        sql, params = rows.annotate(**names).values_list(*names).query.sql_with_params()
    except EmptyResultSet:
        return None
    return sql, tuple(params)


def grouped(
    inner: tuple[str, tuple[Any, ...]], groups: list[str], picked: list[str], leaves: Sequence[Any], percentiles: bool,
) -> Tallies:  # fmt: skip
    sql, params = inner
    heads = ", ".join(groups)
    mark = f"GROUPING({groups[0]})" if groups else "1"
    text = f"SELECT {mark}{', ' if heads else ''}{heads}, {', '.join(picked)} FROM ({sql}) t"
    if groups:
        text += f" GROUP BY GROUPING SETS (({heads}), ())"
    found: Tallies = {}
    for row in run(text, params):
        values = list(row[1 + len(groups) :])
        tallies = []
        for leaf in leaves:
            total, weight, n, missing = values[:4]
            del values[:4]
            quantiles = None
            if percentiles and isinstance(leaf, Distribution):
                quantiles = values.pop(0)
            tallies.append(Tally(whole(total), whole(weight), n, missing, tuple(quantiles) if quantiles else None))
        found[TOTAL if row[0] else key_of(groups, row[1 : 1 + len(groups)])] = tallies
    return found


def key_of(groups: list[str], values: Sequence[Any]) -> Key:
    """The cut counted from 0 (None: no cut), then the dimensions."""
    if groups and groups[0] == "b":
        return (None if values[0] is None else values[0] - 1, *values[1:])
    return (None, *values)
