"""`noren import` and `noren undo`: the same path as the wizard in the browser."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from noren.config.cli.ground import acting, ground


def import_(
    record: Annotated[str, typer.Argument(help="what the rows are: companies, people, deals, products, users, …")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="a CSV or XLSX file")],
    map: Annotated[Path | None, typer.Option(help="JSON: {column: field, …} or {mapping, options, fixes}")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check everything, change nothing")] = False,
    accept: Annotated[bool, typer.Option("--accept-suggestions", help="take near spellings of known names")] = False,
    as_: Annotated[str | None, typer.Option("--as", help="e-mail of the user who imports")] = None,
    errors: Annotated[Path | None, typer.Option(help="write the rows that did not come in to this CSV file")] = None,
    on_match: Annotated[str, typer.Option(help="update, skip or create: rows that are there already")] = "update",
    automations: Annotated[bool, typer.Option(help="let automations react to the imported rows")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """Bring the rows of a file in."""
    with ground():
        from noren.core.record.declare import record_of
        from noren.core.record.intake import run as intake

        by = acting(as_, via="import")
        noun = record_of(record)
        run = intake.begin(noun, file, file.name, by)
        run.options = {**run.options, "on_match": on_match, "automations": automations}
        if map is not None:
            _wishes(run, json.loads(map.read_text(encoding="utf-8")))
        run.save()
        if accept and not dry_run:
            intake.check(run, by)
            take_suggestions(run)
        watch = _progress(file.name, quiet=as_json)
        tally = intake.check(run, by, watch) if dry_run else intake.carry_out(run, by, watch)
        if errors is not None:
            with errors.open("w", encoding="utf-8-sig", newline="") as out:
                intake.error_file(run, out)
        result = {
            "run": run.pk,
            "record": noun.word(),
            "dry_run": dry_run,
            **tally.as_json(),
            "mapping": run.mapping,
            **run.report,
        }
        report(result, run, as_json=as_json)
        if tally.failed:
            raise typer.Exit(1)


def undo_import(
    run_id: Annotated[int, typer.Argument(help="number of the import, as `noren import` printed it")],
    as_: Annotated[str | None, typer.Option("--as", help="e-mail of the user who undoes")] = None,
) -> None:
    """Take a whole import back."""
    with ground():
        from noren.core.record.intake import run as intake
        from noren.core.record.intake.undo import undo

        by = acting(as_, via="import")
        counts = undo(intake.get(run_id, by), by)
        print(json.dumps(counts))


def _wishes(run: Any, wish: dict[str, Any]) -> None:
    if "mapping" in wish or "options" in wish or "fixes" in wish:
        run.mapping = {**run.mapping, **wish.get("mapping", {})}
        run.options = {**run.options, **wish.get("options", {})}
        run.fixes = {**run.fixes, **wish.get("fixes", {})}
    else:
        run.mapping = {**run.mapping, **wish}


def take_suggestions(run: Any) -> None:
    """Replace unknown names and odd spellings by their nearest suggestion, where one is nearer than all others."""
    for part in ("unknown", "spellings"):
        for field, found in run.report.get(part, {}).items():
            for one in found:
                if one["suggestions"] and one.get("sure", True):
                    run.fixes.setdefault(field, {}).setdefault(one["value"], one["suggestions"][0])
    run.save()


def _progress(name: str, *, quiet: bool) -> Any:
    if quiet or not sys.stderr.isatty():
        return None
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn(name),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    task = bar.add_task(name, total=1)
    bar.start()

    def watch(done: int, size: int) -> bool:
        bar.update(task, completed=done / max(size, 1))
        if done >= size:
            bar.stop()
        return True

    return watch


def report(result: dict[str, Any], run: Any, *, as_json: bool) -> None:
    """Print what became of a run."""
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    from noren.core.record.intake.faults import reason_of
    from noren.core.record.models import ImportFault

    word = "would be " if result["dry_run"] else ""
    print(
        f"import {result['run']}: {result['created']} {word}created, {result['updated']} {word}updated, "
        f"{result['unchanged']} unchanged, {result['skipped']} skipped, {result['failed']} failed"
    )
    if left := [column for column, field in run.mapping.items() if field in ("", "-")]:
        print(f"  not taken: {', '.join(left)}")
    for noun, count in result["made"].items():
        print(f"  {count} {noun} {word}made because they were named")
    for noun, count in result["filled"].items():
        print(f"  {count} {noun} {word}completed where they were empty")
    for part in ("unknown", "spellings"):
        for field, found in result.get(part, {}).items():
            for one in found[:20]:
                hint = f" → did you mean {', '.join(one['suggestions'])}?" if one["suggestions"] else ""
                print(f"  {field}: “{one['value']}” ({one['rows']} rows){hint}")
    for fault in ImportFault.objects.filter(run=run).order_by("number")[:10]:
        print(f"  row {fault.number}: {fault.column} {reason_of(fault)}")
