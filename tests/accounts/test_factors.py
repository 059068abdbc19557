"""Second factors: codes of an app, recovery codes, and proving oneself again."""

from __future__ import annotations

import json
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from tests.accounts.conftest import PASSWORD, is_in, log_in

from noren.accounts.actions.keys import issue_key
from noren.accounts.actions.rights import require_factor
from noren.accounts.login.secret import seal, unseal
from noren.accounts.models import User
from noren.core.access.actor import HOUSE
from noren.core.base.errors import Forbidden
from noren.core.event.models import Fact

pytestmark = pytest.mark.django_db


def code_of(secret: str, ahead: int = 0) -> str:
    """What an authenticator app shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead)))


def set_up(client: Client) -> tuple[str, list[str]]:
    """Set up an app as a person does; gives its secret and the recovery codes shown."""
    page = client.get("/settings/security/app/").content.decode()
    secret = re.search(r'class="keyt">([A-Z2-7 ]+)<', page)
    assert secret
    key = secret[1].replace(" ", "")
    answer = client.post("/settings/security/app/", {"code": code_of(key)})
    assert answer.status_code == 200
    shown = answer.content.decode()
    return key, re.findall(r"<li><code>(\d{8})</code>", shown)


def test_app_is_asked_for_after_the_password(aiko: User) -> None:
    secret, codes = set_up(log_in(aiko))
    assert len(codes) == 10
    cache.clear()
    client = Client()
    answer = client.post("/login/", {"email": aiko.email, "password": PASSWORD, "next": "/settings/keys/"})
    assert answer["Location"] == "/login/code/"
    assert not is_in(client)
    assert client.post("/login/code/", {"code": "000000"}).status_code == 200
    assert not is_in(client)
    wide = code_of(secret).translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    answer = client.post("/login/code/", {"code": f" {wide[:3]} {wide[3:]}"})
    assert answer["Location"] == "/settings/keys/"
    assert is_in(client)


def test_a_code_opens_only_once(aiko: User) -> None:
    secret, _codes = set_up(log_in(aiko))
    cache.clear()
    first, second = Client(), Client()
    for client in (first, second):
        client.post("/login/", {"email": aiko.email, "password": PASSWORD})
    code = code_of(secret)
    first.post("/login/code/", {"code": code})
    second.post("/login/code/", {"code": code})
    assert is_in(first)
    assert not is_in(second)


def test_a_recovery_code_opens_once_and_is_shown_once(aiko: User) -> None:
    client = log_in(aiko)
    _secret, codes = set_up(client)
    again = client.get("/settings/security/codes/").content.decode()
    assert not any(code in again for code in codes)
    for expected in (True, False):
        cache.clear()
        visitor = Client()
        visitor.post("/login/", {"email": aiko.email, "password": PASSWORD})
        visitor.post("/login/code/", {"code": codes[3]})
        assert is_in(visitor) is expected


def test_new_recovery_codes_end_the_old_ones(aiko: User) -> None:
    client = log_in(aiko)
    _secret, old = set_up(client)
    answer = client.post("/settings/security/codes/")
    new = re.findall(r"<li><code>(\d{8})</code>", answer.content.decode())
    assert len(new) == 10
    assert not set(new) & set(old)
    cache.clear()
    visitor = Client()
    visitor.post("/login/", {"email": aiko.email, "password": PASSWORD})
    visitor.post("/login/code/", {"code": old[0]})
    assert not is_in(visitor)


def test_codes_cannot_be_guessed(aiko: User) -> None:
    secret, _codes = set_up(log_in(aiko))
    cache.clear()
    client = Client()
    client.post("/login/", {"email": aiko.email, "password": PASSWORD})
    for n in range(5):
        client.post("/login/code/", {"code": f"{n:06}"})
    client.post("/login/code/", {"code": code_of(secret)})
    assert not is_in(client)


def test_a_new_factor_ends_other_sessions_and_changes_the_session_id(aiko: User) -> None:
    here, there = log_in(aiko), log_in(aiko)
    before = here.cookies["noren"].value
    set_up(here)
    assert is_in(here)
    assert here.cookies["noren"].value != before
    assert not is_in(there)
    assert Fact.objects.filter(name="accounts.user.factor_added", subject_id=aiko.pk).count() == 1


def test_removing_the_app_needs_a_recent_proof(aiko: User) -> None:
    client = log_in(aiko)
    set_up(client)
    session = client.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [record | {"at": time.time() - 1000} for record in records]
    session.save()
    answer = client.post("/settings/security/app/remove/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/again/")
    assert Authenticator.objects.filter(user=aiko, type="totp").exists()
    assert client.post(answer["Location"], {"password": "wrong one"}).status_code == 200
    client.post(answer["Location"], {"password": PASSWORD})
    client.post("/settings/security/app/remove/")
    assert not Authenticator.objects.filter(user=aiko).exists()


def test_a_reset_password_does_not_pass_by_the_second_factor(aiko: User) -> None:
    from noren.accounts.actions.people import issue_ticket

    set_up(log_in(aiko))
    token = issue_ticket(aiko, "reset")
    Client().post(f"/link/{token}/", {"password": "a new long sentence 5", "again": "a new long sentence 5"})
    cache.clear()
    client = Client()
    answer = client.post("/login/", {"email": aiko.email, "password": "a new long sentence 5"})
    assert answer["Location"] == "/login/code/"
    assert not is_in(client)


def test_seeds_are_sealed_at_rest_and_open_only_for_their_owner(aiko: User, admin: User) -> None:
    secret, codes = set_up(log_in(aiko))
    mine = Authenticator.objects.get(user=aiko, type="totp")
    stored = json.dumps([one.data for one in Authenticator.objects.filter(user=aiko)])
    assert secret not in stored
    assert not any(code in stored for code in codes)
    Authenticator.objects.create(user=admin, type="totp", data=mine.data)  # somebody moves a row's secret to another
    cache.clear()
    client = Client()
    client.post("/login/", {"email": admin.email, "password": PASSWORD})
    client.post("/login/code/", {"code": code_of(secret)})
    assert not is_in(client)


def test_a_sealed_value_opens_only_where_it_belongs() -> None:
    sealed = seal("geheim 秘密", "factor:1")
    assert "geheim" not in sealed
    assert unseal(sealed, "factor:1") == "geheim 秘密"
    assert seal("geheim 秘密", "factor:1") != sealed
    for wrong in ("factor:2", ""):
        with pytest.raises(ValueError):
            unseal(sealed, wrong)
    with pytest.raises(ValueError):
        unseal(sealed[:-6] + "AAAA" + sealed[-2:], "factor:1")
    with pytest.raises(ValueError):
        unseal("plain", "factor:1")


# -- required by a role --------------------------------------------------------------------------------------------------


def test_a_role_may_ask_for_a_second_step(aiko: User, admin: User) -> None:
    client, boss = log_in(aiko), log_in(admin)
    role = aiko.roles.get()
    assert boss.post(f"/settings/roles/{role.pk}/do/", {"do": "factor", "needs_factor": "on"}).status_code == 302
    for path in ("/", "/sales/deals/", "/settings/profile/", "/search/?q=x", "/imports/"):
        assert client.get(path)["Location"] == "/settings/security/"
    assert client.get("/sales/deals/", headers={"HX-Request": "true"})["HX-Redirect"] == "/settings/security/"
    assert client.post("/sales/deals/new/", {"title": "x"})["Location"] == "/settings/security/"
    assert client.get("/api/v1/sales/deals").status_code == 403
    page = client.get("/settings/security/").content.decode()
    assert 'role="alert"' in page
    assert boss.get("/sales/deals/").status_code == 200
    _secret, codes = set_up(client)
    assert codes
    assert client.get("/sales/deals/").status_code == 200
    assert client.get("/api/v1/sales/deals").status_code == 200
    fact = Fact.objects.filter(name="access.role.rights_changed", subject_id=role.pk).get()
    assert fact.by == admin
    assert "いいえ → はい" in re.sub("<[^>]+>", "", boss.get("/settings/audit/").content.decode())


def test_who_takes_the_last_factor_away_is_led_back_to_it(aiko: User) -> None:
    client = log_in(aiko)
    set_up(client)
    require_factor(aiko.roles.get(), True, by=HOUSE)
    assert client.get("/sales/deals/").status_code == 200
    client.post("/settings/security/app/remove/")
    assert client.get("/sales/deals/")["Location"] == "/settings/security/"
    require_factor(aiko.roles.get(), False, by=HOUSE)
    assert client.get("/sales/deals/").status_code == 200


def test_keys_work_on_whatever_a_role_asks_of_people(aiko: User) -> None:
    _key, secret = issue_key("script", "write", by=aiko.actor())
    require_factor(aiko.roles.get(), True, by=HOUSE)
    answer = Client().get("/api/v1/sales/deals", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200


def test_only_administrators_ask_for_a_second_step(aiko: User) -> None:
    with pytest.raises(Forbidden):
        require_factor(aiko.roles.get(), True, by=aiko.actor())
