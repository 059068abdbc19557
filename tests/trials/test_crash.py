"""T01, T02, T03, T06: the database, a web process or everything dies in the middle of work."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

import psutil

from tests.trials.load import Load, Verdict
from tests.trials.running import Noren, until

WEB_BACK = 5.0
"""Seconds within which the web answers once PostgreSQL does."""
WORKER_BACK = 15.0
"""Seconds within which the worker works once PostgreSQL answers."""

Keep = Callable[[Verdict], None]


def strike(noren: Noren, load: Load, hit: Callable[[], None]) -> tuple[float, float]:
    """Do it; gives the seconds from PostgreSQL's return to the web's first answer and to the worker's first job."""
    old = noren.child("postgres")
    hit()
    until(
        lambda: (
            (new := noren.child("postgres")) and old and (new.pid != old.pid or new.create_time() != old.create_time())
        ),
        60,
    )
    until(noren.database_answers, 60, noren.log)
    back = time.monotonic()
    key = f"probe {load.prefix} {back}"
    noren.defer("probe", key=key)
    web = load.answers_after(back)
    until(lambda: noren.effects(key), 60, noren.log)
    return web, time.monotonic() - back


def rounds(
    noren: Noren, load: Load, number: int, hit: Callable[[int], None], pause: float
) -> tuple[float, float, float]:
    """The worst seconds of so many strikes: web, worker, last broken answer after PostgreSQL's return."""
    web = worker = 0.0
    for turn in range(number):
        time.sleep(pause)
        here = strike(noren, load, lambda turn=turn: hit(turn))  # type: ignore[misc]
        web, worker = max(web, here[0]), max(worker, here[1])
    return web, worker, 0.0


def test_t01_database_killed_at_random(noren: Noren, verdict: Keep, seed: int, long: bool) -> None:
    chance = random.Random(seed)

    def hit(turn: int) -> None:
        server = noren.child("postgres")
        assert server is not None
        backends = server.children()
        if turn % 3 == 2 and backends:  # a single backend: PostgreSQL then restarts all of them by itself
            chance.choice(backends).kill()
            time.sleep(0.3)
        server.kill()
        for one in backends:
            if one.is_running() and chance.random() < 0.5:
                one.kill()

    with Load(noren, "T01", seed) as load:
        web, worker, _ = rounds(noren, load, 10 if long else 3, hit, chance.uniform(10, 30) if long else 3)
    found = load.check(web_s=web, worker_s=worker)
    verdict(found)
    assert web <= WEB_BACK
    assert worker <= WORKER_BACK


def test_t02_each_web_process_killed(noren: Noren, verdict: Keep, seed: int, long: bool) -> None:
    web = 0.0
    with Load(noren, "T02", seed) as load:
        for _ in range(10 if long else 3):
            for one in noren.web_processes():
                time.sleep(0.7)
                one.kill()
                web = max(web, load.answers_after(time.monotonic()))
    found = load.check(web_s=web)
    verdict(found)
    assert web <= WEB_BACK


def test_t03_power_cut(noren: Noren, verdict: Keep, seed: int, long: bool) -> None:
    web = 0.0
    with Load(noren, "T03", seed) as load:
        time.sleep(2)
        arbiter = noren.child("web")
        assert arbiter is not None
        arbiter.kill()
        web = load.answers_after(time.monotonic())
        started = 0.0
        for _ in range(3 if long else 1):
            time.sleep(2)
            family = noren.family()
            for one in family:
                one.send_signal(signal.SIGSTOP)  # so that nobody sees another one die: all end at one moment
            for one in family:
                one.kill()
            noren.process.wait(10)
            psutil.wait_procs(family, timeout=10)
            started = max(started, noren.start())
            load.answers_after(time.monotonic())
    found = load.check(web_s=web)
    found.notes["cold_start_s"] = round(started, 1)
    verdict(found)
    assert web <= WEB_BACK
    assert started <= 30


def test_t06_database_restarted(noren: Noren, verdict: Keep, seed: int, long: bool) -> None:
    ways = (signal.SIGINT, signal.SIGQUIT)  # fast, immediate

    def hit(turn: int) -> None:
        server = noren.child("postgres")
        assert server is not None
        os.kill(server.pid, ways[turn % 2])

    with Load(noren, "T06", seed) as load:
        web, worker, _ = rounds(noren, load, 10 if long else 2, hit, 3)
        calm = time.monotonic() + WEB_BACK
        time.sleep(WEB_BACK + 4)
    found = load.check(web_s=web, worker_s=worker)
    late = load.last_broken_after(calm)
    found.notes["stuck_jobs"] = stuck = noren.one("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'")
    verdict(found)
    assert web <= WEB_BACK
    assert worker <= WORKER_BACK
    assert late == 0
    assert stuck == 0
