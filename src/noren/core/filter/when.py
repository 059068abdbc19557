"""What the relative words of a filter mean today: `@me`, `@this_quarter`, `@today`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from noren.core.access.actor import Actor
from noren.core.base.period import Fiscal, Period, parse


@dataclass(frozen=True, slots=True)
class When:
    """For whom and as of which day a filter is read."""

    actor: Actor
    today: date
    fiscal: Fiscal = Fiscal(4)

    @classmethod
    def now(cls, actor: Actor, fiscal: Fiscal | None = None) -> When:
        zone = ZoneInfo(actor.tz)
        return cls(actor, datetime.now(zone).date(), fiscal or Fiscal(4))

    def period(self, word: str) -> Period:
        return parse(word, self.today, self.fiscal)
