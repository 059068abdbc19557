"""A number explained, and the records behind it."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor, actor_of
from noren.core.access.scope import unseen
from noren.core.base.errors import NotFound, Refusal
from noren.core.base.period import Bucket, Grain, Period, PeriodError, bucket_label, compared, parse
from noren.core.filter.sentence import sentence
from noren.core.filter.url import RESERVED, from_params
from noren.core.metric.answer import Answer, Cell
from noren.core.metric.ask import ask
from noren.core.metric.declare import (
    BASIS_LABELS,
    PERCENT,
    UNIT_LABELS,
    Conversion,
    Derived,
    Metric,
    Stay,
    Stock,
    Survival,
    metric_of,
)
from noren.core.metric.memo import one_moment
from noren.core.metric.question import CannotAsk, Question, Words, dimension, question
from noren.core.metric.rows import PARTS, rows, rows_url
from noren.core.metric.show import interval, locale, show, split
from noren.core.metric.sql import whole
from noren.core.metric.stats import Curve
from noren.core.page.cells import day, shown
from noren.core.page.markup import escape
from noren.core.page.numbers import charts
from noren.core.page.numbers.tiles import COMPARES, PERIODS, difference, show_short
from noren.core.page.web import draw, logged_in, look_of
from noren.core.record.columns import has_column
from noren.core.record.declare import record_of

OWN = RESERVED | {"period", "basis", "as_of", "known_on", "by", "grain", "part", "compare", "scope", "page"}
PAGE = 50
MOST_MEMBERS = 12  # of a breakdown drawn as bars; the table has them all


def _read(request: HttpRequest, word: str) -> tuple[Metric, Actor, dict[str, Any]]:
    """The question in an address. NotFound for a number that does not exist."""
    metric = metric_of(word)
    if metric is None:
        raise NotFound
    actor = actor_of(request)
    options: dict[str, Any] = {"period": request.GET.get("period") or None, "where": from_params(request.GET, OWN)}
    for name in ("basis", "as_of", "known_on"):
        text = request.GET.get(name)
        if text:
            options[name] = _day(text) if name != "basis" else text
    return metric, actor, options


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CannotAsk(_("“%(text)s” is not a day."), text=text) from None


@logged_in
def explain(request: HttpRequest, word: str) -> HttpResponse:
    """One number: value, doubt, how it is worked out, over time, by what, and who is meant."""
    metric, actor, options = _read(request, word)
    with one_moment(("number", word, actor.user_id, request.GET.urlencode(), get_language())):
        return draw(request, "metric.html", _explained(request, metric, actor, options))


def _explained(request: HttpRequest, metric: Metric, actor: Actor, options: dict[str, Any]) -> dict[str, Any]:
    answer = ask(metric, actor=actor, **options)
    total = answer.total
    value, unit = split(total.value, metric.unit, full=True)
    by = request.GET.get("by", "")
    figure = _figure(metric, actor, options)
    return {
        "title": str(metric.label), "area": "metric", "back": "/metrics/",
        "crumbs": [{"label": _("Number book"), "href": "/metrics/"}, {"label": str(metric.label)}],
        "actions": [{"label": _("The records behind it"), "href": rows_url(total), "icon": "table"}],
        "value": value, "unit": unit, "n": f"{total.n:,}",
        "interval": _("95 %% interval %(text)s") % {"text": doubt} if (doubt := interval(total.low, total.high, metric.unit)) else "",
        "sentence": _told(answer), "formula": str(metric.formula),
        "facts": [*_against(answer, options, request), *_facts(answer, request)],
        "figure": figure, **_periods(answer, request), **_day_asked(answer, request),
        **(
            {"empty": _nothing(answer, request)} if not total.n and figure is None
            else {"by": _breakdowns(metric, actor, options, by, request)}
        ),
    }  # fmt: skip


def _of_days(metric: Metric) -> bool:
    """Whether the number is one of a period, and not of a day."""
    return not all(isinstance(leaf, Stock) for leaf in metric.leaves())


def _periods(answer: Answer, request: HttpRequest) -> dict[str, Any]:
    """The menu of periods in the head of the page."""
    q = answer.question
    if not _of_days(answer.metric):
        return {}
    fiscal, now = q.fiscal, request.GET.get("period") or ""

    def is_meant(word: str) -> bool:
        try:
            return now == word or (bool(now) and parse(word, q.today, fiscal) == q.period)
        except PeriodError:
            return False

    chosen = next((word for word, _label in PERIODS if is_meant(word)), now)
    words = [("", _("All time")), *PERIODS]
    return {
        "period_label": _("All time") if q.period == Period.all() else q.period.label(locale(), fiscal),
        "periods": [
            {"label": str(label), "href": _with(request, period=word), "current": word == chosen} for word, label in words
        ],
    }  # fmt: skip


def _day_asked(answer: Answer, request: HttpRequest) -> dict[str, Any]:
    """The day as of which the number is told, to be changed; not where only today is known."""
    if isinstance(answer.metric, Derived) or _only_of_today(answer.metric):
        return {}
    kept = [(k, v) for k, v in request.GET.items() if k not in ("as_of", "page")]
    return {"as_of": answer.question.day.isoformat(), "today": answer.question.today.isoformat(), "as_of_kept": kept}


def _only_of_today(metric: Metric) -> bool:
    return any(getattr(leaf, "today_only", False) for leaf in metric.leaves())


def _nothing(answer: Answer, request: HttpRequest) -> dict[str, Any]:
    """What would have to be there for the number to be one."""
    q, record = answer.question, record_of(answer.metric.model)
    nouns = {"nouns": capfirst(str(record.labels()))}
    if q.where or q.period.bounded or q.as_of:
        return {
            "icon": "chart", "title": _("Nothing has been counted for this period."),
            "text": _("There may be %(nouns)s in other periods, or without the filter.") % nouns,
            "actions": [{"label": _("All time") if _of_days(q.metric) else _("Today"), "href": request.path, "icon": "calendar"}],
        }  # fmt: skip
    can = record.form and record.pages and q.actor.may(record.word(), "create")
    add = {
        "label": _("New %(noun)s") % {"noun": record.label()},
        "href": record.url(verb="new"),
        "icon": "plus",
        "kind": "pri",
    }
    return {
        "icon": "chart", "title": _("Not to be worked out yet"),
        "text": _("Once there are %(nouns)s that count, this page shows the value, how it moves, and by whom and what it comes about.") % nouns,
        "actions": [add] if can else [],
    }  # fmt: skip


def _with(request: HttpRequest, **changes: str) -> str:
    """This page's address with something changed; an empty text takes it away."""
    pairs = [(k, v) for k, v in request.GET.items() if k not in changes and k != "page"]
    return f"?{urlencode([*pairs, *((k, v) for k, v in changes.items() if v)])}"


