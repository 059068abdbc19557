"""Jobs that only tests ask for. A worker in a process of its own reads this module as well."""

from __future__ import annotations

import time

from django.core.cache import cache

from noren.core.job.job import job
from noren.core.job.rescue import fenced


@job
def count_up(key: str, seconds: float = 0.0) -> None:
    """Tell that it began, take its time the first time, and tell that it ended."""
    cache.add(f"{key}.begun", 0, 600)
    if cache.incr(f"{key}.begun") == 1:
        time.sleep(seconds)
    cache.add(f"{key}.ended", 0, 600)
    cache.incr(f"{key}.ended")


@job
def effect_once(key: str, seconds: float = 0.0) -> None:
    """A guarded effect: whoever finds it done, or somebody at it, leaves it."""
    with fenced(key) as mine:
        if mine and cache.get(f"{key}.effect") is None:
            time.sleep(seconds)
            cache.set(f"{key}.effect", 1, 600)
            cache.add(f"{key}.effects", 0, 600)
            cache.incr(f"{key}.effects")


@job(retry=False)
def always_fails() -> None:
    raise RuntimeError("as told")
