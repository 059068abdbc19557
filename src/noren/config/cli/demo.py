"""`noren demo`: a believable firm to try noren with, and its removal."""

from __future__ import annotations

from typing import Annotated

import typer

from noren.config.cli.ground import Refused, ground, tell

LANGUAGE = typer.Option("--language", help="ja or en")
REMOVE = typer.Option("--remove", help="Take the demo firm away, with all that was tried out in it.")
YES = typer.Option("--yes", help="Do not ask before removing.")


def demo(
    language: Annotated[str, LANGUAGE] = "ja",
    remove: Annotated[bool, REMOVE] = False,
    yes: Annotated[bool, YES] = False,
) -> None:
    """Fill an empty database with the demo firm and show its log-ins."""
    if language not in ("ja", "en"):
        raise Refused("--language is ja or en.")
    with ground() as env:
        from noren.config import start
        from noren.demo.build import is_demo, is_empty
        from noren.demo.build import remove as take_away

        if remove:
            if not is_demo():
                raise Refused("This database does not hold the demo firm: nothing was removed.")
            if not yes and not typer.confirm("Remove the demo firm and everything that was entered beside it?"):
                raise Refused("Nothing was removed.")
            take_away()
            start.forget(env)
            tell("The demo firm is gone; the database is as empty as on the first day.")
            return
        if not is_demo() and not is_empty():
            raise Refused("This database holds data of your own: the demo firm needs an empty one.")
        start.fill(env, language)
        print(start.login_text(env), end="")
