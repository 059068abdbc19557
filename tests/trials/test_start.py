"""T46: wrong settings and missing databases are told in a sentence; two starts on one data folder get along."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.trials.load import Load, Verdict
from tests.trials.running import ROOT, Noren, clean_environment, free_port, new_folder, until

Keep = Callable[[Verdict], None]


@pytest.fixture
def folder() -> Iterator[Path]:
    path = new_folder()
    yield path
    shutil.rmtree(path, ignore_errors=True)


def serve(folder: Path, **extra: str) -> tuple[int, str, float]:
    """Start with these settings; gives exit code, what was said, and after how many seconds."""
    began = time.monotonic()
    environment = clean_environment(folder, free_port(), DJANGO_SETTINGS_MODULE="noren.config.settings") | extra
    ran = subprocess.run(
        [sys.executable, "-m", "noren", "serve"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    return ran.returncode, (ran.stdout + ran.stderr).strip(), time.monotonic() - began


def test_t46_wrong_settings_are_told_and_nothing_starts(folder: Path, verdict: Keep, seed: int) -> None:
    with socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))  # bound but not listening: refuses
        closed = dead.getsockname()[1]
        cases = {
            "port": ({"PORT": "80000"}, "PORT is"),
            "port text": ({"PORT": "eight"}, "PORT is"),
            "base url": ({"NOREN_BASE_URL": "crm.example.jp"}, "NOREN_BASE_URL is"),
            "database form": ({"DATABASE_URL": "mysql://root:hidden@localhost/crm"}, "DATABASE_URL is"),
            "database down": (
                {"DATABASE_URL": f"postgresql://noren:hidden@127.0.0.1:{closed}/noren"},
                "does not let noren in",
            ),
            "no such socket": ({"DATABASE_URL": "postgresql://noren@/noren?host=/nowhere"}, "does not let noren in"),
            "short key": ({"NOREN_SECRET_KEY": "abc"}, "NOREN_SECRET_KEY is too short"),
            "known key": ({"NOREN_SECRET_KEY": "changeme" * 8}, "NOREN_SECRET_KEY is too short"),
            "field key": ({"NOREN_FIELD_KEY": "x" * 64}, "NOREN_FIELD_KEY is too short"),
            "processes": ({"NOREN_PROCESSES": "-1"}, "NOREN_PROCESSES is"),
            "threads": ({"NOREN_THREADS": "many"}, "NOREN_THREADS is"),
            "jobs": ({"NOREN_JOBS": "0"}, "NOREN_JOBS is"),
            "programs": ({"NOREN_PG_BIN": "/nowhere"}, "NOREN_PG_BIN is"),
            "proxies": ({"NOREN_TRUSTED_PROXIES": "everyone"}, "NOREN_TRUSTED_PROXIES is"),
            "mail": ({"NOREN_SMTP_URL": "mail.example.jp"}, "NOREN_SMTP_URL is"),
            "data": ({"NOREN_DATA": "/proc/nowhere"}, "NOREN_DATA is"),
            "host": ({"NOREN_HOST": "192.0.2.1"}, "noren cannot listen on"),
        }
        wrong = {}
        for name, (extra, sentence) in cases.items():
            code, said, took = serve(folder, **extra)
            if code != 1 or sentence not in said or "Traceback" in said or "hidden" in said or took > 30:
                wrong[name] = f"exit {code}: {said[-300:]}"
    verdict(Verdict("T46", seed, acknowledged=len(cases), odd=len(wrong), notes={"wrong": wrong} if wrong else {}))


def test_a_second_serve_on_one_data_folder(noren: Noren, verdict: Keep, seed: int) -> None:
    """On the same port it is refused; on another one it joins the running database, and either may leave first."""
    with Load(noren, "double", seed, clients=2) as load:
        same = noren.popen("serve")
        refused = same.wait(60)
        clear = "cannot listen on" in noren.log()
        first = noren.process
        port = free_port()
        with (noren.folder / "log.txt").open("ab") as log:
            other = subprocess.Popen(
                [sys.executable, "-m", "noren", "serve"],
                cwd=ROOT,
                env=noren.environment | {"PORT": str(port)},
                stdout=log,
                stderr=log,
            )
        own, noren.port = noren.port, port
        try:
            until(lambda: noren.call("GET", "/api/v1/me").status == 200, 60, noren.log)
            both = time.monotonic()
            noren.port = own
            load.answers_after(both)
            noren.port = port  # the clients move over, and the first one leaves with the database it started
            first.send_signal(signal.SIGTERM)
            left = first.wait(60)
            gone = time.monotonic()
            web = load.answers_after(gone)
        finally:
            noren.process = other
    found = load.check(web_s=web)
    noren.port = own
    noren.stop()
    noren.start()
    found.notes |= {"same_port_exit": refused, "left_exit": left}
    found.odd += (refused != 1) + (not clear) + (left != 0)
    verdict(found)
