"""A row beside its list, by keyboard and by hand, without leaving the list."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests import make

from noren.accounts.models import User
from noren.activity.actions.activity import With, plan_step

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_along_a_list_by_keyboard_and_back(page: Page, enter: Callable[[User], None]) -> None:
    user = make.user("manager")
    names = [make.company(legal_name=f"会社{n}", owner=user).legal_name for n in range(3)]
    enter(user)
    page.goto("/contacts/companies/?sort=legal_name")
    page.keyboard.press("j")
    page.keyboard.press("Space")
    title = page.locator("#peek-h")
    expect(title).to_have_text(names[0])
    expect(title).to_be_focused()
    assert "#row-" in page.url
    page.keyboard.press("ArrowDown")
    expect(title).to_have_text(names[1])
    page.keyboard.press("ArrowUp")
    expect(title).to_have_text(names[0])
    page.reload()
    expect(page.locator("#peek-h")).to_have_text(names[0])
    page.keyboard.press("Escape")
    expect(page.locator("#peek")).to_have_count(0)
    assert "#row" not in page.url
    expect(page.get_by_role("link", name=names[0], exact=True)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("Space")
    expect(page.locator("#peek-h")).to_have_text(names[1])
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name=names[1], exact=True)).to_be_focused()


def test_by_hand_a_press_shows_the_row_and_a_verb_leaves_one_in_the_list(
    page: Page, enter: Callable[[User], None]
) -> None:
    from datetime import timedelta

    from django.utils import timezone

    user = make.user("manager")
    company = make.company(legal_name="株式会社ひかり", owner=user)
    plan_step(
        timezone.now() + timedelta(days=1), by=user.actor(), kind="call", subject="納期の確認", about=With.row(company)
    )
    enter(user)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/contacts/companies/")
    page.locator("[data-peek]").click()
    panel = page.locator("#peek")
    expect(panel.get_by_role("heading", name="株式会社ひかり")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    panel.locator("#next .acts a").first.click()
    page.locator("#sheet button.pri").click()
    expect(page.locator("#peek #next")).to_have_class("next none")
    assert page.url.split("?")[0].split("#")[0].endswith("/contacts/companies/")
