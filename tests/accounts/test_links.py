"""One-time links: invitations and new passwords."""

from __future__ import annotations

import io
import logging
import logging.config
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from tests import make
from tests.accounts.conftest import PASSWORD, is_in, log_in

from noren.accounts.actions.mails import mail_reset
from noren.accounts.actions.people import deactivate_user, invite, issue_ticket
from noren.accounts.models import Ticket, User
from noren.core.access.actor import HOUSE
from noren.core.access.models import Role
from noren.core.base.errors import Forbidden, Invalid

pytestmark = pytest.mark.django_db
NEW = "a whole new sentence 9"


def use(token: str, password: str = NEW) -> Any:
    return Client().post(f"/link/{token}/", {"password": password, "again": password})


def test_an_invited_colleague_sets_a_password_and_is_in(admin: User) -> None:
    role = Role.every.get(key="sales")
    answer = log_in(admin).post(
        "/settings/people/invite/",
        {"name": "鈴木 遥", "email": "haruka@example.jp", "locale": "ja", "roles": [role.pk]},
    )
    link = re.search(r'value="http://[^"]+/link/([^/"]+)/"', answer.content.decode())
    assert link
    user = User.objects.get(email="haruka@example.jp")
    assert list(user.roles.all()) == [role]
    assert not user.has_usable_password()
    assert Client().get(f"/link/{link[1]}/").status_code == 200
    answer = use(link[1])
    assert answer["Location"] == "/login/?email=haruka%40example.jp&set=1"
    assert is_in(log_in(user, NEW))


def test_a_link_speaks_the_language_of_its_person_unless_another_was_chosen_on_the_browser(aiko: User) -> None:
    aiko.locale = "ja"
    aiko.save()
    address = f"/link/{issue_ticket(aiko, 'invite', by=HOUSE)}/"
    english = {"accept-language": "en"}
    client = Client()
    assert 'lang="ja"' in client.get(address, headers=english).content.decode()
    client.post("/me/language/", {"language": "en"})
    assert 'lang="en"' in client.get(address, headers=english).content.decode()


def test_a_link_works_once_even_for_two_at_the_same_moment(aiko: User) -> None:
    token = issue_ticket(aiko, "invite")
    assert use(token).status_code == 302
    assert use(token, "and another sentence 9").status_code == 410
    assert is_in(log_in(aiko, NEW))


def test_looking_at_a_link_does_not_use_it_up(aiko: User) -> None:
    token = issue_ticket(aiko, "reset")
    for _ in range(3):
        assert Client().get(f"/link/{token}/").status_code == 200
    assert use(token, "short").status_code == 422
    assert use(token).status_code == 302


@pytest.mark.parametrize(("kind", "lives"), [("invite", timedelta(days=7)), ("reset", timedelta(minutes=60))])
def test_links_run_out(aiko: User, kind: str, lives: timedelta) -> None:
    token = issue_ticket(aiko, kind)
    ticket = Ticket.objects.get(user=aiko, used_at=None)
    assert ticket.until <= timezone.now() + lives
    Ticket.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert use(token).status_code == 410


def test_a_newer_link_a_new_password_or_a_new_address_end_a_link(aiko: User) -> None:
    first = issue_ticket(aiko, "reset")
    second = issue_ticket(aiko, "reset")
    assert use(first).status_code == 410
    aiko.email = "aiko2@example.jp"
    aiko.save()
    assert use(second).status_code == 410
    third = issue_ticket(aiko, "reset")
    client = log_in(aiko)
    client.post("/settings/security/password/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert use(third, "yet another sentence 1").status_code == 410
    fourth = issue_ticket(aiko, "reset")
    deactivate_user(aiko, by=HOUSE)
    assert use(fourth).status_code == 410


def test_using_a_link_ends_all_sessions(aiko: User) -> None:
    client = log_in(aiko)
    use(issue_ticket(aiko, "reset"))
    assert not is_in(client)


def test_only_the_digest_of_a_token_is_kept_and_nothing_logs_it(aiko: User, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "noren"):
        token = issue_ticket(aiko, "reset")
        use(token)
    assert len(token) >= 43
    assert token not in str(list(Ticket.objects.values()))
    assert token not in caplog.text


@pytest.fixture
def log(settings: Any) -> Any:
    """The log as a server writes it, of every logger and level."""
    shape = {"()": settings.LOGGING["formatters"]["line"]["()"], "format": "%(name)s %(message)s"}
    handler = logging.StreamHandler(io.StringIO())
    made = logging.config.DictConfigurator({"version": 1, "formatters": {"line": shape}})
    handler.setFormatter(made.configure_formatter(shape))
    root = logging.getLogger()
    root.addHandler(handler)
    yield handler.stream
    root.removeHandler(handler)


def test_a_refusal_or_fault_at_a_link_leaves_no_key_in_the_log(
    aiko: User, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issue_ticket(aiko, "invite")
    where = f"/link/{token}/"
    assert use(token, "short").status_code == 422
    assert Client(enforce_csrf_checks=True).post(where, {"password": NEW}).status_code == 403
    assert Client().get(f"{where}more/").status_code == 404
    elsewhere = {"Referer": f"https://other.example{where}"}
    assert Client(enforce_csrf_checks=True).post(where, secure=True, headers=elsewhere).status_code == 403
    assert Client().get(where, headers={"Host": "evil.example"}).status_code == 400
    monkeypatch.setattr("noren.accounts.pages.gate.redeem", lambda *_: {}[f"no way at {where}?next=%2Flink%2F{token}"])
    assert Client(raise_request_exception=False).post(where, {"password": NEW, "again": NEW}).status_code == 500
    monkeypatch.undo()
    assert use(token).status_code == 302
    assert use(token).status_code == 410

    told = log.getvalue()
    assert told.count("/link/…") >= 5
    assert "Unprocessable" in told
    assert "KeyError" in told
    assert token not in told


def test_no_other_request_carries_the_address_of_a_link(aiko: User) -> None:
    token = issue_ticket(aiko, "invite")
    for answer in (Client().get(f"/link/{token}/"), use(token, "short"), Client().get("/link/none/")):
        assert answer["Referrer-Policy"] == "strict-origin"
    assert Client().get("/login/")["Referrer-Policy"] == "same-origin"


def test_the_reset_mail_goes_to_those_who_exist_and_names_our_own_address(aiko: User, settings: Any) -> None:
    mail_reset("nobody@example.jp")
    assert not mail.outbox
    mail_reset("Aiko@example.jp")
    (sent,) = mail.outbox
    assert sent.to == ["aiko@example.jp"]
    link = re.search(r"(http://\S+)/link/(\S+)/", sent.body)
    assert link
    assert link[1] == settings.ENV.base_url
    assert use(link[2]).status_code == 302


def test_a_forged_host_never_reaches_a_mail(aiko: User) -> None:
    answer = Client().post("/login/forgotten/", {"email": aiko.email}, headers={"Host": "evil.example"})
    assert answer.status_code == 400


def test_only_administrators_invite(admin: User, aiko: User) -> None:
    with pytest.raises(Forbidden):
        invite({"email": "x@example.jp", "name": "X"}, [], by=aiko.actor())
    with pytest.raises(Invalid):
        invite({"email": "AIKO@example.jp", "name": "X"}, [], by=admin.actor())
    assert log_in(aiko).get("/settings/people/invite/").status_code == 403


def test_integers_and_guesses_open_nothing(firm: None) -> None:
    make.user("sales")
    for guess in ("1", "0", "a" * 43, "..%2f..%2f", "%00"):
        cache.clear()
        assert Client().get(f"/link/{guess}/").status_code in (404, 410)
