"""The queue with real workers: killed ones leave nothing undone, finished jobs are forgotten."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from tests import loaded
from tests.core.job.jobs_for_tests import always_fails, count_up, effect_once

from noren.core.job.job import later
from noren.core.job.rescue import again, failed_jobs, fenced, prune, queue_state, rescue

pytestmark = pytest.mark.slow


@pytest.fixture
def queue(transactional_db: Any) -> Iterator[Callable[..., Any]]:
    """Starts workers on the database of the test; ends them afterwards."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE procrastinate_jobs, procrastinate_workers, procrastinate_events, procrastinate_periodic_defers CASCADE"
        )
    cache.clear()
    started = []

    def start(*, stay: bool = False) -> Any:
        one = loaded.begin(loaded.work, stay)
        started.append(one)
        return one

    yield start
    for one in started:
        one.kill()
        one.join()


def until(true: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def status(job_id: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM procrastinate_jobs WHERE id = %s", [job_id])
        return str(cursor.fetchone()[0])


def test_a_job_of_a_killed_worker_runs_again(queue: Callable[..., Any]) -> None:
    job_id = later(count_up, key="k", seconds=3.0)
    worker = queue(stay=True)
    until(lambda: cache.get("k.begun"))
    worker.kill()
    worker.join()
    assert status(job_id) == "doing"
    assert rescue(silent=60) == 0, "a worker heard of lately is left alone"
    time.sleep(1.2)
    assert rescue(silent=1) == 1
    assert status(job_id) == "todo"
    queue().join(30)
    assert status(job_id) == "succeeded"
    assert (cache.get("k.begun"), cache.get("k.ended")) == (2, 1)


def test_a_paused_worker_may_run_a_job_twice_but_a_guarded_effect_happens_once(
    queue: Callable[..., Any],
) -> None:
    later(effect_once, key="g", seconds=2.0)
    paused = queue(stay=True)
    until(lambda: queue_state().doing == 1)
    time.sleep(0.4)
    os.kill(paused.pid, signal.SIGSTOP)
    time.sleep(1.5)
    assert rescue(silent=1) == 1
    queue().join(30)
    os.kill(paused.pid, signal.SIGCONT)
    until(lambda: cache.get("g.effects"))
    time.sleep(1)
    assert cache.get("g.effects") == 1


def test_a_job_is_committed_with_what_asked_for_it_or_not_at_all(queue: Callable[..., Any]) -> None:
    with transaction.atomic():
        later(count_up, key="never")
        transaction.set_rollback(True)
    later(count_up, key="yes")
    queue().join(30)
    assert cache.get("never.begun") is None
    assert cache.get("yes.ended") == 1


def test_failed_jobs_are_listed_and_tried_again_by_an_administrator(
    queue: Callable[..., Any],
) -> None:
    from tests import make
    from tests.accounts.conftest import log_in, with_password

    make.firm()
    job_id = later(always_fails)
    queue().join(30)
    (failed,) = failed_jobs()
    assert failed.id == job_id
    assert failed.task.endswith("always_fails")
    client: Client = log_in(with_password(make.user("admin")))
    assert b"always_fails" in client.get("/settings/jobs/").content
    assert client.post(f"/settings/jobs/{job_id}/again/").status_code == 302
    assert status(job_id) == "todo"
    assert not again(job_id)


def test_finished_jobs_are_forgotten_after_a_week_and_failed_ones_later(
    queue: Callable[..., Any],
) -> None:
    done, failed = later(count_up, key="p"), later(always_fails)
    queue().join(30)
    waiting = later(count_up, key="q")
    assert prune() == 0
    assert prune(keep=timedelta(0)) == 1
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM procrastinate_jobs WHERE queue_name = 'default' ORDER BY id"
        )  # timed ones wait elsewhere
        assert [row[0] for row in cursor.fetchall()] == [failed, waiting]
    assert done not in (failed, waiting)
    assert prune(timedelta(0), timedelta(0)) == 1
    assert status(waiting) == "todo"


def test_only_one_at_a_time_is_behind_a_fence(transactional_db: None) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def other() -> bool:
        try:
            with fenced("x") as mine:
                return mine
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with fenced("x") as mine:
            assert mine
            assert pool.submit(other).result() is False
        assert pool.submit(other).result() is True
