"""The number book, and what a number says while there is nothing to work it out from."""

from __future__ import annotations

import re
from collections import Counter

from django.test import Client
from tests import make

from noren.core.metric.declare import CHAPTERS, METRICS


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
