"""The heads of a board come from cells, and are those of the rows."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.db import connection, transaction
from tests import make
from tests.core.metric.cube.test_same import STEPS, Life

from noren.core.access.actor import Actor
from noren.core.base.errors import Refusal
from noren.core.base.kept import alone
from noren.core.filter.condition import F
from noren.core.metric.cube import read
from noren.core.metric.cube.read import rows_only
from noren.core.page.cells import Look
from noren.core.page.lists.board import Drawn
from noren.core.record.declare import RECORDS
from noren.core.record.state import State
from noren.sales.models import Deal

pytestmark = pytest.mark.django_db
FULL = os.environ.get("FULL_MATRIX") == "1"


def drawn(actor: Actor, where: F | None = None, find: str = "") -> Drawn:
    record = RECORDS["sales.deal"]
    assert record.board is not None
    return Drawn(record, record.board, actor, State(where=where or F(), find=find), Look.of(actor))


def heads(actor: Actor, where: F | None = None) -> dict[int, Any]:
    """Sums of nothing are nought."""
    found = alone(drawn(actor, where).read_heads())
    return {lane: {name: value or 0 for name, value in told.items()} for lane, told in found.items()}


def from_cells(actor: Actor, where: F | None = None, find: str = "") -> bool:
    return drawn(actor, where, find).heads_of_cells(weighted=True) is not None


@pytest.mark.parametrize("seed", range(12 if FULL else 1))
def test_heads_from_cells_are_those_of_the_rows(seed: int, tmp_path: Any) -> None:
    life = Life(seed, tmp_path)
    life.users.append(make.user("manager", team=life.teams[0]))
    boss, seller = life.users[0].pk, life.users[1].pk
    wheres = (
        F(), F(owner=seller), F(owner__in=(boss, seller)), F(team=life.teams[0].pk), F(stage=life.stages[0].pk),
        F(owner__empty=True), ~F(owner=seller), F(owner=seller) | F(stage=life.stages[1].pk), F(source="web"),
        F(amount__gt=800), F(outcome="won"), F(owner="@me"),
    )  # fmt: skip
    for turn in range(10):
        for _m in range(5):
            try:
                with transaction.atomic():
                    life.chance.choice(STEPS)(life)
            except Refusal:
                pass
        for at, actor in enumerate(life.actors):
            for where in wheres if FULL else wheres[(turn + at) % 3 :: 3]:  # each in its turn
                cells = heads(actor, where)
                with rows_only():
                    assert heads(actor, where) == cells, where


def test_cells_answer_all_own_and_team_but_not_what_they_cannot_tell() -> None:
    make.firm()
    seller, admin = make.user("sales", team=make.team()), make.user("admin")
    for actor in (seller.actor(), admin.actor()):
        assert from_cells(actor)
        assert from_cells(actor, F(owner=seller.pk))
        assert not from_cells(actor, F(source="web"))
        assert not from_cells(actor, F(amount__gt=1))
        assert not from_cells(actor, F(owner=seller.pk) | F(source="web"))
        assert not from_cells(actor, find="商談")


def test_cells_of_another_declaration_are_not_taken_for_right(request: pytest.FixtureRequest) -> None:
    request.addfinalizer(read.forget)
    make.firm()
    user = make.user("admin")
    make.deal(owner=user, amount=700)
    before = heads(user.actor())
    made = drawn(user.actor()).heads_of_cells(weighted=True)
    assert made is not None
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cube_state SET mark = 'another'")
    assert made.told(list(made.rows())) is None
    Deal.every.update(amount=900)
    after = heads(user.actor())
    assert [head["sum_"] for head in before.values()] == [700]
    assert [head["sum_"] for head in after.values()] == [900]


@pytest.mark.parametrize("few", [2000, 1])
def test_a_board_narrowed_to_few_of_very_many_shows_these(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr("noren.core.record.counting.HUGE", -1)
    monkeypatch.setattr("noren.core.record.counting._sizes", {})
    monkeypatch.setattr("noren.core.record.narrow.FEW", few)
    monkeypatch.setattr(Deal, "facets", ("outcome", "source"))
    make.firm()
    boss, stages = make.actor("admin"), make.stages()
    deals = [make.deal(stage=stages[n % 2], source="web" if n % 3 else "", amount=n) for n in range(6)]
    for where, wanted in (
        (F(source="web"), {deals[n].pk for n in (1, 2, 4, 5)}), (F(source="web", amount__gt=4), {deals[5].pk}), (F(source="nobody"), set[int]()),
        (F(outcome="won", source="web"), set[int]()), (F(source="web") | F(amount=3), {deals[n].pk for n in (1, 2, 3, 4, 5)}),
    ):  # fmt: skip
        made = drawn(boss, where)
        made.read()
        assert {card.id for cards in made.cards.values() for card in cards} == wanted
        assert sum(head["n"] for head in made.heads.values()) == len(wanted)
