"""The page of one row: head, stage path, next step, facts edited where they stand, timeline, related panels.

Upper modules add what the ground does not know (the box to write in, the next step's buttons, lines of a deal) through
the lists below; nothing here names them.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.scope import is_within, owner_tells, visible
from noren.core.base.errors import NotFound, Refusal
from noren.core.base.kept import Asking, ask, beside, read_all, together
from noren.core.base.model import Model
from noren.core.page import cells, parts
from noren.core.page.cells import Look
from noren.core.page.forms.sent import value_of
from noren.core.page.markup import escape
from noren.core.page.row import boxes, head, related
from noren.core.page.row.feed import feed
from noren.core.page.row.hooks import ABOVE, COMPOSERS, ENTRY_LINKS, FIGURES, MENU, OWN, STEPS
from noren.core.page.row.path import path_of
from noren.core.page.shell import LINKS, icon_of
from noren.core.page.web import came_from, draw, look_of, of_noun, with_params
from noren.core.record.declare import RELATIONS, Facts, Record, Related, panels_on
from noren.core.record.field import Field
from noren.core.record.listing import neighbors
from noren.core.record.state import State


@of_noun()
def show(request: HttpRequest, record: type[Record], actor: Actor, pk: int) -> HttpResponse:
    """GET /<module>/<plural>/<id>/"""
    if not record.pages:
        raise NotFound
    row, editable = row_and_right(record, actor, pk)
    look = look_of(request, actor)
    here = row.removed_at is None
    path, step, _known, panels, extra, told = together(
        path_of(record, row, actor, look) if here else None,
        head.next_bar(record, row, actor, look),
        related.look_behind(record, row, actor, refs_of(record)),
        _panels(request, record, row, actor, look),
        beside(*(fn(request, record, row, actor, look) for fn in ABOVE.get(record.word(), ()))),
        feed(request, record, row, actor, look),
    )
    top = head.head(record, row, actor, look)
    context: dict[str, Any] = {
        "title": str(row), "area": "record", "back": record.url(),
        "crumbs": [{"label": capfirst(record.labels()), "href": record.url()}, {"label": str(row)}],
        "head": top,
        "actions": [*(head.calls(record, row, actor, refs_of(record), top["parts"]) if here else ()), *head.actions(record, row, actor)],
        "menu": head.menu(record, row, actor, editable=editable),
        "path": path, "next": step,
        "groups": groups_of(record, row, actor, look, editable=editable),
        "panels": panels,
        "notices": head.notices(record, row, actor, look),
        "figures": FIGURES[record.word()](row, actor, look) if record.word() in FIGURES else None,
        "figures_label": _("Figures"),
        "extra": SafeString("".join(filter(None, extra))),
    }  # fmt: skip
    context |= told
    if not context.get("composer"):  # nothing to write in
        context["actions"] = [one for one in context["actions"] if one["href"] != "#composer"]
    context |= _along(request, record, row, actor)
    context["urls"] = LINKS
    main = boxes.page(context, request)
    return draw(
        request,
        "record.html",
        {"title": context["title"], "area": "record", "composer": context.get("composer"), "main": main},
    )


def row_and_right(record: type[Record], actor: Actor, pk: int) -> tuple[Model, bool]:
    """The row with the references its page names, and whether the actor may edit it; from the bin too, for those who may
    empty it. NotFound."""
    if not 0 < pk < 2**63:
        raise NotFound
    refs = refs_of(record)

    def rows(pk: int) -> QuerySet[Any]:
        found = visible(record.model, actor).filter(pk=pk)
        return found.select_related(*refs)[:1] if refs else found[:1]

    def edited(pk: int) -> QuerySet[Any]:
        return visible(record.model, actor, "edit").filter(pk=pk).values_list("pk")

    asked = [ask(("row", record), rows, pk, who=actor)]
    if actor.may(record.word(), "edit") and not owner_tells(record.model, actor, "edit"):
        asked.append(ask(("may", record, "edit"), edited, pk, who=actor))
    found, *more = read_all(asked)
    if found:
        row = found[0]
        return row, bool(more[0]) if more else actor.may(record.word(), "edit") and is_within(row, actor, "edit")
    removed = visible(record.model, actor, "remove", removed=True).filter(pk=pk).first()
    if removed is None:
        raise NotFound
    return removed, False


def refs_of(record: type[Record]) -> tuple[str, ...]:
    """Fields of the page that lead to one other row."""
    names = dict.fromkeys((*record.compact, *_fact_names(record), *record.form_names(), *record.read_only))
    return tuple(name for name in names if _is_ref(record, name))


def _is_ref(record: type[Record], name: str) -> bool:
    try:
        one = record.field(name)
    except LookupError:
        return False
    return one.kind == "ref" and not one.many and one.is_near and not one.is_custom


def _fact_names(record: type[Record]) -> list[str]:
    return [n for panel in record.panels if isinstance(panel, Facts) for n in panel.names]


# -- facts and panels --------------------------------------------------------------------------------------------------


def groups_of(record: type[Record], row: Model, actor: Actor, look: Look, *, editable: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    shown: set[str] = set()
    writable = {one.name for one in record.writable(actor) if one.is_near} if editable else set()
    written = set(record.form_names())

    def fact(one: Field) -> dict[str, Any]:
        return _fact(record, row, one, actor, look, writes=one.name in writable, has_past=one.name in written)

    for panel in record.panels:
        if not isinstance(panel, Facts):
            continue
        facts = [fact(record.field(n)) for n in panel.names if record.may_read(n, actor)]
        shown.update(panel.names)
        title = str(panel.title) if panel.title else _("Details")
        found.append(
            {"title": title, "facts": facts, "edit_href": record.url(row.pk, "edit") if editable and not found else ""}
        )
    rest = [
        f
        for f in record.readable(actor)
        if f.name not in shown
        and f.name not in (*record.compact, record.title_field())
        and f.is_near
        and not f.many
        and f.name not in LEAVE
    ]
    filled = [f for f in rest if value_of(row, f) not in (None, "", [])]
    if filled:
        found.append(
            {
                "title": _("More"),
                "facts": [fact(f) for f in filled],
                "edit_href": "",
            }
        )
    return found


LEAVE = frozenset({"next_step", "next_step_at", "full_name", "about_noun", "about_id", "is_kana_guess"})


def _fact(
    record: type[Record], row: Model, one: Field, actor: Actor, look: Look, *, writes: bool, has_past: bool
) -> dict[str, Any]:
    """One field of the page: its label, its value as markup, where to edit it and where its history is."""
    html = value_html(record, row, one, actor, look)
    return {
        "label": str(one.label), "html": html, "face": face(html) if writes else "",
        "edit": f"{record.url(row.pk)}field/{one.name}/" if writes else "",
        "history_href": f"{record.url(row.pk)}history/{one.name}/" if has_past else "",
    }  # fmt: skip


def face(html: str, meta: str = "") -> SafeString:
    """The value of a field that is edited where it stands: a button, or beside it one when the value is itself a link."""
    if "<a " in html:
        pen = f'<button type="button" class="pve" aria-label="{escape(_("Edit"))}">{parts.icon("pencil", "s")}</button>'
        return SafeString(f'<span class="pv">{html}{meta}</span>{pen}')
    kind, shown = ("pv", html) if html else ("pv add", escape(_("Add")))
    return SafeString(f'<button type="button" class="{kind}">{shown}{meta}</button>')


def value_html(record: type[Record], row: Model, one: Field, actor: Actor, look: Look) -> SafeString:
    value = value_of(row, one)
    if one.kind == "ref":
        target = getattr(row, one.name) if value is not None and not one.is_custom else None
        return related.reference(one, target, actor)
    if one.name == "next_step":
        return cells.next_step(str(value or ""), getattr(row, "next_step_at", None), look)
    return cells.shown(one, value, look, record)


def _panels(
    request: HttpRequest, record: type[Record], row: Model, actor: Actor, look: Look
) -> Asking[list[dict[str, Any]]]:
    own = [
        panel
        for panel in (*RELATIONS.get(record.word(), ()), *record.panels)
        if isinstance(panel, Related) and (record.word(), panel.noun) not in OWN and row.removed_at is None
    ]
    sockets = panels_on(record.word())
    told = yield from beside(
        *(related.panel(panel, row, actor, look) for panel in own), *(hung.shows(row, actor) for hung in sockets)
    )
    found = [made for made in told[: len(own)] if made is not None]
    for at, (hung, context) in enumerate(zip(sockets, told[len(own) :], strict=True)):
        if context is not None:
            if "kind" in context and not hung.template:
                found.append({"id": f"x{at}", **context})
            else:
                html = render_to_string(hung.template, context, request)
                found.append(
                    {"id": f"x{at}", "title": context.get("title", ""), "kind": "html", "html": SafeString(html)}
                )
    return found


# -- along the list ----------------------------------------------------------------------------------------------------


def _along(request: HttpRequest, record: type[Record], row: Model, actor: Actor) -> dict[str, Any]:
    """Previous and next within the list that the person came from; it travels in `in`."""
    told = request.GET.get("in")
    if told is None:
        came = urlsplit(came_from(request))
        if came.path != record.url():
            return {}
        told = urlencode([(k, v) for k, v in parse_qsl(came.query) if k not in ("after", "before", "jump")])
    try:
        state = State.read(QueryDict(told[:4000]))
        behind, ahead = neighbors(record, actor, state, row)
    except (ValueError, Refusal):
        return {}

    def href(pk: int | None) -> str:
        return with_params(record.url(pk), [("in", told)]) if pk else ""

    back = record.url() + (f"?{told}" if told else "")
    return {"previous_href": href(behind), "next_href": href(ahead), "back": back}


__all__ = [
    "ABOVE",
    "COMPOSERS",
    "ENTRY_LINKS",
    "FIGURES",
    "MENU",
    "OWN",
    "STEPS",
    "groups_of",
    "icon_of",
    "refs_of",
    "row_and_right",
    "show",
    "value_html",
]
