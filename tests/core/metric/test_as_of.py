"""What happened is told as it stood on a day, and as it was known on it, whatever became of it since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from tests import make
from tests.contract.calls import Program

from noren.core.access.actor import HOUSE, Actor
from noren.core.action.plain import change
from noren.core.metric.ask import ask
from noren.core.metric.rows import rows
from noren.core.metric.sql import NoHistory
from noren.core.record.declare import record_of
from noren.core.record.intake import run as intake
from noren.core.record.intake.undo import undo
from noren.sales.actions.deal import lose_deal, move_deal, reopen_deal, win_deal
from noren.sales.models import Deal, LossReason

pytestmark = pytest.mark.django_db
MARCH = "2026-03"
Clock = Callable[[date], None]


def day(month: int, of_month: int) -> date:
    return date(2026, month, of_month)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the day; it is noon in Tokyo."""
    moment = [datetime(2026, 1, 5, 3, tzinfo=UTC)]
    make.clock(monkeypatch, lambda: moment[0])
    make.firm()

    def turn(to: date) -> None:
        moment[0] = datetime(to.year, to.month, to.day, 3, tzinfo=UTC)

    return turn


@pytest.fixture
def boss(clock: Clock) -> Actor:
    return make.user("admin").actor()


def again(deal: Deal) -> Deal:
    found: Deal = Deal.every.get(pk=deal.pk)
    return found


def lose(deal: Deal, on: date) -> None:
    reason = LossReason.every.first()
    assert reason is not None
    lose_deal(again(deal), by=HOUSE, lost_on=on, reason=reason)


def told(metric: str, boss: Actor, period: str | None = None, **options: Any) -> Any:
    return ask(metric, period, actor=boss, today=timezone.now().date(), **options).total.value


def both(day: date) -> list[dict[str, date]]:
    """As of a day, as known on it, and as it was known on it of that day."""
    return [{"as_of": day}, {"known_on": day}, {"as_of": day, "known_on": day}]


def test_won_reopened_and_lost_is_each_in_its_time(clock: Clock, boss: Actor) -> None:
    deal = make.deal(opened_on=day(1, 10), amount=700)
    clock(day(3, 10))
    win_deal(again(deal), by=HOUSE, won_on=day(3, 10))
    clock(day(4, 8))
    reopen_deal(again(deal), by=HOUSE)
    clock(day(5, 20))
    lose(deal, day(5, 20))
    clock(day(6, 1))
    for when in both(day(3, 31)):
        assert told("revenue", boss, MARCH, **when) == 700
        assert told("win_rate_count", boss, **when) == told("win_rate_value", boss, **when) == 1
        assert told("avg_deal_size", boss, **when) == 700
        assert told("sales_cycle", boss, **when) == 59
        assert told("cohort_won", boss, **when) == 1
        assert told("time_to_close_km", boss, **when) == 59
        assert told("time_to_win_cif", boss, **when) == 1
        assert told("lost_deals", boss, **when) == told("open_deals", boss, **when) == 0
    for when in both(day(4, 30)):
        assert told("win_rate_count", boss, **when) is None
        assert told("revenue", boss, **when) == told("lost_deals", boss, **when) == 0
        assert told("cohort_open", boss, **when) == told("open_deals", boss, **when) == 1
        assert told("time_to_close_km", boss, **when) is None
    for when in [{}, *both(day(5, 31))]:
        assert told("win_rate_count", boss, **when) == 0
        assert told("lost_deals", boss, "2026-05", **when) == 1
        assert told("revenue", boss, MARCH, **when) == 0
        assert told("time_to_close_km", boss, **when) == 130
        assert told("time_to_loss_cif", boss, **when) == 0  # on day 130 only


def test_velocity_is_that_of_its_day_in_every_part(clock: Clock, boss: Actor) -> None:
    make.deal(opened_on=day(1, 1), amount=1)
    deal = make.deal(opened_on=day(1, 10), amount=700)
    clock(day(1, 20))
    win_deal(again(deal), by=HOUSE, won_on=day(1, 20))
    clock(day(2, 5))
    reopen_deal(again(deal), by=HOUSE)
    for when in both(day(1, 31)):
        assert told("velocity", boss, **when) == 1 * 1 * 700 / 10
    assert told("velocity", boss, as_of=day(2, 5)) is None


