"""The inputs of an action, read from a program: one description gives both the schema and the reading."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import Actor
from noren.core.access.rights import Touch
from noren.core.access.scope import visible
from noren.core.action.door import Action, Input
from noren.core.api.give import NOT_WRITABLE, day, moment, number, referred, text, truth
from noren.core.base.errors import Forbidden, Invalid
from noren.core.base.model import Model
from noren.core.record.declare import Record

MOST_ITEMS = 500


def offered(record: type[Record], act: Action[Any, Any, Any], actor: Actor) -> list[Input]:
    """The inputs this actor may give: one that names a field follows the rights on that field."""
    found = []
    for one in act.inputs:
        group = record.groups.get(one.name, "public")
        if actor.is_admin or actor.touch(group) >= Touch.WRITE:
            found.append(one)
        elif one.required:
            raise Forbidden
    return found


def inputs(record: type[Record], act: Action[Any, Any, Any], body: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """The keyword arguments for an action. Invalid names every unknown, missing or misshapen input."""
    allowed = {one.name: one for one in offered(record, act, actor)}
    faults: dict[str, list[Any]] = {name: [NOT_WRITABLE] for name in body if name not in allowed}
    values: dict[str, Any] = {}
    for name, one in allowed.items():
        if name not in body:
            if one.required:
                faults[name] = [_("This field is required.")]
            continue
        try:
            values[name] = coerced(one.type, body[name], actor)
        except ValueError as fault:
            faults[name] = [fault.args[0]]
    if faults:
        raise Invalid(faults)
    return values


def coerced(hint: Any, value: Any, actor: Actor) -> Any:  # noqa: C901  (one branch per type)
    """A JSON value as the type a function asks for. ValueError with a sentence when it has another shape."""
    inner, optional = plain_type(hint)
    if value is None:
        if optional:
            return None
        raise ValueError(_("This field is required."))
    if inner is Any:
        return value
    if inner is bool:
        return truth(value, actor)
    if inner is int:
        return number(value)
    if inner is Decimal:
        return Decimal(number(value, exact=True))
    if inner is str:
        return text(value, actor)
    if inner is datetime:
        return moment(value, actor)
    if inner is date:
        return day(value, actor)
    if isinstance(inner, type) and issubclass(inner, Model):
        return visible(inner, actor).get(pk=referred(inner, value, actor))
    item = item_type(inner)
    if item is not None:
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            raise ValueError(_("Give a list."))
        return [coerced(item, one, actor) for one in value]
    if dataclasses.is_dataclass(inner) and isinstance(inner, type):
        return _built(inner, value, actor)
    if typing.get_origin(inner) is typing.Literal and value in typing.get_args(inner):
        return value
    raise ValueError(_("This value is not possible."))


def plain_type(hint: Any) -> tuple[Any, bool]:
    """`date | None` as (date, True)."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        parts = [part for part in typing.get_args(hint) if part is not type(None)]
        return (parts[0] if len(parts) == 1 else Any), len(parts) < len(typing.get_args(hint))
    return hint, hint is Any


def item_type(hint: Any) -> Any:
    """The type of the items of a list type; None for anything else."""
    origin = typing.get_origin(hint)
    if origin in (list, tuple, Sequence) or hint in (list, tuple, Sequence):
        return (typing.get_args(hint) or (Any,))[0]
    return None


def _built(shape: type, value: Any, actor: Actor) -> Any:
    if not isinstance(value, dict):
        raise ValueError(_("Give an object."))
    hints = typing.get_type_hints(shape)
    fields = {f.name: f for f in dataclasses.fields(shape)}
    if set(value) - set(fields):
        raise ValueError(_("There is no such field: %s") % ", ".join(sorted(set(value) - set(fields)))[:80])
    found: dict[str, Any] = {}
    for name, field in fields.items():
        if name in value:
            found[name] = coerced(hints[name], value[name], actor)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            if not plain_type(hints[name])[1]:
                raise ValueError(_("This field is required: %s") % name)
            found[name] = None
    return shape(**found)
