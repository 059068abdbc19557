"""Edit one field where it stands: GET answers with its input, POST takes it and answers with the new value."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noren.core.access.actor import Actor
from noren.core.access.scope import fetch
from noren.core.action.plain import change
from noren.core.base.errors import Conflict, Invalid, NotFound
from noren.core.base.model import Model
from noren.core.event.models import Fact
from noren.core.page import cells
from noren.core.page.cells import Look
from noren.core.page.forms import inputs
from noren.core.page.forms.sent import value_of, version_of
from noren.core.page.row.detail import face, value_html
from noren.core.page.web import dialog, draw, look_of, of_noun, onward, say
from noren.core.record.declare import Record
from noren.core.record.field import Field
from noren.core.record.listing import may_write

VIA = {
    "page": gettext_lazy("on screen"), "api": gettext_lazy("through the API"), "import": gettext_lazy("by an import"),
    "command": gettext_lazy("on the command line"), "rule": gettext_lazy("by a rule"), "house": gettext_lazy("by noren"),
}  # fmt: skip


@of_noun("GET", "POST")
def field(request: HttpRequest, record: type[Record], actor: Actor, pk: int, name: str) -> HttpResponse:
    """/<module>/<plural>/<id>/field/<name>/ (`in=cell` for a cell of a list)."""
    try:
        one = record.field(name)
    except LookupError:
        raise NotFound from None
    if not may_write(record, name, actor):
        raise NotFound
    row = fetch(record.model, actor, pk, "edit")
    look = look_of(request, actor)
    if request.method == "GET":
        return _input(
            request, record, row, one, inputs.typed(one, value_of(row, one), look), actor, look, version=row.version
        )
    typed = request.POST.get(name, "")
    try:
        value = inputs.read(one, request.POST, actor, look)
        if one.required and value in (None, ""):
            raise inputs.Fault(_("Please fill this in."))
        change(row, {name: value}, by=actor, version=version_of(request.POST))
    except inputs.Fault as no:
        return _input(request, record, row, one, typed, actor, look, error=str(no), status=422)
    except Invalid as no:
        text = " ".join(t for listed in no.errors.values() for t in listed)
        return _input(request, record, row, one, typed, actor, look, error=text, status=422)
    except Conflict as no:
        theirs = cells.said(
            one, no.theirs[name], look, inputs.title_of(one, no.theirs[name], actor) if one.kind == "ref" else ""
        )
        text = _("Somebody else has just set this to “%(value)s”. Save again to replace it.") % {"value": theirs or "—"}
        return _input(request, record, row, one, typed, actor, look, error=text, version=no.row.version, status=409)
    if not request.headers.get("HX-Request"):
        say(request, _("Saved."))
        return onward(request, record.url(pk))
    return HttpResponse(_shown(record, row, one, actor, look, cell=request.GET.get("in") == "cell"))


def _input(
    request: HttpRequest, record: type[Record], row: Model, one: Field, text: str, actor: Actor, look: Look, *, error: str = "",
    version: int | str = "", status: int = 200,
) -> HttpResponse:  # fmt: skip
    title = inputs.title_of(one, text, actor) if one.kind == "ref" and not inputs.is_short(one) else ""
    made = inputs.field_of(record, one, text, actor, look, name=title, error=error)
    if made["kind"] == "check":
        made |= {
            "kind": "select",
            "options": [
                {"value": "on", "label": _("Yes"), "selected": text == "on"},
                {"value": "off", "label": _("No"), "selected": text != "on"},
            ],
        }
    context = {"field": made, "action": request.get_full_path(), "version": version or request.POST.get("version", "")}
    if not request.headers.get("HX-Request"):
        page = {
            "title": str(one.label),
            "action": request.get_full_path(),
            "fields": [made],
            "submit": _("Save"),
            "version": context["version"],
            "back": record.url(row.pk),
        }
        return dialog(request, page, status)
    return draw(request, "ui/edit.html", context, status)


def _shown(record: type[Record], row: Model, one: Field, actor: Actor, look: Look, *, cell: bool) -> SafeString:
    html = value_html(record, row, one, actor, look)
    if cell:
        if one.kind == "money" and value_of(row, one) is not None:
            from noren.core.page import parts

            return parts.number(*cells.compact(value_of(row, one), look))
        return html
    return face(html)


@of_noun()
def history(request: HttpRequest, record: type[Record], actor: Actor, pk: int, name: str) -> HttpResponse:
    """/<module>/<plural>/<id>/history/<name>/: who, when, from what, to what."""
    try:
        one = record.field(name)
    except LookupError:
        raise NotFound from None
    if not record.may_read(name, actor):
        raise NotFound
    row = fetch(record.model, actor, pk)
    look = look_of(request, actor)
    facts = list(
        Fact.objects.filter(noun=record.word(), subject_id=row.pk, changes__has_key=name)
        .select_related("by")
        .order_by("-at", "-id")[:50]
    )
    names: dict[int, str] = {}
    if one.kind == "ref" and one.target is not None:
        from noren.core.page.lists.rows import titles

        ids = {v for f in facts for v in (f.changes or {}).get(name, ()) if isinstance(v, int)}
        names = titles(one.target, actor, ids) if ids else {}

    def said(v: Any) -> str:
        return cells.said(one, v, look, names.get(v, _("(hidden)")) if one.kind == "ref" and v is not None else "")

    changes = []
    for f in facts:
        old, new = (f.changes or {})[name]
        who = f.by.name if f.by else "noren"
        changes.append(
            {
                "old": said(old),
                "new": said(new) or "—",
                "note": f"{cells.moment(f.at, look)} {who}",
                "reason": str(VIA.get(f.via, "")),
            }
        )
    made = {
        "title": _("History of %(field)s") % {"field": one.label}, "note": str(row), "action": "", "fields": [], "back": record.url(pk),
        "history": {"title": str(one.label), "changes": changes}, "empty": "" if changes else _("It has not changed since it was created."),
    }  # fmt: skip
    return dialog(request, made, template="ui/history_dialog.html")
