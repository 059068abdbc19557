"""Tests here start real servers and processes; none needs Django's tables."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from noren.config import postgres


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder with a path short enough for a socket, reachable for the user a server runs as."""
    path = Path(tempfile.mkdtemp(prefix="noren-", dir="/tmp")).resolve()
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of tests are many at once; a quarter of this is enough for each."""
    monkeypatch.setattr(postgres, "memory", lambda: 256 * 1024**2)
