"""Local days, the periods and buckets made of them, and the periods they are compared with.

A period is a run of whole local days, both ends included. Instants appear only at the edge, in `day_bounds`, where a local
day becomes two UTC moments. A fiscal year carries the calendar year of its first day: with an April start, 2026-03-31 lies
in fiscal year 2025 and 2026-04-01 in 2026.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Literal

from noren.core.base.japan.calendar import parse_date
from noren.core.base.japan.values import Unreadable

Locale = Literal["ja", "en"]
DAY = timedelta(days=1)
MONDAY, SUNDAY = 0, 6  # as date.weekday() counts
MOST_BUCKETS = 4000  # ten years of days; more is a mistake, not a chart
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class PeriodError(ValueError):
    """A period that cannot be used. `code`: unknown, backwards, unbounded, too_many, start_month."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


class Grain(StrEnum):
    """How a period is cut. Quarter, half and year are those of the fiscal calendar."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"


_MONTHS_IN = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.HALF: 6, Grain.YEAR: 12}


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or the last day of that month when it is shorter (31 Jan + 1 = 28 or 29 Feb)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, _month_days(year, month + 1)))


def _month_days(year: int, month: int) -> int:
    return (date(year + month // 12, month % 12 + 1, 1) - DAY).day if (year, month) != (9999, 12) else 31


@dataclass(frozen=True, slots=True)
class Period:
    """`first` to `last`, both included. `Period.all()` has no ends; `first`/`last` are then the calendar's own."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise PeriodError("backwards", f"{self.first} to {self.last}")

    @classmethod
    def all(cls) -> "Period":
        return cls(date.min, date.max)

    @classmethod
    def months(cls, first: date, count: int) -> "Period":
        """`count` whole months from the month of `first`."""
        start = first.replace(day=1)
        last = add_months(start, count - 1)
        return cls(start, last.replace(day=_month_days(last.year, last.month)))

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def bounded(self) -> bool:
        return self.first != date.min and self.last != date.max

    @property
    def whole_months(self) -> int:
        """How many calendar months the period is made of; 0 when it begins or ends inside one."""
        if not self.bounded or self.first.day != 1 or self.last.day != _month_days(self.last.year, self.last.month):
            return 0
        return (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range(self.days))

    def overlap(self, other: "Period") -> "Period | None":
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Period(first, last) if first <= last else None

    def bounds(self, tz: tzinfo) -> tuple[datetime | None, datetime | None]:
        """UTC instants [start, end) of the period; None where it has no end."""
        start = None if self.first == date.min else day_bounds(self.first, tz)[0]
        end = None if self.last == date.max else day_bounds(self.last, tz)[1]
        return start, end

    def label(self, locale: Locale, fiscal: "Fiscal | None" = None) -> str:
        """A fiscal year, half, quarter or month by its name, else both days."""
        fiscal = fiscal or Fiscal()
        for grain in (Grain.YEAR, Grain.HALF, Grain.QUARTER, Grain.MONTH, Grain.DAY):
            if self.bounded and self == span(self.first, grain, fiscal):
                return bucket_label(self.first, grain, locale, fiscal)
        first = "" if self.first == date.min else bucket_label(self.first, Grain.DAY, locale, fiscal)
        last = "" if self.last == date.max else bucket_label(self.last, Grain.DAY, locale, fiscal)
        return f"{first} – {last}".strip()

    def __str__(self) -> str:
        """What `parse` reads back."""
        return f"{self.first.isoformat()}..{self.last.isoformat()}" if self != Period.all() else "all"


