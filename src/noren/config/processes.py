"""The processes behind `noren serve`: database, web and worker, started together and kept alive together.

One parent loads the application once and forks the others from it, so they share its memory. The parent itself never
opens a connection or a thread; it only waits, and starts again what died. It also holds the listening socket, so while
a web process restarts, browsers wait a moment instead of being turned away.

    parent ── web (gunicorn) ── web processes with threads
           ├─ worker (jobs)
           └─ PostgreSQL (only without DATABASE_URL)

A kill of any of them, the parent included, needs no hand work: children notice a lost parent and end, a new start joins
a database that is still running.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import hashlib
import importlib
import os
import re
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from noren.config import postgres, words
from noren.config.env import Env
from noren.config.logs import Line

PATIENCE = 35
"""Seconds running requests and jobs get to finish after a stop was asked for."""
LOST = 30
"""Of these, the seconds gunicorn and the job worker themselves wait."""
SLOWEST_RESTART = 5
"""Seconds at most between the death of a process that keeps dying and its next start."""
BUSY = 60
"""Seconds without a sign of life after which a web process is taken for hung and replaced."""
MIGRATION_LOCK = 7366736
"""Any number, the same for all: only one process at a time changes tables."""


class ServeError(Exception):
    """noren cannot be served; the text says why and what to do."""


@dataclass
class Child:
    """One kind of process that must always run."""

    name: str
    work: Callable[[], None]
    pid: int = 0
    started: float = 0.0
    due: float = 0.0
    pause: float = 0.5


@dataclass
class Supervisor:
    """Keeps the children and the built-in database running until told to stop."""

    env: Env
    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)
    database: postgres.Server | None = None
    ready: Callable[[], None] = lambda: None
    stopping: bool = False
    reload: bool = False

    def run(self) -> int:
        wake, self._poke = os.pipe()
        told, self._tell = os.pipe()
        for end in (wake, self._poke, told):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._poke)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        changed = _changes() if self.env.debug else None
        waiting = [wake, told]
        while not self.stopping:
            self._revive()
            for end in select.select(waiting, [], [], 0.5)[0]:
                os.read(end, 4096)
                if end == told:
                    waiting.remove(told)
                    self.ready()
            self._reap()
            if self.database:
                self.database.tend()
            if changed and changed():
                self.say("The code changed; starting again.")
                self.reload = self.stopping = True
        self._end()
        return 0

    def announce(self) -> None:
        """Called by the web once it accepts requests."""
        os.write(self._tell, b"!")

    def _stop(self, *_: object) -> None:
        if self.stopping:  # asked twice: at once
            self._signal(signal.SIGKILL)
        self.stopping = True

    def _revive(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.pid or now < child.due:
                continue
            child.pid, child.started = fork(child.work), now

    def _reap(self) -> None:
        for child in self.children:
            if child.pid and os.waitpid(child.pid, os.WNOHANG)[0]:
                now = time.monotonic()
                child.pause = min(child.pause * 2, SLOWEST_RESTART) if now - child.started < 10 else 1.0
                child.pid, child.due = 0, now + child.pause
                if not self.stopping:
                    self.say(f"The {child.name} stopped; starting it again in {child.pause:.0f} s.")

    def _signal(self, number: int) -> None:
        for child in self.children:
            if child.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, number)

    def _end(self) -> None:
        self._signal(signal.SIGTERM)
        end = time.monotonic() + PATIENCE
        while any(child.pid for child in self.children):
            if time.monotonic() > end:
                self._signal(signal.SIGKILL)
            time.sleep(0.02)
            self._reap()
        signal.set_wakeup_fd(-1)


def fork(work: Callable[[], None]) -> int:
    """Run `work` in a child of its own process group (so a Ctrl-C in the terminal reaches only the parent)."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        work()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException as fault:  # noqa: BLE001  (the last line of a process: told, then ended)
        import traceback

        if os.strerror(errno.ENOSPC) in str(fault):
            print("The disk is full: make room, then start noren again.", file=sys.stderr)  # noqa: T201
        else:
            traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


# What the parent does before it forks


