"""Spans of a firm that upgrades get the day of closing that they would have been given."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone
from tests import make

from noren.core.access.actor import HOUSE
from noren.core.action.plain import change
from noren.sales.actions.deal import lose_deal, reopen_deal, win_deal
from noren.sales.models import Deal, DealSpan, LossReason

fill = import_module("noren.sales.migrations.0012_days_of_closing").fill


def test_each_closing_gets_its_own_day_back(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    make.firm()
    reason = LossReason.every.first()
    assert reason is not None
    deal = make.deal(opened_on=date(2026, 1, 1), amount=10)
    make.deal(opened_on=date(2026, 1, 1))

    def on(month: int, day: int, hour: int = 3) -> Deal:
        monkeypatch.setattr(timezone, "now", lambda: datetime(2026, month, day, hour, tzinfo=UTC))
        found: Deal = Deal.every.get(pk=deal.pk)
        return found

    win_deal(on(3, 10), by=HOUSE, won_on=date(2026, 3, 5))
    change(on(3, 12), {"amount": 20}, by=HOUSE)
    reopen_deal(on(4, 1), by=HOUSE)
    win_deal(on(4, 2), by=HOUSE, won_on=date(2026, 3, 31))
    reopen_deal(on(4, 3), by=HOUSE)
    lose_deal(on(5, 1, 16), by=HOUSE, lost_on=date(2026, 5, 2), reason=reason)  # one in the morning in Tokyo
    reopen_deal(on(6, 1), by=HOUSE)
    for end in (date(2026, 6, 2), None):
        if end:
            win_deal(on(6, 5), by=HOUSE, won_on=end)
            change(on(6, 6), {"amount": 30}, by=HOUSE)
        else:
            reopen_deal(on(6, 7), by=HOUSE)
        stood = list(DealSpan.objects.order_by("pk").values_list("pk", "outcome", "closed_on"))
        DealSpan.objects.update(closed_on=None)
        fill(apps, None)
        assert list(DealSpan.objects.order_by("pk").values_list("pk", "outcome", "closed_on")) == stood
    days = [day for _pk, outcome, day in stood if outcome != "open"]
    assert days == [date(2026, 3, 5)] * 2 + [date(2026, 3, 31), date(2026, 5, 2), date(2026, 6, 2), date(2026, 6, 2)]
