"""Conditions and columns of a list, by keyboard."""

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect
from tests import make

from noren.accounts.models import User

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_the_focus_stays_with_the_conditions_and_a_closed_dialog_does_not_come_back(
    page: Page, enter: Callable[[User], None]
) -> None:
    user = make.user("manager")
    make.deal(title="温度ロガー 更新", owner=user)
    enter(user)
    page.goto("/sales/deals/?layout=table")
    page.wait_for_load_state("networkidle")  # before its scripts run, the link opens a page of its own
    page.keyboard.press("f")
    sheet = page.locator("#sheet")
    first, second = sheet.locator("[name='f0.0']"), sheet.locator("[name='f0.1']")
    first.wait_for()
    expect(first).to_be_focused()
    first.select_option("amount")
    expect(sheet.locator("[name='v0.0']")).to_be_visible()
    expect(first).to_be_focused()
    sheet.locator("[value=add-0]").press("Enter")
    expect(second).to_be_focused()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.locator("th a").filter(has_text="金額").click()
    page.wait_for_url("**sort=amount*")
    expect(page.locator("th[aria-sort=ascending]")).to_be_visible()
    expect(sheet).to_be_hidden()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_long_condition_is_cut_and_can_be_taken_away_where_it_stands(
    width: int, page: Page, enter: Callable[[User], None]
) -> None:
    stages = make.stages()
    enter(make.user("manager"))
    page.set_viewport_size({"width": width, "height": 900})
    parts = [{"all": [["stage", "is", s.pk], ["stage_since", "lt", "2026-11-19"]]} for s in stages]
    page.goto(f"/sales/deals/?outcome=open&q={quote(json.dumps({'any': parts}))}")
    chip = page.locator(".chip").last
    words, away = chip.locator(".v"), chip.locator(".x")
    assert words.evaluate("e => e.scrollWidth > e.clientWidth")
    assert stages[-1].name in (words.get_attribute("title") or "")
    away.scroll_into_view_if_needed()
    place, whole = away.bounding_box(), chip.bounding_box()
    assert place
    assert whole
    assert whole["width"] < width
    assert 0 <= place["x"] <= width - place["width"]
    away.click()
    expect(page.locator(".chip")).to_have_count(1)