@dataclass(frozen=True, slots=True)
class Fiscal:
    """A firm's year: twelve months from `start_month` (1 makes it the calendar year)."""

    start_month: int = 4

    def __post_init__(self) -> None:
        if not 1 <= self.start_month <= 12:
            raise PeriodError("start_month", str(self.start_month))

    def year_of(self, day: date) -> int:
        return day.year if day.month >= self.start_month else day.year - 1

    def quarter_of(self, day: date) -> int:
        return (day.month - self.start_month) % 12 // 3 + 1

    def half_of(self, day: date) -> int:
        return (day.month - self.start_month) % 12 // 6 + 1

    def year(self, year: int) -> Period:
        return Period.months(date(year, self.start_month, 1), 12)

    def half(self, year: int, half: int) -> Period:
        return Period.months(add_months(date(year, self.start_month, 1), 6 * (half - 1)), 6)

    def quarter(self, year: int, quarter: int) -> Period:
        return Period.months(add_months(date(year, self.start_month, 1), 3 * (quarter - 1)), 3)


def span(day: date, grain: Grain, fiscal: Fiscal, week_start: int = MONDAY) -> Period:
    """The whole day, week, month, quarter, half or fiscal year that `day` lies in."""
    if grain is Grain.DAY:
        return Period(day, day)
    if grain is Grain.WEEK:
        first = day - timedelta(days=(day.weekday() - week_start) % 7)
        return Period(first, first + 6 * DAY)
    size = _MONTHS_IN[grain]
    into = (day.month - fiscal.start_month) % 12 % size
    return Period.months(add_months(day.replace(day=1), -into), size)


def bucket_label(day: date, grain: Grain, locale: Locale, fiscal: Fiscal, week_start: int = MONDAY) -> str:
    """ja: 2026/11/25, 11/23週, 2026/11, 2026年度 Q3, 2026年度 上期, 2026年度; en: Nov 25, 2026, FY2026 Q3 and so on.

    When the fiscal year is the calendar year the words 年度 and FY would mislead and are left out.
    """
    first = span(day, grain, fiscal, week_start).first
    ja, month = locale == "ja", _MONTHS[first.month - 1]
    if grain is Grain.DAY:
        return f"{first.year}/{first.month:02}/{first.day:02}" if ja else f"{month} {first.day}, {first.year}"
    if grain is Grain.WEEK:
        return f"{first.month}/{first.day}週" if ja else f"Week of {month} {first.day}"
    if grain is Grain.MONTH:
        return f"{first.year}/{first.month:02}" if ja else f"{month} {first.year}"
    number = fiscal.year_of(first)
    calendar = fiscal.start_month == 1
    year = f"{number}{'年' if calendar else '年度'}" if ja else f"{'' if calendar else 'FY'}{number}"
    if grain is Grain.QUARTER:
        return f"{year} Q{fiscal.quarter_of(first)}"
    if grain is Grain.HALF:
        half = fiscal.half_of(first)
        return f"{year} {('上期', '下期')[half - 1]}" if ja else f"{year} H{half}"
    return year


@dataclass(frozen=True, slots=True)
class Bucket:
    """One cut of a period: the `whole` unit of the calendar, and the `part` of it inside the period."""

    whole: Period
    part: Period
    grain: Grain
    fiscal: Fiscal = field(default_factory=Fiscal)
    week_start: int = MONDAY

    @property
    def key(self) -> date:
        """The first day of the whole unit: what rows are grouped by."""
        return self.whole.first

    def complete(self, today: date) -> bool:
        """Over, and not cut off by the period. Only complete buckets enter averages, trends and limits."""
        return self.part == self.whole and self.whole.last < today

    def label(self, locale: Locale) -> str:
        return bucket_label(self.key, self.grain, locale, self.fiscal, self.week_start)


def buckets(
    period: Period, grain: Grain, fiscal: Fiscal | None = None, week_start: int = MONDAY, most: int = MOST_BUCKETS
) -> list[Bucket]:
    """The period cut by `grain`, in order and without gaps; the first and last may be cut off by the period.

    PeriodError: "unbounded" for a period without ends, "too_many" above `most`.
    """
    if not period.bounded:
        raise PeriodError("unbounded")
    fiscal = fiscal or Fiscal()
    found: list[Bucket] = []
    day = period.first
    while day <= period.last:
        if len(found) == most:
            raise PeriodError("too_many", str(most))
        whole = span(day, grain, fiscal, week_start)
        found.append(Bucket(whole, Period(day, min(whole.last, period.last)), grain, fiscal, week_start))
        day = whole.last + DAY
    return found


