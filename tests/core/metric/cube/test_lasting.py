"""Waits until an end, from cells, are those of the rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from tests.core.metric.cube.asked import FILTERS, GRAINS, PERIODS, TODAY, compare
from tests.core.metric.cube.test_same import STEPS, Life, add_deal, end_deal

from noren.core.base.errors import Refusal
from noren.core.metric.ask import ask
from noren.core.metric.cube import keep
from noren.sales.models import Deal

pytestmark = pytest.mark.django_db

WAITS = ("time_to_close_km", "time_to_win_cif", "time_to_loss_cif")


def odd_ends(life: Life) -> None:
    """Past all doors: ends before the start, and ends without one."""
    life.some().update(outcome="won", closed_on=TODAY - timedelta(300))
    life.some().filter(outcome="won").update(opened_on=life.chance.choice((None, TODAY, TODAY + timedelta(3))))


def same(life: Life, times: int) -> None:
    for _n in range(times):
        pick = life.chance.choice
        period = pick(PERIODS)
        compare(
            metric=pick(WAITS), period=period, actor=pick(life.actors), where=pick(FILTERS), by=pick(((), (), ("source",), ("stage",))),
            grain=pick(GRAINS) if period and period.bounded else None, as_of=pick((None, None, None, TODAY - timedelta(20))),
        )  # fmt: skip
    assert keep.differences(everything=True) == []


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_waits_are_those_of_the_rows(seed: int, tmp_path: Any) -> None:
    life = Life(seed, tmp_path)
    for _n in range(10):
        for _m in range(5):
            step = life.chance.choice((*STEPS, add_deal, end_deal, odd_ends))
            try:
                with transaction.atomic():
                    step(life)
            except Refusal:
                pass
        same(life, 10)


def test_waits_of_the_whole_firm_read_no_rows(tmp_path: Any) -> None:
    life = Life(1, tmp_path)
    for _n in range(10):
        add_deal(life)
    Deal.every.filter(pk__in=list(Deal.every.values_list("pk", flat=True)[:5])).update(outcome="won", closed_on=TODAY)
    with CaptureQueriesContext(connection) as seen:
        for metric in WAITS:
            ask(metric, "last_1095_days", actor=life.actors[0], grain="month")
            ask(metric, actor=life.actors[0])
    read_rows = [
        q["sql"] for q in seen if '"sales_deal"' in q["sql"] and "closed_on" not in q["sql"].partition("WHERE")[2]
    ]
    assert read_rows == []


def test_an_end_that_is_still_to_come_is_no_end_yet(tmp_path: Any) -> None:
    life = Life(2, tmp_path)
    add_deal(life)
    Deal.every.update(opened_on=TODAY - timedelta(9), outcome="won", closed_on=TODAY + timedelta(30))
    assert compare(metric="time_to_close_km", period=None, actor=life.actors[0])
    assert ask("time_to_close_km", actor=life.actors[0], today=TODAY).total.num == 0
