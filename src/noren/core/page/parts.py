"""Small pieces of markup made in Python, for cells and fragments that must be quick: one string, no template.

Everything that comes from data is escaped. The classes are those of `static/css`.
"""

import re
import zlib
from collections.abc import Iterable
from functools import lru_cache

from django.templatetags.static import static
from django.utils.safestring import SafeString

from noren.core.page.markup import conditional_escape, escape

_CODE = re.compile(r"(?<![\w-])(?=[A-Z0-9-]{3,16}(?![\w-]))[A-Z0-9]+(?:-[A-Z0-9]+)+", re.ASCII)
TONES = ("", "nando", "matsu", "kohaku", "shu", "fuji", "line")


@lru_cache(maxsize=1)
def sprite() -> str:
    """Address of the icon sheet."""
    return static("icons.svg")


@lru_cache(maxsize=128)
def assets(area: str = "", board: bool = False) -> SafeString:
    """The links to styles and scripts in the head of a page. `area`: its own style file; `board`: the drag library."""
    styles = ["noren/noren.css", *([f"noren/{area}.css"] if area else [])]
    scripts = ["vendor/htmx-4.0.1.min.js", *(["vendor/sortable-1.15.7.min.js"] if board else [])]
    return SafeString(
        f'<link rel="icon" href="{static("icon.svg")}" type="image/svg+xml">\n'
        + "".join(f'<link rel="stylesheet" href="{static(name)}">\n' for name in styles)
        + "".join(f'<script src="{static(name)}" defer></script>\n' for name in scripts)
        + f'<script src="{static("noren/noren.js")}" type="module"></script>\n'
    )


@lru_cache(maxsize=32)
def style(area: str) -> str:
    """Address of the style file of an area."""
    return static(f"noren/{area}.css")


@lru_cache(maxsize=512)
def icon(name: str, size: str = "") -> SafeString:
    """An icon of the sheet, hidden from screen readers. `size`: "" 16 px, "s" 14 px, "xl" 32 px."""
    extra = f" i-{size}" if size else ""
    return SafeString(
        f'<svg class="i{extra}" aria-hidden="true" width="16" height="16"><use href="{sprite()}#i-{name}"/></svg>'
    )


def tag(text: str, tone: str = "") -> SafeString:
    """A small label: a word with a color. `tone` is one of TONES."""
    name = f"tag {tone}" if tone else "tag"
    return SafeString(f'<span class="{name}">{conditional_escape(text)}</span>')


# Legal forms in front of a name say nothing about who it is.
FORMS = ("株式会社", "有限会社", "合同会社", "医療法人", "学校法人", "一般社団法人", "一般財団法人", "独立行政法人")


def initial(name: str) -> str:
    """What an avatar shows: one character for Japanese names, two letters for Latin ones."""
    for form in FORMS:
        name = name.removeprefix(form)
    words = name.split()
    if not words:
        return "?"
    if words[0][0].isascii():
        return "".join(word[0] for word in words[:2]).upper()
    return words[0][0]


def avatar(name: str, label: str = "", size: str = "s", square: bool = False) -> SafeString:
    """A round sign for a person, square for a company. With `label` it is read aloud, without it is decoration."""
    shape = f" {size}" if size else ""
    shape += " sq" if square else ""
    shade = zlib.crc32(name.encode()) % 5 + 1
    named = f'role="img" aria-label="{escape(label)}" title="{escape(label)}"' if label else 'aria-hidden="true"'
    return SafeString(f'<span class="av a{shade}{shape}" {named}>{escape(initial(name))}</span>')


def who(name: str) -> SafeString:
    """Avatar and name."""
    return SafeString(f'<span class="who">{avatar(name)} <span>{escape(name)}</span></span>')


def number(value: str, unit: str = "") -> SafeString:
    """A ready figure with its unit smaller after it. The caller formats; see `core.base.money`."""
    small = f"<small>{escape(unit)}</small>" if unit else ""
    return SafeString(f"{escape(value)}{small}")


def whole(text: str) -> SafeString:
    """A title, whose short codes are not broken at their hyphen: AK-H30."""
    safe = escape(text)
    return SafeString(_CODE.sub(r'<span class="nb">\g<0></span>', safe)) if "-" in safe else safe


def link(href: str, text: str, kind: str = "lead") -> SafeString:
    return SafeString(f'<a class="{kind}" href="{escape(href)}">{conditional_escape(text)}</a>')


def next_line(text: str, state: str = "", sign: str = "", note: str = "") -> SafeString:
    """The next step in one line. `state`: "", "today", "late" or "none"; `note` is read aloud only ("overdue")."""
    mark = icon(sign or "next") if sign or state == "none" else ""
    heard = f'<span class="vh">{escape(note)}</span>' if note else ""
    return SafeString(f'<span class="nx {state}">{mark}{escape(text)}{heard}</span>')


def cell(html: str, kind: str = "", phone: str = "", edit: str = "") -> SafeString:
    """One `<td>`.

    `kind`: "num" for figures, "late" for overdue, "mute" for empty.
    `phone`: where the cell goes in the phone row: "tag", "next", "num", "sub", "end"; "" leaves it out there.
    `edit`: address of the edit fragment, when the cell can be edited in place.
    """
    names = " ".join(word for word in (kind, f"p-{phone}" if phone else "") if word)
    told = f' class="{names}"' if names else ""
    told += f' tabindex="0" data-edit="{escape(edit)}"' if edit else ""
    return SafeString(f"<td{told}>{conditional_escape(html)}</td>")


def cells(title_href: str, title: str, rest: Iterable[str], ticks: bool = True) -> SafeString:
    """The cells of one list row: the name column as row head, then ready `<td>`s. `ticks`: is there a tick before it?"""
    return SafeString(
        f'<th class="{"stick2" if ticks else "stick"} p-title" scope="row">{link(title_href, title)}</th>'
        + "".join(rest)
    )