# Comparison


def before(period: Period) -> Period:
    """The period of the same length just before: whole months step by months, anything else by days."""
    if not period.bounded:
        raise PeriodError("unbounded")
    months = period.whole_months
    if months:
        return Period.months(add_months(period.first, -months), months)
    return Period(period.first - timedelta(days=period.days), period.first - DAY)


def year_ago(period: Period, week_start: int = MONDAY) -> Period:
    """The same period one year earlier.

    Whole months stay whole (February in full in a leap year too); whole weeks step by 52 weeks and keep their weekdays;
    other days keep their date, 29 February becoming 28.
    """
    if not period.bounded:
        raise PeriodError("unbounded")
    if period.whole_months:
        return Period.months(add_months(period.first, -12), period.whole_months)
    if period.days % 7 == 0 and period.first.weekday() == week_start:
        return Period(period.first - 364 * DAY, period.last - 364 * DAY)
    return Period(add_months(period.first, -12), add_months(period.last, -12))


def compared(
    period: Period, how: Literal["previous", "year"], today: date, week_start: int = MONDAY
) -> tuple[Period, Period]:
    """The period and the one to hold it against, cut so that both show equally much.

    A period still open on `today` is cut at today, and the other after the same number of days (by the same date for
    "year"), never past its own end. Periods that are over, or not begun, are compared whole.
    """
    other = year_ago(period, week_start) if how == "year" else before(period)
    if not period.first <= today < period.last:
        return period, other
    now = Period(period.first, today)
    by_date = how == "year" and period.first - other.first != 364 * DAY  # weeks were stepped by weekday
    end = add_months(today, -12) if by_date else other.first + (today - period.first)
    return now, Period(other.first, min(end, other.last))


# Clock


def day_bounds(day: date, tz: tzinfo) -> tuple[datetime, datetime]:
    """UTC instants [start, end) of a local day: 23, 24 or 25 hours where clocks change, none where a day was skipped.

    A midnight that clocks jump over counts as the moment of the jump; of a midnight that comes twice, the first.
    """
    return _midnight(day, tz), _midnight(day + DAY, tz) if day < date.max else datetime.max.replace(tzinfo=UTC)


def _midnight(day: date, tz: tzinfo) -> datetime:
    try:
        return datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC)
    except OverflowError:  # the first day of all begins before time does in UTC
        return datetime.min.replace(tzinfo=UTC)


def today_in(tz: tzinfo, now: datetime | None = None) -> date:
    """The local day of an aware instant (default: this moment)."""
    return (now or datetime.now(UTC)).astimezone(tz).date()


def days_since(moment: datetime, day: date, tz: tzinfo) -> int:
    """Calendar days from the local day of an aware instant to a day, as durations are counted everywhere; never below 0."""
    return max((day - moment.astimezone(tz).date()).days, 0)


# Names

_Named = Callable[[date, Fiscal, int], Period]


def _this(grain: Grain, step: int = 0, own: "Fiscal | None" = None) -> _Named:
    def find(today: date, fiscal: Fiscal, week_start: int) -> Period:
        whole = span(today, grain, own or fiscal, week_start)
        return whole if step == 0 else span(whole.first - DAY, grain, own or fiscal, week_start)

    return find


def _everything(today: date, fiscal: Fiscal, week_start: int) -> Period:
    return Period.all()


