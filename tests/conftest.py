"""Rules for all tests; the database is made ready in tests/ground.py."""

from __future__ import annotations

from django.conf import settings

# A pool would keep connections of a test's threads open beyond it.
settings.DATABASES["default"]["OPTIONS"].pop("pool", None)
# Names made from content need a collected folder, which tests do not have.
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
