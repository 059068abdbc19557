"""Search over all nouns, and the palette: hits on all words first, then on one; each says why it matched."""

from __future__ import annotations

from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from noren.core.access.actor import Actor, actor_of
from noren.core.base.kept import together
from noren.core.page.cells import Look
from noren.core.page.search.hits import beginnings, note_of, shown_hit, why_marked, with_marks
from noren.core.page.shell import PLACES, counts_of, icon_of, is_fragment, may_open
from noren.core.page.web import draw, logged_in
from noren.core.record.declare import RECORDS, Record
from noren.core.record.finding import Group, Hit, asked_find, find, marked, searchable, terms

A_PAGE = 6  # hits of each noun: all nouns at a glance
A_PAGE_OF_ONE = 20  # of one noun alone
ENOUGH = 10  # hits on all words, from which those on one are left out
IN_PALETTE = 5


@logged_in
def show(request: HttpRequest) -> HttpResponse:
    """`/search/?q=…&kind=sales.deal`."""
    actor = actor_of(request)
    text = request.GET.get("q", "").strip()
    offered = searchable(actor)
    kind = request.GET.get("kind", "")
    chosen = next((r for r in offered if r.word() == kind), None)
    began = perf_counter()
    finding = asked_find(text, actor, offered, A_PAGE if chosen is None else A_PAGE_OF_ONE) if text else []
    groups = together(finding, None if is_fragment(request) else counts_of(request))[0]
    parts, single = [], []
    words = terms(text)
    shown = [g for g in groups if chosen in (None, g.record)]
    if shown:
        parts.append(_part(text, words, shown, actor, whole=True))
    if len(words) > 1 and sum(len(g.hits) for g in shown) < ENOUGH and not any(g.more for g in shown):
        known = {(h.record.word(), h.row.pk) for g in groups for h in g.hits}
        single = _singles(words, actor, offered if chosen is None else [chosen], known)
        if single:
            parts.append(_part(text, words, single, actor, whole=False))
    took = _("%(count)s hits in %(seconds).2f s") % {
        "count": _counted([*shown, *single]),
        "seconds": perf_counter() - began,
    }
    context = {
        "title": _("Search"),
        "area": "search",
        "query": text,
        "action": "/search/",
        "took": took if text else "",
        "hint": _("A space means both. Kana, width and case make no difference; phones are found by digits alone."),
        "kinds": _kinds(text, kind, offered, [*groups, *single]),
        "parts": parts,
        "hidden_note": _("Fields hidden from you were not searched.") if not actor.is_admin and parts else "",
        "empty": None if parts else _empty(text, [chosen] if chosen else offered, actor),
    }
    return draw(request, "search.html", context)


def _singles(words: list[str], actor: Actor, wanted: list[type[Record]], known: set[tuple[str, int]]) -> list[Group]:
    """Rows that have one of the words, best known first; nothing that already stood above."""
    merged: dict[type[Record], Group] = {}
    for word in words:
        for group in find(word, actor, wanted, IN_PALETTE):
            mine = merged.setdefault(group.record, Group(group.record))
            for hit in group.hits:
                key = (group.record.word(), hit.row.pk)
                if key not in known:
                    known.add(key)
                    mine.hits.append(hit)
    found = [g for g in merged.values() if g.hits]
    for group in found:
        group.hits.sort(key=lambda hit: hit.rank)
    return sorted(found, key=lambda group: group.hits[0].rank)


def _counted(groups: list[Group]) -> str:
    """How many hits are shown; `18+` when there are more."""
    return f"{sum(len(g.hits) for g in groups)}{'+' if any(g.more for g in groups) else ''}"


def _part(text: str, words: list[str], groups: list[Group], actor: Actor, *, whole: bool) -> dict[str, Any]:
    look = Look.of(actor)
    count = sum(len(g.hits) for g in groups)
    title = _("All of the words") if whole and len(words) > 1 else _("One of the words") if not whole else _("Found")
    return {
        "title": title,
        "note": ngettext("%(count)s hit", "%(count)s hits", count) % {"count": _counted(groups)},
        "groups": [
            {
                "label": capfirst(str(g.record.labels())),
                "note": _counted([g]),
                "hits": [shown_hit(h, words, actor, look) for h in g.hits],
                "more": {"href": f"{g.record.url()}?{urlencode({'find': text})}", "label": _("All in the list")}
                if g.more and g.record.pages
                else None,
            }
            for g in groups
        ],
    }


