"""The list of a noun: tabs of saved views, chips, table or board, bulk bar. One template for the page and its fragment."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.scope import visible
from noren.core.base.errors import NotFound
from noren.core.base.kept import together
from noren.core.base.model import Model
from noren.core.base.text import kana_key, row_id
from noren.core.filter.condition import All, BadFilter, Cond, F
from noren.core.filter.sentence import op_label, sentence, value_label
from noren.core.filter.vocabulary import Term
from noren.core.page import cells
from noren.core.page.cells import Look
from noren.core.page.drawn import Place, drawn
from noren.core.page.lists.nothing import nothing
from noren.core.page.lists.views import View, default_view, tabs, views_of
from noren.core.page.markup import escape
from noren.core.page.shell import LINKS, counts_of, is_fragment
from noren.core.page.web import draw, look_of, of_noun, with_params
from noren.core.record.columns import called, has_column
from noren.core.record.declare import Record, record_of
from noren.core.record.listing import Listing, asked_listing
from noren.core.record.state import State

INDEX = "あかさたなはまやらわ"
OTHERWISE: dict[str, Callable[..., HttpResponse]] = {}  # layout -> what draws it instead of the table


@of_noun()
def show(request: HttpRequest, record: type[Record], actor: Actor) -> HttpResponse:
    """GET /<module>/<plural>/"""
    views = views_of(record, actor, getattr(request.user, "access_stamp", None))
    if not request.GET:
        first = default_view(views, actor)
        if first is not None:
            return HttpResponseRedirect(first.href(record))
    state = State.read(request.GET)
    fault = state.fault
    if state.layout == "board" and record.board is not None and not fault:
        try:
            return OTHERWISE["board"](request, record, actor, state, views)
        except BadFilter as no:
            fault = str(no)
    look = look_of(request, actor)
    jump = request.GET.get("jump", "")
    jump = kana_key(jump).partition("\x01")[0] if jump and jump in INDEX else ""
    try:
        around_it = None if is_fragment(request) else counts_of(request)
        made = together(asked_listing(record, actor, state, jump=jump), around_it)[0]
    except BadFilter as no:
        fault = str(no)
        made = Listing(record, state, [], None, [])  # type: ignore[arg-type]
    if not fault:
        token = get_token(request)
        main = drawn_list(request, made, actor, look, views, token)
        return draw(request, "list.html", {**head(record), "main": main, "csrf_token": token})
    context = frame(record, actor, state, views, Names(record, actor, state.where))
    context |= {
        "rows": [], "index": index(record, made),
        "empty": {
            "icon": "filter", "title": _("This filter cannot be used"), "text": _("A field or value in the address is unknown, or not open to you."),
            "actions": [{"label": _("Clear the filter"), "href": record.url(), "kind": "pri"}],
        },
    }  # fmt: skip
    return draw(request, "list.html", context, 422)


def head(record: type[Record]) -> dict[str, Any]:
    return {"title": capfirst(record.labels()), "area": "list"}


def drawn_list(
    request: HttpRequest, made: Listing, actor: Actor, look: Look, views: list[View], token: str
) -> SafeString:
    """The main part of a list. All but the rows and numbers is drawn once for a person and a state of the list."""
    record, state = made.record, made.state
    names = Names(record, actor, state.where)
    verbs = bulk_verbs(record, actor)
    stamp = getattr(request.user, "access_stamp", None)
    key = (
        stamp, actor.user_id, get_language(), look.today, record, tuple(state.pairs()), made.sort,
        tuple((v.key, v.label, v.query, v.row is not None and v.row.owner_id) for v in views), names.told(),
        bool(made.lines), bool(state.after or state.before), made.count is None, bool(made.previous), bool(made.next),
    )  # fmt: skip

    def context(place: Place) -> dict[str, Any]:
        found = {**head(record), **frame(record, actor, state, views, names), "shell": {"urls": LINKS}}
        if not made.lines:
            return found | {
                "rows": [],
                "empty": nothing(record, actor, state, _create(record, actor)),
                "index": index(record, made),
            }
        found |= around(made)
        found["pager"] = {
            "text": place("pager"), "previous": made.previous and place("previous"), "next": made.next and place("next"),
            "exact": with_params(record.url(), state.pairs(exact=True)) if made.count is None else "",
        }  # fmt: skip
        if verbs:
            found["bulk"] = {
                "action": with_params(f"{record.url()}bulk/", state.pairs()), "total": place("total"),
                "chosen": _("{n} selected"), "every": place("every"), "verbs": verbs,
            }  # fmt: skip
        return found | {"body": place("body"), "totals": place("totals"), "csrf_token": place("token")}

    return drawn(
        "ui/listing.html", key if stamp is not None else None, context,
        body=cells.body(made, actor, look, pick=bool(verbs)), totals=cells.totals(made, look), token=token,
        pager=escape(pager_text(made)), previous=escape(turned(made, "before", made.previous)), next=escape(turned(made, "after", made.next)),
        total=str(made.count if made.count is not None else made.at_least + 1), every=escape(every(made)),
    )  # fmt: skip


def frame(record: type[Record], actor: Actor, state: State, views: list[View], names: Names) -> dict[str, Any]:
    """What table and board share: head, tabs, chips, tools."""
    shown, current, changed = tabs(record, state, views)
    base = record.url()
    pairs = state.pairs()
    context: dict[str, Any] = {
        **head(record),
        "views": shown,
        "new_view_href": with_params(f"{base}views/save/", state.pairs(view=""))
        if changed and not state.view and [p for p in pairs if p[0] != "layout"]
        else "",
        "view_save": None,
        "layouts": _layouts(record, state),
        "chips": chips(record, actor, state, names),
        "filter_href": with_params(f"{base}filter/", pairs),
        "search": {"action": base, "value": state.find, "keep": state.pairs(find="")},
        "columns_href": with_params(f"{base}columns/", pairs),
        "more": _more(record, actor, state),
        "create": _create(record, actor),
        "back": "",
    }
    if changed and current is not None and (state.view or [p for p in pairs if p[0] != "layout"]):
        context["view_save"] = {
            "save_href": with_params(f"{base}views/save/", pairs),
            "reset_href": current.href(record),
        }
    elif current is not None and current.row is not None and current.row.owner_id == actor.user_id:
        context["new_view_href"] = with_params(f"{base}views/save/", pairs)
    return context


def _layouts(record: type[Record], state: State) -> list[dict[str, Any]]:
    if record.board is None:
        return []
    return [
        {
            "label": _("Table"),
            "icon": "table",
            "href": with_params(record.url(), state.pairs(layout="")),
            "current": state.layout != "board",
        },
        {
            "label": _("Board"),
            "icon": "deal",
            "href": with_params(record.url(), state.pairs(layout="board")),
            "current": state.layout == "board",
        },
        *(
            {"label": each.label, "icon": each.icon, "href": each.href, "current": False}
            for each in LAYOUTS.get(record.word(), ())
        ),
    ]


LAYOUTS: dict[str, list[Any]] = {}
"""Further layouts of a noun (a forecast), put here by the module that draws them: objects with label, icon, href."""


def _more(record: type[Record], actor: Actor, state: State) -> list[dict[str, str]]:
    items = []
    if LINKS.get("import") and actor.may(record.word(), "create") and record.keys:
        items.append(
            {"label": _("Import"), "href": with_params(LINKS["import"], [("noun", record.word())]), "icon": "upload"}
        )
    if actor.may(record.word(), "export"):
        for form, encoding, label in (("csv", "", "CSV"), ("csv", "cp932", "CSV (Shift_JIS)"), ("xlsx", "", "Excel")):
            asked = [("format", form), *([("encoding", encoding)] if encoding else [])]
            href = with_params(f"{record.url()}export/", [*state.pairs(), *asked])
            items.append({"label": _("Export to %(form)s") % {"form": label}, "href": href, "icon": "download"})
    if actor.may(record.word(), "remove"):
        items.append({"label": _("Bin"), "href": f"{record.url()}bin/", "icon": "trash"})
    return items


def _create(record: type[Record], actor: Actor) -> dict[str, Any] | None:
    if not record.form or not actor.may(record.word(), "create"):
        return None
    return {"href": record.url(verb="new"), "label": _("New %(noun)s") % {"noun": record.label()}, "sheet": False}


# -- chips -----------------------------------------------------------------------------------------------------------


def chips(record: type[Record], actor: Actor, state: State, names: Names) -> list[dict[str, str]]:
    """Each condition with a way to change and to remove it; a group is one chip that reads as a sentence."""
    if not state.where:
        return []
    words = record.vocabulary(actor)
    edit = with_params(f"{record.url()}filter/", state.pairs())
    found = []
    top = state.where.clauses()
    for at, part in enumerate(top):
        rest = F(All(tuple(p for i, p in enumerate(top) if i != at)))
        away = with_params(record.url(), state.pairs(where=rest))
        if isinstance(part, Cond):
            term = words.term(part.field)
            if term is None:
                continue
            values = part.value if isinstance(part.value, tuple) else (part.value,)
            text = "" if part.op in ("empty", "filled") else ", ".join(names(term, v) for v in values)
            chip = {"field": str(term.label), "operator": op_label(term, part.op), "value": text}
        else:
            chip = {"field": "", "operator": "", "value": sentence(F(part), words, names)}
        label = chip["field"] or chip["value"]
        found.append(
            chip
            | {
                "edit_href": edit,
                "remove_href": away,
                "remove_label": _("Remove the filter %(name)s") % {"name": label},
            }
        )
    return found


class Names:
    """Words for the values of a filter: the names behind references, read once per target and only if visible."""

    def __init__(self, record: type[Record], actor: Actor, where: F) -> None:
        words = record.vocabulary(actor)
        wanted: dict[type[Model], set[int]] = {}
        for cond in where.conditions():
            term = words.term(cond.field)
            if term is None or term.kind != "ref" or term.target is None:
                continue
            for value in cond.value if isinstance(cond.value, tuple) else (cond.value,):
                pk = row_id(value)
                if pk is not None:
                    wanted.setdefault(term.target, set()).add(pk)
        self.known = {target: titles(target, actor, ids) for target, ids in wanted.items()}

    def told(self) -> Hashable:
        """All that was read, to see whether it is still the same."""
        return tuple((target, tuple(sorted(names.items()))) for target, names in self.known.items())

    def __call__(self, term: Term, value: Any) -> str:
        pk = row_id(value) if term.kind == "ref" else None
        if pk is not None:
            return self.known.get(term.target, {}).get(pk, _("(hidden)"))
        if term.kind == "bool":
            return _("Yes") if str(value) in ("1", "true", "True") else _("No")
        if term.kind in ("money", "number") and str(value).isascii() and str(value).isdigit():
            return f"{int(value):,}"
        return value_label(term, value)


def titles(target: type[Model], actor: Actor, ids: Iterable[int]) -> dict[int, str]:
    """What rows are called, for those the actor may see."""
    try:
        path = called(record_of(target))
    except NotFound:
        return {}
    return {pk: str(name or "") for pk, name in visible(target, actor).filter(pk__in=list(ids)).values_list("pk", path)}


# -- the table ---------------------------------------------------------------------------------------------------------


def around(made: Listing) -> dict[str, Any]:
    """What stands around the rows of a table."""
    record, state = made.record, made.state
    return {
        "columns": heads(made),
        "rows": True,
        "index": index(record, made),
        "caption": str(record.labels()),
        "sort_label": _sort_label(made),
        "sort_href": with_params(f"{record.url()}columns/", state.pairs()),
    }


def every(made: Listing) -> str:
    """The words of the button that chooses all rows of the filter."""
    if made.count is None:
        return _("All that match")
    return _("All %(n)s that match") % {"n": grouped(made.count)}


def heads(made: Listing) -> list[dict[str, Any]]:
    state = made.state
    order = {name: ("descending" if desc else "ascending", at + 1) for at, (name, desc) in enumerate(made.sort)}
    found = []
    for column in made.columns:
        name = column.field.name
        turned, place = order.get(name, ("none", 0))
        then = ((name, turned == "ascending"), *((n, d) for n, d in made.sort if n != name))[:2]
        found.append({
            "label": str(column.field.label), "num": column.field.is_right, "sort": turned, "sort2": place if place > 1 else "",
            "href": with_params(made.record.url(), state.pairs(sort=((name, turned == "ascending"),))),
            "also_href": with_params(made.record.url(), state.pairs(sort=then)),
        })  # fmt: skip
    return found


def _sort_label(made: Listing) -> str:
    name, desc = made.sort[0]
    return f"{made.record.field(name).label} {'↓' if desc else '↑'}"


def grouped(n: int) -> str:
    return str(number_format(n, use_l10n=True, force_grouping=True))


def pager_text(made: Listing) -> str:
    """Which rows of how many."""
    count = f"{grouped(made.at_least)}+" if made.count is None else grouped(made.count)
    if not made.first_number:
        return ngettext("%(n)s row", "%(n)s rows", made.count or made.at_least) % {"n": count}
    last = made.first_number + len(made.lines) - 1
    return _("%(first)s–%(last)s of %(count)s") % {
        "first": grouped(made.first_number), "last": grouped(last), "count": count,
    }  # fmt: skip


def turned(made: Listing, way: str, place: str) -> str:
    """The address of the page before or after a place; empty when there is none."""
    return with_params(made.record.url(), made.state.pairs(**{way: place})) if place else ""


def index(record: type[Record], made: Listing) -> list[dict[str, str]]:
    """The bar of readings: shown while the list is in the order of its readings."""
    if (
        not has_column(record.model, "kana_sort")
        or made.sort[:1] != ((record.title_field(), False),)
        or len(made.sort) > 1
    ):
        return []
    pairs = made.state.pairs()
    return [{"label": letter, "href": with_params(record.url(), [*pairs, ("jump", letter)])} for letter in INDEX]


def bulk_verbs(record: type[Record], actor: Actor) -> list[dict[str, str]]:
    """What may be done with ticked rows."""
    word = record.word()
    found = []
    if actor.may(word, "edit") and record.form:
        if record.model.reach.owner == "owner" and actor.may(word, "assign"):
            found.append({"value": "assign", "label": _("Change owner"), "icon": "assign"})
        found.append({"value": "edit", "label": _("Edit"), "icon": "pencil"})
    found += [
        {"value": f"act-{one.slug}", "label": str(one.label), "icon": one.icon or "next"}
        for one in record.actions
        if one.bulk and one.on_row and actor.may(word, one.right)
    ]
    if actor.may(word, "export"):
        found.append({"value": "export", "label": _("Export"), "icon": "download"})
    if actor.may(word, "remove"):
        found.append({"value": "remove", "label": _("Move to the bin"), "icon": "trash"})
    return found
