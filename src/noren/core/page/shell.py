"""What every page needs around its content: the rail, the firm, the person.

The rail is read from the records' `nav`; pages made by hand announce themselves with `place`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.apps import apps
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import Actor, actor_of
from noren.core.access.firm import firm
from noren.core.base.kept import Asking, alone, beside
from noren.core.page.drawn import drawn
from noren.core.page.markup import conditional_escape, escape
from noren.core.record.declare import RECORDS, Record

GROUPS: dict[str, Any] = {"top": "", "sales": _("Sales"), "commerce": _("Commerce"), "analysis": _("Analysis")}
ICONS = {
    "building": "company", "users": "person", "team": "assign", "check-square": "task", "board": "deal", "list": "table",
    "shield": "lock", "path": "flat", "doc": "note",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A page made by hand that stands in the rail. `shows`: for whom; `count`: a number, and a sentence if it needs a hand;
    `thumb`: on phones also in the bar at the bottom."""

    group: str
    order: int
    label: Any
    href: str
    icon: str
    go: str = ""
    shows: Callable[[Actor], bool] | None = None
    count: Callable[[Actor], Asking[tuple[int, str]]] | None = None
    exact: bool = False
    thumb: bool = False


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


place(Place("top", 0, _("Home"), "/", "home", "h", exact=True, thumb=True))


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of the shell; nothing for those who are not logged in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {"shell": Shell(request), "layout": "fragment.html" if is_fragment(request) else "base.html"}


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks and wants the page without its shell."""
    return bool(request.headers.get("HX-Request")) and not request.headers.get("HX-History-Restore-Request")


def icon_of(record: type[Record]) -> str:
    return ICONS.get(record.icon, record.icon)


class Shell:
    """What stands around the main part of a page, worked out only when a page shows it, and drawn once for as long as
    nothing in it differs: person, rights (by the access stamp), place and counts."""

    urls = LINKS

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    def before(self, page: Context) -> SafeString:
        """All markup before the main part. page: the context of the template, of which title, area and board are read."""
        request = self.request
        actor = actor_of(request)
        counts = alone(counts_of(request))
        area, board = page.get("area", ""), bool(page.get("board"))
        return drawn(
            "ui/before.html",
            self._key(area, board, *counts.items()),
            lambda place: {
                "shell": self._told(), "nav": _nav(request, actor, counts), "title": place("title"), "area": area,
                "board": board, "csrf_token": place("token"),
            },
            title=conditional_escape(page.get("title") or ""),
            token=str(page.get("csrf_token", "")),
        )  # fmt: skip

    def after(self, page: Context) -> SafeString:
        """All markup after it. Of page, composer is read."""
        composer = page.get("composer")
        hot = next((told for number, told in alone(counts_of(self.request)).values() if number and told), "")
        return drawn(
            "ui/after.html",
            self._key(composer is None, hot),
            lambda place: {
                "shell": self._told() | {"tabs": _tabs(self.request), "hot": hot, "toasts": place("toasts")},
                "composer": composer and {"key": place("about")},
            },
            toasts=self._toasts(page),
            about=escape(quote(composer["key"])) if composer else "",
        )

    @property
    def _user(self) -> Any:
        return self.request.user

    def _key(self, *more: Any) -> Hashable | None:
        """What the shell looks like to whom; None when nobody can tell whether it has changed."""
        user, path = self._user, self.request.path
        stamp = getattr(user, "access_stamp", None)
        here = (path == "/", *(href for href in _hrefs() if path.startswith(href)))
        told = (user.pk, user.name, user.email, user.theme, user.density)
        return None if stamp is None else (stamp, told, get_language(), here, more)

    def _told(self) -> dict[str, Any]:
        user, language = self._user, get_language() or "ja"
        return {
            "firm": firm(getattr(user, "access_stamp", None)).name,
            "theme": user.theme,
            "density": user.density,
            "user": {"name": user.name, "note": user.email or ""},
            "languages": [
                {"code": code, "label": label, "current": code == language}
                for code, label in (("ja", "日本語"), ("en", "English"))
            ],
            "densities": [
                {"value": value, "label": label, "current": user.density == value} for value, label in user.DENSITIES
            ],
            "log_href": LINKS["log"],
            "palette_url": LINKS["palette"],
            "urls": LINKS,
        }

    def _toasts(self, page: Context) -> str:
        return "".join(
            render_to_string(
                "ui/toast.html",
                {"toast": {"text": one.message, "undo": one.extra_tags}, "csrf_token": page.get("csrf_token", "")},
            )
            for one in get_messages(self.request)
        )


def counts_of(request: HttpRequest) -> Asking[dict[str, tuple[int, str]]]:
    """The numbers of the rail, by address; asked once for a request, by a page beside its own questions if it can."""
    found: Any = getattr(request, "_counts", None)
    if found is None:
        actor = actor_of(request)
        asking = {one.href: one.count(actor) for one in _places(actor) if one.count is not None}
        found = dict(zip(asking, (yield from beside(*asking.values())), strict=True))
        request._counts = found  # type: ignore[attr-defined]
    return found  # type: ignore[no-any-return]


def _places(actor: Actor) -> list[Place]:
    return [one for one in PLACES if one.shows is None or one.shows(actor)]


def _hrefs() -> list[str]:
    """All addresses of the rail but home."""
    return [
        *(one.href for one in PLACES if not one.exact),
        *(record.url() for record in RECORDS.values() if record.nav is not None),
    ]


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
        {"label": _group_label(key), "items": [item for _order, item in sorted(items, key=lambda pair: pair[0])]}
        for key, items in found.items()
        if items
    ]


def _group_label(key: str) -> Any:
    """Of a group of the rail: as named here, else as the module of that name calls itself."""
    if key in GROUPS:
        return GROUPS[key]
    return apps.get_app_config(key).verbose_name if apps.is_installed(f"noren.{key}") else capfirst(key)


def may_open(record: type[Record], actor: Actor) -> bool:
    return record.model.reach.open_to_all or actor.may(record.word(), "view") or record.word() in actor.shared


def _item(
    request: HttpRequest, label: Any, href: str, icon: str, go: str = "", *, exact: bool = False
) -> dict[str, Any]:
    current = request.path == href if exact else request.path.startswith(href)
    return {"label": label, "href": href, "icon": icon, "go": go, "current": current}


def _tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """Three places under the thumb: those that ask for it, then the first nouns of the rail. All others are in the menu."""
    actor = actor_of(request)
    found = [
        _item(request, one.label, one.href, one.icon, exact=one.exact)
        for one in sorted(_places(actor), key=lambda one: one.order)
        if one.thumb
    ]
    main = sorted(
        (r for r in RECORDS.values() if r.nav is not None and r.nav[0] in ("sales", "top") and may_open(r, actor)),
        key=lambda r: r.nav or ("", 0),
    )
    return (found + [_item(request, capfirst(r.labels()), r.url(), icon_of(r)) for r in main])[:3]