def _against(answer: Answer, options: dict[str, Any], request: HttpRequest) -> list[dict[str, Any]]:
    """The same number of the period before and of a year before, equally far into it."""
    q, metric = answer.question, answer.metric
    if not q.period.bounded or not _of_days(metric):
        return []
    facts = []
    for how, label in COMPARES:
        other = compared(q.period, how, q.today)[1]  # type: ignore[arg-type]
        before = ask(metric, actor=q.actor, **{**options, "period": other}).total
        change = difference(metric, answer.total, before)[0]
        text = f"{show(before.value, metric.unit)} (n = {before.n:,})" + (f" → {change}" if change else "")
        facts.append(
            {
                "label": str(label),
                "text": f"{other.label(locale(), q.fiscal)}: {text}",
                "href": _with(request, period=str(other)),
            }
        )
    return facts


def _told(answer: Answer) -> str:
    """The halves of the number, in words."""
    total, metric = answer.total, answer.metric
    if isinstance(metric, Derived):
        parts = [f"{part.label} {show(total.more.get(name), part.unit)}" for name, part in metric.parts.items()]
        return " · ".join(parts)
    if total.value is None:
        return _("There is nothing to work it out from.")
    if total.more.get("median") is not None and total.more["median"] != total.value:
        return _("Half of them lie at or below %(median)s.") % {"median": show(total.more["median"], metric.unit)}
    if (
        metric.unit == PERCENT
        and total.den is not None
        and isinstance(total.num, int)
        and isinstance(total.den, int)
        and total.low is not None
    ):
        return _("%(num)s of %(den)s") % {"num": f"{total.num:,}", "den": f"{total.den:,}"}
    return ""


