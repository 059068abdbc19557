"""Numbers for programs: the list of them, one asked, and the rows behind it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from noren.core.api.body import Unreadable
from noren.core.api.door import Call, Result, api
from noren.core.api.give import day, given, readable
from noren.core.api.lists import WORDS, NotFilterable, limit_of
from noren.core.base.errors import Forbidden, Invalid, NotFound
from noren.core.filter.condition import BadFilter, F
from noren.core.filter.sql import FIRST_YEAR, LAST_YEAR
from noren.core.filter.url import from_params
from noren.core.metric.answer import Cell
from noren.core.metric.ask import ask
from noren.core.metric.declare import METRICS, Metric, metric_of
from noren.core.metric.question import CannotAsk, question
from noren.core.metric.rows import rows, rows_url

OPTIONS = frozenset({"period", "by", "grain", "basis", "as_of", "known_on", "compare", "part"})


@api("GET")
def metrics(call: Call) -> Result:
    """Every number the caller may ask for."""
    return 200, {"data": [_told(one) for _id, one in sorted(METRICS.items()) if _may(one, call)]}


def _told(one: Metric) -> dict[str, Any]:
    return {
        "id": one.id,
        "label": str(one.label),
        "kind": one.kind,
        "noun": one.model.word(),
        "unit": one.unit,
        "better": one.better,
        "by": list(one.dimensions()),
        "bases": list(one.bases),
        "formula": str(one.formula),
        "dated": str(one.dated),
    }


def _may(one: Metric, call: Call) -> bool:
    try:
        question(one, actor=call.actor)
    except (CannotAsk, Forbidden, NotFound):
        return False
    return True


@api("GET")
def metric(call: Call, metric: str) -> Result:
    """One number: its total, and its cells when cut by dimensions or time."""
    found = _metric(metric)
    compare = call.params.get("compare") or None
    if compare not in (None, "previous", "year"):
        raise Invalid(compare=_("Choose one of: %s") % "previous, year")
    try:
        answer = ask(
            found, call.params.get("period") or None, actor=call.actor, compare=compare, **_options(call, cut=True)
        )
    except BadFilter as fault:
        raise NotFilterable(detail=fault.reason) from fault
    q = answer.question
    return 200, {
        "metric": found.id,
        "label": str(found.label),
        "unit": found.unit,
        "period": {"first": _day(q.period.first), "last": _day(q.period.last)},
        "by": [dim.name for dim in q.dims],
        "grain": q.grain.value if q.grain else None,
        "total": _cell(answer.total),
        "data": [_cell(cell) for cell in answer.cells],
    }


@api("GET")
def metric_rows(call: Call, metric: str) -> Result:
    """The rows behind a number, newest id first, each with what it counts for."""
    found = _metric(metric)
    limit = limit_of(call.params)
    options = _options(call, cut=False)
    try:
        behind = rows(
            found,
            call.params.get("period") or None,
            actor=call.actor,
            part=call.params.get("part") or "counted",
            **options,
        )
    except BadFilter as fault:
        raise NotFilterable(detail=fault.reason) from fault
    chosen = behind.rows.order_by("-pk")
    cursor = call.params.get("cursor")
    if cursor:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise Unreadable(_("The cursor does not belong to this list. Start again without it."))
        chosen = chosen.filter(pk__lt=int(cursor))
    page = behind.as_then(list(chosen[: limit + 1]))
    fields = readable(behind.record, call.actor, call.params.get("fields"))
    data = [
        given(behind.record, row, fields) | {"counted": _number(getattr(row, "counted", None))} for row in page[:limit]
    ]
    return 200, {"data": data, "next": str(page[limit - 1].pk) if len(page) > limit else None}


def _metric(word: str) -> Metric:
    found = metric_of(word)
    if found is None:
        raise NotFound(_("There is no number of this name."))
    return found


def _options(call: Call, *, cut: bool) -> dict[str, Any]:
    params = call.params
    options: dict[str, Any] = {"basis": params.get("basis") or None, "where": _where(params)}
    options |= {name: _day_in(params, name, call) for name in ("as_of", "known_on") if params.get(name)}
    if cut:
        options["by"] = [name for name in params.get("by", "").split(",") if name]
        options["grain"] = params.get("grain") or None
    return options


def _where(params: Any) -> F:
    try:
        return from_params(params, WORDS | OPTIONS)
    except BadFilter as fault:
        raise NotFilterable(detail=fault.reason) from fault


def _day_in(params: Any, name: str, call: Call) -> date:
    try:
        found = day(params[name], call.actor)
    except ValueError as fault:
        raise Invalid({name: [fault.args[0]]}) from fault
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise Invalid({name: [_("Give a day such as 2026-11-20.")]})
    return found


def _day(value: Any) -> str | None:
    """Open ends are null."""
    return value.isoformat() if isinstance(value, date) and date.min < value < date.max else None


def _cell(cell: Cell) -> dict[str, Any]:
    out: dict[str, Any] = {
        "key": [_number(k) for k in cell.key],
        "labels": list(cell.labels),
        "bucket": {"first": _day(cell.bucket.part.first), "last": _day(cell.bucket.part.last)} if cell.bucket else None,
        "value": _number(cell.value),
        "numerator": _number(cell.num),
        "denominator": _number(cell.den),
        "n": cell.n,
        "missing": cell.missing,
        "low": cell.low,
        "high": cell.high,
        "complete": cell.complete,
        "rows": rows_url(cell),
    }
    if cell.more:
        out["more"] = dict(cell.more)
    if cell.before is not None:
        out["before"] = _number(cell.before.value)
        out["change"] = cell.change
    return out


def _number(value: Any) -> Any:
    """Whole amounts as whole numbers, everything else as JSON has it."""
    if value is None or isinstance(value, (int, str, bool)):
        return value
    if isinstance(value, date):
        return value.isoformat()
    number = float(value)
    return int(number) if number == value and number.is_integer() and abs(number) < 2**53 else number
