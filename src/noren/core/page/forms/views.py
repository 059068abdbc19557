"""Create and edit, made from `Record.form`. One form is a page, or a dialog in the sheet; it works without script.

Sent twice it makes one record. Edited by two people at once, the second is shown both values and nothing is lost.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.scope import fetch, visible
from noren.core.action.once import InFlight, OtherBody
from noren.core.action.plain import change, create
from noren.core.base.errors import Conflict, Forbidden, InBin, Invalid, NotFound
from noren.core.page.forms import inputs
from noren.core.page.forms.clash import conflict
from noren.core.page.forms.drawing import drawn_form
from noren.core.page.forms.sent import (
    RESERVED,
    first_texts,
    read_all,
    texts_of,
    touched_of,
    unknown,
    value_of,
    version_of,
    with_fixed,
)
from noren.core.page.web import (
    came_from,
    done_once,
    in_sheet,
    look_of,
    of_noun,
    onward,
    safe_next,
    say,
)
from noren.core.record.declare import Record


@of_noun("GET", "POST")
def new(request: HttpRequest, record: type[Record], actor: Actor) -> HttpResponse:
    """/<module>/<plural>/new/ — parameters of the address fill the fields."""
    if not record.form or not actor.may(record.word(), "create"):
        raise Forbidden
    look = look_of(request, actor)
    fields = record.writable(actor)
    if request.method == "GET":
        texts = first_texts(record, fields, request.GET, actor, look)
        return drawn_form(request, record, actor, look, fields, texts, {}, None)
    fields = with_fixed(record, fields, request.POST)
    values, errors = read_all(fields, request.POST, actor, look)
    unknown(fields, request.POST)
    if not errors:
        try:
            pk = _made(request, record, actor, values)
        except Invalid as no:
            errors = no.errors
        except OtherBody:
            errors = {
                "": [
                    _(
                        "This form was already sent with other values. Check below, then send it again if you want a second record."
                    )
                ]
            }
    if errors:
        return drawn_form(
            request, record, actor, look, fields, texts_of(fields, request.POST), errors, None, status=422
        )
    say(request, _("%(noun)s created.") % {"noun": record.label()})
    if request.POST.get("again"):
        return onward(request, record.url(verb="new"))
    otherwise = record.url(pk) if record.pages else safe_next(request, came_from(request), "/")
    return onward(request, safe_next(request, request.POST.get("_next"), otherwise))


def _made(request: HttpRequest, record: type[Record], actor: Actor, values: dict[str, Any]) -> int:
    """Create the row, once for the hidden word of this form."""
    sent = {k: request.POST.getlist(k) for k in request.POST if k not in RESERVED}
    try:
        made = done_once(
            request, actor, "form", lambda: create(record.model, values, by=actor).pk, [record.word(), sent]
        )
    except InFlight as no:
        raise Invalid({"": [str(no)]}) from no
    return int(made)


@of_noun("GET", "POST")
def edit(request: HttpRequest, record: type[Record], actor: Actor, pk: int) -> HttpResponse:
    """/<module>/<plural>/<id>/edit/"""
    try:
        row = fetch(record.model, actor, pk, "edit")
    except NotFound:
        if record.pages and visible(record.model, actor, "remove", removed=True).filter(pk=pk).exists():
            raise InBin(record.url(pk)) from None
        raise
    look = look_of(request, actor)
    fields = record.writable(actor)
    if request.method == "GET":
        return drawn_form(
            request,
            record,
            actor,
            look,
            fields,
            {f.name: inputs.typed(f, value_of(row, f), look) for f in fields},
            {},
            row,
        )
    unknown(fields, request.POST)
    sent = [f for f in fields if f.name in request.POST]
    touched = touched_of(sent, request.POST)
    values, errors = read_all(touched, request.POST, actor, look)
    if not errors:
        try:
            change(row, values, by=actor, version=version_of(request.POST))
        except Invalid as no:
            errors = no.errors
        except Conflict as no:
            return conflict(request, record, actor, look, no, texts_of(touched, request.POST))
    if errors:
        texts = {f.name: inputs.typed(f, value_of(row, f), look) for f in fields} | texts_of(sent, request.POST)
        return drawn_form(request, record, actor, look, fields, texts, errors, row, status=422)
    say(request, _("Saved."))
    otherwise = record.url(pk) if record.pages else safe_next(request, came_from(request), "/")
    return onward(request, safe_next(request, request.POST.get("_next"), otherwise), stay=in_sheet(request))
