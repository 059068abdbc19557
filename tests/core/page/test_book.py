"""The number book, and what a number says while there is nothing to work it out from."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from zoneinfo import ZoneInfo

from django.test import Client
from tests import make

from noren.core.base.period import today_in
from noren.core.metric.declare import CHAPTERS, METRICS
from noren.sales.actions.deal import win_deal


def opened(address: str) -> str:
    make.firm()
    client = Client()
    client.force_login(make.user("admin", locale="ja"))
    return client.get(address).content.decode()


def test_every_number_answers_exactly_one_question() -> None:
    known = Counter(metric.id for chapter in CHAPTERS for metric in chapter.metrics)
    assert set(known) == set(METRICS)
    assert set(known.values()) == {1}


def test_the_book_leads_to_every_number_and_finds_by_name_and_explanation(db: None) -> None:
    make.firm()
    client = Client()
    client.force_login(make.user("admin", locale="ja"))

    def listed(address: str) -> set[str]:
        return set(re.findall(r'class="lead" href="/metrics/(\w+)/"', client.get(address).content.decode()))

    assert listed("/metrics/") == set(METRICS)
    assert {"win_rate_count", "win_rate_value"} <= listed("/metrics/?q=成約率") < set(METRICS)
    assert "time_to_close_km" in listed("/metrics/?q=ｶﾌﾟﾗﾝ・ﾏｲﾔｰ")
    assert listed("/metrics/?q=nothing+of+that+kind") == set()


def test_a_number_without_rows_says_what_is_missing_instead_of_an_empty_chart(db: None) -> None:
    text = opened("/metrics/win_rate_count/")
    assert "<noren-chart" not in text
    assert "/sales/deals/new/" in text


def test_a_number_of_a_day_can_be_asked_for_another_day(db: None) -> None:
    text = opened("/metrics/open_amount/?as_of=2026-03-31&by=team")
    assert 'type="date" id="as-of" name="as_of" value="2026-03-31"' in text
    assert '<input type="hidden" name="by" value="team">' in text


def test_a_number_of_a_day_tells_of_no_period(db: None) -> None:
    assert "全期間" not in opened("/metrics/pipeline_amount/?as_of=2026-03-31")


def test_a_number_of_a_period_can_be_told_as_of_a_day_too(db: None) -> None:
    text = opened("/metrics/win_rate_count/?as_of=2026-03-31&period=FY2025")
    assert 'id="as-of" name="as_of" value="2026-03-31"' in text
    assert '<input type="hidden" name="period" value="FY2025">' in text


def test_a_chart_says_how_far_its_last_point_goes_and_calls_no_past_day_unfinished(db: None) -> None:
    make.firm()
    me = make.user("admin", locale="en")
    client = Client()
    client.force_login(me)
    today = today_in(ZoneInfo("Asia/Tokyo"))
    for day in (date(2025, 3, 10), date(2025, 6, 1), today):
        win_deal(make.deal(amount=5, opened_on=date(2025, 1, 5)), by=me.actor(), won_on=day)

    def told(period: str) -> str:
        return client.get(f"/metrics/revenue/?period={period}").content.decode()

    assert "The last point counts only the days up to Jun 1, 2025." in told("2025-01-01..2025-06-01")
    assert "The last p" not in told("2025-01-01..2025-06-30")
    assert "The last period is not over yet." in told(f"2025-01-01..{today}")


def test_the_records_behind_a_number_say_how_many_they_are_and_what_they_add_up_to(db: None) -> None:
    make.firm()
    me = make.user("admin", locale="en")
    client = Client()
    client.force_login(me)
    for amount in (100, 250):
        make.deal(by=me.actor(), amount=amount)
    assert "2 records, together ¥350" in client.get("/metrics/pipeline_amount/rows/").content.decode()


def test_a_deal_made_by_hand_is_opened_today_unless_told_otherwise_and_so_counts(db: None) -> None:
    make.firm()
    client = Client()
    client.force_login(make.user("manager", locale="en"))
    form = client.get("/sales/deals/new/").content.decode()
    shown = re.search(r'name="opened_on"[^>]* value="([^"]+)"', form)
    assert shown
    sent = {
        "title": "Monitoring",
        "pipeline": make.stages()[0].pipeline_id,
        "stage": make.stages()[0].pk,
        "opened_on": shown[1],
    }
    assert client.post("/sales/deals/new/", sent).status_code == 302
    assert "n = 1" in client.get("/metrics/open_deals/").content.decode()
