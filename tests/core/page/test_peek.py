"""The panel beside a list: what the page of the row says, in short, to those who may see the row."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests import make

from noren.accounts.models import User
from noren.activity.actions.activity import With, plan_step, write
from noren.core.record.declare import RECORDS

pytestmark = pytest.mark.django_db
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def me(client: Client) -> User:
    make.firm()
    user = make.user("manager", locale="en")
    client.force_login(user, backend="noren.accounts.login.Backend")
    return user


def peek(client: Client, row: Any) -> str:
    answer = client.get(f"{RECORDS[row.word()].url(row.pk)}peek/", **HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_says_what_comes_next_what_it_is_and_what_happened(client: Client, me: User) -> None:
    company = make.company(phone="03-1234-5678", owner=me)
    deal = make.deal(company=company, owner=me, amount=8_600_000)
    plan_step(
        timezone.now() + timedelta(days=2),
        by=me.actor(),
        kind="visit",
        subject="Survey of plant 3",
        about=With.row(deal),
    )
    write("They want it by April.", by=me.actor(), kind="note", about=With.row(deal))
    shown = peek(client, deal)
    assert deal.title in shown
    assert company.legal_name in shown
    assert "Survey of plant 3" in shown
    assert "They want it by April." in shown
    for verb in ("win", "lose"):
        assert f"/sales/deals/{deal.pk}/{verb}/" in shown
    assert f'hx-get="/activity/log/?about=sales.deal%3A{deal.pk}"' in shown or "/activity/log/?about=" in shown
    assert f'href="/sales/deals/{deal.pk}/"' in shown
    assert f'data-edit="/sales/deals/{deal.pk}/field/amount/"' in shown
    assert not re.search(r"\sstyle=|<style|\son\w+=", shown)


@pytest.mark.parametrize("name", ["company", "person", "deal"])
def test_it_shows_the_facts_of_the_page(client: Client, me: User, name: str) -> None:
    row = getattr(make, name)(owner=me)
    page = client.get(RECORDS[row.word()].url(row.pk)).content.decode()
    facts = re.search(r"<noren-inline.*?<dl>(.*?)</dl>", page, re.DOTALL)
    assert facts is not None
    assert facts[1] in peek(client, row)


def test_without_htmx_it_is_the_page_itself(client: Client, me: User) -> None:
    row = make.company(owner=me)
    answer = client.get(f"/contacts/companies/{row.pk}/peek/")
    assert (answer.status_code, answer["Location"]) == (302, f"/contacts/companies/{row.pk}/")


def test_a_row_out_of_sight_does_not_exist(client: Client) -> None:
    make.firm()
    team, other = make.team(), make.team()
    theirs = make.company(owner=make.user("sales", team=other))
    rights = make.user("sales", team=team)
    client.force_login(rights, backend="noren.accounts.login.Backend")
    expected = client.get(f"/contacts/companies/{theirs.pk}/").status_code
    assert client.get(f"/contacts/companies/{theirs.pk}/peek/", **HTMX).status_code == expected
    assert client.get("/contacts/companies/999999999/peek/", **HTMX).status_code == 404


def test_it_costs_the_same_whatever_has_happened(client: Client, me: User) -> None:
    deal = make.deal(company=make.company(), owner=me)
    write("first", by=me.actor(), kind="note", about=With.row(deal))

    def cost() -> int:
        peek(client, deal)
        with CaptureQueriesContext(connection) as seen:
            peek(client, deal)
        return len(seen)

    before = cost()
    for at in range(12):
        write(f"talk {at}", by=me.actor(), kind="call", about=With.row(deal))
    assert cost() == before <= 14


def test_lists_and_boards_offer_it(client: Client, me: User) -> None:
    make.deal(owner=me)
    for address in ("/sales/deals/", "/sales/deals/?layout=board"):
        assert "data-peek" in client.get(address).content.decode()
