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


def test_j_and_the_arrows_take_the_panel_along_a_board(page: Page, enter: Callable[[User], None]) -> None:
    user = make.user("manager")
    first, second = make.stages()[:2]
    names = {
        make.deal(title=title, stage=stage, owner=user).title: stage.name
        for title, stage in (("温度ロガー AK-H30 更新", first), ("二番目", first), ("隣の列", second))
    }
    enter(user)
    page.goto("/sales/deals/?layout=board")
    shown, chosen = page.locator("#peek-h"), page.locator(".dcard.cur h3")
    page.keyboard.press("j")
    page.keyboard.press("Space")
    expect(shown).to_have_text(chosen.inner_text())
    before = chosen.inner_text()
    for key in ("j", "ArrowUp", "ArrowRight"):
        page.keyboard.press(key)
        expect(chosen).not_to_have_text(before)
        before = chosen.inner_text()
        expect(shown).to_have_text(before)
    assert names[before] == second.name
    page.keyboard.press("ArrowLeft")
    expect(shown).not_to_have_text("隣の列")
    code = page.locator(".dcard .nb")
    expect(code).to_have_text("AK-H30")
    assert code.evaluate("code => code.getClientRects().length") == 1


def test_on_a_phone_it_opens_by_a_press_alone_and_one_press_leads_back(
    page: Page, enter: Callable[[User], None]
) -> None:
    user = make.user("manager")
    for name in ("甲社", "乙社"):
        make.company(legal_name=name, owner=user)
    enter(user)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/contacts/companies/")
    page.locator("[data-peek]").click()
    panel = page.locator("#peek")
    expect(panel.locator("h2").first).to_be_visible()
    page.goto("/contacts/companies/")
    expect(page.locator("[data-peek]")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.locator("[data-peek]")).to_have_attribute("aria-pressed", "true")
    expect(panel).to_have_count(0)
    page.get_by_role("link", name="乙社", exact=True).click()
    expect(page.locator("#peek-h")).to_have_text("乙社")
    expect(page.locator(".tabbar")).to_be_in_viewport()
    panel.locator("[data-shut]").click()
    expect(panel).to_have_count(0)


def test_beside_a_row_the_head_of_a_list_keeps_its_lines(page: Page, enter: Callable[[User], None]) -> None:
    user = make.user("manager")
    make.deal(owner=user)
    enter(user)
    for address in ("/sales/deals/?outcome=open", "/sales/deals/?layout=board"):
        page.goto(address)
        page.keyboard.press("j")
        page.keyboard.press("Space")
        expect(page.locator("#peek-h")).to_be_visible()
        for part, line in ((".tools", 60), (".bar", 60)):
            height = page.locator(part).first.bounding_box()
            assert height is not None
            assert height["height"] < line, (address, part)
