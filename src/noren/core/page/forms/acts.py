"""Verbs as forms: the keyword arguments of an action are its inputs. A page of its own, or a dialog in the sheet."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.scope import fetch, visible
from noren.core.action.door import Action, Input
from noren.core.action.plain import remove, restore
from noren.core.base.errors import Forbidden, Invalid, NotFound, NotNow
from noren.core.base.model import Model
from noren.core.page.cells import Look
from noren.core.page.forms import inputs
from noren.core.page.web import came_from, dialog, in_sheet, look_of, of_noun, onward, safe_next, say
from noren.core.record.declare import Record
from noren.core.record.field import Field

KIND_OF: dict[Any, str] = {
    date: "date", datetime: "datetime", bool: "bool", int: "number", Decimal: "number", str: "text", float: "number",
}  # fmt: skip
LONG = frozenset({"note", "outcome", "body", "text"})
HIDDEN = frozenset({"before", "last"})  # where in a lane: only the board says it


def field_of_input(action: Action[Any, Any, Any], one: Input) -> Field | None:
    """An argument as a field, so that forms and readers need no second way; None when no form can ask for it."""
    kind, target = _kind(one.type)
    column: Any = None
    try:
        column = action.model._meta.get_field(one.name)
    except Exception:  # noqa: BLE001  (no such column: the type alone decides)
        column = None
    choices: Any = ()
    if column is not None and kind == "number" and getattr(column, "kind", "") in ("money", "percent"):
        kind = column.kind
    if column is not None and column.choices and kind == "text":
        kind, choices = "choice", column.choices
    if typing.get_origin(one.type) is typing.Literal:
        kind, choices = "choice", [(v, str(v)) for v in typing.get_args(one.type)]
    if kind == "text" and one.name in LONG:
        kind = "longtext"
    if not kind:
        return None
    return Field(
        name=one.name, path=one.name, label=one.label, kind=kind, required=one.required, target=target, choices=choices,
        column=column if kind in ("money", "percent", "choice") else None, max_length=getattr(column, "max_length", None),
        null=not one.required,
    )  # fmt: skip


def _kind(hint: Any) -> tuple[str, Any]:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        rest = [a for a in typing.get_args(hint) if a is not type(None)]
        return _kind(rest[0]) if len(rest) == 1 else ("", None)
    if isinstance(hint, type) and issubclass(hint, models.Model):
        return "ref", hint
    return KIND_OF.get(hint, "text" if origin is typing.Literal else ""), None


def action_of(record: type[Record], slug: str) -> Action[Any, Any, Any]:
    """The verb behind a word of an address. NotFound when the record does not offer it."""
    for one in record.actions:
        if one.slug == slug:
            return one
    raise NotFound


def fields_of(action: Action[Any, Any, Any]) -> list[Field]:
    found = [field_of_input(action, one) for one in action.inputs if one.name not in HIDDEN]
    return [one for one in found if one is not None]


def read_inputs(
    action: Action[Any, Any, Any], sent: Mapping[str, Any], actor: Actor, look: Look
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Arguments for the action, and faults by name. Optional ones left empty are not given."""
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for one in action.inputs:
        made = field_of_input(action, one)
        if made is None or (one.name not in sent and f"{one.name}_text" not in sent and not one.required):
            continue
        try:
            value = inputs.read(made, sent, actor, look)
        except inputs.Fault as no:
            errors[one.name] = [str(no)]
            continue
        if value in (None, "") and made.kind != "bool":
            if one.required:
                errors[one.name] = [_("Please fill this in.")]
            elif one.default == "" and made.kind in ("text", "longtext", "choice"):
                values[one.name] = ""
            continue
        if made.kind == "ref":
            found = (
                visible(made.target, actor).filter(pk=value).first()
                if issubclass(made.target, Model)
                else made.target._default_manager.filter(pk=value).first()
            )
            if found is None:
                errors[one.name] = [_("Choose one from the list.")]
                continue
            value = found
        values[one.name] = value
    return values, errors


def sent_of(request: HttpRequest) -> QueryDict:
    """What was sent; the address may carry some of it (a click on a stage)."""
    merged = request.GET.copy()
    for name in request.POST:
        merged.setlist(name, request.POST.getlist(name))
    return merged


@of_noun("GET", "POST")
def act(request: HttpRequest, record: type[Record], actor: Actor, pk: int, slug: str) -> HttpResponse:
    """/<module>/<plural>/<id>/<verb>/"""
    action = action_of(record, slug)
    look = look_of(request, actor)
    row = fetch(record.model, actor, pk, action.right)
    if request.method == "GET":
        if not action.possible(row):
            raise NotNow(action.why_not) if action.why_not else NotNow()
        return _ask(request, record, action, row, actor, look, request.GET, {})
    sent = sent_of(request)
    values, errors = read_inputs(action, sent, actor, look)
    back = undo_of(record, action, row)
    if not errors:
        try:
            action(row, by=actor, **values)
        except Invalid as no:
            errors = no.errors
        except NotNow as no:
            return _ask(request, record, action, row, actor, look, sent, {"": [str(no)]}, status=409)
    if errors:
        return _ask(request, record, action, row, actor, look, sent, errors, status=422)
    say(request, done_text(action, row), back)
    return onward(request, _after(request, record, pk), stay=in_sheet(request))


def _after(request: HttpRequest, record: type[Record], pk: int) -> str:
    """Where one was, such as the board whose toast took a win back; from the form's own page on to the row."""
    own = record.url(pk) if record.pages else "/"
    was = came_from(request)
    return own if was.partition("?")[0] == request.path else safe_next(request, was, own)


