import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noren.core.base.japan.corporate import (
    check_digit,
    is_corporate_number,
    parse_corporate_number,
    parse_invoice_number,
)
from noren.core.base.japan.values import Unreadable


@pytest.mark.parametrize(
    "number", ["7123456789012", "7000012050002", "1180301018771", "5010401067252", "4011001098993"]
)
def test_true_numbers_pass(number: str) -> None:
    assert check_digit(number[1:]) == int(number[0])
    assert is_corporate_number(number)
    assert parse_corporate_number(number) == number


def test_the_check_digit_is_nine_when_nothing_remains() -> None:
    assert check_digit("000000000000") == 9
    assert check_digit("123456789012") == 7


@settings(deadline=None)
@given(st.text(alphabet="0123456789", min_size=12, max_size=12))
def test_the_check_digit_is_never_zero(base: str) -> None:
    assert 1 <= check_digit(base) <= 9


def test_a_typing_error_is_caught_except_nought_for_nine() -> None:
    base = "000012050002"
    passed = [
        (base[i], digit)
        for i in range(12)
        for digit in "0123456789"
        if digit != base[i] and check_digit(base[:i] + digit + base[i + 1 :]) == check_digit(base)
    ]

    assert len(passed) == 8
    assert set(passed) == {("0", "9")}


def test_full_width_and_hyphens_are_accepted() -> None:
    assert parse_corporate_number("７０００－０１２０－５０００２") == "7000012050002"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("7000012050003", "corporate.check_digit"),
        ("700001205000", "corporate.my_number"),
        ("1234-5678-9012", "corporate.my_number"),
        ("70000120500", "corporate.length"),
        ("", "corporate.length"),
        ("T7000012050002", "corporate.length"),
        ("٧000012050002", "corporate.length"),
    ],
)
def test_wrong_numbers_are_refused_with_a_reason(raw: str, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse_corporate_number(raw)

    assert refused.value.code == code


@pytest.mark.parametrize(
    "raw",
    ["T7000012050002", "T 7000-0120-50002", "Ｔ７０００－０１２０－５０００２", "7000012050002", "t7000012050002"],
)
def test_invoice_numbers_are_stored_in_one_form(raw: str) -> None:
    assert parse_invoice_number(raw) == ("T7000012050002", "")


def test_a_failed_check_digit_is_only_a_warning_on_invoice_numbers() -> None:
    assert parse_invoice_number("T7000012050003") == ("T7000012050003", "invoice.check_digit")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("123456789012", "corporate.my_number"),
        ("T123456789012", "invoice.unreadable"),
        ("T0000012050002", "invoice.unreadable"),
        ("", "invoice.unreadable"),
    ],
)
def test_what_is_no_invoice_number_is_refused(raw: str, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse_invoice_number(raw)

    assert refused.value.code == code


def test_a_my_number_reaches_no_message() -> None:
    with pytest.raises(Unreadable) as refused:
        parse_invoice_number("123456789012")

    assert "123456789012" not in repr((refused.value, refused.value.params))
