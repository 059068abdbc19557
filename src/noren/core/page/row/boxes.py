"""The boxes of a row's page as markup: facts, stage path, next step, tabs, days of the timeline, related panels.

Made here and not in templates because a page has dozens of their parts; each takes plain data, so that the page, the
panel beside a list and the component sheet show the same. Everything from data is escaped, but for what is called `html`
or `face`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from noren.core.page import parts
from noren.core.page.cells import face
from noren.core.page.drawn import Place, drawn
from noren.core.page.markup import escape, plain
from noren.core.page.row.entries import entry

Data = Mapping[str, Any]
SHEET = ' hx-target="#sheet" hx-swap="innerHTML"'


def facts(group: Data) -> SafeString:
    """A group of fields, edited where they stand.

    group: {title, note, edit_href, facts: [{label, html, face, edit, meta, history_href}], checks: [{text, ok, note}], html,
    history: see ui/history.html}. `edit`: address of the edit fragment; the value is then shown as `face`, a button.
    """
    say = group.get
    note = f'<span class="meta">{plain(say("note"))}</span>' if say("note") else ""
    edit = ""
    if say("edit_href"):
        label = plain(_("Edit all"))
        edit = f'<a class="btn ghost icon sm push" data-key="e" href="{plain(say("edit_href"))}" title="{label} (E)" aria-label="{label}">{parts.icon("pencil")}</a>'
    shown = [f"<h2>{plain(say('title', ''))}{note}{edit}</h2>\n"]
    if say("facts"):
        shown += ("<dl>", *(_fact(one) for one in group["facts"]), "</dl>")
    if say("checks"):
        shown += ('<ul class="chkl">', *(_check(one) for one in group["checks"]), "</ul>")
    shown.append(str(say("html", "")))
    if say("history"):
        shown.append(render_to_string("ui/history.html", {"history": group["history"]}))
    return SafeString("".join(shown))


def _fact(one: Data) -> str:
    label, past = plain(one["label"]), ""
    if one.get("history_href"):
        href, told = plain(one["history_href"]), plain(_("History of %(field)s") % {"field": one["label"]})
        past = (
            f'<a class="hist" href="{href}" hx-get="{href}"{SHEET} aria-label="{told}">{parts.icon("clock", "s")}</a>'
        )
    if one.get("edit"):
        return f'<div><dt>{label}{past}</dt><dd data-edit="{plain(one["edit"])}">{one.get("face", "")}</dd></div>'
    meta = f' <span class="meta">{plain(one["meta"])}</span>' if one.get("meta") else ""
    return f"<div><dt>{label}{past}</dt><dd>{one['html'] or '—'}{meta}</dd></div>"


def _check(one: Data) -> str:
    note = f'<span class="meta">{plain(one["note"])}</span>' if one.get("note") else ""
    kind, sign = (' class="ok"', parts.icon("check")) if one.get("ok") else ("", '<span class="dot ring"></span>')
    return f"<li{kind}>{sign}{plain(one['text'])}{note}</li>"


def path(told: Data, token: str) -> SafeString:
    """The way through the stages. told: {label, stages: [{label, state ("done", "now", ""), dates, days, over, href}], days}.
    href: a form that moves there (opens in the sheet); with `days` it has two lines. token: of forms."""
    two = bool(told.get("days"))
    stages = "".join(_stage(one, two=two) for one in told["stages"])
    return SafeString(
        f'<form id="path-form" method="post" hidden><input type="hidden" name="csrfmiddlewaretoken" value="{token}"></form>'
        f'<ol class="path{" dpath" if two else ""}" aria-label="{plain(told["label"])}">{stages}</ol>'
    )


def _stage(one: Data, *, two: bool) -> str:
    say = one.get
    state, href = say("state", ""), plain(say("href") or "")
    current = ' aria-current="step"' if state == "now" else ""
    kind = f' class="{state}"' if state else ""
    does = f' form="path-form" formaction="{href}" hx-post="{href}"{SHEET}' if href else ' type="button" disabled'
    sign = parts.icon("check") if state == "done" else ""
    label, dates = plain(one["label"]), plain(say("dates") or "")
    if two:
        over = f" <b>{plain(say('over'))}</b>" if say("over") else ""
        shown = f"<span>{sign}{label}<small>{dates}</small></span><small>{plain(say('days') or '')}{over}</small>"
    else:
        shown = f"{sign}{label}" + (f"<small>{dates}</small>" if dates else "")
    return f"<li{kind}{current}><button{does}>{shown}</button></li>"


def next_step(told: Data) -> SafeString:
    """The bar of the next step: see ui/next.html."""
    names = ("title", "note", "set_href", "done_href", "later_href", "edit_href")

    def context(place: Place) -> Data:
        return {"next": {**told, **{name: place(name) for name in names if told.get(name)}}}

    key = (
        get_language(),
        told.get("state"),
        told.get("icon"),
        told["label"],
        *(bool(told.get(name)) for name in names),
    )
    return drawn("ui/next.html", key, context, **{name: escape(told.get(name) or "") for name in names})


def composer(told: Data, token: str) -> SafeString:
    """The box to write in: see ui/composer.html. token: of forms."""
    names = ("key", "token", "about", "text")
    hidden = told.get("hidden") or ()

    def context(place: Place) -> Data:
        marked: dict[str, Any] = {name: place(name) for name in names if told.get(name)}
        marked["hidden"] = [(name, place(f"hidden{at}")) for at, (name, _value) in enumerate(hidden)]
        return {"composer": {**told, **marked}, "csrf_token": place("csrf")}

    kinds = tuple(tuple(kind.items()) for kind in told["kinds"])
    rest = tuple(told.get(name) for name in ("action", "placeholder", "read_url", "mention_url", "files", "error"))
    key = (get_language(), kinds, rest, *(name for name, _value in hidden), *(bool(told.get(name)) for name in names))
    values = {f"hidden{at}": escape(value) for at, (_name, value) in enumerate(hidden)}
    return drawn(
        "ui/composer.html", key if not told.get("error") else None, context,
        csrf=token, **values, **{name: escape(told.get(name) or "") for name in names},
    )  # fmt: skip


def tabs(told: Iterable[Data], label: str) -> SafeString:
    """Links, so that each tab has an address. told: [{label, href, count, current}]."""
    return SafeString(f'<nav class="tabs sub" aria-label="{plain(label)}">{"".join(map(_tab, told))}</nav>')


def _tab(one: Data) -> str:
    current = ' aria-current="true"' if one.get("current") else ""
    count = f'<span class="c">{plain(one["count"])}</span>' if one.get("count") is not None else ""
    return f'<a href="{plain(one["href"])}"{current}>{plain(one["label"])}{count}</a>'


def days(told: Iterable[Data]) -> SafeString:
    """The entries of the timeline, day by day. told: [{label, entries: see entries.entry}]."""
    return SafeString(
        "".join(
            f'<h3 class="day">{plain(day["label"])}</h3><ol>{"".join(entry(one) for one in day["entries"])}</ol>'
            for day in told
        )
    )


# -- related panels ----------------------------------------------------------------------------------------------------


def panel(one: Data) -> SafeString:
    """One box of the right side of a row's page.

    one: {id, title, note, add_href, add_label, add_sheet, open_href, kind, more_href, more_label, empty, notice}, and by kind:
    "cards": cards [{title, href, value, unit, steps, step_label, note, tag, tone}] · "people": people [{name, href, note, tag,
    tone, last, watch}] · "table": table {caption, rows: [[{text, href, sheet, num, head, mute}]]} · "lines": lines [{label, value,
    note, href, tone}] · "card": card {name, href, note, figures [{label, value, unit}]} · "html": html.
    """
    say = one.get
    note = f'<span class="meta">{plain(say("note"))}</span>' if say("note") else ""
    beside = ""
    if say("add_href"):
        href = plain(one["add_href"])
        opens = f' hx-get="{href}"{SHEET}' if say("add_sheet") else ""
        label = plain(say("add_label", ""))
        beside = f'<a class="btn ghost icon sm push" href="{href}" aria-label="{label}"{opens}>{parts.icon("plus")}</a>'
    elif say("open_href"):
        beside = f'<a class="btn ghost sm push" href="{plain(one["open_href"])}">{plain(_("Open"))}</a>'
    body = BODIES[say("kind", "html")](one)
    more = (
        f'<a class="lk fs12" href="{plain(one["more_href"])}">{plain(one["more_label"])}</a>'
        if say("more_href")
        else ""
    )
    empty = f'<p class="meta">{plain(one["empty"])}</p>' if say("empty") else ""
    notice = render_to_string("ui/notice.html", {"notice": one["notice"]}) if say("notice") else ""
    return SafeString(
        f'<section id="panel-{plain(say("id", ""))}"><h2>{plain(one["title"])}{note}{beside}</h2>\n{body}{more}{empty}{notice}</section>\n'
    )


def _cards(one: Data) -> str:
    return f'<ul class="rl">{"".join(map(_card_line, one["cards"]))}</ul>'


def _card_line(card: Data) -> str:
    say = card.get
    unit = f"<small>{plain(say('unit'))}</small>" if say("unit") else ""
    steps = ""
    if say("steps"):
        dots = "".join('<i class="on"></i>' if on else "<i></i>" for on in card["steps"])
        steps = f'<p class="steps" role="img" aria-label="{plain(say("step_label", ""))}">{dots}</p>'
    return (
        f'<li><p class="row"><a class="b clip" href="{plain(card["href"])}">{plain(card["title"])}</a>'
        f'<span class="num push">{plain(say("value", ""))}{unit}</span></p>{steps}<p class="meta">{_tag(card, " ")}{plain(say("note", ""))}</p></li>'
    )


def _people(one: Data) -> str:
    return f'<ul class="kp">{"".join(map(_person_line, one["people"]))}</ul>'


def _person_line(person: Data) -> str:
    say = person.get
    return (
        f'<li>{face(person["name"], "", "")}<span class="min0"><a class="b" href="{plain(person["href"])}">{plain(person["name"])}</a>'
        f'<span class="meta blk">{plain(say("note", ""))}</span></span><span class="push kpr">{_tag(person)}'
        f'<span class="meta num{" watch" if say("watch") else ""}">{plain(say("last", ""))}</span></span></li>'
    )


def _tag(one: Data, after: str = "") -> str:
    return f'<span class="tag {one.get("tone", "")}">{plain(one["tag"])}</span>{after}' if one.get("tag") else ""


def _table(one: Data) -> str:
    table = one["table"]
    caption = f'<caption class="vh">{plain(table["caption"])}</caption>' if table.get("caption") else ""
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table["rows"])
    return f'<table class="mini-t">{caption}<tbody>{rows}</tbody></table>'


def _cell(cell: Data) -> str:
    say, text = cell.get, plain(cell["text"])
    if say("href"):
        href = plain(cell["href"])
        opens = f' hx-get="{href}"{SHEET}' if say("sheet") else ""
        text = f'<a class="{"lead" if say("head") else "lk"}" href="{href}"{opens}>{text}</a>'
    if say("head"):
        return f'<th scope="row">{text}</th>'
    return f'<td class="{"num" if say("num") else ""}{" mute" if say("mute") else ""}">{text}</td>'


def _lines(one: Data) -> str:
    return f'<ul class="lines sm">{"".join(map(_line, one["lines"]))}</ul>'


def _line(line: Data) -> str:
    say = line.get
    begin, end = (f'<a href="{plain(line["href"])}">', "</a>") if say("href") else ('<span class="ln0">', "</span>")
    value = f'<span class="num {say("tone", "")}">{plain(line["value"])}</span>' if say("value") else ""
    note = f'<span class="meta">{plain(line["note"])}</span>' if say("note") else ""
    return f"<li>{begin}<span>{plain(line['label'])}</span>{value}{note}{end}</li>"


def _card(one: Data) -> str:
    card = one["card"]
    figures = "".join(map(_figure, card.get("figures") or ()))
    shown = f'<dl class="mini">{figures}</dl>' if figures else ""
    return (
        f'<div class="rcard"><p class="row">{face(card["name"], "", "", True)}<span class="min0"><a class="b" '
        f'href="{plain(card["href"])}">{plain(card["name"])}</a><span class="meta blk">{plain(card.get("note", ""))}</span>'
        f"</span></p>{shown}</div>"
    )


def _figure(one: Data) -> str:
    unit = f"<small>{plain(one['unit'])}</small>" if one.get("unit") else ""
    return f'<div><dt>{plain(one["label"])}</dt><dd class="num">{plain(one["value"])}{unit}</dd></div>'


def _html(one: Data) -> str:
    return str(one.get("html", ""))


BODIES = {"cards": _cards, "people": _people, "table": _table, "lines": _lines, "card": _card, "html": _html}


# -- all of a page -----------------------------------------------------------------------------------------------------


def boxes(page: Data, token: str) -> dict[str, SafeString]:
    """The parts of ui/row.html that are ready markup, from the data of a page: groups, path, next, composer, tabs, days, panels."""

    def joined(made: Iterable[str]) -> SafeString:
        return SafeString("".join(made))

    return {
        "facts_box": joined(map(facts, page["groups"])),
        "path_box": path(page["path"], token) if page.get("path") else SafeString(),
        "next_box": next_step(page["next"]) if page.get("next") else SafeString(),
        "composer_box": composer(page["composer"], token) if page.get("composer") else SafeString(),
        "tabs_box": tabs(page["tabs"], _("Kinds of entries")) if page.get("tabs") else SafeString(),
        "days_box": days(page["days"]),
        "panels_box": joined(map(panel, page["panels"])),
    }


def page(told: Data, request: Any) -> SafeString:
    """The main part of a row's page (ui/row.html), of which only what differs from row to row is made anew."""
    token = get_token(request)
    ready: dict[str, str] = {**boxes(told, token)}
    ready |= {
        name: escape(told.get(name) or "")
        for name in ("title", "back", "previous_href", "next_href", "older_href", "feed_empty")
    }
    head = told["head"]
    ready |= {
        f"h_{name}": escape(head.get(name) or "") for name in ("name", "reading", "amount", "unit", "amount_note")
    }
    ready["h_avatar"] = parts.avatar(head["name"], "", "l", bool(head.get("square"))) if head.get("avatar") else ""
    ready["h_sub"] = sub(head)
    ready["extra"] = str(told.get("extra") or "")
    linked = {"crumb": told["crumbs"], "menu": told["menu"], "act": told["actions"]}
    for letter, items in linked.items():
        ready |= {f"{letter}{at}": escape(one.get("href") or "") for at, one in enumerate(items)}
    ready["crumb_last"] = escape(told["crumbs"][-1]["label"])

    def context(place: Place) -> Data:
        def marked(letter: str) -> list[dict[str, Any]]:
            return [
                {**one, "href": place(f"{letter}{at}") if one.get("href") else ""}
                for at, one in enumerate(linked[letter])
            ]

        crumbs = marked("crumb")
        crumbs[-1]["label"] = place("crumb_last")
        found: dict[str, Any] = {
            name: place(name) if ready[name] else "" for name in ready if not name.startswith(("h_", *linked))
        }
        found["head"] = {
            name.removeprefix("h_"): place(name) if ready[name] else "" for name in ready if name.startswith("h_")
        }
        return {
            **told, **found, "crumbs": crumbs, "menu": marked("menu"), "actions": marked("act"),
            "shell": {"urls": told["urls"]},
        }  # fmt: skip

    shape = (
        get_language(), tuple(str(one["label"]) for one in told["crumbs"][:-1]), _shape(told["menu"]), _shape(told["actions"]),
        tuple(bool(value) for value in ready.values()),
    )  # fmt: skip
    alike = not told.get("notices") and not told.get("figures")
    return drawn("ui/row.html", shape if alike else None, context, **ready)


def _shape(items: Sequence[Data]) -> tuple[Any, ...]:
    return tuple(tuple((name, str(value)) for name, value in one.items() if name != "href") for one in items)


def sub(head: Data) -> str:
    """The line under the title. head: {parts: [{text, href, label}], tags: [{text, tone}]}."""
    told = []
    for one in head.get("parts") or ():
        text = plain(one["text"])
        label = f'<small class="meta">{plain(one["label"])}</small> ' if one.get("label") else ""
        told.append(f'<a href="{plain(one["href"])}">{text}</a>' if one.get("href") else f"<span>{label}{text}</span>")
    tags = "".join(
        f'<span class="tag {one.get("tone", "")}">{plain(one["text"])}</span>' for one in head.get("tags") or ()
    )
    return '<span class="sl">/</span>'.join(told) + tags
