"""The endpoints: the same few for every noun, built from the registries alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as gettext_now
from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import actor_of
from noren.core.access.firm import firm
from noren.core.access.scope import fetch, visible
from noren.core.action.door import Action, actions_of
from noren.core.action.plain import change, create, remove, restore
from noren.core.api.body import Unreadable
from noren.core.api.door import Call, NoSuchMethod, Result, api
from noren.core.api.give import given, readable, taken
from noren.core.api.inputs import inputs
from noren.core.api.lists import limit_of, listed
from noren.core.base.errors import Invalid, NotFound, Refusal
from noren.core.base.kept import kept
from noren.core.base.model import Model
from noren.core.event.models import Fact
from noren.core.record.declare import Record, by_address
from noren.core.record.finding import find

LEVEL_KEYS = ("view", "create", "edit", "remove", "export", "assign", "share")


@api("GET", "POST")
def rows(call: Call, module: str, plural: str) -> Result:
    """GET: a list. POST: a new row."""
    record = by_address(module, plural)
    if call.request.method == "POST":
        _writes(record)
        values, faults = taken(record, call.body(), call.actor, new=True)
        row = _written(lambda: create(record.model, values, by=call.actor), faults)
        return 201, _shown(call, record, row.pk)
    fields = readable(record, call.actor, call.params.get("fields"))
    found, cursor = listed(record, call.actor, call.params, fields)
    return 200, {"data": [given(record, row, fields) for row in found], "next": cursor}


@api("GET", "PATCH", "DELETE")
def row(call: Call, module: str, plural: str, pk: int) -> Result:
    """GET: one row. PATCH: change fields. DELETE: into the bin."""
    record = by_address(module, plural)
    match call.request.method:
        case "PATCH":
            _writes(record)
            body = dict(call.body())
            version = _version(call, body)
            here = fetch(record.model, call.actor, pk, "edit")
            values, faults = taken(record, body, call.actor, new=False)
            _written(lambda: change(here, values, by=call.actor, version=version), faults)
            return 200, _shown(call, record, pk)
        case "DELETE":
            remove(fetch(record.model, call.actor, pk, "remove"), by=call.actor)
            return 204, None
        case _:
            fetch(record.model, call.actor, pk)
            return 200, _shown(call, record, pk)


def _written(write: Callable[[], Model], faults: dict[str, list[Any]]) -> Model:
    """What `write` made. With faults in the body nothing stays written, but it is tried, so that the caller hears of all
    that is wrong at once."""
    if not faults:
        return write()
    with suppress(Refusal), transaction.atomic():
        try:
            write()
        except Invalid as more:
            faults = {**more.errors, **faults}
        transaction.set_rollback(True)
    raise Invalid(faults)


@api("POST")
def back(call: Call, module: str, plural: str, pk: int) -> Result:
    """Bring a row back from the bin."""
    record = by_address(module, plural)
    if pk >= 2**63:
        raise NotFound
    restore(record.model, pk, by=call.actor)
    return 200, _shown(call, record, pk)


@api("POST")
def act(call: Call, module: str, plural: str, pk: int, verb: str) -> Result:
    """Carry out an action."""
    record = by_address(module, plural)
    chosen = action_of(record, verb)
    here = fetch(record.model, call.actor, pk, chosen.right)
    given_inputs = inputs(record, chosen, call.body(), call.actor)
    chosen(here, by=call.actor, **given_inputs)
    return 200, _shown(call, record, pk)


@api("GET")
def history(call: Call, module: str, plural: str, pk: int) -> Result:
    """The facts about a row, newest first, without what the caller may not see."""
    record = by_address(module, plural)
    here = fetch(record.model, call.actor, pk)
    limit = limit_of(call.params)
    facts = Fact.objects.filter(noun=here.word(), subject_id=here.pk)
    before = call.params.get("cursor")
    if before:
        if not (before.isascii() and before.isdigit() and len(before) < 19):
            raise Unreadable(_("The cursor does not belong to this list. Start again without it."))
        facts = facts.filter(pk__lt=int(before))
    found = list(facts.order_by("-pk")[: limit + 1])
    shown = [_fact(record, one, call) for one in found[:limit]]
    return 200, {"data": shown, "next": str(found[limit - 1].pk) if len(found) > limit else None}


def _fact(record: type[Record], one: Fact, call: Call) -> dict[str, Any]:
    known = {f.name for f in record.model._meta.get_fields()}

    def may(name: str) -> bool:
        return call.actor.is_admin or record.may_read(name, call.actor)

    return {
        "id": one.pk,
        "name": one.name,
        "at": one.at.isoformat(),
        "recorded_at": one.recorded_at.isoformat(),
        "by": one.by_id,
        "via": one.via,
        "payload": {k: v for k, v in one.payload.items() if k not in known or may(k)},
        "changes": {k: v for k, v in (one.changes or {}).items() if may(k)},
    }


@api("GET")
def search(call: Call) -> Result:
    """Rows of every noun that have all the words of `q`."""
    words = call.params.get("q", "").strip()
    if not words:
        raise Invalid(q=_("Give the words to look for."))
    groups = find(words, call.actor, limit=min(limit_of(call.params), 50))
    data = [
        {
            "noun": group.record.word(),
            "id": hit.row.pk,
            "title": str(hit.row),
            "url": f"/api/v1/{group.record.module()}/{group.record.plural()}/{hit.row.pk}",
        }
        for group in groups
        for hit in group.hits
    ]
    return 200, {"data": data, "more": [group.record.word() for group in groups if group.more]}


@api("GET")
def me(call: Call) -> Result:
    """Who calls, and what they may do."""
    from noren.core.record.declare import RECORDS

    here, actor = firm(), call.actor
    return 200, {
        "id": actor.user_id,
        "name": actor.name,
        "email": call.user.email,
        "locale": actor.locale,
        "tz": actor.tz,
        "is_admin": actor.is_admin,
        "scope": call.scope,
        "rights": {w: {v: actor.level(w, v).name.lower() for v in LEVEL_KEYS} for w in sorted(RECORDS)},
        "firm": {
            "name": here.name,
            "currency": here.currency,
            "tz": here.tz,
            "fiscal_start_month": here.fiscal_start_month,
        },
    }


@api("GET")
def openapi(call: Call) -> Result:
    """The API as the caller may see it, for machines."""
    from noren.core.api.openapi import document

    return 200, document(call.actor)


@login_required
def docs(request: HttpRequest) -> HttpResponse:
    """The API for people: every noun with its fields, verbs and filters."""
    from noren.core.api.docs import context

    return render(request, "api_docs.html", {"title": "API", "area": "settings", **context(actor_of(request))})


@api("GET", "POST", "PATCH", "PUT", "DELETE")
def nothing(call: Call, rest: str = "") -> Result:
    """Every other address below /api/."""
    raise NotFound(gettext_now("There is nothing at this address."))


def action_of(record: type[Record], verb: str) -> Action[Any, Any, Any]:
    for one in actions_of(record.model):
        if one.slug == verb and one.on_row:
            return one
    raise NotFound


def _writes(record: type[Record]) -> None:
    if not record.form:
        raise NoSuchMethod


def _shown(call: Call, record: type[Record], pk: int) -> dict[str, Any]:
    """The row as it now is; only its id when the change took it out of the caller's sight."""
    fields = readable(record, call.actor, call.params.get("fields"))

    def rows(pk: int) -> QuerySet[Any]:
        return record.prepare(visible(record.model, call.actor)).filter(pk=pk)

    row = next(iter(kept(("shown", record), rows, pk, who=call.actor)), None)
    return {"id": pk} if row is None else given(record, row, fields)


def _version(call: Call, body: dict[str, Any]) -> int | None:
    """The version the caller last saw: `If-Match: "7"` or `"version": 7` in the body."""
    said: Any = body.pop("version", None)
    head = call.request.headers.get("If-Match", "").strip()
    if head and head != "*":
        head = head.removeprefix("W/").strip('"')
        said = int(head) if head.isascii() and head.isdigit() and len(head) < 10 else head
    if said is None:
        return None
    if isinstance(said, bool) or not isinstance(said, int) or not 0 < said < 2**31:
        raise Invalid(version=_("Give the version you last saw as a whole number."))
    return said
