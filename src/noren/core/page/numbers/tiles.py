"""Numbers on screens: a tile, a change against another period, the pickers of period and scope. Knows no business."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from noren.core.access.actor import Actor
from noren.core.access.rights import Level
from noren.core.base.period import Fiscal, Period, PeriodError, compared, parse
from noren.core.filter.condition import ME, MY_TEAM, Cond, F
from noren.core.metric.answer import Cell
from noren.core.metric.declare import COUNT, DOWN, MONEY, MONEY_PER_DAY, UP, Metric
from noren.core.metric.show import change, locale, show, split
from noren.core.page.numbers import charts

PERIODS: tuple[tuple[str, Any], ...] = (
    ("this_month", gettext_lazy("This month")),
    ("this_quarter", gettext_lazy("This quarter")),
    ("this_half", gettext_lazy("This half year")),
    ("this_fy", gettext_lazy("This fiscal year")),
    ("last_month", gettext_lazy("Last month")),
    ("last_quarter", gettext_lazy("Last quarter")),
    ("last_fy", gettext_lazy("Last fiscal year")),
)
COMPARES: tuple[tuple[str, Any], ...] = (
    ("previous", gettext_lazy("With the period before")),
    ("year", gettext_lazy("With a year before")),
)
SCOPES: tuple[tuple[str, Any], ...] = (
    ("me", gettext_lazy("Me")),
    ("team", gettext_lazy("Team")),
    ("all", gettext_lazy("All")),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address of a page of numbers says."""

    scope: str
    period: str
    compare: str
    span: Period
    now: Period  # the period as far as it has gone
    other: Period  # what it is held against, equally far

    @property
    def where(self) -> F:
        """The scope as a filter on whose rows count."""
        return {"me": F(owner=ME), "team": F(Cond("owner", "in", (MY_TEAM,)))}.get(self.scope, F())


def chosen(request: HttpRequest, actor: Actor, noun: Any, today: Any, fiscal: Fiscal) -> Choice:
    """The choice in the address, or what suits the actor: own rows for those who see no others."""
    usual = {Level.OWN: "me", Level.TEAM: "team"}.get(actor.level(noun, "view"), "all")
    scope = request.GET.get("scope", usual)
    scope = scope if scope in dict(SCOPES) else usual
    word = request.GET.get("period", "this_month")
    try:
        span = parse(word, today, fiscal)
    except PeriodError:
        span = None
    if span is None or not span.bounded:
        word, span = "this_month", parse("this_month", today, fiscal)
    how = "year" if request.GET.get("compare") == "year" else "previous"
    now, other = compared(span, how, today)  # type: ignore[arg-type]
    return Choice(scope, word, how, span, now, other)


def with_choice(request: HttpRequest, **changes: str) -> str:
    """This page's address with a choice changed."""
    pairs = {name: value for name, value in request.GET.items() if name in ("scope", "period", "compare")} | changes
    return f"?{urlencode(pairs)}"


def pickers(request: HttpRequest, choice: Choice, fiscal: Fiscal) -> dict[str, Any]:
    """Context of the pickers in the head of a page."""

    def options(name: str, words: Iterable[tuple[str, Any]], now: str) -> list[dict[str, Any]]:
        return [
            {"label": str(label), "href": with_choice(request, **{name: word}), "current": word == now}
            for word, label in words
        ]

    return {
        "scopes": options("scope", SCOPES, choice.scope),
        "periods": options("period", PERIODS, choice.period),
        "period_label": choice.span.label(locale(), fiscal),
        "compares": options("compare", COMPARES, choice.compare),
        "compare_label": str(dict(COMPARES)[choice.compare]),
    }


def against(choice: Choice) -> str:
    """What the numbers are held against, in a word or two; the days themselves are told elsewhere."""
    so_far = choice.now != choice.span
    if choice.compare == "year":
        return pgettext("compared, so far", "last year") if so_far else pgettext("compared", "last year")
    whole, begun = {
        "month": (pgettext("compared", "last month"), pgettext("compared, so far", "last month")),
        "quarter": (pgettext("compared", "last quarter"), pgettext("compared, so far", "last quarter")),
        "half": (pgettext("compared", "last half"), pgettext("compared, so far", "last half")),
        "fy": (pgettext("compared", "last year"), pgettext("compared, so far", "last year")),
    }.get(choice.period.rpartition("_")[2], (pgettext("compared", "before"), pgettext("compared, so far", "before")))
    if choice.period.startswith("last_"):
        return pgettext("compared", "before")
    return begun if so_far else whole


def difference(metric: Metric, cell: Cell, before: Cell | None) -> tuple[str, str]:
    """(words, state good, bad or even) of a change; empty when one side is unknown.

    How each unit changes: `show.change`. A rate whose interval holds the earlier value is even.
    """
    if before is None or cell.value is None or before.value is None:
        return "", "even"
    text = change(cell.value, before.value, metric.unit)
    if not text:
        return "", "even"
    step = float(cell.value) - float(before.value)
    within = cell.low is not None and cell.high is not None and cell.low <= float(before.value) <= cell.high
    if not step or within or metric.better not in (UP, DOWN):
        return text, "even"
    return text, "good" if (step > 0) == (metric.better == UP) else "bad"


def tile(
    metric: Metric,
    cell: Cell,
    href: str,
    base: str,
    before: Cell | None = None,
    trend: Sequence[Cell] = (),
    note: str = "",
    told: str = "",
) -> dict[str, Any]:
    """A number for `ui/kpi.html`. `base` names in a word what it is held against, `told` in full; its value follows."""
    value, unit = split(cell.value, metric.unit)
    delta, state = difference(metric, cell, before)
    if before is not None:
        figure = show_short(before.value, metric.unit)
        if metric.unit == COUNT:
            base = pgettext("a count of rows", "%(base)s %(figure)s") % {"base": base, "figure": figure}
        else:
            base = f"{base} {figure}"
    points = [float(each.value) for each in trend if each.value is not None]
    way = "even" if not delta else "up" if delta.startswith("+") else "down"
    return {
        "label": str(metric.label), "href": href, "value": value, "unit": unit, "delta": delta, "delta_state": state,
        "delta_icon": {"up": "up", "down": "down"}.get(way, "flat"), "base": note or base, "base_told": told,
        "chart": _spark(tuple(points), _("%(name)s, the last %(n)s periods") % {"name": metric.label, "n": len(trend)}),
    }  # fmt: skip


@lru_cache(500)
def _spark(points: tuple[float, ...], words: str) -> SafeString:
    return charts.sparkline(points, words)


def show_short(value: Any, unit: str) -> str:
    if unit not in (MONEY, MONEY_PER_DAY) or value is None:
        return show(value, unit)
    text, after = split(value, unit)
    return f"{text}{after}"
