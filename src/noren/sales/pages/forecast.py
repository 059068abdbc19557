"""Forecast: what open deals promise for the coming months, by how sure we are, beside what was won."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noren.core.access.actor import Actor, actor_of
from noren.core.access.firm import firm
from noren.core.access.scope import visible
from noren.core.base.period import Fiscal, Grain, Period, add_months, bucket_label, today_in
from noren.core.filter.condition import F
from noren.core.filter.sql import to_q
from noren.core.filter.url import to_params
from noren.core.filter.when import When
from noren.core.metric.answer import Cell
from noren.core.metric.ask import ask, ask_many
from noren.core.metric.declare import MONEY
from noren.core.metric.rows import rows
from noren.core.metric.show import locale
from noren.core.page.cells import shown
from noren.core.page.lists.rows import LAYOUTS
from noren.core.page.numbers import charts
from noren.core.page.numbers.tiles import Choice, chosen, pickers, show_short
from noren.core.page.web import draw, logged_in, look_of
from noren.core.record.declare import record_of
from noren.sales import metrics
from noren.sales.models import Deal

MONTHS = 6
MOST = 50
# Category of the deal -> (mark of the chart, words)
CATEGORIES = (("commit", "com"), ("best", "best"), ("pipeline", "pipe"))
COLUMNS = ("title", "company", "stage", "amount", "close_by", "category", "owner")
ON_PHONE = {"company": "p-sub", "amount": "p-num", "close_by": "p-end", "category": "p-tag", "stage": "p-next"}


@logged_in
def forecast(request: HttpRequest) -> HttpResponse:
    """This month and the next five."""
    actor = actor_of(request)
    house = firm(getattr(request.user, "access_stamp", None))
    fiscal, today = Fiscal(house.fiscal_start_month), today_in(ZoneInfo(house.tz))
    choice = chosen(request, actor, Deal, today, fiscal)
    span = Period.months(today, MONTHS)
    months = [Period.months(add_months(span.first, n), 1) for n in range(MONTHS)]
    wanted = (metrics.expected_amount, metrics.expected_weighted)
    asked = ask_many(wanted, span, actor=actor, by=("category",), grain=Grain.MONTH, where=choice.where, today=today)
    won = ask(metrics.revenue, span, actor=actor, grain=Grain.MONTH, where=choice.where, today=today)
    amounts = _table(asked["expected_amount"].cells, months)
    weighted = _table(asked["expected_weighted"].cells, months)
    done = [float(cell.value or 0) for cell in won.cells]
    context: dict[str, Any] = {
        "title": _("Forecast"), "area": "forecast", "unit": house.currency, **_head(request, choice, actor, fiscal),
        **_sums(amounts, weighted, done, months, fiscal, choice, actor),
        **_deals(request, actor, span, choice),
    }  # fmt: skip
    if not context["rows"] and not any(done):
        context["empty"] = _nothing_expected(actor)
    return draw(request, "forecast.html", context)


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to look at the deals that the list of deals offers beside table and board."""

    label: Any
    icon: str
    href: str


LAYOUTS.setdefault("sales.deal", []).append(Layout(gettext_lazy("Forecast"), "chart", "/sales/deals/forecast/"))


def _nothing_expected(actor: Actor) -> dict[str, Any]:
    """What to do for a forecast to come about."""
    actions = []
    if actor.may(Deal, "create"):
        actions = [{"label": _("Add a deal"), "href": "/sales/deals/new/", "icon": "plus", "kind": "pri"}]
    return {
        "title": _("No deal is expected in these months"), "icon": "chart", "actions": actions,
        "text": _("Give open deals an amount and an expected close: this page then tells for each month what is won, what may still come, and how sure that is."),
    }  # fmt: skip


def _head(request: HttpRequest, choice: Choice, actor: Actor, fiscal: Fiscal) -> dict[str, Any]:
    deals = "/sales/deals/"
    layouts = [
        {"label": _("Table"), "icon": "table", "href": deals}, {"label": _("Board"), "icon": "deal", "href": f"{deals}?layout=board"},
        {"label": _("Forecast"), "icon": "chart", "href": f"{deals}forecast/", "current": True},
    ]  # fmt: skip
    views = pickers(request, choice, fiscal)["scopes"]
    create = (
        {"href": f"{deals}new/", "label": _("New %(noun)s") % {"noun": Deal._meta.verbose_name}, "sheet": True}
        if actor.may(Deal, "create")
        else None
    )
    return {"layouts": layouts, "views": views, "create": create}


