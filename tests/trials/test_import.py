"""T24: the worker of an import is killed at 30 % and at 70 % of the file, and paused while another one takes over."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.trials.load import Verdict
from tests.trials.running import Noren, until

BAD_EVERY = 997
"""Each so many rows one that cannot come in."""

Keep = Callable[[Verdict], None]


def write_file(path: Path, prefix: str, rows: int) -> list[int]:
    """A file of companies; gives the numbers (as a spreadsheet shows them) of the rows that cannot come in."""
    bad: list[int] = []
    with path.open("w", encoding="utf-8", newline="") as out:
        book = csv.writer(out)
        book.writerow(["会社名", "従業員数", "電話番号"])
        for number in range(rows):
            wrong = number % BAD_EVERY == BAD_EVERY - 1
            book.writerow(
                [f"{prefix} {number:07d}", "many" if wrong else number % 5000, f"03-1234-{number % 10000:04d}"]
            )
            if wrong:
                bad.append(number + 2)
    return bad


def begin(noren: Noren, path: Path) -> int:
    """Take the file in as the web does, for the worker."""
    told = noren.run_python("-m", "tests.trials.begin_import", str(path))
    assert told.returncode == 0, told.stderr
    return int(json.loads(told.stdout.strip().splitlines()[-1])["run"])


def position(noren: Noren, run: int) -> int:
    return int(noren.one("SELECT position FROM record_importrun WHERE id = %s", [run]))


def over(noren: Noren, run: int) -> bool:
    return str(noren.one("SELECT state FROM record_importrun WHERE id = %s", [run])) in ("done", "failed", "cancelled")


def judged(noren: Noren, trial: str, seed: int, run: int, prefix: str, rows: int, bad: list[int]) -> Verdict:
    names = noren.sql("SELECT legal_name, id FROM contacts_company WHERE legal_name LIKE %s", [f"{prefix} %"])
    different = {name for name, _pk in names}
    left_out = set(bad)
    wanted = {f"{prefix} {number:07d}" for number in range(rows) if number + 2 not in left_out}
    ids = [pk for _name, pk in names]
    told = dict(
        noren.sql(
            "SELECT subject_id, count(*) FROM event_fact WHERE name = 'contacts.company.created' AND subject_id IN"
            " (SELECT id FROM contacts_company WHERE legal_name LIKE %s) GROUP BY 1",
            [f"{prefix} %"],
        )
    )
    faults = [
        row[0] for row in noren.sql("SELECT number FROM record_importfault WHERE run_id = %s ORDER BY number", [run])
    ]
    state, counts, error = noren.sql("SELECT state, counts, error FROM record_importrun WHERE id = %s", [run])[0]
    return Verdict(
        trial, seed, acknowledged=len(wanted), lost=len(wanted - different), duplicated=len(names) - len(different),
        without_fact=sum(told.get(pk) != 1 for pk in ids),
        odd=len(set(faults) ^ set(bad)) + (len(faults) - len(set(faults))) + (state != "done")
        + (counts.get("created") != len(wanted)) + (counts.get("failed") != len(bad)) + len(different - wanted),
        notes={"state": state, "counts": counts, "error": error, "bad_rows": len(bad), "faults": len(faults)},
    )  # fmt: skip


def test_t24_worker_killed_in_the_middle_of_an_import(noren: Noren, verdict: Keep, seed: int, long: bool) -> None:
    rows = 1_000_000 if long else 80_000
    prefix = f"T24-{seed}-{int(time.time())}"
    path = noren.folder / f"{prefix}.csv"
    bad = write_file(path, prefix, rows)
    run = begin(noren, path)
    reached, waited = [], 0.0
    for share in (0.3, 0.7):
        until(
            lambda share=share: position(noren, run) >= share * rows or over(noren, run), 900 if long else 90, noren.log
        )
        worker = noren.child("worker")
        assert worker is not None
        worker.kill()
        worker.wait(10)
        stood = position(noren, run)
        reached.append(round(stood / rows, 2))
        killed = time.monotonic()
        until(lambda stood=stood: position(noren, run) > stood or over(noren, run), 120, noren.log)
        waited = max(waited, time.monotonic() - killed)
    until(lambda: over(noren, run), 900 if long else 120, noren.log)
    found = judged(noren, "T24", seed, run, prefix, rows, bad)
    found.worker_s = waited
    found.notes["killed_at"] = reached
    verdict(found)
    assert max(reached) < 1, "the import was over before the second kill"
    assert waited <= 90


def test_t24_paused_worker_does_not_import_twice(noren: Noren, verdict: Keep, seed: int, long: bool) -> None:
    """No natural key protects here: rows are made without looking for what is there."""
    rows, asleep = (400_000, 90.0) if long else (60_000, 14.0)
    prefix = f"T24p-{seed}-{int(time.time())}"
    path = noren.folder / f"{prefix}.csv"
    bad = write_file(path, prefix, rows)
    run = begin(noren, path)
    until(lambda: position(noren, run) > 0, 60, noren.log)
    paused = noren.child("worker")
    assert paused is not None
    paused.send_signal(signal.SIGSTOP)
    reached = position(noren, run) / rows
    try:
        noren.second_worker()
        time.sleep(asleep)
    finally:
        os.kill(paused.pid, signal.SIGCONT)
    until(lambda: over(noren, run), 600 if long else 150, noren.log)
    noren.drain(120)
    noren.stop_others()
    found = judged(noren, "T24 paused", seed, run, prefix, rows, bad)
    found.notes["paused_at"] = round(reached, 2)
    verdict(found)
    assert reached < 1, "the import was over before the pause"
