"""The timeline on a row's page, day by day, with its filters and the box to write in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.base.japan.calendar import format_date
from noren.core.base.kept import Asking
from noren.core.base.model import Model
from noren.core.page import cells
from noren.core.page.cells import Look
from noren.core.page.row.hooks import COMPOSERS, ENTRY_LINKS
from noren.core.page.web import with_params
from noren.core.record import timeline as story
from noren.core.record.declare import RECORDS, Record, Timeline
from noren.core.record.field import Field


def feed(request: HttpRequest, record: type[Record], row: Model, actor: Actor, look: Look) -> Asking[dict[str, Any]]:
    told = yield from _entries(request, record, row, actor, look)
    if not any(isinstance(p, Timeline) for p in record.panels) and not record.model.has_timeline:
        return told
    composer = None
    if row.removed_at is None:
        composer = next(filter(None, (fn(request, record, row, actor) for fn in COMPOSERS)), None)
    return {"composer": composer} | told


def _entries(
    request: HttpRequest, record: type[Record], row: Model, actor: Actor, look: Look
) -> Asking[dict[str, Any]]:
    kind = request.GET.get("kind", "")
    kind = kind if kind in {k for k, _label in story.KINDS} else ""
    before = story.Cursor.read(request.GET.get("older", "")) if request.GET.get("older") else None

    def say(one: Field, value: Any, name: str) -> str:
        return cells.said(one, value, look, name)

    page = yield from story.timeline(row, actor, kind=kind, before=before, say=say)
    base = record.url(row.pk)
    tabs = []
    if record.model.has_timeline:
        number = page.counts or (yield from story.counts(row, actor))
        tabs = [
            {
                "label": str(label),
                "href": with_params(base, [("kind", key)] if key else []),
                "count": number[key],
                "current": key == kind,
            }
            for key, label in story.KINDS
            if number[key] or not key
        ]
    days = _by_day(page.entries, record, row, look)
    older = with_params(base, [*([("kind", kind)] if kind else []), ("older", str(page.older))]) if page.older else ""
    return {
        "tabs": tabs,
        "days": days,
        "older_href": older,
        "feed_empty": "" if days else _("Nothing has happened yet. What is done and what changes stands here."),
    }


def latest(record: type[Record], row: Model, actor: Actor, look: Look, number: int) -> Asking[list[dict[str, Any]]]:
    """The newest entries alone, as days for boxes.days."""

    def say(one: Field, value: Any, name: str) -> str:
        return cells.said(one, value, look, name)

    page = yield from story.timeline(row, actor, limit=number, say=say)
    return _by_day(page.entries, record, row, look)


def _by_day(entries: list[story.Entry], record: type[Record], row: Model, look: Look) -> list[dict[str, Any]]:
    days: list[dict[str, Any]] = []
    for entry in entries:
        local = entry.at.astimezone(look.zone)
        label = _day_label(local, look)
        if not days or days[-1]["label"] != label:
            days.append({"label": label, "entries": []})
        made = _entry(entry, look)
        if entry.source == "fact" and entry.via == "import" and entry.about is None:
            href = reverse("import_origin", args=[record.word().replace(".", "-"), row.pk])
            made["link"] = {"href": href, "label": _("Original row")}
        days[-1]["entries"].append(made)
    return days


def _day_label(local: datetime, look: Look) -> str:
    text = format_date(local.date(), "sentence", look.locale)
    if local.year != look.today.year:
        text = format_date(local.date(), "document", look.locale)
    return f"{_('Today')} {text}" if local.date() == look.today else text


def _entry(entry: story.Entry, look: Look) -> dict[str, Any]:
    about = entry.about
    href = ""
    if about is not None and about[0] in RECORDS and RECORDS[about[0]].pages:
        href = RECORDS[about[0]].url(about[1])
    made = {
        "kind": entry.shade, "icon": entry.icon, "title": entry.title, "text": entry.text, "who": entry.who,
        "time": "" if entry.is_all_day else f"{entry.at.astimezone(look.zone):%H:%M}", "datetime": entry.at.isoformat(timespec="minutes"),
        "changes": [{"field": str(c.label), "old": c.old, "new": c.new or "—"} for c in entry.changes],
        "about": about[2] if about else "", "about_href": href, "id": f"{entry.source}-{entry.id}",
    }  # fmt: skip
    if entry.source in ENTRY_LINKS:
        made |= ENTRY_LINKS[entry.source](entry)
    return made
