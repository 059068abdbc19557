"""Tests here start real servers and processes; none needs Django's tables."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.ground import ROOT

from noren.config import postgres

PutDatabase = Callable[..., None]


def place() -> Path:
    """A new folder with a path short enough for a socket, reachable for the user a server runs as."""
    path = Path(tempfile.mkdtemp(prefix="noren-", dir="/tmp")).resolve()
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder."""
    path = place()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of tests are many at once; a quarter of this is enough for each."""
    monkeypatch.setattr(postgres, "memory", lambda: 256 * 1024**2)


@pytest.fixture(scope="session")
def put_database() -> PutDatabase:
    """`put_database(folder, pg_bin)` puts a new, empty database into a data folder, copied from one that `Server` made:
    for tests that are not about the making, which takes a second of work."""

    def put(data: Path, pg_bin: Path | None = None) -> None:
        copy_database(_made(postgres.programs(pg_bin)), data)

    return put


def _made(programs: postgres.Programs) -> Path:
    """A stopped noren's folder with an empty database. Made once for each PostgreSQL, and anew when the code that makes
    it changes."""
    made_of = hashlib.sha256(Path(postgres.__file__).read_bytes() + os.fsencode(programs.folder)).hexdigest()[:12]
    store = ROOT / "var" / "test" / "made" / f"{programs.major}-{made_of}"
    store.parent.mkdir(parents=True, exist_ok=True)
    with (store.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first worker makes it, the others wait
        if not store.exists():
            for old in store.parent.glob(f"{programs.major}-*"):
                shutil.rmtree(old)
            fresh = place()
            with postgres.Server(fresh, programs.folder):
                pass
            subprocess.run(["mv", fresh, f"{store}-half"], check=True)  # owners and all, also to another disk
            Path(f"{store}-half").rename(store)
    return store


def copy_database(made: Path, data: Path) -> None:
    """The database of a stopped noren into another data folder, owners and all."""
    subprocess.run(["cp", "-a", made / "postgres", data / "postgres"], check=True)
