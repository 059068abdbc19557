"""Headers that every answer carries."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from noren.core.page.middleware import Headers


def _asked(rf: Any, *, secure: bool) -> HttpResponse:
    return Headers(lambda _request: HttpResponse())(rf.get("/", secure=secure))


def test_browsers_are_told_to_come_back_by_https_only_where_they_came_by_it(rf: Any, settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS = 31536000
    assert _asked(rf, secure=True)["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in _asked(rf, secure=False)
    settings.SECURE_HSTS_SECONDS = 0
    assert "Strict-Transport-Security" not in _asked(rf, secure=True)
