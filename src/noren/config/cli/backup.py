"""`noren backup` and `noren restore`: everything in one file.

The file is a tar of `about.json`, `database.dump` (pg_dump's custom format), `field_key` (without which the stored
secrets, such as second factors, could not be read again) and `files/` (uploads). Guard it as you guard the database.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noren.config.cli.ground import Refused, tell

if TYPE_CHECKING:
    from noren.config.env import Env
    from noren.config.postgres import Programs

FILE = typer.Argument(help="The backup file, for example noren-2026-11-25.tar.", show_default=False)
FORCE = typer.Option("--force", help="Replace what the database holds now.")
HARMLESS = "transaction_timeout"
"""A setting that a dump of PostgreSQL 17 or newer names and an older server does not know."""


def backup(file: Annotated[Path, FILE]) -> None:
    """Save database, uploaded files and the key of stored secrets into one FILE; noren may run meanwhile."""
    from noren.config import env as settings
    from noren.config import postgres

    env = settings.load()
    if file.exists():
        raise Refused(f"{file} exists already: choose another name, or remove it first.")
    half = file.with_name(f".{file.name}.half")
    with postgres.using(env, say=tell) as url, _scratch(file.resolve().parent) as scratch:
        tools = _tools(env, _server_version(url))
        dump = scratch / "database.dump"
        tell("Saving the database …")
        _call(tools, "pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}")
        about = {"made": datetime.now(UTC).isoformat(), "postgres": tools.major, "format": 1}
        (scratch / "about.json").write_text(json.dumps(about))
        (scratch / "field_key").write_text(env.field_key)
        try:
            with os.fdopen(os.open(half, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as stream:
                with tarfile.open(fileobj=stream, mode="w") as tar:
                    for name in ("about.json", "field_key", "database.dump"):
                        tar.add(scratch / name, name)
                    if env.files.is_dir():
                        for path in _progress(sorted(env.files.rglob("*")), "Saving files"):
                            tar.add(path, f"files/{path.relative_to(env.files)}", recursive=False)
                stream.flush()
                os.fsync(stream.fileno())
            half.rename(file)
        except OSError as fault:
            raise Refused(f"{file} cannot be written ({fault.strerror}): choose a folder with room.") from fault
        finally:
            half.unlink(missing_ok=True)
    print(f"Saved to {file} ({file.stat().st_size / 1e6:.1f} MB).")


def restore(file: Annotated[Path, FILE], force: Annotated[bool, FORCE] = False) -> None:
    """Bring back what `noren backup` saved in FILE. Stop `noren serve` first."""
    from noren.config import env as settings
    from noren.config import postgres

    env = settings.load()
    with postgres.using(env, say=tell) as url, _scratch(env.data) as scratch:
        about = _unpack(file, scratch)
        key = (scratch / "field_key").read_text()
        held = _holds_data(url)
        if held and not force:
            raise Refused("The database is not empty: add --force to replace all it holds, after a `noren backup`.")
        if key != env.field_key and os.environ.get("NOREN_FIELD_KEY"):
            raise Refused("The backup was made with another NOREN_FIELD_KEY: set that one, or its secrets are lost.")
        tell("Restoring the database …")
        _swap(_tools(env, about["postgres"]), url, scratch / "database.dump")
        if key != env.field_key:
            _replace(env.data / "field_key", key)
            _hand_over(env.data / "field_key", env.data)
        if (scratch / "files").is_dir():
            old = env.data / "files.before-restore"
            if env.files.exists():
                env.files.rename(old)
            (scratch / "files").rename(env.files)
            _hand_over(env.files, env.data)
            if old.exists():
                shutil.rmtree(old)
    print(f"Restored from {file}, saved {about['made'][:16].replace('T', ' ')} UTC.")


@contextlib.contextmanager
def _scratch(near: Path) -> Iterator[Path]:
    """A private folder on the same disk."""
    try:
        with tempfile.TemporaryDirectory(prefix=".noren-", dir=near) as name:
            yield Path(name)
    except FileNotFoundError as fault:
        raise Refused(f"The folder {near} does not exist: make it, or choose another.") from fault


def _tools(env: Env, least: int) -> Programs:
    """pg_dump and its like of this PostgreSQL version, else of the next newer one: they read older things only."""
    from noren.config import postgres

    found = [one for one in postgres.all_programs(env.pg_bin) if Path(one.path("pg_dump")).exists()]
    fitting = [one for one in found if one.major >= least]
    if not fitting:
        raise Refused(
            f"pg_dump of PostgreSQL {least} or newer was not found: install PostgreSQL's client programs, or name their "
            "folder in NOREN_PG_BIN."
        )
    return min(fitting, key=lambda one: one.major)


def _call(tools: Programs, name: str, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs; the password goes by environment, never into the list of processes."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    parts = conninfo_to_dict(url)
    secret = {"PGPASSWORD": str(parts.pop("password"))} if parts.get("password") else {}
    ran = subprocess.run(
        [tools.path(name), "--dbname=" + make_conninfo("", **parts), *arguments],
        env={**os.environ, **secret, "LC_ALL": "C"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    wrong = [line for line in ran.stderr.splitlines() if "error:" in line and HARMLESS not in line]
    if wrong or (ran.returncode and HARMLESS not in ran.stderr):
        raise Refused(f"{name} failed: {(wrong or ran.stderr.strip().splitlines() or ['no reason given'])[0]}")
    return ran


def _server_version(url: str) -> int:
    import psycopg

    with psycopg.connect(url) as link:
        return link.info.server_version // 10000


def _holds_data(url: str) -> bool:
    import psycopg

    with psycopg.connect(url) as link:
        row = link.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace").fetchone()
    return bool(row and row[0])


def _unpack(file: Path, scratch: Path) -> dict[str, Any]:
    try:
        with tarfile.open(file, "r:") as tar:
            members = tar.getmembers()
            for member in _progress(members, "Reading the backup"):
                _extract(tar, member, scratch)
        about = json.loads((scratch / "about.json").read_text())
        if about["format"] != 1 or not (scratch / "database.dump").exists():
            raise KeyError
    except FileNotFoundError as fault:
        raise Refused(f"{file} does not exist, or is not a backup made by `noren backup`.") from fault
    except (OSError, tarfile.TarError, KeyError, ValueError) as fault:
        raise Refused(f"{file} is not a whole backup made by `noren backup`: {fault}") from fault
    return dict(about)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    """One file or folder, and nothing outside of `into`. Debian 12's Python has no filters for tar files yet."""
    path = into / member.name
    if not (member.isreg() or member.isdir()) or ".." in path.parts or not path.is_relative_to(into):
        raise tarfile.TarError(f"{member.name} does not belong in it.")
    (path if member.isdir() else path.parent).mkdir(parents=True, exist_ok=True)
    if content := tar.extractfile(member):
        with content, path.open("wb") as out:
            shutil.copyfileobj(content, out)
    path.chmod(member.mode & 0o777)


