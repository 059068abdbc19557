"""`noren map` and `noren openapi`: write down what the code declares. Neither needs a database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path | None, typer.Option("--out", help="Write here instead of showing it.")]


def map_(out: Out = None) -> None:
    """Show every record, action, event, number, timed job and address; `make map` writes docs/map.md."""
    _ready()
    from noren.core.house.map import text

    _told(text(), out)


def openapi(out: Out = None) -> None:
    """Show the description of the API for machines; `make map` writes docs/openapi.json."""
    _ready()
    from noren.core.api.openapi import committed

    _told(committed(), out)


def _ready() -> None:
    from noren.config import env, processes

    env.load()
    processes.set_up()


def _told(text: str, out: Path | None) -> None:
    if out is None:
        print(text, end="")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text)
