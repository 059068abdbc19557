"""What may be there already, shown while somebody fills in the form of a new row. It never stands in the way."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.base.errors import Forbidden
from noren.core.base.kept import alone, together
from noren.core.page.forms.sent import read_all
from noren.core.page.row import head, related
from noren.core.page.row.detail import refs_of
from noren.core.page.web import draw, look_of, of_noun
from noren.core.record.declare import Record
from noren.core.record.twins import twins


@of_noun("POST")
def show(request: HttpRequest, record: type[Record], actor: Actor) -> HttpResponse:
    """POST /<module>/<plural>/twins/: the form as it is filled in so far. Answers with a note, or with nothing."""
    if not (record.keys or record.alike) or not record.form or not actor.may(record.word(), "create"):
        raise Forbidden
    look = look_of(request, actor)
    fields = [one for one in record.writable(actor) if one.name in request.POST and one.is_near and not one.is_custom]
    values, _errors = read_all(fields, request.POST, actor, look)
    near = [name for name in refs_of(record) if name in record.compact and record.may_read(name, actor)]
    found = alone(twins(record, values, actor, *near))
    together(*(related.look_behind(record, one.row, actor, near) for one in found))
    joint = "・" if get_language() == "ja" else ", "
    listed: list[dict[str, Any]] = []
    for one in found:
        parts = head.head(record, one.row, actor, look)["parts"]
        same = joint.join(str(record.field(name).label) for name in one.names)
        listed.append({
            "label": str(one.row), "href": record.url(one.row.pk), "note": " · ".join(part["text"] for part in parts if part["text"]),
            "same": _("Same: %(fields)s") % {"fields": same},
        })  # fmt: skip
    return draw(request, "ui/twins.html", {"twins": listed})
