"""Numbers and sums that a page takes from cubes without asking for a metric are those of the rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from tests import make
from tests.core.metric.cube.asked import TODAY
from tests.core.metric.cube.test_same import FULL, STEPS, Life, add_deal, bring_in, by_hand, end_deal, half_done
from tests.core.metric.world import lost, won

from noren.core.access.actor import Actor
from noren.core.access.models import Role, Share
from noren.core.base.errors import Refusal
from noren.core.base.kept import alone
from noren.core.filter.condition import F
from noren.core.filter.when import When
from noren.core.metric.cube import keep
from noren.core.metric.cube.read import rows_only
from noren.core.metric.cube.sums import sums
from noren.core.page.cells import Look
from noren.core.page.lists.board import Drawn
from noren.core.record.declare import record_of
from noren.core.record.listing import narrowed
from noren.core.record.state import State
from noren.sales.models import Deal, Pipeline, Stage

pytestmark = pytest.mark.django_db

DEALS = record_of("sales.deal")
DAYS = (
    "@this_quarter", "@this_month", "@today", "2026-10", "2026-11-25", "2026-10-03", "2026", "@last_week", "2025-01-01",
)  # fmt: skip


def seen_by(life: Life) -> list[Actor]:
    """Who sees all rows, those of a team, and their own alone; and one with a share, whom no cell can answer."""
    own = Role(name="own", rights={"sales.deal.view": "own", "sales.deal.close": "own"}, groups={"money": "read"})
    own.save()
    mine, shared = make.user(None, team=life.teams[0]), make.user("sales", team=life.teams[1])
    mine.roles.add(own)
    mine.save()
    deal = make.deal(owner=life.users[0].pk, amount=5)
    Share(noun="sales.deal", row_id=deal.pk, user=shared).save()
    shared.save()
    life.users += [mine, shared]
    return [type(user).objects.get(pk=user.pk).actor() for user in life.users]


def another_pipeline() -> Stage:
    line = Pipeline(name="更新")
    line.save()
    stage = Stage(pipeline=line, name="初回", position=1, probability=15)
    stage.save()
    return stage


def condition(life: Life) -> F:
    """Some conditions by chance: half of them those of cubes, the others what not all cells can tell."""
    pick, users, line = life.chance.choice, [user.pk for user in life.users], life.stages[0].pipeline_id
    outcome, day = pick(
        (
            ("won", "closed_on"),
            ("lost", "closed_on"),
            (("won", "lost"), "closed_on"),
            ("open", "close_by"),
            (("open", "won"), "opened_on"),
        )
    )
    made = F(outcome=outcome)
    for _n in range(pick((0, 1, 1, 2))):
        made = made & F(**{f"{day}__{pick(('on', 'is', 'gte', 'gt', 'lte', 'lt'))}": pick(DAYS)})
    usual = (
        F(), F(owner="@me"), F(owner__in=(pick(users), pick(users))), F(team="@my_team"), F(owner=None), F(pipeline=line),
        F(pipeline=line, owner="@me"), F(stage=pick(life.stages).pk), F(owner__reports_to=users[0]), F(outcome="won"),
    )  # fmt: skip
    rare = (
        F(source="web"), F(amount__gte=100), F(company__industry="製造"), F(closed_on__filled=True), F(closed_on__empty=True),
        ~F(closed_on__gte="2026-10-10"), F(closed_on__on="2026-09") | F(owner="@me"), F(category="commit"), ~F(outcome="won"),
        F(closed_on__filled=True) & F(closed_on__lt="2026-11-03"), F(loss_reason__filled=True),
    )  # fmt: skip
    return made & pick((pick(usual), pick(usual), pick(usual), pick(rare)))


def told(actor: Actor, conditions: list[F], by: str, total: str) -> list[tuple[Any, ...]] | None:
    found = sums(Deal, actor, DEALS.vocabulary(actor), When.now(actor), conditions, by, total)
    return None if found is None else found.told(list(found.rows()))


def true(actor: Actor, conditions: list[F], by: str, total: str) -> list[tuple[Any, ...]]:
    """The same of the rows, one by one."""
    found = []
    for at, where in enumerate(conditions):
        groups: dict[Any, list[int]] = {}
        for value, amount in narrowed(DEALS, actor, State(where=where)).values_list(
            by or "currency", total or "version"
        ):
            groups.setdefault(value if by else None, []).append(amount or 0)
        found += [(at, value, len(rows), *([sum(rows)] if total else [])) for value, rows in groups.items()]
    return found


def compare(life: Life, actors: list[Actor], times: int) -> int:
    """Gives how many questions cells have answered."""
    answered = 0
    for _n in range(times):
        actor = life.chance.choice(actors)
        conditions = [condition(life) for _m in range(life.chance.choice((1, 1, 2)))]
        by, total = life.chance.choice(("", "", "", "stage", "outcome", "owner")), life.chance.choice(("", "amount"))
        known = told(actor, conditions, by, total)
        if known is not None:
            answered += 1
            assert sorted(known, key=repr) == sorted(true(actor, conditions, by, total), key=repr), (actor, conditions)
    return answered


def boards(life: Life, actors: list[Actor]) -> None:
    """Heads and ends of boards, of cells and of rows."""
    pick = life.chance.choice
    filters = (
        F(), F(owner="@me"), F(team=pick(life.teams).pk), F(pipeline=pick(life.stages).pipeline_id), F(close_by__on="@this_month"),
        F(owner__in=tuple(user.pk for user in life.users[:2])), F(pipeline=life.stages[0].pipeline_id, owner="@me"), F(source="web"),
        F(owner=None), ~F(owner="@me"), F(owner="@me") | F(team=life.teams[0].pk),
    )  # fmt: skip
    for actor in actors:
        where = pick(filters)
        assert figures(actor, where) == figures(actor, where, rows=True), where


def figures(actor: Actor, where: F, rows: bool = False) -> Any:
    """Heads and ends of a board, sums of nothing as 0."""
    assert DEALS.board is not None
    made = Drawn(DEALS, DEALS.board, actor, State(where=where), Look.of(actor))
    if rows:
        with rows_only():
            heads, ends = alone(made.read_heads()), alone(made.read_ends())
    else:
        heads, ends = alone(made.read_heads()), alone(made.read_ends())
    return (
        {lane: {name: value or 0 for name, value in one.items()} for lane, one in heads.items()},
        [(n, amount or 0) for n, amount in ends],
    )


@pytest.mark.parametrize("seed", range(12 if FULL else 1))
def test_whatever_happens_cells_and_rows_add_up_alike(seed: int, tmp_path: Any) -> None:
    life = Life(seed, tmp_path)
    life.stages.append(another_pipeline())
    actors, answered = seen_by(life), 0
    for _n in range(10):
        for _m in range(5):
            try:
                with transaction.atomic():
                    life.chance.choice((*STEPS, add_deal, end_deal, end_deal))(life)
            except Refusal:
                pass
        answered += compare(life, actors, 15)
        boards(life, actors)
    assert answered > 40


def test_ends_of_a_board_follow_changes_of_the_same_day(tmp_path: Any) -> None:
    life = Life(11, tmp_path)
    boss, deals = life.users[0].actor(), [make.deal(amount=100 + n, owner=life.users[1].pk) for n in range(4)]
    today = datetime.now(boss.zone).date()
    assert figures(boss, F())[1] == [(0, 0), (0, 0)]
    won(deals[0], today)
    won(deals[1], today)
    lost(deals[2], today)
    assert figures(boss, F())[1] == [(2, 201), (1, 102)]
    keep.merge()
    Deal.every.filter(pk=deals[1].pk).update(amount=7)
    assert figures(boss, F())[1] == [(2, 107), (1, 102)]
    Deal.every.filter(pk=deals[0].pk).update(closed_on=today - timedelta(400))
    Deal.every.filter(pk=deals[2].pk).update(removed_at=datetime.now(UTC))
    assert figures(boss, F())[1] == [(1, 7), (0, 0)]
    assert figures(life.users[1].actor(), F())[1] == [(1, 7), (0, 0)]
    assert figures(life.users[2].actor(), F())[1] == [(0, 0), (0, 0)]
    assert figures(boss, F(owner=life.users[2].pk))[1] == [(0, 0), (0, 0)]
    assert figures(boss, ~F(owner=life.users[1].pk))[1] == [(0, 0), (0, 0)]
    assert figures(boss, F(owner=life.users[1].pk) | F(owner=None))[1] == [(1, 7), (0, 0)]


def test_imports_by_hand_and_what_is_taken_back_count_at_once(tmp_path: Any) -> None:
    life = Life(12, tmp_path)
    actors = seen_by(life)
    for step in (add_deal, bring_in, end_deal, by_hand, half_done, bring_in, end_deal, by_hand):
        step(life)
        boards(life, actors)


def test_heads_and_ends_of_boards_read_no_rows(tmp_path: Any) -> None:
    """Whoever looks at all, a team's or their own deals, on all boards that are a click away."""
    life = Life(13, tmp_path)
    life.stages.append(another_pipeline())
    *actors, shared = seen_by(life)
    filters = (
        F(), F(owner="@me"), F(owner__in=(1, 2)), F(team="@my_team"), F(pipeline=life.stages[0].pipeline_id),
        F(pipeline=life.stages[0].pipeline_id, owner="@me"), F(pipeline=life.stages[-1].pipeline_id, team="@my_team"),
    )  # fmt: skip
    with CaptureQueriesContext(connection) as seen:
        for actor in actors:
            for where in filters:
                figures(actor, where)
    assert [q["sql"] for q in seen if '"sales_deal"' in q["sql"]] == []
    with CaptureQueriesContext(connection) as seen:
        figures(shared, F())
    assert [q["sql"] for q in seen if '"sales_deal"' in q["sql"]] != []


