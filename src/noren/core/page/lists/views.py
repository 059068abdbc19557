"""Saved views: a list's whole state under a name, for oneself, the team or everybody. Shipped ones come from the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.rights import Level
from noren.core.base.errors import Forbidden, Invalid, NotFound
from noren.core.base.text import row_id
from noren.core.page.web import dialog, done_once, fresh_token, of_noun, onward, say, with_params
from noren.core.record.declare import Record
from noren.core.record.models import SavedView
from noren.core.record.state import State

MOST_VIEWS = 60


@dataclass(frozen=True, slots=True)
class View:
    """A tab above a list. key: as in `?view=`; row: the saved view behind it, if it is not a shipped one."""

    key: str
    label: str
    query: str
    row: SavedView | None = None

    def href(self, record: type[Record]) -> str:
        pairs = [(n, v) for n, v in parse_qsl(self.query, keep_blank_values=True) if n != "view"]
        return with_params(record.url(), [*pairs, *([("view", self.key)] if self.key else [])])

    def state(self) -> State:
        return State.read(QueryDict(self.query))


_saved: dict[tuple[str, int | None], tuple[int, list[SavedView]]] = {}
MOST_LISTS = 5000  # of people and nouns whose views are remembered


def saved(record: type[Record], actor: Actor, stamp: int | None = None) -> list[SavedView]:
    """The views of a noun that an actor may use: their own, their team's, everybody's. Read again when the stamp moves."""
    place = record.word(), actor.user_id
    known = _saved.get(place)
    if known is not None and known[0] == stamp:
        return known[1]
    shared = Q(owner_id=actor.user_id) | Q(shared_with="all")
    shared |= Q(shared_with="team", owner_id__in=actor.team_user_ids)
    rows = list(
        SavedView.every.filter(shared, noun=record.word(), removed_at__isnull=True).order_by("position", "name", "pk")[
            :MOST_VIEWS
        ]
    )
    if stamp is not None:
        if len(_saved) >= MOST_LISTS:
            _saved.clear()
        _saved[place] = stamp, rows
    return rows


def views_of(record: type[Record], actor: Actor, stamp: int | None = None) -> list[View]:
    """All tabs: everything, shipped ones, saved ones. stamp: the access stamp, when already read."""
    shipped = [View(f"s{at}", str(label), query) for at, (label, query) in enumerate(record.views)]
    return [
        View("", _("All"), ""),
        *shipped,
        *(View(str(row.pk), row.name, row.query, row) for row in saved(record, actor, stamp)),
    ]


def forget_views() -> None:
    """Read them anew (tests)."""
    _saved.clear()


def default_view(views: list[View], actor: Actor) -> View | None:
    """The view a person wants to see first."""
    return next((v for v in views if v.row is not None and v.row.is_default and v.row.owner_id == actor.user_id), None)


def tabs(record: type[Record], state: State, views: list[View]) -> tuple[list[dict[str, Any]], View | None, bool]:
    """The tabs for the template, the current one, and whether the state differs from it."""
    current = next((v for v in views if v.key == state.view), views[0])

    def plain(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [p for p in pairs if p[0] != "layout" or (current.row is not None)]

    changed = plain(state.essence()) != plain(current.state().essence())
    made = [
        {
            "label": v.label,
            "href": v.href(record),
            "count": None,
            "current": v is current,
            "edited": v is current and changed and v.key,
        }
        for v in views
    ]
    return made, current, changed


def may_share(actor: Actor) -> bool:
    return actor.level("record.savedview", "share") > Level.NONE


@of_noun("GET", "POST")
def save(request: HttpRequest, record: type[Record], actor: Actor) -> HttpResponse:
    """Keep the state in the address: over the present view (`over`), or under a new name."""
    state = State.read(request.GET)
    query = QueryDict(mutable=True)
    for name, value in state.essence():
        query.appendlist(name, value)
    own = _own(record, actor, state.view)
    if request.method == "GET":
        return dialog(request, _form(request, record, actor, own, state))
    name = request.POST.get("name", "").strip()
    over = own is not None and request.POST.get("over") == "on"
    if not name:
        made = _form(request, record, actor, own, state)
        made["fields"][0]["error"] = _("Enter a name for the view.")
        return dialog(request, made, 422)
    reach = request.POST.get("shared_with", "mine")
    if reach not in {"mine", "team", "all"} or (reach == "all" and not may_share(actor)):
        raise Forbidden
    row = own if over and own is not None else SavedView(noun=record.word(), owner_id=actor.user_id or 0)
    row.name, row.query, row.shared_with = name[:80], query.urlencode(), reach
    row.is_default = request.POST.get("is_default") == "on"
    if len(row.query) > 4000:
        raise Invalid({"": [_("This view has too many conditions to be saved.")]})
    key = done_once(request, actor, "view", lambda: _kept(row), [row.query, row.name, reach, row.is_default, over])
    say(request, _("View “%(name)s” saved.") % {"name": row.name})
    return onward(request, View(str(key), row.name, row.query, row).href(record))


def _kept(row: SavedView) -> int:
    """Store a view; of the views of one person one at most opens the list."""
    with transaction.atomic():
        if row.is_default:
            SavedView.every.filter(noun=row.noun, owner_id=row.owner_id).update(is_default=False)
        row.save()
    return row.pk


def _own(record: type[Record], actor: Actor, key: str) -> SavedView | None:
    """The saved view of this key, when the actor may change it."""
    pk = row_id(key)
    if pk is None:
        return None
    row = SavedView.every.filter(pk=pk, noun=record.word(), removed_at__isnull=True).first()
    return row if row is not None and (row.owner_id == actor.user_id or actor.is_admin) else None


def _form(
    request: HttpRequest, record: type[Record], actor: Actor, own: SavedView | None, state: State
) -> dict[str, Any]:
    reach = own.shared_with if own else "mine"
    choices = [
        ("mine", _("Only me")),
        ("team", _("My team")),
        *([("all", _("Everyone"))] if may_share(actor) or reach == "all" else []),
    ]
    fields: list[dict[str, Any]] = [
        {"name": "name", "label": _("Name"), "kind": "text", "required": True, "max": 80, "value": request.POST.get("name", own.name if own else "")},
        {"name": "shared_with", "label": _("Visible to"), "kind": "radio", "options": [{"value": v, "label": label, "selected": v == reach} for v, label in choices]},
        {"name": "is_default", "label": _("Open this list with it"), "kind": "check", "value": own.is_default if own else False},
    ]  # fmt: skip
    if own is not None:
        fields.insert(1, {"name": "over", "label": _("Replace the present view"), "kind": "check", "value": True})
    extra = {"href": f"{record.url()}views/{own.pk}/remove/", "label": _("Delete this view")} if own else None
    return {
        "title": _("Save view"), "note": capfirst(record.labels()), "action": with_params(f"{record.url()}views/save/", state.pairs()),
        "fields": fields, "submit": _("Save"), "extra": extra, "hidden": [("_once", fresh_token())], "back": with_params(record.url(), state.pairs()),
    }  # fmt: skip


@of_noun("GET", "POST")
def forget(request: HttpRequest, record: type[Record], actor: Actor, pk: int) -> HttpResponse:
    """Delete a saved view of one's own."""
    row = _own(record, actor, str(pk))
    if row is None:
        raise NotFound
    if request.method == "GET":
        return dialog(request, {
            "title": _("Delete this view"), "note": row.name, "action": request.path, "fields": [], "danger": True,
            "submit": _("Delete"), "back": record.url(),
        })  # fmt: skip
    row.delete()
    say(request, _("View “%(name)s” deleted.") % {"name": row.name})
    return onward(request, record.url())
