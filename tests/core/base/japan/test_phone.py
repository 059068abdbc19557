import pytest

from noren.core.base.japan.phone import Phone, half_width, parse_phone, phone_digits


@pytest.mark.parametrize(
    ("raw", "number", "display", "label", "extension"),
    [
        ("03-1234-5678(代)", "+81312345678", "03-1234-5678", "main", ""),
        ("03-1234-5678(代表) 内線 45", "+81312345678", "03-1234-5678", "main", "45"),
        ("(代表) 03-1234-5678 内線 45", "+81312345678", "03-1234-5678", "main", "45"),
        ("TEL：03ー1234ー5678", "+81312345678", "03-1234-5678", "phone", ""),
        ("代表TEL 03-1234-5678", "+81312345678", "03-1234-5678", "main", ""),
        ("Fax:03-1234-5679", "+81312345679", "03-1234-5679", "fax", ""),
        ("ＦＡＸ　０３（１２３４）５６７９", "+81312345679", "03-1234-5679", "fax", ""),
        ("携帯：090-1234-5678", "+819012345678", "090-1234-5678", "mobile", ""),
        ("直通 03-1234-5678", "+81312345678", "03-1234-5678", "direct", ""),
        ("03-1234-5678 ext.12", "+81312345678", "03-1234-5678", "", "12"),
        ("0312345678", "+81312345678", "03-1234-5678", "", ""),
        ("+81 3 1234 5678", "+81312345678", "03-1234-5678", "", ""),
        ("0422-12-3456", "+81422123456", "0422-12-3456", "", ""),
        ("+1 650-253-0000", "+16502530000", "+1 650-253-0000", "", ""),
    ],
)
def test_number_label_and_extension_are_told_apart(
    raw: str, number: str, display: str, label: str, extension: str
) -> None:
    phone = parse_phone(raw)

    assert (phone.number_e164, phone.display, phone.label, phone.extension) == (number, display, label, extension)
    assert phone.warning == ""


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("090-1234-5678", "mobile"),
        ("080-1234-5678", "mobile"),
        ("070-1234-5678", "mobile"),
        ("060-1234-5678", "mobile"),
        ("050-1234-5678", "ip"),
        ("0120-123-456", "toll_free"),
        ("0800-123-4567", "toll_free"),
        ("0570-123-456", "navi"),
        ("03-1234-5678", "fixed"),
    ],
)
def test_the_kind_follows_from_the_first_digits(raw: str, kind: str) -> None:
    assert parse_phone(raw).kind == kind


def test_an_invalid_number_is_a_warning_and_is_kept() -> None:
    assert parse_phone("011-123-4567") == Phone("+81111234567", "011-123-4567", "", "", "", "phone.invalid")


@pytest.mark.parametrize(("raw", "number"), [("312345678", "+81312345678"), ("9012345678", "+819012345678")])
def test_a_zero_eaten_by_a_spreadsheet_is_offered_back_not_written_back(raw: str, number: str) -> None:
    phone = parse_phone(raw)

    assert (phone.number_e164, phone.display, phone.warning) == (number, raw, "phone.leading_zero")


@pytest.mark.parametrize("raw", ["", "なし", "-", "abc", "\x00", "(", "内線", "99999999999999999999999999"])
def test_what_is_no_number_is_kept_as_typed_with_a_warning(raw: str) -> None:
    assert parse_phone(raw) == Phone("", raw.strip(), "", "", "", "phone.unreadable")


def test_of_several_numbers_the_first_is_taken_with_a_warning() -> None:
    phone = parse_phone("03-1234-5678 / 090-1234-5678")

    assert (phone.number_e164, phone.warning) == ("+81312345678", "phone.several")


def test_search_digits_are_national() -> None:
    assert (
        phone_digits("03-1234-5678")
        == phone_digits("+81 3 1234 5678")
        == phone_digits("TEL ０３ー１２３４ー５６７８")
        == "0312345678"
    )
    assert phone_digits("0422-12-3456") == "0422123456"
    assert phone_digits("110") == "110"
    assert phone_digits("none") == ""


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("０３１２３４５６７８", "0312345678"),
        ("０３ー１２３４ー５６７８", "03-1234-5678"),
        ("03-1234-5678 内線ー", "03-1234-5678 内線ー"),
    ],
)
def test_a_number_is_kept_half_width(typed: str, kept: str) -> None:
    assert half_width(typed) == kept
