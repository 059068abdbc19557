from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noren.core.base.period import (
    MONDAY,
    SUNDAY,
    Fiscal,
    Grain,
    Period,
    PeriodError,
    add_months,
    before,
    buckets,
    compared,
    day_bounds,
    parse,
    span,
    today_in,
    year_ago,
)

TOKYO = ZoneInfo("Asia/Tokyo")
TODAY = date(2026, 11, 25)  # a Wednesday
APRIL = Fiscal()
days = st.dates(min_value=date(1990, 1, 1), max_value=date(2060, 12, 31))
grains = st.sampled_from(Grain)
starts = st.integers(1, 12)


def P(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("day", "year", "quarter", "half"),
    [("2026-03-31", 2025, 4, 2), ("2026-04-01", 2026, 1, 1), ("2026-09-30", 2026, 2, 1), ("2026-10-01", 2026, 3, 2),
     ("2027-01-01", 2026, 4, 2)],
)  # fmt: skip
def test_fiscal_year_from_april(day: str, year: int, quarter: int, half: int) -> None:
    at = date.fromisoformat(day)
    assert (APRIL.year_of(at), APRIL.quarter_of(at), APRIL.half_of(at)) == (year, quarter, half)
    assert at in APRIL.year(year)
    assert at in APRIL.quarter(year, quarter)
    assert at in APRIL.half(year, half)


def test_fiscal_year_spans() -> None:
    assert APRIL.year(2026) == P("2026-04-01", "2027-03-31")
    assert APRIL.half(2026, 2) == P("2026-10-01", "2027-03-31")
    assert Fiscal(1).year(2026) == P("2026-01-01", "2026-12-31")
    assert Fiscal(3).year(2027) == P("2027-03-01", "2028-02-29")
    with pytest.raises(PeriodError):
        Fiscal(13)


@given(days, starts)
def test_a_day_lies_in_its_own_fiscal_parts(day: date, start: int) -> None:
    fiscal = Fiscal(start)
    year = fiscal.year_of(day)
    assert day in fiscal.year(year)
    assert fiscal.quarter(year, fiscal.quarter_of(day)) == span(day, Grain.QUARTER, fiscal)
    assert fiscal.half(year, fiscal.half_of(day)) == span(day, Grain.HALF, fiscal)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", "2026-11-25", "2026-11-25"),
        ("yesterday", "2026-11-24", "2026-11-24"),
        ("this_week", "2026-11-23", "2026-11-29"),
        ("last_week", "2026-11-16", "2026-11-22"),
        ("this_month", "2026-11-01", "2026-11-30"),
        ("last_month", "2026-10-01", "2026-10-31"),
        ("this_quarter", "2026-10-01", "2026-12-31"),
        ("last_quarter", "2026-07-01", "2026-09-30"),
        ("this_half", "2026-10-01", "2027-03-31"),
        ("last_half", "2026-04-01", "2026-09-30"),
        ("this_fy", "2026-04-01", "2027-03-31"),
        ("last_fy", "2025-04-01", "2026-03-31"),
        ("this_year", "2026-01-01", "2026-12-31"),
        ("last_year", "2025-01-01", "2025-12-31"),
        ("last_1_days", "2026-11-25", "2026-11-25"),
        ("last_30_days", "2026-10-27", "2026-11-25"),
        ("next_7_days", "2026-11-25", "2026-12-01"),
        ("今期", "2026-04-01", "2027-03-31"),
        ("先月", "2026-10-01", "2026-10-31"),
        ("2026-11-25", "2026-11-25", "2026-11-25"),
        ("2026/4/1", "2026-04-01", "2026-04-01"),
        ("２０２６年４月１日", "2026-04-01", "2026-04-01"),
        ("20260401", "2026-04-01", "2026-04-01"),
        ("R8.4.1", "2026-04-01", "2026-04-01"),
        ("令和8年4月1日", "2026-04-01", "2026-04-01"),
        ("平成31年4月30日..令和元年5月1日", "2019-04-30", "2019-05-01"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026年11月", "2026-11-01", "2026-11-30"),
        ("2026-W48", "2026-11-23", "2026-11-29"),
        ("2026", "2026-01-01", "2026-12-31"),
        ("2026Q3", "2026-07-01", "2026-09-30"),
        ("2026-H1", "2026-01-01", "2026-06-30"),
        ("FY2026", "2026-04-01", "2027-03-31"),
        ("fy2026q3", "2026-10-01", "2026-12-31"),
        ("FY2026 H2", "2026-10-01", "2027-03-31"),
        ("2026年度", "2026-04-01", "2027-03-31"),
        ("2026年度 Q4", "2027-01-01", "2027-03-31"),
        ("2026年度上期", "2026-04-01", "2026-09-30"),
        ("2026-11-01..2026-11-15", "2026-11-01", "2026-11-15"),
        ("2026Q1..2026Q2", "2026-01-01", "2026-06-30"),
        ("last_month..today", "2026-10-01", "2026-11-25"),
    ],
)
def test_parse(name: str, first: str, last: str) -> None:
    assert parse(name, TODAY) == P(first, last)


