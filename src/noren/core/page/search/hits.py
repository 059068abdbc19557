"""Hits of a search as people read them: the name with the words marked, the compact line, and why it was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.page.cells import Look, ago
from noren.core.page.forms.refs import creates
from noren.core.page.markup import conditional_escape, plain
from noren.core.page.parts import avatar, icon
from noren.core.page.row.head import owner_label
from noren.core.page.shell import icon_of
from noren.core.record.declare import Record
from noren.core.record.field import Field
from noren.core.record.finding import THROUGH, Hit, Why, marked

AROUND = 40  # characters shown before and after what matched


def shown_hit(hit: Hit, words: Sequence[str], actor: Actor, look: Look) -> dict[str, Any]:
    has_face = bool(hit.record.face)
    title = str(hit.row)
    return {
        "href": hit.record.url(hit.row.pk),
        "title": with_marks(title, words),
        "note": note_of(hit, words, actor),
        "name": title if has_face else "",
        "square": hit.record.face == "square",
        "icon": "" if has_face else icon_of(hit.record),
        "why": [{"label": why.label, "html": why_marked(why)} for why in hit.why],
        "date": _("updated %(when)s") % {"when": ago(hit.row.updated_at, look)},
    }


def kinds_nav(kinds: Sequence[Mapping[str, Any]]) -> SafeString:
    """Links that narrow the results. kinds: [{label, href, count, current}]."""
    return SafeString("".join(map(_kind, kinds)))


def _kind(one: Mapping[str, Any]) -> str:
    current = ' aria-current="true"' if one.get("current") else ""
    return f'<a href="{plain(one["href"])}"{current}>{plain(one["label"])}<span class="n num">{one["count"]}</span></a>'


def hit_groups(groups: Sequence[Mapping[str, Any]]) -> SafeString:
    """The results noun by noun. groups: [{label, note, more: {href, label}, hits: see hit_row}]."""
    return SafeString("".join(map(_group, groups)))


def _group(group: Mapping[str, Any]) -> str:
    more = group.get("more")
    link = f'<p class="srn"><a href="{plain(more["href"])}">{plain(more["label"])}</a></p>' if more else ""
    return (
        f'<section><h3>{plain(group["label"])}<span class="meta">{plain(group["note"])}</span></h3>'
        f'<ul class="srl" data-rows>{"".join(map(hit_row, group["hits"]))}</ul>{link}</section>\n'
    )


def hit_row(hit: Mapping[str, Any]) -> str:
    """One line of the results. hit: {href, title, note, name (+square) | icon, why: [{label, html}], date, current}."""
    face = icon(hit["icon"]) if hit.get("icon") else avatar(str(hit["name"]), "", "", bool(hit.get("square")))
    why = "".join(
        [
            f'<span class="blk"><b>{conditional_escape(one["label"])}</b>{conditional_escape(one["html"])}</span>'
            for one in hit["why"]
        ]
    )
    current = ' class="cur"' if hit.get("current") else ""
    return (
        f'<li><a href="{plain(hit["href"])}"{current}>{face}<span class="min0"><b>{conditional_escape(hit["title"])}</b>'
        f'<span class="meta blk">{conditional_escape(hit["note"])}</span></span><span class="wy">{why}</span>'
        f'<span class="meta num">{conditional_escape(hit["date"])}</span></a></li>'
    )


def option_groups(groups: Sequence[Mapping[str, Any]]) -> SafeString:
    """What the palette offers. groups: [{label, options: [{href, icon, html, note, shortcut: [key, …]}]}]."""
    return SafeString("".join(map(_options, groups)))


def _options(group: Mapping[str, Any]) -> str:
    label = plain(group["label"])
    listed = "".join(map(_option, group["options"]))
    return f'<div role="group" aria-label="{label}"><h3 aria-hidden="true">{label}</h3>\n{listed}</div>'


def _option(one: Mapping[str, Any]) -> str:
    note = f" <small>{conditional_escape(one['note'])}</small>" if one.get("note") else ""
    keys = "".join([f"<kbd>{plain(key)}</kbd>" for key in one.get("shortcut") or ()])
    return (
        f'<a role="option" aria-selected="false" href="{plain(one["href"])}" tabindex="-1">{icon(one["icon"])}'
        f'<span class="o">{conditional_escape(one["html"])}{note}</span>{f"""<span class="k">{keys}</span>""" if keys else ""}</a>\n'
    )


def with_marks(text: str, words: Sequence[str]) -> SafeString:
    return SafeString(
        "".join([f"<mark>{plain(piece)}</mark>" if is_hit else plain(piece) for piece, is_hit in marked(text, words)])
    )


def why_marked(why: Why) -> SafeString:
    before, after = why.before[-AROUND:], why.after[:AROUND]
    mark = f"<mark>{plain(why.hit)}</mark>" if why.hit else ""
    return SafeString(f"{plain(before)}{mark}{plain(after)}")


def note_of(hit: Hit, words: Sequence[str], actor: Actor) -> SafeString:
    """The compact line of a row: what the record says is worth knowing at a glance, as far as this person may see it. The
    words are marked where they were looked for: in the row's own fields, and in its company when that was meant."""
    told: list[SafeString] = []
    record, row = hit.record, hit.row
    looked = {*record.model.searched, *([record.model.found_through] if hit.rank >= THROUGH else [])}
    for one, whose in _worth_telling(record, actor):
        if one.name not in hit.unsaid:
            value = getattr(row, one.name)
            text = one.choice_label(value) if one.kind == "choice" else str(value or "")
            if text:
                shown = with_marks(text, words if one.name in looked else ())
                told.append(SafeString(f"{plain(whose)} {shown}") if whose else shown)
        if len(told) == 3:
            break
    return SafeString("・".join(told))


def _worth_telling(record: type[Record], actor: Actor) -> list[tuple[Field, str]]:
    """The fields that the compact line may show beside the name, each with what stands before it."""

    def work() -> list[tuple[Field, str]]:
        fields = [record.field(n) for n in record.compact[1:] if "__" not in n and record.may_read(n, actor)]
        return [(one, owner_label(one)) for one in fields if one.kind in ("text", "ref", "choice", "kana")]

    found: list[tuple[Field, str]] = actor.remembered(("worth telling", record, get_language()), work)
    return found


def beginnings(text: str, records: Sequence[type[Record]], actor: Actor) -> list[dict[str, Any]]:
    """Where nothing was found: forms for a new row that begin with the words. {href, label, icon}"""
    found = []
    for record in sorted(records, key=lambda one: bool(one.model.found_through)):  # first what others belong to
        name = _field_for(record, text)
        if name and record.form and record.pages and record.nav and actor.may(record.word(), "create"):
            said = {"noun": record.label(), "text": text[:60]}
            found.append({
                "href": f"{record.url(verb='new')}?{name}={quote(text[:200])}",
                "label": _("New %(noun)s “%(text)s”") % said,
                "icon": "plus",
            })  # fmt: skip
    return found


def _field_for(record: type[Record], text: str) -> str:
    """The field of the form that the words belong into: an address, a number, or the name."""
    names = record.form_names()
    if "@" in text:
        return "email" if "email" in names else ""
    if all(c.isdigit() or c in "-+() " for c in text):
        return next((name for name in ("mobile", "phone") if name in names), "")
    return creates(record)
