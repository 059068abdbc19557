"""Processes of their own for tests, forked from one that has loaded Django: a start costs hundredths of a second."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.db import connection

if not apps.ready:  # in the process that the others are forked from
    django.setup()

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


def begin(what: Callable[..., None], *given: Any) -> Any:
    """Start a process that does `what` on the database of the test: it has `pid`, `kill()`, `join(seconds)`, `exitcode`."""
    one = FORKS.Process(target=_on, args=(connection.settings_dict["NAME"], what, *given), daemon=True)
    one.start()
    return one


def _on(database: str, what: Callable[..., None], *given: Any) -> None:
    connection.settings_dict["NAME"] = database
    what(*given)


def work(stay: bool) -> None:
    """A worker of the queue; without `stay` it ends when nothing is left to do."""
    from procrastinate.contrib.django import app

    import tests.core.job.jobs_for_tests  # noqa: F401  (declares its jobs)

    with app.replace_connector(app.connector.get_worker_connector()) as own:
        own.run_worker(
            queues=["default"], concurrency=2, wait=stay, fetch_job_polling_interval=0.2,
            install_signal_handlers=False, update_heartbeat_interval=0.3,
        )  # fmt: skip


def try_to_log_in(email: str, tries: int) -> None:
    """As somebody with wrong passwords."""
    from django.test import Client

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    for n in range(tries):
        Client().post("/login/", {"email": email, "password": f"wrong wrong {n}"})
