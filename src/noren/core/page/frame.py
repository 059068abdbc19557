"""Two frames for pages made by hand: the gate before log-in, and the settings behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import translation
from django.utils.translation import gettext as _

from noren.core.access.actor import actor_of
from noren.core.access.firm import firm
from noren.core.base.errors import Invalid
from noren.core.page.web import fresh_token

Field = dict[str, Any]


def gate_context(request: HttpRequest, title: Any, **more: Any) -> dict[str, Any]:
    now = translation.get_language()
    user: Any = request.user
    return {
        "title": title,
        "firm": firm().name,
        "host": urlsplit(settings.ENV.base_url).netloc,
        "theme": user.theme if user.is_authenticated else "",
        "languages": [{"code": code, "label": label, "current": code == now} for code, label in settings.LANGUAGES],
        "language_url": "/me/language/",
        "here": request.get_full_path(),
        "faults": [str(one) for one in messages.get_messages(request) if one.level >= messages.ERROR],
        "told": [],
        **more,
    }


def gate(
    request: HttpRequest, title: Any, template: str = "accounts/gate_form.html", status: int = 200, **more: Any
) -> HttpResponse:
    """A page of the gate. more: note, fields, submit, others [{label, href, icon}], hidden {name: value}, passkey."""
    return TemplateResponse(request, template, gate_context(request, title, **more), status=status)


def field(
    name: str, label: Any, kind: str = "text", value: Any = "", *, options: Iterable[tuple[Any, Any]] | None = None,
    error: str = "", **more: Any,
) -> Field:  # fmt: skip
    """A field as ui/field.html wants it; `options` are (value, label), the one equal to `value` is chosen."""
    made: Field = {"name": name, "label": label, "kind": kind, "value": value, "error": error, **more}
    if options is not None:
        made["options"] = [{"value": v, "label": label, "selected": str(v) == str(value)} for v, label in options]
    return made


def with_faults(fields: Sequence[Field], fault: Invalid | None, typed: Mapping[str, Any] | None = None) -> list[Field]:
    """The same fields with what the person typed and what is wrong with it."""
    for one in fields:
        if fault is not None:
            one["error"] = " ".join(fault.errors.get(one["name"], ()))
        if typed is not None and one["kind"] not in ("password", "hidden"):
            value = typed.get(one["name"], "")
            one["value"] = value
            for option in one.get("options", ()):
                option["selected"] = str(option["value"]) == str(value)
    return list(fields)


NAV: tuple[tuple[Any, tuple[tuple[str, str, Any, str], ...]], ...] = (
    ("me", (("profile", "/settings/profile/", "profile", ""), ("security", "/settings/security/", "security", ""), ("keys", "/settings/keys/", "keys", ""))),
    ("firm", (("firm", "/settings/firm/", "firm", "admin"), ("people", "/settings/people/", "people", "admin"),
              ("teams", "/settings/teams/", "teams", "admin"), ("pipelines", "/settings/pipelines/", "pipelines", "admin"),
              ("fields", "/settings/fields/", "fields", "admin"))),
    ("data", (("imports", "/imports/", "imports", ""), ("bin", "/settings/bin/", "bin", ""))),
    ("house", (("audit", "/settings/audit/", "audit", "admin"), ("jobs", "/settings/jobs/", "jobs", "admin"))),
)  # fmt: skip


def words() -> dict[str, str]:
    return {
        "me": _("Yourself"), "firm": _("Firm and year"), "data": _("Data"), "house": _("Administration"),
        "profile": _("Profile"), "security": _("Passkeys and log-in"), "keys": _("API keys"),
        "people": _("Members and rights"), "teams": _("Teams"), "pipelines": _("Pipelines"), "fields": _("Fields"),
        "imports": _("Imports"), "bin": _("Bin"), "audit": _("Audit log"), "jobs": _("Background work"),
    }  # fmt: skip


def settings_nav(request: HttpRequest, current: str) -> list[dict[str, Any]]:
    say = words()
    is_admin = actor_of(request).is_admin
    groups = []
    for label, entries in NAV:
        items = [
            {"label": say[word], "href": href, "current": key == current}
            for key, href, word, right in entries
            if is_admin or not right
        ]
        if items:
            groups.append({"label": _("Firm") if label == "firm" else say[label], "items": items})
    return groups


def page(
    request: HttpRequest, current: str, title: Any = "", template: str = "settings.html", status: int = 200, **more: Any
) -> HttpResponse:
    """A settings page: `sections`, `actions`, `pane` as settings.html wants them, or a template of its own."""
    context = {
        "title": title or words()[current], "area": "settings", "back": "/settings/",
        "settings_nav": settings_nav(request, current), "actions": [], "sections": [], "word": fresh_token(),
        **more,
    }  # fmt: skip
    return TemplateResponse(request, template, context, status=status)
