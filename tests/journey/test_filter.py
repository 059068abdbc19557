"""Conditions and columns of a list, by keyboard."""

from collections.abc import Callable

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
