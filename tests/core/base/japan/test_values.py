from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noren.core.base.japan.values import Unreadable, parse_bool, parse_money, parse_number, parse_percent


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("1,234", "1234"),
        ("１，２３４．５", "1234.5"),
        ("▲500", "-500"),
        ("△500", "-500"),
        ("(500)", "-500"),
        ("−500", "-500"),
        ("ー５００", "-500"),
        ("500-", "-500"),
        ("+5", "5"),
        (".5", "0.5"),
        ("120名", "120"),
        (" 0012 ", "12"),
    ],
)
def test_numbers_are_read_as_written(typed: str, value: str) -> None:
    assert parse_number(typed) == Decimal(value)


@pytest.mark.parametrize(
    "typed", ["", "NaN", "Infinity", "1_000", "1e5", "1,23", "1,2345", "--5", "1.2.3", "٣", "abc", "1 234", "9" * 50]
)
def test_what_is_not_plainly_a_number_is_refused(typed: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse_number(typed)

    assert refused.value.code == "number.unreadable"
    assert refused.value.params == {"value": typed}


def test_nought_has_no_sign() -> None:
    assert str(parse_number("▲0")) == str(parse_money("-0円").value) == "0"


@pytest.mark.parametrize(
    ("typed", "value", "currency"),
    [
        ("1,234円", "1234", "JPY"),
        ("¥1,234", "1234", "JPY"),
        ("￥１，２３４", "1234", "JPY"),
        ("¥1,234-", "1234", "JPY"),
        ("金1,234円也", "1234", "JPY"),
        ("1234", "1234", None),
        ("▲500", "-500", None),
        ("(500)", "-500", None),
        ("-¥500", "-500", "JPY"),
        ("¥-500", "-500", "JPY"),
        ("¥▲500", "-500", "JPY"),
        ("（1,234円）", "-1234", "JPY"),
        ("$342.09K", "342090", "USD"),
        ("US$5", "5", "USD"),
        ("1.5M USD", "1500000", "USD"),
        ("€12.50", "12.50", "EUR"),
        ("3.5万", "35000", None),
        ("1億2,000万円", "120000000", "JPY"),
        ("500千円", "500000", "JPY"),
        ("10百万円", "10000000", "JPY"),
        ("10,000円（税込）", "10000", "JPY"),
    ],
)
def test_amounts_are_read_with_their_currency(typed: str, value: str, currency: str | None) -> None:
    assert parse_money(typed) == (Decimal(value), currency)


@pytest.mark.parametrize("typed", ["", "円", "¥", "NaN円", "1万2億", "1_000円", "応相談", "1,23円", "¥1円円"])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse_money(typed)

    assert refused.value.code == "money.unreadable"


def test_two_currencies_are_refused() -> None:
    with pytest.raises(Unreadable) as refused:
        parse_money("¥5 USD")

    assert refused.value.code == "money.two_currencies"


@pytest.mark.parametrize(
    ("typed", "value"),
    [("10％", "10"), ("10%", "10"), ("10", "10"), ("0.1", "0.1"), ("▲5%", "-5"), ("10パーセント", "10")],
)
def test_shares_are_points(typed: str, value: str) -> None:
    assert parse_percent(typed) == Decimal(value)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        *((t, True) for t in ["○", "〇", "有", "あり", "はい", "yes", "YES", "ＴＲＵＥ", "1", "✓"]),
        *((t, False) for t in ["×", "無", "なし", "いいえ", "no", "false", "0", "X"]),
    ],
)
def test_yes_and_no_in_every_dress(typed: str, value: bool) -> None:
    assert parse_bool(typed) is value


@pytest.mark.parametrize(
    ("parse", "typed", "code"),
    [
        (parse_percent, "NaN%", "percent.unreadable"),
        (parse_percent, "%", "percent.unreadable"),
        (parse_bool, "maybe", "bool.unreadable"),
        (parse_bool, "", "bool.unreadable"),
    ],
)
def test_unreadable_values_say_what_they_are(parse: Callable[[str], object], typed: str, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse(typed)

    assert refused.value.code == code


@settings(deadline=None)
@given(st.text(alphabet="0123456789,.-+()▲¥$円万億K%名NaNeE_ ー", max_size=12))
def test_a_number_that_is_read_is_finite(typed: str) -> None:
    for parse in (parse_number, parse_percent, lambda s: parse_money(s).value):
        try:
            value = parse(typed)
        except Unreadable:
            continue
        assert value.is_finite()
