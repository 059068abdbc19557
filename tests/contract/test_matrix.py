"""Every address, every actor, every relation to a row: allowed as the truth table says, silent otherwise.

A denied request tells nothing of the row and leaves every table as it was.

FULL_MATRIX=1 tries every cell. The usual run asks access itself about every noun, relation and verb of every actor
(`test_access_says_what_the_truth_table_says`); of the addresses, which are one code for all nouns of a shape, it asks

- of the API: each actor, verb and shape in every relation, and each noun, but not each noun in every relation;
- of pages: each actor and address in every relation, and each address for every noun, but not all of these together.

Which noun stands in which relation goes on from actor to actor and from address to address.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import pytest
from django.db import transaction
from django.test import Client

from noren.core.access.scope import nouns, visible
from noren.core.action.door import actions_of
from noren.core.record.declare import Record
from tests import make
from tests.contract import routes, truth
from tests.contract.calls import Program
from tests.contract.world import World, digest, shape

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
FULL = os.environ.get("FULL_MATRIX") == "1"
ACTORS = list(truth.LEVELS)


@dataclass(frozen=True, slots=True)
class Cell:
    """One request and what must come of it. wanted: 200 stands for any answer of somebody who was let in.

    alike: the same of all cells that are asked of the same code; unit: the noun, or its verb, that such a cell is about.
    """

    method: str
    url: str
    body: Any
    wanted: int
    relation: str = ""
    alike: str = ""
    unit: str = ""


LET_IN = (200, 201, 204, 409, 422)


def test_every_address_belongs_to_a_class() -> None:
    assert routes.routes()


@pytest.fixture(scope="module", autouse=True)
def _firm(module_rows: None) -> None:
    make.firm()


@pytest.fixture(scope="module")
def rows_of_all(_firm: None) -> World:
    return World("nobody")


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, rows_of_all: World) -> Iterator[World]:
    """The world around one actor, for all tests with that actor: they leave it as it was."""
    with transaction.atomic():
        world = copy(rows_of_all)
        world.become(request.param)
        yield world
        transaction.set_rollback(True)


@pytest.mark.parametrize("world", ACTORS, indirect=True, scope="module")
def test_the_api_does_what_the_truth_table_says(world: World) -> None:
    api = Program(world.secret)
    cells = list(_in_turns(world.actor, _cells(world)))
    denied = [cell for cell in cells if cell.wanted >= 400]
    before = digest()
    for cell in denied:
        _try(world, api, cell)
    assert digest() == before, "a request was refused and yet something changed"
    for cell in cells:
        if cell.wanted < 400:
            mark = transaction.savepoint()
            _try(world, api, cell)
            transaction.savepoint_rollback(mark)
    assert len(cells) > 100


def _try(world: World, api: Program, cell: Cell) -> None:
    response = api.send(cell.method, cell.url, cell.body)
    said = response.content.decode()
    told = f"{world.actor}: {cell.method} {cell.url} ({cell.relation}) gave {response.status_code}: {said[:300]}"
    assert response.status_code == cell.wanted or (cell.wanted == 200 and response.status_code in LET_IN), told
    for word, relation in world.seen(said):
        assert cell.wanted == 200, f"a refusal speaks of {word} ({relation}): {told}"
        assert truth.may(world.actor, shape(_model(word)), relation, "view"), f"{word} ({relation}) leaked: {told}"


def _model(word: str) -> Any:
    return next(model for model in nouns() if model.word() == word)


def _in_turns(actor: str, cells: Iterator[Cell]) -> Iterator[Cell]:
    """Of cells that are alike each unit in some relation and each relation for some unit; in the full run all."""
    every = list(cells)
    units: dict[str, list[str]] = {}
    for cell in every:
        units.setdefault(cell.alike, [])
        if cell.unit not in units[cell.alike]:
            units[cell.alike].append(cell.unit)
    relations = list(truth.RELATIONS)
    for cell in every:
        if FULL or not cell.relation:
            yield cell
            continue
        among = units[cell.alike]
        turn = among.index(cell.unit) + crc32(f"{actor} {cell.alike}".encode())
        if (relations.index(cell.relation) - turn) % min(len(among), len(relations)) == 0:
            yield cell


def _cells(world: World) -> Iterator[Cell]:
    for record in routes.records():
        base = f"/api/v1/{record.module()}/{record.plural()}"
        yield Cell("GET", base, None, 401 if world.actor in truth.OUTSIDE else 200)
        new = truth.status_of_new(world.actor)
        yield Cell("POST", base, {}, 405 if new != 401 and not record.form and world.actor != "read key" else new)
        for relation in truth.RELATIONS:
            yield from _row_cells(world, record, shape(record.model), relation, base)


def _row_cells(world: World, record: type[Record], kind: str, relation: str, base: str) -> Iterator[Cell]:
    pk = world.rows[record.word(), relation].pk
    gone = world.binned[record.word(), relation].pk
    who = world.actor

    def cell(method: str, row: int, tail: str, body: Any, wanted: int, alike: str = "") -> Cell:
        """alike: for verbs of a noun, their right; other addresses every noun has."""
        same = f"{kind} {method} {row == gone} {alike or tail}"
        unit = f"{record.word()} {tail if alike else ''}"
        return Cell(method, f"{base}/{row}{tail}", body, wanted, relation, same, unit)

    def status(verb: str, changes: bool) -> int:
        return truth.status(who, kind, relation, verb, changes=changes)

    yield cell("GET", pk, "", None, status("view", False))
    yield cell("GET", pk, "/history", None, status("view", False))
    yield cell("GET", gone, "", None, 401 if who in truth.OUTSIDE else 404)
    patch = status("edit", True)
    yield cell(
        "PATCH", pk, "", _change(record), 405 if not record.form and patch != 401 and who != "read key" else patch
    )
    yield cell("DELETE", pk, "", None, status("remove", True))
    yield cell("POST", pk, "/restore", {}, status("view", True))
    back = status("remove", True)
    yield cell("POST", gone, "/restore", {}, 404 if back == 403 and who != "read key" else back)
    for act in actions_of(record.model):
        if act.on_row:
            yield cell("POST", pk, f"/{act.slug}", {}, status(act.right, True), act.right)
    nothing = 401 if who in truth.OUTSIDE else 403 if who == "read key" else 404
    yield cell("POST", pk, "/no-such-verb", {}, nothing)


def _change(record: type[Record]) -> dict[str, Any]:
    for name in record.form_names():
        field = record.field(name)
        if field.kind in ("text", "longtext"):
            return {name: "changed"}
    return {}


@pytest.mark.parametrize("world", ACTORS, indirect=True, scope="module")
def test_access_says_what_the_truth_table_says(world: World) -> None:
    """Every noun in every relation, for each verb of access."""
    if world.actor in truth.OUTSIDE or world.actor == "read key":
        return  # let in nowhere, or by a key alone: what programs and pages are told shows it
    actor = world.me.actor()
    for record in routes.records():
        kind = shape(record.model)
        rows = {relation: world.rows[record.word(), relation].pk for relation in truth.RELATIONS}
        for verb in ("view", "edit", "remove", "close"):
            wanted = {pk for relation, pk in rows.items() if truth.may(world.actor, kind, relation, verb)}
            found = visible(record.model, actor, verb).filter(pk__in=rows.values()).values_list("pk", flat=True)
            assert set(found) == wanted, (record.word(), verb)


@pytest.mark.parametrize("world", ACTORS, indirect=True, scope="module")
def test_lists_and_search_give_exactly_what_may_be_seen(world: World) -> None:
    actor = world.actor
    api = Program(world.secret)
    if actor in truth.OUTSIDE:
        assert api.get("search", q="canary")[0] == 401
        return
    for record in routes.records():
        kind = shape(record.model)
        mine = {world.rows[record.word(), r].pk for r in truth.RELATIONS}
        wanted = {world.rows[record.word(), r].pk for r in truth.RELATIONS if truth.may(actor, kind, r, "view")}
        status, body = api.get(f"{record.module()}/{record.plural()}", limit=200)
        assert status == 200
        assert {row["id"] for row in body["data"]} & mine == wanted, record.word()
    _status, body = api.get("search", q="canary", limit=50)
    hits = {(hit["noun"], hit["id"]) for hit in body["data"]}
    for record in routes.records():
        if record.model.searched:
            for relation in truth.RELATIONS:
                row, may = world.rows[record.word(), relation], truth.may(actor, shape(record.model), relation, "view")
                assert ((record.word(), row.pk) in hits) == may, (record.word(), relation)


# -- pages ------------------------------------------------------------------------------------------------------------


BY_PAGE = [actor for actor in ACTORS if actor != "read key"]
MINE = {("accounts.apikey", "own"), ("record.savedview", "own")}
"""One's own keys and one's own saved views need no right: whoever may log in has them."""
TURNED_AWAY = (301, 302, 303, 401, 403, 404, 405)


def _browser(world: World) -> Client:
    client = Client(raise_request_exception=False)
    if world.actor not in truth.OUTSIDE:
        client.force_login(world.me)
        client.get("/health")  # the first request of a session notes it
    return client


def _said(response: Any) -> str:
    return (b"".join(response.streaming_content) if response.streaming else response.content).decode(errors="replace")


@pytest.mark.parametrize("world", BY_PAGE, indirect=True, scope="module")
def test_pages_show_only_what_may_be_seen(world: World) -> None:
    actor = world.actor
    client = _browser(world)
    before = digest()
    for route, url, word, relation in _pages(world):
        response = client.get(url)
        said = _said(response)
        told = f"{actor}: GET {url} ({relation}) gave {response.status_code}"
        assert response.status_code < 500, told
        for other, near in world.seen(said):
            mine = (other, near) in MINE and actor not in truth.OUTSIDE
            assert mine or truth.may(actor, shape(_model(other)), near, "view"), f"{other} ({near}) leaked: {told}"
        hidden = relation and not truth.may(actor, shape(_model(word)), relation, "view")
        if actor in truth.OUTSIDE or hidden or (route.kind == "admin page" and actor != "admin"):
            assert response.status_code in TURNED_AWAY, told
    assert digest() == before, "reading a page changed something"


@pytest.mark.parametrize("world", BY_PAGE, indirect=True, scope="module")
def test_pages_change_only_what_may_be_changed(world: World) -> None:
    """Every form of every page is sent by everybody who may not send it: refused, and every table as before."""
    actor = world.actor
    client = _browser(world)
    before = digest()
    tried = 0
    for route, url, word, relation in _pages(world):
        verb = _verb(route, word)
        if route.kind == "row page" and verb and not truth.may(actor, shape(_model(word)), relation, verb):
            pass
        elif not (actor in truth.OUTSIDE or (route.kind == "admin page" and actor != "admin")):
            continue
        tried += 1
        response = client.post(url, {"title": "changed", "note": "changed", "name": "changed"})
        told = f"{actor}: POST {url} ({relation}) gave {response.status_code}"
        assert response.status_code in TURNED_AWAY, told
        for other, near in world.seen(_said(response)):
            assert truth.may(actor, shape(_model(other)), near, "view"), f"{other} ({near}) leaked: {told}"
    assert digest() == before
    assert tried or actor == "admin"


@pytest.mark.parametrize(("actor", "seen"), [("nobody", False), ("own", True)])
def test_a_deal_shared_with_somebody_shows_its_lines_to_whom_lines_are_open(actor: str, seen: bool, db: None) -> None:
    """A right to a deal is no right to what hangs on it: each noun has a right of its own."""
    world = World(actor, [_model("sales.deal"), _model("sales.dealline")])
    deal = world.row(_model("sales.deal"), "shared view")
    page = _browser(world).get(f"/sales/deals/{deal.pk}/")
    assert page.status_code == 200
    assert (("sales.dealline", "shared view") in world.seen(_said(page))) is seen


def _verb(route: routes.Route, word: str) -> str:
    """The verb of access behind a form of a row; empty when only seeing is asked for."""
    tail = route.pattern.partition("<int:pk>/")[2].partition("/")[0]
    named = {"edit": "edit", "field": "edit", "remove": "remove", "restore": "remove"}.get(tail)
    if named or not tail.startswith("<slug"):
        return named or ""
    rights = {act.right for act in actions_of(_model(word)) if act.on_row}
    return rights.pop() if len(rights) == 1 else ""


def _pages(world: World) -> Iterator[tuple[routes.Route, str, str, str]]:
    """(route, address, noun, relation) of every page, the generic ones in turns for the nouns."""
    records, actors = routes.records(), len(BY_PAGE)
    for at, route in enumerate(routes.of("page", "admin page", "noun page", "row page")):
        if route.kind in ("page", "admin page"):
            if "logout" not in route.pattern and "end/" not in route.pattern:
                yield route, route.url(), "", ""
            continue
        turn = at + BY_PAGE.index(world.actor)
        if route.kind == "noun page":
            for number, record in enumerate(records):
                if FULL or (number + turn) % (actors // 2) == 0:
                    yield route, route.url(record), "", ""
            continue
        for place, relation in enumerate(truth.RELATIONS):
            for number, record in enumerate(records):
                if FULL or number == (turn * len(truth.RELATIONS) + place) % len(records):
                    row = world.rows[record.word(), relation]
                    yield route, route.url(record, row.pk, _slug(record)), record.word(), relation


def _slug(record: type[Record]) -> str:
    return next((act.slug for act in actions_of(record.model) if act.on_row), "x")


def test_the_truth_table_knows_every_verb_of_access() -> None:
    """A right that no actor of the table has would never be tried."""
    rights = {act.right for record in routes.records() for act in actions_of(record.model)}

    assert rights <= {"edit", "close", "view", "remove", "create", "assign", "share"} | set(truth.LEVELS["admin"])
    assert json.dumps(truth.LEVELS)