def serve(
    env: Env,
    *,
    web: bool = True,
    worker: bool = True,
    prepare: Callable[[Env], None] = lambda env: None,
    ready: Callable[[Env], None] = lambda env: None,
    say: Callable[[str], None] = print,
) -> int:
    """Run noren until stopped by SIGTERM or SIGINT; gives the exit code.

    `prepare` runs once, in a process of its own, after the tables are up to date; `ready` when the web answers.
    Raises `ServeError`, `PostgresError`.
    """
    if sys.platform == "darwin":
        os.environ.setdefault("PGGSSENCMODE", "disable")  # macOS ends a forked process that looks for Kerberos tickets
    listening = listen(env) if web else None
    database = None if env.database_url else postgres.Server(env.data, env.pg_bin, say=say)
    if database:
        database.start()
    try:
        check_database(env)
        gc.disable()  # what is loaded now stays
        set_up()
        helper = fork(lambda: _make_ready(env, prepare, say))
        try:
            load_tools()
            if web:
                load_addresses()
        finally:
            is_ready = _wait(helper) == 0
        if not is_ready:
            raise ServeError("noren did not start: it could not be made ready (reason above).")
        pages = load_pages() if web else None
        gc.collect()
        gc.freeze()  # the collector would write to shared pages and so unshare them
        gc.enable()
        supervisor = Supervisor(env, say, database=database, ready=lambda: ready(env))
        if listening:
            supervisor.children.append(Child("web", lambda: run_web(env, listening, pages, supervisor.announce)))
        if worker:
            supervisor.children.append(Child("worker", lambda: run_worker(env)))
        code = supervisor.run()
        if supervisor.reload:
            if listening:
                listening.close()
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  (the same command again)
        return code
    finally:
        if database:
            database.stop()


def listen(env: Env) -> socket.socket:
    """The socket of the web. Raises `ServeError` when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in env.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    end = time.monotonic() + 3  # processes of a killed parent let go of it within a second or two
    while True:
        try:
            listening.bind((env.host, env.port))
            break
        except OSError as fault:
            if time.monotonic() > end or fault.errno in {13, 99, 49}:
                listening.close()
                raise ServeError(
                    f"noren cannot listen on {env.host}, port {env.port} ({fault.strerror or fault}): stop the program "
                    "that uses it, or choose another with PORT and NOREN_HOST."
                ) from fault
            time.sleep(0.1)
    listening.listen(1024)
    return listening


def check_database(env: Env) -> None:
    """Raises `ServeError` in plain words when the database cannot be used."""
    import psycopg

    try:
        with psycopg.connect(env.database_url or postgres.address(env.data), connect_timeout=10) as link:
            version = link.info.server_version // 10000
    except psycopg.Error as fault:
        reason = " ".join(str(fault).split())
        raise ServeError(
            f"The database of DATABASE_URL does not let noren in ({reason}): start it, or correct the address."
        ) from None
    if version < postgres.OLDEST:
        raise ServeError(
            f"The database of DATABASE_URL is PostgreSQL {version}; noren needs {postgres.OLDEST} or newer: upgrade it."
        )


def set_up() -> None:
    """Load all modules, so that processes forked from here share their memory."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "noren.config.settings")
    import django

    words.compile_all()
    django.setup()


def load_tools() -> None:
    """What the children run on, read once for all of them."""
    for name in ("gunicorn.app.base", "gunicorn.arbiter", "gunicorn.workers.gthread", "procrastinate.worker",
                 "procrastinate.psycopg_connector", "psycopg_pool"):  # fmt: skip
        importlib.import_module(name)


def load_addresses() -> None:
    """All pages, which the first request would otherwise wait for. Needs neither tables nor collected files."""
    from django.urls import get_resolver

    get_resolver().url_patterns  # noqa: B018  (reads them now)


def load_pages() -> Any:
    """The web application, once the files that it serves are collected."""
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def _make_ready(env: Env, prepare: Callable[[Env], None], say: Callable[[str], None]) -> None:
    gc.enable()
    bring_up_to_date(env, say=say)
    collect_static()
    with _alone(env):
        prepare(env)


@contextlib.contextmanager
def _alone(env: Env) -> Iterator[None]:
    """Only one process on this database at a time."""
    import psycopg

    with psycopg.connect(env.database_url or postgres.address(env.data), autocommit=True) as lock:
        # Asked again and again: who waits inside a statement would itself be waited for where an index is built aside.
        while not lock.execute("SELECT pg_try_advisory_lock(%s)", [MIGRATION_LOCK]).fetchone()[0]:  # type: ignore[index]
            time.sleep(0.2)
        yield


