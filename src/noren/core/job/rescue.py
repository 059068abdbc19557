"""Keeping the queue healthy: jobs of dead workers start again, finished ones are forgotten.

A worker notes every ten seconds that it lives. When it falls silent, because it was killed or only because the
machine slept, its jobs are handed out again. A job may therefore run twice, even side by side, and every job whose
effect must happen once guards it itself, in one of three ways:

* a unique key: the effect writes a row that can exist only once, in the same transaction (`event.Done`, `action.Answer`,
  a unique constraint), and the second run finds it there;
* `fenced(key)`, or a lock on the row that says how far the work is: held to the end of the transaction. Who does not get
  it, or finds the row further on than it left it, raises `Elsewhere`: the other one may yet fail, so it is tried again;
* work that may be repeated: it reads the state and brings it to where it should be (recount, resend of the same key).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from noren.core.job.job import timed

SILENT: float = 30
"""Seconds without a sign of life after which a worker counts as dead."""
BEAT: float = 10
"""Seconds between a worker's signs of life."""
LOOK: float = 15
"""Seconds between two looks for dead workers; a stalled job starts again after SILENT + LOOK at the latest."""

LONG_WAIT = 300
"""Seconds that a job may wait before it is pointed out."""

KEEP = timedelta(days=7)
KEEP_FAILED = timedelta(days=60)


class Elsewhere(Exception):
    """Another worker is at this very work. Raised from a job, so that the job is tried again later."""


@contextmanager
def fenced(key: str) -> Iterator[bool]:
    """A transaction that only one at a time has for a key: yields False when another one is at it right now."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [key])
            got = bool(cursor.fetchone()[0])
        yield got


@timed("* * * * *", queue="interactive")
def rescue_stalled() -> None:
    """Each minute: put the jobs of silent workers back into the queue."""
    rescue()


def keep_looking() -> None:
    """The same more often, for a thread of each worker; ends with the process."""
    while True:
        time.sleep(LOOK)
        try:
            rescue()
        except DatabaseError:  # it is away for the moment
            with suppress(DatabaseError):
                connection.close()


def rescue(silent: float | None = None) -> int:
    """The same now; how many jobs were put back. `silent`: seconds, SILENT if not given."""
    silent = SILENT if silent is None else silent
    with fenced("noren.rescue") as mine:
        if not mine:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT job.id FROM procrastinate_jobs job LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id "
                "WHERE job.status = 'doing' AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => %s)) "
                "FOR UPDATE OF job SKIP LOCKED",
                [silent],
            )
            found = [row[0] for row in cursor.fetchall()]
            for pk in found:
                cursor.execute("SELECT procrastinate_retry_job_v2(%s, now(), NULL, NULL, NULL)", [pk])
            cursor.execute(
                "DELETE FROM procrastinate_workers WHERE last_heartbeat < now() - make_interval(secs => %s)",
                [silent * 20],
            )
    return len(found)


@timed("17 * * * *", queue="slow")
def prune_finished() -> None:
    """Each hour: forget jobs that ended well a week ago, and failed ones after sixty days."""
    prune()


def prune(keep: timedelta = KEEP, keep_failed: timedelta = KEEP_FAILED) -> int:
    """Forget old jobs in portions of 5,000; how many."""
    gone = 0
    now = timezone.now()
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM procrastinate_jobs WHERE id IN (SELECT job.id FROM procrastinate_jobs job JOIN LATERAL "
                "(SELECT max(at) AS at FROM procrastinate_events WHERE job_id = job.id) event ON true "
                "WHERE (job.status IN ('succeeded', 'cancelled', 'aborted') AND event.at < %s) "
                "OR (job.status = 'failed' AND event.at < %s) LIMIT 5000)",
                [now - keep, now - keep_failed],
            )
            count = int(cursor.rowcount)
        gone += count
        if count < 5000:
            return gone


@dataclass(frozen=True, slots=True)
class State:
    """waiting: jobs due now; oldest_s: how long the oldest of them has waited; heard_s: seconds since any worker's last
    sign of life, None when there is none; doing, failed: counts."""

    waiting: int
    oldest_s: int
    heard_s: int | None
    doing: int
    failed: int

    @property
    def faults(self) -> list[str]:
        """ "worker" when none has been heard for a minute, "queue" when a job has waited for five."""
        found = ["queue"] if self.oldest_s > LONG_WAIT else []
        return [*found, "worker"] if self.heard_s is None or self.heard_s > 2 * SILENT else found


def queue_state() -> State:
    """How the queue stands, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()), "
            "count(*) FILTER (WHERE status = 'doing'), count(*) FILTER (WHERE status = 'failed'), "
            "extract(epoch FROM now() - min(coalesce(scheduled_at, (SELECT min(at) FROM procrastinate_events e "
            "WHERE e.job_id = j.id))) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now())), "
            "(SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers) "
            "FROM procrastinate_jobs j WHERE status IN ('todo', 'doing', 'failed')"
        )
        waiting, doing, failed, oldest, heard = cursor.fetchone()
    return State(waiting, int(oldest or 0), None if heard is None else int(heard), doing, failed)


@dataclass(frozen=True, slots=True)
class FailedJob:
    id: int
    task: str
    queue: str
    attempts: int
    at: datetime | None


def failed_jobs(limit: int = 100) -> list[FailedJob]:
    """The latest jobs that gave up."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, task_name, queue_name, attempts, (SELECT max(at) FROM procrastinate_events e WHERE e.job_id = j.id) "
            "FROM procrastinate_jobs j WHERE status = 'failed' ORDER BY id DESC LIMIT %s",
            [limit],
        )
        return [FailedJob(*row) for row in cursor.fetchall()]


def again(job_id: int) -> bool:
    """Put a failed job back into the queue; False when it is not failed (any more)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM procrastinate_jobs WHERE id = %s AND status = 'failed' FOR UPDATE", [job_id])
        if cursor.fetchone() is None:
            return False
        values: list[Any] = [job_id]
        cursor.execute("SELECT procrastinate_retry_job_v2(%s, now(), NULL, NULL, NULL)", values)
    return True
