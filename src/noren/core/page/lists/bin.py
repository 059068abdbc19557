"""The bin of a noun: what was removed in the last 30 days, each with a way back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.scope import visible
from noren.core.base.errors import NotFound
from noren.core.page import cells
from noren.core.page.markup import escape
from noren.core.page.web import draw, look_of, of_noun
from noren.core.record.columns import called
from noren.core.record.declare import Record

MOST = 200


@of_noun()
def show(request: HttpRequest, record: type[Record], actor: Actor) -> HttpResponse:
    """GET /<module>/<plural>/bin/"""
    if not record.pages or not actor.may(record.word(), "remove"):
        raise NotFound
    look = look_of(request, actor)
    rows = visible(record.model, actor, "remove", removed=True).order_by("-removed_at", "-pk")
    listed: list[dict[str, Any]] = []
    for pk, title, at in rows.values_list("pk", called(record), "removed_at")[:MOST]:
        name = str(title or _("(no name)"))
        href = escape(record.url(pk, "restore"))
        button = f'<a class="btn sm" href="{href}" hx-get="{href}" hx-target="#sheet" hx-swap="innerHTML">{escape(_("Restore"))}</a>'
        when = f'<time class="num" title="{escape(cells.moment(at, look))}">{escape(cells.ago(at, look))}</time>'
        html = f'<th class="stick p-title" scope="row"><a class="lead" href="{record.url(pk)}">{escape(name)}</a></th><td class="p-sub">{when}</td><td class="p-end">{button}</td>'
        listed.append({"id": pk, "title": name, "cells": SafeString(html)})
    context = {
        "title": _("Bin: %(nouns)s") % {"nouns": record.labels()}, "area": "list", "back": record.url(), "rows": listed, "bulk": None,
        "columns": [{"label": capfirst(record.label())}, {"label": _("Removed")}, {"label": _("Restore")}], "pager": {"text": str(len(listed))},
        "empty": {"icon": "trash", "title": _("The bin is empty"), "text": _("What is removed stays here for 30 days and can be restored."),
                  "actions": [{"label": capfirst(record.labels()), "href": record.url()}]},
    }  # fmt: skip
    return draw(request, "list.html", context)
