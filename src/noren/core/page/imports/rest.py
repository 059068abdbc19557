"""What a file said beyond our fields: for a whole import, as a file, and for the row that came from it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.db.models import Func, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe

from noren.core.access.actor import Actor, actor_of
from noren.core.access.rights import GROUPS, Touch
from noren.core.access.scope import fetch
from noren.core.base.errors import NotFound
from noren.core.event.models import Fact
from noren.core.page.imports.parts import frame, grouped, run_of
from noren.core.page.lists.rows import titles
from noren.core.page.web import draw, logged_in, to_login
from noren.core.record.declare import RECORDS, Record, record_of
from noren.core.record.guard import guarded
from noren.core.record.intake import run as intake
from noren.core.record.models import ImportRow, ImportRun

SHOWN = 200
CHUNK = 2_000


def kept_rows(run: ImportRun) -> QuerySet[ImportRow]:
    """Rows of a run of which columns without a field are kept."""
    return ImportRow.objects.filter(run=run, noun=run.noun, unmapped__isnull=False).order_by("number", "id")


def columns_of(run: ImportRun) -> list[str]:
    """Names of the columns without a field, in the order of the file."""
    names = kept_rows(run).order_by().annotate(name=Func("unmapped", function="jsonb_object_keys"))
    order = {name: at for at, name in enumerate(run.report.get("header", ()))}
    return sorted(
        set(names.values_list("name", flat=True).distinct()), key=lambda name: (order.get(name, len(order)), name)
    )


@require_safe
@logged_in
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /imports/<id>/rest/: the columns that no field took, row by row."""
    run, actor = run_of(request, pk)
    record = record_of(run.noun)
    rows = list(kept_rows(run)[: SHOWN + 1])
    columns = columns_of(run)
    names = titles(record.model, actor, [row.row_id for row in rows])
    table = {
        "caption": _("Columns not taken over"),
        "head": [{"label": _("Row"), "num": True}, {"label": capfirst(record.label())}, *({"label": name} for name in columns)],
        "rows": [
            [{"text": row.number, "num": True}, _link(record, row.row_id, names), *({"text": (row.unmapped or {}).get(name, "")[:200]} for name in columns)]
            for row in rows[:SHOWN]
        ],
    }  # fmt: skip
    context = {
        **frame(run, 3), "title": _("Columns not taken over"), "table": table if rows else None,
        "more": _("The first %(n)s are shown; the file has them all.") % {"n": grouped(SHOWN)} if len(rows) > SHOWN else "",
        "export_href": reverse("import_rest_file", args=[run.pk]) if rows else "", "back": reverse("import_run", args=[run.pk]),
        "empty": _("Every column of this file has a field, or the cells of the others are empty."),
    }  # fmt: skip
    return draw(request, "import_rest.html", context)


def _link(record: type[Record], pk: int, names: dict[int, str]) -> dict[str, Any]:
    if pk not in names:
        return {"text": "—", "head": True}
    return {"text": names[pk], "head": True, "href": record.url(pk) if record.pages else ""}


@require_safe
def file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """GET /imports/<id>/rest.csv: the same as a file, each row with its number and the name of what it became."""
    if not request.user.is_authenticated:
        return to_login(request)
    run, actor = run_of(request, pk)
    answer = StreamingHttpResponse(_lines(run, actor), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="import-{run.pk}-rest.csv"'
    return answer


def _lines(run: ImportRun, actor: Actor) -> Iterator[bytes]:
    record, columns = record_of(run.noun), columns_of(run)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    with override(actor.locale):
        writer.writerow([_("Row"), str(record.label()), *map(guarded, columns)])
    yield b"\xef\xbb\xbf"
    after = 0
    while True:
        rows = list(kept_rows(run).order_by("id").filter(pk__gt=after)[:CHUNK])
        names = titles(record.model, actor, [row.row_id for row in rows])
        for row in rows:
            said = row.unmapped or {}
            writer.writerow(
                [row.number, guarded(names.get(row.row_id, "")), *(guarded(said.get(c, "")) for c in columns)]
            )
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()
        if len(rows) < CHUNK:
            return
        after = rows[-1].pk


@require_safe
@logged_in
def origin(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    """GET /imports/of/<noun>/<id>/: the rows of files that a row came from, with the columns no field took.

    Whose role hides a group of fields sees only imports of their own: nobody can tell which group such a column is in."""
    actor = actor_of(request)
    word = noun.replace("-", ".", 1)
    if word not in RECORDS:
        raise NotFound
    record = record_of(word)
    row = fetch(record.model, actor, pk)
    told = Fact.objects.filter(noun=word, subject_id=row.pk, batch__gt=0)
    runs = _runs(actor).filter(pk__in=list(told.values_list("batch", flat=True).distinct()))
    noted = ImportRow.objects.filter(noun=word, row_id=row.pk, run__in=runs).select_related("run__by")
    found: dict[int, dict[str, Any]] = {}
    for note in noted.order_by("-run_id", "number"):
        run = note.run
        made = found.setdefault(run.pk, _origin(run, actor))
        if note.unmapped:
            order = {name: at for at, name in enumerate(run.report.get("header", ()))}
            made["number"] = grouped(note.number)
            made["values"] = [
                {"label": name, "value": text}
                for name, text in sorted(note.unmapped.items(), key=lambda pair: order.get(pair[0], 0))
            ]
    context = {
        "title": _("Original row"), "area": "import", "back": record.url(row.pk) if record.pages else "/",
        "crumbs": [{"label": capfirst(record.labels()), "href": record.url()}, {"label": str(row), "href": record.url(row.pk)}, {"label": _("Original row"), "href": ""}],
        "origins": list(found.values()), "empty": _("No file is known that this row came from, or all its columns have a field."),
    }  # fmt: skip
    return draw(request, "import_origin.html", context)


def _runs(actor: Actor) -> QuerySet[ImportRun]:
    if all(actor.touch(group) >= Touch.READ for group in GROUPS if group != "secret"):
        return ImportRun.objects.all()
    return intake.mine(actor).order_by()


def _origin(run: ImportRun, actor: Actor) -> dict[str, Any]:
    day = date_format(timezone.localtime(run.started_at or run.created_at, actor.zone), "SHORT_DATETIME_FORMAT")
    mine = actor.is_admin or run.by_id == actor.user_id
    return {
        "file": run.file_name, "who": run.by.name if run.by else "", "when": day, "number": "", "values": [],
        "href": reverse("import", args=[run.pk]) if mine else "",
    }  # fmt: skip
