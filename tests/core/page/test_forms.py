from __future__ import annotations

import json
from datetime import date
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from tests import make

from noren.accounts.models import User
from noren.contacts.models import Affiliation, Company, Consent, Person
from noren.core.action.plain import change
from noren.core.event.models import Fact
from noren.sales.models import Deal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _firm() -> None:
    make.firm()


@pytest.fixture
def aiko() -> User:
    return make.user("admin", name="佐藤 美咲")


@pytest.fixture
def browser(aiko: User) -> Client:
    client = Client()
    client.force_login(aiko)
    return client


def deal_form(**more: Any) -> dict[str, Any]:
    stage = make.stages()[0]
    return {"title": "第3工場", "pipeline": stage.pipeline_id, "stage": stage.pk, "_once": "t1"} | more


def test_a_full_width_phone_is_kept_half_width_and_a_name_as_typed(browser: Client) -> None:
    """As an import keeps them: letters of a name are the firm's own, the width of digits is the keyboard's."""
    typed = {"legal_name": "ﾃｽﾄ電機株式会社", "phone": "０３ー１２３４ー５６７８", "standing": "prospect"}
    assert browser.post("/contacts/companies/new/", typed | {"_once": "t1"}).status_code == 302
    company = Company.every.get()
    assert (company.legal_name, company.phone, company.name_key) == ("ﾃｽﾄ電機株式会社", "03-1234-5678", "テスト電機")


def test_japanese_ways_of_writing_are_read(browser: Client) -> None:
    answer = browser.post(
        "/sales/deals/new/", deal_form(amount="１，２００万", close_by="令和8年12月25日", probability="４０％")
    )
    deal = Deal.every.get()
    assert answer.headers["Location"] == f"/sales/deals/{deal.pk}/"
    assert (deal.amount, deal.close_by, deal.probability) == (12_000_000, date(2026, 12, 25), 40)


def test_a_fault_stands_at_its_field_in_the_persons_language_and_keeps_what_was_typed(
    browser: Client, aiko: User
) -> None:
    for language in ("ja", "en"):
        User.every.filter(pk=aiko.pk).update(locale=language)
        answer = browser.post("/sales/deals/new/", deal_form(close_by="2026/2/30", amount="たくさん", note="覚え書き"))
        text = answer.content.decode()
        assert answer.status_code == 422
        assert 'value="2026/2/30"' in text
        assert 'value="たくさん"' in text
        assert "覚え書き" in text
        assert 'id="e-close_by"' in text
        assert 'aria-describedby="e-amount"' in text
    assert not Deal.every.exists()


def test_sent_twice_makes_one_record_and_both_lead_to_it(browser: Client) -> None:
    first, second = browser.post("/sales/deals/new/", deal_form()), browser.post("/sales/deals/new/", deal_form())
    assert first.headers["Location"] == second.headers["Location"]
    assert Deal.every.count() == 1
    other = browser.post("/sales/deals/new/", deal_form(title="別の商談"))
    assert other.status_code == 422
    assert Deal.every.count() == 1


