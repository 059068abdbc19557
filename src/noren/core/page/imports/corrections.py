"""Spellings that the firm has put right for all its imports: who made them, and the way to take them away."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from noren.core.access.actor import Actor, actor_of
from noren.core.base.errors import Forbidden
from noren.core.page.frame import page
from noren.core.page.imports.parts import nouns
from noren.core.page.web import logged_in, say
from noren.core.record.declare import Record
from noren.core.record.intake import fixes
from noren.core.record.intake.plan import importable
from noren.core.record.models import ImportFix

SHOWN = 500


@require_safe
@logged_in
def show(request: HttpRequest) -> HttpResponse:
    """GET /imports/corrections/"""
    actor = actor_of(request)
    allowed = nouns(actor)
    if not allowed:
        raise Forbidden
    note = _(
        "What somebody puts right in a trial run is read the same way in every later import, whoever brings it. Take away what should be asked again."
    )
    sections: list[dict[str, Any]] = [{"title": _("Corrections"), "note": note}]
    for record in allowed:
        rows = _rows(record, actor)
        if rows:
            html = render_to_string("ui/import_fixes.html", {"rows": rows, "caption": str(record.labels())}, request)
            sections.append({"title": str(record.labels()), "html": mark_safe(html)})  # noqa: S308
    if len(sections) == 1:
        sections[0]["note"] = f"{note} {_('There are none yet.')}"
    actions = [{"label": _("Imports"), "kind": "", "href": reverse("imports")}]
    return page(request, "imports", title=_("Corrections"), sections=sections, actions=actions)


def _rows(record: type[Record], actor: Actor) -> list[dict[str, Any]]:
    labels = {one.name: str(one.label) for one in importable(record, actor)}
    found = ImportFix.objects.filter(noun=record.word(), field__in=labels).select_related("by")[:SHOWN]
    return [
        {
            "field": labels[one.field], "raw": one.raw, "text": one.text, "who": one.by.name if one.by else "—",
            "when": date_format(timezone.localtime(one.made_at, actor.zone), "SHORT_DATE_FORMAT"),
            "href": reverse("import_fix_forget", args=[one.pk]),
        }
        for one in found
    ]  # fmt: skip


@require_POST
@logged_in
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    """POST /imports/corrections/<id>/forget/"""
    gone = fixes.forget(pk, actor_of(request))
    say(request, _("“%(raw)s” is asked again from now on.") % {"raw": gone.raw})
    return HttpResponseRedirect(reverse("import_fixes"))
