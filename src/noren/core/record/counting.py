"""How many rows a list has, and what its columns add up to: exactly where that is quickly told, or when asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from time import monotonic
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction
from django.db.models import Avg, Count, Max, Min, QuerySet, Sum
from psycopg.errors import QueryCanceled

from noren.core.access.actor import Actor
from noren.core.access.scope import reach
from noren.core.record.declare import Record
from noren.core.record.field import Field
from noren.core.record.state import State

MOST = 10_000  # rows counted exactly without being asked
PATIENCE = 40  # ms that counting the rows of a large table may take without being asked
FOLDS = {"sum": Sum, "avg": Avg, "min": Min, "max": Max}

T = TypeVar("T")


def count_and_totals(
    record: type[Record], actor: Actor, rows: QuerySet[Any], fields: Sequence[Field], state: State, known: int | None
) -> tuple[int | None, dict[str, Any], bool]:
    """How many rows, and the totals of the shown columns over all of them. None, unless exact is asked for: beyond MOST
    (then the last is true), and in a large table where counting takes longer than PATIENCE."""
    wanted = {f.name: (record.totals[f.name], f.path) for f in fields if f.name in record.totals}
    if not wanted and known is not None:
        return known, {}, False
    large = not state.exact and is_huge(record.model._meta.db_table)
    if large and known is None and not (state.where or state.find) and reach(record.model, actor) is None:
        return None, {}, True
    folds = {f"{name}_": FOLDS[how](path) for name, (how, path) in wanted.items()}

    def told() -> dict[str, Any]:
        if state.exact:
            return rows.order_by().aggregate(n_=Count("pk"), **folds)
        if not wanted:
            return {"n_": rows.order_by().values("pk")[: MOST + 1].count()}
        inner = rows.order_by().values(*(path for _how, path in wanted.values()), "pk")[: MOST + 1]
        return inner.aggregate(n_=Count("pk"), **folds)

    found = soon(("count", record, state.where, state.find), actor, told) if large else told()
    if found is None:
        return None, {}, False
    if not state.exact and found["n_"] > MOST:
        return None, {}, True
    return found["n_"], {name: found[f"{name}_"] for name in wanted}, False


SET = "SELECT n, current_setting(n), set_config(n, v, true) FROM unnest(%s::text[], %s::text[]) s(n, v)"


def soon(
    what: Hashable, actor: Actor, ask: Callable[[], T], wait: int = PATIENCE, settings: Mapping[str, str] | None = None
) -> T | None:
    """What is asked, if the answer comes within `wait` ms; where it did not, it is not asked again for a while (see `spare`).
    settings: how the database is to look meanwhile."""
    if monotonic() - actor.memo.get(what, -LOOK) < LOOK:
        return None
    meant = {"statement_timeout": str(wait), **(settings or {})}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(SET, [list(meant), list(meant.values())])
            names, before = zip(*((name, was) for name, was, _now in cursor.fetchall()), strict=True)
            found = ask()
            cursor.execute(SET, [list(names), list(before)])
            return found
    except OperationalError as fault:
        if not isinstance(fault.__cause__, QueryCanceled):
            raise
        spare(what, actor)
        return None


def spare(what: Hashable, actor: Actor) -> None:
    """Do not ask this again for a while."""
    actor.memo.pop(what, None)
    actor.remembered(what, monotonic)


_sizes: dict[str, tuple[float, bool]] = {}
HUGE = 5 * MOST  # rows by the planner's count from which nobody needs to look whether there are more than MOST
LOOK = 60.0  # seconds for which that is believed


def is_huge(table: str) -> bool:
    """Whether a table surely has more than MOST rows, by what the planner knows. No number is ever shown from this."""
    seen = _sizes.get(table)
    if seen is None or monotonic() - seen[0] > LOOK:
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)", [f'"{table}"'])
            found = cursor.fetchone()
        seen = _sizes[table] = (monotonic(), bool(found and found[0] >= HUGE))
    return seen[1]
