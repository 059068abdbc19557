"""How cells become values: one small function per column, which says what is wrong instead of guessing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.translation import override

from noren.core.access.firm import firm
from noren.core.base.japan.calendar import parse_date
from noren.core.base.japan.kana import kana_input
from noren.core.base.japan.mail import PLAIN, split_emails
from noren.core.base.japan.person import split_full_name, strip_honorific
from noren.core.base.japan.phone import half_width
from noren.core.base.japan.values import Unreadable, parse_bool, parse_money, parse_number, parse_percent
from noren.core.base.money import exponent
from noren.core.base.text import clean
from noren.core.record.declare import RECORDS
from noren.core.record.field import Field
from noren.core.record.intake.columns.looks import choice_key
from noren.core.record.intake.options import Options


class BadCell(ValueError):
    """A cell that cannot be taken over. `code` and `params` make the sentence."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


Reader = Callable[[str], Any]


def reader_of(one: Field, options: Options) -> Reader:
    """The function that reads the cells of a column for this field."""
    if one.kind == "phone":
        return _phone(_plain_text(one), zeros=one.name in options.zeros)
    if one.kind in ("text", "longtext"):
        return _plain_text(one)
    if one.kind == "choice":
        return _choice(one)
    if one.kind == "ref":
        return _name(one, several=one.name in options.several)
    if one.kind in READERS:
        kind = (
            "decimal"
            if one.kind == "number" and isinstance(one.column, models.DecimalField | models.FloatField)
            else one.kind
        )
        inner = READERS[kind](options, one.name)
        return _validated(inner, one)
    return _through_column(one)


def _plain_text(one: Field) -> Reader:
    longest = one.max_length or 1_000_000
    honorifics = one.name in ("legal_name", "family_name", "given_name")

    def read(cell: str) -> str:
        text = clean(cell).strip()
        if honorifics:
            text = strip_honorific(text)
        if len(text) > longest:
            raise BadCell("too_long", limit=longest, length=len(text))
        return text

    return read


LOST_ZERO = re.compile(r"[1-9]\d{8,9}")
"""A Japanese number of which a spreadsheet took the leading zero: nine digits, ten for mobile phones."""


def _phone(inner: Reader, *, zeros: bool) -> Reader:
    """zeros: give numbers their lost zero back. Full-width digits and dashes become half-width ones."""

    def read(cell: str) -> Any:
        text = half_width(inner(cell))
        return f"0{text}" if zeros and LOST_ZERO.fullmatch(text) else text

    return read


def _name(one: Field, *, several: bool) -> Reader:
    """What a file calls another row. 御中 and 様 are no part of the name of a company or person. several: there may be more
    than one name in the cell; the first counts."""
    named = {f.name for f in one.target._meta.concrete_fields} & {"legal_name", "family_name"} if one.target else set()

    def read(cell: str) -> str:
        text = clean(cell).strip()
        if "::::" in text:
            text = text.partition("::::")[2].strip() or text  # vtiger: Accounts::::Acme
        if several and ";" in text:
            text = next(filter(None, map(str.strip, text.split(";"))), "")
        return strip_honorific(text) if named else text

    return read


def text_reader(longest: int) -> Callable[[Options, str], Reader]:
    def make(_options: Options, _name: str) -> Reader:
        return lambda cell: clean(cell).strip()[:longest]

    return make


def _through_column(one: Field) -> Reader:
    """Kana, e-mail, address, postal code: the model field tidies and judges."""
    column = one.column

    def read(cell: str) -> Any:
        text = cell
        if one.kind == "email":
            if PLAIN.fullmatch(cell):
                return cell
            several = split_emails(cell)
            text = several[0] if several else cell
        try:
            value = column.to_python(text) if column is not None else clean(text).strip()
            if column is not None and value:
                column.run_validators(value)
        except ValidationError as fault:
            raise BadCell("invalid", reason=" ".join(fault.messages)) from fault
        return value

    return read


def _validated(inner: Reader, one: Field) -> Reader:
    column = one.column
    if column is None:
        return inner

    def read(cell: str) -> Any:
        value = inner(cell)
        try:
            column.run_validators(value)
        except ValidationError as fault:
            raise BadCell("invalid", reason=" ".join(fault.messages)) from fault
        return value

    return read


def choice_words(one: Field) -> dict[str, Any]:
    """What cells may say for a choice: its value, its label in both languages, and what other programs write for it."""
    words: dict[str, Any] = {}
    model = one.column.model if one.column is not None else None
    record = RECORDS.get(model._meta.label_lower) if model is not None else None
    for value, text in (record.meanings.get(one.name, {}) if record else {}).items():
        words.update((choice_key(word), value) for word in text.split(","))
    for language in ("ja", "en"):
        with override(language):
            for value, label in one.choices:
                words[choice_key(str(label))] = value
    for value, _label in one.choices:
        words[choice_key(str(value))] = value
    return words


def _choice(one: Field) -> Reader:
    words = choice_words(one)

    def read(cell: str) -> Any:
        key = choice_key(cell)
        if key in words:
            return words[key]
        raise BadCell("unknown_choice", value=cell[:80])

    return read


def _wrap(parse: Callable[[str], Any]) -> Reader:
    def read(cell: str) -> Any:
        try:
            return parse(cell)
        except Unreadable as fault:
            raise BadCell(fault.code, **{k: str(v)[:80] for k, v in fault.params.items()}) from fault

    return read


_DOTTED = re.compile(r"[-¥$€£\s]*[1-9]\d{0,2}\.\d{3}\s*[€£$円]?", re.ASCII)
"""1.200: twelve hundred to a German, one and a fifth to others."""
_DIGITS_ALONE = re.compile(r"[-+▲△(]?[\d,.]+\)?")


