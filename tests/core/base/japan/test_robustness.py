"""Whatever stands in a cell, readers answer or refuse: no other error, and quickly."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noren.core.base.japan import address, calendar, company, corporate, kana, mail, person, phone, postal, values
from noren.core.base.text import clean, fold, grams, index_row, kana_key, query_grams

READERS: list[Callable[[str], object]] = [
    address.address_key,
    address.split_address,
    calendar.parse_date,
    lambda s: calendar.parse_date(s, serial=True),
    company.name_key,
    company.parse_form,
    corporate.parse_corporate_number,
    corporate.parse_invoice_number,
    kana.is_kana,
    kana.kana_input,
    mail.check_email,
    mail.split_emails,
    person.split_full_name,
    person.strip_honorific,
    phone.parse_phone,
    phone.phone_digits,
    postal.cities,
    postal.lookup,
    values.parse_bool,
    values.parse_money,
    values.parse_number,
    values.parse_percent,
    lambda s: grams(fold(s)),
    lambda s: query_grams(fold(s)),
    clean,
    index_row,
    kana_key,
]
SIGNS = (
    "0123456789,.-+()（）/@<>\"'#;:〒¥$円万年月日令和RHT様株式会社市区町村ーァカｶﾞ゙　 \t\n\x00\x1f\ud800٣²Ⅷ①㈱𠮷🙂xX内線"
)


@settings(deadline=None)
@given(st.one_of(st.text(alphabet=SIGNS, max_size=25), st.text(st.characters(), max_size=25)))
def test_any_text_is_read_or_refused(cell: str) -> None:
    for read in READERS:
        try:
            read(cell)
        except values.Unreadable:
            continue


@pytest.mark.parametrize(
    "unit", [" ", "1", "a", "(", "ー", "あ", "株式会社", "a@", "<", "- ", "一", "1,", "03-1234-5678 ", "様", "内線"]
)
def test_a_pasted_book_costs_no_minute(unit: str) -> None:
    book = unit * (20_000 // len(unit)) + "!"
    start = time.process_time()
    for read in READERS:
        try:
            read(book)
        except values.Unreadable:
            continue

    assert time.process_time() - start < 1.0
