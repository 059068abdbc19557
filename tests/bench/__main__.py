"""`make bench`: how fast noren answers over a large firm, beside plain SQL and an empty page; and what it takes.

    make bench              100,000 people, 20,000 companies, 50,000 deals, 200,000 activities
    make bench SIZE=1m      a million people, companies and deals, ten million activities
    python -m tests.bench 100k --json figures.json --only search

With DATABASE_URL the firm is loaded into a database of its own on that server, else into a built-in one under var/bench.
Times are whole answers over HTTP at concurrency 1, logged in, keep-alive, on the machine that also serves them.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from pathlib import Path
from typing import Any

import psycopg

from tests.bench.asked import Bench, Line
from tests.bench.load import EMAIL, SIZES
from tests.bench.report import HEAD, machine, show, write
from tests.bench.stage import ROOT, Browser, Stage, memory, throughput

IMPORTED = {"1k": 500, "100k": 100_000, "1m": 100_000}
"""Rows of the files that are imported: enough that a second of start is not what is measured."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("size", choices=SIZES, nargs="?", default="100k")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument(
        "--only", choices=("lists", "searches", "records", "numbers", "create", "load", "import"), help="one part"
    )
    options = parser.parse_args()
    slack = 1.2 if options.size == "1m" else 1.0
    lines: list[Line] = []
    began = os.getloadavg()[0]

    def say(line: Line) -> None:
        lines.append(line)
        empty = next((one.p50 for one in lines if one.name == "empty page"), None)
        print(show(line, empty, slack), flush=True)

    stage = Stage(options.size)
    stage.load()
    print(f"{options.size} · {machine()} · load {began:.1f}\n{HEAD}", flush=True)
    _run(stage, options.only, say)
    if options.json:
        write(options.json, options.size, lines, slack, began)
    missed = [one.name for one in lines if one.passed(slack) is False]
    print(f"\n{len(missed)} targets missed" + (f": {', '.join(missed)}" if missed else "."))


def _run(stage: Stage, only: str | None, say: Any) -> None:
    with stage.server() as (server, start), psycopg.connect(stage.url, autocommit=True) as link:
        browser = Browser(stage.port)
        browser.log_in()
        key = _key(stage)
        bench = Bench(stage.size, browser, link, key, server.pid, say)
        bench.clear()
        if only in (None, "load"):
            say(Line("start to first answer", start, unit="s", target=1.2))
            time.sleep(3)
            say(Line("memory, idle", memory(server.pid), unit="MiB", target=180))
            size, requests = Browser.first_visit(browser, "/contacts/people/")
            say(Line("first visit to the list", size / 1000, unit="kB", target=80))
            say(Line("first visit to the list, requests", requests, unit="", target=8))
        if only is None:
            bench.all()
        elif only in ("lists", "searches", "records", "numbers"):
            bench.page("empty page", "/bench/empty/", "SELECT 1")
            getattr(bench, only)()
        elif only == "create":
            bench.page("empty page", "/bench/empty/", "SELECT 1")
            bench.creates()
        if only in (None, "load"):
            for width in (8, 32):
                rate = throughput(browser, "/contacts/people/", width)
                say(Line(f"people, answers per second at {width}", rate, unit="/s", target=300, at_least=True))
            say(Line("memory, after load", memory(server.pid), unit="MiB"))
        if only in (None, "import"):
            for kind, target in (("plain", 12_000), ("linked", 8_000)):
                say(
                    Line(
                        f"import of people, {kind}",
                        _imported(stage, link, kind),
                        unit="rows/s",
                        target=target,
                        at_least=True,
                    )
                )


def _key(stage: Stage) -> str:
    """An API key of the bench's user."""
    code = (
        "import django; django.setup()\n"
        "from noren.accounts.actions.keys import issue_key\n"
        "from noren.accounts.models import User\n"
        f"print(issue_key('bench', 'write', by=User.objects.get(email={EMAIL!r}).actor())[1])"
    )
    return stage.python(code).strip().splitlines()[-1]


def _imported(stage: Stage, link: psycopg.Connection[Any], kind: str) -> float:
    """Rows per second of `noren import`, its start included; taken back afterwards."""
    count = IMPORTED[stage.size]
    firms = [name for (name,) in link.execute("SELECT legal_name FROM contacts_company ORDER BY id LIMIT 2000")]
    path = ROOT / "var" / "bench" / f"{kind}.csv"
    mark = int(time.time())
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["姓", "名", "メール", "携帯電話", "部署", *(["会社名"] if kind == "linked" else [])])
        for n in range(count):
            row = [
                f"輸入{n % 900}",
                f"太郎{n % 700}",
                f"i{mark}.{n}@example.com",
                f"090-{n // 10000:04d}-{n % 10000:04d}",
                "品質管理部",
            ]
            rows.writerow([*row, firms[n % len(firms)]] if kind == "linked" else row)
    began = time.monotonic()
    told = stage.noren("import", "people", str(path), "--as", EMAIL, "--json")
    took = time.monotonic() - began
    result = _json(told)
    if result["created"] != count:
        raise SystemExit(f"import {kind}: {result}")
    stage.noren("undo-import", str(result["run"]))
    return count / took


def _json(text: str) -> dict[str, Any]:
    import json

    return dict(json.loads(text[text.index("{") :]))


if __name__ == "__main__":
    main()
