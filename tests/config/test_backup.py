"""`noren backup` and `noren restore`, as a person types them."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from tests.config.conftest import PutDatabase, place

from noren.config import cli, postgres
from noren.config.postgres import Server

pytestmark = [pytest.mark.slow, pytest.mark.database]


def typed(data: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"} | {"NOREN_DATA": str(data)}
    return subprocess.run(
        [sys.executable, "-m", "noren", *map(str, words)], env=environment, capture_output=True, text=True, check=False
    )


def noren(data: Path, *words: str | Path) -> SimpleNamespace:
    """The same command without the half second in which a process loads its programs."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.delenv("DATABASE_URL", raising=False)
        patch.setenv("NOREN_DATA", str(data))
        patch.setattr(sys, "argv", ["noren", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
    return SimpleNamespace(returncode=end.value.code or 0, stdout=out.getvalue(), stderr=err.getvalue())


def fill(server: Server, word: str) -> None:
    with psycopg.connect(server.url) as link:
        link.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        link.execute("INSERT INTO kept VALUES (%s)", [word])
    files = server.data / "files" / "2026"
    files.mkdir(parents=True, exist_ok=True)
    (files / "見積.txt").write_text(word)


def kept(server: Server) -> list[str]:
    with psycopg.connect(server.url) as link:
        return [row[0] for row in link.execute("SELECT word FROM kept ORDER BY word").fetchall()]


@pytest.fixture
def two(folder: Path, put_database: PutDatabase) -> tuple[Path, Path]:
    """Data folders with an empty database each."""
    for name in ("old", "new"):
        (folder / name).mkdir(mode=0o711)
        put_database(folder / name)
    return folder / "old", folder / "new"


def test_a_backup_comes_back_whole_in_another_place(two: tuple[Path, Path], folder: Path) -> None:
    old, new = two
    file = folder / "all.tar"
    with Server(old) as server:
        fill(server, "のれん")
        saved = typed(old, "backup", file)
    with Server(new) as server:
        restored = typed(new, "restore", file)
        found = kept(server)

    assert (saved.returncode, restored.returncode) == (0, 0), saved.stderr + restored.stderr
    assert found == ["のれん"]
    assert (new / "files" / "2026" / "見積.txt").read_text() == "のれん"
    assert (new / "field_key").read_text() == (old / "field_key").read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.glob(".*")] == []


def test_a_backup_moves_between_versions_both_ways(folder: Path, put_database: PutDatabase) -> None:
    versions = sorted(postgres.all_programs(), key=lambda one: one.major)
    for number, (source, target) in enumerate(((versions[0], versions[-1]), (versions[-1], versions[0]))):
        file = folder / f"{number}.tar"
        old, new = folder / f"old{number}", folder / f"new{number}"
        for data, version in ((old, source), (new, target)):
            data.mkdir(mode=0o711)
            put_database(data, version.folder)
        with Server(old, source.folder) as server:
            fill(server, "のれん")
            assert noren(old, "backup", file).returncode == 0
        with Server(new, target.folder) as server:
            restored = noren(new, "restore", file)
            assert restored.returncode == 0, restored.stderr
            assert kept(server) == ["のれん"]


def test_a_restore_never_replaces_data_unless_told(two: tuple[Path, Path], folder: Path) -> None:
    old, new = two
    file = folder / "all.tar"
    with Server(old) as server:
        fill(server, "old")
        noren(old, "backup", file)
    with Server(new) as server:
        fill(server, "new")
        refused = noren(new, "restore", file)
        untouched = kept(server)
        forced = noren(new, "restore", file, "--force")
        replaced = kept(server)

    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("The database is not empty: add --force")
    assert untouched == ["new"]
    assert forced.returncode == 0, forced.stderr
    assert replaced == ["old"]
    assert (new / "files" / "2026" / "見積.txt").read_text() == "old"


def test_a_broken_backup_changes_nothing(two: tuple[Path, Path], folder: Path) -> None:
    old, new = two
    file = folder / "all.tar"
    with Server(old) as server:
        fill(server, "old")
        noren(old, "backup", file)
    broken = bytearray(file.read_bytes())
    middle = broken.index(b"PGDMP") + 200
    broken[middle : middle + 3000] = bytes(3000)
    file.write_bytes(broken)
    with Server(new) as server:
        fill(server, "new")
        failed = noren(new, "restore", file, "--force")
        untouched = kept(server)

    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].startswith("pg_restore failed: ")
    assert untouched == ["new"]
    assert (new / "files" / "2026" / "見積.txt").read_text() == "new"


@pytest.fixture(scope="module")
def running(put_database: PutDatabase) -> Iterator[Path]:
    """A data folder with a running, empty database: for commands that are refused."""
    path = place()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres, "memory", lambda: 256 * 1024**2)
        put_database(path)
        with Server(path):
            yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.mark.parametrize("content", [None, b"", b"not a tar at all"])
def test_something_else_than_a_backup_is_told_in_one_line(running: Path, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "other.tar"
    if content is not None:
        file.write_bytes(content)

    refused = noren(running, "restore", file)

    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith(f"{file} ")


@pytest.mark.parametrize("name", ["../outside", "/outside", "files/../../outside"])
def test_a_file_that_would_leave_the_folder_is_refused(running: Path, tmp_path: Path, name: str) -> None:
    file = tmp_path / "evil.tar"
    with tarfile.open(file, "w") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())

    refused = noren(running, "restore", file)

    assert refused.returncode == 1
    assert "does not belong in it" in refused.stderr
    assert not list(running.parent.glob("outside"))


def test_a_backup_does_not_overwrite_a_file(folder: Path) -> None:
    file = folder / "all.tar"
    file.write_text("precious")

    assert noren(folder, "backup", file).returncode == 1
    assert file.read_text() == "precious"
