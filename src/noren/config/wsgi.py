"""The web application as servers load it."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "noren.config.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
