"""A row beside its list: the same declarations as its page, in short. Next step, first facts, latest entries, quick verbs."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.base.errors import NotFound
from noren.core.base.kept import together
from noren.core.base.model import Model
from noren.core.page import parts
from noren.core.page.row import boxes, detail, head, related
from noren.core.page.row.feed import latest
from noren.core.page.row.hooks import COMPOSERS
from noren.core.page.shell import LINKS
from noren.core.page.web import draw, look_of, of_noun
from noren.core.record.declare import Record

LATEST = 5


@of_noun()
def show(request: HttpRequest, record: type[Record], actor: Actor, pk: int) -> HttpResponse:
    """GET /<module>/<plural>/<id>/peek/: the panel beside a list; without htmx, the page of the row."""
    if not record.pages:
        raise NotFound
    if not request.headers.get("HX-Request"):
        return HttpResponseRedirect(record.url(pk))
    row, editable = detail.row_and_right(record, actor, pk)
    look = look_of(request, actor)
    step, _known, days = together(
        head.next_bar(record, row, actor, look),
        related.look_behind(record, row, actor, detail.refs_of(record)),
        latest(record, row, actor, look, LATEST),
    )
    told = head.head(record, row, actor, look)
    groups = detail.groups_of(record, row, actor, look, editable=editable)[:1]
    for group in groups:
        group["edit_href"] = ""
    data: dict[str, Any] = {"groups": groups, "next": step, "days": days, "panels": []}
    return draw(request, "ui/peek.html", {
        **boxes.boxes(data, get_token(request)), "href": record.url(row.pk), "noun": capfirst(record.label()), "feed_empty": _("Nothing has happened yet."),
        "head": {
            **told, "sub": SafeString(boxes.sub(told)),
            "avatar": parts.avatar(told["name"], "", "", bool(told.get("square"))) if told.get("avatar") else "",
        },
        "days": days, "actions": _verbs(request, record, row, actor), "notices": head.notices(record, row, actor, look),
    })  # fmt: skip


def _verbs(request: HttpRequest, record: type[Record], row: Model, actor: Actor) -> list[dict[str, Any]]:
    """Those of the page; where that one leads to the box to write in, this opens it in the sheet."""
    box = (
        next(filter(None, (fn(request, record, row, actor) for fn in COMPOSERS)), None)
        if row.removed_at is None
        else None
    )
    found = []
    for one in head.actions(record, row, actor):
        if one["href"] != "#composer":
            found.append({**one, "small": True})
        elif box is not None:
            found.append({**one, "href": f"{LINKS['log']}?about={quote(box['key'])}", "sheet": True, "small": True})
    return found
