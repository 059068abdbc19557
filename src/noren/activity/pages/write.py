"""Writing down what happened: the box on every record page, the sheet behind the phone's middle button, undo."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from noren.activity.actions.activity import With, take_back, write
from noren.activity.actions.file import attach_file
from noren.activity.models import Activity
from noren.activity.queries.mentions import colleagues, named_in
from noren.activity.queries.reading import Step, read_step
from noren.activity.queries.subject import notes_of, recent, search, subject_of, word_of
from noren.core.access.actor import Actor, actor_of
from noren.core.base.errors import Invalid
from noren.core.base.japan.calendar import format_date
from noren.core.base.model import Model
from noren.core.page.cells import Look
from noren.core.page.row.detail import COMPOSERS, ENTRY_LINKS
from noren.core.page.shell import LINKS, icon_of
from noren.core.page.web import (
    came_from,
    done_once,
    draw,
    fresh_token,
    in_sheet,
    logged_in,
    look_of,
    onward,
    safe_next,
    say,
)
from noren.core.record.declare import RECORDS, Record
from noren.core.record.timeline import Entry, File

LINKS["log"] = "/activity/log/"
WRITTEN = ("visit", "call", "meeting", "mail", "note", "task")
ICONS = {"note": "note", "call": "phone", "meeting": "meet", "visit": "company", "mail": "mail", "task": "task"}
MOST_FILES = 5


def kinds(current: str, order: tuple[str, ...]) -> list[dict[str, Any]]:
    labels = dict(Activity.KINDS)
    return [{"value": kind, "label": labels[kind], "icon": ICONS[kind], "current": kind == current} for kind in order]


def composer(request: HttpRequest, record: type[Record], row: Model, actor: Actor) -> dict[str, Any] | None:
    """The box above the timeline of a row."""
    if not actor.may(Activity, "create") or not row.has_timeline:
        return None
    return {
        "action": "/activity/log/", "read_url": "/activity/read/", "mention_url": "/activity/named/", "key": word_of(row), "token": fresh_token(),
        "kinds": kinds("note", ("note", "call", "mail", "visit", "meeting", "task")),
        "placeholder": _("Write what happened. “Tomorrow 10:00 call” becomes the next step, @name calls a colleague."),
        "about": str(row), "hidden": [("who", word_of(row)), ("back", record.url(row.pk)), ("box", "composer")], "files": True,
    }  # fmt: skip


COMPOSERS.append(composer)


def files_shown(files: tuple[File, ...]) -> list[dict[str, Any]]:
    return [{"name": one.name, "href": f"/activity/files/{one.id}/", "size": size(one.size)} for one in files]


def entry_links(entry: Entry) -> dict[str, Any]:
    """What the timeline cannot know of an activity: where it is edited, its files, that it is still to do."""
    return {
        "files": files_shown(entry.files),
        "open": _("To do") if entry.is_open else "",
        "edit_href": f"/activity/activities/{entry.id}/edit/" if entry.is_editable else "",
    }


ENTRY_LINKS["activity"] = ENTRY_LINKS["file"] = entry_links


def size(number: int) -> str:
    """2.4 MB, 310 KB: sizes as people compare them."""
    return f"{number / 1_000_000:.1f} MB" if number >= 1_000_000 else f"{max(1, round(number / 1000))} KB"


# -- the sheet -----------------------------------------------------------------------------------------------------------


@logged_in
def log(request: HttpRequest) -> HttpResponse:
    """GET: the sheet (or its page without script). POST: keep what was written, once for each form."""
    actor = actor_of(request)
    if request.method != "POST":
        subject = subject_of(request.GET.get("about", ""), actor)
        return _sheet(
            request, actor, {"kind": request.GET.get("kind", "visit"), "text": "", "next": "", "subject": subject}
        )
    subject = subject_of(request.POST.get("who", ""), actor)
    typed = {
        "kind": request.POST.get("kind", "note"), "text": request.POST.get("text", ""), "next": request.POST.get("next", ""),
        "subject": subject,
    }  # fmt: skip
    try:
        ids = _kept(request, actor, typed)
    except Invalid as no:
        if request.POST.get("box") == "composer" and subject is not None:
            return _again(request, actor, subject, typed, no)
        return _sheet(request, actor, typed, no)
    back = safe_next(request, request.POST.get("back") or came_from(request), "/activity/today/")
    say(
        request,
        _told(ids, look_of(request, actor)),
        undo=f"/activity/undo/?{urlencode({'ids': ','.join(map(str, ids))})}" if ids else "",
    )
    return onward(request, back)


def _kept(request: HttpRequest, actor: Actor, typed: dict[str, Any]) -> list[int]:
    """Write it down, once for the hidden word of the form: a second press gives the first one's answer."""
    files = request.FILES.getlist("file")
    if len(files) > MOST_FILES:
        raise Invalid(file=_("At most five files at once."))
    kind = typed["kind"] if typed["kind"] in WRITTEN else "note"
    with_step = "seen" not in request.POST or request.POST.get("with_step") == "1"

    def work() -> list[int]:
        subject = typed["subject"]
        if not typed["text"].strip() and files and subject is not None:
            for file in files:
                attach_file(file.name or "", file.chunks(), by=actor, to=subject)
            return []
        made = write(
            typed["text"].strip(),
            by=actor,
            kind=kind,
            about=With.row(subject),
            with_step=with_step,
            following=typed["next"],
        )
        for file in files:
            attach_file(file.name or "", file.chunks(), by=actor, to=made[0])
        return [row.pk for row in made]

    sent = [
        kind,
        typed["text"],
        typed["next"],
        request.POST.get("who", ""),
        with_step,
        [(f.name, f.size) for f in files],
    ]
    return list(done_once(request, actor, "log", work, sent))


