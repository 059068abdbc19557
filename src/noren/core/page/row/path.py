"""The path of a row through its stages: days in each against the standard, dates behind, dates to come."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from noren.core.access.actor import Actor
from noren.core.base.kept import Ask, Asking, ask
from noren.core.base.period import days_since
from noren.core.page import cells
from noren.core.page.cells import Look
from noren.core.record.columns import has_column
from noren.core.record.declare import Record


def path_of(record: type[Record], row: Any, actor: Actor, look: Look) -> Asking[dict[str, Any] | None]:
    """The context of boxes.path for a noun with a board whose lanes are rows of their own; else None."""
    board = record.board
    if board is None or board.by not in record.model.kept:
        return None
    by: Any = record.model._meta.get_field(board.by)
    if not by.is_relation or not has_column(by.related_model, "position"):
        return None
    stage_model, scope = by.related_model, board.scope

    def stages(*scoped: int) -> QuerySet[Any]:
        rows: QuerySet[Any] = stage_model.every.filter(removed_at__isnull=True, **({scope: scoped[0]} if scope else {}))
        ordered: QuerySet[Any] = rows.order_by("position", "pk")
        return ordered

    now_id = getattr(row, f"{board.by}_id")
    is_open = getattr(row, "outcome", "open") == "open"
    move = board.move
    may_move = move is not None and is_open and actor.may(record.word(), move.right)
    within = [getattr(row, f"{scope}_id")] if scope else []
    listed, spans = yield [ask(("lanes", stage_model, scope), stages, *within), _spans(row, board.by)]
    spent = _spent(spans, look)
    here = next((at for at, one in enumerate(listed) if one.pk == now_id), -1)
    ahead = look.today
    made = []
    for at, stage in enumerate(listed):
        standard = getattr(stage, "standard_days", None)
        first, last, days = spent.get(stage.pk, (None, None, 0))
        state = "done" if at < here or (at == here and not is_open) else "now" if at == here else ""
        entry: dict[str, Any] = {"label": str(stage), "state": state, "href": "", "dates": "", "days": "", "over": ""}
        if at == here and standard:
            ahead += timedelta(days=max(standard - days, 0))
        if first is not None and at <= here:
            end = cells.short_day(last, look) if last is not None and (at < here or not is_open) else ""
            entry["dates"] = f"{cells.short_day(first, look)}–{end}"
            entry["days"] = _days(days, standard)
            if standard and days > standard:
                entry["over"] = f"+{days - standard}"
        elif at > here:
            entry["dates"] = _("by %(day)s") % {"day": cells.short_day(ahead, look)} if standard and is_open else ""
            entry["days"] = _("standard %(days)s") % {"days": _n_days(standard)} if standard else ""
            ahead += timedelta(days=standard or 0)
        if may_move and at != here:
            entry["href"] = f"{record.url(row.pk, move.slug)}?{board.by}={stage.pk}"
        made.append(entry)
    return {"label": str(by.verbose_name), "days": True, "stages": made}


def _spans(row: Any, by: str) -> Ask:
    history = row.spans.model.objects

    def spans(pk: int) -> QuerySet[Any]:
        rows: QuerySet[Any] = history.filter(row_id=pk).order_by("from_at", "pk")
        told: QuerySet[Any] = rows.values_list("from_at", "to_at", f"{by}_id", "outcome")
        return told

    return ask(("spans", type(row)), spans, row.pk)


def _spent(spans: list[Any], look: Look) -> dict[int, tuple[date | None, date | None, int]]:
    """Per stage: the first and last day there, and the days in all."""
    found: dict[int, tuple[datetime, datetime, int]] = {}
    zone = look.zone
    for start, end, stage, outcome in spans:
        if outcome != "open":
            continue
        until = end or look.now
        if until <= start and end is not None:
            continue
        first, last, spent = found.get(stage, (start, until, 0))
        spent += days_since(start, until.astimezone(zone).date(), zone)
        found[stage] = min(first, start), max(last, until), spent
    return {k: (a.astimezone(zone).date(), b.astimezone(zone).date(), days) for k, (a, b, days) in found.items()}


def _n_days(days: int) -> str:
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


def _days(days: int, standard: int | None) -> str:
    if not standard:
        return _n_days(days)
    return _("%(days)s of %(standard)s") % {"days": days, "standard": _n_days(standard)}
