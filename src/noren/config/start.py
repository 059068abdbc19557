"""What happens once at each start of `noren serve`: before the web answers, and when it does."""

from __future__ import annotations

from noren.config.env import Env


def prepare(env: Env) -> None:
    """Runs after the tables are up to date, in a process of its own, one noren at a time."""


def greet(env: Env) -> None:
    """Tells where noren is to be found, once it answers."""
    print(f"\n  noren is ready: {env.base_url}\n  Stop it with Ctrl-C.\n", flush=True)  # noqa: T201
