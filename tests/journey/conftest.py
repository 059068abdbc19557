"""A real browser in front of a real server on the database of the test.

`house` is the address of the server with a firm in it; `page` a tab there that remembers every complaint of the
browser (script errors, blocked content) and fails the test with them at its end; `enter` has somebody logged in,
`walk_in` through the page for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright
from tests import make
from tests.browser import SWITCHES, chromium

from noren.accounts.models import User

PASSWORD = "風鈴 ちりん 2026 summer"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps a loop in this thread; nothing of ours runs on it
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=SWITCHES)
        yield opened
        opened.close()


@pytest.fixture
def house(live_server: Any) -> str:
    make.firm()
    cache.clear()
    return str(live_server.url)


@pytest.fixture
def page(browser: Browser, house: str) -> Iterator[Page]:
    context = browser.new_context(
        base_url=house, viewport={"width": 1440, "height": 900}, reduced_motion="reduce", locale="ja-JP"
    )
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: complaints.append(line.text) if "Content Security Policy" in line.text else None)
    yield opened
    context.close()
    assert complaints == []


@pytest.fixture
def enter(page: Page, house: str) -> Callable[[User], None]:
    """As after a log-in, without the page for it."""

    def let_in(user: User) -> None:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": house}])
        page.goto("/")  # what every page needs is there from now on

    return let_in


@pytest.fixture
def walk_in(page: Page) -> Callable[[User], None]:
    """Log in as a person does; gives the user a password first."""

    def type_in(user: User) -> None:
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
        page.goto("/login/")
        page.locator("#email").fill(user.email or "")
        page.locator("#password").fill(PASSWORD)
        page.locator("form.gcol button.pri").click()
        page.wait_for_url(lambda url: "/login/" not in url)

    return type_in
