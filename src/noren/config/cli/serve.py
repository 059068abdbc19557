"""`noren serve`, `noren worker`, `noren migrate`: the processes."""

from __future__ import annotations

from typing import Annotated

import typer

WEB_ONLY = typer.Option("--web-only", help="Without the job worker; run `noren worker` beside it.")
DEMO = typer.Option("--demo", help="Fill an empty database with the demo firm and show its log-ins.")


def serve(web_only: Annotated[bool, WEB_ONLY] = False, demo: Annotated[bool, DEMO] = False) -> None:
    """Serve noren: web pages and jobs, with a built-in database unless DATABASE_URL names one."""
    import os

    if demo:
        os.environ["NOREN_DEMO"] = "1"
    _run(web=True, worker=not web_only)


def worker() -> None:
    """Run only the job worker, for a `noren serve --web-only` on this or another machine."""
    _run(web=False, worker=True)


def migrate() -> None:
    """Bring the database's tables up to date, then stop; `noren serve` does this by itself."""
    from noren.config.cli.ground import ground

    with ground():
        print("The database is up to date.")


def _run(*, web: bool, worker: bool) -> None:
    from noren.config import env as settings
    from noren.config import processes, start
    from noren.config.cli.ground import tell

    env = settings.load()
    for remark in [*settings.strangers(), *settings.remarks(env)]:
        tell(remark)
    raise typer.Exit(processes.serve(env, web=web, worker=worker, prepare=start.prepare, ready=start.greet, say=tell))