def test_an_amount_that_was_changed_counts_as_it_was(clock: Clock, boss: Actor) -> None:
    deal = make.deal(opened_on=day(1, 10), amount=700)
    clock(day(3, 10))
    win_deal(again(deal), by=HOUSE, won_on=day(3, 10))
    clock(day(4, 2))
    change(again(deal), {"amount": 900}, by=HOUSE)
    clock(day(6, 1))
    for when in both(day(3, 31)):
        assert told("revenue", boss, MARCH, **when) == told("avg_deal_size", boss, MARCH, **when) == 700
    for when in [{}, *both(day(4, 2))]:
        assert told("revenue", boss, MARCH, **when) == 900
    assert told("win_rate_count", boss, as_of=day(3, 31), where=_amount(700)) == 1
    assert told("win_rate_count", boss, as_of=day(3, 31), where=_amount(900)) is None


def _amount(least: int) -> Any:
    from noren.core.filter.condition import F

    return F(amount__gte=least)


def test_a_deal_counts_for_the_owner_of_then(clock: Clock, boss: Actor) -> None:
    first, second = make.user(team=make.team("東")), make.user(team=make.team("西"))
    deal = make.deal(opened_on=day(1, 10), amount=700, owner=first.pk)
    clock(day(3, 10))
    win_deal(again(deal), by=HOUSE, won_on=day(3, 10))
    clock(day(4, 2))
    change(again(deal), {"owner": second.pk}, by=HOUSE)
    clock(day(6, 1))

    def by(name: str, **when: Any) -> list[Any]:
        return [(cell.key[0], cell.value) for cell in ask("revenue", MARCH, actor=boss, by=(name,), **when).cells]

    for when in both(day(3, 31)):
        assert by("owner", **when) == [(first.pk, 700)]
        assert by("team", **when) == [(first.team_id, 700)]
    for when in [{}, *both(day(4, 30))]:
        assert by("owner", **when) == [(second.pk, 700)]
    # Who may see it is decided by what it is today.
    team = make.user("sales", team=second.team)
    assert ask("revenue", MARCH, actor=team.actor(), as_of=day(3, 31), by=("owner",)).cells[0].key == (first.pk,)
    assert ask("revenue", MARCH, actor=make.user("sales", team=first.team).actor(), as_of=day(3, 31)).total.value == 0


def test_the_records_behind_it_add_up_and_show_what_they_were(clock: Clock, boss: Actor) -> None:
    first, second = make.user(name="前任"), make.user(name="後任")
    changed = make.deal(title="甲", opened_on=day(1, 10), amount=700, owner=first.pk)
    undone = make.deal(title="乙", opened_on=day(1, 10), amount=50, owner=first.pk)
    clock(day(3, 10))
    for deal in (changed, undone):
        win_deal(again(deal), by=HOUSE, won_on=day(3, 10))
    clock(day(4, 2))
    reopen_deal(again(undone), by=HOUSE)
    change(again(changed), {"owner": second.pk, "amount": 900}, by=HOUSE)
    clock(day(6, 1))
    for metric, total in (("revenue", 750), ("win_rate_count", 2), ("avg_deal_size", 750), ("time_to_close_km", 2)):
        for when in both(day(3, 31)):
            asked = ask(metric, actor=boss, **when)
            found = rows(metric, actor=boss, cell=asked.total)
            assert found.where is None
            lines = found.as_then(list(found.rows.order_by("pk")))
            assert sum(row.counted for row in lines) == asked.total.num == total
            assert [(r.title, r.amount, r.outcome, r.owner.name) for r in lines] == [
                ("甲", 700, "won", "前任"), ("乙", 50, "won", "前任"),
            ]  # fmt: skip
    user = type(first).objects.get(pk=boss.user_id)
    client = Client()
    client.force_login(user)
    page = client.get("/metrics/revenue/rows/?period=2026-03&as_of=2026-03-31").content.decode()
    assert "前任" in page
    assert "後任" not in page
    assert "時点 2026/03/31" in page
    number = client.get("/metrics/revenue/?period=2026-03&as_of=2026-03-31&by=owner").content.decode()
    assert "750" in number
    assert "前任" in number
    assert "後任" not in number
    shown = Program.of(user).get("metrics/revenue/rows", as_of="2026-03-31")[1]["data"]
    assert [(row["amount"], row["counted"], row["outcome"]) for row in shown] == [(50, 50, "won"), (700, 700, "won")]


