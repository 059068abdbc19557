"""Step 1: the file. It is written to disk as it comes, however large."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from noren.core.access.actor import actor_of
from noren.core.base.errors import Forbidden, NotFound
from noren.core.page.imports.parts import nouns, steps
from noren.core.page.imports.runs import mini
from noren.core.page.web import draw, logged_in
from noren.core.record.declare import record_of
from noren.core.record.field import Field
from noren.core.record.intake import keeping
from noren.core.record.intake import run as intake
from noren.core.record.intake.plan import importable


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    allowed = nouns(actor)
    if not allowed:
        raise Forbidden
    by_word = {r.word(): r for r in allowed}
    wanted = request.POST.get("noun", request.GET.get("noun", ""))
    error = ""
    if request.method == "POST":
        file: Any = request.FILES.get("file")
        if file is None:
            error = _("Choose a file first.")
        else:
            try:
                made = intake.begin(by_word.get(wanted), file, file.name or "file", actor)
            except intake.UnreadableFile as fault:
                error = str(fault)
            else:
                if made.noun not in by_word:
                    keeping.drop(made.stored)
                    made.delete()
                    raise Forbidden
                return HttpResponseRedirect(reverse("import_columns", args=[made.pk]))
    choice = [("", _("Find out from the columns")), *((r.word(), str(r.labels())) for r in allowed)]
    options = [
        {"value": word, "label": label, "selected": word == (wanted if wanted in by_word else "")}
        for word, label in choice
    ]
    shown = [by_word[wanted]] if wanted in by_word else allowed[:4]
    return draw(request, "import_upload.html", {
        "title": _("Bring a table in"), "area": "import", "back": by_word[wanted].url() if wanted in by_word else reverse("imports"),
        "crumbs": [{"label": _("Imports"), "href": reverse("imports")}, {"label": _("New"), "href": ""}], "steps": steps(None, 0),
        "action": request.get_full_path(), "error": error, "accepts": ".csv,.tsv,.txt,.xlsx,.vcf",
        "fields": [{
            "name": "noun", "kind": "radio", "label": _("What the rows are"), "options": options,
            "hint": _("One row is one of these. Companies, teams and stages that a row only names are found or made along the way."),
        }],
        "samples": [{"label": str(r.labels()), "href": reverse("import_sample", args=[r.word().replace(".", "-")])} for r in shown],
        "history": mini(actor, 5),
    }, 422 if error else 200)  # fmt: skip


@require_safe
@logged_in
def sample(request: HttpRequest, noun: str) -> HttpResponse:
    """An empty table with the column names that need no explanation."""
    actor = actor_of(request)
    record = record_of(noun.replace("-", ".", 1))
    if record not in nouns(actor):
        raise NotFound
    out = io.StringIO(newline="")
    fields = [one for one in importable(record, actor) if isinstance(one, Field) and one.name not in record.history]
    csv.writer(out).writerow([str(one.label) for one in fields])
    answer = HttpResponse(b"\xef\xbb\xbf" + out.getvalue().encode(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{record.plural()}.csv"'
    return answer
