"""The table and the file."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

from tests.bench.asked import Line

HEAD = f"{'':<38}{'p50':>9}{'p95':>9}{'× empty':>9}{'SQL p50':>9}{'× SQL':>8}{'cpu':>8}{'db cpu':>8}{'p95':>7}{'target':>9}"


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()}, Python {platform.python_version()}"


def show(line: Line, empty: float | None, slack: float) -> str:
    def number(value: float | None) -> str:
        if value is None:
            return ""
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"

    ratio = f"{line.p50 / empty:.1f}" if empty and line.p50 and line.unit == "ms" else ""
    over = f"{line.p50 / line.sql:.1f}" if line.sql and line.p50 else ""
    sign = "≥" if line.at_least else "≤"
    target = f"{sign} {number(line.target)}" if line.target is not None else ""
    mark = {True: " ok", False: " MISSED", None: ""}[line.passed(slack)]
    unit = "" if line.unit == "ms" else f" {line.unit}"
    return f"{line.name:<38}{number(line.p50):>9}{number(line.p95):>9}{ratio:>9}{number(line.sql):>9}{over:>8}{number(line.cpu):>8}{number(line.database):>8}{number(line.database95):>7}{target:>9}{mark}{unit}"


def write(path: Path, size: str, lines: list[Line], slack: float, load: float) -> None:
    data = {
        "size": size, "machine": machine(), "load_average": load,
        "lines": [
            {"name": one.name, "p50": one.p50, "p95": one.p95, "sql_p50": one.sql, "cpu_p50": one.cpu,
             "database_p50": one.database, "database_p95": one.database95, "unit": one.unit,
             "target": one.target, "passed": one.passed(slack)} for one in lines
        ],
    }  # fmt: skip
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n")