_CALENDAR = Fiscal(1)
NAMED: dict[str, _Named] = {
    "today": _this(Grain.DAY),
    "yesterday": _this(Grain.DAY, -1),
    "this_week": _this(Grain.WEEK),
    "last_week": _this(Grain.WEEK, -1),
    "this_month": _this(Grain.MONTH),
    "last_month": _this(Grain.MONTH, -1),
    "this_quarter": _this(Grain.QUARTER),
    "last_quarter": _this(Grain.QUARTER, -1),
    "this_half": _this(Grain.HALF),
    "last_half": _this(Grain.HALF, -1),
    "this_fy": _this(Grain.YEAR),
    "last_fy": _this(Grain.YEAR, -1),
    "this_year": _this(Grain.YEAR, 0, _CALENDAR),
    "last_year": _this(Grain.YEAR, -1, _CALENDAR),
    "all": _everything,
}
_SPOKEN = {
    "今日": "today", "本日": "today", "昨日": "yesterday", "今週": "this_week", "先週": "last_week", "今月": "this_month",
    "先月": "last_month", "今四半期": "this_quarter", "前四半期": "last_quarter", "今半期": "this_half", "前半期": "last_half",
    "今期": "this_fy", "今年度": "this_fy", "前期": "last_fy", "昨年度": "last_fy", "今年": "this_year",
    "昨年": "last_year", "去年": "last_year", "全期間": "all",
}  # fmt: skip
_AROUND = re.compile(r"(last|next)_([1-9]\d{0,3})_days")
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?")
_WEEK = re.compile(r"(\d{4})-?w(\d{2})")
_YEAR = re.compile(
    r"(?P<fy>fy)?(?P<year>\d{4})(?P<nendo>年度|年)?[-_]?(?:q(?P<quarter>[1-4])|h(?P<half>[12])|(?P<kanji>[上下])期)?"
)


def parse(text: str, today: date, fiscal: Fiscal | None = None, week_start: int = MONDAY) -> Period:
    """A period from a name or a date.

    Names: today, this_month, last_fy … (`NAMED`), last_30_days (ending today), next_7_days (beginning today), all, and
    their Japanese words. Dates: any day `parse_date` reads (2026-11-25, 令和8年4月1日); 2026-11, 2026, 2026-W48; 2026Q3 and
    2026H1 of the calendar; FY2026, FY2026Q3, FY2026H1, 2026年度 of the fiscal year. Two of anything joined by `..` run from
    the first day of one to the last of the other, and either side may be left out. PeriodError: unknown, backwards.
    """
    fiscal = fiscal or Fiscal()
    word = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).lower()
    if ".." in word:
        left, _, right = word.partition("..")
        if not left and not right:
            raise PeriodError("unknown", text)
        first = parse(left, today, fiscal, week_start).first if left else date.min
        last = parse(right, today, fiscal, week_start).last if right else date.max
        return Period(first, last)
    word = _SPOKEN.get(word, word)
    if word in NAMED:
        return NAMED[word](today, fiscal, week_start)
    around = _AROUND.fullmatch(word)
    if around:
        reach = timedelta(days=int(around[2]) - 1)
        return Period(today - reach, today) if around[1] == "last" else Period(today, today + reach)
    try:
        found = _dated(word, fiscal) or _one_day(word)
    except ValueError:  # 2026-13, 2026-W54
        found = None
    if found is None:
        raise PeriodError("unknown", text)
    return found


def _dated(word: str, fiscal: Fiscal) -> Period | None:
    if match := _MONTH.fullmatch(word):
        return Period.months(date(int(match[1]), int(match[2]), 1), 1)
    if match := _WEEK.fullmatch(word):
        first = date.fromisocalendar(int(match[1]), int(match[2]), 1)
        return Period(first, first + 6 * DAY)
    match = _YEAR.fullmatch(word)
    if not match:
        return None
    calendar = fiscal if match["fy"] or match["nendo"] == "年度" or match["kanji"] else _CALENDAR
    year = int(match["year"])
    if match["quarter"]:
        return calendar.quarter(year, int(match["quarter"]))
    if match["half"] or match["kanji"]:
        return calendar.half(year, int(match["half"] or "上下".index(match["kanji"]) + 1))
    return calendar.year(year)


def _one_day(word: str) -> Period | None:
    try:
        day = parse_date(word)
    except Unreadable:
        return None
    return Period(day, day)
