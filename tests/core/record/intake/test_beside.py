"""What a file says of other rows than its own: the company of a card, products of a deal, the deal of an activity."""

from __future__ import annotations

from typing import Any

import pytest
from tests import make

from noren.activity.models import Activity
from noren.contacts.models import Company, Person
from noren.core.action.plain import change
from noren.core.base.errors import Invalid
from noren.core.event.models import Fact
from noren.core.record.declare import RECORDS, record_of
from noren.core.record.intake import run as intake
from noren.core.record.models import ImportFault, ImportRow
from noren.sales.models import Deal, DealLine

pytestmark = pytest.mark.django_db

EIGHT = (
    "会社名,部署名,役職,姓,名,e-mail,郵便番号,住所,TEL会社,TEL部門,TEL直通,Fax,携帯電話,URL,名刺交換日,Eightでつながっている人,再データ化中の名刺,'?'を含んだデータ\n"
    "株式会社みなと,営業部,部長,高野,真由美,takano@minato.example,105-0011,東京都港区芝公園1-1,03-1111-2222,,03-1111-2223,,090-1111-2222,https://minato.example,2026/11/20,,,\n"
)


def test_a_card_of_eight_fills_the_company_it_makes(bring: Any) -> None:
    run, tally = bring("people", EIGHT)
    assert run.mapping["TEL会社"] == "company.phone"
    assert run.mapping["URL"] == "company.url"
    assert (tally.created, tally.made["contacts.company"], dict(tally.filled)) == (1, 1, {})
    company = Company.every.get()
    assert (company.legal_name, company.phone, company.url) == (
        "株式会社みなと",
        "03-1111-2222",
        "https://minato.example",
    )
    assert Person.every.get().phone == "03-1111-2223"
    assert Fact.objects.filter(noun="contacts.company").count() == 1, "made whole, not made and then changed"
    assert Company.every.filter(search_entry__q__contains="0311112222").exists()
    intake.undo(run, make.actor("admin"))
    assert (Person.every.count(), Company.every.count()) == (0, 0)


SANSAN = "会社名,会社名（カナ）,氏名［姓］,氏名［名］,Email(1),URL,法人番号,業種,会社電話番号,会社住所,名刺所有者ユーザID,名刺ID,人物ID\n"


def test_only_what_is_blank_on_a_company_that_was_there_is_filled_and_given_back(bring: Any) -> None:
    old = make.company(legal_name="みなと", phone="03-9999-0000", city="横浜市")
    text = (
        SANSAN
        + "㈱みなと,ミナト,高野,真由美,t@m.example,https://m.example,7000012050002,食品,03-1111-2222,東京都港区芝1-1,,C1,P1\n"
    )
    _dry_run, dry = bring("people", text, check=True)
    old.refresh_from_db()
    assert old.version == 1
    run, real = bring("people", text)
    assert dry.as_json() == real.as_json(), ImportFault.objects.values_list("code", "params")
    assert real.filled == {"contacts.company": 1}
    old.refresh_from_db()
    assert (old.phone, old.name_kana, old.corporate_number) == ("03-9999-0000", "ミナト", "7000012050002")
    assert (old.city, old.prefecture, old.address) == ("横浜市", "", ""), "an address is not mixed from two"
    told = Fact.objects.get(noun="contacts.company", name="contacts.company.changed")
    assert (told.batch, told.changes["industry"]) == (run.pk, ["", "食品"])
    intake.undo(run, make.actor("admin"))
    old.refresh_from_db()
    assert (old.name_kana, old.corporate_number, old.industry, old.phone) == ("", "", "", "03-9999-0000")


def test_the_first_row_that_says_something_of_a_company_wins(bring: Any) -> None:
    bring("people", "姓,会社名,会社電話番号,業種\n高野,みなと,03-1111-2222,\n佐藤,みなと,03-3333-4444,食品\n")
    company = Company.every.get()
    assert (company.phone, company.industry) == ("03-1111-2222", "食品")


def test_an_address_of_the_company_is_parted(bring: Any) -> None:
    bring("people", "姓,会社名,会社住所\n高野,みなと,東京都港区芝公園4-2-8\n")
    company = Company.every.get()
    assert (company.prefecture, company.city) == ("東京都", "港区")


def test_a_number_that_no_company_can_have_is_told_at_its_column(bring: Any) -> None:
    run, tally = bring("people", "姓,会社名,法人番号\n高野,みなと,7000012050003\n佐藤,あおば,7000012050002\n")
    assert (tally.created, tally.failed) == (1, 1)
    fault = ImportFault.objects.get(run=run)
    assert (fault.column, fault.code) == ("法人番号", "invalid")


def test_columns_of_a_company_want_its_name_too(bring: Any) -> None:
    run, _tally = bring("people", "姓,業種\n高野,食品\n", check=True)
    assert run.mapping["業種"] == "-", "nobody says which company"
    with pytest.raises(Invalid) as told:
        bring("people", "姓,業種\n高野,食品\n", mapping={"業種": "company.industry"}, check=True)
    assert "業種" in str(told.value.errors)


