"""Which web server carries noren: throughput, memory and start time of each candidate on this machine.

    DATABASE_URL=postgresql://… .venv/bin/python -m tests.bench.web_server

The page is small on purpose: one query through the psycopg pool, fifty lines of template. So what differs is the server.
PSS (memory with shared pages split among their users) is read from /proc, so the memory column needs Linux.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

PORT = int(os.environ.get("PORT", "8199"))
SECONDS = float(os.environ.get("SECONDS", "5"))
HERE = "tests.bench.web_server"
PYTHON = sys.executable

CANDIDATES = {
    "gunicorn gthread 2×4, preload": ["gunicorn", "-b", f"127.0.0.1:{PORT}", "-w", "2", "-k", "gthread", "--threads", "4", "--preload", f"{HERE}:page()"],
    "gunicorn gthread 2×4": ["gunicorn", "-b", f"127.0.0.1:{PORT}", "-w", "2", "-k", "gthread", "--threads", "4", f"{HERE}:page()"],
    "gunicorn sync 2, preload": ["gunicorn", "-b", f"127.0.0.1:{PORT}", "-w", "2", "--preload", f"{HERE}:page()"],
    "granian wsgi 2×4": ["granian", "--interface", "wsgi", "--port", str(PORT), "--workers", "2", "--blocking-threads", "4", "--factory", f"{HERE}:page", "--no-log"],
    "granian wsgi 2×4, preload": [HERE, "granian"],
}  # fmt: skip


def page():  # type: ignore[no-untyped-def]
    """A Django application of one page; also imports what noren imports, so that memory and start are honest."""
    from django.conf import settings
    from django.http import HttpResponse
    from django.template import engines
    from django.urls import path

    from noren.config.settings import database

    settings.configure(
        SECRET_KEY="measurement only",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=type("urls", (), {"urlpatterns": []}),
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
        MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        DATABASES={"default": database(os.environ["DATABASE_URL"])},
    )
    from django.core.wsgi import get_wsgi_application
    from django.db import connection

    application = get_wsgi_application()
    import procrastinate  # noqa: F401

    template = engines["django"].from_string(
        "<table>{% for n, name in rows %}<tr><td>{{ n }}</td><td>{{ name }}</td></tr>{% endfor %}</table>"
    )

    def show(request):  # type: ignore[no-untyped-def]
        with connection.cursor() as cursor:
            cursor.execute("SELECT n, md5(n::text) FROM generate_series(1, 50) n")
            return HttpResponse(template.render({"rows": cursor.fetchall()}))

    settings.ROOT_URLCONF.urlpatterns.append(path("", show))
    return application


def family(root: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parts = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(parts[1]), []).append(int(entry.parent.name))
    found, todo = [], [root]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def pss(pids: list[int]) -> float:
    """Proportional memory in MiB."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024


def first_answer(began: float) -> float:
    while time.monotonic() - began < 20:
        try:
            connection = HTTPConnection("127.0.0.1", PORT, timeout=5)
            connection.request("GET", "/")
            if connection.getresponse().read():
                return time.monotonic() - began
        except OSError:
            time.sleep(0.01)
    raise SystemExit("the server did not answer within 20 s")


async def load(width: int) -> tuple[float, float, int]:
    """Requests per second, p95 in ms, and failures at `width` keep-alive connections."""
    times: list[float] = []
    failed = 0
    end = time.monotonic() + SECONDS

    async def client() -> None:
        nonlocal failed
        reader = writer = None
        while time.monotonic() < end:
            began = time.perf_counter()
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
                writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                lower = head.lower()
                length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                if b" 200 " not in head.split(b"\r\n")[0]:
                    failed += 1
                if b"connection: close" in lower:
                    writer.close()
                    writer = None
            except (OSError, asyncio.IncompleteReadError):
                failed, writer = failed + 1, None
                continue
            times.append(time.perf_counter() - began)

    await asyncio.gather(*(client() for _ in range(width)))
    return len(times) / SECONDS, statistics.quantiles(times, n=20)[18] * 1000, failed


def granian_preloaded() -> None:
    """Granian with the application loaded before it forks its workers."""
    from granian.server import Server

    application = page()
    server = Server(HERE, port=PORT, interface="wsgi", workers=2, blocking_threads=4, log_enabled=False)
    server.serve(target_loader=lambda *_: application, wrap_loader=False)


def main() -> None:
    print(
        f"{'server':<32}{'start s':>8}{'idle MiB':>9}{'req/s @8':>10}{'p95':>6}{'req/s @32':>11}{'p95':>6}{'failed':>8}"
    )
    for name, command in CANDIDATES.items():
        began = time.monotonic()
        server = subprocess.Popen([PYTHON, "-m", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            start = first_answer(began)
            asyncio.run(load(8))  # warm every worker first
            idle = pss(family(server.pid))
            eight, eight95, lost = asyncio.run(load(8))
            many, many95, lost32 = asyncio.run(load(32))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)
        print(
            f"{name:<32}{start:>8.2f}{idle:>9.0f}{eight:>10.0f}{eight95:>6.1f}{many:>11.0f}{many95:>6.1f}{lost + lost32:>8}"
        )


if __name__ == "__main__":
    granian_preloaded() if sys.argv[1:] == ["granian"] else main()
