"""A list as a file: the rows of its filter, sent while they are read."""

from __future__ import annotations

import tempfile

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from noren.core.access.actor import Actor
from noren.core.base.errors import Invalid
from noren.core.filter.condition import BadFilter
from noren.core.page.web import draw, of_noun, with_params
from noren.core.record.declare import Record
from noren.core.record.export import MEDIA, Told, export_parts, export_rows
from noren.core.record.listing import narrowed
from noren.core.record.state import State

SAMPLES = 8


@of_noun("GET")
def export(
    request: HttpRequest, record: type[Record], actor: Actor
) -> FileResponse | HttpResponse | StreamingHttpResponse:
    """GET /<module>/<plural>/export/?<state>&format=csv|xlsx|json&encoding=&anyway=: the rows of the list.

    A file in an encoding that lacks some of its signs is not sent before the person was told and said so (`anyway`)."""
    params = request.GET.copy()
    form = params.pop("format", ["csv"])[-1]
    encoding = params.pop("encoding", ["utf-8-sig"])[-1]
    anyway = params.pop("anyway", [""])[-1] == "1"
    state = State.read(params)
    if state.fault:
        raise Invalid({"": [state.fault]})
    try:
        narrowed(record, actor, state, "export")
    except BadFilter as fault:
        raise Invalid({"": [str(fault)]}) from fault
    parts = export_parts(record, actor, state, form, encoding)  # speaks up now about what is not allowed
    if encoding == "cp932" and form == "csv" and not anyway:
        lost = Told()
        for _part in export_parts(record, actor, state, form, encoding, lost, trial=True):
            pass
        if lost.replaced:
            return _warned(request, record, state, lost)
    name = f"{record.plural()}-{timezone.localdate().isoformat()}.{form}"
    if form == "xlsx":
        file = tempfile.TemporaryFile()  # noqa: SIM115  (the response closes it)
        export_rows(record, actor, state.where, form, file, state=state)
        file.seek(0)
        return FileResponse(file, as_attachment=True, filename=name, content_type=MEDIA[form])
    answer = StreamingHttpResponse(
        parts, content_type=MEDIA[form] if encoding != "cp932" else "text/csv; charset=shift_jis"
    )
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _warned(request: HttpRequest, record: type[Record], state: State, lost: Told) -> HttpResponse:
    """What Shift_JIS would lose, before anything is sent; UTF-8 keeps it all, and Excel opens it."""
    base = f"{record.url()}export/"
    text = ngettext(
        "%(n)s cell holds signs that Shift_JIS does not have. In the file each of them becomes 〓.",
        "%(n)s cells hold signs that Shift_JIS does not have. In the file each of them becomes 〓.",
        lost.replaced,
    )
    context = {
        "title": _("Export: %(what)s") % {"what": record.labels()}, "area": "list", "back": with_params(record.url(), state.pairs()),
        "crumbs": [{"label": str(record.labels()), "href": record.url()}, {"label": _("Export"), "href": ""}],
        "text": text % {"n": f"{lost.replaced:,}"}, "samples": lost.samples[:SAMPLES], "more": lost.replaced > SAMPLES,
        "whole_href": with_params(base, [*state.pairs(), ("format", "csv")]),
        "anyway_href": with_params(base, [*state.pairs(), ("format", "csv"), ("encoding", "cp932"), ("anyway", "1")]),
    }  # fmt: skip
    return draw(request, "export_lossy.html", context)
