"""What rows are called in lists, pickers and references, for readers of either language."""

from __future__ import annotations

from typing import Any

import pytest
from tests import make

from noren.activity.actions.activity import With, log_activity
from noren.core.record.declare import record_of

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


def test_a_phone_rings_whom_the_page_is_about_whatever_width_the_number_was_typed_in(client: Any) -> None:
    make.firm()
    me = make.user("admin", locale="ja")
    company = make.company(by=me.actor(), phone="０３ー１２３４ー５６７８")
    person = make.person(
        by=me.actor(), family_name="山根", company=company, mobile="090-0000-1111", email="y@example.jp"
    )
    deal = make.deal(by=me.actor(), company=company, person=person)
    client.force_login(me)
    for row, href in ((company, "tel:0312345678"), (person, "tel:09000001111"), (deal, "mailto:y@example.jp")):
        page = client.get(f"{record_of(type(row)).url()}{row.pk}/").content.decode()
        assert f'<a class="btn hand" href="{href}"' in page
