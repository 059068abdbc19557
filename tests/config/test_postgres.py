"""The built-in server with real processes, on each PostgreSQL this machine has and on the one that came as a package."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from tests.config.conftest import PutDatabase
from tests.ground import wheel_programs

from noren.config import postgres
from noren.config.postgres import Server

ALL = {one.major: one.folder for one in reversed(postgres.all_programs())}


@pytest.fixture(params=ALL.values(), ids=[f"PostgreSQL-{major}" for major in ALL])
def bin_folder(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def ask(server: Server, question: str) -> object:
    with psycopg.connect(server.url, autocommit=True) as link:
        cursor = link.execute(question)  # type: ignore[arg-type]
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def answers(server: Server) -> bool:
    try:
        return ask(server, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def until(true: Callable[[], bool], seconds: float = 20, meanwhile: Callable[[], None] = lambda: None) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        meanwhile()
        time.sleep(0.05)


@pytest.mark.database
def test_a_new_database_is_private_checked_and_not_run_by_root(folder: Path, bin_folder: Path) -> None:
    with Server(folder, bin_folder) as server:
        assert ask(server, "SHOW data_checksums") == "on"
        assert ask(server, "SHOW fsync") == "on"
        assert ask(server, "SHOW listen_addresses") == ""
        assert ask(server, "SHOW server_encoding") == "UTF8"
        assert ask(server, "SELECT 'あ' < 'ア' AND lower('ＡＢ') = 'ａｂ'") is True
        assert ask(server, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        assert server.child is not None
        assert server.socket.stat().st_mode & 0o777 == 0o700
        assert server.cluster.stat().st_uid != 0
        assert pwd.getpwuid(server.cluster.stat().st_uid).pw_name == server.user.pw_name

    assert not answers(server)


@pytest.mark.database
def test_what_was_committed_survives_kill_9_and_comes_back_by_itself(
    folder: Path, bin_folder: Path, put_database: PutDatabase
) -> None:
    put_database(folder, bin_folder)
    with Server(folder, bin_folder) as server:
        ask(server, "CREATE TABLE kept (n int)")
        ask(server, "INSERT INTO kept SELECT generate_series(1, 1000)")
        assert server.child is not None
        os.kill(server.child.pid, signal.SIGKILL)
        server.child.wait()

        until(lambda: answers(server), meanwhile=server.tend)

        assert ask(server, "SELECT count(*) FROM kept") == 1000


@pytest.mark.database
def test_a_start_after_everything_was_killed_needs_no_hand_work(
    folder: Path, bin_folder: Path, put_database: PutDatabase
) -> None:
    put_database(folder, bin_folder)
    first = Server(folder, bin_folder)
    first.start()
    ask(first, "CREATE TABLE kept AS SELECT 7 AS n")
    assert first.child is not None
    os.kill(first.child.pid, signal.SIGKILL)  # its own children are still about to notice
    first.child.wait()
    os.close(first._users or 0)

    with Server(folder, bin_folder) as second:
        assert ask(second, "SELECT n FROM kept") == 7


def test_a_pid_file_that_names_some_other_living_program_does_not_block(
    folder: Path, put_database: PutDatabase
) -> None:
    put_database(folder)
    with Server(folder) as server:
        ask(server, "CREATE TABLE kept AS SELECT 7 AS n")
        owner = server.user
        assert server.child is not None
        os.kill(server.child.pid, signal.SIGKILL)
        server.child.wait()
    who = {"user": owner.pw_uid} if os.geteuid() == 0 else {}
    other = subprocess.Popen(["sleep", "60"], **who)  # type: ignore[call-overload]
    file = server.cluster / "postmaster.pid"
    rest = file.read_text().split("\n", 1)[1]
    file.write_text(f"{other.pid}\n{rest}")

    try:
        with Server(folder) as again:
            assert ask(again, "SELECT n FROM kept") == 7
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_second_process_joins_and_the_last_to_leave_stops_it(folder: Path, put_database: PutDatabase) -> None:
    put_database(folder)
    first, second = Server(folder), Server(folder)
    first.start()
    second.start()
    assert second.child is None

    first.stop()
    assert answers(second)

    second.stop()
    assert not answers(second)


def test_root_may_join_the_server_of_an_ordinary_user(folder: Path, put_database: PutDatabase) -> None:
    put_database(folder)
    with Server(folder) as server:
        root = pwd.getpwuid(0).pw_name
        assert f'noren "{root}" noren\n' in (server.cluster / "pg_ident.conf").read_text()


def test_two_that_start_at_once_make_one_server(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from noren.config.postgres import Server\n"
        "with Server(Path(sys.argv[1]), extra={'shared_buffers': '32MB'}) as s: print('child' if s.child else 'joined', flush=True); input()"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = sorted(one.stdout.readline().strip() for one in both if one.stdout)
    for one in both:
        one.communicate("\n", timeout=30)

    assert said == ["child", "joined"]
    assert [one.returncode for one in both] == [0, 0]


def test_an_administrators_restart_is_joined_instead_of_fought(folder: Path, put_database: PutDatabase) -> None:
    put_database(folder)
    with Server(folder) as server:
        assert server.child is not None
        restart = [server.programs.path("pg_ctl"), "restart", "-D", server.cluster, "-m", "fast", "-l", "/dev/null"]
        subprocess.run(restart, check=True, capture_output=True, **server._as_user())

        until(lambda: answers(server), meanwhile=server.tend)
        until(lambda: server.child is None, meanwhile=server.tend)

        assert ask(server, "SELECT 1") == 1


def test_a_database_of_another_version_is_refused_in_words(folder: Path, put_database: PutDatabase) -> None:
    put_database(folder)
    cluster = folder / "postgres" / "cluster"
    with Server(folder) as server:
        made = server.programs.major
    version = (cluster / "PG_VERSION").read_text()
    (cluster / "PG_VERSION").write_text("14\n")

    with pytest.raises(postgres.PostgresError) as refused:
        Server(folder, server.programs.folder).start()

    assert str(refused.value).startswith(
        f"This database was made by PostgreSQL 14, but only PostgreSQL {made} is here, which cannot open it: install "
        "PostgreSQL 14 again"
    )
    assert "noren restore" in str(refused.value)
    (cluster / "PG_VERSION").write_text(version)


def test_an_existing_database_keeps_its_version_when_a_newer_one_is_installed(
    folder: Path, put_database: PutDatabase
) -> None:
    put_database(folder, wheel_programs())
    with Server(folder, wheel_programs()) as server:
        ask(server, "CREATE TABLE kept AS SELECT 7 AS n")

    with Server(folder) as again:  # which for a new database would take the system's
        assert again.programs.major == server.programs.major
        assert ask(again, "SELECT n FROM kept") == 7


def test_a_deep_folder_gets_a_short_private_socket(folder: Path, put_database: PutDatabase) -> None:
    deep = folder / ("long" * 30)
    deep.mkdir(mode=0o711)
    put_database(deep)

    with Server(deep) as server:
        assert ask(server, "SELECT 1") == 1
        assert server.socket.parent == Path("/tmp").resolve()
        assert server.socket.stat().st_mode & 0o777 == 0o700
    server.socket.rmdir()


def test_a_closed_folder_stays_closed_and_the_database_goes_where_its_user_can(folder: Path) -> None:
    folder.chmod(0o700)
    data = folder / "data"

    with Server(data, wheel_programs()) as server:
        assert ask(server, "SELECT 1") == 1

    assert (data / "postgres").is_symlink() == (os.geteuid() == 0)
    assert folder.stat().st_mode & 0o777 == 0o700
    subprocess.run(["rm", "-rf", server.home], check=True)


def test_no_fitting_programs_is_told_with_what_to_install(folder: Path) -> None:
    with pytest.raises(postgres.PostgresError, match=r"install it .*apt install postgresql.*DATABASE_URL"):
        postgres.programs(folder)