def test_a_board_without_rows_believes_the_cells(tmp_path: Any) -> None:
    make.firm()
    boss = make.actor("admin")
    figures(boss, F())
    with CaptureQueriesContext(connection) as seen:
        assert figures(boss, F()) == ({}, [(0, 0), (0, 0)])
    assert len([q for q in seen if "cube_deal" in q["sql"]]) == 2
    assert [q["sql"] for q in seen if '"sales_deal"' in q["sql"] or "to_regclass" in q["sql"]] == []


def test_cells_of_another_declaration_are_not_taken_for_right(tmp_path: Any) -> None:
    """Even when this process still believes in them, and when none of them is asked for."""
    life = Life(14, tmp_path)
    boss, deal = life.users[0].actor(), make.deal(amount=100)
    won(deal, TODAY)
    make.deal(amount=50)
    known = figures(boss, F())
    for name in ("deal_closed", "deal_waiting"):
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE cube_state SET mark = 'other' WHERE name = '{name}'")
            cursor.execute(f"DELETE FROM cube_{name}_new")
            cursor.execute(f"DELETE FROM cube_{name}")
        assert figures(boss, F()) == known == figures(boss, F(), rows=True)
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM cube_state WHERE name = '{name}'")
        assert figures(boss, F()) == known


def test_what_is_hidden_from_the_actor_is_not_counted_by(tmp_path: Any) -> None:
    life = Life(15, tmp_path)
    blind = Actor(user_id=life.users[1].pk, rights=life.users[1].actor().rights, groups={})
    assert told(blind, [F(outcome="won", amount__gte=1)], "", "") is None
