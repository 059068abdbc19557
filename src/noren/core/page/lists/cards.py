"""Cards of a board, and each as markup: one string, because a board has a hundred of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from noren.core.access.scope import is_user
from noren.core.base.period import days_since
from noren.core.page import parts
from noren.core.page.cells import Look, compact, face, said, short_day
from noren.core.page.markup import plain
from noren.core.record.columns import Plan
from noren.core.record.declare import Record
from noren.core.record.listing import Line


@dataclass(slots=True)
class Card:
    """over: what stands above the title (the company); next_state: "", today, late, none; age_tone: "", kohaku, shu."""

    id: int
    version: int
    href: str
    over: str = ""
    title: str = ""
    value: str = ""
    unit: str = ""
    date: str = ""
    day: dt.date | None = None
    is_late: bool = False
    next: str = ""
    next_state: str = ""
    has_next: bool = False
    owner: str = ""
    tags: list[str] = field(default_factory=list)
    age: str = ""
    age_tone: str = ""
    age_label: str = ""


class Cards:
    """Makes cards of rows, for somebody's look."""

    def __init__(self, record: type[Record], look: Look) -> None:
        self.record, self.look = record, look
        self._ages: dict[tuple[int, int | None], tuple[str, str, str]] = {}

    def of(
        self,
        plan: Plan,
        line: Line,
        hidden: Mapping[str, frozenset[int]],
        since: dt.datetime | None,
        standard: int | None,
    ) -> Card:
        """since: when the row came to its lane; standard: days that rows usually stay there; hidden: see `unseen`."""
        made = Card(line.pk, line.version, self.record.url(line.pk))
        for column in plan.columns:
            one, value = column.field, line.values[column.at]
            name = str(line.values[column.title_at] or "") if column.title_at is not None else ""
            if one.kind == "ref" and value in hidden.get(one.name, ()):
                name = _("(hidden)")
            if one.name == self.record.title_field():
                made.title = str(value or "")
            elif one.name == "next_step":
                made.next, made.next_state = _step(value, line.values[column.near["next_step_at"]], self.look)
                made.has_next = True
            elif one.kind == "ref" and column.target is not None and is_user(column.target.model):
                made.owner = name
            elif one.kind == "ref" and not made.over:
                made.over = name
            elif one.kind == "money" and not made.value and value is not None:
                made.value, made.unit = compact(value, self.look)
            elif one.kind == "date" and not made.date and value is not None:
                made.date, made.day = short_day(value, self.look), value
                made.is_late = value < self.look.today
            elif value not in (None, ""):
                made.tags.append(said(one, value, self.look, name))
        if since is not None:
            made.age, made.age_label, made.age_tone = self._age(
                days_since(since, self.look.today, self.look.zone), standard
            )
        return made

    def _age(self, days: int, standard: int | None) -> tuple[str, str, str]:
        """Days in the stage in words, what they mean, and their color."""
        known = self._ages.get((days, standard))
        if known is None:
            age = ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
            label, tone = _("Days in this stage"), ""
            if standard:
                label = _("%(days)s in this stage; the standard is %(standard)s") % {"days": age, "standard": standard}
                tone = "shu" if days > 2 * standard else "kohaku" if days > standard else ""
            known = self._ages[days, standard] = (age, label, tone)
        return known


def _step(text: str, at: dt.datetime | None, look: Look) -> tuple[str, str]:
    if not text and at is None:
        return _("Decide the next step"), "none"
    when: dt.date | None = at.astimezone(look.zone).date() if at else None
    if when is None:
        return text, ""
    state = "late" if when < look.today else "today" if when == look.today else ""
    return f"{_('Today') if state == 'today' else short_day(when, look)} {text}".strip(), state


def card(one: Card) -> SafeString:
    """The markup of a card; found again by its id after a move."""
    label = ", ".join(filter(None, (one.title, one.over, f"{one.value}{one.unit}")))
    unit = f"<small>{plain(one.unit)}</small>" if one.unit else ""
    when = (
        f'<time class="meta{" late" if one.is_late else ""}" datetime="{one.day.isoformat()}">{plain(one.date)}</time>'
        if one.day
        else ""
    )
    step = (
        f'<p class="nx {one.next_state}">{parts.icon("next")}<span class="clip">{plain(one.next)}</span></p>'
        if one.has_next
        else ""
    )
    owner = face(one.owner, one.owner) if one.owner else ""
    tags = "".join(f'<span class="tag line">{plain(text)}</span>' for text in one.tags[:2])
    age = (
        f'<span class="age {one.age_tone}" title="{plain(one.age_label)}">{parts.icon("alert" if one.age_tone else "clock")}{plain(one.age)}'
        f'<span class="vh"> ({plain(one.age_label)})</span></span>'
        if one.age
        else ""
    )
    return SafeString(
        f'<article class="dcard" id="card-{one.id}" tabindex="0" data-id="{one.id}" data-version="{one.version}" data-href="{one.href}" '
        f'aria-label="{plain(label)}"><p class="co">{plain(one.over)}</p><h3><a href="{one.href}">{parts.whole(one.title)}</a></h3>'
        f'<p class="amt num"><b>{plain(one.value)}{unit}</b>{when}</p>{step}<footer>{owner}{tags}{age}</footer></article>'
    )