def _facts(answer: Answer, request: HttpRequest) -> list[dict[str, Any]]:
    q, metric, total = answer.question, answer.metric, answer.total
    facts = [{"label": _("Dated"), "text": str(metric.dated)}]
    if _of_days(metric):
        days = _("All time") if q.period == Period.all() else q.period.label(locale(), q.fiscal)
        facts.insert(0, {"label": _("Period"), "text": days})
    if len(metric.bases) > 1:
        facts.append({"label": _("Counted"), "text": str(BASIS_LABELS.get(q.basis, q.basis))})
    if isinstance(metric, (Survival, Stay, Conversion)) or not _of_days(metric) or q.as_of:
        facts.append({"label": _("As of"), "text": day(q.day, look_of(request, q.actor))})
    if q.known_on:
        facts.append({"label": _("As it was known on"), "text": day(q.known_on, look_of(request, q.actor))})
    if q.where:
        facts.append({"label": _("Only where"), "text": sentence(q.where, Words(metric, q.actor))})
    facts.append({"label": _("Left out"), "text": str(metric.left_out)})
    if total.missing:
        words = _("%(n)s rows lack what is needed and are not counted") % {"n": f"{total.missing:,}"}
        facts.append({"label": _("Missing"), "text": words, "href": _missing_url(request, metric)})
    facts.append({"label": _("Unit"), "text": str(UNIT_LABELS[metric.unit])})
    facts.append({"label": _("Whose records"), "text": _("All") if q.actor.is_admin else _("Those you may see")})
    return facts


def _missing_url(request: HttpRequest, metric: Metric) -> str:
    pairs = [(k, v) for k, v in request.GET.items() if k not in ("by", "page")]
    return f"/metrics/{metric.id}/rows/?{urlencode([*pairs, ('part', 'missing')])}"


def _figure(metric: Metric, actor: Actor, options: dict[str, Any]) -> dict[str, Any] | None:
    """The number over its last twelve months, with its doubt when it is a rate."""
    if isinstance(metric, (Stay, Conversion, Survival)):
        return _curve(metric, actor, options)
    if _only_of_today(metric) or options.get("known_on"):
        return None
    q = question(metric, actor=actor, **options)
    last = min(q.period.last, q.as_of or q.today)
    first = (
        max(q.period.first, date(last.year - 1, last.month, 1))
        if q.period.bounded
        else date(last.year - 1, last.month, 1)
    )
    span = Period(min(first, last), last)
    grain = Grain.MONTH if span.days > 62 else Grain.WEEK if span.days > 13 else Grain.DAY
    cells = ask(metric, actor=actor, **{**options, "period": span}, grain=grain, percentiles=False).cells
    labels = [cell.label for cell in cells]
    values = [None if cell.value is None else float(cell.value) for cell in cells]
    if not any(values):
        return None
    band = [(cell.low, cell.high) if cell.low is not None and cell.high is not None else None for cell in cells]
    doubt = _("95 % interval") if any(band) else ""
    made = charts.line(
        labels, values, str(metric.label), band, doubt, fmt=lambda v: show(v, metric.unit),
        axis=lambda v: show_short(v, metric.unit),
    )  # fmt: skip
    return {"title": _("Over time"), "chart": made, "note": _cut_short(cells[-1].bucket, q)}


def _cut_short(bucket: Bucket | None, q: Question) -> str:
    """What is to be said of the last point of a chart when it holds only a part of its month or week."""
    if bucket is None or (bucket.part.last == bucket.whole.last < q.today):
        return ""
    if bucket.part.last >= q.today:
        return _("The last period is not over yet.")
    last = bucket_label(bucket.part.last, Grain.DAY, locale(), q.fiscal)
    return _("The last point counts only the days up to %(day)s.") % {"day": last}


