"""Where the bench plays: a database of its own per size, the real `noren serve` over it, and a browser without a face."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import psycopg
from psycopg import sql

from tests.bench.load import EMAIL, PASSWORD
from tests.bench.web_server import family

ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Stage:
    """Environment of the processes for one size. With DATABASE_URL the databases lie on that server, beside the given one."""

    size: str
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        data = ROOT / "var" / "bench" / self.size
        data.mkdir(parents=True, exist_ok=True)
        given = os.environ.get("DATABASE_URL", "")
        self.environ = {**os.environ, "NOREN_DATA": str(data), "PORT": str(free_port()), "NOREN_DEBUG": "0",
                        "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}  # fmt: skip
        self.environ.pop("NOREN_DEMO", None)
        if given:
            parts = urlsplit(given)
            name = f"noren_bench_{self.size}"
            with psycopg.connect(given, autocommit=True) as link:
                if not link.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                    link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            self.environ["DATABASE_URL"] = f"{parts.scheme}://{parts.netloc}/{name}" + (
                f"?{parts.query}" if parts.query else ""
            )

    @property
    def port(self) -> int:
        return int(self.environ["PORT"])

    @property
    def url(self) -> str:
        from noren.config import postgres

        return self.environ.get("DATABASE_URL") or postgres.address(Path(self.environ["NOREN_DATA"]))

    def load(self) -> None:
        """Fill the database, once."""
        from noren.config import env, postgres

        with postgres.using(env.load(self.environ)):
            subprocess.run(
                [sys.executable, "-m", "tests.bench.load", self.size], env=self.environ, check=True, cwd=ROOT
            )

    def noren(self, *words: str) -> str:
        """Run a `noren` command beside the server; gives what it printed."""
        return self._call("-m", "noren", *words)

    def python(self, code: str) -> str:
        """Run a few lines of Python with noren's settings; gives what they printed."""
        return self._call("-c", code)

    def _call(self, *words: str) -> str:
        environ = self.environ | {"DATABASE_URL": self.url, "DJANGO_SETTINGS_MODULE": "noren.config.settings"}
        done = subprocess.run([sys.executable, *words], env=environ, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}: {done.stdout[-300:]} {done.stderr.strip()[-600:]}")
        return done.stdout

    @contextmanager
    def server(self) -> Any:
        """`noren serve`, with its worker; gives (process, seconds to the first answer)."""
        environ = self.environ | {"DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
        log = (ROOT / "var" / "bench" / f"{self.size}.log").open("w")
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "noren", "serve"], env=environ, cwd=ROOT, stdout=log, stderr=log
        )
        try:
            yield process, _first_answer(self.port, began, process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            log.close()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _first_answer(port: int, began: float, process: subprocess.Popen[bytes]) -> float:
    while time.monotonic() - began < 60 and process.poll() is None:
        try:
            link = HTTPConnection("127.0.0.1", port, timeout=20)
            link.request("GET", "/login/")
            answer = link.getresponse()
            answer.read()
            if answer.status == 200:
                return time.monotonic() - began
        except OSError:
            time.sleep(0.01)
    raise SystemExit("the server did not answer within a minute; see var/bench/*.log")


class Browser:
    """One keep-alive connection with cookies."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.link = HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}

    def ask(
        self,
        address: str,
        body: dict[str, Any] | bytes | None = None,
        *,
        status: tuple[int, ...] = (200,),
        **headers: str,
    ) -> bytes:
        """The answer's body. Raises SystemExit when the status is not the expected one."""
        data = urlencode(body).encode() if isinstance(body, dict) else body
        sent = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), "Host": f"127.0.0.1:{self.port}"}
        if isinstance(body, dict):
            sent |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "Referer": f"http://127.0.0.1:{self.port}{address}",
            }
        sent |= {key.replace("_", "-"): value for key, value in headers.items()}
        self.link.request("POST" if data is not None else "GET", address, data, sent)
        answer = self.link.getresponse()
        content = answer.read()
        for line in answer.msg.get_all("Set-Cookie") or ():
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        if answer.status not in status:
            raise SystemExit(f"{address} answered {answer.status}: {content[:300]!r}")
        return content

    def log_in(self) -> None:
        page = self.ask("/login/").decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None
        self.ask(
            "/login/",
            {"csrfmiddlewaretoken": token[1], "email": EMAIL, "password": PASSWORD, "next": ""},
            status=(302, 303),
        )

    def first_visit(self, address: str) -> tuple[int, int]:
        """(compressed bytes, requests) of a first visit: the page and all it asks for, styles and modules followed."""
        seen: set[str] = set()
        total = requests = 0
        todo = [address]
        while todo:
            one = todo.pop()
            if one in seen:
                continue
            seen.add(one)
            self.link.request(
                "GET",
                one,
                headers={"Accept-Encoding": "gzip", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())},
            )
            answer = self.link.getresponse()
            raw = answer.read()
            if answer.status != 200:
                continue
            packed = answer.headers.get("Content-Encoding") == "gzip"
            text = (gzip.decompress(raw) if packed else raw).decode("utf-8", "replace")
            total, requests = total + len(raw), requests + 1
            if one == address:
                found = re.findall(r'<(?:link|script|img|use)\b[^>]*?(?:href|src)="(/static/[^"#]+)', text)
            elif one.endswith(".css"):
                found = re.findall(r'url\("?([^")]+)"?\)', text)
            elif one.endswith(".js"):
                found = re.findall(r'(?:from|import)\s*"(\.{0,2}/[^"]+)"', text)
            else:
                found = []
            todo += [urljoin(one, link) for link in found if not link.startswith("data:")]
        return total, requests


