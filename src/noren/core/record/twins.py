"""Rows that may be there already, for somebody who writes a new one: by the natural keys of the noun and what else it is
known by (`Record.alike`). Visible rows only; nothing is decided from them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from noren.core.access.actor import Actor
from noren.core.access.scope import visible
from noren.core.base.kept import Asking, ask, beside
from noren.core.base.model import Model
from noren.core.record.columns import has_column
from noren.core.record.declare import Record
from noren.core.record.finding.lists import narrow

MOST = 3
SHORTEST = 9  # digits of a telephone number that says who it is
LAST = "\uffff"  # what a place in the order of readings begins with when there is no reading


@dataclass(frozen=True, slots=True)
class Twin:
    """A row like the one being written, and the fields in which they are alike."""

    row: Any
    names: tuple[str, ...]


def twins(record: type[Record], values: Mapping[str, Any], actor: Actor, *near: str) -> Asking[list[Twin]]:
    """Rows like one with these values (names as in the form), by the strongest key first. near: references to bring along."""
    written: Any = record.model()
    for name, value in values.items():
        if value not in (None, "") and has_column(record.model, name):
            setattr(written, record.model.column(name).attname, value)
    if record.model.alone:
        with suppress(ValidationError):  # numbers are brought into the form in which they are kept
            written.clean()
        written.settle()
    found: dict[int, Twin] = {}
    keys = [names for names in dict.fromkeys((*record.keys, *record.alike)) if _speaks(record, written, names, values)]
    told = yield from beside(*(_alike(record, written, names, actor, near) for names in keys))
    for names, rows in zip(keys, told, strict=True):
        for row in rows:
            found.setdefault(row.pk, Twin(row, tuple(shown_as(record, name) for name in names)))
    return list(found.values())[:MOST]


def shown_as(record: type[Record], name: str) -> str:
    """The field of the form behind a column of a key: keys are folded forms of names."""
    if name == "kana_sort":
        return record.reading
    return record.title_field() if not record.model.column(name).editable else name


def _speaks(record: type[Record], written: Any, names: tuple[str, ...], values: Mapping[str, Any]) -> bool:
    """Whether all of a key was written by hand: what the form fills in by itself says nothing."""
    for name in names:
        value = getattr(written, record.model.column(name).attname)
        by_hand = name in values or not record.model.column(name).editable
        if value in (None, "") or not by_hand or (name == "kana_sort" and value.startswith(LAST)):
            return False
    return True


def _alike(
    record: type[Record], written: Any, names: tuple[str, ...], actor: Actor, near: tuple[str, ...]
) -> Asking[list[Any]]:
    if len(names) == 1 and record.field(names[0]).kind == "phone":
        return (yield from _same_number(record, written, names[0], actor, near))
    columns = [record.model.column(name) for name in names]
    values = [getattr(written, column.attname) for column in columns]
    led = _is_led(record.model, names[0])

    def rows(*values: Any) -> QuerySet[Any]:
        listed: QuerySet[Any] = visible(record.model, actor)
        if not led:
            listed = narrow(record, str(values[0]), listed, actor)
        for name, column, value in zip(names, columns, values, strict=True):
            if name == "email":
                listed = listed.annotate(email_low=Lower("email")).filter(~Q(email=""), email_low=value.lower())
            elif column.empty_strings_allowed and not column.null:
                listed = listed.filter(~Q(**{name: ""}), **{name: value})
            else:
                listed = listed.filter(**{column.attname: value})
        return listed.select_related(*near).order_by("-updated_at", "-pk")[:MOST]

    key = ("alike", record, names, near) if led and "email" not in names else None
    (found,) = yield [ask(key, rows, *values, who=actor)]
    return list(found)


def _same_number(
    record: type[Record], written: Any, name: str, actor: Actor, near: tuple[str, ...]
) -> Asking[list[Any]]:
    """Rows with the same telephone number, however it is written: found by its digits in the search entries."""
    number = digits(getattr(written, name))
    if len(number) < SHORTEST:
        return []

    def rows() -> QuerySet[Any]:
        listed = narrow(record, number, visible(record.model, actor), actor).filter(~Q(**{name: ""}))
        return listed.select_related(*near).order_by("-updated_at", "-pk")[: MOST * 10]

    (found,) = yield [ask(None, rows)]
    return [row for row in found if digits(getattr(row, name)) == number][:MOST]


def digits(text: str) -> str:
    return "".join(sign for sign in normalize("NFKC", text) if sign in "0123456789")


def _is_led(model: type[Model], name: str) -> bool:
    """Whether an index or a rule of its own leads to rows by this column; others are found through the search entries."""
    column: Any = model.column(name)
    if column.unique or column.db_index or name in ("email", "external_id"):
        return True
    return any(index.fields[:1] == [name] for index in model._meta.indexes) or not model.searched
