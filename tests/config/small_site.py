"""A site of three pages, to test how processes are run without depending on what noren shows."""

from __future__ import annotations

import os
import time

from django.apps import AppConfig
from django.http import HttpRequest, HttpResponse
from django.urls import path

from noren.config import env as _settings
from noren.config import postgres
from noren.config.settings import database

_env = _settings.load()
SECRET_KEY = _env.secret_key
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = __name__
USE_TZ = True
STATIC_ROOT = ""
INSTALLED_APPS = ["procrastinate.contrib.django", "tests.config.small_site.Small"]
DATABASES = {"default": database(_env.database_url or postgres.address(_env.data))}


class Small(AppConfig):
    """Declares one job once Django is set up."""

    name = "tests.config"
    label = "small"

    def ready(self) -> None:
        from procrastinate.contrib.django import app

        if "tests.config.small_site.note" not in app.tasks:
            app.task(lambda: None, name="tests.config.small_site.note")
            # Also a timed one, as noren has: without any, Procrastinate does not notice a lost connection.
            app.periodic(cron="0 0 1 1 *")(app.task(lambda timestamp: None, name="tests.config.small_site.yearly"))


def who(request: HttpRequest) -> HttpResponse:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '20 seconds'"
        )
        return HttpResponse(f"{os.getpid()} {cursor.fetchone()[0]}")


def slow(request: HttpRequest) -> HttpResponse:
    time.sleep(1)
    return HttpResponse("done")


urlpatterns = [path("", who), path("slow/", slow)]