def _curve(metric: Any, actor: Actor, options: dict[str, Any]) -> dict[str, Any] | None:
    curve = ask(metric, actor=actor, **options).total.curve
    if not isinstance(curve, Curve):
        return None
    steps = []
    for time, share, at_risk in zip(curve.times, curve.survival, curve.at_risk, strict=True):
        low, high = curve.interval(time) or (share, share)
        steps.append(charts.Step(time, share, low, high, at_risk))
    made = charts.survival(steps, _("Share still waiting"), _("Day"), _("Still watched"))
    return {"title": _("How many are still waiting after so many days"), "chart": made}


def _breakdowns(
    metric: Metric, actor: Actor, options: dict[str, Any], by: str, request: HttpRequest
) -> list[dict[str, Any]]:
    """A table by one dimension, and links to the others."""
    names = [name for name in metric.dimensions() if _open_to(metric, name, actor)]
    if not names:
        return []
    name = by if by in names else names[0]
    cells = ask(metric, actor=actor, by=(name,), percentiles=False, **options).cells
    if not _has_order(dimension(metric, name).target):
        cells = sorted(cells, key=lambda cell: (cell.value is None, -float(cell.value or 0)))
    head = [str(dimension(metric, name).label), str(metric.label), "n"]
    doubtful = any(cell.low is not None for cell in cells)
    head += [_("95 % interval")] if doubtful else []
    lines = SafeString("".join(_line(cell, metric, doubtful) for cell in cells))
    others = [
        {"label": str(dimension(metric, n).label), "href": _with(request, by=n), "current": n == name} for n in names
    ]
    table = {
        "caption": head[0],
        "head": [{"label": text, "num": bool(at)} for at, text in enumerate(head)],
        "drawn": lines,
    }
    shown_bars = [cell for cell in cells if cell.value][:MOST_MEMBERS]
    chart = None
    if len(shown_bars) > 1 and all(float(c.value or 0) >= 0 for c in shown_bars):
        bars = [(c.label, float(c.value or 0)) for c in shown_bars]
        chart = charts.hbars(
            bars, str(metric.label), lambda v: show(v, metric.unit), heading=head[0],
            beside=lambda v: show_short(v, metric.unit),
        )  # fmt: skip
    title = _("By %(name)s") % {"name": head[0]}
    if not cells:
        told = _("Nothing has been counted for this period. What is counted will stand here, by %(name)s.")
        return [{"title": title, "note": "", "tabs": others, "told": told % {"name": head[0]}}]
    return [{"title": title, "note": "", "tabs": others, "table": table, "chart": chart}]


def _has_order(target: Any) -> bool:
    """Whether the members have an order of their own, as stages do; all others stand by size."""
    return target is not None and has_column(target, "position")


def _open_to(metric: Metric, name: str, actor: Actor) -> bool:
    try:
        question(metric, actor=actor, by=(name,))
    except Refusal:
        return False
    return True


def _line(cell: Cell, metric: Metric, doubtful: bool) -> str:
    """A row of the table of a breakdown, as ui/mini.html would draw it."""
    name, href = escape(cell.label), rows_url(cell)
    head = f'<a class="lead" href="{escape(href)}">{name}</a>' if href else name
    figures = [(show(cell.value, metric.unit), "num"), (f"{cell.n:,}", "num mute")]
    if doubtful:
        figures.append((interval(cell.low, cell.high, metric.unit), "num mute"))
    cells = "".join(f'<td class="{look}">{escape(text)}</td>' for text, look in figures)
    return f'<tr><th scope="row">{head}</th>{cells}</tr>'


