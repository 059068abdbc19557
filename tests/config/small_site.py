"""A site of three pages, to test how processes are run without depending on what noren shows."""

from __future__ import annotations

import os
import time

from django.http import HttpRequest, HttpResponse
from django.urls import path

from noren.config import env as _settings
from noren.config import postgres

_env = _settings.load()
SECRET_KEY = _env.secret_key
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = __name__
USE_TZ = True
INSTALLED_APPS = ["procrastinate.contrib.django"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        **postgres.connection_fields(_env.database_url or postgres.address(_env.data)),
    }
}
DATABASES["default"]["OPTIONS"] = {**DATABASES["default"]["OPTIONS"], "pool": {"min_size": 1, "max_size": 8}}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True


def who(request: HttpRequest) -> HttpResponse:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '20 seconds'")
        return HttpResponse(f"{os.getpid()} {cursor.fetchone()[0]}")


def slow(request: HttpRequest) -> HttpResponse:
    time.sleep(1)
    return HttpResponse("done")


urlpatterns = [path("", who), path("slow/", slow)]
