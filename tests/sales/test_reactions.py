from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from tests import make

from noren.activity.actions.activity import With, finish_step, log_activity, plan_step
from noren.activity.actions.mirror import differences
from noren.core.access.actor import HOUSE
from noren.core.action.plain import change

pytestmark = pytest.mark.django_db


def read(row: Any) -> Any:
    return type(row).every.get(pk=row.pk)


def test_a_deal_shows_its_next_step_and_last_contact_without_a_new_version() -> None:
    make.firm()
    deal = make.deal()
    step = plan_step(
        timezone.now() + timedelta(minutes=1), by=HOUSE, kind="visit", subject="訪問", about=With.row(deal)
    )
    log_activity("note", "x", by=HOUSE, about=With.row(deal))

    shown = read(deal)
    assert (shown.next_step, shown.next_step_at, shown.last_touch_at, shown.version) == (
        "訪問",
        step.due_at,
        None,
        deal.version,
    )

    finish_step(step, by=HOUSE)
    shown = read(deal)
    assert (shown.next_step, shown.next_step_at, shown.last_touch_at, shown.version) == (
        "",
        None,
        read(step).done_at,
        deal.version,
    )


def test_open_steps_follow_the_deal_to_its_new_company_and_what_was_done_stays() -> None:
    make.firm()
    old, new = make.company(), make.company()
    deal = make.deal(company=old)
    call = log_activity("call", "x", by=HOUSE, about=With.row(deal))
    plan_step(timezone.now() + timedelta(days=1), by=HOUSE, subject="提案", about=With.row(deal))

    change(deal, {"company": new.pk}, by=HOUSE)

    assert [read(row).next_step for row in (old, new)] == ["", "提案"]
    assert [read(row).last_touch_at for row in (old, new)] == [call.happened_at, None]
    assert differences() == []
