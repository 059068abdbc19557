"""What rows are called in lists, pickers and references, for readers of either language."""

from __future__ import annotations

from typing import Any

import pytest
from tests import make

from noren.activity.actions.activity import With, log_activity

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("language", "name"), [("en", "Emma Hart"), ("ja", "Hart Emma")])
def test_latin_names_stand_in_the_readers_order_wherever_rows_are_listed(client: Any, language: str, name: str) -> None:
    make.firm()
    me = make.user("admin", locale=language)
    firm = make.company(by=me.actor(), legal_name="青葉食品株式会社")
    hart = make.person(by=me.actor(), family_name="Hart", given_name="Emma", company=firm)
    make.person(by=me.actor(), family_name="山根", given_name="亮太", company=firm)
    deal = make.deal(by=me.actor(), person=hart, company=firm)
    client.force_login(me)
    for address in (
        "/contacts/people/", f"/contacts/companies/{firm.pk}/", "/sales/deals/?columns=title,person",
        f"/sales/deals/{deal.pk}/", f"/sales/deals/?person={hart.pk}", "/sales/deals/options/person/?q=hart",
        f"/contacts/people/{hart.pk}/", "/search/?q=hart",
    ):  # fmt: skip
        shown = client.get(address).content.decode().replace("<mark>", "").replace("</mark>", "")
        assert name in shown, address
        assert " ".join(reversed(name.split())) not in shown, address
    assert "山根 亮太" in client.get("/contacts/people/").content.decode()


def test_an_activity_without_a_subject_is_called_by_its_kind_and_first_words(client: Any) -> None:
    make.firm()
    me = make.user("admin", locale="ja")
    company = make.company(by=me.actor())
    log_activity("visit", "倉庫を見学した。\n測定点は12か所。", by=me.actor(), about=With.row(company))
    client.force_login(me)
    shown = client.get("/activity/activities/").content.decode()
    assert "訪問 倉庫を見学した。</a>" in shown
    assert "名前なし" not in shown
