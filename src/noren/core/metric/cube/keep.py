"""Cubes set up, merged, looked over and made anew."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import DatabaseError, connection, transaction

from noren.core.access.models import Firm
from noren.core.job.job import timed
from noren.core.metric.cube import build
from noren.core.metric.cube.declare import CUBES, Cube
from noren.core.metric.cube.source import layout, mark

log = logging.getLogger("noren")

BREATH = 5.0
"""Seconds between two merges."""
SAMPLE = 3
"""Months that the nightly look compares."""


def stand_up(say: Callable[[str], None] = lambda _text: None) -> list[str]:
    """Set up what is declared and not there yet, or otherwise than declared; gives the names of what was made anew.

    First empty cells and the triggers, which wait for transactions under way; then the cells from the rows, while others
    go on writing. Until a cube is whole, questions are asked of the rows.
    """
    zone = zone_of_firm()
    wanted = {cube.name: mark(cube, zone) for cube in CUBES.values()}
    if standing() == wanted and _guarded():
        return []
    say("Adding up the numbers …")
    with _alone():
        known = standing()
        made = [cube for cube in CUBES.values() if known.get(cube.name) != wanted[cube.name]]
        again = list(CUBES.values()) if not _guarded() else made
        if not again:
            return []
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in build.STATE:
                cursor.execute(statement)
            for name in set(known) - set(wanted):
                cursor.execute(f"DROP TABLE IF EXISTS cube_{name}, cube_{name}_new CASCADE")
                cursor.execute("DELETE FROM cube_state WHERE name = %s", [name])
            for cube in again:
                for statement in build.tables(cube):
                    cursor.execute(statement)
                cursor.execute("DELETE FROM cube_state WHERE name = %s", [cube.name])
            for table, statements in build.all_triggers(zone):
                cursor.execute(f'LOCK TABLE "{table}" IN SHARE ROW EXCLUSIVE MODE')
                for statement in statements:
                    cursor.execute(statement)
        for cube in again:
            _fill(cube, zone)
    return [cube.name for cube in again]


def rebuild(names: list[str] | None = None) -> None:
    """Work all cells out from the rows again; others go on reading and writing."""
    made = stand_up()
    with _alone():
        for cube in CUBES.values():
            if cube.name not in made and (names is None or cube.name in names):
                _fill(cube, zone_of_firm())


def _fill(cube: Cube, zone: str) -> None:
    """In one look at the data: cells written by transactions that commit later stay beside it and are right."""
    if connection.in_atomic_block:
        raise transaction.TransactionManagementError("cubes are made in a transaction of their own")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for statement in build.fill(cube, zone):
            cursor.execute(statement)
        cursor.execute(
            "INSERT INTO cube_state (name, mark) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET mark = EXCLUDED.mark",
            [cube.name, mark(cube, zone)],
        )
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE cube_{cube.name}, cube_{cube.name}_new")


@contextmanager
def _alone() -> Iterator[None]:
    """Before the transaction begins, so that it sees what the one before has done."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock({build.LOCK})")
        try:
            yield
        finally:
            cursor.execute(f"SELECT pg_advisory_unlock({build.LOCK})")


def standing() -> dict[str, str]:
    """Cubes that are whole, with the mark of their declaration."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('cube_state') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return {}
        cursor.execute("SELECT name, mark FROM cube_state")
        return dict(cursor.fetchall())


def missing() -> list[str]:
    """Cubes that do not stand as declared: their numbers are asked of the rows."""
    zone, known = zone_of_firm(), standing()
    return [cube.name for cube in CUBES.values() if known.get(cube.name) != mark(cube, zone)]


def _guarded() -> bool:
    """Are all triggers there and awake?"""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'cube\\_%%' AND tgenabled <> 'D'"
            " AND tgrelid = ANY (SELECT to_regclass(quote_ident(t)) FROM unnest(%s::text[]) t)",
            [list(build.guarded())],
        )
        return bool(cursor.fetchone()[0] == len(build.guarded()) * len(build.OPS))


def zone_of_firm() -> str:
    """The firm's time zone as it is now."""
    return Firm.objects.order_by("pk").values_list("tz", flat=True).first() or "Asia/Tokyo"


def merge() -> int:
    """Add new cells to the standing ones; gives how many lines that moved. Nothing when somebody else is at it."""
    known = standing()
    full = [cube for cube in CUBES.values() if cube.name in known]
    if not full:
        return 0
    news = " UNION ALL ".join(
        f"SELECT '{cube.name}' WHERE EXISTS (SELECT 1 FROM cube_{cube.name}_new)" for cube in full
    )
    with connection.cursor() as cursor:
        cursor.execute(news)
        names = {name for (name,) in cursor.fetchall()}
    count = 0
    for cube in full:
        if cube.name not in names:
            continue
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_try_advisory_xact_lock({build.LOCK})")
            if not cursor.fetchone()[0]:
                return count
            cursor.execute(build.merge(cube))
            count += cursor.rowcount
    return count


def keep_merging() -> None:
    """For a thread of each worker: merge every few seconds, and follow the firm into another time zone. Ends with the
    process."""
    while True:
        time.sleep(BREATH)
        try:
            follow()
            merge()
        except DatabaseError:  # it is away for the moment
            with suppress(DatabaseError):
                connection.close()


def follow() -> None:
    """Make cubes anew whose days are not those of the firm's time zone any more. Declarations are another matter: a worker
    of an older version must not undo what a newer one has set up."""
    zone = zone_of_firm()
    if any(not each.endswith(f" {zone}") for each in standing().values()):
        stand_up()


# ---- looking over ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that is not what the rows say. level: see build; keys: values of the cube's fields."""

    cube: str
    level: int
    day: date | None
    keys: dict[str, Any]
    stands: int | None
    rows: int | None

    def __str__(self) -> str:
        keys = " ".join(f"{name}={value}" for name, value in self.keys.items() if value is not None)
        return f"{self.cube} {self.day} {keys}: {self.stands}, rows {self.rows}".replace("  ", " ")


def differences(everything: bool = False, most: int = 20) -> list[Difference]:
    """Cells that differ from the rows: of some months, or of all."""
    zone, found, known = zone_of_firm(), list[Difference](), standing()
    for cube in CUBES.values():
        if known.get(cube.name) != mark(cube, zone):
            continue
        with connection.cursor() as cursor:
            months = None if everything else _some(cursor, cube)
            cursor.execute(f"{build.wrong(cube, zone, months)} LIMIT {most}")
            names = [name for name, _column, _type in layout(cube).keys]
            for level, day, *keys, stands, rows in cursor.fetchall():
                found.append(Difference(cube.name, level, day, dict(zip(names, keys, strict=True)), stands, rows))
    return found


def _some(cursor: Any, cube: Cube) -> list[date]:
    """Some months by chance, of those that have cells and of the last ones."""
    cursor.execute(
        f"SELECT DISTINCT date_trunc('month', day)::date FROM cube_{cube.name}_all WHERE level IN (-1, 1) AND day IS NOT NULL"
        " UNION SELECT (date_trunc('month', now()) - make_interval(months => n))::date FROM generate_series(0, 5) n"
    )
    months = [day for (day,) in cursor.fetchall()]
    return sorted(random.sample(months, min(SAMPLE, len(months))))


@timed("30 17 * * *", queue="slow")
def look_over() -> None:
    """Each night: compare some months with the rows; make anew what differs."""
    wrong = differences()
    if wrong:
        log.error("Numbers differed from the rows and are added up anew: %s", "; ".join(map(str, wrong)))
        rebuild(sorted({each.cube for each in wrong}))
