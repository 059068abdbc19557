"""Step 4, the run: how far it is, stop and go on, what came of it, undo; and the list of all imports."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from noren.core.access.actor import Actor, actor_of
from noren.core.base.errors import NotFound, NotNow
from noren.core.page.frame import page
from noren.core.page.imports import rest
from noren.core.page.imports.parts import DIRECT, frame, grouped, named_counts, nouns, open_table, run_of
from noren.core.page.lists.rows import titles
from noren.core.page.shell import LINKS
from noren.core.page.web import dialog, draw, logged_in, onward, say, with_params
from noren.core.record import imported
from noren.core.record.declare import record_of
from noren.core.record.intake import run as intake
from noren.core.record.intake.faults import write_faults
from noren.core.record.intake.keeping import kept_until
from noren.core.record.intake.undo import forecast
from noren.core.record.intake.undo import undo as take_back
from noren.core.record.models import ImportRun

LINKS["import"] = "/imports/new/"
SILENT = timedelta(seconds=8)


@require_safe
@logged_in
def show(request: HttpRequest) -> HttpResponse:
    """GET /imports/: the visitor's own imports; administrators see all."""
    actor = actor_of(request)
    table = mini(actor, 100)
    actions = (
        [{"label": _("Bring a table in"), "kind": "pri", "icon": "upload", "href": reverse("import_new")}]
        if nouns(actor)
        else []
    )
    if actions:
        actions.append({"label": _("Corrections"), "kind": "", "href": reverse("import_fixes")})
    note = ngettext(
        "Each import can be taken back as a whole, also what it changed. Files are kept for %(n)s day.",
        "Each import can be taken back as a whole, also what it changed. Files are kept for %(n)s days.",
        settings.ENV.import_days,
    ) % {"n": settings.ENV.import_days}
    section = (
        {"title": _("Imports"), "note": note, "mini": table}
        if table
        else {"title": _("Imports"), "note": _("Nothing has been imported yet.")}
    )
    return page(request, "imports", sections=[section], actions=actions)


def mini(actor: Actor, limit: int) -> dict[str, Any] | None:
    """The latest imports as a small table; None without any."""
    rows = [
        [
            {"text": one.file_name, "href": reverse("import", args=[one.pk]), "head": True},
            {"text": str(record_of(one.noun).labels())}, {"text": one.get_state_display()},
            {"text": grouped(one.counts.get("created", 0)) if one.position else "", "num": True},
            {"text": grouped(one.counts.get("updated", 0)) if one.position else "", "num": True},
            {"text": grouped(one.counts.get("failed", 0)) if one.counts else "", "num": True},
            {"text": date_format(timezone.localtime(one.created_at, actor.zone), "SHORT_DATETIME_FORMAT"), "mute": True},
        ]
        for one in intake.mine(actor).select_related("by")[:limit]
    ]  # fmt: skip
    if not rows:
        return None
    labels = (
        (_("File"), False),
        (_("What"), False),
        (_("Progress"), False),
        (_("New"), True),
        (_("Changed"), True),
        (_("Errors"), True),
        (_("When"), False),
    )
    return {"caption": _("Imports"), "head": [{"label": label, "num": num} for label, num in labels], "rows": rows}


