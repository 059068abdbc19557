"""A card of a board as markup: one string, because a board has a hundred of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.utils.safestring import SafeString, mark_safe

from noren.core.page import parts
from noren.core.page.cells import face, plain


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
    return mark_safe(  # noqa: S308
        f'<article class="dcard" id="card-{one.id}" tabindex="0" data-id="{one.id}" data-version="{one.version}" data-href="{one.href}" '
        f'aria-label="{plain(label)}"><p class="co">{plain(one.over)}</p><h3><a href="{one.href}">{parts.whole(one.title)}</a></h3>'
        f'<p class="amt num"><b>{plain(one.value)}{unit}</b>{when}</p>{step}<footer>{owner}{tags}{age}</footer></article>'
    )
