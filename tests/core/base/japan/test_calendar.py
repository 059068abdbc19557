from datetime import date, datetime

import pytest

from noren.core.base.japan.calendar import (
    era,
    format_date,
    holiday_name,
    is_business_day,
    next_business_day,
    parse_date,
    prev_business_day,
)
from noren.core.base.japan.values import Unreadable


@pytest.mark.parametrize(
    "typed",
    [
        "2026/4/1",
        "2026/04/01",
        "2026-04-01",
        "2026-4-1",
        "2026年4月1日",
        "2026年 4月 1日",
        "2026.4.1",
        "20260401",
        "R8.4.1",
        "r8/4/1",
        "R8-4-1",
        "令和8年4月1日",
        "令和8.4.1",
        "㋿8年4月1日",
        "平成38年4月1日",
        "２０２６／４／１",
        "２０２６年４月１日",
        "２０２６０４０１",
        "Ｒ８．４．１",
        "令和８年４月１日",
        "2026−04−01",
        "2026/04/01 (水)",
        "2026年4月1日（水曜日）",
        "2026/4/1 9:05",
        "2026/04/01 09:05:30",
        "2026-04-01T09:05:30+09:00",
        "2026-04-01T00:05:30.123Z",
        " 2026/4/1　",
    ],
)
def test_a_day_is_read_in_every_way_it_is_written(typed: str) -> None:
    assert parse_date(typed) == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("R1.5.1", date(2019, 5, 1)),
        ("H31.4.30", date(2019, 4, 30)),
        ("S64.1.7", date(1989, 1, 7)),
        ("H1.1.8", date(1989, 1, 8)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("昭和50年12月3日", date(1975, 12, 3)),
        ("T15.12.24", date(1926, 12, 24)),
        ("M45.7.29", date(1912, 7, 29)),
    ],
)
def test_eras_begin_and_end_on_their_day(typed: str, day: date) -> None:
    assert parse_date(typed) == day


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("04/05/2026", "date.ambiguous"),
        ("26/4/1", "date.ambiguous"),
        ("2026/2/30", "date.no_such_day"),
        ("20261301", "date.no_such_day"),
        ("令和1年4月30日", "date.no_such_day"),
        ("令和0年1月1日", "date.no_such_day"),
        ("0000/1/1", "date.no_such_day"),
        ("44000", "date.unreadable"),
        ("2026/4", "date.unreadable"),
        ("2026/4-1", "date.unreadable"),
        ("明日", "date.unreadable"),
        ("", "date.unreadable"),
    ],
)
def test_what_is_no_day_is_refused_with_a_reason(typed: str, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse_date(typed)

    assert refused.value.code == code


def test_spreadsheet_days_are_read_only_when_asked_for() -> None:
    assert parse_date("44000", serial=True) == date(2020, 6, 18)
    assert parse_date("４４０００．５", serial=True) == date(2020, 6, 18)
    assert parse_date("1", serial=True) == date(1900, 1, 1)
    assert parse_date("61", serial=True) == date(1900, 3, 1)
    assert parse_date("20260401", serial=True) == date(2026, 4, 1)
    for impossible in ("0", "60", "9999999"):
        with pytest.raises(Unreadable):
            parse_date(impossible, serial=True)


def test_the_era_of_a_day() -> None:
    assert [str(era(d)) for d in (date(2019, 5, 1), date(2019, 4, 30), date(1989, 1, 7), date(2026, 4, 1))] == [
        "令和元年",
        "平成31年",
        "昭和64年",
        "令和8年",
    ]
    with pytest.raises(ValueError, match="Meiji"):
        era(date(1867, 1, 1))


def test_holidays_include_substitutes_sandwiched_days_and_bank_days() -> None:
    assert holiday_name(date(2026, 9, 22)) == "国民の休日"
    assert "振替休日" in holiday_name(date(2027, 3, 22))
    assert (holiday_name(date(2027, 1, 1)), holiday_name(date(2026, 12, 31))) == ("元日", "銀行休業日")
    assert holiday_name(date(2026, 4, 1)) == ""
    assert not any(map(is_business_day, (date(2026, 12, 31), date(2027, 1, 2), date(2027, 1, 3), date(2026, 11, 28))))


def test_business_days_step_over_weekends_holidays_and_closures() -> None:
    assert next_business_day(date(2026, 12, 30)) == date(2027, 1, 4)
    assert prev_business_day(date(2027, 1, 4)) == date(2026, 12, 30)
    assert next_business_day(date(2026, 4, 1), same=True) == date(2026, 4, 1)
    assert next_business_day(date(2026, 2, 28), same=True) == date(2026, 3, 2)
    assert prev_business_day(date(2026, 5, 31), same=True) == date(2026, 5, 29)
    assert next_business_day(date(2026, 8, 12), {date(2026, 8, 13), date(2026, 8, 14)}) == date(2026, 8, 17)


@pytest.mark.parametrize(
    ("style", "japanese", "english"),
    [
        ("table", "2026/04/01 (水)", "Wed 2026-04-01"),
        ("document", "2026年4月1日", "April 1, 2026"),
        ("sentence", "4月1日(水)", "Wed, April 1"),
        ("era", "令和8年4月1日", "令和8年4月1日"),
    ],
)
def test_dates_are_shown_as_their_place_asks(style: str, japanese: str, english: str) -> None:
    assert format_date(date(2026, 4, 1), style) == japanese
    assert format_date(datetime(2026, 4, 1, 23, 59), style, "en") == english


@pytest.mark.parametrize("style", ["table", "document", "era"])
def test_a_shown_date_can_be_typed_back(style: str) -> None:
    assert parse_date(format_date(date(2026, 4, 1), style)) == date(2026, 4, 1)


def test_an_unknown_style_is_a_bug() -> None:
    with pytest.raises(ValueError, match="style"):
        format_date(date(2026, 4, 1), "nice")
