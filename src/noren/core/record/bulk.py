"""One verb over many rows: edit fields, put into the bin, or any action; in chunks, with progress, stop and undo.

Each row goes through the same door as alone: rights, rules and facts are the same, and a row that refuses is counted
with its reason while the others go on. A killed worker goes on at the chunk it had reached.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.utils.translation import override

from noren.core.access.actor import Actor
from noren.core.access.scope import fetch, visible
from noren.core.action.door import ACTIONS
from noren.core.action.models import BulkRun
from noren.core.action.plain import change, remove, restore
from noren.core.base.errors import Forbidden, NotFound, Refusal
from noren.core.base.model import Model
from noren.core.event.models import Fact
from noren.core.event.publish import in_batch
from noren.core.job.job import job, later
from noren.core.job.rescue import Elsewhere
from noren.core.record.declare import record_of

DIRECT = 200  # rows up to which the person waits for the end
CHUNK = 100
MOST = 200_000


def start(noun: str, verb: str, ids: Iterable[int], values: Mapping[str, Any], by: Actor) -> BulkRun:
    """Begin: few rows at once, many in a job. `verb`: edit, remove, or the name of an action."""
    if by.user_id is None:
        raise Forbidden
    with transaction.atomic():
        run = BulkRun.objects.create(
            noun=noun,
            verb=verb,
            ids=list(ids)[:MOST],
            values={k: _stored(v) for k, v in values.items()},
            by_id=by.user_id,
        )
        if len(run.ids) > DIRECT:
            later(work, run=run.pk)
    if len(run.ids) <= DIRECT:
        _go(run, by)
    return run


@job(queue="interactive")
def work(run: int) -> None:
    """Job: go on with a run where it stands."""
    found = BulkRun.objects.select_related("by").filter(pk=run).first()
    if found is not None and not found.is_over:
        _go(found, found.by.actor())


def _go(run: BulkRun, by: Actor) -> None:
    record = record_of(run.noun)
    with override(by.locale):
        while run.position < len(run.ids):
            run.refresh_from_db(fields=["wants_stop"])
            if run.wants_stop:
                run.state = "stopped"
                break
            part = run.ids[run.position : run.position + CHUNK]
            with transaction.atomic(), in_batch(run.batch):
                here = BulkRun.objects.select_for_update().values_list("position", flat=True).get(pk=run.pk)
                if here != run.position:
                    raise Elsewhere(f"bulk run {run.pk} is at {here}")
                for pk in part:
                    _one(run, record.model, pk, by)
                run.position += len(part)
                run.state = "running"
                run.save(update_fields=["position", "changed", "refused", "state"])
        else:
            run.state = "done"
        run.save(update_fields=["state"])


def _one(run: BulkRun, model: type[Model], pk: int, by: Actor) -> None:
    try:
        with transaction.atomic():
            match run.verb:
                case "edit":
                    row = fetch(model, by, pk, "edit")
                    before = row.version
                    change(row, run.values, by=by)
                    run.changed += row.version != before
                case "remove":
                    remove(fetch(model, by, pk, "remove"), by=by)
                    run.changed += 1
                case name:
                    action = ACTIONS[name]
                    action(fetch(model, by, pk, action.right), by=by, **_arguments(name, run.values, by))
                    run.changed += 1
    except Refusal as no:
        text = str(no)
        errors = getattr(no, "errors", None)
        if errors:
            text = " ".join(t for listed in errors.values() for t in listed)
        run.refused[text[:200]] = run.refused.get(text[:200], 0) + 1


def undo(run: BulkRun, by: Actor) -> int:
    """Take a run back: fields that still hold what it wrote get their old value, what it binned is restored."""
    if run.by_id != by.user_id and not by.is_admin:
        raise NotFound
    record = record_of(run.noun)
    number = 0
    facts = Fact.objects.filter(batch=run.batch, noun=run.noun).order_by("-id")
    for fact in facts:
        happened = fact.name.rpartition(".")[2]
        try:
            with transaction.atomic(), in_batch(run.batch * 1_000_000):
                if happened == "removed":
                    restore(record.model, fact.subject_id, by=by)
                    number += 1
                elif happened == "changed" and fact.changes:
                    row = fetch(record.model, by, fact.subject_id, "edit")
                    back = {name: old for name, (old, new) in fact.changes.items() if _now(row, name) == new}
                    if back:
                        change(row, back, by=by)
                        number += 1
        except Refusal:
            continue
    BulkRun.objects.filter(pk=run.pk).update(state="undone")
    return number


def _now(row: Model, name: str) -> Any:
    if name.startswith("extra."):
        return row.extra.get(name[6:])
    column: Any = row._meta.get_field(name)
    return _stored(getattr(row, column.attname))


def _stored(value: Any) -> Any:
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _arguments(name: str, values: Mapping[str, Any], by: Actor) -> dict[str, Any]:
    """Stored values as the action wants them: rows for ids, days for texts."""
    return {one.name: _argument(one.type, values[one.name], by) for one in ACTIONS[name].inputs if one.name in values}


def _argument(hint: Any, value: Any, by: Actor) -> Any:
    kinds = [h for h in typing.get_args(hint) if h is not type(None)] or [hint]
    kind = kinds[0]
    if value is None or not isinstance(kind, type):
        return value
    if issubclass(kind, Model):
        row = visible(kind, by).filter(pk=value).first()
        if row is None:
            raise NotFound
        return row
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    return Decimal(value) if kind is Decimal else value
