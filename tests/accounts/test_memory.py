"""Who is remembered between requests, and that nothing of it is ever old."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from tests import make

from noren.accounts.actions.keys import issue_key
from noren.accounts.models import ApiKey, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def aiko() -> User:
    make.firm()
    return make.user("admin", name="佐藤 美咲")


def _name_in(browser: Client) -> str:
    page = browser.get("/contacts/people/").content.decode()
    return page.partition('<div class="clip">')[2].partition("<br>")[0]


def test_a_change_by_any_way_is_seen_by_the_next_request(aiko: User) -> None:
    browser = Client()
    browser.force_login(aiko)
    assert _name_in(browser) == "佐藤 美咲"
    with connection.cursor() as cursor:  # not even through noren
        cursor.execute("UPDATE accounts_user SET name = %s WHERE id = %s", ["佐藤 新", aiko.pk])
    assert _name_in(browser) == "佐藤 新"


@pytest.mark.parametrize("change", ["is_active = false", "removed_at = now()"])
def test_whoever_is_switched_off_is_out_at_once(aiko: User, change: str) -> None:
    browser = Client()
    browser.force_login(aiko)
    key = issue_key("program", "read", by=aiko.actor())[1]
    program = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
    assert browser.get("/contacts/people/").status_code == 200
    assert Client().get("/api/v1/me", **program).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE accounts_user SET {change} WHERE id = %s", [aiko.pk])
    assert browser.get("/contacts/people/").status_code == 302
    assert Client().get("/api/v1/me", **program).status_code == 401


def test_another_password_ends_the_session(aiko: User) -> None:
    browser = Client()
    browser.force_login(aiko)
    assert browser.get("/contacts/people/").status_code == 200
    User.every.filter(pk=aiko.pk).update(password=make_password("something else 42"))
    assert browser.get("/contacts/people/").status_code == 302


def test_a_session_that_names_somebody_else_than_its_row_is_not_believed(aiko: User) -> None:
    ben = make.user("sales", name="高橋 健")
    browser = Client()
    browser.force_login(aiko)
    aiko.sessions.update(user=ben)
    assert _name_in(browser) == "佐藤 美咲"  # what is signed counts, read anew


def test_what_one_request_does_to_its_person_is_not_seen_by_another(aiko: User) -> None:
    first = User.objects.known(aiko.pk, "", 1)
    assert first is not None
    sign = vars(first)["row_sign"]
    first.name = "only here"
    first.extra["only"] = "here"
    again = User.objects.known(aiko.pk, sign, 1)
    assert again is not None
    assert (again.name, again.extra) == ("佐藤 美咲", {})


def test_a_revoked_key_is_out_at_once(aiko: User) -> None:
    key = issue_key("program", "read", by=aiko.actor())[1]
    program = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
    assert Client().get("/api/v1/me", **program).status_code == 200
    row = ApiKey.every.get()
    row.scope = "write"
    row.save()
    assert Client().get("/api/v1/me", **program).json()["scope"] == "write"
    ApiKey.every.update(revoked_at="2020-01-01T00:00:00Z")
    assert Client().get("/api/v1/me", **program).status_code == 401
