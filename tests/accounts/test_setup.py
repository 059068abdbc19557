"""The first administrator comes by command, and only so."""

from __future__ import annotations

import pytest
from tests.accounts.conftest import PASSWORD, is_in, log_in

from noren.accounts.actions.setup import appoint_admin, found_firm
from noren.accounts.models import User
from noren.core.access.models import Firm, Role
from noren.core.event.models import Fact
from noren.sales.actions.setup import found_pipeline

pytestmark = pytest.mark.django_db


def test_a_new_database_knows_nobody() -> None:
    assert not User.objects.exists()
    assert not Firm.objects.exists()


@pytest.mark.parametrize(("language", "word", "role"), [("ja", "商談", "管理者"), ("en", "Deals", "Administrator")])
def test_founding_speaks_the_language_asked_for(language: str, word: str, role: str) -> None:
    firm = found_firm("青葉計測", locale=language)
    found_pipeline(language)
    user = appoint_admin("boss@example.jp", "中村 直子", PASSWORD, language)
    assert (firm.deal_word, user.locale) == (word, language)
    assert Role.every.get(key="admin").name == role
    assert user.actor().is_admin
    assert is_in(log_in(user))
    assert Fact.objects.get(name="accounts.user.appointed").via == "command"


def test_founding_again_changes_nothing() -> None:
    first = found_firm("青葉計測")
    found_firm("別の会社", locale="en", currency="USD")
    assert Firm.objects.get() == first
    assert Firm.objects.get().name == "青葉計測"


def test_someone_locked_out_gets_back_in_by_command() -> None:
    from allauth.mfa.models import Authenticator

    found_firm("青葉計測")
    user = appoint_admin("boss@example.jp", "中村 直子", PASSWORD)
    appoint_admin("other@example.jp", "別の人", PASSWORD)
    Authenticator.objects.create(user=user, type="totp", data={"secret": "lost"})
    user.is_active = False
    user.save()
    appoint_admin("BOSS@example.jp", "", "a new long sentence 8", forget_factors=True)
    assert User.objects.count() == 2
    assert is_in(log_in(user, "a new long sentence 8"))
