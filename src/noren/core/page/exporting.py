"""A list as a file: the rows of its filter, sent while they are read."""

from __future__ import annotations

import tempfile

from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.utils import timezone

from noren.core.access.actor import Actor
from noren.core.base.errors import Invalid
from noren.core.filter.condition import BadFilter
from noren.core.page.web import of_noun
from noren.core.record.declare import Record
from noren.core.record.export import MEDIA, export_parts, export_rows
from noren.core.record.listing import narrowed
from noren.core.record.state import State


@of_noun("GET")
def export(request: HttpRequest, record: type[Record], actor: Actor) -> FileResponse | StreamingHttpResponse:
    """GET /<module>/<plural>/export/?<state>&format=csv|xlsx|json&encoding=: the rows of the list."""
    params = request.GET.copy()
    form = params.pop("format", ["csv"])[-1]
    encoding = params.pop("encoding", ["utf-8-sig"])[-1]
    state = State.read(params)
    if state.fault:
        raise Invalid({"": [state.fault]})
    try:
        narrowed(record, actor, state, "export")
    except BadFilter as fault:
        raise Invalid({"": [str(fault)]}) from fault
    parts = export_parts(record, actor, state, form, encoding)  # speaks up now about what is not allowed
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
