"""The upper part of a row's page: name, state, amount, verbs, menu, notices, the bar of the next step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.scope import is_user
from noren.core.base.japan.calendar import format_date
from noren.core.base.kept import Asking, beside
from noren.core.base.model import Model
from noren.core.page import cells
from noren.core.page.cells import Look
from noren.core.page.forms.sent import value_of
from noren.core.page.row import related
from noren.core.page.row.hooks import COMPOSERS, MENU, STEPS
from noren.core.record.declare import Record, record_of
from noren.core.record.field import Field


def head(record: type[Record], row: Model, actor: Actor, look: Look) -> dict[str, Any]:
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
                parts.append(related.reference_part(one, target, actor) | {"label": owner_label(one)})
        elif one.kind in ("date", "money"):
            continue
        else:
            parts.append({"text": cells.said(one, value, look), "href": _call(one, value)})
    state = getattr(row, "outcome", "")
    if state and record.board is not None:
        outcome = record.field("outcome")
        tags.insert(0, {"text": outcome.choice_label(state), "tone": record.tones.get(state, "")})
    return head | {"parts": parts, "tags": tags}


def owner_label(one: Field) -> str:
    """What stands before the name of a colleague, who would be taken for one of the customer's people without it."""
    return capfirst(str(one.label)) if one.target is not None and is_user(one.target) else ""


def calls(
    record: type[Record], row: Model, actor: Actor, refs: Sequence[str], parts: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Buttons for thumbs: the number that rings and the address of a mail, of the row itself (parts: of the line under its
    title) or else of the person it is about."""
    hrefs = [str(one.get("href") or "") for one in parts]
    for name in refs:
        target = getattr(row, name)
        theirs = record_of(record.field(name).target) if isinstance(target, Model) else None
        if theirs is not None and theirs.face == "round" and related.seen(target, actor):
            reach = [one for one in theirs.readable(actor) if one.kind in ("phone", "email")]
            hrefs += [_call(one, str(getattr(target, one.name) or "")) for one in reach]
    found = []
    for scheme, label, icon in (("tel:", _("Call"), "phone"), ("mailto:", _("E-mail"), "mail")):
        href = next((one for one in hrefs if one.startswith(scheme) and one != scheme), "")
        if href:
            found.append({"label": label, "icon": icon, "href": href, "kind": "hand"})
    return found


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
    """What its amount is worth and when it is expected; once decided, how and when that was."""
    notes = []
    if (outcome := getattr(row, "outcome", "open")) != "open":
        closed_on = getattr(row, "closed_on", None)
        if closed_on is None or not record.may_read("closed_on", actor):
            return ""
        how = record.field("outcome").choice_label(outcome)
        return _("%(outcome)s on %(day)s") % {"outcome": how, "day": cells.short_day(closed_on, look)}
    weighted = getattr(row, "weighted", None)
    if isinstance(weighted, int):
        notes.append(_("weighted %(amount)s") % {"amount": "".join(cells.compact(weighted, look))})
    due = next((n for n in record.compact if record.field(n).kind == "date" and record.may_read(n, actor)), None)
    if due and getattr(row, due):
        notes.append(_("expected %(day)s") % {"day": cells.short_day(getattr(row, due), look)})
    return "・".join(notes) if look.locale == "ja" else ", ".join(notes)


def actions(record: type[Record], row: Any, actor: Actor) -> list[dict[str, Any]]:
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


def menu(record: type[Record], row: Model, actor: Actor, *, editable: bool) -> list[dict[str, Any]]:
    if row.removed_at is not None:
        return []
    items: list[dict[str, Any]] = []
    if editable and record.form:
        items.append({"label": _("Edit"), "href": record.url(row.pk, "edit"), "icon": "pencil"})
    for extra in (*MENU.get(record.word(), ()), *MENU.get("", ())):
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


def notices(record: type[Record], row: Model, actor: Actor, look: Look) -> list[dict[str, Any]]:
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


def next_bar(record: type[Record], row: Any, actor: Actor, look: Look) -> Asking[dict[str, Any] | None]:
    """The bar of the next step: what, when, who; dashed when there is none."""
    if not hasattr(row, "next_step") or getattr(row, "outcome", "open") != "open" or row.removed_at is not None:
        return None
    links: dict[str, Any] = {}
    for told in (yield from beside(*(fn(record, row, actor) for fn in STEPS))):
        links |= told
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
