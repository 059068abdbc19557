"""On a phone: everything fits the width of a small one in both languages, and the thumb finds what it is for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Browser, Page, expect
from tests import make

from noren.accounts.models import User
from noren.sales.actions.deal import win_deal

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
SMALL = {"width": 360, "height": 780}
PHONE = {"width": 390, "height": 844}
Enter = Callable[[User], None]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_rows_fit_a_small_phone_and_every_list_begins_a_new_one(page: Page, enter: Enter, language: str) -> None:
    me = make.user("sales", name="佐藤 美咲", locale=language)
    company = make.company(by=me.actor(), legal_name="みずほの里フーズ株式会社", phone="03-1234-5678")
    reach = {"mobile": "090-1234-5678", "email": "yamane@example.jp"}
    person = make.person(by=me.actor(), family_name="山根", given_name="亮太", company=company, **reach)
    deal = make.deal(by=me.actor(), title="冷凍倉庫監視パッケージ 増設", company=company, person=person)
    page.set_viewport_size(SMALL)
    enter(me)
    for noun, row in (("contacts/companies", company), ("contacts/people", person), ("sales/deals", deal)):
        page.goto(f"/{noun}/{row.pk}/")
        expect(page.locator(".quick .btn:visible").last).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]
        page.goto(f"/{noun}/?layout=table")
        add = page.locator(".topbar a.pri")
        expect(add).to_be_in_viewport(ratio=1)
        add.click()
        page.wait_for_url(f"**/{noun}/new/")


def test_a_wrong_field_stands_in_the_middle_of_what_is_seen_with_what_is_wrong(page: Page, enter: Enter) -> None:
    me = make.user("sales", name="佐藤 美咲", locale="ja")
    page.set_viewport_size(PHONE)
    enter(me)
    page.goto("/contacts/people/new/")
    page.locator("[name=family_name]").fill("山根")
    page.locator("[name=email]").fill("yamane")
    page.locator(".foot .pri").click()
    field = page.locator("[name=email]")
    expect(field).to_be_focused()
    expect(page.locator("#e-email")).to_be_in_viewport(ratio=1)
    top, bottom, foot = page.evaluate(
        "['#f-email', '#e-email', '.foot'].map((one, at) => document.querySelector(one).getBoundingClientRect()[at == 1 ? 'bottom' : 'top'])"
    )
    assert 100 < top < bottom < foot - 100


def test_a_next_step_written_by_hand_replaces_the_one_read_from_the_text(page: Page, enter: Enter) -> None:
    me = make.user("sales", name="佐藤 美咲", locale="ja")
    page.set_viewport_size(PHONE)
    enter(me)
    page.goto("/activity/today/")
    page.locator(".tabbar .log").click()
    sheet = page.locator("#sheet")
    sheet.locator("textarea").fill("金額は了承。12月1日 訪問の予定")
    expect(sheet.locator(".vread [name=with_step]")).to_be_checked()
    sheet.locator("#f-next").fill("明日10時 電話")
    expect(sheet.locator(".vread [name=with_step]")).to_have_count(0)
    sheet.locator("#f-next").fill("")
    expect(sheet.locator(".vread [name=with_step]")).to_be_checked()


def test_a_line_of_the_list_tells_the_stage_of_an_open_deal_and_the_end_of_another(page: Page, enter: Enter) -> None:
    me = make.user("sales", name="佐藤 美咲", locale="ja")
    opened, won = (make.deal(by=me.actor(), title=title, owner=me, amount=1000) for title in ("更新", "増設"))
    win_deal(won, by=me.actor(), won_on=date(2026, 11, 20))
    page.set_viewport_size(PHONE)
    enter(me)
    page.goto("/sales/deals/?layout=table")
    lines = page.locator(".rows tbody tr")
    expect(lines.filter(has_text="更新").locator(".p-tag")).to_have_text([str(opened.stage)])
    expect(lines.filter(has_text="増設").locator(".p-tag")).to_have_text(["受注"])


def test_a_card_is_dragged_back_over_the_edge_and_onto_the_name_of_a_stage(
    browser: Browser, house: str, page: Page, enter: Enter
) -> None:
    me = make.user("admin", name="佐藤 美咲", locale="ja")
    first, second, third = make.stages()[:3]
    deal = make.deal(by=me.actor(), title="更新", owner=me, amount=1000, stage=second)
    enter(me)
    android = (
        "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
    )
    phone = browser.new_context(
        base_url=house,
        viewport=PHONE,
        has_touch=True,
        is_mobile=True,
        user_agent=android,
        storage_state=page.context.storage_state(),
    )
    tab = phone.new_page()
    tab.goto("/sales/deals/?layout=board")
    touch = phone.new_cdp_session(tab)

    def finger(kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    def hold() -> None:
        card = tab.locator(".dcard")
        card.scroll_into_view_if_needed()
        tab.wait_for_timeout(500)
        box = card.bounding_box() or {}
        finger("Start", box["x"] + 60, box["y"] + 20)
        tab.wait_for_timeout(300)  # a finger rests before it drags
        finger("Move", box["x"] + 70, box["y"] + 30)

    def let_go() -> None:
        with tab.expect_response(lambda answer: answer.request.method == "POST") as moved:
            finger("End")
        assert moved.value.ok
        deal.refresh_from_db()

    hold()
    for at in (200.0, 100.0, 40.0, *[20.0, 22.0] * 20):
        finger("Move", at, 420)
        tab.wait_for_timeout(30)
    let_go()
    expect(tab.locator(f"[data-stage='{first.pk}'] .dcard")).to_have_count(1)
    assert deal.stage_id == first.pk

    hold()
    name = tab.locator("[data-lane]").nth(2).bounding_box() or {}
    for part in (0.5, 0.8, 1.0):
        finger("Move", name["x"] + 20, 420 + (name["y"] + 15 - 420) * part)
        tab.wait_for_timeout(60)
    let_go()
    expect(tab.locator(f"[data-stage='{third.pk}'] .dcard")).to_have_count(1)
    assert deal.stage_id == third.pk
    phone.close()
