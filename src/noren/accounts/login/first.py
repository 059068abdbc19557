"""Whether somebody is to be shown the first steps."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from noren.core.access.scope import noun_of

DISMISSED = "noren-welcomed"


def is_first_run(request: HttpRequest) -> bool:
    """For an administrator of a firm without deals who has not put the first steps away on this device."""
    user: Any = request.user
    if DISMISSED in request.COOKIES or not user.is_authenticated or not user.actor().is_admin:
        return False
    return not noun_of("sales.deal").every.exists()
