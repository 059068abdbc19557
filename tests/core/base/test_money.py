from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noren.core.base.money import Money, MoneyError, Rounding, exponent, parse, round_whole, shorten, total

minors = st.integers(min_value=-(10**15), max_value=10**15)
codes = st.sampled_from(["JPY", "USD", "BHD", "EUR", "CNY", "CHF", "AUD"])


@pytest.mark.parametrize(("code", "digits"), [("JPY", 0), ("KRW", 0), ("USD", 2), ("EUR", 2), ("BHD", 3)])
def test_minor_units_follow_iso(code: str, digits: int) -> None:
    assert exponent(code) == digits


def test_unknown_currency_is_refused() -> None:
    with pytest.raises(MoneyError) as caught:
        Money(1, "XYZ")
    assert caught.value.code == "currency"


def test_amount_is_exact_at_any_size() -> None:
    assert str(Money(123456789012345678901234567890123, "USD").amount) == "1234567890123456789012345678901.23"
    assert Money(-5, "USD").amount == Decimal("-0.05")


def test_currencies_do_not_mix() -> None:
    yen, dollar = Money(1, "JPY"), Money(1, "USD")
    for act in (
        lambda: yen + dollar,
        lambda: yen - dollar,
        lambda: yen < dollar,
        lambda: yen >= dollar,
        lambda: yen.over(dollar),
    ):
        with pytest.raises(MoneyError) as caught:
            act()
        assert caught.value.code == "mixed"


def test_a_float_is_no_amount() -> None:
    with pytest.raises(MoneyError):
        Money(1.0, "JPY")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(1, "JPY") * 1.5  # type: ignore[operator]


@pytest.mark.parametrize(
    ("how", "value", "whole"),
    [
        (Rounding.FLOOR, "1.9", 1), (Rounding.FLOOR, "-1.9", -1),
        (Rounding.CEIL, "1.1", 2), (Rounding.CEIL, "-1.1", -2), (Rounding.CEIL, "2", 2),
        (Rounding.HALF_UP, "2.5", 3), (Rounding.HALF_UP, "-2.5", -3), (Rounding.HALF_UP, "2.4999", 2),
    ],
)  # fmt: skip
def test_rounding_works_on_the_absolute_value(how: Rounding, value: str, whole: int) -> None:
    assert round_whole(Decimal(value), how) == whole


@given(st.fractions(), st.sampled_from(Rounding))
def test_rounding_is_sign_symmetric(value: Fraction, how: Rounding) -> None:
    assert round_whole(-value, how) == -round_whole(value, how)
    assert abs(round_whole(value, how) - value) < 1


def test_finer_than_the_minor_unit_needs_a_named_rounding() -> None:
    with pytest.raises(MoneyError) as caught:
        Money.of("0.5", "JPY")
    assert caught.value.code == "too_fine"
    assert Money.of("0.5", "JPY", Rounding.HALF_UP) == Money(1, "JPY")
    assert Money.of("10.50", "USD") == Money(1050, "USD")


def test_times_rounds_once() -> None:
    assert Money(105, "JPY").times(Decimal("0.1"), Rounding.FLOOR) == Money(10, "JPY")
    assert Money(-105, "JPY").times(Decimal("0.1"), Rounding.HALF_UP) == Money(-11, "JPY")


def test_ratio_over_zero_is_nothing() -> None:
    assert Money(1, "JPY").over(Money(0, "JPY")) is None
    assert Money(1, "JPY").over(Money(4, "JPY")) == Fraction(1, 4)


def test_allocation_gives_the_rest_to_the_largest_remainder() -> None:
    assert [m.minor for m in Money(100, "JPY").allocate([1, 1, 1])] == [34, 33, 33]
    assert [m.minor for m in Money(-100, "JPY").allocate([1, 1, 1])] == [-34, -33, -33]
    assert [m.minor for m in Money(10, "JPY").allocate([0, Decimal("0.4"), Decimal("0.2"), Decimal("0.2")])] == [
        0,
        5,
        3,
        2,
    ]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 2]])
def test_allocation_refuses_senseless_weights(weights: list[int]) -> None:
    with pytest.raises(MoneyError) as caught:
        Money(1, "JPY").allocate(weights)
    assert caught.value.code == "weights"


@given(minors, st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any))
def test_allocation_loses_nothing_and_stays_within_a_unit(minor: int, weights: list[int]) -> None:
    money = Money(minor, "USD")
    parts = money.allocate(weights)
    assert total(parts, "USD") == money
    assert (-money).allocate(weights) == [-part for part in parts]
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor - Fraction(minor * weight, sum(weights))) < 1


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(8600000, "JPY"), "¥8,600,000"),
        (Money(123450, "USD"), "$1,234.50"),
        (Money(-5, "USD"), "-$0.05"),
        (Money(1234567, "BHD"), "BHD 1,234.567"),
        (Money(100, "CNY"), "CN¥1.00"),
    ],
)
def test_show(money: Money, text: str) -> None:
    assert money.show() == text == str(money)