def test_whose_phone_it_is_is_read_off_the_column_name(bring: Any) -> None:
    run, _tally = bring(
        "people", "氏名,会社名,電話番号,代表電話,TEL,FAX,会社FAX\n高野 真由美,みなと,1,2,3,4,5\n", check=True
    )
    assert run.mapping["電話番号"] == "phone"
    assert run.mapping["代表電話"] == "company.phone"
    assert run.mapping["TEL"] == "-", "a second phone of the person is nobody's"
    assert (run.mapping["FAX"], run.mapping["会社FAX"]) == ("fax", "company.fax")


def test_a_sales_person_fills_only_companies_within_reach(bring: Any) -> None:
    sales = make.user("sales")
    theirs = make.company(legal_name="みなと", owner=make.user("sales").pk)
    bring("people", "姓,会社名,業種\n高野,みなと,食品\n佐藤,あおば,卸売\n", sales.actor())
    theirs.refresh_from_db()
    assert theirs.industry == ""
    assert Company.every.get(legal_name="あおば").industry == "卸売"


def test_undo_takes_lines_away_that_were_added_to_deals_of_before(bring: Any) -> None:
    make.product(name="温度計", list_price=4800)
    deal = make.deal(title="温度計 10台", external_id="D1", amount=None)
    touched = make.deal(title="湿度計", external_id="D2", amount=None)
    text = "外部ID,商品名,数量\nD1,温度計,1\nD2,温度計,1\n"
    run, tally = bring("deals", text)
    assert DealLine.every.count() == 2, tally
    deal.refresh_from_db()
    assert (deal.amount, deal.list_amount) == (4800, 4800)
    touched.refresh_from_db()
    change(touched, {"note": "mine now"}, by=make.actor("admin"))
    intake.undo(run, make.actor("admin"))
    deal.refresh_from_db()
    assert (deal.amount, deal.list_amount) == (None, None)
    assert list(DealLine.every.values_list("deal__external_id", flat=True)) == ["D2"]
    run.refresh_from_db()
    assert run.report["undo"] == {"removed": 0, "restored": 1, "kept": 1}


def test_undo_takes_activities_off_the_deal_an_import_put_them_on(bring: Any) -> None:
    deal = make.deal(title="温度計")
    bring("activities", "外部ID,種別,日時,件名\nA1,電話,2026/10/01,見積の件\n")
    run, _tally = bring("activities", "外部ID,商談名\nA1,温度計\n")
    assert Activity.every.get().about_id == deal.pk
    intake.undo(run, make.actor("admin"))
    assert (Activity.every.get().about_id, Activity.every.get().about_noun) == (None, "")


def test_columns_without_a_field_stay_with_rows_that_were_there_too(bring: Any) -> None:
    old = make.company(legal_name="みなと")
    run, _tally = bring("companies", "会社名,業種,社風\nみなと,食品,のんびり\nあおば,,にぎやか\n")
    kept = dict(ImportRow.objects.filter(run=run, unmapped__isnull=False).values_list("row_id", "unmapped"))
    assert kept == {old.pk: {"社風": "のんびり"}, Company.every.get(legal_name="あおば").pk: {"社風": "にぎやか"}}
    assert Deal.every.count() == 0


def test_the_address_of_a_card_is_the_company_s_too_where_that_has_none(bring: Any) -> None:
    settled = make.company(legal_name="あおば", city="横浜市")
    text = (
        EIGHT
        + EIGHT.split("\n")[1]
        .replace("株式会社みなと", "あおば")
        .replace("takano", "sato")
        .replace("090-1111", "090-2222")
        + "\n"
    )
    run, _tally = bring("people", text)
    assert run.options["lend"] is True
    company = Company.every.get(legal_name="株式会社みなと")
    assert (company.postal_code, company.prefecture, company.city) == ("1050011", "東京都", "港区")
    settled.refresh_from_db()
    assert (settled.city, settled.prefecture) == ("横浜市", "")
    assert Person.every.first().city == "港区"
    plain, _tally = bring("people", "姓,会社名,住所\n山本,ひかり,東京都港区芝1-1\n")
    assert plain.options["lend"] is False
    assert Company.every.get(legal_name="ひかり").prefecture == ""


def test_what_a_company_says_otherwise_itself_stays_with_the_row(bring: Any) -> None:
    make.company(legal_name="みなと", phone="03-9999-0000")
    text = "姓,会社名,会社電話番号,趣味\n高野,みなと,03-1111-2222,釣り\n佐藤,みなと,03-9999-0000,\n鈴木,みなと,03-3333-4444,\n"
    run, _tally = bring("people", text)
    kept = dict(ImportRow.objects.filter(run=run, noun="contacts.person").values_list("number", "unmapped"))
    assert kept == {2: {"趣味": "釣り", "会社電話番号": "03-1111-2222"}, 4: {"会社電話番号": "03-3333-4444"}}


def test_every_field_that_a_reference_may_get_from_a_file_is_one_of_its_form() -> None:
    for record in RECORDS.values():
        for of, parts in record.fills.items():
            form = record_of(record.field(of).target).form_names()
            for name in (n for part in parts for n in ((part,) if isinstance(part, str) else part)):
                assert name in form, (record.word(), of, name)
