"""Refusals and faults as pages, in one place and in the visitor's language."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg_pool import PoolTimeout

from noren.core.base.errors import InBin, Invalid, Refusal

log = logging.getLogger("noren")


def refused(request: HttpRequest, fault: Refusal) -> HttpResponse:
    """A Refusal as JSON for programs and a page (or a toast's text) for people."""
    if request.path.startswith("/api/"):
        return JsonResponse(problem(fault), status=fault.status)
    ways = (
        [{"label": _("Look at it in the bin"), "href": fault.href, "primary": True}] if isinstance(fault, InBin) else []
    )
    return page(request, fault.status, str(fault), fault.code, ways)


def problem(fault: Refusal) -> dict[str, Any]:
    """The body of every API refusal: code for machines, message for people, errors by field."""
    body: dict[str, Any] = {"code": fault.code, "message": str(fault)}
    if isinstance(fault, Invalid):
        body["errors"] = fault.errors
    return body


def page(
    request: HttpRequest, status: int, message: str, code: str = "", ways: Sequence[dict[str, Any]] = ()
) -> HttpResponse:
    """The refusal as a page of its own, or as a sentence for the sheet."""
    heading = str(HEADINGS["in_bin"] if code == "in_bin" else HEADINGS.get(status, HEADINGS[422]))
    context = {
        "status": status, "heading": heading, "text": message, "code": code, "title": heading, "theme": getattr(getattr(request, "user", None), "theme", ""),
        "actions": [*ways, {"label": _("To the start page"), "href": "/", "primary": not ways}],
    }  # fmt: skip
    if request.headers.get("HX-Request"):
        answer = HttpResponse(render_to_string("ui/refused.html", context, request), status=status)
        answer.headers["HX-Trigger"] = json.dumps({"toast": {"text": message}})
        return answer
    return HttpResponse(render_to_string("error.html", context, request), status=status)


HEADINGS: dict[int | str, Any] = {
    "in_bin": gettext_lazy("In the bin"),
    403: gettext_lazy("Not allowed"), 404: gettext_lazy("Not found"), 409: gettext_lazy("Not possible now"),
    422: gettext_lazy("This cannot be done"), 500: gettext_lazy("Something broke"), 503: gettext_lazy("A moment, please"),
}  # fmt: skip


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"code": "not_found", "message": _("There is nothing at this address.")}, status=404)
    return page(request, 404, _("There is nothing at this address."), "not_found")


def broken(request: HttpRequest) -> HttpResponse:
    """Our own fault. Says so without inner workings; the trace is in the log. A database that is away for a moment is
    told as such (503, to be tried again), without asking it anything."""
    if isinstance(sys.exc_info()[1], AWAY):
        return _away(request)
    text = _("Something broke on our side. Nothing was changed; please try again.")
    if request.path.startswith("/api/"):
        return JsonResponse({"code": "error", "message": text}, status=500)
    try:
        return page(request, 500, text, "error")
    except Exception:
        log.exception("the error page itself failed")
        return HttpResponse(text, status=500, content_type="text/plain; charset=utf-8")


AWAY = (OperationalError, InterfaceError, PoolTimeout)


def _away(request: HttpRequest) -> HttpResponse:
    text = _("The database does not answer at the moment. Nothing was changed; try again in a few seconds.")
    if request.path.startswith("/api/"):
        answer: HttpResponse = JsonResponse({"code": "away", "message": text}, status=503)
    else:
        again = request.get_full_path() if request.method == "GET" else "/"
        context = {
            "status": 503, "title": HEADINGS[503], "heading": HEADINGS[503], "text": text,
            "actions": [{"label": _("Try again"), "href": again, "primary": True}],
        }  # fmt: skip
        answer = HttpResponse(render_to_string("error.html", context), status=503)
        if request.method == "GET":
            answer["Refresh"] = "10"
    answer["Retry-After"] = "5"
    return answer


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = _("This page was open too long, or cookies are blocked. Go back, reload the page and send it again.")
    return page(request, 403, text, "csrf")