@pytest.mark.django_db(transaction=True)
def test_sent_twice_at_the_same_moment_makes_one_record(aiko: User) -> None:
    clients = []
    for _n in range(2):
        clients.append(Client())
        clients[-1].force_login(aiko)
    form, start, places = deal_form(), Barrier(2), []

    def send(client: Client) -> None:
        start.wait()
        places.append(client.post("/sales/deals/new/", form).headers.get("Location"))
        connection.close()

    threads = [Thread(target=send, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Deal.every.count() == 1
    assert places[0] == places[1]


def test_without_script_a_name_typed_into_a_picker_is_enough(browser: Client) -> None:
    company = make.company(legal_name="株式会社あけぼの食品")
    browser.post("/sales/deals/new/", deal_form(company="", company_text="株式会社あけぼの食品"))
    assert Deal.every.get().company_id == company.pk
    answer = browser.post("/sales/deals/new/", deal_form(company_text="ない会社", _once="t2"))
    assert answer.status_code == 422
    assert "ない会社" in answer.content.decode()


def test_the_second_of_two_editors_is_shown_both_values_and_nothing_is_lost(browser: Client) -> None:
    deal = make.deal(amount=100, source="展示会")
    ken = make.actor("admin", name="田中 健")
    change(Deal.every.get(pk=deal.pk), {"amount": 200}, by=ken)
    was = json.dumps({"amount": "100", "note": "", "source": "展示会"})
    form = {"version": deal.version, "_was": was, "amount": "300", "note": "私の覚え", "source": "展示会"}
    answer = browser.post(f"/sales/deals/{deal.pk}/edit/", form)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "¥300" in text
    assert "¥200" in text
    assert "田中 健" in text
    assert 'name="note" value="私の覚え"' in text
    kept = Deal.every.get(pk=deal.pk)
    assert (kept.amount, kept.note) == (200, "")

    chosen = {"version": kept.version, "amount": "300", "note": "私の覚え"}
    assert browser.post(f"/sales/deals/{deal.pk}/edit/", chosen).status_code == 302
    kept.refresh_from_db()
    assert (kept.amount, kept.note) == (300, "私の覚え")


def test_a_field_left_alone_is_not_written_back(browser: Client) -> None:
    deal = make.deal(amount=100, source="展示会")
    change(Deal.every.get(pk=deal.pk), {"amount": 200}, by=make.actor("admin"))
    form = {"version": deal.version, "_was": json.dumps({"amount": "100", "note": ""}), "amount": "100", "note": "x"}
    assert browser.post(f"/sales/deals/{deal.pk}/edit/", form).status_code == 302
    kept = Deal.every.get(pk=deal.pk)
    assert (kept.amount, kept.note) == (200, "x")


def test_a_field_is_edited_where_it_stands(browser: Client) -> None:
    deal = make.deal(amount=100)
    address = f"/sales/deals/{deal.pk}/field/amount/"
    htmx = {"HX-Request": "true"}
    assert 'value="100"' in browser.get(address, headers=htmx).content.decode()
    wrong = browser.post(address, {"amount": "x", "version": deal.version}, headers=htmx)
    assert wrong.status_code == 422
    assert 'value="x"' in wrong.content.decode()
    right = browser.post(f"{address}?in=cell", {"amount": "86万", "version": deal.version}, headers=htmx)
    assert right.content.decode() == "86<small>万円</small>"
    late = browser.post(address, {"amount": "1", "version": deal.version}, headers=htmx)
    assert late.status_code == 409
    assert Deal.every.get(pk=deal.pk).amount == 860_000


def test_the_history_of_a_field_says_who_and_from_what_to_what(browser: Client, aiko: User) -> None:
    deal = make.deal(amount=100)
    change(deal, {"amount": 200}, by=aiko.actor())
    text = browser.get(f"/sales/deals/{deal.pk}/history/amount/", headers={"HX-Request": "true"}).content.decode()
    assert "<del>¥100</del>" in text
    assert "<b>¥200</b>" in text
    assert "佐藤 美咲" in text


def test_children_are_added_from_the_page_of_their_parent(browser: Client) -> None:
    person, company = make.person(), make.company()
    sheet = browser.get(
        f"/contacts/affiliations/new/?person={person.pk}", headers={"HX-Request": "true", "HX-Target": "sheet"}
    )
    assert "data-sheet" in sheet.content.decode()
    answer = browser.post("/contacts/affiliations/new/", {"person": person.pk, "company": company.pk, "from_on": "2026/4/1", "_once": "a"}, headers={"Referer": f"http://testserver/contacts/people/{person.pk}/"})  # fmt: skip
    assert answer.headers["Location"] == f"/contacts/people/{person.pk}/"
    row = Affiliation.every.get()
    ended = browser.post(f"/contacts/affiliations/{row.pk}/edit/", {"to_on": "2026/3/1", "version": row.version})
    assert ended.status_code == 422
    browser.post(f"/contacts/affiliations/{row.pk}/edit/", {"to_on": "2026/11/1", "version": row.version})
    assert Affiliation.every.get().to_on == date(2026, 11, 1)
    browser.post("/contacts/consents/new/", {"person": person.pk, "purpose": "marketing", "channel": "email", "state": "given", "basis": "card", "_once": "c", "stated_at": "2026/11/20 10:00"})  # fmt: skip
    assert Consent.every.get().person_id == person.pk


def test_a_verb_asks_for_what_it_needs_and_a_refusal_is_told(browser: Client) -> None:
    deal = make.deal()
    address = f"/sales/deals/{deal.pk}/win/"
    assert "won_on" in browser.get(address).content.decode()
    missing = browser.post(address, {"won_on": "2026/11/20"})
    assert missing.status_code == 422
    assert 'id="e-amount"' in missing.content.decode()
    assert browser.post(address, {"won_on": "2026/11/20", "amount": "120万"}).status_code == 302
    assert Deal.every.get().outcome == "won"
    assert browser.post(address, {"won_on": "2026/11/20", "amount": "1"}).status_code == 409
    assert browser.get(address).status_code == 409


def test_the_bin_gives_back_what_was_put_into_it(browser: Client) -> None:
    company = make.company(legal_name="株式会社ほしの")
    assert browser.get(f"/contacts/companies/{company.pk}/remove/").status_code == 200
    browser.post(f"/contacts/companies/{company.pk}/remove/")
    assert "株式会社ほしの" not in browser.get("/contacts/companies/").content.decode().partition("toasts")[0]
    assert "株式会社ほしの" in browser.get("/contacts/companies/bin/").content.decode()
    assert "restore/" in browser.get(f"/contacts/companies/{company.pk}/").content.decode()
    browser.post(f"/contacts/companies/{company.pk}/restore/")
    assert Company.every.get().removed_at is None
    assert [f.name for f in Fact.objects.order_by("pk")][-2:] == [
        "contacts.company.removed",
        "contacts.company.restored",
    ]


def test_pickers_offer_only_what_may_be_seen() -> None:
    make.person(family_name="高野", family_kana="タカノ")
    nobody = Client()
    nobody.force_login(make.user(None))
    assert nobody.get("/sales/deals/options/person/?q=たかの").status_code == 404
    seller = Client()
    seller.force_login(make.user("sales"))
    assert "高野" in seller.get("/sales/deals/options/person/?q=たかの").content.decode()
    assert Person.every.count() == 1


def test_a_postal_code_answers_with_its_place(browser: Client) -> None:
    assert browser.get("/me/postal/?code=1000001").json()[0]["prefecture"] == "東京都"
    assert browser.get("/me/postal/?code=x").json() == []


def test_posting_without_the_token_changes_nothing(aiko: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(aiko)
    assert strict.post("/sales/deals/new/", deal_form()).status_code == 403
    assert not Deal.every.exists()
    assert strict.get(f"/sales/deals/move/?_id={make.deal().pk}&_stage=1").status_code == 405


def test_every_wrong_field_is_told_at_once(browser: Client) -> None:
    wrong = {"legal_name": "", "name_kana": "山田", "email": "foo@", "url": "ftp://x", "employees": "many"}
    answer = browser.post("/contacts/companies/new/", wrong | {"_once": "t9"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert not Company.every.exists()
    assert [name for name in wrong if f'id="e-{name}"' in page] == list(wrong)
    assert 'value="ftp://x"' in page
    assert 'value="foo@"' in page


def test_a_move_on_the_page_of_a_deal_can_be_put_back(browser: Client) -> None:
    first, second = make.stages()[:2]
    deal = make.deal(stage=first)
    page = browser.post(f"/sales/deals/{deal.pk}/move/", {"stage": second.pk}, follow=True).content.decode()
    back = f"/sales/deals/{deal.pk}/move/?stage={first.pk}"
    assert back in page
    browser.post(back)
    deal.refresh_from_db()
    assert deal.stage_id == first.pk


def test_what_was_moved_to_the_bin_while_somebody_wrote_leads_there(browser: Client) -> None:
    deal = make.deal()
    browser.post(f"/sales/deals/{deal.pk}/remove/")
    answer = browser.post(f"/sales/deals/{deal.pk}/edit/", {"source": "電話"})
    assert answer.status_code == 404
    assert f'href="/sales/deals/{deal.pk}/"' in answer.content.decode()
    stranger = Client()
    stranger.force_login(make.user("sales"))
    assert "/sales/deals/" not in stranger.get(f"/sales/deals/{deal.pk}/edit/").content.decode()
