"""The home page of a firm that has only begun."""

from __future__ import annotations

from django.test import Client
from tests import make


def test_home_before_the_first_deal_says_what_to_do(db: None) -> None:
    make.firm()
    client = Client()
    client.force_login(make.user("admin"))
    text = client.get("/").content.decode()
    assert "/sales/deals/new/" in text
    assert 'class="kpis"' not in text


def test_strangers_are_led_to_the_log_in(db: None) -> None:
    assert Client().get("/").status_code == 302
    assert Client().get("/metrics/").status_code == 302


def test_the_first_day_is_told_step_by_step_and_ticks_what_is_done(db: None) -> None:
    make.firm()
    client = Client()
    client.force_login(make.user("admin"))
    before = client.get("/").content.decode()
    assert all(address in before for address in ("/imports/new/", "/settings/people/", "/settings/pipelines/"))
    make.company()
    after = client.get("/").content.decode()
    assert after.count("tag matsu") == before.count("tag matsu") + 1
