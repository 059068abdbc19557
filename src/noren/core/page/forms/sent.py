"""What a form sent: which fields were touched, what was typed, the values it stands for, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.base.errors import Invalid
from noren.core.base.model import Model
from noren.core.page.cells import Look
from noren.core.page.forms import inputs
from noren.core.record.declare import Record
from noren.core.record.field import Field

RESERVED = frozenset({"csrfmiddlewaretoken", "version", "again", "_once", "_was", "_next"})


def value_of(row: Model, one: Field) -> Any:
    """The stored value of a field on a row: the id of a reference, the value of anything else."""
    if one.is_custom:
        return row.extra.get(one.key)
    return getattr(row, one.column.attname if one.kind == "ref" and not one.many else one.name)


def read_all(
    fields: Iterable[Field], sent: Mapping[str, Any], actor: Actor, look: Look, prefix: str = ""
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Values by name, and faults by name."""
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for one in fields:
        try:
            values[one.name] = inputs.read(one, sent, actor, look, prefix)
        except inputs.Fault as no:
            errors[one.name] = [str(no)]
            continue
        if one.required and values[one.name] in (None, "") and one.kind != "bool":
            errors[one.name] = [_("Please fill this in.")]
    if (
        errors
    ):  # the door is not reached: say now what it would say of the other fields, so that nobody is sent back twice
        errors |= _also_wrong(fields, values, set(errors))
    return values, errors


def _also_wrong(fields: Iterable[Field], values: Mapping[str, Any], known: set[str]) -> dict[str, list[str]]:
    """What the columns themselves refuse among the values that could be read."""
    found: dict[str, list[str]] = {}
    for one in fields:
        value = values.get(one.name)
        if one.name in known or one.column is None or one.kind == "ref" or value in (None, ""):
            continue
        try:
            one.column.clean(value, None)
        except ValidationError as fault:
            found[one.name] = [str(text) for text in fault.messages]
    return found


def unknown(fields: Iterable[Field], sent: Mapping[str, Any]) -> None:
    """Refuse names that are no field of this form for this person: nothing is dropped silently."""
    known = {f.name for f in fields}
    known |= {f"{f.name}_text" for f in fields if f.kind == "ref"} | RESERVED
    strange = sorted(set(sent) - known)
    if strange:
        raise Invalid({"": [_("These fields cannot be set here: %(names)s") % {"names": ", ".join(strange)[:200]}]})


def with_fixed(record: type[Record], fields: list[Field], sent: Mapping[str, Any]) -> list[Field]:
    """A child row's own parent is fixed by the address it is added from, and is no field of the form that all may set."""
    have = {f.name for f in fields}
    parents = [p for p in record.model.reach.parents if p in sent and p not in have and "__" not in p]
    return [*fields, *(record.field(p) for p in parents)]


def texts_of(fields: Iterable[Field], sent: Mapping[str, Any]) -> dict[str, str]:
    """What was typed, as typed."""
    found = {}
    for one in fields:
        values = sent.getlist(one.name) if hasattr(sent, "getlist") else [sent.get(one.name, "")]
        found[one.name] = str(values[-1]) if values else ""
        if one.kind == "ref":
            found[f"{one.name}_text"] = str(sent.get(f"{one.name}_text", ""))
    return found


def version_of(sent: Mapping[str, Any]) -> int | None:
    text = str(sent.get("version", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def touched_of(fields: list[Field], sent: Mapping[str, Any]) -> list[Field]:
    """Fields whose text differs from what the form showed: what a person left alone is never written."""
    try:
        was = json.loads(sent.get("_was", "") or "null")
    except (ValueError, RecursionError):
        was = None
    if not isinstance(was, dict):
        return fields
    now = texts_of(fields, sent)
    return [
        f
        for f in fields
        if str(was.get(f.name, "")).replace("\r\n", "\n") != now[f.name].replace("\r\n", "\n")
        or now.get(f"{f.name}_text", "") != str(was.get(f"{f.name}_text", ""))
    ]


def first_texts(
    record: type[Record], fields: list[Field], given: Mapping[str, Any], actor: Actor, look: Look
) -> dict[str, str]:
    texts: dict[str, str] = {}
    for one in fields:
        if one.name in given:
            texts[one.name] = str(given[one.name])[:2000]
        elif one.name == record.model.reach.owner and actor.user_id is not None:
            texts[one.name] = str(actor.user_id)
        elif one.name in record.begins:
            texts[one.name] = inputs.typed(one, look.today, look)
        elif one.kind == "bool":
            texts[one.name] = "on" if one.default else "off"
        else:
            texts[one.name] = inputs.typed(one, _default(one, look), look)
    return texts


def _default(one: Field, look: Look) -> Any:
    column = one.column
    if column is None or not column.has_default():
        return None
    return column.get_default()