def _kinds(text: str, kind: str, offered: list[type[Record]], groups: list[Group]) -> list[dict[str, Any]]:
    here = "?" + urlencode({"q": text})
    whole = {
        "label": _("All"),
        "href": here,
        "count": _counted(groups) if text else "",
        "current": not kind,
    }
    found = [whole]
    for record in offered:
        count = _counted([g for g in groups if g.record is record])
        found.append({
            "label": capfirst(str(record.labels())),
            "href": f"{here}&kind={record.word()}",
            "count": count if text else "",
            "current": kind == record.word(),
        })  # fmt: skip
    return found


def _empty(text: str, offered: list[type[Record]], actor: Actor) -> dict[str, Any]:
    if not text:
        return {
            "title": _("What are you looking for?"),
            "text": _(
                "A name or its reading, part of an e-mail address, the digits of a phone number, a deal, a product."
            ),
        }
    return {
        "title": _("Nothing found for “%(text)s”") % {"text": text[:80]},
        "text": _("Try fewer letters, the reading instead of the kanji, or only the last digits of a number."),
        "actions": beginnings(text, offered, actor),
    }


@logged_in
def palette(request: HttpRequest) -> HttpResponse:
    """What the palette shows for `?q=`: rows, then places and things to do whose name has the text."""
    actor = actor_of(request)
    text = request.GET.get("q", "").strip()
    words = terms(text)
    groups = [
        {
            "label": capfirst(str(g.record.labels())),
            "options": [
                {
                    "href": h.record.url(h.row.pk),
                    "icon": icon_of(h.record),
                    "html": with_marks(str(h.row), words),
                    "note": _why_noted(h, words, actor),
                }
                for h in g.hits
            ],
        }
        for g in (find(text, actor, None, IN_PALETTE) if text else [])
    ]
    found = bool(groups)
    groups += _places(text, actor)
    if text and not found:
        make = [
            {"href": one["href"], "icon": one["icon"], "html": one["label"]}
            for one in beginnings(text, searchable(actor), actor)
        ]
        if make:
            groups.append({"label": _("Make"), "options": make})
    if text:
        groups.append({
            "label": _("Search"),
            "options": [{"href": "/search/?" + urlencode({"q": text}), "icon": "search", "html": _("Search everything for “%(text)s”") % {"text": text[:60]}}],
        })  # fmt: skip
    nothing = "" if found or not text else _("Nothing found for “%(text)s”") % {"text": text[:80]}
    return draw(request, "palette_options.html", {"groups": groups, "nothing": nothing})


def _why_noted(hit: Hit, words: list[str], actor: Actor) -> SafeString:
    """The compact line; with the field that matched before it, where neither the name nor the line shows it."""
    note = note_of(hit, words, actor)
    if "<mark>" in note or not hit.why or any(is_hit for _piece, is_hit in marked(str(hit.row), words)):
        return note
    return format_html("{}・{}", why_marked(hit.why[0]), note) if note else why_marked(hit.why[0])


def _places(text: str, actor: Actor) -> list[dict[str, Any]]:
    """Where to go and what to make."""
    needle = text.casefold()
    go = [
        {"href": p.href, "icon": p.icon, "html": str(p.label), "shortcut": ["g", p.go] if p.go else []}
        for p in PLACES
        if p.shows is None or p.shows(actor)
    ]
    make = []
    for record in sorted((r for r in RECORDS.values() if r.nav and r.pages), key=lambda r: r.nav or ("", 0)):
        if may_open(record, actor):
            name = capfirst(str(record.labels()))
            go.append(
                {
                    "href": record.url(),
                    "icon": icon_of(record),
                    "html": name,
                    "shortcut": ["g", record.hotkey] if record.hotkey else [],
                }
            )
        if actor.may(record.word(), "create"):
            make.append(
                {"href": f"{record.url()}new/", "icon": "plus", "html": _("New %(noun)s") % {"noun": record.label()}}
            )
    go.append({"href": "/settings/", "icon": "gear", "html": _("Settings")})
    found = []
    for label, options in ((_("Go to"), go), (_("Make"), make)):
        kept = [o for o in options if needle in str(o["html"]).casefold()]
        if kept:
            found.append({"label": label, "options": kept[:8]})
    return found