def test_negative_marks() -> None:
    loss = Money(-1200000, "JPY")
    assert loss.show("▲") == "▲¥1,200,000"
    assert loss.show("()") == "(¥1,200,000)"
    assert loss.compact("ja", "▲") == "▲120万円"


@pytest.mark.parametrize(
    ("minor", "ja", "en"),
    [
        (0, "0円", "¥0"),
        (9800, "9,800円", "¥9.8K"),
        (12345, "1.2万円", "¥12.3K"),
        (8600000, "860万円", "¥8.6M"),
        (8654321, "865万円", "¥8.7M"),
        (132800000, "1億3,280万円", "¥132.8M"),
        (99995000, "1億円", "¥100M"),
        (99994999, "9,999万円", "¥100M"),
        (100000000, "1億円", "¥100M"),
        (1234500000000, "1兆2,345億円", "¥1,234.5B"),
    ],
)
def test_compact(minor: int, ja: str, en: str) -> None:
    assert Money(minor, "JPY").compact("ja") == ja
    assert Money(minor, "JPY").compact("en") == en


def test_short_is_one_figure() -> None:
    assert Money(132800000, "JPY").short("ja") == "1.3億円"
    assert Money(13300000, "USD").short("ja") == "$13.3万"
    assert Money(123450, "USD").short("en") == "$1.2K"
    assert Money(1250, "USD").short("en") == "$12.5"


@pytest.mark.parametrize(("value", "en"), [(999, "999"), (999940, "999.9K"), (999960, "1M"), (-1500, "-1.5K")])
def test_rounding_up_takes_the_next_unit(value: int, en: str) -> None:
    assert shorten(value, "en") == en


@pytest.mark.parametrize(
    ("text", "minor", "code"),
    [
        ("¥8,600,000", 8600000, "JPY"),
        ("￥８，６００，０００", 8600000, "JPY"),
        ("8600000", 8600000, "JPY"),
        ("860万円", 8600000, "JPY"),
        ("1億3,280万円", 132800000, "JPY"),
        ("1億3280万", 132800000, "JPY"),
        ("1.5億", 150000000, "JPY"),
        ("3万5千円", 35000, "JPY"),
        ("300百万円", 300000000, "JPY"),
        ("¥5,000円", 5000, "JPY"),
        ("1,234.00", 1234, "JPY"),
        ("▲1,234", -1234, "JPY"),
        ("△1,234円", -1234, "JPY"),
        ("(1,234)", -1234, "JPY"),
        ("¥-5", -5, "JPY"),
        ("5-", -5, "JPY"),
        ("$1,234.50", 123450, "USD"),
        ("$342.09K", 34209000, "USD"),
        ("US$ 2.5m", 250000000, "USD"),
        ("USD 12.50", 1250, "USD"),
        ("12.50usd", 1250, "USD"),
        ("1,000 JPY", 1000, "JPY"),
        ("€10", 1000, "EUR"),
        ("A$10", 1000, "AUD"),
        ("BHD 1.234", 1234, "BHD"),
        (" +7 ", 7, "JPY"),
        (".5USD", 50, "USD"),
    ],
)
def test_parse(text: str, minor: int, code: str) -> None:
    assert parse(text) == Money(minor, code)


def test_a_bare_dollar_is_the_readers_dollar() -> None:
    assert parse("$5", "CAD") == Money(500, "CAD")
    assert parse("¥5", "CNY") == Money(500, "CNY")
    assert parse("5", "USD") == Money(500, "USD")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"), ("　", "empty"), ("abc", "not_a_number"), ("1,23", "not_a_number"), ("1.2.3", "not_a_number"),
        ("--5", "not_a_number"), ("(-5)", "not_a_number"), ("万円", "not_a_number"), ("5万3億", "not_a_number"),
        ("¥", "not_a_number"), ("1e5", "not_a_number"), ("NULL", "not_a_number"), ("XYZ 5", "currency"),
        ("USD 5円", "mixed"), ("$5円", "not_a_number"), ("10.5", "too_fine"), ("$1.005", "too_fine"), ("99999999999999999999", "too_large"),
    ],
)  # fmt: skip
def test_parse_refuses_rather_than_guesses(text: str, code: str) -> None:
    with pytest.raises(MoneyError) as caught:
        parse(text)
    assert caught.value.code == code


@given(minors, codes, st.sampled_from(["-", "▲", "△", "()"]))
def test_what_is_shown_reads_back(minor: int, code: str, mark: str) -> None:
    money = Money(minor, code)
    assert parse(money.show(mark), code) == money


@given(st.integers(0, 10**15))
def test_compact_stays_close(minor: int) -> None:
    read = parse(Money(minor, "JPY").compact("ja"))
    assert abs(read.minor - minor) * 20 <= max(minor, 1)
