"""T04, T05, T12, T16: the job worker is killed, paused or stopped in the middle of work."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from tests.trials.load import Load, Verdict
from tests.trials.running import Noren, until

RESTARTED = 90.0
"""Seconds within which the job of a dead worker starts again."""

Keep = Callable[[Verdict], None]


def worker_of(noren: Noren) -> int:
    return int(until(lambda: noren.child("worker"), 20, noren.log).pid)


def tally(noren: Noren, trial: str, seed: int, keys: list[str]) -> Verdict:
    """Each key must have exactly one effect."""
    counts = dict(noren.sql("SELECT key, count(*) FROM trial_effect WHERE key = ANY(%s) GROUP BY 1", [keys]))
    return Verdict(
        trial, seed, acknowledged=len(keys),
        without_effect=sum(key not in counts for key in keys), double_effect=sum(n > 1 for n in counts.values()),
    )  # fmt: skip


def test_t04_worker_killed_again_and_again(noren: Noren, verdict: Keep, seed: int, long: bool) -> None:
    kills, pause, number = (36, 5.0, 2000) if long else (4, 3.0, 300)
    prefix = f"T04-{seed}-{time.time()}"
    keys = [f"{prefix}-{n}" for n in range(number)]
    with Load(noren, "T04", seed, clients=2) as load:
        for key in keys:
            noren.defer("slow", key=key, seconds=0.05)
        for _ in range(kills):
            time.sleep(pause)
            os.kill(worker_of(noren), signal.SIGKILL)
    last = time.monotonic()
    noren.drain(RESTARTED + 60)
    took = time.monotonic() - last
    found = load.check(worker_s=took)
    jobs = tally(noren, "T04", seed, keys)
    found.acknowledged += jobs.acknowledged
    found.without_effect += jobs.without_effect
    found.double_effect += jobs.double_effect
    found.notes["failed_jobs"] = failed = noren.one("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")
    verdict(found)
    assert failed == 0
    assert took <= RESTARTED


def test_t05_paused_worker_wakes_up_after_its_job_was_given_away(
    noren: Noren, verdict: Keep, seed: int, long: bool
) -> None:
    length, asleep = (30.0, 90.0) if long else (4.0, 12.0)
    keys = [f"T05-{seed}-{time.time()}-{n}" for n in range(3)]
    jobs = [noren.defer("slow", key=key, seconds=length) for key in keys]
    until(lambda: all(noren.status(job) == "doing" for job in jobs), 20, noren.log)
    time.sleep(1)
    paused = worker_of(noren)
    os.kill(paused, signal.SIGSTOP)
    try:
        noren.second_worker()
        time.sleep(asleep)
    finally:
        os.kill(paused, signal.SIGCONT)
    until(lambda: all(noren.status(job) == "succeeded" for job in jobs), 150, noren.log)
    time.sleep(2)
    noren.stop_others()
    found = tally(noren, "T05", seed, keys)
    found.notes["attempts"] = [
        noren.one("SELECT attempts FROM procrastinate_jobs WHERE id = %s", [job]) for job in jobs
    ]
    found.notes["paused_worker_lives"] = worker_of(noren) == paused
    verdict(found)


def test_t12_what_is_rolled_back_leaves_no_job(noren: Noren, verdict: Keep, seed: int, long: bool) -> None:
    number = 1000 if long else 200
    before = noren.one("SELECT coalesce(max(id), 0) FROM procrastinate_jobs")
    ran = noren.run_python("-m", "tests.trials.rolled_back", str(number))
    assert ran.returncode == 0, ran.stderr
    left = noren.one(
        "SELECT count(*) FROM procrastinate_jobs WHERE id > %s AND task_name IN ('tests.trials.site.probe',"
        " 'noren.core.event.publish.deliver')", [before],
    )  # fmt: skip
    made = noren.one("SELECT count(*) FROM contacts_company WHERE legal_name LIKE 'T12 %%'")
    facts = noren.one(
        "SELECT count(*) FROM event_fact f WHERE name = 'contacts.company.created' AND payload::text LIKE '%%T12%%'"
    )
    verdict(Verdict("T12", seed, odd=left + made + facts, notes={"rolled_back": number}))


def test_t16_graceful_stop_in_the_middle_of_a_job(noren: Noren, verdict: Keep, seed: int, long: bool) -> None:
    lengths = [2.0, 4.0, 50.0] if long else [2.0, 4.0]
    keys = [f"T16-{seed}-{time.time()}-{n}" for n in range(len(lengths))]
    jobs = [noren.defer("slow", key=key, seconds=s) for key, s in zip(keys, lengths, strict=True)]
    until(lambda: all(noren.status(job) == "doing" for job in jobs), 20, noren.log)
    began = time.monotonic()
    code = noren.stop()
    took = time.monotonic() - began
    noren.start()
    found_at_once = [noren.status(job) for job in jobs]
    until(lambda: all(noren.status(job) == "succeeded" for job in jobs), 180, noren.log)
    found = tally(noren, "T16", seed, keys)
    found.notes |= {"stopped_s": round(took, 1), "exit": code, "after_restart": found_at_once}
    verdict(found)
    assert code == 0
    assert took <= 40
    assert found_at_once[:2] == ["succeeded", "succeeded"], "what can finish within the patience is finished"


def test_a_killed_workers_job_starts_again_in_time(earnest: Noren, verdict: Keep, seed: int) -> None:
    """With the waiting times of every day."""
    key = f"stalled-{seed}-{time.time()}"
    job = earnest.defer("slow", key=key, seconds=3)
    until(lambda: earnest.status(job) == "doing", 20, earnest.log)
    os.kill(worker_of(earnest), signal.SIGKILL)
    began = time.monotonic()
    until(lambda: earnest.effects(key), RESTARTED + 30, earnest.log)
    took = time.monotonic() - began - 3
    until(lambda: earnest.status(job) == "succeeded", 10, earnest.log)
    found = tally(earnest, "stalled", seed, [key])
    found.worker_s = took
    verdict(found)
    assert took <= RESTARTED
