"""How many rows and the sum of a field from a cube, for each of some conditions: for pages that count rows without asking
for a metric.

The conditions, the actor's reach and the sums must all be in the cells, as for metrics (`asked`); where no cube answers
exactly there is None, and the rows are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import DecimalField, Field, QuerySet, Sum, Value
from django.db.models import F as Column
from django.db.models.functions import Coalesce

from noren.core.access.actor import Actor
from noren.core.access.firm import firm
from noren.core.base.model import Model
from noren.core.filter.condition import BadFilter, F
from noren.core.filter.vocabulary import Vocabulary
from noren.core.filter.when import When
from noren.core.metric.cube.asked import Asked, asked, first
from noren.core.metric.cube.declare import CUBES, Cube, among
from noren.core.metric.cube.face import face, marks
from noren.core.metric.cube.levels import levels
from noren.core.metric.cube.read import asks_rows, forget, whole_now
from noren.core.metric.cube.source import mark
from noren.core.metric.declare import Total, Weighted

NUMBER = DecimalField(max_digits=40, decimal_places=0)
NOTHING = Value(None, output_field=Field())  # of any kind


@dataclass(frozen=True, slots=True)
class Sums:
    """A reading of a cube. `rows()` gives the mark of its cells and what they tell, in one statement."""

    cube: Cube
    zone: str
    rows: Callable[[], QuerySet[Any]]

    def told(self, read: list[Any]) -> list[tuple[Any, ...]] | None:
        """(which condition, value of `by`, n, sum, sum times percent) of what was read, the last two where asked, without
        empty groups; None when these are not the cells of this declaration: then the rows must be asked."""
        if [one[0] for one in read if one[0] is not None] != [mark(self.cube, self.zone)]:
            forget()
            return None
        return [(at, by, *map(int, sums)) for _mark, at, by, *sums in read if sums[0]]


def sums(
    model: type[Model], actor: Actor, words: Vocabulary, when: When, conditions: Sequence[F], by: str = "",
    total: str = "", chances: tuple[str, ...] = (),
) -> Sums | None:  # fmt: skip
    """The first cube that tells, for each condition on what `actor` sees of these rows, their number and the sum of
    `total`, by `by`. chances: the percent of a row, else of what it refers to, by which the total is weighted as well."""
    if asks_rows():
        return None
    zone = firm().tz
    for cube in CUBES.values():
        if cube.of is model and cube.where and not cube.past and whole_now(cube, zone):
            folds = _folds(cube, total, chances)
            try:
                parts = [_part(cube, where, words, when, actor, by, chances) for where in conditions]
            except BadFilter:
                return None  # the rows will say what is wrong
            meant = [part for part in parts if part is not None]
            if folds is not None and len(meant) == len(parts):
                return Sums(cube, zone, partial(_rows, cube, meant, words, when, by, folds))
    return None


def _part(
    cube: Cube, where: F, words: Vocabulary, when: When, actor: Actor, by: str, chances: tuple[str, ...]
) -> tuple[Asked, int] | None:  # fmt: skip
    """How a condition is asked of cells, and of which of them; None when they cannot tell."""
    about = asked(cube, where, words, when, actor) if among(where.clauses(), cube) else None
    roll = cube.roll({*about.needed, *filter(None, [by]), *map(first, chances[1:])}) if about is not None else None
    return None if about is None or roll is None else (about, roll)


def _folds(cube: Cube, total: str, chances: tuple[str, ...]) -> dict[str, Any] | None:
    """The sums as they are read; None when the cube does not keep them."""
    place = cube.part(Total(total), frozenset()) if total else None
    weight = cube.part(Weighted(total, chances), frozenset()) if chances else None
    if (total and place is None) or (chances and weight is None):
        return None
    folds: dict[str, Any] = {"cells_n": Sum("n")}
    if total:
        folds["cells_sum"] = Sum(f"t{place}")
    if chances:
        left = Coalesce(Column(f"u{weight}") * Column(chances[1]), 0, output_field=NUMBER)
        folds["cells_percents"] = Sum(Column(f"t{weight}") + left)
    return folds


def _rows(
    cube: Cube, meant: Sequence[tuple[Asked, int]], words: Vocabulary, when: When, by: str, folds: dict[str, Any]
) -> QuerySet[Any]:  # fmt: skip
    heads = dict[str, Any](cells_mark=NOTHING, cells_at=NOTHING, cells_by=NOTHING)
    stamp = heads | {"cells_mark": Column("mark")} | dict.fromkeys(folds, NOTHING)
    told: QuerySet[Any] = marks()._base_manager.filter(name=cube.name).values(**stamp).values_list(*stamp)
    parts = []
    for at, (about, roll) in enumerate(meant):
        cells = face(cube)._base_manager.filter(levels(cube, roll, about.days, about.by_day))
        grouped = heads | {"cells_at": Value(at)} | ({"cells_by": Column(by)} if by else {})
        found = about.narrow(cells, words, when).order_by().values(**grouped).annotate(**folds)
        parts.append(found.values_list(*heads, *folds))
    return told.union(*parts, all=True)
