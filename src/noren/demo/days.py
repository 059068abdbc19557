"""Working days and hours of the demo firm. Everything is counted back from today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from noren.core.base.japan.calendar import is_business_day, prev_business_day
from noren.core.base.period import add_months

YEARS = 3  # fiscal years told, the present one included
SEASON = {1: 0.8, 3: 1.6, 5: 0.8, 6: 1.2, 8: 0.7, 9: 1.45, 12: 1.2}  # closings by month; others 1


@dataclass(frozen=True, slots=True)
class Clock:
    """`today` in the firm's zone; `chance` is seeded, so that the same day tells the same story."""

    today: date
    now: datetime
    zone: ZoneInfo
    chance: Random

    @property
    def start(self) -> date:
        """First day of the oldest fiscal year told; years begin in April."""
        year = self.today.year if self.today.month >= 4 else self.today.year - 1
        return date(year - YEARS + 1, 4, 1)

    def moment(self, day: date, hour: int, minute: int) -> datetime:
        """This moment of the firm's day, never later than now."""
        return min(datetime.combine(day, time(hour, minute), self.zone), self.now)

    def at(self, day: date, hour: int | None = None) -> datetime:
        """A moment of office hours, never later than now."""
        hour = self.chance.randint(9, 17) if hour is None else hour
        return self.moment(day, hour, self.chance.choice((0, 5, 10, 15, 20, 30, 40, 45)))

    def work(self, day: date) -> date:
        """The day itself, or the working day before."""
        return prev_business_day(day, same=True)

    def months(self) -> list[tuple[date, list[date]]]:
        """Months from `start` on, with their working days before today."""
        found, month = [], self.start
        while month <= self.today:
            end = min(add_months(month, 1), self.today)
            days = [day for n in range((end - month).days) if is_business_day(day := month + timedelta(days=n))]
            found.append((month, days))
            month = add_months(month, 1)
        return found
