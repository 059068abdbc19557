"""A card that slipped into another stage and was put back at once was never there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from tests import make

from noren.core.access.actor import HOUSE
from noren.core.metric.ask import ask
from noren.sales.actions.deal import move_deal
from noren.sales.models import Deal, DealSpan
from noren.sales.models.deal import SLIP

pytestmark = pytest.mark.django_db
Wait = Callable[[timedelta], None]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    moment = [datetime(2026, 11, 2, 3, tzinfo=UTC)]
    make.clock(monkeypatch, lambda: moment[0])
    make.firm()

    def on(time: timedelta) -> None:
        moment[0] += time

    return on


def stays(deal: Deal) -> list[tuple[str, datetime]]:
    lasted = [
        s for s in DealSpan.objects.filter(row=deal).order_by("from_at") if s.to_at is None or s.to_at > s.from_at
    ]
    return [(span.stage.name, span.from_at) for span in lasted]


def test_a_deal_put_back_at_once_goes_on_with_its_days(wait: Wait) -> None:
    first, second, third = make.stages()[:3]
    deal = make.deal(stage=first)
    wait(timedelta(days=3))
    move_deal(deal, by=HOUSE, stage=second)
    since = deal.stage_since
    wait(timedelta(days=5))
    move_deal(deal, by=HOUSE, stage=third)
    wait(timedelta(minutes=1))

    move_deal(deal, by=HOUSE, stage=second)

    assert deal.stage == second
    assert deal.stage_since == since
    assert third.name not in [name for name, _at in stays(deal)]


def test_numbers_do_not_count_the_stage_it_slipped_into(wait: Wait) -> None:
    boss = make.user("admin").actor()
    first, second, third = make.stages()[:3]
    slipped, went = make.deal(stage=first), make.deal(stage=first)
    wait(timedelta(days=3))
    for deal in (slipped, went):
        move_deal(deal, by=HOUSE, stage=second)
    wait(timedelta(days=1))
    for deal in (slipped, went):
        move_deal(deal, by=HOUSE, stage=third)
    move_deal(slipped, by=HOUSE, stage=second)
    wait(timedelta(days=4))

    told = ask("stage_duration", "2026-11", actor=boss, by=("stage",), today=timezone.now().date())

    assert {cell.labels[0]: cell.n for cell in told.cells}[third.name] == 1


def test_going_back_later_is_a_step_of_its_own(wait: Wait) -> None:
    first, second = make.stages()[:2]
    deal = make.deal(stage=first)
    wait(timedelta(days=3))
    move_deal(deal, by=HOUSE, stage=second)
    wait(SLIP + timedelta(minutes=1))

    move_deal(deal, by=HOUSE, stage=first)

    assert deal.stage_since == timezone.now()
    assert [name for name, _at in stays(deal)] == [first.name, second.name, first.name]


def test_going_on_to_a_third_stage_at_once_is_no_slip(wait: Wait) -> None:
    first, second, third = make.stages()[:3]
    deal = make.deal(stage=first)
    wait(timedelta(days=3))
    move_deal(deal, by=HOUSE, stage=second)
    wait(timedelta(minutes=1))

    move_deal(deal, by=HOUSE, stage=third)

    assert deal.stage_since == timezone.now()
    assert [name for name, _at in stays(deal)] == [first.name, second.name, third.name]
