"""What every page needs around its content: the rail, the firm, the person.

The rail is read from the records' `nav`; pages made by hand announce themselves with `place`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import Actor, actor_of
from noren.core.access.firm import firm
from noren.core.record.declare import RECORDS, Record

GROUPS: dict[str, Any] = {"top": "", "sales": _("Sales"), "commerce": _("Commerce"), "analysis": _("Analysis")}
ICONS = {
    "building": "company", "users": "person", "team": "assign", "check-square": "task", "board": "deal", "list": "table",
    "shield": "lock", "path": "flat", "doc": "note",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A page made by hand that stands in the rail. `shows`: for whom; `count`: (number, is urgent, sentence) if cheap."""

    group: str
    order: int
    label: Any
    href: str
    icon: str
    go: str = ""
    shows: Callable[[Actor], bool] | None = None
    count: Callable[[Actor], tuple[int, str]] | None = None
    exact: bool = False


PLACES: list[Place] = []
LINKS: dict[str, str] = {
    "home": "/", "search": "/search/", "palette": "/palette/", "settings": "/settings/", "logout": "/logout/", "log": "",
    "theme": "/me/theme/", "language": "/me/language/", "density": "/me/density/", "import": "",
}  # fmt: skip


def place(one: Place) -> Place:
    """Put a page into the rail (once, whatever happens to the module that says so)."""
    if all(known.href != one.href for known in PLACES):
        PLACES.append(one)
    return one


place(Place("top", 0, _("Home"), "/", "home", "h", exact=True))


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of the shell, worked out only when a page shows it; nothing for those who are not logged in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {
        "shell": SimpleLazyObject(lambda: _shell(request)),
        "layout": "fragment.html" if is_fragment(request) else "base.html",
    }


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks and wants the page without its shell."""
    return bool(request.headers.get("HX-Request")) and not request.headers.get("HX-History-Restore-Request")


def icon_of(record: type[Record]) -> str:
    return ICONS.get(record.icon, record.icon)


def _shell(request: HttpRequest) -> dict[str, Any]:
    user: Any = request.user
    token = get_token(request)
    rail, before, after = (SafeString(part.replace(TOKEN, token)) for part in _frame(request))
    return {
        "firm": firm(getattr(user, "access_stamp", None)).name,
        "theme": user.theme,
        "density": user.density,
        "rail": rail,
        "tabs_before": before,
        "tabs_after": after,
        "log_href": LINKS["log"],
        "palette_url": LINKS["palette"],
        "toasts": [{"text": m.message, "undo": m.extra_tags} for m in get_messages(request)],
        "urls": LINKS,
        "fixed": fixed(get_language() or "ja", LINKS["palette"]),
    }


TOKEN = f"token-{secrets.token_hex(16)}"
"""Stands for the form token in remembered markup; each page gets its own token in its place."""
_frames: dict[Any, tuple[str, str, str]] = {}
MOST_FRAMES = 1000  # of about 6 kB


def _frame(request: HttpRequest) -> tuple[str, str, str]:
    """Rail and tabs as markup, remembered for as long as nothing in them differs: person, rights, place and counts."""
    user: Any = request.user
    actor = actor_of(request)
    counts = {one.href: one.count(actor) for one in _places(actor) if one.count is not None}
    stamp = getattr(user, "access_stamp", None)
    here = (request.path == "/", *(href for href in _hrefs() if request.path.startswith(href)))
    key = (
        stamp, user.pk, user.name, user.email, user.theme, user.density, get_language(), here, tuple(counts.items()),
    )  # fmt: skip
    made = _frames.get(key) if stamp is not None else None
    if made is None:
        if len(_frames) >= MOST_FRAMES:
            _frames.clear()
        made = _frames[key] = _draw_frame(request, actor, counts)
    return made


def _draw_frame(request: HttpRequest, actor: Actor, counts: dict[str, tuple[int, str]]) -> tuple[str, str, str]:
    user: Any = request.user
    language = get_language() or "ja"
    shell = {
        "firm": firm(getattr(user, "access_stamp", None)).name,
        "theme": user.theme,
        "user": {"name": user.name, "note": user.email or ""},
        "languages": [
            {"code": code, "label": label, "current": code == language}
            for code, label in (("ja", "日本語"), ("en", "English"))
        ],
        "densities": [
            {"value": value, "label": label, "current": user.density == value} for value, label in user.DENSITIES
        ],
        "urls": LINKS,
    }
    tabs = _tabs(request)
    rail = render_to_string("ui/rail.html", {"nav": _nav(request, actor, counts), "shell": shell, "csrf_token": TOKEN})
    before, after = (render_to_string("ui/tabs_of_bar.html", {"tabs": part}) for part in (tabs[:2], tabs[2:4]))
    return rail, before, after


def _places(actor: Actor) -> list[Place]:
    return [one for one in PLACES if one.shows is None or one.shows(actor)]


def _hrefs() -> list[str]:
    """All addresses of the rail but home."""
    return [
        *(one.href for one in PLACES if not one.exact),
        *(record.url() for record in RECORDS.values() if record.nav is not None),
    ]


@lru_cache(maxsize=8)
def fixed(language: str, palette_url: str) -> SafeString:
    """The palette and the list of keys: the same for everybody who reads this language."""
    with override(language):
        html = render_to_string(
            "palette.html", {"whole": True, "shell": {"palette_url": palette_url}}
        ) + render_to_string("ui/keys.html")
        return mark_safe(html)  # noqa: S308


def _nav(request: HttpRequest, actor: Actor, counts: dict[str, tuple[int, str]]) -> list[dict[str, Any]]:
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {key: [] for key in GROUPS}
    for one in _places(actor):
        item = _item(request, one.label, one.href, one.icon, one.go, exact=one.exact)
        if one.href in counts:
            number, told = counts[one.href]
            item |= {"count": number or "", "hot": told if number else ""}
        found.setdefault(one.group, []).append((one.order, item))
    for record in RECORDS.values():
        if record.nav is None or not record.pages or not may_open(record, actor):
            continue
        group, order = record.nav
        item = _item(request, capfirst(record.labels()), record.url(), icon_of(record), record.hotkey)
        found.setdefault(group, []).append((order, item))
    return [
        {"label": GROUPS.get(key, key), "items": [item for _order, item in sorted(items, key=lambda pair: pair[0])]}
        for key, items in found.items()
        if items
    ]


def may_open(record: type[Record], actor: Actor) -> bool:
    return record.model.reach.open_to_all or actor.may(record.word(), "view") or record.word() in actor.shared


def _item(
    request: HttpRequest, label: Any, href: str, icon: str, go: str = "", *, exact: bool = False
) -> dict[str, Any]:
    current = request.path == href if exact else request.path.startswith(href)
    return {"label": label, "href": href, "icon": icon, "go": go, "current": current}


def _tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """Four places under the thumb: home and the first nouns of the rail."""
    actor = actor_of(request)
    main = sorted(
        (r for r in RECORDS.values() if r.nav is not None and r.nav[0] in ("sales", "top") and may_open(r, actor)),
        key=lambda r: (r.nav or ("", 0))[1],
    )
    order = sorted(main, key=lambda r: (r.nav or ("", 0))[0])[:3]
    return [
        _item(request, _("Home"), "/", "home", exact=True),
        *(_item(request, capfirst(r.labels()), r.url(), icon_of(r)) for r in order),
    ]