@require_safe
@logged_in
def go_on(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /imports/<id>/: to the step where the run stands."""
    found, _actor = run_of(request, pk)
    return _to_step(found)


def _to_step(run: ImportRun) -> HttpResponse:
    step = {"uploaded": "import_columns", "mapped": "import_columns", "checked": "import_check"}.get(
        run.state, "import_run"
    )
    return HttpResponseRedirect(reverse(step, args=[run.pk]))


@require_safe
@logged_in
def run(request: HttpRequest, pk: int) -> HttpResponse:
    found, actor = run_of(request, pk)
    if found.state in ("uploaded", "mapped", "checked"):
        return _to_step(found)
    context = {
        **frame(found, 2 if found.state == "checking" else 3),
        **_state(found, actor),
        "progress_url": reverse("import_progress", args=[found.pk]),
    }
    return draw(request, "import_run.html", context)


@require_safe
@logged_in
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The moving part of the page."""
    found, actor = run_of(request, pk)
    return draw(request, "ui/import_progress.html", _state(found, actor))


def _state(run: ImportRun, actor: Actor) -> dict[str, Any]:
    busy = run.state in ("checking", "running", "undoing")
    size = run.report.get("size") or 1
    done = run.report.get("done", 0) if busy else size
    share = min(100, round(100 * done / size))
    counts = run.counts if run.state != "checking" else {}
    base = [run.pk]
    context: dict[str, Any] = {"run": {
        "title": _title(run), "note": _("Goes on when you leave this page.") if busy else "",
        "done": grouped(min(run.position, run.total) if run.state == "running" else round(run.total * done / size)), "total": _("%(n)s rows") % {"n": grouped(run.total)},
        "value": done, "max": size, "percent_label": f"{share} %", "figures": _figures(run, counts),
        "state": "run" if busy else run.state,
    }}  # fmt: skip
    if not busy:
        context["run"]["done"] = grouped(
            sum(counts.get(k, 0) for k in ("created", "updated", "unchanged", "skipped", "failed"))
        )
    if run.state == "failed":
        context["notice"] = {
            "tone": "shu",
            "icon": "alert",
            "title": _("The import broke off."),
            "text": run.error or _("Unknown reason"),
            "actions": [],
        }
    elif busy and _is_alone(run):
        context["notice"] = {
            "tone": "kohaku", "icon": "alert", "title": _("Nobody has started on this yet."),
            "text": _("The background worker does not answer. It begins by itself as soon as one runs; an administrator sees more under Background work."), "actions": [],
        }  # fmt: skip
    elif intake.is_lost(run):
        context["notice"] = {
            "tone": "kohaku", "icon": "alert", "title": _("Nobody is working on this any more."),
            "text": _("It broke off in the middle. What is done so far stands; it can go on from there."), "actions": [],
        }  # fmt: skip
    elif run.counts.get("failed") and run.state == "done" and run.stored:
        context["notice"] = {
            "tone": "kohaku", "icon": "alert", "title": _("%(n)s rows did not come in.") % {"n": grouped(run.counts["failed"])},
            "text": _("The file has them as they stood, with row number and reason. Put them right there and bring that file in."),
            "actions": [{"label": _("Rows with errors"), "icon": "download", "href": reverse("import_errors", args=base)}],
        }  # fmt: skip
    if stop := _stop(run):
        context["stop"] = stop
    if run.state in ("done", "cancelled", "failed") and run.position:
        context["undo"] = {"href": reverse("import_undo", args=base), "label": _("Undo the import")}
        context["promise"] = {
            "strong": _("Can be taken back as a whole."),
            "text": _(
                "New rows go again and changed rows get their old values back, except where somebody has worked on them since."
            ),
        }
    if not busy:
        context["notes"] = _notes(run, actor)
        context["kept"] = _kept(run, actor)
    if run.state in ("done", "undone"):
        context["again"] = {"href": reverse("import_new"), "label": _("Bring another table in")}
    record = record_of(run.noun)
    if run.state == "checked":
        context["open"] = {"href": reverse("import_check", args=base), "label": _("See the result"), "onward": True}
    elif run.state == "mapped":
        context["open"] = {"href": reverse("import_columns", args=base), "label": _("Back to the columns")}
    elif busy:
        context["open"] = {"href": reverse("import_run", args=base), "label": _("Refresh")}
    elif record.pages and run.position and run.state != "undone":
        context["open"] = {"href": _list(run), "label": _("Open these %(nouns)s") % {"nouns": record.labels()}}
    return context


def _stop(run: ImportRun) -> dict[str, Any] | None:
    """The button that stops a run, or makes one go on that broke off."""
    lost = intake.is_lost(run)
    if lost and run.state == "undoing":
        return {"href": reverse("import_undo", args=[run.pk]), "label": _("Go on")}
    if (lost and run.state == "running") or (run.state in ("cancelled", "failed") and run.stored):
        return {"href": reverse("import_resume", args=[run.pk]), "label": _("Go on")}
    if run.state in ("checking", "running"):
        return {"href": reverse("import_stop", args=[run.pk]), "label": _("Stop")}
    return None


def _kept(run: ImportRun, actor: Actor) -> list[dict[str, str]]:
    """Rows that an undo left as they are, to look at."""
    by_noun: dict[str, list[int]] = {}
    for noun, pk in run.report.get("kept", []) if run.state == "undone" else []:
        by_noun.setdefault(noun, []).append(pk)
    return [
        {"href": record.url(pk), "label": name or str(pk)}
        for record, ids in ((record_of(noun), ids) for noun, ids in by_noun.items())
        if record.pages
        for pk, name in sorted(titles(record.model, actor, ids).items())
    ]


def _notes(run: ImportRun, actor: Actor) -> list[dict[str, str]]:
    """What else there is to know of a run that is over: the columns it left, and how long its file is kept."""
    notes = []
    for noun, n in run.counts.get("made", {}).items() if run.state != "undone" else ():
        record = record_of(noun)
        if n and record.pages:
            text = capfirst(_("%(nouns)s made along") % {"nouns": record.labels()})
            label = _("Open these %(nouns)s") % {"nouns": record.labels()}
            notes.append({"text": f"{text}: {grouped(n)}", "href": _list(run, noun), "label": label})
    count = rest.kept_rows(run).count()
    if count:
        text = ngettext(
            "%(n)s row has columns that were not taken over.",
            "%(n)s rows have columns that were not taken over.",
            count,
        )
        notes.append(
            {
                "text": text % {"n": grouped(count)},
                "href": reverse("import_rest", args=[run.pk]),
                "label": _("See them"),
            }
        )
    if run.stored:
        kept = _("The file and its wrong rows are kept until %(day)s. The import can be undone after that, too.")
        day = date_format(timezone.localtime(kept_until(run), actor.zone), "SHORT_DATE_FORMAT")
        text = kept if run.state != "undone" else _("The file and its wrong rows are kept until %(day)s.")
        notes.append({"text": text % {"day": day}, "href": "", "label": ""})
    else:
        text = _("The file and its wrong rows are no longer kept. The import can still be undone.")
        notes.append(
            {"text": text if run.state != "undone" else _("The file is no longer kept."), "href": "", "label": ""}
        )
    return notes


def _title(run: ImportRun) -> str:
    return {
        "checking": _("Trial run"), "checked": _("The trial run is finished"), "mapped": _("The trial run was stopped"), "running": _("Importing"),
        "done": _("Imported"), "cancelled": _("Stopped"), "failed": _("Broke off"), "undoing": _("Being taken back"), "undone": _("Taken back"),
    }.get(run.state, "")  # fmt: skip


def _figures(run: ImportRun, counts: dict[str, Any]) -> list[dict[str, Any]]:
    if run.state == "undone":
        told = run.report.get("undo", {})
        ends = (("removed", _("Rows removed")), ("restored", _("As before")), ("kept", _("Kept: touched since")))
        return [{"label": label, "value": grouped(told.get(key, 0))} for key, label in ends]
    words = (
        ("created", _("New")),
        ("updated", _("Changed")),
        ("unchanged", _("Same")),
        ("skipped", _("Skipped")),
        ("failed", _("Errors")),
    )
    figures = [
        {"label": label, "value": grouped(counts.get(key, 0))}
        for key, label in words
        if counts.get(key) or key in ("created", "updated", "failed")
    ]
    figures += [
        {"label": capfirst(_("%(nouns)s made along") % {"nouns": record_of(noun).labels()}), "value": grouped(n)}
        for noun, n in counts.get("made", {}).items()
        if n
    ]
    figures += [
        {"label": capfirst(_("%(nouns)s completed") % {"nouns": record_of(noun).labels()}), "value": grouped(n)}
        for noun, n in counts.get("filled", {}).items()
    ]
    return figures


def _is_alone(run: ImportRun) -> bool:
    """Handed over some seconds ago, and nobody has touched it."""
    asked = parse_datetime(run.report.get("asked_at", ""))
    return run.beat_at is None and asked is not None and timezone.now() - asked > SILENT


def _list(run: ImportRun, noun: str = "") -> str:
    """The list of the noun, narrowed to what this import made and changed."""
    return with_params(record_of(noun or run.noun).url(), [(imported.NAME, str(run.pk))])


@require_POST
@logged_in
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    found, _actor = run_of(request, pk)
    intake.stop(found)
    return HttpResponseRedirect(reverse("import_run", args=[found.pk]))


@require_POST
@logged_in
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    found, _actor = run_of(request, pk)
    intake.start(found)
    return HttpResponseRedirect(reverse("import_run", args=[found.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: asks first, with what would go and what would stay. POST: does it."""
    found, actor = run_of(request, pk)
    place = reverse("import_run", args=[found.pk])
    counts = found.counts
    touched = counts.get("created", 0) + counts.get("updated", 0) + sum(counts.get("made", {}).values())
    if request.method != "POST":
        can = found.state in ("done", "cancelled", "failed") and found.position
        return dialog(request, _asked(found, touched)) if can else onward(request, place)
    try:
        intake.undo_later(found, by=actor, here=touched <= DIRECT)
    except NotNow:
        return onward(request, place)
    if touched <= DIRECT:
        take_back(found, actor)
        say(request, _("The import has been taken back."))
    return onward(request, place)


def _asked(run: ImportRun, touched: int) -> dict[str, Any]:
    """The question before an undo; how many rows stay is counted where that is quick."""
    lines = []
    kept = 0
    if touched <= DIRECT:
        gone, restored, kept = forecast(run)
        lines += [_("These go: %(what)s.") % {"what": named_counts(gone)}] if any(gone.values()) else []
        if restored:
            text = ngettext("%(n)s row gets its old values back.", "%(n)s rows get their old values back.", restored)
            lines.append(text % {"n": grouped(restored)})
        text = ngettext(
            "%(n)s row stays: somebody has worked on it since.",
            "%(n)s rows stay: somebody has worked on them since.",
            kept,
        )
        lines += [text % {"n": grouped(kept)}] if kept else []
    else:
        made = named_counts({run.noun: run.counts.get("created", 0), **run.counts.get("made", {})})
        lines += [_("These go: %(what)s.") % {"what": made}] if made else []
        lines.append(_("Rows that somebody has worked on since stay as they are."))
    return {
        "title": _("Undo the import?"), "note": run.file_name, "action": reverse("import_undo", args=[run.pk]), "fields": [],
        "promise": {"strong": lines[0], "text": " ".join(lines[1:])} if lines else None, "submit": _("Undo the import"), "danger": True, "back": reverse("import_run", args=[run.pk]), "area": "import",
    }  # fmt: skip


@require_safe
@logged_in
def errors(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows that did not come in, with the reason, as a CSV file."""
    found, _actor = run_of(request, pk)
    if not found.stored:
        raise NotFound(_("The file and its wrong rows are no longer kept."))
    out = io.StringIO(newline="")
    write_faults(found, open_table(found), out)
    answer = HttpResponse(b"\xef\xbb\xbf" + out.getvalue().encode(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="import-{found.pk}-errors.csv"'
    return answer
