"""Lists read group by group show the same rows in the same order, page by page, forth and back."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import connection
from tests import make

from noren.activity.models import Activity
from noren.core.access.actor import Actor
from noren.core.access.scope import nouns
from noren.core.base.odd import odd
from noren.core.filter.condition import F
from noren.core.record import grouped
from noren.core.record.declare import Record, record_of
from noren.core.record.listing import listing, neighbors
from noren.core.record.state import State
from noren.sales.models import Deal

pytestmark = pytest.mark.django_db

DEALS, ACTIVITIES, COMPANIES = (record_of(word) for word in ("sales.deal", "activity.activity", "contacts.company"))


@pytest.fixture
def readers() -> list[Actor]:
    """Who sees all deals, a team's, and none; deals of many owners, of whom two are called alike, and of nobody."""
    make.firm()
    chance, stages = random.Random(4), make.stages()
    teams = [make.team("東"), make.team("西")]
    users = [make.user("sales", name=name, team=teams[n % 2]) for n, name in enumerate(("甲", "乙", "丙", "丙", "丁"))]
    users[0].reports_to = users[3].reports_to = users[1]
    users[0].save()
    users[3].save()
    for _n in range(60):
        owner = chance.choice((None, *users[:4]))
        make.deal(owner=owner.pk if owner else None, stage=chance.choice(stages), source=chance.choice(("", "web")))
    return [make.actor("admin"), users[1].actor(), make.actor("sales", team=make.team("北"))]


def walk(
    actor: Actor, state: State, monkeypatch: pytest.MonkeyPatch, *, by_groups: bool, record: type[Record] = DEALS
) -> list[Any]:
    """All pages of a list, to the end and back again."""
    monkeypatch.setattr(grouped, "is_huge", lambda _table: by_groups)
    found, at = [], state
    for way in ("after", "before"):
        for _n in range(30):
            shown = listing(record, actor, at)
            found.append(
                (way, [line.pk for line in shown.lines], bool(shown.previous), bool(shown.next), shown.first_number)
            )
            word = shown.next if way == "after" else shown.previous
            if not word:
                break
            at = State(where=state.where, sort=state.sort, size=state.size, **{way: word})
    return found


SORTS = [
    (name, desc) for name in ("owner", "stage", "team", "owner__reports_to", "loss_reason") for desc in (False, True)
]


@pytest.mark.parametrize("sort", SORTS)
def test_pages_are_those_of_the_whole_order(
    sort: tuple[str, bool], readers: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    for actor in readers:
        for where in (F(), F(source="web"), F(owner=None)):
            state = State(where=where, sort=(sort,), size=7)
            told = walk(actor, state, monkeypatch, by_groups=True)
            assert told == walk(actor, state, monkeypatch, by_groups=False)
            pks = [pk for way, page, *_more in told if way == "after" for pk in page]
            monkeypatch.setattr(grouped, "is_huge", lambda _table: True)
            for before, pk, after in zip([None, *pks], pks[:9], [*pks[1:], None], strict=False):
                assert neighbors(DEALS, actor, state, Deal.every.get(pk=pk)) == (before, after)


def test_whom_a_place_was_called_after_may_be_renamed(readers: list[Actor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouped, "is_huge", lambda _table: True)
    state = State(sort=(("owner", False),), size=7)
    first = listing(DEALS, readers[0], state)
    pks = {line.pk for line in first.lines}
    owner: Any = Deal.every.get(pk=first.lines[-1].pk).owner
    owner.name_kana, owner.kana_sort, owner.name = "ン", "ン", "ン"
    owner.save()
    following = listing(DEALS, readers[0], State(sort=state.sort, size=7, after=first.next))
    assert following.lines
    assert pks


@pytest.mark.parametrize("name", ["kind", "direction", "is_next_step"])
@pytest.mark.parametrize("desc", [False, True])
def test_choices_are_groups_as_well(
    name: str, desc: bool, readers: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(1)
    for n in range(40):
        kind, way = chance.choice(("note", "call", "visit")), chance.choice(("", "in", "out"))
        Activity.every.create(kind=kind, direction=way, is_next_step=n % 7 == 0, owner_id=readers[n % 2].user_id)
    state = State(sort=((name, desc),), size=7)
    for actor in readers:
        told = walk(actor, state, monkeypatch, by_groups=True, record=ACTIVITIES)
        assert told == walk(actor, state, monkeypatch, by_groups=False, record=ACTIVITIES)


@pytest.mark.parametrize("name", ["prefecture", "industry"])
@pytest.mark.parametrize("desc", [False, True])
def test_texts_that_an_index_tells_are_groups_as_well(
    name: str, desc: bool, readers: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(2)
    for n in range(40):
        row: Any = make.company(
            owner=readers[n % 2].user_id, **{name: chance.choice(("", "東京都", "大阪府", "愛知県"))}
        )
        row.removed_at = row.created_at if n % 9 == 0 else None
        row.save()
    for size in (7, 50):
        state = State(sort=((name, desc),), size=size)
        for actor in readers:
            told = walk(actor, state, monkeypatch, by_groups=True, record=COMPANIES)
            assert told == walk(actor, state, monkeypatch, by_groups=False, record=COMPANIES)
    monkeypatch.setattr(grouped, "TEXTS", 2)  # too many to be told soon
    told = walk(readers[0], state, monkeypatch, by_groups=True, record=COMPANIES)
    assert told == walk(readers[0], state, monkeypatch, by_groups=False, record=COMPANIES)


def test_a_value_that_is_no_choice_has_its_place_too(readers: list[Actor], monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("call", "fax", "note", "fax", "visit"):
        Activity.every.create(kind=kind)
    state = State(sort=(("kind", False),), size=7)
    told = walk(readers[0], state, monkeypatch, by_groups=True, record=ACTIVITIES)
    assert told == walk(readers[0], state, monkeypatch, by_groups=False, record=ACTIVITIES)
    assert len(told[0][1]) == 5


def test_odd_rows_are_looked_for_in_their_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for noun in nouns():
            if noun.chosen:
                looked = noun.every.filter(odd(**{name: noun.column(name).choices for name in noun.chosen})).order_by()
                assert "_odd" in looked.values("pk").explain()
