"""Tests here start real servers and processes; none needs Django's tables."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
def put_database() -> Iterator[PutDatabase]:
    """`put_database(folder, pg_bin)` puts a new, empty database into a data folder, copied from one that `Server` made
    in this run: for tests that are not about the making, which takes a second of work."""
    store = place()

    def put(data: Path, pg_bin: Path | None = None) -> None:
        made = store / (str(pg_bin).replace("/", "-") if pg_bin else "first")
        if not made.exists():
            with postgres.Server(made, pg_bin):
                pass
        copy_database(made, data)

    yield put
    shutil.rmtree(store, ignore_errors=True)


def copy_database(made: Path, data: Path) -> None:
    """The database of a stopped noren into another data folder, owners and all."""
    subprocess.run(["cp", "-a", made / "postgres", data / "postgres"], check=True)
