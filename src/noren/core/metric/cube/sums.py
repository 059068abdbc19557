"""How many rows and the sum of a field, by one field, from a cube: for pages that count rows without asking for a metric.

The fields of the condition, the actor's reach and the sums must all be in the cells, as for metrics (`fit`); where no
cube answers exactly there is None, and the rows are asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, DecimalField, Q, QuerySet, Sum
from django.db.models import F as Column
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from noren.core.access.actor import Actor
from noren.core.access.firm import firm
from noren.core.access.scope import reach
from noren.core.base.model import Model
from noren.core.filter.condition import BadFilter, F
from noren.core.filter.sql import to_q
from noren.core.filter.vocabulary import Vocabulary
from noren.core.filter.when import When
from noren.core.metric.cube.declare import CUBES, Cube, among, clauses
from noren.core.metric.cube.face import face
from noren.core.metric.cube.fit import is_by_owner
from noren.core.metric.cube.read import asks_rows, forget, whole_now
from noren.core.metric.cube.source import mark
from noren.core.metric.declare import Total, Weighted


@dataclass(frozen=True, slots=True)
class Sums:
    """A reading of a cube. `rows()` gives (mark, value of `by`, n, sum, sum times percent), the last two where asked."""

    cube: Cube
    zone: str
    rows: Callable[[], QuerySet[Any]]

    def told(self, read: list[Any]) -> list[tuple[Any, ...]] | None:
        """What was read, without empty groups; None when these are not the cells of this declaration, or there are none
        to tell by: then the rows must be asked."""
        if not read or any(one[0] != mark(self.cube, self.zone) for one in read):
            forget()
            return None
        return [(by, int(n), *(None if s is None else int(s) for s in sums)) for _m, by, n, *sums in read if n]


def sums(
    model: type[Model], actor: Actor, vocabulary: Vocabulary, when: When, where: F, by: str,
    total: str = "", chances: tuple[str, ...] = (),
) -> Sums | None:  # fmt: skip
    """The first cube that tells, for what `actor` sees of these rows, their number and the sum of `total`, by `by`."""
    if asks_rows():
        return None
    zone = firm().tz
    for cube in CUBES.values():
        if cube.of is model and cube.where and not cube.past and whole_now(cube, zone):
            try:
                rows = _rows(cube, actor, vocabulary, when, where, by, total, chances)
            except BadFilter:
                return None  # the rows will say what is wrong
            if rows is not None:
                return Sums(cube, zone, rows)
    return None


def _rows(
    cube: Cube, actor: Actor, vocabulary: Vocabulary, when: When, where: F, by: str, total: str, chances: tuple[str, ...]
) -> Callable[[], QuerySet[Any]] | None:  # fmt: skip
    asked, wider = clauses(where), clauses(cube.where)
    if not among(asked, cube):
        return None
    needed = {by}
    cells = F()
    for clause in asked:
        if clause in wider:
            continue
        cells = cells & F(clause)
        for cond in F(clause).conditions():
            term = vocabulary.term(cond.field)
            if term is None or term.key or term.seen is not None or "__" in term.path:
                return None
            needed.add(term.path)
    limit = None if actor.is_admin else reach(cube.of, actor)
    if limit is not None:
        owner = cube.of.reach.owner
        if not is_by_owner(limit, owner):
            return None
        needed.add(owner)
    roll = cube.roll(needed) if needed <= set(cube.by) else None
    place = cube.part(Total(total), frozenset()) if total else None
    weight = cube.part(Weighted(total, chances), frozenset()) if chances else None
    if roll is None or (total and place is None) or (chances and weight is None):
        return None
    folds: dict[str, Any] = {"cells_n": Sum("n")}
    if total:
        folds["cells_sum"] = Sum(f"t{place}")
    if chances:
        folds["cells_percents"] = Sum(
            Column(f"t{weight}")
            + Coalesce(
                Column(f"u{weight}") * Column(chances[1]), 0, output_field=DecimalField(max_digits=40, decimal_places=0)
            )
        )
    levels = Q(level__in=(-1, 2 * roll + 1))

    def rows() -> QuerySet[Any]:
        found = face(cube)._base_manager.filter(levels).filter(to_q(cells, vocabulary, when)).filter(limit or Q())
        stamp = RawSQL(f"(SELECT mark FROM cube_state WHERE name = '{cube.name}')", (), output_field=CharField())  # noqa: S611
        grouped: QuerySet[Any] = found.order_by().annotate(cells_mark=stamp).values("cells_mark", by)
        told: QuerySet[Any] = grouped.annotate(**folds).values_list("cells_mark", by, *folds)
        return told

    return rows
