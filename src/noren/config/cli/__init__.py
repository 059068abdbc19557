"""The command `noren`. One file per word; each holds plain typed functions that are registered here.

A command that works on data opens the ground first:

    def ask(metric: str) -> None:
        '''One line that `noren --help` shows.'''
        with ground() as env:
            from noren.core.metric import ...      # Django and our own modules only inside

Exit codes: 0 done; 1 refused or failed, with one line that says why; 2 the command was typed wrongly.
Files here stay light to import (no Django at the top), so that `noren --help` answers at once.
"""

from __future__ import annotations

import sys

import typer

from noren.config.cli import ask, backup, check, createadmin, demo, exporting, importing, mapping, serve

app = typer.Typer(
    help="noren, a customer relations system to run yourself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.command("migrate")(serve.migrate)
app.command("check")(check.check)
app.command("createadmin")(createadmin.createadmin)
app.command("demo")(demo.demo)
app.command("import")(importing.import_)
app.command("undo-import")(importing.undo_import)
app.command("export")(exporting.export)
app.command("ask")(ask.ask)
app.command("rows")(ask.rows)
app.command("map")(mapping.map_)
app.command("openapi")(mapping.openapi)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)


def main() -> None:
    """Entry point of the console script. Refusals are one line on standard error, never a traceback."""
    from noren.config.cli.ground import refusals

    try:
        app()
    except refusals() as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(1)
