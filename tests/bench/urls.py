"""All of noren's addresses, and `/bench/empty/`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from noren.config import urls


def empty(request: HttpRequest) -> HttpResponse:
    """What Django and the middlewares cost alone: session, person, language; nothing drawn."""
    return HttpResponse(f"<!doctype html><title>{bool(request.user.is_authenticated)}</title>")


urlpatterns = [path("bench/empty/", empty), path("", include(urls))]
handler404, handler429, handler500 = urls.handler404, urls.handler429, urls.handler500
