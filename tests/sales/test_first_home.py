"""The home page of a firm that has only begun."""

from __future__ import annotations

from django.test import Client
from tests import make

from noren.sales.models import Deal


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


def test_who_sees_a_part_only_is_told_so_and_who_can_help(db: None) -> None:
    make.firm()
    make.deal(title="株式会社山の案件", owner=make.user("sales"))
    alone, placed, boss = make.user("sales"), make.user("sales", team=make.team()), make.user("admin")
    said = {}
    for user in (alone, placed):
        user.locale = "en"
        user.save()
        client = Client()
        client.force_login(user)
        for address in ("/", "/sales/deals/"):
            said[user, address] = client.get(address).content.decode()
            assert "that you may see" in said[user, address]
            assert "株式会社山の案件" not in said[user, address]
    for address in ("/", "/sales/deals/"):
        assert "An administrator can put you into one" in said[alone, address]
        assert "An administrator can put you into one" not in said[placed, address]
        assert "an administrator can open more to you" in said[placed, address]
    assert "tag matsu" not in said[alone, "/"]
    client = Client()
    client.force_login(boss)
    Deal.every.all().delete()
    assert "案件はまだありません" in client.get("/sales/deals/").content.decode().replace("商談", "案件")