@pytest.mark.parametrize(
    "text", ["", "..", "soon", "2026-02-30", "2026-13", "2026Q5", "2025-02-29", "last_0_days", "2026-W54", "04/05/2026"]
)
def test_parse_refuses_what_is_no_period(text: str) -> None:
    with pytest.raises(PeriodError) as caught:
        parse(text, TODAY)
    assert caught.value.code == "unknown"


def test_parse_refuses_a_backwards_range() -> None:
    with pytest.raises(PeriodError) as caught:
        parse("2026-02..2026-01", TODAY)
    assert caught.value.code == "backwards"


def test_open_ends() -> None:
    everything = parse("all", TODAY)
    assert everything == Period.all()
    assert not everything.bounded
    assert TODAY in everything
    assert everything.bounds(TOKYO) == (None, None)
    assert parse("..2026-03-31", TODAY).bounds(TOKYO) == (None, datetime(2026, 3, 31, 15, tzinfo=UTC))
    for act in (lambda: buckets(everything, Grain.YEAR), lambda: before(everything), lambda: year_ago(everything)):
        with pytest.raises(PeriodError) as caught:
            act()
        assert caught.value.code == "unbounded"


@given(days, days)
def test_text_of_a_period_reads_back(one: date, two: date) -> None:
    period = Period(min(one, two), max(one, two))
    assert parse(str(period), TODAY) == period
    assert parse(str(Period.all()), TODAY) == Period.all()


def test_week_starts_on_the_chosen_day() -> None:
    assert span(TODAY, Grain.WEEK, APRIL, SUNDAY) == P("2026-11-22", "2026-11-28")
    assert span(date(2026, 11, 22), Grain.WEEK, APRIL, MONDAY) == P("2026-11-16", "2026-11-22")


@given(days, st.integers(0, 900), grains, starts, st.sampled_from([MONDAY, SUNDAY]))
def test_buckets_tile_the_period(first: date, length: int, grain: Grain, start: int, week_start: int) -> None:
    period = Period(first, first + timedelta(days=length))
    cut = buckets(period, grain, Fiscal(start), week_start)
    assert cut[0].part.first == period.first
    assert cut[-1].part.last == period.last
    for one, two in pairwise(cut):
        assert one.part.last + timedelta(days=1) == two.part.first
        assert one.whole.last + timedelta(days=1) == two.whole.first
    for bucket in cut:
        assert bucket.part.overlap(bucket.whole) == bucket.part
        assert span(bucket.part.last, grain, Fiscal(start), week_start).first == bucket.key
    assert sum(bucket.part.days for bucket in cut) == period.days
    assert len({bucket.key for bucket in cut}) == len(cut)


