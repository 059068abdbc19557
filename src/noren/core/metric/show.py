"""Numbers as people read them, in the firm's money and the reader's language."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from noren.core.access.firm import firm
from noren.core.base.money import Locale, Money, exponent
from noren.core.metric.declare import DAYS, MONEY, MONEY_PER_DAY, PERCENT

NOTHING = "—"


def locale() -> Locale:
    return "ja" if (get_language() or "ja").startswith("ja") else "en"


def exact(value: Any, unit: str) -> Any:
    """For programs: money in whole units of the currency, everything else as it is; int where it is one."""
    if value is None:
        return None
    if unit in (MONEY, MONEY_PER_DAY):
        places = exponent(firm().currency)
        value = value / 10**places if isinstance(value, float) else Decimal(value) / 10**places
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def show(value: Any, unit: str) -> str:
    """In full: `¥8,600,000`, `63.2 %`, `51.8 days`, `4,238`."""
    if value is None:
        return NOTHING
    text, after = split(value, unit, full=True)
    tight = unit == PERCENT or (unit == DAYS and locale() == "ja")
    return f"{text}{after}" if tight else f"{text} {after}".strip()


def split(value: Any, unit: str, full: bool = False) -> tuple[str, str]:
    """(figure, unit) for a tile: money shortened, unless `full`."""
    if value is None:
        return NOTHING, ""
    if unit in (MONEY, MONEY_PER_DAY):
        text = _money(round(value), firm().currency, "" if full else locale())
        return text, _("per day") if unit == MONEY_PER_DAY else ""
    if unit == PERCENT:
        return f"{float(value) * 100:.1f}", "%"
    if unit == DAYS:
        return number(value, 1), _("days")
    return number(value, 1), ""


@lru_cache(4000)
def _money(minor: int, currency: str, short_in: Locale | Literal[""]) -> str:
    money = Money(minor, currency)
    return money.compact(short_in) if short_in else money.show()


def number(value: Any, places: int = 2) -> str:
    """Thousands separated, no needless decimals."""
    if float(value) == int(value):
        return f"{int(value):,}"
    return f"{float(value):,.{places}f}"


def interval(low: Any, high: Any, unit: str) -> str:
    """`61.9–64.3%`; empty when there is none."""
    if low is None and high is None:
        return ""
    first, _unit = split(low, unit, full=True)
    return f"{first}–{show(high, unit)}"


def change(value: Any, before: Any, unit: str) -> str:
    """What changed, signed: rates by points, days by days, all else in percent; empty when one side is unknown or the
    percent has nothing to be of."""
    if value is None or before is None:
        return ""
    step = float(value) - float(before)
    if unit == PERCENT:
        return _("%(step)s pt") % {"step": f"{step * 100:+.1f}"}
    if unit == DAYS:
        return _("%(step)s days") % {"step": f"{step:+.1f}"}
    return f"{step / abs(float(before)):+.1%}" if before else ""
