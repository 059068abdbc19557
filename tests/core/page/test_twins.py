"""While a new row is written, those that may be the same are shown: by every key of the noun, visible rows only."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests import make

from noren.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def me(client: Client) -> User:
    make.firm()
    user = make.user("manager", locale="en")
    client.force_login(user, backend="noren.accounts.login.Backend")
    return user


def asked(client: Client, plural: str, **typed: Any) -> str:
    answer = client.post(f"/contacts/{plural}/twins/", typed, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode().strip()


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ({"legal_name": "（株）ほしの精工"}, "Same: Company name"),
        ({"legal_name": "x", "name_kana": "ほしのせいこう"}, "Same: Reading"),
        ({"legal_name": "x", "corporate_number": "７００００１２０５０００２"}, "Same: Corporate number"),
        ({"legal_name": "", "phone": "03 1234 5678"}, "Same: Phone"),
    ],
)
def test_a_company_is_known_by_name_reading_number_and_phone(
    client: Client, me: User, typed: dict[str, str], same: str
) -> None:
    known = make.company(
        legal_name="株式会社ほしの精工",
        name_kana="ホシノセイコウ",
        corporate_number="7000012050002",
        phone="03-1234-5678",
    )
    make.company(legal_name="株式会社ほかの会社", name_kana="ホカノカイシャ", phone="03-9999-5678")
    said = asked(client, "companies", **typed)
    assert f'href="/contacts/companies/{known.pk}/"' in said
    assert same in said
    assert said.count("<li>") == 1


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ({"email": "Takano@EXAMPLE.jp"}, "Same: E-mail"),
        ({"mobile": "０９０－１２３４－５６７８"}, "Same: Mobile"),
        ({"phone": "03-1111-2222"}, "Same: Phone"),
        ({"family_name": "高野", "given_name": "真由美"}, "Same: Name"),
        ({"family_name": "x", "family_kana": "たかの", "given_kana": "まゆみ"}, "Same: Family name (reading)"),
    ],
)
def test_a_person_is_known_by_mail_phones_name_and_reading(
    client: Client, me: User, typed: dict[str, str], same: str
) -> None:
    known = make.person(
        family_name="高野", given_name="真由美", family_kana="タカノ", given_kana="マユミ", email="takano@example.jp",
        mobile="090-1234-5678", phone="03-1111-2222", company=make.company(legal_name="あけぼの食品"),
    )  # fmt: skip
    make.person(family_name="高野", given_name="花子", email="hanako@example.jp")
    said = asked(client, "people", **typed)
    assert f'href="/contacts/people/{known.pk}/"' in said
    assert same in said
    assert "あけぼの食品" in said
    assert said.count("<li>") == 1


def test_half_a_form_and_wrong_values_are_no_trouble(client: Client, me: User) -> None:
    make.person(family_name="高野", email="takano@example.jp")
    for typed in ({}, {"email": "takano@"}, {"email": ""}, {"met_on": "gestern", "company": "x"}, {"family_name": ""}):
        assert asked(client, "people", **typed) == ""


def test_rows_out_of_sight_and_in_the_bin_stay_unsaid(client: Client) -> None:
    make.firm()
    team, other = make.team(), make.team()
    role = make.user("sales", team=team)
    client.force_login(role, backend="noren.accounts.login.Backend")
    theirs = make.company(legal_name="株式会社ひそか", owner=make.user("sales", team=other))
    is_seen = client.get(f"/contacts/companies/{theirs.pk}/").status_code == 200
    assert bool(asked(client, "companies", legal_name="ひそか")) == is_seen
    gone = make.company(legal_name="株式会社きえた")
    type(gone).system("into the bin").filter(pk=gone.pk).update(removed_at=gone.created_at)
    assert asked(client, "companies", legal_name="きえた") == ""


def test_who_may_not_create_is_told_nothing(client: Client) -> None:
    make.firm()
    make.company(legal_name="株式会社ほしの")
    client.force_login(make.user("reader"), backend="noren.accounts.login.Backend")
    assert client.post("/contacts/companies/twins/", {"legal_name": "ほしの"}).status_code == 403


def test_it_costs_the_same_for_one_and_many(client: Client, me: User) -> None:
    def cost() -> int:
        asked(client, "people", family_name="高野", email="takano@example.jp", mobile="090-1234-5678")
        with CaptureQueriesContext(connection) as seen:
            asked(client, "people", family_name="高野", email="takano@example.jp", mobile="090-1234-5678")
        return len(seen)

    make.person(family_name="高野", mobile="090-1234-5678", email="takano@example.jp")
    before = cost()
    for n in range(9):
        make.person(family_name="高野", mobile="090-1234-5678", email=f"t{n}@example.jp", company=make.company())
    assert cost() == before <= 12


def test_forms_of_new_rows_ask_and_those_of_old_ones_do_not(client: Client, me: User) -> None:
    company = make.company(owner=me)
    for address in ("/contacts/companies/new/", "/contacts/people/new/", "/catalog/products/new/"):
        page = client.get(address)
        if page.status_code == 200:
            assert "data-twins=" in page.content.decode()
    assert "data-twins=" not in client.get(f"/contacts/companies/{company.pk}/edit/").content.decode()
    sheet = client.get("/contacts/people/new/", headers={"HX-Request": "true", "HX-Target": "sheet"}).content.decode()
    assert "data-twins=" in sheet
