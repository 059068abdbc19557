"""noren's own settings with one more app, whose effects can be counted: one row per effect, and no rule against a second.

TRIAL_SILENT, TRIAL_BEAT and TRIAL_LOOK (seconds) shorten how long a worker may be silent, so that a trial of minutes
takes half a minute. The guards under trial are noren's own.
"""

from __future__ import annotations

import os
import time

from django.apps import AppConfig

from noren.config.settings import *  # noqa: F403
from noren.config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.trials.site.Trials"]

TABLE = "CREATE TABLE IF NOT EXISTS trial_effect (id bigserial, key text NOT NULL, pid int NOT NULL, at timestamptz NOT NULL DEFAULT now())"


class Trials(AppConfig):
    name = "tests.trials"
    label = "trials"

    def ready(self) -> None:
        from noren.core.event.publish import reacts_to
        from noren.core.job import rescue
        from noren.core.job.job import job

        for name in ("SILENT", "BEAT", "LOOK"):
            if given := os.environ.get(f"TRIAL_{name}"):
                setattr(rescue, name, float(given))
        reacts_to("contacts.company.created")(greet)
        job(probe)
        job(slow)


def effect(key: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO trial_effect (key, pid) VALUES (%s, %s)", [key, os.getpid()])


def greet(fact: object) -> None:
    """Reaction to a new company; `event.Done` lets it happen once."""
    effect(f"company {fact.subject_id}")  # type: ignore[attr-defined]


def probe(key: str) -> None:
    """A job without a guard: shows only that the worker works."""
    effect(key)


def slow(key: str, seconds: float) -> None:
    """A long job with the fence: one at a time, and not again when it has been done."""
    from django.db import connection

    from noren.core.job.rescue import Elsewhere, fenced

    with fenced(key) as mine:
        if not mine:
            raise Elsewhere(key)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM trial_effect WHERE key = %s", [key])
            if cursor.fetchone():
                return
        time.sleep(seconds)
        effect(key)
