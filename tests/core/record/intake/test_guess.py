"""Proposals say how sure they are and why; what cannot be known is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noren.core.record.intake.columns.guess import Target, guess
from noren.core.record.intake.columns.looks import date_order, kind_of, lost_zero

PERSON = [
    Target("person.full_name", "氏名"),
    Target("person.email", "メールアドレス", "email"),
    Target("person.phone", "電話番号", "phone"),
    Target("person.mobile", "携帯電話", "phone"),
    Target("person.postal_code", "郵便番号", "postal"),
    Target("person.met_on", "名刺交換日", "date"),
    Target("person.owner", "自社担当", "link"),
    Target("person.company", "会社", "link"),
    Target("person.rank", "お得意様ランク", "choice", frozenset(("a", "b")), ("VIP区分",)),
]


def test_a_name_of_our_own_and_a_synonym_are_taken() -> None:
    result = guess(["お得意様ランク", "メール"], [["A", "a@example.jp"]], PERSON)
    assert result.mapping == {0: "person.rank", 1: "person.email"}
    assert guess(["vip区分"], [["A"]], PERSON).columns[0].reason == "synonym"


def test_an_unknown_name_is_guessed_by_what_the_cells_look_like() -> None:
    rows = [["a@example.jp", "〒100-0005", "x"], ["b@example.jp", "530-0001", "y"], ["", "060-0001", "z"]]
    result = guess(["れんらく", "ばしょ", "ほげ"], rows, PERSON)
    assert result.mapping == {0: "person.email", 1: "person.postal_code"}
    assert [column.reason for column in result.columns] == ["content", "content", "unknown"]


def test_figures_alone_propose_no_field_and_a_blank_column_is_called_so() -> None:
    targets = [*PERSON, Target("person.score", "点数", "number")]
    column, blank = guess(["項目1", "B"], [["12", ""], ["13", " "]], targets).columns
    assert (column.field, column.reason, column.options) == (None, "unknown", ("person.score",))
    assert (blank.field, blank.reason) == (None, "empty")


def test_no_field_is_proposed_twice() -> None:
    result = guess(["電話番号", "TEL", "電話"], [["03-1111-2222"] * 3], PERSON)
    assert [column.reason for column in result.columns].count("taken") == 2
    assert list(result.mapping.values()).count("person.phone") == 1


def test_a_name_that_its_cells_contradict_is_asked() -> None:
    column = guess(["メール"], [["山田太郎"], ["鈴木"]], PERSON).columns[0]
    assert (column.field, column.ask) == ("person.email", True)


def test_whose_contact_it_is_gets_asked_when_nothing_tells() -> None:
    column = guess(["会社名", "電話番号", "担当者"], [["A", "03-1111-2222", "佐藤"]], PERSON).columns[2]
    assert (column.field, column.ask, column.reason) == (None, True, "ambiguous")
    assert column.options == ("person.owner", "person.full_name")
    assert guess(["氏名", "担当者"], [["A", "佐藤"]], PERSON).mapping == {0: "person.full_name", 1: "person.owner"}


def test_a_remembered_choice_goes_before_everything() -> None:
    remembered = {"電話番号": "person.mobile", "メール": "-"}
    result = guess(["電話番号", "メール"], [["03-1111-2222", "a@example.jp"]], PERSON, remembered=remembered)
    assert result.mapping == {0: "person.mobile"}


def test_words_for_nothing_and_lost_zeros_are_pointed_out() -> None:
    rows = [["NULL", "312345678"], ["a@example.jp", "9012345678"], ["-", "663456789"]]
    email, phone = guess(["メール", "電話番号"], rows, PERSON).columns
    assert email.blank_words == ("-", "NULL")
    assert phone.lost_zero
    assert phone.field == "person.phone"
    assert not lost_zero(["03-1234-5678"], "phone")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("email", ["a@example.jp", "ｂ＠ｅｘａｍｐｌｅ．ｊｐ", "c@example.jp; d@example.jp"]),
        ("phone", ["03-1234-5678", "090 1234 5678", "０３－１２３４－５６７８", "03-1234-5678(代)", "+81 3-1234-5678"]),
        ("postal", ["100-0005", "〒1000005", "１００－０００５"]),
        ("url", ["https://example.jp/", "www.example.jp"]),
        ("money", ["¥1,234", "1,234円", "▲1,000", "￥500", "$342.09K"]),
        ("date", ["2026/4/1", "2026年4月1日", "R8.4.1", "令和8年4月1日", "20260401", "2026-04-01 10:00"]),
        ("corporate_number", ["7000012050002", "1180301018771"]),
        ("invoice_number", ["T7000012050002", "T 7000-0120-50002"]),
        ("number", ["1", "2.5", "10%", "-3"]),
        ("", ["山田", "1丁目", ""]),
        ("", []),
    ],
)
def test_the_look_of_cells(kind: str, values: list[str]) -> None:
    assert kind_of(values) == kind


@pytest.mark.parametrize(
    ("values", "order", "ask"),
    [
        (["2026/4/1", "2026-12-31"], "ymd", False),
        (["2026年4月1日", "２０２６／４／１"], "ymd", False),
        (["04/05/2026"], "dmy", True),
        (["04/05/2026", "25/12/2026"], "dmy", False),
        (["04/05/2026", "12/25/2026"], "mdy", False),
        (["25/12/2026", "12/25/2026"], "mixed", True),
        (["2026-04-01", "25/12/2026"], "mixed", True),
        (["2026-04-01", "44000"], "mixed", True),
        (["31.12.2026", "01.02.2026"], "dmy", False),
        (["26/04/01"], "ymd", True),
        (["44000", "45123.5"], "serial", True),
        (["R8.4.1", "令和元年5月1日"], "era", False),
        (["NULL", "", "-"], "none", False),
    ],
)
def test_the_order_of_day_and_month_is_asked_unless_the_dates_tell(values: list[str], order: str, ask: bool) -> None:
    found = date_order(values)
    assert (found.order, found.ask) == (order, ask)


def test_four_date_formats_in_one_column_are_a_question() -> None:
    column = guess(["名刺交換日"], [["2026-04-01"], ["04/13/2026"], ["R8.4.1"], ["44000"]], PERSON).columns[0]
    assert column.field == "person.met_on"
    assert column.ask
    assert column.dates is not None
    assert column.dates.order == "mixed"


@given(st.lists(st.text(max_size=30), max_size=6), st.lists(st.lists(st.text(max_size=30), max_size=7), max_size=5))
def test_guessing_never_raises(header: list[str], rows: list[list[str]]) -> None:
    result = guess(header, rows, PERSON)
    assert len(result.columns) == len(header)
    assert len(set(result.mapping.values())) == len(result.mapping)