def _swap(tools: Programs, url: str, dump: Path) -> None:
    """Restore beside what is there, and only then let the old go: a failure leaves everything as it was."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as link:
        link.execute("DROP SCHEMA IF EXISTS before_restore CASCADE")
        with link.transaction():
            link.execute("ALTER SCHEMA public RENAME TO before_restore")
            link.execute("CREATE SCHEMA public")
        try:
            # Newer programs set what an older server does not know; then it cannot be one transaction.
            how = ["--single-transaction"] if tools.major <= _server_version(url) else []
            _call(tools, "pg_restore", url, "--no-owner", "--no-privileges", *how, str(dump))
        except BaseException:
            with link.transaction():
                link.execute("DROP SCHEMA public CASCADE")
                link.execute("ALTER SCHEMA before_restore RENAME TO public")
            raise
        link.execute("DROP SCHEMA before_restore CASCADE")
        link.execute("ANALYZE")


def _replace(file: Path, text: str) -> None:
    fresh = file.with_name(f".{file.name}.new")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(text + "\n")
    fresh.replace(file)


def _hand_over(path: Path, folder: Path) -> None:
    """Give what root restored to the owner of the data folder, as whom noren runs."""
    if os.geteuid() == 0:
        owner = folder.stat()
        for each in (path, *path.rglob("*")):
            os.chown(each, owner.st_uid, owner.st_gid)


def _progress(things: list[Any], title: str) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import track

    yield from track(things, title, console=Console(stderr=True), transient=True, disable=len(things) < 50)
