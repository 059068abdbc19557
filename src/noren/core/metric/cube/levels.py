"""Which cells make up some days: months as far as they lie within, else days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import Q

from noren.core.base.period import DAY, Period
from noren.core.metric.cube.declare import Cube
from noren.core.metric.cube.face import day_of

MOST_BROKEN = 30
"""Above so many months that a question cuts through, only days are read."""


def levels(cube: Cube, roll: int, within: Iterable[Period], by_day: bool, borders: Sequence[date] = ()) -> Q:
    """Whole months as far as nothing cuts through them, else days; and all new cells.

    within: periods in all of which the day lies; borders: first days of the parts that are told apart; by_day: days alone.
    """
    day = day_of(cube)
    inside = Q()
    broken = {each.replace(day=1) for each in borders if each.day != 1}
    for period in within:
        if period.first != date.min:
            inside &= Q(**{f"{day}__gte": period.first})
            if period.first.day != 1:
                broken.add(period.first.replace(day=1))
        if period.last != date.max:
            inside &= Q(**{f"{day}__lte": period.last})
            if (period.last + DAY).day != 1:
                broken.add(period.last.replace(day=1))
    fresh, days, months = Q(level=-1), Q(level=2 * roll), Q(level=2 * roll + 1)
    if by_day or len(broken) > MOST_BROKEN:
        return (fresh | days) & inside if inside else fresh | days
    if not broken:
        return (fresh | months) & inside if inside else fresh | months
    through = Q()
    for span in _joined(sorted(broken)):
        through |= Q(**{f"{day}__gte": span.first, f"{day}__lte": span.last})
    # The month of the first day begins before it: cells of months are meant by their first day.
    return (months & inside & ~Q(**{f"{day}__in": sorted(broken)})) | (days & inside & through) | (fresh & inside)


def _joined(months: list[date]) -> list[Period]:
    """Runs of months, without gaps."""
    found: list[Period] = []
    for month in months:
        whole_month = Period.months(month, 1)
        if found and found[-1].last + DAY == month:
            found[-1] = Period(found[-1].first, whole_month.last)
        else:
            found.append(whole_month)
    return found
