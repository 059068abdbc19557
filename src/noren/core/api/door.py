"""The way in for programs: who calls, may they, in which language, and every refusal as JSON.

Two kinds of callers: a browser with a session, which must show its CSRF token to change anything, and a program with
`Authorization: Bearer nrn_…`. A key acts as its user, never more; a read key changes nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth import get_user_model
from django.db import Error as DatabaseError
from django.db import IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from noren.core.access.actor import Actor
from noren.core.action.once import InFlight, once
from noren.core.api.body import Unreadable, read
from noren.core.base.errors import Conflict, Forbidden, Invalid, Refusal
from noren.core.record.custom import refresh

log = logging.getLogger("noren.api")
P = ParamSpec("P")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_KEY = 255


class Unknown(Refusal):
    code = "unauthenticated"
    status = 401
    message = _("Log in, or send a valid API key.")


class NoSuchMethod(Refusal):
    code = "method_not_allowed"
    status = 405
    message = _("This address does not take this method.")


class Forged(Refusal):
    code = "csrf"
    status = 403
    message = _("The CSRF token is missing or wrong. Send it as X-CSRFToken, or use an API key.")


class Taken(Refusal):
    code = "conflict"
    status = 409
    message = _("Another request has just stored the same value. Please check and send it again.")


class Busy(Refusal):
    code = "busy"
    status = 409
    message = _("The record is being changed by another request. Try again in a moment.")


@dataclass(slots=True)
class Call:
    """One request as an endpoint sees it."""

    request: HttpRequest
    actor: Actor
    user: Any
    key_id: int | None
    scope: str

    @property
    def params(self) -> Any:
        return self.request.GET

    def body(self) -> dict[str, Any]:
        return read(self.request)


Result = tuple[int, Any] | HttpResponse
Endpoint = Callable[Concatenate[Call, P], Result]


def api(*methods: str) -> Callable[[Endpoint[P]], Callable[Concatenate[HttpRequest, P], HttpResponse]]:
    """Make an endpoint a view: `@api("GET", "POST")`. It gets a Call and gives (status, JSON value)."""

    def declare(fn: Endpoint[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @csrf_exempt  # session callers are checked below; keys are not sent by browsers on their own
        @wraps(fn)
        def view(request: HttpRequest, /, *args: P.args, **kw: P.kwargs) -> HttpResponse:
            before = translation.get_language()
            try:
                return _answered(request, fn, methods, args, kw)
            finally:
                translation.activate(before or "ja")

        return view

    return declare


def _answered(request: HttpRequest, fn: Any, methods: Sequence[str], args: Any, kw: Any) -> HttpResponse:
    try:
        call = caller(request)
        method = "GET" if request.method == "HEAD" else request.method
        if method not in methods:
            response = refusal(NoSuchMethod())
            response["Allow"] = ", ".join(methods)
            return response
        _check_params(request)
        found = _once(call, lambda: fn(call, *args, **kw))
        return found if isinstance(found, HttpResponse) else answer(*found)
    except Refusal as no:
        return refusal(no)
    except IntegrityError:
        log.warning("two writers met at %r", request.path)
        return refusal(Taken())
    except OperationalError as fault:
        if not _is_waiting(fault):
            raise
        return refusal(InFlight() if request.headers.get("Idempotency-Key") else Busy())
    except DatabaseError:
        log.exception("the database refused %s %r", request.method, request.path)
        return answer(500, {"code": "error", "message": str(BROKEN)})
    except Exception:
        log.exception("%s %r failed", request.method, request.path)
        return answer(500, {"code": "error", "message": str(BROKEN)})


BROKEN = _("Something broke on our side. Nothing was changed; please try again.")


def answer(status: int, value: Any) -> HttpResponse:
    """A JSON response. Text stays readable; nothing is cached."""
    if status == 204:
        return HttpResponse(status=204)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    response = HttpResponse(text, status=status, content_type="application/json; charset=utf-8")
    if isinstance(value, dict) and isinstance(value.get("version"), int) and status < 300:
        response["ETag"] = f'"{value["version"]}"'
    return response


def refusal(no: Refusal) -> HttpResponse:
    body: dict[str, Any] = {"code": no.code, "message": str(no)}
    if isinstance(no, Invalid):
        body["errors"] = no.errors
    if isinstance(no, Conflict):
        body |= {"theirs": no.theirs, "mine": no.mine, "base_version": no.base_version, "version": no.row.version}
    response = answer(no.status, body)
    if no.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def caller(request: HttpRequest) -> Call:
    """Who calls. Unknown when nobody valid does; Forged or Forbidden when they may not change anything this way."""
    head = request.headers.get("Authorization", "")
    if head:
        kind, _space, secret = head.partition(" ")
        people: Any = get_user_model().objects
        user = people.for_key(secret.strip()) if kind.lower() == "bearer" else None
        if user is None:
            raise Unknown(_("This API key is not valid. It may have been revoked or have expired."))
        refresh(user.access_stamp)
        _speak(request, user.locale)
        if user.key_scope != "write" and request.method not in SAFE:
            raise Forbidden(_("This API key may only read."))
        return Call(request, user.actor("api"), user, user.key_id, user.key_scope)
    session_user: Any = request.user
    if not session_user.is_authenticated:
        raise Unknown
    if request.method not in SAFE and _is_forged(request):
        raise Forged
    actor = session_user.actor("api")
    if actor.lacks_factor:
        raise Forbidden(_("Set up a second step for your log-in first."))
    return Call(request, actor, session_user, None, "write")


def _speak(request: HttpRequest, locale: str) -> None:
    """The language asked for, else the user's own."""
    asked = request.headers.get("Accept-Language", "")
    wanted = translation.get_language_from_request(request) if asked and asked != "*" else locale
    translation.activate(wanted if wanted in ("ja", "en") else locale)


class _Csrf(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


def _is_forged(request: HttpRequest) -> bool:
    check = _Csrf(lambda _request: HttpResponse())
    check.process_request(request)
    return check.process_view(request, None, (), {}) is not None  # type: ignore[arg-type]


def _check_params(request: HttpRequest) -> None:
    for name in request.GET:
        for value in (name, *request.GET.getlist(name)):
            if "\x00" in value:
                raise Invalid({name.replace("\x00", ""): [_("This text contains characters that cannot be stored.")]})


def _once(call: Call, work: Callable[[], Result]) -> Result:
    """One key, one effect: with `Idempotency-Key` the first answer is kept and given again."""
    key = call.request.headers.get("Idempotency-Key")
    if key is None or call.request.method in SAFE:
        return work()
    if not 0 < len(key) <= LONGEST_KEY:
        raise Unreadable(_("An Idempotency-Key has 1 to 255 characters."))
    wish = [call.request.method, call.request.path, call.body(), call.request.headers.get("If-Match")]
    status, value, replayed = once(call.actor.user_id or 0, key, wish, lambda: _plain(work()))
    response = answer(status, value)
    if replayed:
        response["Idempotent-Replayed"] = "true"
    return response


def _plain(found: Result) -> tuple[int, Any]:
    if isinstance(found, HttpResponse):
        raise TypeError("an endpoint that changes something gives (status, value)")
    status, value = found
    return status, json.loads(json.dumps(value, default=str))


def _is_waiting(fault: Exception) -> bool:
    """Whether the database gave up waiting for somebody else, as told by its error code."""
    return getattr(fault.__cause__, "sqlstate", "") in ("55P03", "40P01", "40001")
