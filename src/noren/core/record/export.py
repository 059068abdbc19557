"""Rows out to a file: CSV, Excel or JSON, in constant memory, as the actor may see them, and so that they import again.

Column names are the labels of the fields in the actor's language, which the importer knows as its own. References stand
by name, or by their external ID where two rows bear the name. A file of everything, imported again, changes nothing.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO, Protocol

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from noren.core.access.actor import Actor
from noren.core.access.firm import firm
from noren.core.access.scope import behind, visible
from noren.core.base.errors import Forbidden, Invalid
from noren.core.base.money import exponent
from noren.core.event.publish import publish
from noren.core.filter.condition import F
from noren.core.record.columns import title_path
from noren.core.record.declare import Record, record_of
from noren.core.record.events import ExportMade
from noren.core.record.field import Field
from noren.core.record.guard import guarded
from noren.core.record.intake.plan import importable
from noren.core.record.listing import narrowed
from noren.core.record.state import State

CHUNK = 2_000
PART = 1 << 18  # bytes sent at once
ENCODINGS = {"utf-8-sig": "utf-8-sig", "utf-8": "utf-8", "cp932": "cp932"}
FORMATS = ("csv", "xlsx", "json")
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(slots=True)
class Told:
    """What an export did: how many rows, and how many cells held signs that the encoding lacks, written as 〓."""

    rows: int = 0
    replaced: int = 0
    samples: list[str] = field(default_factory=list)  # the first texts of those cells


@dataclass(frozen=True, slots=True)
class _Column:
    field: Field
    label: str
    path: str
    second: str = ""  # the path that tells two rows of one name apart
    limit: models.Q | None = None  # rows whose reference leads to what the actor may see; the others stay unnamed
    shown: Callable[[Any], Any] = lambda value: value


class Writer(Protocol):
    def row(self, cells: Sequence[Any]) -> None: ...
    def close(self) -> None: ...


def fields_of(record: type[Record], actor: Actor) -> list[Field]:
    """What an export gives: what the actor may import again first, then all else they may read."""
    readable = {f.name: f for f in record.readable(actor)}
    again = [f for f in importable(record, actor) if isinstance(f, Field)]
    names = dict.fromkeys(
        [
            *(f.name for f in again if f.name in readable or f.name == "external_id" or f.name in record.history),
            *readable,
        ]
    )
    fields = [record.field(name) for name in names if record.may_read(name, actor)]
    return [f for f in fields if not f.many and not f.computed]


def export_rows(
    record: type[Record], actor: Actor, where: F, form: str, out: BinaryIO, *, encoding: str = "utf-8-sig", state: State | None = None
) -> Told:  # fmt: skip
    """Write the rows of a filter (or of a whole list state). Forbidden without the right to export."""
    told = Told()
    out.writelines(export_parts(record, actor, state or State(where=where), form, encoding, told))
    return told


def export_parts(
    record: type[Record],
    actor: Actor,
    state: State,
    form: str,
    encoding: str = "utf-8-sig",
    told: Told | None = None,
    *,
    trial: bool = False,
) -> Iterator[bytes]:
    """The file in parts, made as they are asked for. What is not allowed is said at once, before the first part.
    trial: nothing of it leaves noren, so no fact is told of it."""
    if form not in FORMATS:
        raise Invalid(format=_("Choose csv, xlsx or json."))
    if encoding not in ENCODINGS:
        raise Invalid(encoding=_("Choose utf-8-sig, utf-8 or cp932."))
    if not actor.may(record.word(), "export"):
        raise Forbidden
    told = told or Told()
    parts = _parts(record, actor, state, form, encoding, told)
    return parts if trial else _noted(parts, record, actor, form, told)


def _noted(parts: Iterator[bytes], record: type[Record], actor: Actor, form: str, told: Told) -> Iterator[bytes]:
    """The same parts; how many rows went out is told at the end, also when the reader breaks off."""
    try:
        yield from parts
    finally:
        with transaction.atomic():
            publish(ExportMade(0, of=record.word(), rows=told.rows, form=form), by=actor)


def _parts(record: type[Record], actor: Actor, state: State, form: str, encoding: str, told: Told) -> Iterator[bytes]:
    with override(actor.locale):
        columns = _columns(record, actor)
        with tempfile.TemporaryFile() as file:
            writer = _writer(form, columns, file, encoding, told)
            for cells in _cells(record, actor, state, columns):
                writer.row(cells)
                told.rows += 1
                if form != "xlsx" and file.tell() > PART:
                    yield _emptied(file)
            writer.close()
            file.seek(0)
            while part := file.read(PART):
                yield part


def _emptied(file: Any) -> bytes:
    file.seek(0)
    part: bytes = file.read()
    file.seek(0)
    file.truncate()
    return part


def _columns(record: type[Record], actor: Actor) -> list[_Column]:
    fields = fields_of(record, actor)
    labels = [str(f.label) for f in fields]
    places = exponent(firm().currency)
    made = []
    for one, label in zip(fields, labels, strict=True):
        name = label if labels.count(label) == 1 else f"{label} ({one.name})"
        if one.kind == "ref" and one.target is not None:
            target = record_of(one.target)
            path = f"{one.path}__{title_path(target)}"
            limit = behind(record.model, path, actor)
            second = f"{one.path}__external_id" if "external_id" in target.known_by else ""
            made.append(_Column(one, name, path, second, None if limit is None else limit[1]))
        elif one.is_custom:
            made.append(_Column(one, name, "extra", shown=_custom(one)))
        else:
            made.append(_Column(one, name, one.path, shown=_shown(one, actor, places)))
    return made


def _custom(one: Field) -> Callable[[Any], Any]:
    return lambda extra: (extra or {}).get(one.key)


def _shown(one: Field, actor: Actor, places: int) -> Callable[[Any], Any]:
    if one.kind == "money" and places:
        return lambda value: None if value is None else Decimal(value).scaleb(-places)
    if one.kind == "choice":
        return lambda value: None if value in (None, "") else one.choice_label(value)
    if one.kind == "bool":
        return lambda value: None if value is None else (_("Yes") if value else _("No"))
    if one.kind == "datetime":
        return lambda value: None if value is None else value.astimezone(actor.zone)
    return lambda value: value


def _cells(record: type[Record], actor: Actor, state: State, columns: list[_Column]) -> Iterator[list[Any]]:
    """All rows in chunks by id: whatever their number, one chunk is in memory."""
    paths = list(dict.fromkeys(["pk", *(c.path for c in columns), *(c.second for c in columns if c.second)]))
    at = {path: index for index, path in enumerate(paths)}
    places = [(at[c.path], at[c.second] if c.second else -1, c) for c in columns]
    rows = narrowed(record, actor, state, "export").order_by("pk")
    doubled = {c.field.name: _doubled(c, actor) for c in columns if c.second}
    after = 0
    while True:
        found = list(rows.filter(pk__gt=after).values_list(*paths)[:CHUNK])
        ids = [values[0] for values in found]
        known = {
            c.field.name: set(record.model.every.filter(c.limit, pk__in=ids).values_list("pk", flat=True))
            for c in columns if c.limit is not None
        }  # fmt: skip
        for values in found:
            line = []
            for place, second, column in places:
                value = values[place]
                if value is not None and column.limit is not None and values[0] not in known[column.field.name]:
                    value = ""
                elif second >= 0 and value in doubled[column.field.name] and values[second]:
                    value = values[second]
                line.append(column.shown(value))
            yield line
        if len(found) < CHUNK:
            return
        after = found[-1][0]


def _doubled(column: _Column, actor: Actor) -> set[Any]:
    """Names that several rows of the target bear."""
    target: Any = column.field.target
    name = title_path(record_of(target))
    rows = visible(target, actor).order_by().values(name).annotate(times=models.Count("pk")).filter(times__gt=1)
    return set(rows.values_list(name, flat=True)[:100_000])


# -- forms of file ---------------------------------------------------------------------------------------------------


def _writer(form: str, columns: list[_Column], out: BinaryIO, encoding: str, told: Told) -> Writer:
    if form == "json":
        return _Json(columns, out)
    if form == "xlsx":
        return _Excel(columns, out)
    return _Csv(columns, out, encoding, told)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="microseconds" if value.microsecond else "seconds")
    if isinstance(value, date):
        return value.isoformat()
    return guarded(value) if isinstance(value, str) else str(value)


class _Csv:
    def __init__(self, columns: list[_Column], out: BinaryIO, encoding: str, told: Told) -> None:
        self.out, self.encoding, self.told = out, encoding, told
        self.text = io.StringIO(newline="")
        self.csv = csv.writer(self.text)
        if encoding == "utf-8-sig":
            out.write(b"\xef\xbb\xbf")
        self.csv.writerow([guarded(c.label) for c in columns])

    def row(self, cells: Sequence[Any]) -> None:
        texts = [_text(cell) for cell in cells]
        if self.encoding == "cp932":
            texts = [self._narrow(text) for text in texts]
        self.csv.writerow(texts)
        if self.text.tell() > 1 << 16:
            self._flush()

    def _narrow(self, text: str) -> str:
        try:
            text.encode("cp932")
        except UnicodeEncodeError:
            self.told.replaced += 1
            if len(self.told.samples) < 20:
                self.told.samples.append(text[:80])
            return "".join(c if _fits(c) else "〓" for c in text)
        return text

    def _flush(self) -> None:
        plain = "utf-8" if self.encoding == "utf-8-sig" else self.encoding
        self.out.write(self.text.getvalue().encode(plain, "replace"))
        self.text.seek(0)
        self.text.truncate()

    def close(self) -> None:
        self._flush()


def _fits(char: str) -> bool:
    try:
        char.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


class _Excel:
    """A workbook written row by row; openpyxl keeps the sheet in a temporary file."""

    def __init__(self, columns: list[_Column], out: BinaryIO) -> None:
        from openpyxl import Workbook

        self.out = out
        self.book = Workbook(write_only=True)
        self.sheet = self.book.create_sheet(title="noren")
        self.sheet.append([guarded(c.label) for c in columns])

    def row(self, cells: Sequence[Any]) -> None:
        self.sheet.append([self._cell(cell) for cell in cells])

    def _cell(self, value: Any) -> Any:
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int) and abs(value) < 10**15:
            return value
        if isinstance(value, date) and not isinstance(value, datetime) and value.year >= 1900:
            return value
        return ILLEGAL_CHARACTERS_RE.sub("", _text(value))[:32_767]

    def close(self) -> None:
        self.book.save(self.out)


class _Json:
    """A list of objects, keys as in the API."""

    def __init__(self, columns: list[_Column], out: BinaryIO) -> None:
        self.names = [c.field.name for c in columns]
        self.out = out
        self.first = True
        out.write(b"[")

    def row(self, cells: Sequence[Any]) -> None:
        values = {
            n: c if isinstance(c, str | int | float | bool | None | list | dict) else _text(c)
            for n, c in zip(self.names, cells, strict=True)
        }
        self.out.write(b"\n" if self.first else b",\n")
        self.out.write(json.dumps(values, ensure_ascii=False).encode())
        self.first = False

    def close(self) -> None:
        self.out.write(b"\n]\n")
