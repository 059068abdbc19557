"""What happens around every page: safety headers, the person's language and zone, refusals as answers."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from gzip import GzipFile
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import DataError, IntegrityError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from psycopg.errors import UniqueViolation

from noren.core.base.errors import Invalid, NotNow, Refusal
from noren.core.filter.condition import BadFilter
from noren.core.page.errors import refused
from noren.core.record.custom import refresh

SMALL = 1500  # bytes: what fits into one packet anyway
Answer = Callable[[HttpRequest], HttpResponse]

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)


def Headers(answer: Answer) -> Answer:  # noqa: N802  (middleware are named like classes)
    """Strict headers on everything, and no caching of what a person sees."""

    def around(request: HttpRequest) -> HttpResponse:
        is_head = request.method == "HEAD" and not request.path.startswith("/static/")
        if is_head:
            request.method = "GET"  # so that nobody who asks "GET, or else POST?" takes it for a POST
        response = answer(request)
        if is_head:
            _empty(response)
        head = response.headers
        head.setdefault("Content-Security-Policy", CSP)
        head.setdefault("X-Content-Type-Options", "nosniff")
        # the address of a one-time link is a key: no other request may carry it along
        head.setdefault("Referrer-Policy", "strict-origin" if request.path.startswith("/link/") else "same-origin")
        head.setdefault("X-Frame-Options", "DENY")
        head.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if settings.SECURE_HSTS_SECONDS and request.is_secure():
            head.setdefault("Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}")
        head.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(self)")
        if not request.path.startswith("/static/"):
            head.setdefault("Cache-Control", "no-store")
        return response

    return around


def _empty(response: Any) -> None:
    """The head of an answer without its body."""
    if response.streaming:
        response.streaming_content = ()
    else:
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.content = b""


def Packed(answer: Answer) -> Answer:  # noqa: N802
    """Pages and data go out gzipped to those who take it: a sixth of the size for half a millisecond.

    The length gets a random part, so that nobody on the wire learns a secret of the page by sending guesses beside it
    (BREACH); the form token is masked anew for each page besides.
    """

    def around(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        kind = response.get("Content-Type", "")
        if (
            response.streaming
            or response.has_header("Content-Encoding")
            or not kind.startswith(("text/html", "application/json"))
        ):
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        if len(response.content) < SMALL or "gzip" not in request.headers.get("Accept-Encoding", ""):
            return response
        packed = BytesIO()
        with GzipFile("x" * secrets.randbelow(100), "wb", 1, packed, 0) as file:
            file.write(response.content)
        response.content = packed.getvalue()
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.content))
        return response

    return around


def Person(answer: Answer) -> Answer:  # noqa: N802
    """Speak the person's language, count in their zone."""

    def around(request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        if user.is_authenticated:
            refresh(getattr(user, "access_stamp", None))
            translation.activate(user.locale)
            timezone.activate(ZoneInfo(user.tz))
        else:
            wanted = request.COOKIES.get("noren-language") or translation.get_language_from_request(request)
            translation.activate(wanted if wanted in ("ja", "en") else "ja")
        request.LANGUAGE_CODE = translation.get_language()
        try:
            return answer(request)
        finally:
            timezone.deactivate()

    return around


class Refusals:
    """A Refusal that reaches the surface becomes its page or its JSON."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.answer(request)

    def process_exception(self, request: HttpRequest, fault: Exception) -> HttpResponse | None:
        if isinstance(fault, BadFilter):
            text = _("A field or value in the address is unknown, or not open to you.")
            return refused(request, Invalid({"": [text]}))
        if isinstance(fault, IntegrityError) and isinstance(fault.__cause__, UniqueViolation):
            return refused(
                request,
                NotNow(_("The same has just been saved, perhaps by a second click. Look before you try again.")),
            )
        if isinstance(fault, DataError) and "NUL" in str(fault):  # PostgreSQL stores every character but this one
            return refused(request, Invalid({"": [_("This text contains characters that cannot be stored.")]}))
        return refused(request, fault) if isinstance(fault, Refusal) else None