def _money(options: Options, name: str) -> Reader:
    currency = firm().currency
    ours = (None, currency, "JPY" if currency == "CNY" else currency)  # both write ¥
    places = exponent(currency)
    scale = options.scales.get(name, 1)

    def parse(cell: str) -> int:
        if _DOTTED.fullmatch(cell):
            raise Unreadable("money.unreadable", value=cell[:40])
        amount = parse_money(cell)
        if amount.currency not in ours:
            raise Unreadable("money.other_currency", value=cell[:40], currency=currency)
        value = amount.value.scaleb(places)
        if scale != 1 and _DIGITS_ALONE.fullmatch(unicodedata.normalize("NFKC", cell).strip()):
            value *= scale  # a cell that says its own unit means that one
        if abs(value) >= 2**63:
            raise Unreadable("number.too_large", value=cell[:40])
        return int(value.quantize(Decimal(1), rounding="ROUND_HALF_UP"))

    return _wrap(parse)


def _whole(_options: Options, _name: str) -> Reader:
    def parse(cell: str) -> int:
        value = parse_number(cell)
        if value != value.to_integral_value():
            raise Unreadable("number.not_whole", value=cell[:40])
        if abs(value) >= 2**31:
            raise Unreadable("number.too_large", value=cell[:40])
        return int(value)

    return _wrap(parse)


def _percent(_options: Options, _name: str) -> Reader:
    def parse(cell: str) -> int:
        value = parse_percent(cell) if "%" in cell or "％" in cell else parse_number(cell)
        if not 0 <= value <= 100 or (0 < value < 1 and "%" not in cell and "％" not in cell):
            raise Unreadable("percent.range", value=cell[:40])
        return int(value)

    return _wrap(parse)


def _date(options: Options, name: str) -> Reader:
    order = options.date_orders.get(name, options.date_order)
    short_years = name in options.date_orders

    def parse(cell: str) -> Any:
        if ":" in cell and (moment := _moment(cell)) is not None and moment.tzinfo is not None:
            return moment.astimezone(_zone()).date()  # late in the evening in London it is tomorrow here
        text = _reordered(cell, order, short_years=short_years)
        return parse_date(
            text.split("T")[0].split(" ")[0] if ":" in text else text, serial=order in ("serial", "mixed")
        )

    return _wrap(parse)


def _datetime(options: Options, name: str) -> Reader:
    day_of = _date(options, name)

    def read(cell: str) -> Any:
        text = cell.strip()
        moment = _moment(text)
        zone = _zone()
        if moment is not None:
            return moment if moment.tzinfo else moment.replace(tzinfo=zone)
        clock = time(0)
        head, _, tail = text.partition(" ")
        if ":" in tail:
            hours, _, rest = tail.partition(":")
            minutes = rest[:2]
            if hours.strip().isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60:
                clock = time(int(hours), int(minutes))
        return datetime.combine(day_of(head if ":" in tail else text), clock, zone)

    return read


def _moment(cell: str) -> datetime | None:
    """A day with a time of day, as programs write it; None for all else."""
    text = cell.strip()
    for name, offset in (("UTC", "Z"), ("GMT", "Z"), ("JST", "+09:00")):
        text = text.removesuffix(name) + offset if text.endswith(name) else text
    try:
        return parse_datetime(text.replace("/", "-")) if ":" in text else None
    except ValueError:
        return None


def _zone() -> ZoneInfo:
    return ZoneInfo(firm().tz)


def _reordered(cell: str, order: str, *, short_years: bool = False) -> str:
    """25/12/2026 and 12/25/2026 as year-month-day, in the order the column was said to have. short_years: it was said of
    a column of year, month and day, so 17/4/1 is 2017-04-01."""
    if order == "ymd" and short_years and (found := _SHORT_YEAR.fullmatch(cell)):
        return f"{_century(found[1])}-{found[2]}-{found[3]}{found[4] or ''}"
    if order not in ("dmy", "mdy"):
        return cell
    found = re.fullmatch(r"\s*(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{2,4})(.*)", cell)
    if not found:
        return cell
    first, second, year, rest = found.groups()
    day, month = (first, second) if order == "dmy" else (second, first)
    return f"{_century(year)}-{int(month):02d}-{int(day):02d}{rest}"


_SHORT_YEAR = re.compile(r"\s*(\d{2})[/.\-](\d{1,2})[/.\-](\d{1,2})(\D.*)?", re.ASCII)


def _century(year: str) -> str:
    return year if len(year) != 2 else ("20" if int(year) < 70 else "19") + year


def _decimal(_options: Options, _name: str) -> Reader:
    return _wrap(parse_number)


READERS: dict[str, Callable[[Options, str], Reader]] = {
    "money": _money,
    "number": _whole,
    "percent": _percent,
    "date": _date,
    "datetime": _datetime,
    "bool": lambda _o, _n: _wrap(parse_bool),
    "text": text_reader(255),
    "decimal": _decimal,
}


def names_of(values: dict[str, Any]) -> None:
    """A full name in one column becomes family and given name when a space parts it; else it stays in one piece."""
    for whole, family, given in (
        ("full_name", "family_name", "given_name"),
        ("full_kana", "family_kana", "given_kana"),
    ):
        text = values.pop(whole, None)
        if not text or values.get(family):
            continue
        text = strip_honorific(text)
        if whole == "full_kana":
            try:
                text = kana_input(text)
            except ValueError as fault:
                raise BadCell("kana.not_kana", value=text[:80]) from fault
        parts = split_full_name(text)
        values[family], values[given] = parts or (text, values.get(given, ""))