def timed(work: Any, times: int, warm: int = 5) -> list[float]:
    """Milliseconds of each call, after some that do not count."""
    for _ in range(warm):
        work()
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) * 1000)
    return found


def p50_p95(values: list[float]) -> tuple[float, float]:
    return statistics.median(values), statistics.quantiles(values, n=20)[18] if len(values) > 1 else values[0]


def throughput(browser: Browser, address: str, width: int, seconds: float = 5) -> float:
    """Answers per second at `width` keep-alive connections. Raises SystemExit when one is not 200."""
    head = "GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAccept-Encoding: gzip\r\nCookie: {}\r\n\r\n".format(
        address, browser.port, "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
    ).encode()
    done = 0

    async def client(end: float) -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", browser.port, limit=2**22)
        while time.monotonic() < end:
            writer.write(head)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b" 200 " not in answer.split(b"\r\n")[0]:
                raise SystemExit(f"under load: {answer[:200]!r}")
            length = re.search(rb"content-length: (\d+)", answer)
            assert length is not None
            await reader.readexactly(int(length[1]))
            done += 1
            if b"connection: close" in answer:
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", browser.port, limit=2**22)
        writer.close()

    async def all_clients() -> None:
        end = time.monotonic() + seconds
        await asyncio.gather(*(client(end) for _ in range(width)))

    asyncio.run(all_clients())
    return done / seconds


def memory(root: int) -> float:
    """PSS in MiB of noren's processes; PostgreSQL is left out, for it may run elsewhere."""
    total = 0
    for pid in family(root):
        try:
            if "postgres" in Path(f"/proc/{pid}/comm").read_text():
                continue
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024


class Work:
    """Run time in ms of the database's processes and of noren's, where /proc tells. Other programs on the machine make
    answers late; they do not change this."""

    def __init__(self, link: psycopg.Connection[Any], server: int) -> None:
        self.link, self.server = link, server

    def database(self) -> float | None:
        pids = self.link.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
        return _ran(Path(f"/proc/{pid}/schedstat") for (pid,) in pids)

    def noren(self) -> float | None:
        found = (Path(f"/proc/{pid}/task") for pid in family(self.server))
        return _ran(path / "schedstat" for tasks in found if "postgres" not in _name(tasks) for path in tasks.glob("*"))


def _name(tasks: Path) -> str:
    try:
        return (tasks.parent / "comm").read_text()
    except OSError:
        return "postgres"


def _ran(files: Any) -> float | None:
    try:
        return float(sum(int(file.read_text().split()[0]) for file in files)) / 1e6
    except OSError:
        return None
