"""How long a session lives, and the closed door in front of every page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user, logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.crypto import constant_time_compare

from noren.core.page.web import to_login

OPEN = ("/login/", "/logout/", "/link/", "/me/language/", "/health", "/ready", "/static/", "/api/", "/favicon.ico")
"""What may be asked for without log-in; the API asks for a key itself. Everything else is closed."""

UNFINISHED = (*OPEN, "/again/", "/settings/security/", "/me/theme/")
"""Where somebody may go whose role asks for a second step that is not set up. The API refuses them itself."""

NOTICE = 300
"""Seconds between two notes of when a session was last used."""

Answer = Callable[[HttpRequest], HttpResponse]


def Sessions(answer: Answer) -> Answer:  # noqa: N802  (middleware are named like classes)
    """End sessions that were idle too long or are too old; send strangers to the log-in page."""

    def around(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/static/"):
            return answer(request)
        if request.path not in ("/health", "/ready"):
            request.get_host()  # refuses names that are not ours, before anything is read or written
        if request.path.startswith("/api/") and request.headers.get("Authorization"):
            request.user = AnonymousUser()  # the key says who calls, whoever may have logged in with this browser
            return answer(request)
        user: Any = person_of(request)
        request.user = user
        if user.is_authenticated:
            keep(request)
        if request.user.is_authenticated and not request.path.startswith(UNFINISHED) and user.actor().lacks_factor:
            return to_page(request, "/settings/security/")
        if not request.user.is_authenticated and not request.path.startswith(OPEN):
            return to_login(request)
        return answer(request)

    return around


def person_of(request: HttpRequest) -> Any:
    """Whose session it is: as Django's get_user, but the person came along with the session."""
    session: Any = request.session
    told, user = session.get(HASH_SESSION_KEY), session.holder
    if (
        user is not None
        and told
        and session.get(SESSION_KEY) == str(user.pk)
        and session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and constant_time_compare(told, user.get_session_auth_hash())
    ):
        return user
    return get_user(request)  # reads anew, and ends a session that does not fit its person


def keep(request: HttpRequest) -> None:
    """Note that the session is in use, or end it."""
    session = request.session
    now = int(time.time())
    seen, born = session.get("seen", now), session.get("born", now)
    if now - seen > settings.SESSION_IDLE or now - born > settings.SESSION_LONGEST:
        logout(request)
        return
    if "born" not in session or now - seen >= NOTICE:
        session["born"], session["seen"] = born, now


def to_page(request: HttpRequest, href: str) -> HttpResponse:
    """The whole window goes to another address."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": href})
    return HttpResponseRedirect(href)