def bring_up_to_date(env: Env, say: Callable[[str], None] = print) -> None:
    """Change the tables to what this version needs. Several processes may call it at once; one does it."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    without_limits()
    with _alone(env):
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            say("Bringing the database up to date …")
            call_command("migrate", interactive=False, verbosity=0)
        if has_numbers():
            from noren.core.metric.cube import keep as cubes

            cubes.stand_up(say)


def collect_static() -> None:
    """Put scripts, styles and pictures, with names made from their content, where the web serves them from."""
    from django.apps import apps
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    if not settings.STATIC_ROOT or settings.DEBUG:
        return
    # Not what the finders give, for they may make files: what these are made from.
    sources = [Path(file) for finder in get_finders() if (file := sys.modules[type(finder).__module__].__file__)]
    for one in apps.get_app_configs():
        sources += sorted(path for path in (Path(one.path) / "static").rglob("*") if path.is_file())
    sign = hashlib.sha256(" ".join(settings.STATICFILES_FINDERS).encode())
    for path in sources:
        facts = path.stat()
        sign.update(f"{path} {facts.st_mtime_ns} {facts.st_size}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / ".stamp"
    if stamp.exists() and stamp.read_text() == sign.hexdigest():
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(sign.hexdigest())


def has_numbers() -> bool:
    """Whether this site holds a firm whose numbers are kept; these processes also run sites that do not."""
    from django.apps import apps

    return apps.is_installed("noren.core.access")


def without_limits() -> None:
    """Let this process's statements take their time: the limits of settings.py are for people who wait for a page."""
    from django.db import connections

    options = connections["default"].settings_dict["OPTIONS"]
    options["options"] = re.sub(r"statement_timeout=\d+", "statement_timeout=0", options.get("options", ""))


def _wait(pid: int) -> int:
    while True:
        try:
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except KeyboardInterrupt:
            os.kill(pid, signal.SIGTERM)


# What the children do


def call_itself(name: str) -> None:
    """The name that `ps` and `top` show, where the system lets a process choose it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(name)


def run_web(env: Env, listening: socket.socket, pages: Any, announce: Callable[[], None]) -> None:
    """gunicorn with the application that the parent loaded."""
    from gunicorn.app.base import BaseApplication
    from gunicorn.arbiter import Arbiter
    from gunicorn.glogging import Logger

    call_itself("noren-web")
    parent = os.getppid()
    proxies = ",".join(env.trusted_proxies)

    class Log(Logger):  # type: ignore[misc]
        """Its own lines, without the keys in addresses."""

        def setup(self, cfg: Any) -> None:
            super().setup(cfg)
            for handler in self.error_log.handlers:
                handler.setFormatter(Line(self.error_fmt, self.datefmt))

    class Web(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in {
                "bind": f"fd://{listening.fileno()}",
                "workers": env.processes,
                "threads": env.threads,
                "worker_class": "gthread",
                "preload_app": True,
                "timeout": BUSY,
                "graceful_timeout": LOST,
                "keepalive": 30,
                "loglevel": "warning",
                "logger_class": Log,
                "control_socket_disable": True,
                "forwarded_allow_ips": proxies or "127.0.0.1",
                "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108  (a heartbeat file)
                "post_worker_init": lambda worker: announce(),
                "limit_request_line": 8190,
            }.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return pages

    class Orphan(Arbiter):  # type: ignore[misc]
        """Ends itself when its parent is gone."""

        def murder_workers(self) -> None:
            if os.getppid() != parent:
                raise StopIteration
            super().murder_workers()

    Orphan(Web()).run()


def wait_for_database(env: Env) -> None:
    """Return as soon as the database answers; the pools of others wait ever longer between their tries."""
    import psycopg

    while True:
        try:
            psycopg.connect(env.database_url or postgres.address(env.data), connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.5)
        else:
            return


def run_worker(env: Env) -> None:
    """The job worker; it leaves running jobs time to finish when told to stop."""
    from procrastinate.contrib.django import app, django_connector

    from noren.core.job import rescue

    call_itself("noren-worker")
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(PATIENCE)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    wait_for_database(env)
    without_limits()
    threading.Thread(target=rescue.keep_looking, daemon=True).start()
    if has_numbers():
        from noren.core.metric.cube import keep as cubes

        threading.Thread(target=cubes.keep_merging, daemon=True).start()
    assert isinstance(app.connector, django_connector.DjangoConnector)
    with app.replace_connector(app.connector.get_worker_connector()) as queue:
        queue.run_worker(
            concurrency=env.jobs,
            fetch_job_polling_interval=2,
            shutdown_graceful_timeout=LOST,
            update_heartbeat_interval=rescue.BEAT,
            stalled_worker_timeout=rescue.SILENT,
            name=f"worker-{os.getpid()}",
        )


def _changes() -> Callable[[], bool]:
    """Whether a file of the code changed since the last call, for `NOREN_DEBUG`."""
    top = Path(__file__).resolve().parents[1]

    def newest() -> float:
        return max(
            (
                Path(folder, file).stat().st_mtime
                for folder, _, files in os.walk(top)
                for file in files
                if file.endswith(".py")
            ),
            default=0.0,
        )

    known, looked = newest(), time.monotonic()

    def changed() -> bool:
        nonlocal known, looked
        if time.monotonic() - looked < 1:
            return False
        looked, before = time.monotonic(), known
        with contextlib.suppress(FileNotFoundError):
            known = newest()
        return known > before

    return changed
