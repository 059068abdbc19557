"""A deal that is opened again is what it was before it was closed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from tests import make

from noren.accounts.models import User
from noren.core.access.actor import HOUSE
from noren.core.action.plain import change
from noren.sales.actions.deal import Line, lose_deal, reopen_deal, set_lines, win_deal
from noren.sales.models import Deal, LossReason

pytestmark = pytest.mark.django_db


def today() -> date:
    return timezone.now().astimezone(HOUSE.zone).date()


@pytest.fixture
def deal() -> Deal:
    """Worth 1,113,000 by its lines since today."""
    make.firm()
    made = make.deal(opened_on=today() - timedelta(days=9), amount=5)
    set_lines(made, by=HOUSE, lines=[Line(text="机", quantity=Decimal(3), unit_price=Decimal(371_000))])
    return made


@pytest.mark.parametrize("days", [0, 1])
def test_the_amount_of_a_win_taken_back_goes_with_it(deal: Deal, days: int) -> None:
    win_deal(deal, by=HOUSE, won_on=today() - timedelta(days=days), amount=1_000_000)
    assert deal.amount == 1_000_000
    reopen_deal(deal, by=HOUSE)
    assert deal.amount == 1_113_000
    last = deal.spans.order_by("-pk").first()
    assert (last.outcome, last.amount) == ("open", 1_113_000)


def test_an_amount_that_was_not_known_is_not_known_again() -> None:
    make.firm()
    deal = make.deal()
    win_deal(deal, by=HOUSE, won_on=today(), amount=1_000_000)
    reopen_deal(deal, by=HOUSE)
    assert deal.amount is None


def test_an_amount_given_after_the_closing_stays(deal: Deal) -> None:
    win_deal(deal, by=HOUSE, won_on=today(), amount=1_000_000)
    change(deal, {"amount": 1_200_000}, by=HOUSE)
    reopen_deal(deal, by=HOUSE)
    assert deal.amount == 1_200_000


def test_each_closing_is_taken_back_by_itself(deal: Deal) -> None:
    reason = LossReason.every.first()
    assert reason is not None
    win_deal(deal, by=HOUSE, won_on=today(), amount=1_000_000)
    reopen_deal(deal, by=HOUSE)
    change(deal, {"amount": 900_000}, by=HOUSE)
    lose_deal(deal, by=HOUSE, lost_on=today(), reason=reason)
    reopen_deal(deal, by=HOUSE)
    assert deal.amount == 900_000


def test_a_win_on_the_board_and_its_undo_leave_one_on_the_board(deal: Deal) -> None:
    browser = Client()
    browser.force_login(make.user("admin"))
    User.objects.update(locale="en")
    board, address = "/sales/deals/?layout=board", f"/sales/deals/{deal.pk}/"
    underneath = {"Referer": f"http://testserver{board}"}
    sheet = {"HX-Request": "true", "HX-Target": "sheet", "HX-Current-URL": underneath["Referer"]}
    won = browser.post(f"{address}win/", {"won_on": today().isoformat(), "amount": "1000000"}, headers=sheet)
    assert won.headers["HX-Refresh"] == "true"
    text = browser.get(board).content.decode()
    assert f"“{deal}” is won." in text
    assert f'action="{address}reopen/"' in text
    undone = browser.post(f"{address}reopen/", headers=underneath)
    assert undone.headers["Location"] == board
    assert f"“{deal}” is open again." in browser.get(board).content.decode()


def test_the_form_of_a_win_tells_what_the_lines_add_up_to(deal: Deal) -> None:
    browser = Client()
    browser.force_login(make.user("admin"))
    User.objects.update(locale="en")
    change(deal, {"amount": 1_000_000}, by=HOUSE)
    assert "The lines add up to ¥1,113,000." in browser.get(f"/sales/deals/{deal.pk}/win/").content.decode()
    bare = make.deal(amount=5)
    assert "add up" not in browser.get(f"/sales/deals/{bare.pk}/win/").content.decode()


def test_the_page_of_the_form_leads_on_to_the_deal(deal: Deal) -> None:
    browser = Client()
    browser.force_login(make.user("admin"))
    address = f"/sales/deals/{deal.pk}/"
    own = {"Referer": f"http://testserver{address}win/?x=1"}
    won = browser.post(f"{address}win/", {"won_on": today().isoformat(), "amount": "1000000"}, headers=own)
    assert won.headers["Location"] == address
    elsewhere = browser.post(f"{address}reopen/", headers={"Referer": "https://example.com/"})
    assert elsewhere.headers["Location"] == address


def test_the_head_of_a_deal_tells_when_it_is_expected_and_once_decided_when_that_was(deal: Deal) -> None:
    browser = Client()
    browser.force_login(make.user("admin"))
    User.objects.update(locale="en")
    change(deal, {"close_by": date(2030, 12, 30)}, by=HOUSE)

    def note() -> str:
        page = browser.get(f"/sales/deals/{deal.pk}/").content.decode()
        return page.partition('class="damt num"')[2].partition('class="meta">')[2].partition("<")[0]

    assert note().endswith(", expected 30 Dec 2030")
    win_deal(deal, by=HOUSE, won_on=today(), amount=1_000_000)
    assert note() == f"Won on {today().day} {today():%b}"
    reopen_deal(deal, by=HOUSE)
    assert note().endswith(", expected 30 Dec 2030")