def _table(cells: list[Cell], months: list[Period]) -> dict[str, list[float]]:
    """Category -> an amount per month; deals without a category count as pipeline, those left out do not count."""
    found = {key: [0.0] * len(months) for key, _mark in CATEGORIES}
    for cell in cells:
        key = cell.key[0] or "pipeline"
        if key in found and cell.bucket:
            place = next(i for i, month in enumerate(months) if cell.bucket.key in month)
            found[key][place] += float(cell.value or 0)
    return found


def _sums(
    amounts: dict[str, list[float]], weighted: dict[str, list[float]], won: list[float], months: list[Period], fiscal: Fiscal,
    choice: Choice, actor: Actor,
) -> dict[str, Any]:  # fmt: skip
    def counted(where: F) -> int:
        at = When.now(actor, fiscal)
        return visible(Deal, actor).filter(to_q(where, record_of(Deal).vocabulary(actor), at)).count()

    words = {str(v): str(label) for v, label in Deal.CATEGORIES}
    heads = [{"label": bucket_label(m.first, Grain.MONTH, locale(), fiscal), "total": ""} for m in months]
    heads.append({"label": _("Total"), "kind": "q", "total": ""})
    columns = [(won, "won", _("Won")), *((amounts[key], mark, words[key]) for key, mark in CATEGORIES)]
    top = max([sum(line[i] for line, _mark, _words in columns) for i in range(len(months))] + [1])
    bars = [
        {"svg": charts.forecast([(mark, line[i]) for line, mark, _words in columns], top, f"{heads[i]['label']}")}
        for i in range(len(months))
    ]
    bars.append({"svg": SafeString(""), "kind": SafeString("q")})
    lines = [_line(label, line, mark) for line, mark, label in columns]
    expected = [won[i] + sum(weighted[key][i] for key, _mark in CATEGORIES) for i in range(len(months))]
    lines.append(_line(_("Won + weighted (uncalibrated)"), expected, "", "sum"))
    finding = _("%(month)s: %(won)s won, %(open)s still open, %(weighted)s of it by probability") % {
        "month": heads[0]["label"], "won": show_short(won[0], MONEY),
        "open": show_short(sum(amounts[key][0] for key, _mark in CATEGORIES), MONEY),
        "weighted": show_short(sum(weighted[key][0] for key, _mark in CATEGORIES), MONEY),
    }  # fmt: skip
    early = choice.where & F(outcome="open", close_by__lt=months[0].first.isoformat())
    undated = choice.where & F(outcome="open", close_by__empty=1)
    change = {
        "title": _("Not in this table"), "href": "/metrics/expected_amount/", "label": _("How it is worked out"),
        "note": _("The probabilities are set by hand; compare them with the win rate before you rely on them."),
        "lines": [
            {"label": label, "href": f"/sales/deals/?{urlencode(to_params(where))}", "value": f"{counted(where):,}"}
            for label, where in (
                (_("Open deals expected before this month"), early), (_("Open deals without an expected close"), undated),
            )
        ],
    }  # fmt: skip
    return {
        "heads": heads,
        "bars": bars,
        "lines": lines,
        "finding": finding,
        "bar_note": _("Amounts by\nexpected close"),
        "change": change,
    }


def _line(label: str, values: list[float], mark: str, kind: str = "") -> dict[str, Any]:
    cells = [{"text": show_short(v, MONEY) if v else "—"} for v in values]
    cells.append({"text": show_short(sum(values), MONEY), "kind": "q"})
    return {"label": label, "key": mark, "kind": kind, "values": cells}


def _deals(request: HttpRequest, actor: Actor, span: Period, choice: Choice) -> dict[str, Any]:
    """The deals behind it, the soonest first."""
    found = rows(metrics.expected_amount, span, actor=actor, where=choice.where)
    record, look = found.record, look_of(request, actor)
    fields = [record.field(name) for name in COLUMNS if record.may_read(name, actor)]
    lines = []
    for deal in found.rows.select_related("company", "stage", "owner").order_by("close_by", "pk")[:MOST]:
        cells = []
        for at, field in enumerate(fields):
            value = getattr(deal, field.path)
            if field.name == "category":
                value = value or "pipeline"  # as the sums above count it
            if at == 0:
                cells.append(
                    f'<td class="stick p-title"><a class="lead" href="{record.url(deal.pk)}">{shown(field, value, look)}</a></td>'
                )
                continue
            kinds = " ".join(filter(None, ("num" if field.is_right else "", ON_PHONE.get(field.name, ""))))
            kind = f' class="{kinds}"' if kinds else ""
            target = record_of(field.target) if field.target is not None else None
            text = shown(
                field, getattr(value, "pk", value), look, target=target, name="" if value is None else str(value)
            )
            cells.append(f"<td{kind}>{text}</td>")
        lines.append({"cells": SafeString("".join(cells))})
    return {"columns": [{"label": str(f.label), "num": f.is_right} for f in fields], "rows": lines}
