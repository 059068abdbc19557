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
from noren.core.page.cells import Look, ago
from noren.core.page.shell import PLACES, icon_of, may_open
from noren.core.page.web import draw, logged_in
from noren.core.record.declare import RECORDS, Record
from noren.core.record.finding import Group, Hit, Why, find, searchable, terms

A_PAGE = 20
IN_PALETTE = 5


@logged_in
def show(request: HttpRequest) -> HttpResponse:
    """`/search/?q=…&kind=sales.deal`."""
    actor = actor_of(request)
    text = request.GET.get("q", "").strip()
    offered = searchable(actor)
    kind = request.GET.get("kind", "")
    wanted = [r for r in offered if r.word() == kind] or offered
    began = perf_counter()
    groups = find(text, actor, offered, A_PAGE) if text else []
    parts = [_part(text, [g for g in groups if g.record in wanted], actor, whole=True)] if groups else []
    words = terms(text)
    if len(words) > 1:
        known = {(h.record.word(), h.row.pk) for g in groups for h in g.hits}
        single = _singles(words, actor, wanted, known)
        if single:
            parts.append(_part(text, single, actor, whole=False))
    parts = [part for part in parts if part["groups"]]
    took = _("%(count)s hits in %(seconds).2f s") % {
        "count": sum(len(g["hits"]) for p in parts for g in p["groups"]),
        "seconds": perf_counter() - began,
    }
    context = {
        "title": _("Search"),
        "area": "search",
        "query": text,
        "action": "/search/",
        "took": took if text else "",
        "hint": _("A space means both. Kana, width and case make no difference; phones are found by digits alone."),
        "kinds": _kinds(text, kind, offered, groups),
        "parts": parts,
        "hidden_note": _("Fields hidden from you were not searched.") if not actor.is_admin and parts else "",
        "empty": None if parts else _empty(text),
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
    return [g for g in merged.values() if g.hits]


def _part(text: str, groups: list[Group], actor: Actor, *, whole: bool) -> dict[str, Any]:
    look = Look.of(actor)
    count = sum(len(g.hits) for g in groups)
    several = len(terms(text)) > 1
    title = _("All of the words") if whole and several else _("One of the words") if not whole else _("Found")
    return {
        "title": title,
        "note": ngettext("%(count)s hit", "%(count)s hits", count) % {"count": count},
        "groups": [
            {
                "label": capfirst(str(g.record.labels())),
                "note": f"{len(g.hits)}+" if g.more else str(len(g.hits)),
                "hits": [_hit(h, actor, look) for h in g.hits],
            }
            for g in groups
        ],
    }


def _hit(hit: Hit, actor: Actor, look: Look) -> dict[str, Any]:
    has_face = hit.record.word() in ("contacts.person", "contacts.company")
    return {
        "href": hit.record.url(hit.row.pk),
        "title": str(hit.row),
        "note": note_of(hit, actor),
        "name": str(hit.row) if has_face else "",
        "square": hit.record.word() == "contacts.company",
        "icon": "" if has_face else icon_of(hit.record),
        "why": [{"label": why.label, "html": marked(why)} for why in hit.why],
        "date": ago(hit.row.updated_at, look),
    }


def marked(why: Why) -> SafeString:
    return format_html("{}<mark>{}</mark>{}", why.before[-40:], why.hit, why.after[:40])


def note_of(hit: Hit, actor: Actor) -> str:
    """The compact line of a row: what the record says is worth knowing at a glance, as far as this person may see it."""
    told = []
    record, row = hit.record, hit.row
    for name in record.compact[1:]:
        if "__" in name or name in hit.unsaid or not record.may_read(name, actor):
            continue
        one = record.field(name)
        if one.kind in ("text", "ref", "choice", "kana"):
            value = getattr(row, name)
            text = one.choice_label(value) if one.kind == "choice" else str(value or "")
            if text:
                told.append(text)
        if len(told) == 3:
            break
    return "・".join(told)


def _kinds(text: str, kind: str, offered: list[type[Record]], groups: list[Group]) -> list[dict[str, Any]]:
    counts = {g.record: f"{len(g.hits)}+" if g.more else str(len(g.hits)) for g in groups}
    whole = {
        "label": _("All"),
        "href": "?" + urlencode({"q": text}),
        "count": sum(len(g.hits) for g in groups),
        "current": not kind,
    }
    return [whole] + [
        {
            "label": capfirst(str(r.labels())),
            "href": "?" + urlencode({"q": text, "kind": r.word()}),
            "count": counts.get(r, 0),
            "current": kind == r.word(),
        }
        for r in offered
    ]


def _empty(text: str) -> dict[str, Any]:
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
    }


@logged_in
def palette(request: HttpRequest) -> HttpResponse:
    """What the palette shows for `?q=`: rows, then places and things to do whose name has the text."""
    actor = actor_of(request)
    text = request.GET.get("q", "").strip()
    groups = [
        {
            "label": capfirst(str(g.record.labels())),
            "options": [
                {
                    "href": h.record.url(h.row.pk),
                    "icon": icon_of(h.record),
                    "html": marked(h.why[0])
                    if h.why and h.why[0].hit and h.why[0].before + h.why[0].hit + h.why[0].after == str(h.row)
                    else str(h.row),
                    "note": note_of(h, actor),
                }
                for h in g.hits
            ],
        }
        for g in (find(text, actor, None, IN_PALETTE) if text else [])
    ]
    groups += _places(text, actor)
    if text:
        groups.append({
            "label": _("Search"),
            "options": [{"href": "/search/?" + urlencode({"q": text}), "icon": "search", "html": _("Search everything for “%(text)s”") % {"text": text[:60]}}],
        })  # fmt: skip
    return draw(request, "palette_options.html", {"groups": groups, "nothing": _("Nothing found.")})


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