def test_a_bucket_is_complete_when_it_is_whole_and_over() -> None:
    cut = buckets(P("2026-09-10", "2026-11-30"), Grain.MONTH)
    assert [b.complete(TODAY) for b in cut] == [False, True, False]
    assert [b.complete(date(2026, 12, 1)) for b in cut] == [False, True, True]


def test_a_flood_of_buckets_is_refused() -> None:
    with pytest.raises(PeriodError) as caught:
        buckets(P("1900-01-01", "2026-12-31"), Grain.DAY)
    assert caught.value.code == "too_many"


@pytest.mark.parametrize(
    ("grain", "start", "ja", "en"),
    [
        (Grain.DAY, 4, "2026/11/25", "Nov 25, 2026"),
        (Grain.WEEK, 4, "11/23週", "Week of Nov 23"),
        (Grain.MONTH, 4, "2026/11", "Nov 2026"),
        (Grain.QUARTER, 4, "2026年度 Q3", "FY2026 Q3"),
        (Grain.HALF, 4, "2026年度 下期", "FY2026 H2"),
        (Grain.YEAR, 4, "2026年度", "FY2026"),
        (Grain.QUARTER, 1, "2026年 Q4", "2026 Q4"),
        (Grain.YEAR, 1, "2026年", "2026"),
    ],
)
def test_bucket_labels(grain: Grain, start: int, ja: str, en: str) -> None:
    bucket = buckets(Period(TODAY, TODAY), grain, Fiscal(start))[0]
    assert (bucket.label("ja"), bucket.label("en")) == (ja, en)


def test_period_labels() -> None:
    assert APRIL.year(2026).label("ja") == "2026年度"
    assert APRIL.quarter(2026, 3).label("en") == "FY2026 Q3"
    assert P("2026-11-01", "2026-11-15").label("ja") == "2026/11/01 – 2026/11/15"
    assert P("2026-11-03", "2026-11-03").label("en") == "Nov 3, 2026"


@pytest.mark.parametrize(
    ("period", "previous", "last_year"),
    [
        (("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28"), ("2025-03-01", "2025-03-31")),
        (("2024-03-01", "2024-03-31"), ("2024-02-01", "2024-02-29"), ("2023-03-01", "2023-03-31")),
        (("2025-02-01", "2025-02-28"), ("2025-01-01", "2025-01-31"), ("2024-02-01", "2024-02-29")),
        (("2026-04-01", "2027-03-31"), ("2025-04-01", "2026-03-31"), ("2025-04-01", "2026-03-31")),
        (("2026-10-01", "2026-12-31"), ("2026-07-01", "2026-09-30"), ("2025-10-01", "2025-12-31")),
        (("2026-11-23", "2026-11-29"), ("2026-11-16", "2026-11-22"), ("2025-11-24", "2025-11-30")),
        (("2026-11-10", "2026-11-14"), ("2026-11-05", "2026-11-09"), ("2025-11-10", "2025-11-14")),
        (("2024-02-29", "2024-02-29"), ("2024-02-28", "2024-02-28"), ("2023-02-28", "2023-02-28")),
    ],
)
def test_compared_periods(period: tuple[str, str], previous: tuple[str, str], last_year: tuple[str, str]) -> None:
    long_after = date(2030, 1, 1)
    assert compared(P(*period), "previous", long_after) == (P(*period), P(*previous))
    assert compared(P(*period), "year", long_after) == (P(*period), P(*last_year))


