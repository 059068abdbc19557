"""Getting in with a browser: password, passkey, one-time code; and the settings around it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from playwright.sync_api import Page, expect
from tests import make
from tests.journey.conftest import PASSWORD

from noren.accounts.models import User
from noren.core.access.models import Role

pytestmark = pytest.mark.journey


def authenticator(page: Page) -> None:
    """A device with a fingerprint reader that always says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_is_added_and_opens_the_door_without_a_password(page: Page, walk_in: Callable[[User], None]) -> None:
    authenticator(page)
    user = make.user("sales", "佐藤 愛子")
    walk_in(user)
    page.goto("/settings/security/passkeys/add/")
    page.locator("#f-name").fill("指紋")
    page.locator("noren-passkey button").click()
    expect(page.locator(".rcodes code")).to_have_count(10)
    page.goto("/settings/security/")
    expect(page.locator("main")).to_contain_text("指紋")
    page.goto("/logout/")
    page.locator("form.gcol button").click()
    page.wait_for_url("**/login/")
    page.locator("noren-passkey button").click()
    page.wait_for_url(lambda url: "/login/" not in url)
    page.goto("/settings/security/")
    expect(page.locator("main")).to_contain_text("指紋")


def test_a_passkey_is_also_the_second_step_after_a_password(page: Page, walk_in: Callable[[User], None]) -> None:
    authenticator(page)
    user = make.user("sales")
    walk_in(user)
    page.goto("/settings/security/passkeys/add/")
    page.locator("noren-passkey button").click()
    expect(page.locator(".rcodes code")).to_have_count(10)
    page.context.clear_cookies()
    page.goto("/login/")
    page.locator("#email").fill(user.email or "")
    page.locator("#password").fill(PASSWORD)
    page.locator("form.gcol button.pri").click()
    page.wait_for_url("**/login/code/")
    page.locator("noren-passkey button").click()
    page.wait_for_url(lambda url: "/login/" not in url)


def test_an_authenticator_app_is_set_up_and_asked_for(page: Page, walk_in: Callable[[User], None]) -> None:
    user = make.user("sales")
    walk_in(user)
    page.goto("/settings/security/app/")
    expect(page.locator(".qr svg")).to_be_visible()
    secret = page.locator(".keyt").inner_text().replace(" ", "")

    def code() -> str:
        return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))

    page.locator("#f-code").fill(code())
    page.locator("main form.col button.pri").click()
    expect(page.locator(".rcodes code")).to_have_count(10)
    page.context.clear_cookies()
    cache.clear()
    page.goto("/login/?next=/settings/keys/")
    page.locator("#email").fill(user.email or "")
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/login/code/")
    page.locator("#code").fill(code())
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings/keys/")


def test_rights_are_changed_in_the_matrix_and_unsaved_changes_are_told(
    page: Page, walk_in: Callable[[User], None]
) -> None:
    walk_in(make.user("admin"))
    make.user("sales")
    role = Role.every.get(key="sales")
    page.goto(f"/settings/people/?role={role.pk}")
    cell = page.locator('select[name="r:sales.deal.export"]')
    assert "own" in (cell.get_attribute("class") or "")
    cell.select_option("team")
    assert "edited" in (cell.get_attribute("class") or "")
    assert "team" in (cell.get_attribute("class") or "")
    expect(page.locator("[data-said]")).to_contain_text("→")
    page.locator("noren-matrix button[type=reset]").click()
    expect(page.locator("[data-said]")).to_have_text("")
    cell.select_option("team")
    page.locator("noren-matrix button.pri").click()
    page.wait_for_load_state()
    assert Role.every.get(pk=role.pk).rights["sales.deal.export"] == "team"


def test_log_in_and_settings_fit_a_phone(page: Page, walk_in: Callable[[User], None]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/login/")
    sideways = "document.documentElement.scrollWidth > innerWidth"
    assert not page.evaluate(sideways)
    walk_in(make.user("admin"))
    for path in ("profile", "security", "people", "teams", "keys", "audit", "pipelines", "firm"):
        page.goto(f"/settings/{path}/")
        assert not page.evaluate(sideways), path
