"""Timed work."""

from __future__ import annotations

from noren.activity.actions.file import drop_unused_bytes
from noren.core.job.job import timed


@timed("40 18 * * *")
def drop_unused_files() -> None:
    drop_unused_bytes()