def _told(ids: list[int], look: Look) -> str:
    """What was kept, in one sentence: the step as it was read is named, so that a misreading is seen at once."""
    rows = list(Activity.system("just written").filter(pk__in=ids))
    step = next((row for row in rows if row.is_next_step), None)
    if step is None:
        return _("Logged.") if rows else _("File added.")
    words = step_words(
        Step(step.kind, step.due_at or timezone.now(), step.is_all_day, step.minutes, step.subject, "", whole=False),
        look,
    )
    if len(rows) == 1:
        return _("Next step: %(step)s") % {"step": words}
    return _("Logged. Next step: %(step)s") % {"step": words}


def step_words(step: Step, look: Look) -> str:
    """「11月24日(火) 10:00 電話」"""
    local = step.due_at.astimezone(look.zone)
    hour = "" if step.is_all_day else f"{local:%H:%M}"
    return " ".join(
        filter(
            None,
            (
                format_date(local.date(), "sentence", look.locale),
                hour,
                step.subject or str(dict(Activity.KINDS)[step.kind]),
            ),
        )
    )


def _sheet(request: HttpRequest, actor: Actor, typed: dict[str, Any], no: Invalid | None = None) -> HttpResponse:
    errors = no.errors if no else {}
    subject = typed["subject"]
    made = {
        "title": _("Log an activity"), "action": "/activity/log/", "token": fresh_token() if no is None else request.POST.get("_once", ""),
        "kinds": kinds(typed["kind"], WRITTEN), "text": typed["text"], "read_url": "/activity/read/", "mention_url": "/activity/named/",
        "back": safe_next(request, request.POST.get("back") or (came_from(request) if in_sheet(request) else ""), "/activity/today/"),
        "errors": [text for name, texts in errors.items() if name not in ("text", "next", "who") for text in texts],
        "text_error": " ".join(errors.get("text", ())),
        "who": {
            "name": "who", "label": _("Who with"), "kind": "pick", "value": word_of(subject) if subject else "",
            "text": str(subject) if subject else "", "url": "/activity/who/", "placeholder": _("Name, company or reading"),
            "error": " ".join(errors.get("who", ())),
        },
        "recent": [] if subject else [{"value": word_of(row), "label": str(row), "icon": _icon(row)} for row in recent(actor)[:4]],
        "next": {
            "name": "next", "label": _("Next step"), "kind": "text", "value": typed["next"],
            "placeholder": _("For example: tomorrow 10:00 call"), "error": " ".join(errors.get("next", ())),
        },
    }  # fmt: skip
    status = 422 if no else 200
    if in_sheet(request):
        return draw(request, "activity/log_sheet.html", {"log": made}, status)
    context = {
        "log": made,
        "title": made["title"],
        "part": "activity/log_sheet.html",
        "back": made["back"],
        "area": "today",
    }
    return draw(request, "sheet.html", context, status)


