"""The page of one row: head, stage path, next step, facts edited where they stand, timeline, related panels.

Upper modules add what the ground does not know (the box to write in, the next step's buttons, lines of a deal) through
the lists below; nothing here names them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.scope import fetch, is_within, visible
from noren.core.base.errors import NotFound, Refusal
from noren.core.base.model import Model
from noren.core.page import cells, related
from noren.core.page.cells import Look
from noren.core.page.forms import value_of
from noren.core.page.path import path_of
from noren.core.page.shell import icon_of
from noren.core.page.web import came_from, draw, look_of, of_noun, with_params
from noren.core.record import timeline as story
from noren.core.record.declare import RECORDS, RELATIONS, Facts, Record, Related, Timeline, panels_on
from noren.core.record.field import Field
from noren.core.record.listing import may_write, neighbors
from noren.core.record.state import State

Composer = Callable[[HttpRequest, type[Record], Model, Actor], dict[str, Any] | None]
Step = Callable[[type[Record], Model, Actor], dict[str, Any]]
Above = Callable[[HttpRequest, type[Record], Model, Actor, Look], SafeString | None]

COMPOSERS: list[Composer] = []  # the box to write in; the first that answers is shown (context of ui/composer.html)
STEPS: list[Step] = []  # addresses for the next-step bar: set_href, done_href, later_href, edit_href
ABOVE: dict[str, list[Above]] = {}  # noun -> markup above the composer
OWN: set[tuple[str, str]] = set()  # (noun, related noun) that a module shows by itself, not as a panel
FIGURES: dict[str, Callable[[Model, Actor, Look], list[dict[str, Any]]]] = {}  # noun -> the strip of figures


@of_noun()
def show(request: HttpRequest, record: type[Record], actor: Actor, pk: int) -> HttpResponse:
    """GET /<module>/<plural>/<id>/"""
    if not record.pages:
        raise NotFound
    row = one_row(record, actor, pk)
    look = look_of(request, actor)
    editable = row.removed_at is None and _may(record, actor, row, "edit")
    context: dict[str, Any] = {
        "title": str(row), "area": "record", "back": record.url(),
        "crumbs": [{"label": capfirst(record.labels()), "href": record.url()}, {"label": str(row)}],
        "head": _head(record, row, actor, look),
        "actions": _actions(record, row, actor),
        "menu": _menu(record, row, actor, editable=editable),
        "path": path_of(record, row, actor, look) if row.removed_at is None else None,
        "next": _next(record, row, actor, look, editable=editable),
        "groups": _groups(record, row, actor, look, editable=editable),
        "panels": _panels(request, record, row, actor, look),
        "notices": _notices(record, row, actor, look),
        "figures": FIGURES[record.word()](row, actor, look) if record.word() in FIGURES else None,
        "figures_label": _("Figures"),
        "extra": mark_safe("".join(filter(None, (fn(request, record, row, actor, look) for fn in ABOVE.get(record.word(), ()))))),  # noqa: S308
    }  # fmt: skip
    context |= _feed(request, record, row, actor, look)
    context |= _along(request, record, row, actor)
    return draw(request, "record.html", context)


def one_row(record: type[Record], actor: Actor, pk: int) -> Model:
    """The row with the references its page names, in one query; from the bin too, for those who may empty it."""
    refs = [
        n for n in dict.fromkeys((*record.compact, *_fact_names(record), *record.form_names())) if _is_ref(record, n)
    ]
    if not 0 < pk < 2**63:
        raise NotFound
    found = (
        visible(record.model, actor).filter(pk=pk).select_related(*refs).first()
        if refs
        else visible(record.model, actor).filter(pk=pk).first()
    )
    if found is None:
        found = visible(record.model, actor, "remove", removed=True).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def _is_ref(record: type[Record], name: str) -> bool:
    try:
        one = record.field(name)
    except LookupError:
        return False
    return one.kind == "ref" and not one.many and one.is_near and not one.is_custom


def _fact_names(record: type[Record]) -> list[str]:
    return [n for panel in record.panels if isinstance(panel, Facts) for n in panel.names]


def _may(record: type[Record], actor: Actor, row: Model, verb: str) -> bool:
    """Whether the actor may do a verb on this very row."""
    if actor.is_admin:
        return True
    if not actor.may(record.word(), verb):
        return False
    if is_within(row, actor, verb):
        return True
    try:
        fetch(record.model, actor, row.pk, verb)
    except Refusal:
        return False
    return True


# -- head --------------------------------------------------------------------------------------------------------------


def _head(record: type[Record], row: Model, actor: Actor, look: Look) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    tags: list[dict[str, Any]] = []
    head: dict[str, Any] = {
        "name": str(row),
        "avatar": record.reading != "",
        "square": "legal_name" in record.columns,
        "reading": "",
    }
    if record.reading:
        head["reading"] = " ".join(filter(None, (str(getattr(row, n, "") or "") for n in _readings(record))))
    for name in record.compact:
        if name == record.title_field() or not record.may_read(name, actor):
            continue
        one = record.field(name)
        value = value_of(row, one)
        if value in (None, ""):
            continue
        if one.kind == "choice":
            tags.append({"text": one.choice_label(value), "tone": record.tones.get(str(value), "")})
        elif one.kind == "money" and "amount" not in head:
            head["amount"], head["unit"] = cells.compact(value, look)
            head["amount_note"] = _amount_note(record, row, actor, look)
        elif one.kind == "ref":
            target = getattr(row, one.name)
            if record.board is not None and one.name == record.board.by:
                tags.append({"text": str(target), "tone": "nando"})
            else:
                parts.append(related.reference_part(one, target, actor))
        elif one.kind in ("date", "money"):
            continue
        else:
            parts.append({"text": cells.said(one, value, look), "href": _call(one, value)})
    state = getattr(row, "outcome", "")
    if state and record.board is not None:
        outcome = record.field("outcome")
        tags.insert(0, {"text": outcome.choice_label(state), "tone": record.tones.get(state, "")})
    return head | {"parts": parts, "tags": tags}


def _readings(record: type[Record]) -> list[str]:
    """The reading and what belongs to it: family and given name."""
    names = [n for n in record.form_names() if n.endswith("_kana")]
    return names if record.reading in names else [record.reading]


def _call(one: Field, value: str) -> str:
    if one.kind == "phone":
        return f"tel:{cells.digits(value)}"
    if one.kind == "email":
        return f"mailto:{value}"
    return value if one.kind == "url" and value.startswith(("https://", "http://")) else ""


def _amount_note(record: type[Record], row: Model, actor: Actor, look: Look) -> str:
    notes = []
    weighted = getattr(row, "weighted", None)
    if isinstance(weighted, int) and getattr(row, "outcome", "open") == "open":
        notes.append(_("weighted %(amount)s") % {"amount": "".join(cells.compact(weighted, look))})
    due = next((n for n in record.compact if record.field(n).kind == "date" and record.may_read(n, actor)), None)
    if due and getattr(row, due):
        notes.append(_("expected %(day)s") % {"day": cells.short_day(getattr(row, due), look)})
    return "・".join(notes) if look.locale == "ja" else ", ".join(notes)


def _actions(record: type[Record], row: Any, actor: Actor) -> list[dict[str, Any]]:
    """Verbs that make sense now; those that do not are left out, moving has the path and the board."""
    if row.removed_at is not None:
        return []
    move = record.board.move if record.board else None
    listed = [
        one
        for one in record.actions
        if one is not move and one.on_row and one.possible(row) and actor.may(record.word(), one.right)
    ]
    made = [
        {"label": str(one.label), "icon": one.icon or "next", "href": record.url(row.pk, one.slug), "sheet": True}
        for one in sorted(listed, key=lambda a: a.tone == "good")
    ]
    if any(True for fn in COMPOSERS) and record.model.has_timeline:
        made.append({"label": _("Log activity"), "icon": "plus", "kind": "pri", "href": "#composer"})
    return made


def _menu(record: type[Record], row: Model, actor: Actor, *, editable: bool) -> list[dict[str, Any]]:
    if row.removed_at is not None:
        return []
    items: list[dict[str, Any]] = []
    if editable and record.form:
        items.append({"label": _("Edit"), "href": record.url(row.pk, "edit"), "icon": "pencil"})
    for extra in MENU.get(record.word(), ()):
        items.extend(extra(row, actor))
    if actor.may(record.word(), "remove"):
        items.append(
            {
                "label": _("Move to the bin"),
                "href": record.url(row.pk, "remove"),
                "icon": "trash",
                "danger": True,
                "sheet": True,
            }
        )
    return items


MENU: dict[str, list[Callable[[Any, Actor], list[dict[str, Any]]]]] = {}


def _notices(record: type[Record], row: Model, actor: Actor, look: Look) -> list[dict[str, Any]]:
    if row.removed_at is None:
        return []
    text = _("Moved to the bin %(when)s. It is kept for 30 days.") % {"when": cells.ago(row.removed_at, look)}
    restore = {
        "label": _("Restore"),
        "icon": "undo",
        "href": record.url(row.pk, "restore"),
        "sheet": True,
        "small": True,
    }
    return [
        {
            "tone": "kohaku",
            "icon": "trash",
            "title": _("In the bin"),
            "text": text,
            "actions": [restore] if _may_restore(record, actor) else [],
        }
    ]


def _may_restore(record: type[Record], actor: Actor) -> bool:
    return actor.may(record.word(), "remove")


def _next(record: type[Record], row: Any, actor: Actor, look: Look, *, editable: bool) -> dict[str, Any] | None:
    """The bar of the next step: what, when, who; dashed when there is none."""
    if not hasattr(row, "next_step") or getattr(row, "outcome", "open") != "open" or row.removed_at is not None:
        return None
    links: dict[str, Any] = {}
    for fn in STEPS:
        links |= fn(record, row, actor)
    due: datetime | None = row.next_step_at
    if not row.next_step and due is None:
        return {
            "state": "none",
            "icon": "next",
            "label": _("No next step"),
            "note": _("Decide what happens next, so that nobody waits."),
        } | links
    local = due.astimezone(look.zone) if due else None
    late = (
        due is not None
        and due < timezone.now()
        and local is not None
        and (local.date() < look.today or (local.hour, local.minute) != (0, 0))
    )
    when = ""
    if local is not None:
        from noren.core.base.japan.calendar import format_date

        when = format_date(local.date(), "sentence", look.locale)
        if (local.hour, local.minute) != (0, 0):
            when += f" {local:%H:%M}"
    title = f"{when} {row.next_step}".strip() if look.locale == "ja" else ": ".join(filter(None, (when, row.next_step)))
    links.pop("set_href", None)
    return {
        "state": "late" if late else "",
        "icon": "alert" if late else "next",
        "label": _("Overdue") if late else _("Next step"),
        "title": title,
    } | links


# -- facts and panels --------------------------------------------------------------------------------------------------


def _groups(record: type[Record], row: Model, actor: Actor, look: Look, *, editable: bool) -> list[dict[str, Any]]:
    found = []
    shown: set[str] = set()
    for panel in record.panels:
        if not isinstance(panel, Facts):
            continue
        facts = [
            fact(record, row, record.field(n), actor, look, editable=editable)
            for n in panel.names
            if record.may_read(n, actor)
        ]
        shown.update(panel.names)
        title = str(panel.title) if panel.title else _("Details")
        found.append(
            {"title": title, "facts": facts, "edit_href": record.url(row.pk, "edit") if editable and not found else ""}
        )
    rest = [
        f
        for f in record.readable(actor)
        if f.name not in shown
        and f.name not in (*record.compact, record.title_field())
        and f.is_near
        and not f.many
        and f.name not in LEAVE
    ]
    filled = [f for f in rest if value_of(row, f) not in (None, "", [])]
    if filled:
        found.append(
            {
                "title": _("More"),
                "facts": [fact(record, row, f, actor, look, editable=editable) for f in filled],
                "edit_href": "",
            }
        )
    return found


LEAVE = frozenset({"next_step", "next_step_at", "full_name", "about_noun", "about_id", "is_kana_guess"})


def fact(record: type[Record], row: Model, one: Field, actor: Actor, look: Look, *, editable: bool) -> dict[str, Any]:
    """One field of the page: its label, its value as markup, where to edit it and where its history is."""
    write = editable and one.is_near and may_write(record, one.name, actor)
    return {
        "label": str(one.label), "html": value_html(record, row, one, actor, look),
        "edit": f"{record.url(row.pk)}field/{one.name}/" if write else "",
        "history_href": f"{record.url(row.pk)}history/{one.name}/" if one.name in record.form_names() else "",
    }  # fmt: skip


def value_html(record: type[Record], row: Model, one: Field, actor: Actor, look: Look) -> SafeString:
    value = value_of(row, one)
    if one.kind == "ref":
        target = getattr(row, one.name) if value is not None and not one.is_custom else None
        return related.reference(one, target, actor)
    if one.name == "next_step":
        return cells.next_step(str(value or ""), getattr(row, "next_step_at", None), look)
    return cells.shown(one, value, look, record)


def _panels(request: HttpRequest, record: type[Record], row: Model, actor: Actor, look: Look) -> list[dict[str, Any]]:
    found = []
    for panel in (*RELATIONS.get(record.word(), ()), *record.panels):
        if isinstance(panel, Related) and (record.word(), panel.noun) not in OWN and row.removed_at is None:
            made = related.panel(panel, row, actor, look)
            if made is not None:
                found.append(made)
    for at, hung in enumerate(panels_on(record.word())):
        context = hung.shows(row, actor)
        if context is not None:
            if "kind" in context and hung.template in ("", "ui/panel.html"):
                found.append({"id": f"x{at}", **context})
            else:
                html = render_to_string(hung.template, context, request)
                found.append(
                    {"id": f"x{at}", "title": context.get("title", ""), "kind": "html", "html": mark_safe(html)}
                )
    return found


# -- timeline ----------------------------------------------------------------------------------------------------------


def _feed(request: HttpRequest, record: type[Record], row: Model, actor: Actor, look: Look) -> dict[str, Any]:
    if not any(isinstance(p, Timeline) for p in record.panels) and not record.model.has_timeline:
        return {"days": [], "feed_empty": ""} | _facts_only(record, row, actor, look, request)
    composer = None
    if row.removed_at is None:
        composer = next(filter(None, (fn(request, record, row, actor) for fn in COMPOSERS)), None)
    return {"composer": composer} | _facts_only(record, row, actor, look, request)


def _facts_only(record: type[Record], row: Model, actor: Actor, look: Look, request: HttpRequest) -> dict[str, Any]:
    kind = request.GET.get("kind", "")
    kind = kind if kind in {k for k, _label in story.KINDS} else ""
    before = story.Cursor.read(request.GET.get("older", "")) if request.GET.get("older") else None

    def say(one: Field, value: Any, name: str) -> str:
        return cells.said(one, value, look, name)

    page = story.timeline(row, actor, kind=kind, before=before, say=say)
    base = record.url(row.pk)
    tabs = []
    if record.model.has_timeline:
        number = page.counts or story.counts(row, actor)
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
    days: list[dict[str, Any]] = []
    for entry in page.entries:
        local = entry.at.astimezone(look.zone)
        label = _day_label(local, look)
        if not days or days[-1]["label"] != label:
            days.append({"label": label, "entries": []})
        days[-1]["entries"].append(_entry(entry, look))
    older = with_params(base, [*([("kind", kind)] if kind else []), ("older", str(page.older))]) if page.older else ""
    return {
        "tabs": tabs,
        "days": days,
        "older_href": older,
        "feed_empty": "" if days else _("Nothing has happened yet. What is done and what changes stands here."),
    }


def _day_label(local: datetime, look: Look) -> str:
    from noren.core.base.japan.calendar import format_date

    text = format_date(local.date(), "sentence", look.locale)
    if local.year != look.today.year:
        text = format_date(local.date(), "document", look.locale)
    return f"{_('Today')} {text}" if local.date() == look.today else text


ENTRY_LINKS: dict[str, Callable[[story.Entry], dict[str, Any]]] = {}
"""source -> further parts of ui/entry.html (edit_href, files) that the module of that source knows."""


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


# -- along the list ----------------------------------------------------------------------------------------------------


def _along(request: HttpRequest, record: type[Record], row: Model, actor: Actor) -> dict[str, Any]:
    """Previous and next within the list that the person came from; it travels in `in`."""
    told = request.GET.get("in")
    if told is None:
        came = urlsplit(came_from(request))
        if came.path != record.url():
            return {}
        told = urlencode([(k, v) for k, v in parse_qsl(came.query) if k not in ("after", "before", "jump")])
    try:
        state = State.read(QueryDict(told[:4000]))
        behind, ahead = neighbors(record, actor, state, row)
    except (ValueError, Refusal):
        return {}
    href = lambda pk: with_params(record.url(pk), [("in", told)]) if pk else ""  # noqa: E731
    back = record.url() + (f"?{told}" if told else "")
    return {"previous_href": href(behind), "next_href": href(ahead), "back": back}


__all__ = [
    "ABOVE",
    "COMPOSERS",
    "ENTRY_LINKS",
    "FIGURES",
    "MENU",
    "OWN",
    "STEPS",
    "fact",
    "icon_of",
    "one_row",
    "show",
    "value_html",
]
