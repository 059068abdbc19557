"""On the train after a visit: one text box on a phone, in Japanese, with the input method of Japanese."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from tests import make

from noren.accounts.models import User
from noren.activity.actions.activity import With, log_activity, plan_step
from noren.activity.models import Activity

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 390, "height": 844}
Enter = Callable[[User], None]


def no_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def compose(page: Page, readings: list[str], word: str) -> None:
    """Type a word the Japanese way: readings while composing, then the word."""
    session = page.context.new_cdp_session(page)
    for each in readings:
        session.send("Input.imeSetComposition", {"text": each, "selectionStart": len(each), "selectionEnd": len(each)})
    session.send("Input.insertText", {"text": word})


def test_a_visit_is_logged_on_a_phone_within_seconds(page: Page, enter: Enter) -> None:
    me = make.user("sales", name="佐藤 美咲", locale="ja")
    person = make.person(
        by=me.actor(),
        family_name="山根",
        given_name="亮太",
        company=make.company(by=me.actor(), legal_name="みずほの里フーズ株式会社"),
    )
    log_activity("call", "先週の電話", by=me.actor(), about=With.row(person))
    page.set_viewport_size(PHONE)
    enter(me)
    page.goto("/activity/today/")
    assert no_sideways_scroll(page)

    start = time.monotonic()
    page.locator(".tabbar .log").click()
    sheet = page.locator("#sheet")
    expect(sheet.locator("textarea")).to_be_visible()
    assert sheet.locator("input:not([type=hidden]):not([type=radio]):not([type=file]), textarea").count() <= 4
    sheet.locator("[data-pick-value]").first.click()
    expect(sheet.locator("[role=combobox]")).to_have_value("山根 亮太")
    sheet.locator("textarea").click()
    compose(page, ["きんがく", "きんがくはりょうしょう"], "金額は了承。")
    page.keyboard.type("明日10時 電話")
    expect(sheet.locator(".vread .pill")).to_contain_text("10:00 電話")
    assert no_sideways_scroll(page)
    sheet.locator(".btn.pri").click()
    expect(page.locator(".toast")).to_contain_text("10:00 電話")
    assert time.monotonic() - start < 20

    visit, step = Activity.every.filter(owner=me).order_by("pk")[1:]
    assert (visit.kind, visit.body, visit.person_id) == ("visit", "金額は了承。明日10時 電話", person.pk)
    assert (step.kind, step.subject, step.is_next_step, step.company_id) == ("call", "電話", True, person.company_id)


def test_enter_that_confirms_kana_sends_nothing_and_ctrl_enter_saves(page: Page, enter: Enter) -> None:
    me = make.user("admin", name="佐藤 美咲")
    company = make.company(by=me.actor(), legal_name="青葉食品株式会社")
    enter(me)
    page.goto(f"/contacts/companies/{company.pk}/")

    box = page.locator("#composer textarea")
    box.click()
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "めも", "selectionStart": 2, "selectionEnd": 2})
    page.keyboard.press("Enter")
    assert Activity.every.count() == 0
    session.send("Input.insertText", {"text": "メモ"})
    page.reload()
    expect(box).not_to_have_value("")  # the draft is kept
    box.press("Control+Enter")

    expect(page.locator(".tl li.note")).to_be_visible()
    assert [row.company_id for row in Activity.every.all()] == [company.pk]
    expect(box).to_have_value("")


def test_the_button_pressed_twice_makes_one_activity(page: Page, enter: Enter) -> None:
    me = make.user("admin")
    company = make.company(by=me.actor())
    enter(me)
    page.goto(f"/contacts/companies/{company.pk}/")

    page.locator("#composer textarea").fill("一度だけ")
    page.locator("#composer .btn.pri").dblclick()
    expect(page.locator(".tl li.note")).to_be_visible()

    assert Activity.every.count() == 1


def test_a_step_is_done_and_the_next_one_set_from_the_day(page: Page, enter: Enter) -> None:
    me = make.user("sales")
    company = make.company(by=me.actor(), legal_name="青葉食品株式会社")
    plan_step(
        timezone.now() + timedelta(minutes=1), by=me.actor(), kind="call", subject="見積の確認", about=With.row(company)
    )
    page.set_viewport_size(PHONE)
    enter(me)
    page.goto("/activity/today/")

    page.locator(".rank").get_by_text("完了").or_(page.locator(".rank").get_by_text("Done")).first.click()
    page.locator("#sheet [name=following]").fill("明日10時 訪問")
    page.locator("#sheet .btn.pri").click()
    expect(page.locator(".toast")).to_be_visible()

    company.refresh_from_db()
    assert company.next_step == "訪問"
    expect(page.locator(".rank")).to_contain_text("訪問")


def test_long_names_never_widen_a_page_on_a_phone(page: Page, enter: Enter) -> None:
    me = make.user("admin", locale="ja")
    long = "産業機械製作所ホールディングス東日本" * 3
    company = make.company(by=me.actor(), legal_name=f"株式会社{long}")
    person = make.person(by=me.actor(), family_name=long, given_name=long, company=company)
    deal = make.deal(by=me.actor(), title=long, company=company, person=person)
    page.set_viewport_size(PHONE)
    enter(me)
    for address in (
        f"/sales/deals/{deal.pk}/", f"/contacts/companies/{company.pk}/", f"/contacts/people/{person.pk}/",
        "/sales/deals/", "/sales/deals/?layout=board", "/search/?q=産業機械",
    ):  # fmt: skip
        page.goto(address)
        assert no_sideways_scroll(page), address
