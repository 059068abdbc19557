"""Two people edited the same record: both values of each field side by side, so that the second chooses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.base.errors import Conflict
from noren.core.base.model import Model
from noren.core.page.cells import Look, said
from noren.core.page.forms import inputs
from noren.core.page.web import (
    draw,
    in_sheet,
)
from noren.core.record.declare import Record
from noren.core.record.field import Field


def conflict(
    request: HttpRequest, record: type[Record], actor: Actor, look: Look, no: Conflict, texts: Mapping[str, str]
) -> HttpResponse:
    """Both values of each field that two people changed, side by side; the rest of what was typed travels along."""
    clash = [record.field(n) for n in no.mine if n in no.theirs]
    shown = []
    for one in clash:
        mine, theirs = no.mine[one.name], no.theirs[one.name]
        shown.append({
            "name": one.name, "label": str(one.label), "mine": _told(one, mine, actor, look), "theirs": _told(one, theirs, actor, look),
            "mine_value": inputs.typed(one, mine, look), "theirs_value": inputs.typed(one, theirs, look),
        })  # fmt: skip
    names = {one.name for one in clash}
    skip = names | {f"{name}_text" for name in names}
    who, when = last_change(no.row, look)
    text = _("%(who)s saved at %(when)s while you were writing. Choose which values stay.") % {"who": who, "when": when}
    context = {
        "title": _("Somebody else saved these fields first"), "area": "record", "back": record.url(no.row.pk), "action": record.url(no.row.pk, "edit"),
        "version": no.row.version, "text": text, "fields": shown, "hidden": [(k, v) for k, v in texts.items() if k not in skip],
        "crumbs": [{"label": capfirst(record.labels()), "href": record.url()}, {"label": str(no.row), "href": record.url(no.row.pk)}, {"label": _("Two versions")}],
    }  # fmt: skip
    if in_sheet(request):
        context["layout"] = "fragment.html"
        answer = draw(request, "conflict.html", context, 409)
        answer.headers["HX-Retarget"], answer.headers["HX-Reswap"], answer.headers["HX-Reselect"] = (
            "#main",
            "outerHTML",
            "#main",
        )
        return answer
    return draw(request, "conflict.html", context, 409)


def _told(one: Field, value: Any, actor: Actor, look: Look) -> str:
    return said(one, value, look, inputs.title_of(one, value, actor) if one.kind == "ref" else "")


def last_change(row: Model, look: Look) -> tuple[str, str]:
    """Who saved last, and at which time of day."""
    from noren.core.event.models import Fact

    fact = Fact.objects.filter(noun=row.word(), subject_id=row.pk).select_related("by").order_by("-id").first()
    if fact is None:
        return _("Somebody"), ""
    return (fact.by.name if fact.by else "noren"), fact.at.astimezone(look.zone).strftime("%H:%M")
