"""`noren export`: any record as CSV, XLSX or JSON, as the user may see it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from noren.config.cli.ground import acting, ground, tell


def export(
    record: Annotated[str, typer.Argument(help="companies, people, deals, …")],
    where: Annotated[
        list[str] | None, typer.Option(help="a condition, such as outcome=won or amount__gte=1000000")
    ] = None,
    format: Annotated[str, typer.Option(help="csv, xlsx or json")] = "csv",
    out: Annotated[Path | None, typer.Option(help="file to write; default: standard output")] = None,
    encoding: Annotated[str, typer.Option(help="utf-8-sig, utf-8 or cp932 (csv only)")] = "utf-8-sig",
    as_: Annotated[str | None, typer.Option("--as", help="e-mail of the user whose eyes it is seen with")] = None,
) -> None:
    """Write the rows of a record to a file."""
    with ground():
        from noren.core.filter.url import from_params
        from noren.core.record.declare import record_of
        from noren.core.record.export import export_rows

        by = acting(as_, via="command")
        conditions: dict[str, list[str]] = {}
        for one in where or ():
            name, _, value = one.partition("=")
            conditions.setdefault(name, []).append(value)
        target = out.open("wb") if out else sys.stdout.buffer
        try:
            told = export_rows(record_of(record), by, from_params(conditions), format, target, encoding=encoding)
            if told.replaced:
                tell(
                    f"{told.replaced} cells hold signs that {encoding} lacks; they are written as 〓: {', '.join(told.samples)}"
                )
        finally:
            target.flush()
            if out:
                target.close()
