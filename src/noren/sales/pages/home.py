"""Home: what needs a hand now, how things stand, and where the pipeline is. All of its state is in the address."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models import Value as Const
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from noren.accounts.models import User
from noren.activity.metrics import activity_count
from noren.activity.models import Activity
from noren.contacts.models import Company
from noren.core.access.actor import Actor, actor_of
from noren.core.access.firm import firm
from noren.core.access.scope import look_for, visible
from noren.core.base.period import Fiscal, Period, add_months, day_bounds, days_since, today_in
from noren.core.filter.condition import All, Cond, F, Some
from noren.core.filter.url import to_params
from noren.core.metric.answer import Answer, Cell
from noren.core.metric.ask import ask, ask_many, series
from noren.core.metric.declare import MONEY
from noren.core.metric.memo import keep, one_moment, run
from noren.core.metric.prepared import objects, once, prepared, sql_of
from noren.core.metric.question import may_ask
from noren.core.metric.rows import metric_url, rows
from noren.core.metric.show import locale, split
from noren.core.page.lists.nothing import bounded
from noren.core.page.numbers import charts
from noren.core.page.numbers.tiles import Choice, against, chosen, pickers, show_short, tile
from noren.core.page.shell import LINKS
from noren.core.page.standing import notices_for
from noren.core.page.web import draw, logged_in
from noren.core.record.declare import record_of
from noren.sales import metrics
from noren.sales.models import Deal, Stage

CLOSED = (metrics.revenue, metrics.win_rate_count, metrics.avg_deal_size, metrics.sales_cycle)
STAGES = (
    metrics.pipeline_deals, metrics.pipeline_amount, metrics.pipeline_list_amount, metrics.weighted_pipeline, metrics.deals_without_next_step,
    metrics.stale_open_deals, metrics.closing_this_month, metrics.past_close_date, metrics.stage_age_now,
)  # fmt: skip
MONTHS, WEEKS, STALLED = 12, 12, 5
DEALS, COMPANIES = "/sales/deals/", "/contacts/companies/"


@logged_in
def home(request: HttpRequest) -> HttpResponse:
    """The first page of the day."""
    actor = actor_of(request)
    house = firm(getattr(request.user, "access_stamp", None))
    fiscal, zone = Fiscal(house.fiscal_start_month), ZoneInfo(house.tz)
    today = today_in(zone)
    choice = chosen(request, actor, Deal, today, fiscal)
    key = ("home", actor.user_id, choice, today, fiscal, get_language(), request.GET.urlencode())
    with one_moment(key):
        context = keep(key, lambda: _context(request, actor, choice, today, fiscal, zone))
    return draw(request, "home.html", {**context, "notices": notices_for(actor)})


def _context(
    request: HttpRequest, actor: Actor, choice: Choice, today: date, fiscal: Fiscal, zone: ZoneInfo
) -> dict[str, Any]:
    context: dict[str, Any] = {
        "title": _("Home"), "area": "home", "today": date_format(today, _("D, j M Y")), **pickers(request, choice, fiscal),
    }  # fmt: skip
    stocks = _stocks(actor, choice, today)
    flows, months = _flows(actor, choice, today, fiscal)
    stages = {stage.pk: stage for stage in objects("stages", lambda: Stage.every.filter(removed_at__isnull=True))}
    context["attention"] = _attention(actor, choice, stocks, stages, today, zone)
    context["tiles"] = _tiles(actor, choice, stocks, flows, today, fiscal)
    context["months"] = _months(months, fiscal, today)
    context["figures_now"] = _pipeline(stocks, stages, choice)
    if context["figures_now"]:
        context["figures_now"]["land"] = _landing(actor, choice, flows, today, fiscal)
    context["stalled"] = _stalled(actor, choice, stocks, stages, today)
    if _nothing_yet(stocks, flows):
        context |= {"empty": _first_steps(actor), "scopes": (), "periods": (), "compares": ()}
    return context


# ---- questions ------------------------------------------------------------------------------------------------------


def _stocks(actor: Actor, choice: Choice, today: date) -> dict[str, Answer]:
    """Open deals by stage: one query for all of it."""
    wanted = [m for m in STAGES if may_ask(m, actor)]
    return ask_many(wanted, actor=actor, by=("stage",), where=choice.where, today=today)


def _flows(actor: Actor, choice: Choice, today: date, fiscal: Fiscal) -> tuple[dict[str, list[Cell]], list[Cell]]:
    """Per number: now, the period compared, then its trend; and the months of this fiscal year and the one before."""
    wanted = [m for m in CLOSED if may_ask(m, actor)]
    trend, both, weeks = once(
        ("periods of home", choice.now, today, fiscal), (), lambda: _periods(choice.now, today, fiscal)
    )
    asking: dict[str, Any] = {"actor": actor, "where": choice.where, "today": today}
    flows = series(wanted, [choice.now, choice.other, *trend], more={"revenue": both}, **asking)
    months = flows["revenue"][2 + MONTHS :] if "revenue" in flows else []
    if "revenue" in flows:
        flows["revenue"] = flows["revenue"][: 2 + MONTHS]
    if may_ask(activity_count, actor):
        flows |= series([activity_count], [choice.now, choice.other, *weeks], **asking)
    return flows, months


def _periods(now: Period, today: date, fiscal: Fiscal) -> tuple[list[Period], list[Period], list[Period]]:
    """Months of the trend, months of this fiscal year and the one before, weeks."""
    trend = [Period.months(add_months(now.last.replace(day=1), n - MONTHS + 1), 1) for n in range(MONTHS)]
    year = fiscal.year(fiscal.year_of(today))
    both = [Period.months(add_months(year.first, n), 1) for n in range(-12, 12)]
    ends = [today - timedelta(weeks=WEEKS - 1 - n) for n in range(WEEKS)]
    weeks = [Period(end - timedelta(days=6), end) for end in ends]  # whole: one just begun looks like a fall
    return trend, both, weeks


# ---- parts of the page ----------------------------------------------------------------------------------------------


def _list(choice: Choice, **conds: Any) -> str:
    return f"{DEALS}?{urlencode(to_params(choice.where & F(**conds)))}"


def _attention(
    actor: Actor, choice: Choice, stocks: dict[str, Answer], stages: dict[int, Stage], today: date, zone: ZoneInfo
) -> list[dict[str, Any]]:
    tasks = _overdue(actor, choice, today, zone)
    overdue = F(due_at__lt="@today", done_at__empty=True)
    found = [
        {"count": tasks, "text": _("overdue\ntasks"), "tone": "shu",
         "href": f"/activity/activities/?{urlencode(to_params(choice.where & overdue))}"},
    ]  # fmt: skip

    def add(name: str, text: str, tone: str, href: str) -> None:
        if name in stocks:
            found.append({"count": stocks[name].total.value or 0, "text": text, "tone": tone, "href": href})

    add(
        "deals_without_next_step",
        _("deals without\na next step"),
        "shu",
        _list(choice, outcome="open", next_step_at__empty=1),
    )
    add("stale_open_deals", _("deals past their\nstandard days"), "kohaku", _slow_url(choice, stages))
    add(
        "past_close_date",
        _("past their\nexpected close"),
        "kohaku",
        _list(choice, outcome="open", close_by__lt="@today"),
    )
    add("closing_this_month", _("expected\nthis month"), "", _list(choice, outcome="open", close_by__on="@this_month"))
    for each in found:
        each["tone"] = each["tone"] if each["count"] else ""
        each["count"] = f"{each['count']:,}"
    return found


def _overdue(actor: Actor, choice: Choice, today: date, zone: ZoneInfo) -> int:
    """How many tasks should have been done before today."""

    def written() -> tuple[str, tuple[Any, ...]]:
        looked = visible(Activity, actor, look=look_for(Activity, actor))
        tasks = looked.filter(due_at__lt=day_bounds(today, zone)[0], done_at__isnull=True)
        if choice.scope == "me":
            tasks = tasks.filter(owner_id=actor.user_id)
        elif choice.scope == "team":
            tasks = tasks.filter(owner_id__in=actor.team_user_ids)
        return sql_of(tasks.order_by().values(every=Const(1)).annotate(count=Count("*")).values_list("count"))

    text, params = written() if actor.shared else once(("overdue", choice.scope, today, zone), (actor,), written)
    found = run(text, params) if text else []
    return int(found[0][0]) if found else 0


def _slow_url(choice: Choice, stages: dict[int, Stage]) -> str:
    """The list of deals over the standard days of their stage: as of the day it is read, also when it is kept as a view."""
    slow = tuple(
        All(
            (
                Cond("stage", "is", stage.pk),
                Cond("stage_since", "lt", f"@last_{min(stage.standard_days, 9998) + 1}_days"),
            )
        )
        for stage in stages.values()
        if stage.standard_days is not None
    )
    where = choice.where & F(outcome="open")
    pairs = to_params(where)
    if slow:
        pairs.append(("q", json.dumps(F(Some(slow)).to_json(), separators=(",", ":"))))
    return f"{DEALS}?{urlencode(pairs)}"


def _tiles(
    actor: Actor, choice: Choice, stocks: dict[str, Answer], flows: dict[str, list[Cell]], today: date, fiscal: Fiscal
) -> list[dict[str, Any]]:
    base, told = against(choice), choice.other.label(locale(), fiscal)
    made = []
    for metric in (*CLOSED, activity_count):
        if metric.id not in flows:
            continue
        now, before, *trend = flows[metric.id]
        href = metric_url(now.question) if now.question else "/metrics/"
        made.append(tile(metric, now, href, base, before, trend, told=told))
    if "pipeline_amount" in stocks:
        answer = _worth(stocks)
        count = stocks["pipeline_deals"].total.value if "pipeline_deals" in stocks else answer.total.n
        note = _("%(count)s open deals today") % {"count": f"{count:,}"}
        made.insert(4, tile(answer.metric, answer.total, metric_url(answer.question), "", note=note))
    return made


def _months(cells: list[Cell], fiscal: Fiscal, today: date) -> dict[str, Any] | None:
    """Won by month of this fiscal year against the one before."""
    if not cells:
        return None
    told = tuple((cell.value, cell.question and cell.question.period) for cell in cells)
    key = ("months of home", told, today, get_language(), firm().currency)
    return once(key, (), lambda: _drawn_months(cells, fiscal, today))


def _drawn_months(cells: list[Cell], fiscal: Fiscal, today: date) -> dict[str, Any]:
    before, now = cells[:12], cells[12:]
    columns = [
        charts.Column(_month_name(cell), float(cell.value or 0), previous=float(old.value or 0))
        for cell, old in zip(now, before, strict=True)
    ]
    so_far = [i for i, cell in enumerate(now) if cell.question and cell.question.period.last < today]
    current, earlier = (sum(float(side[i].value or 0) for i in so_far) for side in (now, before))
    title = _("Won by month")
    if so_far and earlier:
        title = _("Won by month: %(change)s on last year in the months that are over") % {
            "change": f"{current / earlier - 1:+.1%}"
        }
    here = next((i for i, cell in enumerate(now) if cell.question and today in cell.question.period), None)
    words = charts.Words(_("Won"), previous=_("Last year"))
    made = charts.columns(columns, words, lambda v: show_short(v, MONEY), now=here, height=318)
    return {"title": title, "chart": made, "href": "/metrics/revenue/", "href_label": _("Explain")}


def _month_name(cell: Cell) -> str:
    assert cell.question
    return date_format(cell.question.period.first, "n月" if locale() == "ja" else "M")


def _pipeline(stocks: dict[str, Answer], stages: dict[int, Stage], choice: Choice) -> dict[str, Any] | None:
    if "pipeline_deals" not in stocks:
        return None
    by = {name: {cell.key[0]: cell for cell in answer.cells} for name, answer in stocks.items()}
    worth = _worth(stocks) if "pipeline_amount" in stocks else None
    amounts = {cell.key[0]: float(cell.value or 0) for cell in worth} if worth else {}
    top = max([*amounts.values(), 1])
    lines = []
    for key, cell in by["pipeline_deals"].items():
        stage = stages.get(key)
        if stage is None or not cell.value:
            continue
        amount, weighted = amounts.get(key, 0), float(_value(by, "weighted_pipeline", key) or 0)
        age = _value(by, "stage_age_now", key)
        words = show_short(amount, MONEY)
        lines.append(
            {
                "label": stage.name, "share": f"{stage.probability}%", "amount": words, "count": f"{cell.value:,}",
                "bar": charts.stage(amount, weighted, top, f"{stage.name} {words} / {show_short(weighted, MONEY)}"),
                "days": "—" if age is None else f"{age:.0f}", "standard": "—" if stage.standard_days is None else stage.standard_days,
                "late": stage.standard_days is not None and age is not None and age > stage.standard_days,
                "href": _list(choice, outcome="open", stage=stage.pk),
            }
        )  # fmt: skip
    total = stocks["pipeline_deals"].total.value or 0
    parts = [_("%(count)s deals") % {"count": f"{total:,}"}]
    if "pipeline_amount" in stocks:
        parts.append(show_short(stocks["pipeline_amount"].total.value, MONEY))
        parts.append(_("weighted %(amount)s") % {"amount": show_short(stocks["weighted_pipeline"].total.value, MONEY)})
    heads = [_("Stage"), _("Inner bar: weighted"), _("Amount"), _("Deals"), _("Mean days")]
    return {"title": _("Pipeline"), "note": " · ".join(parts), "heads": heads, "stages": lines}


def _landing(
    actor: Actor, choice: Choice, flows: dict[str, list[Cell]], today: date, fiscal: Fiscal
) -> dict[str, Any] | None:
    """Won in the period and what its open deals promise by their probabilities; nothing for a period that is over."""
    if "revenue" not in flows or choice.span.last < today or not may_ask(metrics.expected_weighted, actor):
        return None
    hoped = ask(metrics.expected_weighted, choice.span, actor=actor, where=choice.where, today=today).total.value
    won, weighted = float(flows["revenue"][0].value or 0), float(hoped or 0)
    parts = {name: show_short(value, MONEY) for name, value in (("won", won), ("weighted", weighted))}
    words = _("Won %(won)s") % parts, _("Weighted %(weighted)s") % parts
    return {
        "title": _("%(period)s: won + weighted (uncalibrated)") % {"period": choice.span.label(locale(), fiscal)},
        "value": show_short(won + weighted, MONEY), "href": f"{DEALS}forecast/?{urlencode({'scope': choice.scope})}", "href_label": _("Forecast"),
        "bar": charts.landing(won, weighted, 0, ", ".join(words)), "legend": charts.legend(("bar", words[0]), ("expected", words[1])),
    }  # fmt: skip


def _worth(stocks: dict[str, Answer]) -> Answer:
    """What open deals are worth: their amounts, or list amounts as long as no open deal has an amount."""
    amount = stocks["pipeline_amount"]
    return amount if amount.total.n or not amount.total.missing else stocks["pipeline_list_amount"]


def _value(by: dict[str, dict[Any, Cell]], name: str, key: Any) -> Any:
    cell = by.get(name, {}).get(key)
    return None if cell is None else cell.value


def _stalled(
    actor: Actor, choice: Choice, stocks: dict[str, Answer], stages: dict[int, Stage], today: date
) -> dict[str, Any] | None:
    answer = stocks.get("stale_open_deals")
    if answer is None or not answer.total.value:
        return None

    def written() -> tuple[str, tuple[Any, ...]]:
        found = rows(metrics.stale_open_deals, actor=actor, where=choice.where, today=today).rows
        names = (
            "pk", "title", "amount", "stage_id", "stage_since", "next_step", "next_step_at", "company__legal_name", "owner__name",
        )  # fmt: skip
        return sql_of(found.order_by("stage_since", "pk").values_list(*names)[:STALLED])

    text, params = prepared("stalled", answer.question, written)
    zone = answer.question.zone
    lines = []
    for pk, title, amount, stage_id, since, step, step_at, company, owner in run(text, params):
        stage = stages[stage_id]
        late = step_at is not None and step_at.astimezone(zone).date() < today
        note = [company or "", stage.name]
        if "pipeline_amount" in stocks and amount is not None:
            note.append("".join(split(amount, MONEY)))
        lines.append(
            {
                "title": title, "href": f"{DEALS}{pk}/", "note": " · ".join(filter(None, note)),
                "days": _("%(n)s days") % {"n": days_since(since, today, zone)}, "standard": stage.standard_days,
                "next": step or _("No next step"), "next_state": "none" if not step else "late" if late else "",
                "next_icon": "alert" if late else "", "owner": owner or "",
            }
        )  # fmt: skip
    count = f"{answer.total.value:,}"
    return {"title": _("Stalled deals"), "count": count, "href": _slow_url(choice, stages), "rows": lines}


def _nothing_yet(stocks: dict[str, Answer], flows: dict[str, list[Cell]]) -> bool:
    """No deal at all in sight: the first day."""
    if "pipeline_deals" not in stocks or stocks["pipeline_deals"].total.n:
        return False
    return not any(cell.n for cells in flows.values() for cell in cells)


def _first_steps(actor: Actor) -> dict[str, Any]:
    """What a firm does on its first day, each with where it is done; what is done already is ticked. Who sees only a part
    is told so: it may be anything but the first day."""
    steps = []
    limit = bounded(record_of(Deal), actor)
    if actor.may(Company, "create") and not limit:
        steps.append({
            "label": _("Bring in what you have"), "href": LINKS["import"] or f"{COMPANIES}new/", "icon": "upload",
            "text": _("Companies, people and deals from Excel, CSV, card readers or another CRM: tried out first, and taken back whole if need be."),
            "done": visible(Company, actor).exists(),
        })  # fmt: skip
    if actor.may(Deal, "create"):
        steps.append({
            "label": _("Add a deal"), "href": f"{DEALS}new/", "icon": "deal",
            "text": _("With its amount and expected close; its stages, next step and result make all numbers of this page."),
        })  # fmt: skip
    if actor.is_admin:
        steps += [
            {
                "label": _("Invite colleagues"), "href": "/settings/people/", "icon": "person",
                "text": _("Each with a role that says what they see and change."), "done": visible(User, actor).count() > 1,
            },
            {
                "label": _("Name your stages and reasons for loss"), "href": "/settings/pipelines/", "icon": "flat",
                "text": _("Stages with their probability and usual days are the ground of forecast and warnings."),
            },
        ]  # fmt: skip
    return {
        "title": _("Nothing to count that you may see") if limit else _("Nothing to count yet"), "icon": "deal", "steps": steps,
        "text": limit or _("As soon as there are deals, this page tells what needs a hand, how much was won and where the rest stands."),
    }  # fmt: skip
