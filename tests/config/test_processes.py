"""`noren serve` as people run it: real processes on a small site, killed one after the other."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil
import psycopg
import pytest
from tests.config.conftest import copy_database, place

from noren.config import postgres

pytestmark = [pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]


class Running:
    """A started `noren`, its port and its data folder."""

    def __init__(self, folder: Path, *words: str, port: int | None = None, **extra: str) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.words = words or ("serve",)
        clean = {
            key: value
            for key, value in os.environ.items()
            if key not in {"DATABASE_URL", "PYTEST_XDIST_WORKER", "NOREN_TEST_PG"}
        }
        self.environment = {
            **clean, "NOREN_DATA": str(folder), "PORT": str(self.port), "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "tests.config.small_site", **extra,
        }  # fmt: skip
        self.start()

    def start(self) -> None:
        with (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "noren", *self.words],
                cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def child(self, name: str) -> psutil.Process | None:
        """web, worker or postgres, which may be of a parent before; the first two are told apart by having children or
        not. None while it is away."""
        with suppress(psutil.NoSuchProcess, FileNotFoundError, ValueError):
            if name == "postgres":
                one = psutil.Process(int((self.folder / "postgres/cluster/postmaster.pid").read_text().split()[0]))
                return one if one.name() == "postgres" else None
            ours = [one for one in psutil.Process(self.process.pid).children() if one.name() != "postgres"]
            return next((one for one in ours if bool(one.children()) == (name == "web")), None)
        return None

    def get(self, path: str = "/") -> str | None:
        """The answer, or None when there is none now."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as link:
            try:
                link.request("GET", path)
                answer = link.getresponse()
                body = answer.read().decode()
            except (OSError, HTTPException):
                return None
        return body if answer.status == 200 else None

    def said(self) -> str:
        return (self.folder / "log.txt").read_text()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(40)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def until(true: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def tables() -> Iterator[Path]:
    """A stopped noren that was started once, so its database has all tables: what most tests go on from."""
    folder = place()
    noren = Running(folder)
    until(noren.get, 60)
    assert noren.stop() == 0
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ready(folder: Path, tables: Path) -> Path:
    """A data folder whose database has all tables."""
    copy_database(tables, folder)
    return folder


@pytest.fixture(scope="module")
def running(tables: Path) -> Iterator[Running]:
    """One noren for all tests after which it runs as before."""
    folder = place()
    copy_database(tables, folder)
    noren = Running(folder)
    try:
        until(noren.get, 60)
        yield noren
    finally:
        noren.stop()
        shutil.rmtree(folder, ignore_errors=True)


def defer(noren: Running, name: str = "tests.config.small_site.note") -> int:
    """Put a job into the queue; gives its number."""
    with psycopg.connect(postgres.address(noren.folder), autocommit=True) as link:
        row = link.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status, attempts)"
            " VALUES ('default', %s, 0, '{}', 'todo', 0) RETURNING id",
            [name],
        ).fetchone()
    assert row is not None
    return int(row[0])


def done(noren: Running, job: int) -> bool:
    with psycopg.connect(postgres.address(noren.folder)) as link:
        row = link.execute("SELECT status FROM procrastinate_jobs WHERE id = %s", [job]).fetchone()
    return row == ("succeeded",)


@pytest.mark.parametrize("victim", ["web", "worker", "postgres"])
def test_a_killed_child_comes_back_by_itself(running: Running, victim: str) -> None:
    until(lambda: running.get() and running.child(victim))
    old = running.child(victim)
    assert old

    old.kill()

    until(lambda: not old.is_running() or old.status() == psutil.STATUS_ZOMBIE)
    until(running.get)
    job = defer(running)
    until(lambda: done(running, job))


def test_a_killed_web_process_is_replaced(running: Running) -> None:
    until(running.get)
    old = int((running.get() or "").split()[0])  # never 0, which would mean this very process and its kin

    os.kill(old, signal.SIGKILL)

    until(lambda: (found := running.get()) and int(found.split()[0]) != old)


def test_after_a_kill_of_everything_a_new_start_serves_what_was_there(running: Running) -> None:
    until(running.get)
    job = defer(running)
    until(lambda: done(running, job))
    family = [psutil.Process(running.process.pid), *psutil.Process(running.process.pid).children(recursive=True)]
    for one in family:
        with suppress(psutil.NoSuchProcess):  # a child may fall with its parent
            one.kill()
    running.process.wait()

    running.start()

    until(running.get)
    assert done(running, job)


def test_after_a_database_was_away_for_long_web_and_worker_are_back_at_once(ready: Path) -> None:
    server = postgres.Server(ready)
    server.start()
    noren = Running(ready, DATABASE_URL=postgres.address(ready))
    try:
        until(noren.get, 60)
        server.stop()
        end = time.monotonic() + 9  # longer than the first tries of a pool, which then waits 8 seconds for its next
        while time.monotonic() < end:
            noren.get()
            time.sleep(0.5)
        server.start()
        job = defer(noren)
        until(noren.get, 5)
        until(lambda: done(noren, job), 10)
    finally:
        noren.stop()
        server.stop()


def test_when_only_the_parent_is_killed_its_children_leave_and_a_new_start_takes_over(running: Running) -> None:
    until(running.get)
    children = [one for one in psutil.Process(running.process.pid).children() if one.name() != "postgres"]

    running.process.kill()
    running.process.wait()
    running.start()

    until(lambda: not any(one.is_running() for one in children))
    until(running.get)


def test_a_stop_lets_a_running_request_finish_and_leaves_no_process(running: Running) -> None:
    until(running.get)
    family = psutil.Process(running.process.pid).children(recursive=True)
    with closing(HTTPConnection("127.0.0.1", running.port, timeout=10)) as link:
        link.request("GET", "/slow/")
        time.sleep(0.3)

        began = time.monotonic()
        code = running.stop()
        took = time.monotonic() - began

        assert link.getresponse().read() == b"done"
    left = [one.name() for one in family if one.is_running()]
    running.start()

    assert code == 0
    assert took < 10
    assert left == []


def test_a_taken_port_is_told_in_one_line(ready: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        noren = Running(ready, port=taken.getsockname()[1])

        assert noren.process.wait(20) == 1

    assert noren.said().strip().splitlines()[-1].startswith(f"noren cannot listen on 127.0.0.1, port {noren.port} (")


def test_a_database_that_is_down_is_told_in_one_line_without_its_password(folder: Path) -> None:
    noren = Running(folder, DATABASE_URL=f"postgresql://noren:hidden@127.0.0.1:{free_port()}/noren")

    assert noren.process.wait(20) == 1

    [told] = noren.said().strip().splitlines()
    assert told.startswith("The database of DATABASE_URL does not let noren in (")
    assert "hidden" not in told


def test_web_and_worker_may_run_apart(ready: Path) -> None:
    web = Running(ready, "serve", "--web-only")
    try:
        until(web.get)
        job = defer(web)
        time.sleep(0.5)
        assert not done(web, job)

        worker = Running(ready, "worker")
        try:
            until(lambda: done(web, job))
        finally:
            assert worker.stop() == 0
        assert web.get()  # the database they shared is still there
    finally:
        assert web.stop() == 0
