"""Cases in which numbers were once wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import translation
from tests import make
from tests.core.metric.world import TODAY, won

from noren.core.access.actor import HOUSE
from noren.core.action.plain import change
from noren.core.base.period import Period
from noren.core.filter.condition import F
from noren.core.metric.ask import ask
from noren.core.metric.cube.read import rows_only
from noren.core.metric.declare import METRICS
from noren.core.metric.names import typed_filter
from noren.core.metric.question import CannotAsk
from noren.core.metric.rows import rows
from noren.core.record.declare import record_of
from noren.core.record.intake import run as intake
from noren.core.record.intake.undo import undo
from noren.sales.actions.deal import Line, move_deal, set_lines
from noren.sales.models import Deal

pytestmark = pytest.mark.django_db
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))


def _with_lines(opened: date | None) -> tuple[Deal, list[int]]:
    made = make.deal(opened_on=opened, amount=500)
    products = [make.product(family="文具").pk, make.product(family="文具").pk]
    lines = [Line(product, "", Decimal(1), Decimal(100)) for product in (*products, products[0])]
    set_lines(Deal.every.get(pk=made.pk), by=HOUSE, lines=lines)
    return Deal.every.get(pk=made.pk), products


def test_a_deal_with_several_lines_is_one_deal_and_lacks_something_once() -> None:
    make.firm()
    boss = make.actor("admin")
    _with_lines(date(2026, 9, 1))
    _with_lines(None)
    for grain in (None, "quarter"):
        for name in ("open_deals", "open_amount"):
            asked = ask(name, "2026-01-01..2099-12-31", actor=boss, by=("product_family",), grain=grain)
            assert (asked.total.n, asked.total.missing) == (1, 1), (name, grain)
            assert asked.total.value == (1 if name == "open_deals" else 300)
    opened = ask("opened_deals", actor=boss, by=("product",))
    assert (opened.total.n, opened.total.missing) == (1, 1)


def test_records_that_lack_something_are_listed_once() -> None:
    make.firm()
    boss = make.actor("admin")
    _deal, products = _with_lines(None)
    where = F(product=products[0])
    assert ask("open_amount", actor=boss, where=where, today=TODAY).total.missing == 1
    assert rows("open_amount", actor=boss, where=where, part="missing", today=TODAY).rows.count() == 1


def test_a_stay_is_as_long_as_it_was_however_many_lines_have_the_product() -> None:
    make.firm()
    boss = make.actor("admin")
    deal, products = _with_lines(date(2026, 9, 1))
    won(deal, date(2026, 9, 11))
    lengths = [ask("stage_duration", actor=boss, where=F(product=product)).total.value for product in products]
    assert lengths == [10, 10]


def test_velocity_by_months_has_the_open_deals_of_the_last_day_in_its_total() -> None:
    make.firm()
    boss = make.actor("admin")
    won(make.deal(opened_on=date(2026, 9, 1), amount=100), date(2026, 9, 11))
    make.deal(opened_on=date(2026, 9, 1), amount=100)
    total = ask("velocity", YEAR, actor=boss, grain="month", today=TODAY).total
    assert total.value == ask("velocity", YEAR, actor=boss, today=TODAY).total.value == 10


def test_time_in_a_stage_is_filtered_by_the_owner_by_whom_it_is_broken_down() -> None:
    make.firm()
    boss, first, second = make.actor("admin"), make.user(), make.user()
    deal = make.deal(opened_on=date(2026, 9, 1), owner=first.pk)
    change(Deal.every.get(pk=deal.pk), {"owner": second.pk}, by=HOUSE)
    (cell,) = ask("stage_duration", actor=boss, by=("owner",)).cells
    for owner, n in ((first.pk, 0), (second.pk, 1)):
        assert ask("stage_duration", actor=boss, where=F(owner=owner)).total.n == n
    assert cell.n == rows("stage_duration", actor=boss, cell=cell).rows.count() == 1


def test_records_behind_time_in_stages_are_those_that_came_to_any_stage_in_the_period() -> None:
    make.firm()
    boss, stages = make.actor("admin"), make.stages()
    deal = make.deal(stage=stages[0], opened_on=date(2026, 1, 1))
    move_deal(Deal.every.get(pk=deal.pk), by=HOUSE, stage=stages[1])
    for period in ("2026-02-01..2099-12-31", "2026-02-01.."):
        assert ask("stage_duration", period, actor=boss).total.n == 1
        assert rows("stage_duration", period, actor=boss).rows.count() == 1


def test_stages_left_out_of_a_conversion_are_left_out() -> None:
    make.firm()
    boss, stages = make.actor("admin"), make.stages()
    make.deal(stage=stages[1], opened_on=date(2026, 9, 1))
    cells = ask("stage_conversion", actor=boss, where=F(stage__not=stages[0].pk)).cells
    assert [cell.key for cell in cells] == [(stages[1].pk,)]
    assert ask("stage_conversion", actor=boss, where=F(stage__filled=True)).total.n == 2  # passed over the first
    with pytest.raises(CannotAsk, match="stage"):
        ask("stage_conversion", actor=boss, where=F(stage=stages[0].pk) | F(source="web"))


def test_a_day_to_come_is_not_told_of() -> None:
    make.firm()
    with pytest.raises(CannotAsk):
        ask("open_deals", actor=make.actor("admin"), as_of=date(2099, 1, 1))


def test_conditions_may_be_written_as_screens_call_things() -> None:
    make.firm()
    boss = make.actor("admin")
    seller = make.user(name="佐藤 美咲")
    with translation.override("ja"):
        where = typed_filter(METRICS["revenue"], ["自社担当=佐藤 美咲", "結果=受注"], boss)
        assert where == F(owner=seller.pk) & F(outcome="won")
        for wrong in ("結果=大勝", "自社担当=だれか", "色=赤"):
            with pytest.raises(CannotAsk):
                typed_filter(METRICS["revenue"], [wrong], boss)
    assert typed_filter(METRICS["revenue"], ["outcome=won"], boss) == F(outcome="won")


@pytest.mark.parametrize(("text", "word"), [("someday", "FY2026"), ("2026-05-01..2026-04-01", "ends before")])
def test_what_is_no_period_is_told_what_one_is(text: str, word: str) -> None:
    make.firm()
    with pytest.raises(CannotAsk) as told, translation.override("en"):
        ask("revenue", text, actor=make.actor("admin"))
    with translation.override("en"):
        assert word in str(told.value)


def test_a_stage_that_was_corrected_away_was_never_stayed_in() -> None:
    """Moved today, then told that it was won before that."""
    make.firm()
    boss, stages = make.actor("admin"), make.stages()
    deal = make.deal(stage=stages[0], opened_on=date(2026, 9, 1), amount=100)
    move_deal(Deal.every.get(pk=deal.pk), by=HOUSE, stage=stages[2])
    won(deal, date(2026, 9, 11))
    cells = ask("stage_duration", actor=boss).cells
    assert [(cell.key, cell.value) for cell in cells] == [((stages[0].pk,), 10)]


def test_a_win_that_an_import_tells_of_is_dated_and_goes_again_with_it(tmp_path: Path) -> None:
    """A deal brought in as open and brought in again as won in March is not open in April, until that is taken back."""
    make.firm()
    boss = make.actor("admin")
    for n, end in enumerate(("100,進行中,", "150,受注,2026-03-10")):
        path = tmp_path / f"{n}.csv"
        path.write_text(f"商談名,発生日,外部ID,金額,結果,決着日\n件,2026-01-05,X1,{end}", encoding="utf-8")
        run = intake.begin(record_of("sales.deal"), path, path.name, boss)
        intake.carry_out(run, boss)
    days = [date(2026, 3, 9), date(2026, 3, 10), date(2026, 10, 1)]
    told = [ask("open_amount", actor=boss, as_of=day).total.num for day in days]
    assert told == [100, 0, 0]
    run.refresh_from_db()
    undo(run, boss)
    assert [ask("open_amount", actor=boss, as_of=day).total.num for day in days] == [100, 100, 100]
    assert ask("open_amount", actor=boss).total.value == 100


def test_not_in_a_stage_is_asked_of_the_day_and_not_of_all_history() -> None:
    """A deal that came to the stage later was not there then."""
    make.firm()
    boss, stages = make.actor("admin"), make.stages()
    deal = make.deal(opened_on=date(2026, 9, 1), amount=100, stage=stages[0])
    deal.spans.update(from_at=datetime(2026, 9, 1, tzinfo=UTC))
    move_deal(deal, by=HOUSE, stage=stages[1])
    with rows_only():
        told = ask("open_deals", as_of=date(2026, 10, 1), where=F(stage__not=stages[1].pk), actor=boss)
    assert told.total.value == 1
