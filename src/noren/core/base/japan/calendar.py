"""Days: reading every way a date is written in Japan, eras, business days, and dates as tables and documents show them."""

import re
import unicodedata
from collections.abc import Collection
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from noren.core.base.japan.values import Unreadable
from noren.core.base.text import DASHES

_ERAS = (
    ("令和", "R", date(2019, 5, 1)),
    ("平成", "H", date(1989, 1, 8)),
    ("昭和", "S", date(1926, 12, 25)),
    ("大正", "T", date(1912, 7, 30)),
    ("明治", "M", date(1868, 1, 25)),
)
_TO_HYPHEN = {ord(mark): "-" for mark in DASHES + "ー"}
_WEEKDAYS = "月火水木金土日"
_TAIL = (
    rf"(?:\s*\(?[{_WEEKDAYS}](?:曜日?)?\)?)?"
    r"(?:[T\s]\s*\d{1,2}[:時]\d{1,2}(?:[:分]\d{0,2}(?:\.\d+)?秒?)?\s*(?:Z|UTC|JST|[+-]\d{2}:?\d{2})?)?"
)
_WESTERN = re.compile(
    r"(?P<y>\d{4})\s*(?:(?P<sep>[/.-])\s*(?P<m>\d{1,2})\s*(?P=sep)\s*(?P<d>\d{1,2})"
    r"|年\s*(?P<m2>\d{1,2})\s*月\s*(?P<d2>\d{1,2})\s*日)" + _TAIL,
    re.ASCII,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_ERA = re.compile(
    rf"(?P<era>{'|'.join(name for name, _, _ in _ERAS)}|[RHSTM])\s*\.?\s*(?P<y>元|\d{{1,2}})\s*(?:年|[./-])\s*"
    r"(?P<m>\d{1,2})\s*(?:月|[./-])\s*(?P<d>\d{1,2})\s*日?" + _TAIL,
    re.ASCII | re.IGNORECASE,
)
_SERIAL = re.compile(r"(\d{1,7})(?:\.\d+)?", re.ASCII)
_NAMED = re.compile(
    r"(?:(?P<d>\d{1,2})(?:st|nd|rd|th)?[\s-]+(?P<m>[A-Za-z]{3,9})|(?P<m2>[A-Za-z]{3,9})\.?[\s-]+(?P<d2>\d{1,2})(?:st|nd|rd|th)?)"
    r"\.?,?[\s-]+(?P<y>\d{4})(?:,?\s+\d{1,2}:\d{2}(?::\d{2})?\s*(?:[AaPp][Mm])?)?",
    re.ASCII,
)
_TWO_WAYS = re.compile(r"\d{1,2}([/.-])\d{1,2}\1\d{1,4}", re.ASCII)
_LONGEST = 60  # no way of writing a day and a time is longer
_LAST_SERIAL = 2_958_465  # 9999-12-31


class Era(NamedTuple):
    """An era date's year: 令和 R 8. Year 1 is written 元年."""

    name: str
    letter: str
    year: int

    def __str__(self) -> str:
        return f"{self.name}{'元' if self.year == 1 else self.year}年"


def era(day: date) -> Era:
    """The Japanese era year of a day from 1868-01-25 on."""
    for name, letter, start in _ERAS:
        if day >= start:
            return Era(name, letter, day.year - start.year + 1)
    raise ValueError("before the Meiji era")


def parse_date(raw: str, *, serial: bool = False) -> date:
    """2026/4/1, 2026-04-01, 2026.4.1, 2026年4月1日, 20260401, R8.4.1, 令和8年4月1日, 令和元年5月1日, 1 Apr 2026, April 1, 2026; full width; a weekday or a
    time of day behind it is passed over. `serial`: a bare number is a spreadsheet day (44000 = 2020-06-18).

    An era year beyond the era's end counts on (平成32年 = 2020), as old contracts print it; one before its start does not.
    Raises Unreadable: date.ambiguous (04/05/2026, 26/4/1), date.no_such_day, date.unreadable.
    """
    text = unicodedata.normalize("NFKC", raw).translate(_TO_HYPHEN).strip() if len(raw) <= _LONGEST else ""
    if found := _WESTERN.fullmatch(text):
        return _day(raw, int(found["y"]), int(found["m"] or found["m2"]), int(found["d"] or found["d2"]))
    if found := _COMPACT.fullmatch(text):
        return _day(raw, int(found[1]), int(found[2]), int(found[3]))
    if found := _ERA.fullmatch(text):
        return _era_day(raw, found)
    if (found := _NAMED.fullmatch(text)) and (month := _month(found["m"] or found["m2"])):
        return _day(raw, int(found["y"]), month, int(found["d"] or found["d2"]))
    if serial and (found := _SERIAL.fullmatch(text)):
        return _serial_day(raw, int(found[1]))
    raise Unreadable("date.ambiguous" if _TWO_WAYS.fullmatch(text) else "date.unreadable", value=raw)


def _day(raw: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Unreadable("date.no_such_day", value=raw) from None


def _month(name: str) -> int:
    """The number of an English month, written out or as its first three letters; 0 for another word."""
    small = name.lower()
    return next(
        (
            at
            for at, month in enumerate(_MONTHS, 1)
            if small in (month.lower(), month[:3].lower(), "sept"[: 4 * (at == 9)])
        ),
        0,
    )


def _era_day(raw: str, found: re.Match[str]) -> date:
    mark = found["era"].upper()
    start = next(start for name, letter, start in _ERAS if mark in (name, letter))
    year = 1 if found["y"] == "元" else int(found["y"])
    day = _day(raw, start.year + year - 1, int(found["m"]), int(found["d"]))
    if year == 0 or day < start:
        raise Unreadable("date.no_such_day", value=raw)
    return day


def _serial_day(raw: str, number: int) -> date:
    # Spreadsheets count a 1900-02-29 that never was: day 60 does not exist and earlier ones are off by one.
    if number in (0, 60) or number > _LAST_SERIAL:
        raise Unreadable("date.no_such_day", value=raw)
    return date(1899, 12, 30) + timedelta(days=number if number > 60 else number + 1)


@lru_cache(maxsize=64)
def _holidays(year: int) -> dict[date, str]:
    import holidays

    days = holidays.country_holidays("JP", years=year, categories=("public", "bank"), language="ja")
    # A bank holiday on a public one is told as "元日; 銀行休業日": the first name is the day's own.
    return {day: name.partition(";")[0] for day, name in days.items() if day.year == year}


def holiday_name(day: date) -> str:
    """The Japanese name of a public or bank holiday (銀行休業日), "" on any other day."""
    return _holidays(day.year).get(day, "")


def is_business_day(day: date, closed: Collection[date] = ()) -> bool:
    """Neither a weekend, a public or bank holiday, nor one of the firm's own `closed` days."""
    return day.weekday() < 5 and day not in _holidays(day.year) and day not in closed


def next_business_day(day: date, closed: Collection[date] = (), *, same: bool = False) -> date:
    """The first business day after `day`; with `same`, `day` itself if it is one (a payment that may move later)."""
    return _walk(day, 1, closed, same=same)


def prev_business_day(day: date, closed: Collection[date] = (), *, same: bool = False) -> date:
    """The last business day before `day`; with `same`, `day` itself if it is one (a payment that may move earlier)."""
    return _walk(day, -1, closed, same=same)


def _walk(day: date, step: int, closed: Collection[date], *, same: bool) -> date:
    if not same:
        day += timedelta(days=step)
    while not is_business_day(day, closed):
        day += timedelta(days=step)
    return day


_MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def format_date(day: date | datetime, style: str = "table", locale: str = "ja") -> str:
    """table: 2026/04/01 (水) | Wed 2026-04-01. document: 2026年4月1日 | April 1, 2026. sentence: 4月1日(水) | Wed, April 1.
    era (Japanese only): 令和8年4月1日. A datetime must already be in the reader's time zone."""
    japanese = locale.startswith("ja")
    weekday = _WEEKDAYS[day.weekday()] if japanese else _DAYS[day.weekday()]
    month = _MONTHS[day.month - 1]
    if style == "table":
        return f"{day:%Y/%m/%d} ({weekday})" if japanese else f"{weekday} {day:%Y-%m-%d}"
    if style == "document":
        return f"{day.year}年{day.month}月{day.day}日" if japanese else f"{month} {day.day}, {day.year}"
    if style == "sentence":
        return f"{day.month}月{day.day}日({weekday})" if japanese else f"{weekday}, {month} {day.day}"
    if style == "era":
        return f"{era(day.date() if isinstance(day, datetime) else day)}{day.month}月{day.day}日"
    raise ValueError(f"no such style: {style}")
