"""What happens once at each start of `noren serve`: before the web answers, and when it does."""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from noren.config.env import Env

LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # without l, o, 0, 1: a person types them from the screen


def prepare(env: Env) -> None:
    """Runs after the tables are up to date, in a process of its own, one noren at a time.

    With `--demo`, an empty database gets the demo firm; one that holds anything else is left alone.
    """
    if not env.demo:
        forget(env)
        return
    from noren.demo.build import is_demo, is_empty

    if is_demo() or is_empty():
        if is_empty():
            _say("Filling the empty database with the demo firm …")
        fill(env, "ja")
    else:
        forget(env)
        _say("This database holds data of your own: the demo firm was not added to it.")


def greet(env: Env) -> None:
    """Tells where noren is to be found, once it answers."""
    print(f"\n  noren is ready: {env.base_url}\n{login_text(env)}  Stop it with Ctrl-C.\n", flush=True)  # noqa: T201


def fill(env: Env, language: str) -> None:
    """Build the demo firm unless it stands already; make its password known to `login_text`.

    The password is made here and nowhere else known: no two installations share one. When the note of it is lost, all
    log-ins of the demo get a new one.
    """
    from noren.demo.build import build, is_demo, logins, set_password

    note = _read(env)
    password = note.get("password") or "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))
    if not is_demo():
        build(language, password)
    elif not note:
        set_password(password)
    text = json.dumps({"password": password, "logins": [[one.role, one.name, one.email] for one in logins()]})
    with os.fdopen(os.open(_note(env), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


def forget(env: Env) -> None:
    """Drop the note of the demo's log-ins."""
    _note(env).unlink(missing_ok=True)


def login_text(env: Env) -> str:
    """The log-ins of the demo as lines to print; nothing when there is no demo."""
    note = _read(env)
    if not note:
        return ""
    wide = max(len(email) for _role, _name, email in note["logins"])
    lines = [f"    {email:<{wide}}  {role:<8} {name}" for role, name, email in note["logins"]]
    return "\n  Demo firm. Log in as any of these, password  {}\n{}\n\n".format(note["password"], "\n".join(lines))


def _note(env: Env) -> Path:
    return env.data / "demo_logins"


def _read(env: Env) -> dict[str, Any]:
    try:
        return dict(json.loads(_note(env).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
