"""Numbers of sales that history alone can tell: each test begins with a firm without deals."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tests import make
from tests.core.metric.world import TODAY, won

from noren.core.access.actor import HOUSE
from noren.core.metric.ask import ask
from noren.sales.actions.deal import move_deal
from noren.sales.models import Deal, DealSpan


def test_a_move_today_does_not_change_last_month(db: None) -> None:
    make.firm()
    boss, stages = make.actor("admin"), make.stages()
    deal = make.deal(stage=stages[0], opened_on=date(2026, 9, 1), amount=100)
    move_deal(Deal.every.get(pk=deal.pk), by=HOUSE, stage=stages[2])
    then = ask("open_amount", actor=boss, by=("stage",), as_of=date(2026, 9, 30), today=TODAY + timedelta(2))
    now = ask("open_amount", actor=boss, by=("stage",))
    assert [(c.key[0], c.value) for c in then] == [(stages[0].pk, 100)]
    assert [(c.key[0], c.value) for c in now] == [(stages[2].pk, 100)]


def test_as_it_was_known_then(db: None) -> None:
    """A win that was written down late does not count in what was known before."""
    make.firm()
    boss = make.actor("admin")
    deal = make.deal(opened_on=date(2026, 8, 1), amount=500)
    won(deal, date(2026, 9, 1))
    DealSpan.objects.filter(row=deal, outcome="open").update(recorded_at=datetime(2026, 8, 1, tzinfo=UTC))
    known = date(2026, 10, 1)
    assert ask("revenue", actor=boss).total.value == 500
    assert ask("revenue", actor=boss, known_on=known).total.value == 0
    assert ask("open_deals", actor=boss, as_of=date(2026, 9, 30)).total.value == 0
    assert ask("open_deals", actor=boss, as_of=date(2026, 9, 30), known_on=known).total.value == 1


def test_open_deals_are_censored(db: None) -> None:
    make.firm()
    boss = make.actor("admin")
    for days in (10, 20, 30):
        won(make.deal(opened_on=date(2026, 6, 1), amount=1), date(2026, 6, 1) + timedelta(days))
    make.deal(opened_on=date(2026, 6, 1))
    total = ask("time_to_close_km", actor=boss, as_of=date(2026, 6, 25)).total
    assert (total.value, total.num, total.n) == (20, 2, 4)


def test_stages_passed_over_count_as_passed(db: None) -> None:
    make.firm()
    boss, stages = make.actor("admin"), make.stages()
    jumper = make.deal(stage=stages[0], opened_on=date(2026, 9, 1))
    move_deal(Deal.every.get(pk=jumper.pk), by=HOUSE, stage=stages[2])
    make.deal(stage=stages[0], opened_on=date(2026, 9, 1))
    cells = {c.key[0]: (c.num, c.den) for c in ask("stage_conversion", actor=boss).cells}
    assert cells[stages[0].pk] == (1, 2)
    assert cells[stages[1].pk] == (1, 1)
    assert cells[stages[2].pk] == (0, 1)
    assert stages[3].pk not in cells
