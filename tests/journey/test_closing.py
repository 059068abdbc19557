"""A deal is closed on the board and opened again there; what a form lacks is told in our words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests import make

from noren.accounts.models import User

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
BOARD = "/sales/deals/?layout=board"
Enter = Callable[[User], None]


def test_a_win_on_the_board_is_taken_back_on_the_board(page: Page, enter: Enter) -> None:
    me = make.user("sales", name="佐藤 美咲", locale="en")
    deal = make.deal(by=me.actor(), title="第3工場", amount=1_213_000)
    enter(me)
    page.goto(BOARD)
    page.locator(f"#card-{deal.pk}").press("m")
    page.locator("[data-to=win]").click()
    page.locator("#sheet [name=amount]").fill("1000000")
    page.locator("#sheet .pri").click()
    toast = page.locator("noren-toast .toast")
    expect(toast).to_contain_text("“第3工場” is won.")
    toast.get_by_role("button", name="Undo").click()
    expect(toast).to_contain_text("“第3工場” is open again.")
    assert page.url.endswith(BOARD)
    expect(page.locator(f"#card-{deal.pk} .amt")).to_contain_text("1.2")


def test_a_loss_without_a_reason_is_told_in_our_words(page: Page, enter: Enter) -> None:
    me = make.user("sales", name="佐藤 美咲", locale="ja")
    deal = make.deal(by=me.actor(), title="第3工場")
    enter(me)
    page.goto(BOARD)
    page.locator(f"#card-{deal.pk}").press("m")
    page.locator("[data-to=lose]").click()
    page.locator("#sheet button.danger").click()
    expect(page.locator("#e-reason")).to_have_text("入力してください。")
    reasons = page.locator("#sheet").get_by_role("radiogroup")
    expect(reasons.locator("input").first).to_be_focused()
    reasons.locator("label").first.click()
    page.locator("#sheet button.danger").click()
    expect(page.locator(f"#card-{deal.pk}")).to_have_count(0)


def test_the_counts_of_the_stages_on_a_phone_follow_a_move(page: Page, enter: Enter) -> None:
    me = make.user("sales", name="佐藤 美咲", locale="ja")
    first, second = make.stages()[:2]
    deal = make.deal(by=me.actor(), stage=first)
    page.set_viewport_size({"width": 390, "height": 844})
    enter(me)
    page.goto(BOARD)
    counts = page.locator(".stagepick .num")
    expect(counts.first).to_have_text("1")
    page.locator(f"#card-{deal.pk}").press("m")
    page.locator(f"[data-to='{second.pk}']").click()
    expect(counts.first).to_have_text("0")
    expect(counts.nth(1)).to_have_text("1")