def test_over_months_and_without_ends(clock: Clock, boss: Actor) -> None:
    deal = make.deal(opened_on=day(1, 10), amount=700)
    clock(day(3, 10))
    win_deal(again(deal), by=HOUSE, won_on=day(2, 20))
    clock(day(4, 2))
    reopen_deal(again(deal), by=HOUSE)
    for period in ("2026-01..2026-06", None):
        cells = ask("revenue", period, actor=boss, grain="month", as_of=day(3, 31)).cells
        assert [cell.bucket.part.last for cell in cells if cell.bucket and cell.value] == [
            day(2, 28) if period else day(2, 20)
        ]
    compared = ask("revenue", MARCH, actor=boss, compare="previous", as_of=day(3, 31)).total
    assert (compared.value, compared.before and compared.before.value) == (0, 700)


def test_what_is_told_late_was_so_but_was_not_known(clock: Clock, boss: Actor) -> None:
    """A win of March that is written down in May."""
    deal = make.deal(opened_on=day(1, 10), amount=700)
    clock(day(5, 10))
    win_deal(again(deal), by=HOUSE, won_on=day(3, 10))
    clock(day(6, 1))
    assert told("revenue", boss, MARCH, as_of=day(3, 31)) == 700
    assert told("revenue", boss, MARCH, as_of=day(3, 9)) == 0
    assert told("revenue", boss, MARCH, known_on=day(3, 31)) == 0
    assert told("revenue", boss, MARCH, as_of=day(3, 31), known_on=day(5, 9)) == 0
    assert told("revenue", boss, MARCH, as_of=day(3, 31), known_on=day(5, 10)) == 700


def test_a_deal_that_came_later_was_not_there(clock: Clock, boss: Actor) -> None:
    clock(day(5, 10))
    make.deal(opened_on=day(3, 1), amount=5)
    clock(day(6, 1))
    assert told("opened_deals", boss, as_of=day(3, 31)) == 1
    assert told("opened_deals", boss, known_on=day(3, 31)) == 0
    assert told("opened_deals", boss, as_of=day(2, 28)) == 0


def _bring(tmp_path: Path, boss: Actor, line: str) -> Any:
    path = tmp_path / "deals.csv"
    path.write_text(f"商談名,発生日,外部ID,金額,結果,決着日\n{line}", encoding="utf-8")
    run = intake.begin(record_of("sales.deal"), path, path.name, boss)
    intake.carry_out(run, boss)
    run.refresh_from_db()
    return run


def test_what_an_import_tells_was_so_then_and_is_known_since(clock: Clock, boss: Actor, tmp_path: Path) -> None:
    clock(day(5, 10))
    _bring(tmp_path, boss, "件,2026-01-05,X1,150,受注,2026-03-10")
    clock(day(6, 1))
    assert told("revenue", boss, MARCH, as_of=day(3, 31)) == 150
    assert told("revenue", boss, MARCH, as_of=day(3, 9)) == 0
    assert told("cohort_open", boss, as_of=day(3, 9)) == 1
    assert told("revenue", boss, MARCH, known_on=day(5, 9)) == 0
    assert told("revenue", boss, MARCH, known_on=day(5, 10)) == 150


def test_products_that_an_import_brings_later_are_worth_something_from_then_on(
    clock: Clock, boss: Actor, tmp_path: Path
) -> None:
    product = make.product(list_price=400)
    clock(day(4, 1))
    _bring(tmp_path, boss, "件,2026-01-05,X1,,進行中,")
    clock(day(5, 1))
    path = tmp_path / "more.csv"
    path.write_text(f"商談名,外部ID,商品\n件,X1,{product.name}", encoding="utf-8")
    run = intake.begin(record_of("sales.deal"), path, path.name, boss)
    intake.carry_out(run, boss)
    clock(day(6, 1))
    open_at_list = [
        told("open_list_amount", boss, **when) for when in ({}, {"as_of": day(4, 30)}, {"as_of": day(5, 1)})
    ]
    assert open_at_list == [400, None, 400]
    assert told("open_list_amount", boss, known_on=day(4, 30)) is None
    run.refresh_from_db()
    undo(run, boss)
    assert told("open_list_amount", boss) is told("open_list_amount", boss, as_of=day(5, 1)) is None


