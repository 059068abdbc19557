"""Without a connection nothing typed is lost, and the page says what to do."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests import make

from noren.accounts.models import User
from noren.contacts.models import Company

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
WORDS = "先方は4月から。見積を送る。"


def test_a_form_stays_with_its_words_until_it_can_be_sent(page: Page, enter: Callable[[User], None]) -> None:
    user = make.user("manager")
    company = make.company(owner=user)
    enter(user)
    page.goto(f"/contacts/companies/{company.pk}/edit/")
    page.locator("[name=note]").fill(WORDS)
    page.context.set_offline(True)
    for _press in range(2):
        page.locator("main button.pri").last.click()
    expect(page.locator(".toast")).to_have_count(1)
    expect(page.locator("[name=note]")).to_have_value(WORDS)
    page.context.set_offline(False)
    page.locator("main button.pri").last.click()
    page.wait_for_url(f"**/contacts/companies/{company.pk}/")
    assert Company.every.get().note == WORDS
    page.goto("/contacts/companies/new/")
    assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('noren:draft'))") == []


def test_a_server_on_this_very_machine_is_reached_without_any_network(
    page: Page, enter: Callable[[User], None]
) -> None:
    user = make.user("manager")
    company = make.company(owner=user)
    enter(user)
    page.goto(f"/contacts/companies/{company.pk}/edit/")
    page.evaluate("Object.defineProperty(navigator, 'onLine', { get: () => false })")
    page.locator("[name=note]").fill(WORDS)
    page.locator("main button.pri").last.click()
    page.wait_for_url(f"**/contacts/companies/{company.pk}/")
    assert Company.every.get().note == WORDS


def test_what_did_not_reach_the_server_is_in_the_form_again(page: Page, enter: Callable[[User], None]) -> None:
    user = make.user("manager")
    company = make.company(owner=user)
    enter(user)
    href = f"/contacts/companies/{company.pk}/edit/"
    page.goto(href)
    page.locator("[name=note]").fill(WORDS)
    page.route("**/edit/", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.locator("main button.pri").last.click()
    page.wait_for_url("chrome-error://**")
    page.goto("/contacts/companies/")
    page.goto(href)
    expect(page.locator("[name=note]")).to_have_value(WORDS)


def test_the_palette_leads_on_by_hand_and_by_key(page: Page, enter: Callable[[User], None]) -> None:
    user = make.user("manager")
    company = make.company(legal_name="みなと商会", owner=user)
    enter(user)
    for choose in (
        lambda: page.keyboard.press("Enter"),
        page.locator(".palette [role=option]").first.click,
    ):
        page.goto("/sales/deals/")
        page.keyboard.press("Control+k")
        page.locator(".palette input").fill("みなと")
        expect(page.locator(".palette [role=option] mark").first).to_be_visible()
        choose()
        page.wait_for_url(f"**/contacts/companies/{company.pk}/**")
