"""The numbers of sales, said by hand for a small firm."""

from __future__ import annotations

from copy import deepcopy
from datetime import date

import pytest
from tests import make
from tests.core.metric.world import TODAY, World, build, lost

from noren.core.access.actor import HOUSE
from noren.core.action.plain import remove
from noren.core.base.errors import Forbidden, Refusal
from noren.core.base.period import Period
from noren.core.filter.condition import F
from noren.core.metric.ask import ask, series
from noren.core.metric.declare import METRICS
from noren.core.metric.names import typed_filter
from noren.core.metric.rows import rows, rows_url
from noren.sales.actions.deal import reopen_deal
from noren.sales.models import Deal

FY26 = Period(date(2026, 4, 1), date(2027, 3, 31))


@pytest.fixture(scope="module")
def built(module_rows: None) -> World:
    return build()


@pytest.fixture
def world(built: World, db: None) -> World:
    return deepcopy(built)


def test_win_rate_counts_decided_deals_alone(world: World) -> None:
    total = ask("win_rate_count", "FY2026", actor=world.boss, today=TODAY).total
    assert (total.num, total.den, total.value) == (3, 5, 0.6)
    assert total.low == pytest.approx(0.2307, abs=1e-3)
    assert total.high == pytest.approx(0.8824, abs=1e-3)


def test_win_rate_by_value_uses_list_prices_where_known(world: World) -> None:
    total = ask("win_rate_value", "FY2026", actor=world.boss, today=TODAY).total
    assert (total.num, total.den) == (1500 + 5000 + 1200, 1500 + 5000 + 1200 + 3000)
    assert total.missing == 1  # the lost deal that never had an amount


def test_average_size_shows_the_median_beside(world: World) -> None:
    total = ask("avg_deal_size", "FY2026", actor=world.boss, today=TODAY).total
    assert total.value == pytest.approx((900 + 5000 + 1200) / 3)
    assert total.more["median"] == 1200


def test_a_cycle_needs_a_day_of_opening(world: World) -> None:
    total = ask("sales_cycle", "FY2026", actor=world.boss, today=TODAY).total
    assert total.value == pytest.approx((30 + 81) / 2)
    assert (total.n, total.missing) == (2, 1)
    assert [d.title for d in rows("sales_cycle", "FY2026", actor=world.boss, part="missing", today=TODAY).rows] == ["e"]


def test_a_fiscal_year_ends_with_march(world: World) -> None:
    assert ask("won_deals", "FY2025", actor=world.boss, today=TODAY).total.value == 1  # closed on 31 March 2026
    cells = ask(
        "won_deals", Period(date(2026, 1, 1), date(2026, 6, 30)), actor=world.boss, grain="year", today=TODAY
    ).cells
    assert [(c.bucket.part.first if c.bucket else None, c.value) for c in cells] == [
        (date(2026, 1, 1), 1),
        (date(2026, 4, 1), 2),
    ]


def test_a_leap_day_is_a_day(world: World) -> None:
    cells = ask(
        "won_deals", Period(date(2024, 2, 28), date(2024, 3, 1)), actor=world.boss, grain="day", today=TODAY
    ).cells
    assert [c.value for c in cells] == [0, 1, 0]
    assert ask("sales_cycle", "2024-02", actor=world.boss, today=TODAY).total.value == 1


def test_half_past_eleven_at_night_belongs_to_the_day_that_ends(world: World) -> None:
    cells = ask(
        "activity_count",
        Period(date(2026, 10, 1), date(2026, 11, 30)),
        actor=world.boss,
        grain="month",
        by=("kind",),
        today=TODAY,
    ).cells
    found = {(c.key[0], c.bucket.key.month if c.bucket else 0): c.value for c in cells}
    assert found == {("call", 10): 1, ("call", 11): 0, ("visit", 10): 0, ("visit", 11): 1}


def test_a_task_counts_once_it_is_done(world: World) -> None:
    assert ask("activity_count", actor=world.boss, where=F(kind="task"), today=TODAY).total.value == 0


def test_products_share_a_deal(world: World) -> None:
    cells = {c.key[0]: c for c in ask("revenue", "FY2026", actor=world.boss, by=("product",), today=TODAY).cells}
    pens, ink = world.products
    assert float(cells[pens.pk].value or 0) == pytest.approx(700)
    assert float(cells[ink.pk].value or 0) == pytest.approx(200)
    assert sum(c.value or 0 for c in cells.values()) == 7100
    assert cells[None].value == 5000 + 1200
    assert cells[None].label == "—"


def test_open_deals_on_a_day_come_from_history(world: World) -> None:
    def told(day: date) -> tuple[object, object]:
        total = ask("open_deals", actor=world.boss, as_of=day, today=TODAY).total
        return total.value, total.missing

    assert told(date(2026, 4, 9))[0] == 1  # a
    assert told(date(2026, 5, 1))[0] == 1  # a was won that day, c opened and lost on it; b is open
    assert told(TODAY) == (2, 1)  # f and g; nobody knows when h began


