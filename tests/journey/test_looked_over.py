"""Main pages of the demo firm looked over by axe-core, light and dark, on a desk and on a phone."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser

from noren.accounts.models import User
from noren.contacts.models import Company, Person
from noren.demo.build import build, logins
from noren.sales.models import Deal

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
LOOK = """() => axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations
  .filter((each) => ["serious", "critical"].includes(each.impact))
  .map((each) => `${each.id}: ${each.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`))"""
SIZES = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


def addresses() -> list[str]:
    deal = Deal.every.filter(outcome="open", removed_at=None, amount__isnull=False).order_by("pk").first()
    company = Company.every.filter(removed_at=None).exclude(phone="").order_by("pk").first()
    person = Person.every.filter(removed_at=None).exclude(email="").order_by("pk").first()
    assert deal is not None
    assert company is not None
    assert person is not None
    return [
        "/", "/activity/today/", "/sales/deals/", "/sales/deals/?layout=board", f"/sales/deals/{deal.pk}/",
        f"/sales/deals/{deal.pk}/edit/", "/contacts/companies/", f"/contacts/companies/{company.pk}/",
        f"/contacts/people/{person.pk}/", "/metrics/revenue/", "/imports/new/", "/imports/", "/imports/corrections/", "/settings/people/",
    ]  # fmt: skip


def test_main_pages_have_no_serious_fault_no_complaint_and_no_sideways_scroll(
    browser: Browser, live_server: Any, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    build("ja", "a-password-of-the-day")
    user = User.every.get(email=logins()[0].email)
    client = Client()
    client.force_login(user)
    wrong: list[str] = []
    for theme in ("light", "dark"):
        User.every.filter(pk=user.pk).update(theme=theme)
        for size, viewport in SIZES.items():
            context = browser.new_context(
                base_url=live_server.url, viewport=viewport, reduced_motion="reduce", locale="ja-JP"
            )
            context.add_cookies([
                {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value, "url": live_server.url}
            ])  # fmt: skip
            page = context.new_page()
            for address in addresses():
                where = f"{theme} {size} {address}"
                complaints: list[str] = []

                def heard(line: Any, complaints: list[str] = complaints) -> None:
                    if line.type == "error":
                        complaints.append(line.text)

                page.on("console", heard)
                page.on("pageerror", lambda error, complaints=complaints: complaints.append(str(error)))
                answer = page.goto(address)
                assert answer is not None
                assert answer.status == 200, where
                page.evaluate(AXE)
                wrong += [f"{where}: {fault}" for fault in page.evaluate(LOOK) + complaints]
                if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                    wrong.append(f"{where}: scrolls sideways")
                page.remove_listener("console", heard)
            context.close()
    assert not wrong, "\n".join(wrong)