@pytest.mark.parametrize(("wrong", "right"), [(10, 20), (20, 10)])
def test_a_wrong_day_put_right_was_wrong_all_along_but_not_known_to_be(
    clock: Clock, boss: Actor, tmp_path: Path, wrong: int, right: int
) -> None:
    clock(day(4, 1))
    _bring(tmp_path, boss, f"件,2026-01-05,X1,150,受注,2026-03-{wrong}")
    clock(day(5, 1))
    later = _bring(tmp_path, boss, f"件,2026-01-05,X1,150,受注,2026-03-{right}")
    clock(day(6, 1))

    looked_at = range(8, 23)

    def days(**known: Any) -> list[int]:
        """From which day of March on it is won, and not open."""
        won = [d for d in looked_at if told("won_deals", boss, as_of=day(3, d), **known)]
        assert [d for d in looked_at if told("open_deals", boss, as_of=day(3, d), **known)] == list(range(8, won[0]))
        return won

    assert days() == days(known_on=day(5, 1)) == [*range(right, 23)]
    assert days(known_on=day(4, 30)) == [*range(wrong, 23)]
    assert (
        told("won_deals", boss, f"2026-03-{right}") == told("won_deals", boss, f"2026-03-{right}", as_of=day(5, 2)) == 1
    )
    undo(later, boss)
    assert days() == [*range(wrong, 23)]
    assert days(known_on=day(5, 31)) == [*range(right, 23)]


def test_a_deal_that_turns_out_to_have_been_opened_earlier_was_there_earlier(clock: Clock, boss: Actor) -> None:
    clock(day(4, 1))
    deal = make.deal(amount=5, opened_on=day(4, 1))
    clock(day(4, 20))
    win_deal(again(deal), by=HOUSE, won_on=day(4, 20))
    clock(day(5, 1))
    change(again(deal), {"opened_on": day(3, 1)}, by=HOUSE)
    clock(day(6, 1))
    for known in ({}, {"known_on": day(5, 1)}):
        assert (
            told("opened_deals", boss, as_of=day(3, 1), **known)
            == told("open_deals", boss, as_of=day(3, 31), **known)
            == 1
        )
        assert told("cohort_won", boss, as_of=day(4, 20), **known) == 1
        assert told("cohort_won", boss, as_of=day(4, 19), **known) == 0
    assert told("opened_deals", boss, as_of=day(3, 31), known_on=day(4, 30)) == 0


def test_plans_of_the_past_are_not_told(clock: Clock, boss: Actor) -> None:
    make.deal(opened_on=day(1, 1), amount=5, close_by=day(7, 1))
    clock(day(6, 1))
    assert told("expected_amount", boss, "2026-07") == told("expected_amount", boss, "2026-07", as_of=day(6, 1)) == 5
    for when in both(day(5, 31)):
        with pytest.raises(NoHistory):
            told("expected_amount", boss, "2026-07", **when)


def test_moved_since_it_counts_in_its_stage_of_then(clock: Clock, boss: Actor) -> None:
    stages = make.stages()
    deal = make.deal(opened_on=day(1, 10), amount=700, stage=stages[0])
    clock(day(3, 10))
    win_deal(again(deal), by=HOUSE, won_on=day(3, 10))
    clock(day(4, 2))
    reopen_deal(again(deal), by=HOUSE)
    move_deal(again(deal), by=HOUSE, stage=stages[2])
    clock(day(5, 2))
    win_deal(again(deal), by=HOUSE, won_on=day(5, 2))
    clock(day(6, 1))

    def stage(**when: Any) -> list[Any]:
        return [(cell.key[0], cell.value) for cell in ask("won_deals", actor=boss, by=("stage",), **when).cells]

    assert stage(as_of=day(3, 31)) == [(stages[0].pk, 1)]
    assert stage() == stage(as_of=day(5, 31)) == [(stages[2].pk, 1)]