def _again(request: HttpRequest, actor: Actor, subject: Model, typed: dict[str, Any], no: Invalid) -> HttpResponse:
    """The box as it was sent, with what is wrong."""
    made = composer(request, RECORDS[subject.word()], subject, actor) or {}
    made |= {
        "text": typed["text"],
        "token": request.POST.get("_once", ""),
        "error": " ".join(text for texts in no.errors.values() for text in texts),
    }
    for kind in made.get("kinds", ()):
        kind["current"] = kind["value"] == typed["kind"]
    if request.headers.get("HX-Request"):
        return draw(request, "ui/composer.html", {"composer": made}, 422)
    back = RECORDS[subject.word()].url(subject.pk)
    return draw(
        request,
        "sheet.html",
        {"composer": made, "title": str(subject), "part": "ui/composer.html", "back": back, "area": "record"},
        422,
    )


# -- small answers -------------------------------------------------------------------------------------------------------


@require_POST
@logged_in
def read(request: HttpRequest) -> HttpResponse:
    """What would be kept of a text, while it is written: the next step and the colleagues called."""
    actor = actor_of(request)
    look = look_of(request, actor)
    text = request.POST.get("text", "")
    step = (
        None
        if request.POST.get("next", "").strip()
        else read_step(text, look.now, planned=request.POST.get("kind") == "task")
    )
    if step is not None and not text.strip():
        step = None
    context = {
        "step": step_words(step, look) if step else "",
        "is_wanted": "seen" not in request.POST or request.POST.get("with_step") == "1",
        "called": [user.name for user in named_in(text) if user.pk != actor.user_id],
    }
    return draw(request, "activity/read.html", context)


@require_GET
@logged_in
def who(request: HttpRequest) -> HttpResponse:
    """Options for "who with": what the words fit, or whom one had to do with last."""
    actor = actor_of(request)
    text = request.GET.get("q", "")[:100].strip()
    rows = search(text, actor) if text else recent(actor)
    notes = notes_of(rows, actor)
    options = [
        {"value": word_of(row), "label": str(row), "note": notes[word_of(row)], "icon": _icon(row)} for row in rows
    ]
    return draw(
        request,
        "ui/options.html",
        {"options": options, "nothing": _("Nobody found. Leave it empty, or add the person first.")},
    )


@require_GET
@logged_in
def named(request: HttpRequest) -> HttpResponse:
    """Options after an @: colleagues by the first letters of name or reading. Nothing when none fits."""
    actor = actor_of(request)
    fits = colleagues(request.GET.get("q", "")[:40], actor.user_id or 0)
    options = [{"value": user.name, "label": user.name, "note": user.team.name if user.team else ""} for user in fits]
    return draw(request, "ui/options.html", {"options": options}) if options else HttpResponse()


def _icon(row: Model) -> str:
    return icon_of(RECORDS[row.word()])


@require_POST
@logged_in
def undo(request: HttpRequest) -> HttpResponse:
    """Take back what was just written."""
    ids = [
        int(part)
        for part in request.GET.get("ids", "").split(",")
        if part.isascii() and part.isdigit() and len(part) < 19
    ]
    take_back(ids[:10], by=actor_of(request))
    say(request, _("Taken back."))
    return onward(request, safe_next(request, came_from(request), "/activity/today/"))
