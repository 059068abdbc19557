"""What all screens share: who asks about which noun, how an answer is drawn, and what is said afterwards."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme

from noren.core.access.actor import Actor, actor_of
from noren.core.action.once import once
from noren.core.base.errors import NotFound
from noren.core.page.cells import Look
from noren.core.page.shell import may_open
from noren.core.record.declare import Record, by_address

P = ParamSpec("P")
Screen = Callable[..., HttpResponseBase]


def logged_in(screen: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Screen:
    """Only for people who are logged in; others are led to the log-in and back."""

    @wraps(screen)
    def around(request: HttpRequest, *args: P.args, **kw: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return to_login(request)
        return screen(request, *args, **kw)

    return around


def to_login(request: HttpRequest) -> HttpResponse:
    """The log-in page, and afterwards back to the page: the one a form stood on, where its words are kept."""
    fragment = request.headers.get("HX-Request")
    asked = request.method in ("GET", "HEAD") and not fragment
    back = request.get_full_path() if asked else came_from(request)
    target = f"{settings.LOGIN_URL}?next={quote(back)}" if back else settings.LOGIN_URL
    return HttpResponse(status=401, headers={"HX-Redirect": target}) if fragment else HttpResponseRedirect(target)


def of_noun(*methods: str) -> Callable[[Callable[..., HttpResponseBase]], Screen]:
    """A screen of one noun: `screen(request, record, actor, …)`. NotFound for nouns without pages or out of sight."""
    allowed = methods or ("GET",)

    def declare(screen: Callable[..., HttpResponseBase]) -> Screen:
        @wraps(screen)
        def around(request: HttpRequest, module: str, plural: str, **kw: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_login(request)
            method = "GET" if request.method == "HEAD" else request.method
            if method not in allowed:
                return HttpResponseNotAllowed(allowed)
            record = by_address(module, plural)
            actor = actor_of(request)
            if not may_open(record, actor):
                raise NotFound
            return screen(request, record, actor, **kw)

        return around

    return declare


def look_of(request: HttpRequest, actor: Actor) -> Look:
    found: Look | None = getattr(request, "_look", None)
    if found is None:
        found = Look.of(actor, getattr(request.user, "access_stamp", None))
        request._look = found  # type: ignore[attr-defined]
    return found


def draw(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(render_to_string(template, context, request), status=status)


def in_sheet(request: HttpRequest) -> bool:
    """Whether the answer goes into the sheet and not onto a page of its own."""
    if not request.headers.get("HX-Request"):
        return False
    return not request.headers.get("HX-Target", "sheet").endswith("main")


def dialog(
    request: HttpRequest, made: dict[str, Any], status: int = 200, template: str = "ui/dialog.html"
) -> HttpResponse:
    """A short form: in the sheet when there is one, else on a page of its own."""
    if in_sheet(request):
        return draw(request, template, {"dialog": made}, status)
    context = {
        "dialog": made,
        "title": made["title"],
        "part": template,
        "back": made.get("back", "/"),
        "area": made.get("area", "list"),
    }
    return draw(request, "sheet.html", context, status)


def say(request: HttpRequest, text: Any, undo: str = "") -> None:
    """A toast on the next page, with a way back if there is one."""
    messages.add_message(request, messages.INFO, str(text), extra_tags=undo)


def toast(response: HttpResponse, text: Any, undo: str = "") -> HttpResponse:
    """A toast together with this answer (for parts of a page)."""
    response.headers["HX-Trigger"] = json.dumps({"toast": {"text": str(text), "undo": undo}})
    return response


def onward(request: HttpRequest, href: str, *, stay: bool = False) -> HttpResponse:
    """Go on to an address after a change. From the sheet: load it whole; `stay` reloads the page underneath."""
    if not request.headers.get("HX-Request"):
        return HttpResponseRedirect(href)
    if stay:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return HttpResponse(status=204, headers={"HX-Redirect": href})


def safe_next(request: HttpRequest, word: str | None, otherwise: str) -> str:
    """An address of ours, or `otherwise`."""
    if word and word.startswith("/") and url_has_allowed_host_and_scheme(word, allowed_hosts={request.get_host()}):
        return word
    return otherwise


def came_from(request: HttpRequest) -> str:
    """Path and query of the page underneath, as the browser tells it; empty when it is not one of ours."""
    told = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    parts = urlsplit(told)
    if parts.netloc and parts.netloc != request.get_host():
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def with_params(href: str, pairs: list[tuple[str, str]]) -> str:
    return f"{href}?{urlencode(pairs)}" if pairs else href


def fresh_token() -> str:
    """The hidden word of a form: sent twice, it makes one record."""
    return secrets.token_urlsafe(18)


def done_once(request: HttpRequest, actor: Actor, what: str, work: Callable[[], Any], sent: Any = None) -> Any:
    """What `work` gives (JSON can hold it), done once for the hidden word of the form: sent again, it gives the same.

    `sent` is what must not differ the second time; all fields if not given. Raises OtherBody, InFlight.
    """
    word = request.POST.get("_once", "")[:60]
    if not word or actor.user_id is None:
        return work()
    if sent is None:
        sent = {
            name: request.POST.getlist(name) for name in request.POST if name not in ("csrfmiddlewaretoken", "_once")
        }
    return once(actor.user_id, f"{what}:{word}", sent, lambda: (201, work()))[1]


def record_title(record: type[Record]) -> str:
    return str(record.labels())
