"""A row that one may see can point at rows that one may not: what those are called is said nowhere, and cannot be
found out by looking for it, filtering by it or putting rows in its order."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from typing import Any

import pytest
from django.test import Client

from noren.accounts.models import User
from noren.activity.actions.activity import With, log_activity
from noren.core.access.models import Role
from tests import make
from tests.contract.calls import Program

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SECRET = "秘密の取引先"
INDUSTRY = "manufacturing"


@pytest.fixture(scope="module", autouse=True)
def _firm(module_rows: None) -> None:
    make.firm()


@pytest.fixture(scope="module")
def seller(_firm: None) -> User:
    """Somebody who sees companies and people of the own team only."""
    role = Role.every.get(key="sales")
    role.rights |= {"contacts.company.view": "team", "contacts.person.view": "team"}
    role.save()
    return make.user("sales", team=make.team())


@pytest.fixture(scope="module")
def deal(seller: User) -> Any:
    """Their deal with a company of another team, and a person there who is theirs."""
    stranger = make.user("sales", team=make.team())
    company = make.company(legal_name=SECRET, name_kana="ヒミツノトリヒキサキ", industry=INDUSTRY, owner=stranger)
    make.person(family_name="見える", company=company, owner=seller)
    return make.deal(title="見える商談", company=company, owner=seller, amount=5_000_000)


@pytest.fixture
def me(seller: User) -> User:
    return User.objects.get(pk=seller.pk)


@pytest.fixture
def page(me: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(me)
    client.get("/health")  # the first request of a session notes it
    return client


def said(response: Any) -> str:
    """All that an answer says, the parts of a workbook included."""
    data = b"".join(response.streaming_content) if response.streaming else response.content
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            data = b"".join(book.read(name) for name in book.namelist())
    return data.decode(errors="replace")


ADDRESSES = (
    "/", "/activity/today/", "/activity/inbox/", "/search/?q=見える", "/palette/?q=見える", "/activity/who/?q=見える", "/activity/log/",
    "/sales/deals/", "/sales/deals/?columns=title,company,company__industry", "/sales/deals/?layout=board", "/sales/deals/forecast/",
    "/sales/deals/?company={company}", "/sales/deals/filter/?company={company}", "/sales/deals/export/?format=csv",
    "/sales/deals/export/?format=json", "/sales/deals/export/?format=xlsx", "/sales/deals/{deal}/", "/sales/deals/{deal}/edit/",
    "/sales/deals/{deal}/field/company/", "/sales/deals/{deal}/history/company/", "/sales/deals/{deal}/lines/",
    "/sales/deals/{deal}/win/", "/sales/deals/{deal}/lose/", "/share/sales.deal/{deal}/", "/sales/deals/new/?company={company}",
    "/contacts/people/", "/contacts/people/?columns=full_name,company,company__industry", "/contacts/people/export/?format=csv",
    "/contacts/people/options/company/?q=", "/sales/deals/options/person/?q=見える", "/sales/deals/options/company/?q=取引先",
    "/activity/activities/options/person/?q=見える", "/activity/log/?to=sales.deal:{deal}", "/activity/steps/new/?about=sales.deal:{deal}",
    "/metrics/open_deals/rows/", "/metrics/open_deals/?by=company", "/metrics/open_deals/?by=company__industry",
)  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_names_no_row_that_may_not_be_seen(address: str, deal: Any, page: Client) -> None:
    response = page.get(address.format(deal=deal.pk, company=deal.company_id))

    assert response.status_code < 400, response.status_code
    text = said(response)
    assert not re.findall(rf".{{0,80}}(?:{SECRET}|{INDUSTRY}).{{0,40}}", text)


def test_nor_does_the_panel_beside_a_list(deal: Any, page: Client) -> None:
    response = page.get(f"/sales/deals/{deal.pk}/peek/", headers={"HX-Request": "true"})

    assert response.status_code == 200
    text = said(response)
    assert deal.title in text
    assert not re.findall(rf".{{0,80}}(?:{SECRET}|{INDUSTRY}).{{0,40}}", text)


@pytest.mark.parametrize("path", ["sales/deals", "contacts/people", "search?q=見える", "metrics/open_deals?by=company"])
def test_a_program_is_told_no_name_that_may_not_be_seen(path: str, deal: Any, me: User) -> None:
    text = said(Program.of(me).send("GET", path))

    assert SECRET not in text
    assert INDUSTRY not in text


@pytest.mark.parametrize(
    ("filtered", "found"),
    [("company__industry=manufacturing", 0), ("company__industry__has=fact", 0), ("company__industry__not=manufacturing", 1),
     ("company__industry__filled=1", 0), ("company__industry__empty=1", 1), ("company__standing=prospect", 0)],
)  # fmt: skip
def test_no_filter_finds_out_what_stands_behind_a_row_that_may_not_be_seen(
    filtered: str, found: int, deal: Any, me: User
) -> None:
    _status, body = Program._told(Program(), Program.of(me).send("GET", f"sales/deals?{filtered}"))
    _status, every = Program._told(Program(), Program.of(make.user("admin")).send("GET", f"sales/deals?{filtered}"))

    assert (len(body["data"]), len(every["data"])) == (found, 1 - found)


def test_no_order_and_no_cursor_tells_it_either(deal: Any, me: User) -> None:
    for _n in range(2):
        make.deal(company=make.company(legal_name="株式会社見える", owner=me), owner=me)
    api = Program.of(me)
    for sort in ("company", "-company", "company__industry"):
        _status, body = api.get("sales/deals", sort=sort, limit=3)
        assert [row["id"] for row in body["data"]][-1] == deal.pk, "what may not be seen comes last, whichever way"
        _status, body = api.get("sales/deals", sort=sort, limit=1)
        _status, body = api.get("sales/deals", sort=sort, limit=1, cursor=body["next"])
        place = base64.urlsafe_b64decode(body["next"].rpartition(":")[2] + "==").decode()
        assert "ひみつ" not in place
        assert INDUSTRY not in place


@pytest.fixture
def blind() -> User:
    """Somebody from whom private fields are hidden, who otherwise sees all."""
    role = Role(name="目隠し", rights={"*.*": "all"}, groups={"money": "hidden"})
    role.save()
    user = make.user(None)
    user.roles.add(role)
    user.save()
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("words", ["09012345678", "090-1234", "hidden@example.jp", "example"])
def test_words_of_hidden_fields_find_nothing_in_any_list(words: str, blind: User) -> None:
    make.person(family_name="山田", mobile="090-1234-5678", email="hidden@example.jp")
    api, page = Program.of(blind), Client()
    page.force_login(blind)

    assert api.get("contacts/people", find=words)[1]["data"] == []
    assert "山田" not in said(page.get("/contacts/people/", {"find": words}))
    assert "山田" not in said(page.get("/sales/deals/options/person/", {"q": words}))
    assert "山田" not in said(page.get("/contacts/people/export/", {"find": words, "format": "csv"}))
    assert len(Program.of(make.user("admin")).get("contacts/people", find=words)[1]["data"]) == 1
    assert len(api.get("contacts/people", find="山田")[1]["data"]) == 1


def test_the_day_shows_no_phone_number_to_those_who_may_not_read_numbers(blind: User) -> None:
    person = make.person(family_name="山田", mobile="090-1234-5678", owner=blind)
    log_activity("call", "電話した", by=blind.actor(), about=With(person=person))
    page = Client()
    page.force_login(blind)

    text = said(page.get("/activity/today/"))

    assert "電話した" in text
    assert "09012345678" not in text
    assert "090-1234-5678" not in text