@pytest.mark.parametrize(
    ("period", "today", "how", "now", "other"),
    [
        ("2026-11", "2026-11-25", "previous", ("2026-11-01", "2026-11-25"), ("2026-10-01", "2026-10-25")),
        ("2026-11", "2026-11-25", "year", ("2026-11-01", "2026-11-25"), ("2025-11-01", "2025-11-25")),
        ("2026-03", "2026-03-30", "previous", ("2026-03-01", "2026-03-30"), ("2026-02-01", "2026-02-28")),
        ("2026-03", "2026-03-31", "previous", ("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28")),
        ("FY2026Q3", "2026-11-25", "previous", ("2026-10-01", "2026-11-25"), ("2026-07-01", "2026-08-25")),
        ("FY2023", "2024-02-29", "year", ("2023-04-01", "2024-02-29"), ("2022-04-01", "2023-02-28")),
        ("FY2024", "2025-03-01", "year", ("2024-04-01", "2025-03-01"), ("2023-04-01", "2024-03-01")),
        ("2026-W48", "2026-11-25", "previous", ("2026-11-23", "2026-11-25"), ("2026-11-16", "2026-11-18")),
        ("2026-W48", "2026-11-25", "year", ("2026-11-23", "2026-11-25"), ("2025-11-24", "2025-11-26")),
        ("2026-12", "2026-11-25", "previous", ("2026-12-01", "2026-12-31"), ("2026-11-01", "2026-11-30")),
    ],
)
def test_an_open_period_is_compared_to_date(
    period: str, today: str, how: str, now: tuple[str, str], other: tuple[str, str]
) -> None:
    at = date.fromisoformat(today)
    assert compared(parse(period, at), how, at) == (P(*now), P(*other))  # type: ignore[arg-type]


@given(days, st.integers(0, 800))
def test_the_period_before_ends_where_this_one_begins(first: date, length: int) -> None:
    period = Period(first, first + timedelta(days=length))
    assert before(period).last + timedelta(days=1) == period.first
    if period.whole_months:
        assert before(period).whole_months == period.whole_months
    else:
        assert before(period).days == period.days


def test_add_months_keeps_to_the_month() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2025, 1, 31), 1) == date(2025, 2, 28)
    assert add_months(date(2026, 1, 15), -13) == date(2024, 12, 15)
    assert add_months(date(9999, 11, 30), 1) == date(9999, 12, 30)


def test_the_local_day_decides_not_the_utc_day() -> None:
    assert day_bounds(date(2026, 4, 1), TOKYO) == (
        datetime(2026, 3, 31, 15, tzinfo=UTC),
        datetime(2026, 4, 1, 15, tzinfo=UTC),
    )
    late = datetime(2026, 3, 31, 23, 30, tzinfo=TOKYO)
    assert today_in(TOKYO, late.astimezone(UTC)) == date(2026, 3, 31)
    assert today_in(TOKYO, datetime(2026, 3, 31, 15, 0, tzinfo=UTC)) == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Tokyo", "2026-03-29", 24),
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Asia/Beirut", "2021-03-28", 23),  # clocks jump over midnight itself
        ("America/Havana", "2025-11-02", 25),  # midnight comes twice
        ("Pacific/Apia", "2011-12-30", 0),  # a day that never was
    ],
)
def test_days_are_as_long_as_the_clocks_say(zone: str, day: str, hours: int) -> None:
    start, end = day_bounds(date.fromisoformat(day), ZoneInfo(zone))
    assert end - start == timedelta(hours=hours)


@given(
    days,
    st.sampled_from(["Asia/Tokyo", "America/New_York", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe"]),
)
def test_days_follow_each_other_without_gap(day: date, zone: str) -> None:
    tz = ZoneInfo(zone)
    start, end = day_bounds(day, tz)
    assert end == day_bounds(day + timedelta(days=1), tz)[0]
    assert start.astimezone(tz).date() == day
    assert (end - timedelta(microseconds=1)).astimezone(tz).date() == day


def test_period_arithmetic() -> None:
    november = P("2026-11-01", "2026-11-30")
    assert november.days == 30
    assert list(november)[-1] == date(2026, 11, 30)
    assert november.overlap(P("2026-11-20", "2026-12-05")) == P("2026-11-20", "2026-11-30")
    assert november.overlap(P("2026-12-01", "2026-12-05")) is None
    with pytest.raises(PeriodError):
        P("2026-11-02", "2026-11-01")
