"""Calling a colleague with @ in the box to write in, by keyboard."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests import make

from noren.accounts.models import User
from noren.activity.models import Mention

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_a_colleague_is_chosen_by_keyboard_and_never_while_composing(page: Page, enter: Callable[[User], None]) -> None:
    user = make.user("manager", name="佐藤 美咲")
    called = make.user("sales", name="田中 健", name_kana="タナカ ケン")
    make.user("sales", name="高橋 亮", name_kana="タカハシ リョウ")
    company = make.company(owner=user)
    enter(user)
    page.goto(f"/contacts/companies/{company.pk}/")
    box = page.locator("#composer textarea")
    box.click()
    page.keyboard.type("資料を渡しました @た")
    names = page.locator("#mention-list [role=option]")
    expect(names).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.evaluate(
        """() => document.querySelector("#composer textarea").dispatchEvent(
            new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true }))"""
    )
    expect(page.locator("#mention-list")).to_be_visible()
    page.keyboard.press("Enter")
    expect(box).to_have_value("資料を渡しました @田中 健 ")
    expect(page.locator("#mention-list")).to_be_hidden()
    page.keyboard.type("お願いします @ない人")
    expect(page.locator("#mention-list")).to_be_hidden()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".tl")).to_contain_text("田中 健")
    assert list(Mention.objects.values_list("user_id", flat=True)) == [called.pk]