@dataclass(frozen=True, slots=True)
class Beside:
    """What screens say beside a verb.

    undo: what takes it back at once, the slug of a verb (win -> reopen), or the same worked out of the row as it was, with
    what the verb needs (move -> "move?stage=3"); done: what is said when it is done, where "label: row" says too little;
    hints: what is good to know of a row beside the fields of the form, by their names.
    """

    undo: str | Callable[[Any], str] = ""
    done: Callable[[Any], str] | None = None
    hints: Callable[[Any, Actor, Look], dict[str, str]] | None = None


BESIDE: dict[str, Beside] = {}
"""By the name of the action; an upper module fills it for its verbs."""


def _beside(action: Action[Any, Any, Any]) -> Beside:
    return BESIDE.get(action.name) or Beside()


def done_text(action: Action[Any, Any, Any], row: Model) -> str:
    done = _beside(action).done
    return done(row) if done else _("%(verb)s: %(row)s") % {"verb": action.label, "row": row}


def undo_of(record: type[Record], action: Action[Any, Any, Any], row: Model) -> str:
    """The address that takes back what is about to be done to the row."""
    way = _beside(action).undo
    slug, _mark, query = (way if isinstance(way, str) else way(row)).partition("?")
    if not slug:
        return ""
    return record.url(row.pk, slug) + (f"?{query}" if query else "")


def _ask(
    request: HttpRequest, record: type[Record], action: Action[Any, Any, Any], row: Model, actor: Actor, look: Look,
    sent: Mapping[str, Any], errors: Mapping[str, list[str]], status: int = 200,
) -> HttpResponse:  # fmt: skip
    fields = []
    beside = _beside(action)
    hints = beside.hints(row, actor, look) if beside.hints else {}
    for one in fields_of(action):
        text = str(sent.get(one.name, ""))
        if not text and status == 200:
            text = _suggested(one, row, look)
        name = str(sent.get(f"{one.name}_text", "")) or (
            inputs.title_of(one, text, actor) if one.kind == "ref" and not inputs.is_short(one) else ""
        )
        made = inputs.field_of(record, one, text, actor, look, name=name, error=" ".join(errors.get(one.name, ())))
        made["hint"] = made["hint"] or hints.get(one.name, "")
        if one.kind == "ref" and inputs.is_short(one) and one.required and len(made["options"]) <= 8:
            made["kind"] = "radio"
        if one.kind == "ref" and not inputs.is_short(one):
            made["url"] = f"{record.url()}options/{action.slug}.{one.name}/"
        fields.append(made)
    shown = {f["name"] for f in fields}
    whole = [t for name, listed in errors.items() if name not in shown for t in listed]
    return dialog(request, {
        "title": str(action.label), "note": str(row), "action": request.get_full_path(), "fields": fields, "danger": action.tone == "bad",
        "submit": str(action.label), "error": " ".join(whole), "back": record.url(row.pk) if record.pages else "/",
        "promise": {"strong": _("This can be taken back."), "text": ""} if beside.undo else None,
    }, status)  # fmt: skip


def _suggested(one: Field, row: Model, look: Look) -> str:
    """What the form starts with: today for days, the row's own value where it has one."""
    if one.kind == "date":
        return inputs.typed(one, look.today, look)
    if one.kind in ("datetime", "bool", "longtext"):
        return ""
    value = getattr(row, f"{one.name}_id" if one.kind == "ref" else one.name, None)
    return (
        inputs.typed(one, value, look) if isinstance(value, (int, str, Decimal)) and not isinstance(value, bool) else ""
    )


# -- the bin -----------------------------------------------------------------------------------------------------------


@of_noun("GET", "POST")
def take_out(request: HttpRequest, record: type[Record], actor: Actor, pk: int) -> HttpResponse:
    """/<module>/<plural>/<id>/remove/"""
    row = fetch(record.model, actor, pk, "remove")
    if request.method == "GET":
        return dialog(request, {
            "title": _("Move to the bin"), "note": str(row), "action": request.get_full_path(), "fields": [], "danger": True, "submit": _("Move to the bin"),
            "promise": {"strong": _("It is kept for 30 days."), "text": _("Until then it can be restored from the bin.")}, "back": record.url(pk),
        })  # fmt: skip
    title = str(row)
    remove(row, by=actor)
    say(request, _("“%(row)s” is in the bin.") % {"row": title}, f"{record.url(pk)}restore/")
    if not record.pages:
        return onward(request, safe_next(request, came_from(request), "/"), stay=in_sheet(request))
    return onward(request, record.url())


@of_noun("GET", "POST")
def bring_back(request: HttpRequest, record: type[Record], actor: Actor, pk: int) -> HttpResponse:
    """/<module>/<plural>/<id>/restore/"""
    if not actor.may(record.word(), "remove"):
        raise Forbidden
    if request.method == "GET":
        row = visible(record.model, actor, "remove", removed=True).filter(pk=pk).first()
        if row is None:
            raise NotFound
        return dialog(request, {
            "title": _("Restore"), "note": str(row), "action": request.get_full_path(), "fields": [], "submit": _("Restore"), "back": record.url(pk),
        })  # fmt: skip
    row = restore(record.model, pk, by=actor)
    say(request, _("“%(row)s” is back.") % {"row": row})
    return onward(request, record.url(pk) if record.pages else "/")


__all__ = ["BESIDE", "Beside", "act", "action_of", "bring_back", "fields_of", "read_inputs", "sent_of", "take_out"]
