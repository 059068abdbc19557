"""Conversions and stays from cells are those of the spans, whatever happens to deals, their history and their stages."""

from __future__ import annotations

import os
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.core.metric.cube.asked import plain
from tests.core.metric.cube.test_same import STEPS, Life, add_deal, end_deal, move

from noren.core.base.errors import Refusal
from noren.core.base.period import Period
from noren.core.filter.condition import F
from noren.core.metric import memo
from noren.core.metric.ask import ask
from noren.core.metric.cube import keep, read
from noren.core.metric.rows import rows
from noren.sales.metrics import stage_conversion, stage_duration
from noren.sales.models import DealSpan, Stage

pytestmark = pytest.mark.django_db


def same(life: Life, times: int) -> int:
    """Some questions by chance, each answered alike by cells and spans; gives how many were answered by cells."""
    told = 0
    for _n in range(times):
        metric = life.chance.choice((stage_conversion, stage_duration))
        question: dict[str, Any] = {
            "metric": metric, "actor": life.chance.choice(life.actors),
            "by": ("stage", *life.chance.sample(("owner", "team", "source", "owner__reports_to"), life.chance.choice((0, 0, 1)))),
            "period": life.chance.choice((None, Period(date(2026, 9, 1), date(2026, 11, 30)), Period(date(2024, 2, 10), date(2027, 3, 31)),
                                          Period(date(2026, 11, 1), date.max), Period(date.min, date(2026, 10, 15)))),
            "where": life.chance.choice((F(), F(), F(), F(stage__not=life.stages[0].pk), F(stage=life.stages[1].pk), F(source="web"), F(owner="@me"), F(pipeline=life.stages[0].pipeline_id),
                                         F(stage__filled=True), F(outcome="open"), F(amount__gte=500))),
        }  # fmt: skip
        memo.forget()
        with CaptureQueriesContext(connection) as seen:
            quick = ask(**question)
        told += not any('"sales_deal"' in q["sql"] for q in seen)
        memo.forget()
        with read.rows_only():
            true = ask(**question)
        assert plain(quick) == plain(true), question
    assert keep.differences(everything=True) == []
    return told


@pytest.mark.parametrize("seed", range(20 if os.environ.get("FULL_MATRIX") == "1" else 1))
def test_whatever_happens_cells_and_spans_say_the_same(seed: int, tmp_path: Any) -> None:
    life = Life(seed, tmp_path)
    told = 0
    for _n in range(10):
        for _m in range(4):
            step = life.chance.choice((*STEPS, move, end_deal, move))
            try:
                with transaction.atomic():
                    step(life)
            except Refusal:
                pass
        told += same(life, 6)
    assert told > 10


def test_moves_of_one_day_and_back_again(tmp_path: Any) -> None:
    life = Life(9, tmp_path)
    for _n in range(4):
        add_deal(life)
    for _n in range(40):
        try:
            move(life)
        except Refusal:
            pass
    assert same(life, 30) > 10


def test_a_stage_in_another_place_leaves_the_numbers_to_the_spans_until_cells_are_made_anew(tmp_path: Any) -> None:
    life = Life(2, tmp_path)
    for _n in range(8):
        add_deal(life)
        move(life)
    first, last = life.stages[0], life.stages[-1]
    Stage.every.filter(pk=first.pk).update(position=last.position + 1)
    assert "deal_moved_on" in keep.missing()
    assert "deal_stayed" not in keep.missing()
    read.forget()
    same(life, 20)


def test_another_name_of_a_stage_changes_nothing(tmp_path: Any) -> None:
    life = Life(2, tmp_path)
    add_deal(life)
    Stage.every.update(name="別の名", probability=40)
    assert keep.missing() == []


def test_what_is_said_of_days_to_come_is_not_told_yet(tmp_path: Any) -> None:
    life = Life(4, tmp_path)
    add_deal(life)
    tomorrow = timezone.now() + timedelta(2)
    span = DealSpan.objects.latest("pk")
    DealSpan.objects.create(
        row_id=span.row_id, from_at=tomorrow, recorded_at=timezone.now(), pipeline_id=span.pipeline_id,
        stage=life.stages[-1], outcome="open",
    )  # fmt: skip
    assert same(life, 30) == 0


def test_records_behind_a_step_are_counted_by_cells(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting them one by one takes long where there are many."""
    monkeypatch.setattr("noren.core.metric.rows.is_huge", lambda _table: True)
    life = Life(3, tmp_path)
    for _n in range(12):
        add_deal(life)
        move(life)
    for actor in life.actors:
        for stage in life.stages:
            for period in (None, "last_30_days"):
                found = rows(stage_conversion, period, actor=actor, where=F(stage=stage.pk))
                with CaptureQueriesContext(connection) as seen:
                    count = found.count()
                assert not any('FROM "sales_deal"' in q["sql"] for q in seen)
                assert count == found.rows.count()
        every = rows(stage_conversion, actor=actor)
        assert every.count() == every.rows.count()
