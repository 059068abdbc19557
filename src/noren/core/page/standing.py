"""Whether the house behind the pages works, said to those who can do something about it."""

from __future__ import annotations

import time
from typing import Any

from django.db import DatabaseError
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.job.rescue import State, queue_state

KEEP: float = 30
"""Seconds for which a process remembers how the queue stands."""
_known: tuple[float, State] | None = None


def notices_for(actor: Actor) -> list[dict[str, Any]]:
    """For the first page of administrators: see ui/notice.html. Empty when all is well."""
    global _known
    if not actor.is_admin:
        return []
    if _known is None or time.monotonic() - _known[0] > KEEP:
        try:
            _known = (time.monotonic(), queue_state())
        except DatabaseError:
            return []
    told = advice(_known[1])
    if told is None:
        return []
    look = {"label": _("Background work"), "href": "/settings/jobs/", "icon": "gear"}
    return [{"tone": "shu", "icon": "alert", "title": told[0], "text": told[1], "actions": [look]}]


def advice(state: State) -> tuple[str, str] | None:
    """What is wrong with the work in the background, and what to do; None when nothing is."""
    faults = state.faults
    if "worker" in faults:
        return (
            _("No worker is at work: nothing in the background gets done"),
            _("Imports, bulk changes and mails wait until one runs. “noren serve” starts one by itself; with “noren serve --web-only” start “noren worker” beside it. Its log says why it stopped."),
        )  # fmt: skip
    if "queue" in faults:
        minutes = state.oldest_s // 60
        return (
            _("Work in the background has waited for {n} minutes").format(n=minutes),
            _("The worker runs but does not keep up. See which jobs are being done; a second “noren worker” helps when there are many."),
        )  # fmt: skip
    return None


def forget() -> None:
    global _known
    _known = None
