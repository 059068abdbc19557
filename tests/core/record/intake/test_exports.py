"""Exports of other programs: what their longer column names, units and words mean."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests import make

from noren.contacts.models import Company, Person
from noren.core.base.japan.values import parse_money
from noren.core.record.guard import guarded, unguarded
from noren.core.record.intake.columns.spelling import is_foreign, simpler, told_unit, unit_of
from noren.core.record.models import ImportFault
from noren.sales.models import Deal

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "noun", "short"),
    [
        ("Deal - Title", "deal", "title"),
        ("E-mail 1 - Value", "person", "email"),
        ("住所１", "company", "住所"),
        ("注文者姓", "person", "姓"),
        ("Address 1 - City", "person", "city"),
    ],
)
def test_a_longer_column_name_is_read_in_short(name: str, noun: str, short: str) -> None:
    assert short in [text for text, _sure in simpler(name, noun)]


def test_columns_for_programs_alone_are_foreign() -> None:
    assert is_foreign("(Do Not Modify) Row Checksum")
    assert is_foreign("Lead Owner.id")
    assert not is_foreign("Owner")


def test_units_are_part_of_a_column_name() -> None:
    assert unit_of("金額（千円）") == ("金額", 1000)
    assert unit_of("確度(高)") == ("確度(高)", 1)
    assert told_unit([["一覧"], ["単位：百万円"]]) == 1_000_000


def test_amounts_in_thousands_are_multiplied(bring: Any) -> None:
    make.stages()
    bring("deals", '案件名,金額(千円)\nA,"1,200"\nB,3万円\n')
    assert dict(Deal.every.values_list("title", "amount")) == {"A": 1_200_000, "B": 30_000}


def test_an_amount_that_may_be_twelve_hundred_or_one_and_a_fifth_is_refused(bring: Any) -> None:
    _run, tally = bring("companies", "Company,Annual revenue\nA,1.200 €\nB,12.5\n")
    assert (tally.created, tally.failed) == (1, 1)


def test_an_open_order_of_dates_is_never_decided_silently(bring: Any) -> None:
    make.stages()
    _run, tally = bring("deals", "Deal Name,Close Date\nA,4/5/2027\n")
    assert (tally.created, tally.failed) == (0, 1)


def test_one_date_shows_the_order_of_all_columns(bring: Any) -> None:
    make.stages()
    bring("deals", "Deal Name,Created Date,Expected close date\nA,3/25/2017,4/5/2027\n")
    assert Deal.every.get().close_by == date(2027, 4, 5)


def test_words_of_other_programs_are_known_choices(bring: Any) -> None:
    make.stages()
    bring("deals", "Deal - Title,Deal - Status,Deal - Deal closed on\nA,Won,2017-02-03\nB,Open,\n")
    assert dict(Deal.every.values_list("title", "outcome")) == {"A": "won", "B": "open"}
    bring("people", "Salutation,Last Name,Connected On\nMr.,Roe,12 Mar 2024\n")
    assert Person.every.values_list("honorific", "met_on").get() == ("様", date(2024, 3, 12))


def test_a_column_of_states_that_are_no_outcomes_is_the_stage(bring: Any) -> None:
    make.stages()
    run, _tally = bring("deals", "案件名,状況\nA,企画中\n")
    assert run.mapping["状況"] == "stage"


def test_the_key_of_an_unknown_company_makes_no_company(bring: Any) -> None:
    bring("people", "LastName,AccountId,MailingCity,ReportsToId\nRoe,0015g00000XYZ,Austin,\n")
    assert Person.every.get().company_id is None
    assert not Company.every.exists()


def test_the_last_lines_of_a_report_are_no_rows(bring: Any) -> None:
    make.stages()
    _run, tally = bring("deals", "商談名,金額\nA,100\nGrand Totals (1 record),\nCopyright (c) 2000-2017 example\n")
    assert (tally.created, tally.failed) == (1, 2)


def test_pieces_of_a_phone_number_are_no_phone_number(bring: Any) -> None:
    run, _tally = bring("people", "注文者姓,注文者電話番号1,注文者電話番号2\n楽天,090,1111\n")
    assert run.mapping["注文者電話番号1"] == "-"


def test_the_mark_before_a_code_is_no_part_of_it(bring: Any) -> None:
    bring("people", "Customer ID,Last Name,Phone\n'6543210987654,Ray,'+16175550001\n")
    assert Person.every.values_list("external_id", "phone").get() == ("6543210987654", "+16175550001")
    assert unguarded(guarded("'02110")) == "'02110"


def test_amounts_as_europe_writes_them(bring: Any) -> None:
    run, _tally = bring(
        "companies", "Company;Annual revenue\nA;1.200,00\nB;12.000.000\nC;1.200 €\nD;900,50 €\nE;$100\n"
    )
    assert dict(Company.every.values_list("legal_name", "annual_revenue")) == {"A": 1_200, "B": 12_000_000}
    codes = list(ImportFault.objects.filter(run=run).order_by("number").values_list("code", flat=True))
    assert codes == ["money.unreadable", "money.other_currency", "money.other_currency"]
    assert parse_money("1.234,50 €") == (Decimal("1234.50"), "EUR")
    assert parse_money("900,50 €") == (Decimal("900.50"), "EUR")


def test_a_moment_elsewhere_is_a_day_here(bring: Any) -> None:
    make.stages()
    text = "商談名,商談開始日\nA,2026-10-01T23:30:00Z\nB,2026-10-01 23:30:00 UTC\nC,2026-10-01T23:30:00+09:00\nD,2026-10-01 23:30\n"
    bring("deals", text)
    days = dict(Deal.every.values_list("title", "opened_on"))
    assert days == {"A": date(2026, 10, 2), "B": date(2026, 10, 2), "C": date(2026, 10, 1), "D": date(2026, 10, 1)}


def test_years_of_two_digits_are_read_in_the_order_that_was_said(bring: Any) -> None:
    make.stages()
    _run, tally = bring("deals", "商談名,商談開始日\nA,17/4/1\nB,18/12/31\n")
    assert tally.failed == 2, "may be the 17th of April"
    _run, tally = bring("deals", "商談名,商談開始日\nA,17/4/1\nB,18/12/31\n", date_orders={"opened_on": "ymd"})
    assert tally.failed == 0
    assert dict(Deal.every.values_list("title", "opened_on")) == {"A": date(2017, 4, 1), "B": date(2018, 12, 31)}
    run, tally = bring("deals", "商談名,商談開始日\nC,98/4/1\nD,02/12/31\n")
    assert (tally.failed, run.options["date_orders"]) == (0, {"opened_on": "ymd"}), "98 is no day"
