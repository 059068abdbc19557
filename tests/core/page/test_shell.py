"""What stands around a page."""

from __future__ import annotations

import pytest
from django.test import Client
from tests import make

from noren.core.page import shell

pytestmark = pytest.mark.django_db


def test_a_group_of_the_rail_without_a_name_is_called_as_its_module(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.firm()
    client.force_login(make.user("admin", locale="en"), backend="noren.accounts.login.Backend")
    monkeypatch.setattr(
        shell, "PLACES",
        [*shell.PLACES, *(shell.Place(group, 5, f"in {group}", f"/{group}/", "note") for group in ("contacts", "top", "unheard"))],
    )  # fmt: skip
    page = client.get("/contacts/companies/").content.decode()
    rail = page[: page.index("<main")]
    assert ">Contacts<" in rail
    assert ">contacts<" not in rail
    assert ">Unheard<" in rail
