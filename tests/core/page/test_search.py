"""The page of results and the palette: what matched is marked, few hits of each noun, and a way on where nothing is found."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def page() -> Client:
    make.firm()
    user = make.user("sales", name="田中 健")
    shop = make.company(legal_name="山田商事株式会社", owner=user)
    make.person(family_name="田中", given_name="太郎", company=shop, mobile="090-8765-4321", owner=user)
    make.deal(title="温度計の更新", company=shop, owner=user)
    client = Client()
    client.force_login(user, backend="noren.accounts.login.Backend")
    return client


def text(page: Client, path: str, q: str) -> str:
    answer = page.get(path, {"q": q})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("path", ["/search/", "/palette/"])
def test_the_words_are_marked_where_they_were_looked_for(page: Client, path: str) -> None:
    said = text(page, path, "田中")
    assert "<mark>田中</mark> 太郎" in said
    assert "<mark>田中</mark> 健" not in said  # the owner is not what was looked for
    assert "<mark>山田</mark>商事株式会社" in text(page, path, "山田 太郎")
    assert "090-<mark>8765</mark>-4321" in text(page, path, "8765")


def test_a_deal_shows_the_company_by_which_it_was_found(page: Client) -> None:
    assert re.search(
        r"温度計の更新.{0,80}<mark>山田商事</mark>株式会社", text(page, "/palette/", "山田商事"), re.DOTALL
    )


def test_what_was_written_by_people_stays_text(page: Client) -> None:
    make.company(legal_name="<b>みどり</b>商店")
    for path in ("/search/", "/palette/"):
        assert "<b>みどり" not in text(page, path, "<b>みどり")
        assert "&lt;b&gt;" in text(page, path, "みどり")


def test_more_hits_than_a_page_holds_lead_to_the_list(page: Client) -> None:
    for n in range(11):
        make.company(legal_name=f"みどり{n}商店", owner=None)
    said = text(page, "/search/", "みどり")
    assert said.count("<mark>みどり</mark>") == 2 * 6  # in the name and in the reason
    assert set(re.findall(r"\b6\+?(?=[<件 ])", said)) == {"6+"}  # each count says that there are more
    assert "/contacts/companies/?find=%E3%81%BF%E3%81%A9%E3%82%8A" in said
    assert (
        len(re.findall("<li><a", page.get("/search/", {"q": "みどり", "kind": "contacts.company"}).content.decode()))
        == 11
    )


def test_nothing_found_offers_a_new_row_to_those_who_may_make_one(page: Client) -> None:
    for path in ("/search/", "/palette/"):
        said = text(page, path, "川田")
        assert "/contacts/companies/new/?legal_name=%E5%B7%9D%E7%94%B0" in said
        assert "/contacts/people/new/?family_name=%E5%B7%9D%E7%94%B0" in said
        assert "/contacts/people/new/?email=a%40b.example" in text(page, path, "a@b.example")
        assert "/contacts/people/new/?mobile=0312345678" in text(page, path, "0312345678")
    reader = Client()
    reader.force_login(make.user("reader"), backend="noren.accounts.login.Backend")
    assert "/new/" not in text(reader, "/palette/", "川田")


def test_hits_on_one_word_stand_below_only_while_few_have_all(page: Client) -> None:
    said = text(page, "/search/", "田中 ないもの")
    assert "<mark>田中</mark> 太郎" in said
    for n in range(10):
        make.person(family_name="田中", given_name=f"みどり{n}")
    make.person(family_name="田中", given_name="一人")
    assert "一人" not in text(page, "/search/", "田中 みどり")