def test_a_cohort_as_of_a_past_day(world: World) -> None:
    period = Period(date(2026, 4, 1), date(2026, 6, 30))
    by_now = {k: ask(f"cohort_{k}", period, actor=world.boss, today=TODAY).total.value for k in ("won", "lost", "open")}
    then = {
        k: ask(f"cohort_{k}", period, actor=world.boss, as_of=date(2026, 6, 30), today=TODAY).total.value
        for k in ("won", "lost", "open")
    }
    assert by_now == {"won": 2, "lost": 2, "open": 0}
    assert then == {"won": 2, "lost": 1, "open": 1}


def test_a_reopened_deal_is_open_again_and_keeps_its_start(world: World) -> None:
    before = ask("won_deals", actor=world.boss).total.value
    reopen_deal(Deal.every.get(pk=world.deals["b"].pk), by=HOUSE)
    assert ask("won_deals", actor=world.boss).total.value == before - 1  # type: ignore[operator]
    assert "b" in [d.title for d in rows("open_deals", actor=world.boss).rows]


def test_a_deal_in_the_bin_counts_nowhere(world: World) -> None:
    before = ask("revenue", actor=world.boss).total.value
    remove(Deal.every.get(pk=world.deals["b"].pk), by=HOUSE)
    assert ask("revenue", actor=world.boss).total.value == before - 5000  # type: ignore[operator]


def test_a_running_period_is_compared_equally_far(world: World) -> None:
    answer = ask("won_deals", "2026-05", actor=world.boss, compare="previous", today=date(2026, 5, 10))
    assert (answer.question.period.last, answer.compared) == (
        date(2026, 5, 10),
        Period(date(2026, 4, 1), date(2026, 4, 10)),
    )
    assert (answer.total.value, answer.total.before and answer.total.before.value) == (1, 0)


def test_months_that_overlap_are_one_question(world: World) -> None:
    year = Period(date(2026, 1, 1), date(2026, 12, 31))
    may = Period(date(2026, 5, 1), date(2026, 5, 31))
    cells = series(["revenue", "win_rate_count"], [year, may], actor=world.boss, today=TODAY)
    assert [c.value for c in cells["revenue"]] == [7140, 900]
    assert [c.value for c in cells["win_rate_count"]] == [4 / 6, 0.5]


def test_owners_names_can_be_typed(world: World) -> None:
    where = typed_filter(METRICS["revenue"], [f"owner={world.seller.name}"], world.boss)
    close = "".join(world.seller.name.split())
    assert typed_filter(METRICS["revenue"], [f"owner={close}"], world.boss) == where
    assert typed_filter(METRICS["revenue"], [f"owner={close[:1]}\u3000{close[1:]}"], world.boss) == where
    assert ask("revenue", "FY2026", actor=world.boss, where=where, today=TODAY).total.value == 900 + 1200
    with pytest.raises(Refusal, match="nobody"):
        typed_filter(METRICS["revenue"], ["owner=nobody"], world.boss)


def test_each_number_links_to_a_list_or_its_own_rows(world: World) -> None:
    total = ask("won_deals", "FY2026", actor=world.boss, today=TODAY).total
    assert rows_url(total) == "/sales/deals/?outcome=won&closed_on__gte=2026-04-01&closed_on__lte=2027-03-31"
    past = ask("open_deals", actor=world.boss, as_of=date(2026, 5, 1), today=TODAY).total
    assert rows_url(past) == "/metrics/open_deals/rows/?as_of=2026-05-01"


@pytest.mark.parametrize(
    "question",
    [
        {"metric": "no_such_number"},
        {"metric": "revenue", "by": ("loss_reason",)},
        {"metric": "revenue", "by": ("product", "product_family")},
        {"metric": "revenue", "grain": "fortnight"},
        {"metric": "revenue", "basis": "paid"},
        {"metric": "revenue", "period": "someday"},
        {"metric": "revenue", "where": F(secret=1)},
        {"metric": "revenue", "compare": "previous"},
    ],
)
def test_a_question_without_sense_is_refused_with_what_is_possible(world: World, question: dict[str, object]) -> None:
    with pytest.raises(Refusal) as no:
        ask(**question, actor=world.boss)  # type: ignore[arg-type]
    assert str(no.value)


def test_money_is_told_only_to_those_who_may_see_it(world: World) -> None:
    from dataclasses import replace

    from noren.core.access.rights import Touch

    blind = replace(world.seller, groups={"money": Touch.HIDDEN})
    for name in ("revenue", "avg_deal_size", "win_rate_value", "velocity", "open_amount", "discount_rate"):
        with pytest.raises(Forbidden):
            ask(name, actor=blind)
    assert ask("won_deals", actor=blind).total.value is not None
    with pytest.raises(Refusal):
        ask("won_deals", actor=blind, where=F(amount__gte=1))


def test_a_seller_counts_own_deals(world: World) -> None:
    assert ask("lost_deals", actor=world.seller).total.value == 1
    assert ask("lost_deals", actor=world.boss).total.value == 2
    lost(make.deal(owner=world.other.user_id, opened_on=date(2026, 9, 1)), date(2026, 9, 2))
    assert ask("lost_deals", actor=world.seller).total.value == 1
