"""An entry of the timeline as markup: one string, because a page has thirty of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from noren.core.page import parts
from noren.core.page.cells import face
from noren.core.page.markup import plain


def entry(one: Mapping[str, Any]) -> SafeString:
    """`one`: kind (call, mail, meet, note, task, auto, order, ""), icon, title, time, datetime, text, open (words: still
    to do), changes [{field, old, new}], files [{name, href, size}], who, via, about, about_href,
    link {href, label}, fresh, edit_href, id."""
    say = one.get
    title = plain(say("title", ""))
    names = f"{say('kind', '')}{' fresh' if say('fresh') else ''}"
    mark = f' id="entry-{plain(one["id"])}"' if say("id") else ""
    still = f' <span class="tag nando">{plain(one["open"])}</span>' if say("open") else ""
    lines = [f'<p class="eb">{_with_breaks(one["text"])}</p>'] if say("text") else []
    lines += [_change(change) for change in say("changes") or ()]
    lines += [_file(file) for file in say("files") or ()]
    return SafeString(
        f'<li class="{names}"{mark}><span class="ic">{parts.icon(say("icon") or "note")}</span><div class="ev">'
        f'<p class="eh"><b>{title}</b>{still}<span class="meta push nowrap">{_time(one)}{_edit(one, title)}</span></p>'
        f'{"".join(lines)}<p class="meta ef">{_foot(one)}</p></div></li>'
    )


def _with_breaks(text: str) -> str:
    return "<br>".join(plain(text).replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def _time(one: Mapping[str, Any]) -> str:
    if not one.get("time"):
        return ""
    moment = f' datetime="{plain(one["datetime"])}"' if one.get("datetime") else ""
    return f'<time class="num"{moment}>{plain(one["time"])}</time>'


def _edit(one: Mapping[str, Any], title: str) -> str:
    if not one.get("edit_href"):
        return ""
    href = plain(one["edit_href"])
    return (
        f'<a class="btn ghost icon sm" href="{href}" aria-label="{plain(_("Edit"))}: {title}" hx-get="{href}" '
        f'hx-target="#sheet" hx-swap="innerHTML">{parts.icon("pencil")}</a>'
    )


def _change(change: Mapping[str, Any]) -> str:
    old = f"<del>{plain(change['old'])}</del> → " if change.get("old") else ""
    return f'<p class="eb">{plain(change["field"])}: {old}<b>{plain(change["new"])}</b></p>'


def _file(file: Mapping[str, Any]) -> str:
    return (
        f'<p><a class="att" href="{plain(file["href"])}" download>{parts.icon("clip", "s")}{plain(file["name"])}'
        f'<small class="meta num">{plain(file["size"])}</small></a></p>'
    )


def _foot(one: Mapping[str, Any]) -> str:
    told = f"{face(one['who'], '', 's')} {plain(one['who'])}" if one.get("who") else ""
    if one.get("via"):
        told += f'<span class="sl">·</span>{plain(one["via"])}'
    if one.get("link"):
        link = one["link"]
        told += f'<span class="sl">·</span><a href="{plain(link["href"])}">{plain(link["label"])}</a>'
    if one.get("about"):
        about = plain(one["about"])
        href = one.get("about_href")
        told += f'<span class="sl">·</span>{f"""<a href="{plain(href)}">{about}</a>""" if href else about}'
    return told
