"""Panels of rows that point to a row: people of a company, affiliations of a person, lines of a deal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.firm import fiscal
from noren.core.access.scope import is_user, reach, visible
from noren.core.base.errors import NotFound
from noren.core.base.kept import Asking, ask, padded
from noren.core.base.model import Model
from noren.core.filter.sql import to_q
from noren.core.filter.when import When
from noren.core.page import cells, parts
from noren.core.page.cells import Look
from noren.core.record.columns import Plan
from noren.core.record.declare import Record, Related, record_of
from noren.core.record.field import Field
from noren.core.record.listing import Line, unseen


def panel(one: Related, row: Model, actor: Actor, look: Look) -> Asking[dict[str, Any] | None]:
    """The data of boxes.panel, or None for a noun that the actor may not see at all."""
    record = record_of(one.noun)
    if not (record.model.reach.open_to_all or actor.may(record.word(), "view") or record.word() in actor.shared):
        return None
    names = [n for n in (one.columns or tuple(record.columns)[:4]) if record.may_read(n, actor)]
    plan = Plan(record, [record.field(n) for n in names])
    ordering = [o for o in record.model._meta.ordering or ["-updated_at"] if str(o).lstrip("-") != one.by]

    def rows(pk: int) -> QuerySet[Any]:
        found = visible(record.model, actor).filter(**{one.by: pk})
        if one.where:
            found = found.filter(to_q(one.where, record.vocabulary(actor), When.now(actor, fiscal())))
        return plan.select(found.order_by(*ordering, "-pk"), one.limit + 1)

    key = ("panel", record, one.by, one.limit, repr(one.where), *plan.paths)
    (found,) = yield [ask(key, rows, row.pk, who=actor)]
    lines = [Line(v[0], v[1], v) for v in found[: one.limit]]
    made: dict[str, Any] = {
        "id": record.word().replace(".", "-"),
        "title": str(one.title) if one.title else capfirst(record.labels()),
        "kind": "table",
    }
    if record.form and actor.may(record.word(), "create"):
        made |= {
            "add_href": f"{record.url(verb='new')}?{one.by}={row.pk}",
            "add_sheet": True,
            "add_label": _("New %(noun)s") % {"noun": record.label()},
        }
    if not lines:
        return made | {"kind": "html", "html": "", "empty": _("None yet.")}
    hidden = unseen(plan.columns, lines, actor)
    made["table"] = {
        "caption": made["title"],
        "rows": [_cells(record, plan, line, hidden, actor, look) for line in lines],
    }
    if len(found) > one.limit:
        made["note"] = _("first %(n)s") % {"n": one.limit}
        if record.pages:
            made |= {"more_href": f"{record.url()}?{one.by}={row.pk}", "more_label": _("All")}
    return made


def _cells(
    record: type[Record], plan: Plan, line: Line, hidden: dict[str, frozenset[int]], actor: Actor, look: Look
) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    change = not record.pages and record.form and actor.may(record.word(), "edit")
    for at, column in enumerate(plan.columns):
        one, value = column.field, line.values[column.at]
        name = str(line.values[column.title_at] or "") if column.title_at is not None else ""
        if one.kind == "ref" and value in hidden.get(one.name, ()):
            name = _("(hidden)")
        text = cells.said(one, value, look, name)
        if text and one.kind == "number":
            text = f"{one.label} {text}"  # a bare figure says nothing where the heads of columns are left out
        cell: dict[str, Any] = {"text": text, "num": one.is_right, "mute": at > 1}
        if at == 0:
            cell["head"] = True
            if record.pages:
                cell["href"] = record.url(line.pk)
            elif change:
                cell |= {"href": record.url(line.pk, "edit"), "sheet": True}
            elif one.kind == "ref" and column.target is not None and column.target.pages and name:
                cell["href"] = column.target.url(value)
            cell["text"] = text or "—"
        listed.append(cell)
    return listed


def reference(one: Field, target: Any, actor: Actor) -> SafeString:
    """The row behind a reference, as far as the actor may know it."""
    if target is None:
        return SafeString("")
    record = _record(one)
    if not seen(target, actor):
        return SafeString(f'<span class="mute">{_("(hidden)")}</span>')
    if record is not None and is_user(record.model):
        return parts.who(str(target))
    return cells.ref(record, target.pk, str(target))


def reference_part(one: Field, target: Any, actor: Actor) -> dict[str, str]:
    """The same for the line under the title: text and address."""
    if not seen(target, actor):
        return {"text": _("(hidden)"), "href": ""}
    record = _record(one)
    linked = record is not None and record.pages and record.nav is not None
    return {"text": str(target), "href": record.url(target.pk) if linked and record else ""}


def look_behind(record: type[Record], row: Model, actor: Actor, names: Iterable[str]) -> Asking[None]:
    """Find out which of the rows behind these references the actor may see: afterwards `seen` need not ask."""
    behind: dict[type[Any], list[Any]] = {}
    for name in names:
        target = getattr(row, name)
        if isinstance(target, Model) and not _sees_all(type(target), actor):
            behind.setdefault(type(target), []).append(target)
    asked = [
        ask(("seen", model), _those_seen(model, actor), *padded({one.pk for one in targets}), who=actor)
        for model, targets in behind.items()
    ]
    found = (yield asked) if asked else []
    for targets, rows in zip(behind.values(), found, strict=True):
        ids = {pk for (pk,) in rows}
        for one in targets:
            one.__dict__["_seen_by"] = (actor, one.pk in ids)


def _those_seen(model: type[Model], actor: Actor) -> Callable[..., QuerySet[Any]]:
    def rows(*some: int) -> QuerySet[Any]:
        return visible(model, actor).filter(pk__in=some).values_list("pk")

    return rows


def _sees_all(model: type[Model], actor: Actor) -> bool:
    return actor.is_admin or model.reach.open_to_all or reach(model, actor) is None


def seen(target: Any, actor: Actor) -> bool:
    if not isinstance(target, Model) or _sees_all(type(target), actor):
        return True
    known = target.__dict__.get("_seen_by")
    if known is not None and known[0] is actor:
        return bool(known[1])
    return visible(type(target), actor).filter(pk=target.pk).exists()


def _record(one: Field) -> type[Record] | None:
    try:
        return record_of(one.target)
    except NotFound:
        return None
