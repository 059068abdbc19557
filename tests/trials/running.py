"""A private noren: its processes by their numbers, its API and its database."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psutil
import psycopg

from noren.config import postgres

ROOT = Path(__file__).resolve().parents[2]
SHORT = {"TRIAL_SILENT": "6", "TRIAL_BEAT": "2", "TRIAL_LOOK": "1"}
"""Seconds: a worker silent for 6 counts as dead (30 in earnest), tells of itself every 2 (10), is looked for every 1 (15)."""


class Answer:
    """What came back: a status, or 0 when the connection broke."""

    def __init__(self, status: int, body: Any = None, headers: Any = None) -> None:
        self.status, self.body, self.headers = status, body, headers or {}


def free_port(low: int = 8120, high: int = 8139) -> int:
    import socket

    for port in range(low, high + 1):
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


def until(true: Callable[[], Any], seconds: float = 30, why: Callable[[], str] = lambda: "not in time") -> Any:
    """The first true value of `true`; fails after so many seconds, with what `why` tells then."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, why()
        time.sleep(0.05)
    return found


def clean_environment(folder: Path, port: int, **extra: str) -> dict[str, str]:
    kept = {
        k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith(("NOREN_", "PYTEST_", "TRIAL_"))
    }
    return {
        **kept, "NOREN_DATA": str(folder), "PORT": str(port), "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
        "DJANGO_SETTINGS_MODULE": "tests.trials.site", **extra,
    }  # fmt: skip


def new_folder() -> Path:
    """A data folder with a path short enough for a socket, open to the user the database runs as."""
    path = Path(tempfile.mkdtemp(prefix="noren-trial-", dir="/tmp")).resolve()
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path


class Noren:
    """`noren serve` with a data folder and a port of its own. Processes are killed by recorded number only."""

    def __init__(self, **extra: str) -> None:
        self.folder = new_folder()
        self.port = free_port()
        self.environment = clean_environment(self.folder, self.port, **extra)
        self.others: list[subprocess.Popen[bytes]] = []
        try:
            self.start()
            told = self.run_python("-m", "tests.trials.set_up")
            assert told.returncode == 0, told.stderr
        except BaseException:
            self.end()
            raise
        self.ids = json.loads(told.stdout.strip().splitlines()[-1])
        self.secret = self.ids["secret"]

    # processes

    def popen(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log.txt").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "noren", *words], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )

    def start(self, seconds: float = 90) -> float:
        """Start and wait until the web answers; gives the seconds that took."""
        began = time.monotonic()
        self.process = self.popen("serve")
        until(
            lambda: self.process.poll() is not None or self.call("GET", "/api/v1/me", timeout=5).status in (200, 401),
            seconds, self.log,
        )  # fmt: skip
        assert self.process.poll() is None, self.log()
        return time.monotonic() - began

    def second_worker(self) -> subprocess.Popen[bytes]:
        self.others.append(self.popen("worker"))
        return self.others[-1]

    def run_python(self, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env={**self.environment, **extra},
            capture_output=True,
            text=True,
            timeout=180,
        )

    def noren(self, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return self.run_python("-m", "noren", *words, **extra)

    def child(self, name: str) -> psutil.Process | None:
        """web, worker or postgres, by the name each gives itself."""
        with suppress(psutil.Error):
            children = psutil.Process(self.process.pid).children()
            wanted = name if name == "postgres" else f"noren-{name}"
            return next((one for one in children if one.name() == wanted), None)
        return None

    def web_processes(self) -> list[psutil.Process]:
        web = self.child("web")
        return web.children() if web else []

    def family(self) -> list[psutil.Process]:
        top = psutil.Process(self.process.pid)
        return [top, *top.children(recursive=True)]

    def log(self) -> str:
        with suppress(OSError):
            return (self.folder / "log.txt").read_text(errors="replace")[-4000:]
        return ""

    def stop_others(self) -> None:
        for one in self.others:
            one.terminate()
        for one in self.others:
            one.wait(60)
        self.others.clear()

    def stop(self) -> int:
        self.stop_others()
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(60)

    def end(self) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    # the API

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, timeout: float = 20, **headers: str
    ) -> Answer:
        head = {
            "Accept": "application/json",
            "Accept-Language": "en",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        if secret := getattr(self, "secret", None):
            head["Authorization"] = f"Bearer {secret}"
        if key:
            head["Idempotency-Key"] = key
        if body is not None:
            head["Content-Type"] = "application/json"
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=timeout)) as link:
            try:
                link.request(method, path, json.dumps(body) if body is not None else None, head)
                answer = link.getresponse()
                text = answer.read()
                given = json.loads(text) if text.startswith((b"{", b"[")) else text.decode(errors="replace")
                return Answer(answer.status, given, dict(answer.getheaders()))
            except (OSError, HTTPException, ValueError):
                return Answer(0)

    # the database

    @property
    def url(self) -> str:
        return postgres.address(self.folder)

    def sql(self, text: str, values: Sequence[Any] = ()) -> list[Any]:
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as link:
            found = link.execute(text, values)  # type: ignore[call-overload]
            return found.fetchall() if found.description else []

    def one(self, text: str, values: Sequence[Any] = ()) -> Any:
        return self.sql(text, values)[0][0]

    def database_answers(self) -> bool:
        try:
            return bool(self.sql("SELECT 1"))
        except psycopg.Error:
            return False

    def defer(self, job: str, **values: Any) -> int:
        """Put one of the trial's own jobs into the queue; gives its number."""
        return int(
            self.one(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status, attempts)"
                " VALUES ('default', %s, 0, %s, 'todo', 0) RETURNING id",
                [f"tests.trials.site.{job}", json.dumps(values)],
            )
        )

    def status(self, job: int) -> str:
        return str(self.one("SELECT status FROM procrastinate_jobs WHERE id = %s", [job]))

    def effects(self, key: str) -> int:
        return int(self.one("SELECT count(*) FROM trial_effect WHERE key = %s", [key]))

    def drain(self, seconds: float = 90) -> float:
        """Wait until no job is left to do; gives the seconds that took."""
        began = time.monotonic()

        def left() -> int:
            try:
                return int(
                    self.one(
                        "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
                        " AND coalesce(scheduled_at, now()) <= now() + interval '5 minutes'"
                    )
                )
            except psycopg.Error:
                return -1

        until(lambda: left() == 0, seconds, lambda: f"jobs are left after {seconds} s")
        return time.monotonic() - began