@logged_in
def behind(request: HttpRequest, word: str) -> HttpResponse:
    """The records behind a number, and those it leaves out for want of data."""
    metric, actor, options = _read(request, word)
    part = request.GET.get("part", PARTS[0])
    found = rows(metric, actor=actor, part=part, **options)
    look = look_of(request, actor)
    names = [name for name in found.columns if found.record.may_read(name, actor)]
    fields = [found.record.field(name) for name in names]
    related = [field.path for field in fields if field.target is not None]
    asked = request.GET.get("page", "")
    number = max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 1
    start = (number - 1) * PAGE
    page = found.as_then(list(found.rows.select_related(*related).order_by("pk")[start : start + PAGE + 1]))
    count = found.count() if len(page) > PAGE or (start and not page) else start + len(page)
    told_count = f"{start + PAGE:,}+" if count is None else f"{count:,}"
    hidden = unseen(page, {field.path.partition("__")[0] for field in fields}, actor)
    lines = []
    for row in page[:PAGE]:
        cells = [
            f'<td><a class="lead" href="{found.record.url(row.pk)}">{shown(fields[0], _value(row, fields[0]), look)}</a></td>'
        ]
        cells += [_cell(row, field, look, hidden) for field in fields[1:]]
        cells.append(f'<td class="num">{escape(found.counted(row.counted))}</td>')
        lines.append({"cells": SafeString("".join(cells))})
    pairs = [(k, v) for k, v in request.GET.items() if k != "page"]
    pager = {
        "text": _("%(first)s–%(last)s of %(count)s")
        % {"first": start + 1 if page else 0, "last": start + len(lines), "count": told_count},
        "previous": f"?{urlencode([*pairs, ('page', number - 1)])}" if number > 1 else "",
        "next": f"?{urlencode([*pairs, ('page', number + 1)])}" if len(page) > PAGE else "",
    }
    note = {"count": told_count}
    if part != "missing" and not isinstance(metric, (Stay, Derived)):  # all others are what their rows add up to
        whole_of = ask(metric, actor=actor, percentiles=False, **options).total.num
        note |= {} if whole_of is None else {"sum": _added(whole_of, found.is_money)}
    title = _("Records left out of “%(name)s”") if part == "missing" else _("Records behind “%(name)s”")
    told = ((_("As of"), found.asked.as_of), (_("As it was known on"), found.asked.known_on))
    then = [f"{label} {day(of_day, look)}" for label, of_day in told if of_day]
    context = {
        "title": title % {"name": metric.label}, "area": "metric", "back": f"/metrics/{metric.id}/",
        "crumbs": [
            {"label": _("Number book"), "href": "/metrics/"}, {"label": str(metric.label), "href": f"/metrics/{metric.id}/"},
            {"label": " · ".join((_("Records"), *then))},
        ],
        "rows_title": title % {"name": metric.label},
        "rows_note": (_("%(count)s records, together %(sum)s") if "sum" in note else _("%(count)s records")) % note,
        "bare": True, "rows": lines or [{"cells": SafeString(f'<td colspan="{len(names) + 1}">{_("None")}</td>')}], "pager": pager,
        "columns": [*({"label": str(f.label), "num": f.is_right} for f in fields), {"label": found.head, "num": True}],
    }  # fmt: skip
    return draw(request, "metric.html", context)


def _value(row: Any, field: Any) -> Any:
    value = row
    for step in field.path.split("__"):
        value = getattr(value, step, None) if value is not None else None
    return value


def _cell(row: Any, field: Any, look: Any, hidden: Any) -> str:
    """`hidden`: rows that references lead to and the reader may not see."""
    kind = ' class="num"' if field.is_right else ""
    near = field.path.partition("__")[0]
    if (record_of(type(row)).field(near).target, getattr(row, f"{near}_id", None)) in hidden:
        return f'<td class="mute">{escape(_("(hidden)"))}</td>'
    value = _value(row, field)
    if field.target is not None:
        made = shown(
            field,
            getattr(value, "pk", None),
            look,
            target=record_of(field.target),
            name="" if value is None else str(value),
        )
    else:
        made = shown(field, value, look)
    return f"<td{kind}>{made}</td>"


def _added(value: Any, is_money: bool) -> str:
    return "" if value is None else show(whole(value), "money" if is_money else "count")
