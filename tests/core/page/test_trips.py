"""How many statements a page asks, and in how many trips: never more for more rows, and no more than is written here."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests import make

from noren.accounts.models import User
from noren.activity.actions.activity import With, write
from noren.core.base import kept
from noren.core.record.declare import RECORDS

pytestmark = pytest.mark.django_db
EVERY_PAGE = 2  # statements, each a trip of its own: the session with its person; what waits in the rail


@pytest.fixture
def me() -> User:
    make.firm()
    return make.user("manager")


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of statements of each trip that kept queries made."""
    made: list[int] = []
    answers = kept._answers

    def counted(sent: Any) -> Any:
        if sent:
            made.append(len(sent))
        return answers(sent)

    monkeypatch.setattr(kept, "_answers", counted)
    return made


def asked(user: User, address: str, trips: list[int]) -> tuple[int, int]:
    """Statements and trips of a page, once everything about it is known; asked twice, for when a second has passed one
    statement more asks whether the firm has changed."""
    client = Client()
    client.force_login(user, backend="noren.accounts.login.Backend")
    for _n in range(2):
        assert client.get(address).status_code == 200
    told = []
    for _n in range(2):
        trips.clear()
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        told.append((len(seen) - EVERY_PAGE, len(trips) - EVERY_PAGE))
    return min(told)


def busy(name: str, user: User) -> Any:
    """A row with everything on it that a page shows."""
    company = make.company(owner=user)
    person = make.person(company=company, owner=user)
    deal = make.deal(company=company, person=person, owner=user)
    for other in range(3):
        make.deal(company=company, person=person, owner=user)
        make.person(company=company)
        for row in (company, person, deal):
            write(f"talk {other}", by=user.actor(), kind="call", about=With.row(row))
    return {"company": company, "person": person, "deal": deal}[name]


@pytest.mark.parametrize(("name", "statements", "ways"), [("person", 11, 3), ("company", 13, 3), ("deal", 12, 3)])
def test_a_row_is_asked_for_in_few_trips(name: str, statements: int, ways: int, me: User, trips: list[int]) -> None:
    row = busy(name, me)
    told = asked(me, RECORDS[row.word()].url(row.pk), trips)
    assert told[0] <= statements
    assert told[1] <= ways


def test_a_board_is_asked_for_in_two(me: User, trips: list[int]) -> None:
    for stage in make.stages():
        make.deal(stage=stage, owner=me, amount=1000)
    told = asked(me, "/sales/deals/?layout=board", trips)
    assert told[0] <= 6  # one of them only when a second has passed: has the firm changed?
    assert told[1] <= 2


@pytest.mark.parametrize("address", ["/search/?q={}", "/palette/?q={}", "/activity/who/?q={}"])
def test_a_search_costs_the_same_for_few_and_many_hits(address: str, me: User, trips: list[int]) -> None:
    def more() -> None:
        shop = make.company(legal_name="青空商店", owner=me, parent=make.company(legal_name="青空本店"))
        person = make.person(family_name="青空", company=shop, owner=me, department="営業", post="部長")
        make.deal(title="青空の件", company=shop, person=person, owner=me)
        make.product(name="青空", family="空")

    more()
    once = asked(me, address.format("青空"), trips)
    more()
    more()
    assert asked(me, address.format("青空"), trips) == once
    assert once[1] <= 1  # the rows; the rail asks beside them
