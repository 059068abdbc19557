"""Write many rows of one noun at database speed: COPY for new rows, their search entries, their history and their facts;
one UPDATE from a temporary table for rows that change."""

from __future__ import annotations

import json
import re
import struct
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from struct import unpack_from
from typing import Any

from django.db import connection, models
from django.db.models.base import ModelState
from django.utils import timezone
from psycopg.types.json import Jsonb

from noren.core.access.actor import Actor
from noren.core.base.model import Model
from noren.core.base.search import entry_model
from noren.core.base.text import SEP, grams
from noren.core.event.event import Event
from noren.core.event.models import Fact

BLOCK = 500  # lines of COPY sent at once


class Drafts:
    """Makes row objects without the cost of Model.__init__: same class, same methods, plain __dict__."""

    def __init__(self, model: type[Model]) -> None:
        self.model = model
        blank = model()
        self.template = {
            k: v for k, v in blank.__dict__.items() if k not in ("_state", "id", "created_at", "updated_at")
        }
        self.template.update(id=None, removed_at=None, extra={}, version=1)

    def make(self, values: dict[str, Any], refs: dict[str, Any] | None = None) -> Any:
        row = self.model.__new__(self.model)
        state = ModelState()
        state.fields_cache = refs or {}
        row.__dict__ = {**self.template, **values, "_state": state}
        return row


def take_turns() -> None:
    """Imports, and the undoing of imports, go one after the other, a chunk each: what one brought or took is known to the
    next. Holds to the end of the transaction; waiting for it may take as long as a chunk of the other one does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true)")
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('noren import'))")
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


def copy_columns(model: type[Model], named: Iterable[str]) -> list[models.Field[Any, Any]]:
    """The columns a COPY must name: the given ones, what `settle` fills, and all without a default in the database."""
    wanted = {"id", *named}
    for name in model.settled:
        wanted.add(model._meta.get_field(name).attname)  # type: ignore[union-attr]
    if model.searched:
        wanted.add("said")
    return [c for c in model._meta.concrete_fields if c.attname in wanted or (not c.null and not c.has_db_default())]


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """A block of ids from the table's own sequence."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(s.name) FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name OFFSET 0) AS s, "
            "generate_series(1, %s)",
            [f'"{model._meta.db_table}"', count],
        )
        return [row[0] for row in cursor.fetchall()]


def insert(model: type[Model], rows: Sequence[Any], columns: Sequence[models.Field[Any, Any]]) -> None:
    """COPY settled drafts, ids given, with their search entries and spans."""
    if model.searched:
        for row in rows:
            row.said = row.search_text()
    _copy_rows(model._meta.db_table, rows, columns)
    if model.searched:
        write_search(model, rows)
    if model.kept:
        write_spans(model, rows)


def _copy_rows(table: str, rows: Sequence[Any], columns: Sequence[Any]) -> None:
    lines = Lines(columns)
    copy_lines(table, [c.column for c in lines.columns], map(lines.text, rows))


def copy_lines(table: str, columns: Iterable[str], lines: Iterable[str]) -> None:
    """COPY of lines that are made already, without their line ends."""
    quoted = ", ".join(f'"{name}"' for name in columns)
    source = iter(lines)
    with connection.cursor() as cursor, cursor.copy(f'COPY "{table}" ({quoted}) FROM STDIN') as copy:
        while block := list(islice(source, BLOCK)):
            copy.write("\n".join(block) + "\n")


class Lines:
    """Rows as lines of COPY: `columns`, apart by tabs. Texts stand first, for nearly always they hold nothing to escape."""

    def __init__(self, columns: Sequence[Any]) -> None:
        texts = [c for c in columns if isinstance(c, (models.CharField, models.TextField)) and not c.null]
        others = [c for c in columns if c not in texts]
        self.columns = [*texts, *others]
        self.texts = [c.attname for c in texts]
        self.others = [(c.attname, isinstance(c, models.JSONField)) for c in others]

    def text(self, row: Any) -> str:
        inner = row.__dict__
        try:
            line = "\t".join([inner[name] for name in self.texts])
            plain = not _ESCAPED.search(line) and line.count("\t") < max(len(self.texts), 1)
        except TypeError:
            plain = False
        if not plain:
            line = "\t".join([_cell(inner[name]) for name in self.texts])
        if not self.others:
            return line
        rest = "\t".join([_cell(inner[name], is_json) for name, is_json in self.others])
        return f"{line}\t{rest}" if self.texts else rest


_ESCAPED = re.compile(r"[\\\n\r]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _cell(value: Any, is_json: bool = False) -> str:
    """A value as COPY reads it."""
    if is_json:
        return json.dumps(value).translate(_ESCAPES)
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    return "\\N" if value is None else str(value)


def json_cell(value: Any) -> str:
    """A value as COPY reads it into a column of JSON that may be empty."""
    return "\\N" if value is None else _cell(value, is_json=True)


def head_of(row_id: int, late: Iterable[Any]) -> str:
    """The cells of a line that are known last: its id, and what references turned out to be."""
    return "\t".join([str(row_id), *map(_cell, late)])


class _Triples(dict[bytes, str]):
    """Three ASCII characters -> their gram, packed; empty across a space. There are less than a million, few in use."""

    def __missing__(self, triple: bytes) -> str:
        found = "".join(_packed(triple.decode()))
        if len(self) < 50_000:
            self[triple] = found
        return found


_TRIPLES = _Triples()
_GRAM = struct.Struct(">i")


def _packed(part: str) -> list[str]:
    """The grams of a text, each as the four bytes that a binary COPY wants, one character a byte: texts sort fastest."""
    return [_GRAM.pack(gram).decode("latin-1") for gram in grams(part)]


def _narrow_words(line: bytes) -> set[str]:
    """The grams of ASCII texts. struct cuts every third triple at once: addresses and numbers are seldom met twice."""
    count = len(line)
    triples = {
        *unpack_from("3s" * (count // 3), line),
        *unpack_from("3s" * ((count - 1) // 3), line, min(1, count)),
        *unpack_from("3s" * ((count - 2) // 3), line, min(2, count)),
    }
    found = set(map(_TRIPLES.__getitem__, triples))
    found.discard("")
    return found


@lru_cache(16_000)
def _wide_words(part: str) -> tuple[str, ...]:
    """The grams of a folded field, packed and remembered: names, posts and companies come again and again."""
    return tuple(_packed(part))


def write_search(model: type[Model], rows: Sequence[Any]) -> None:
    """Entries of new rows. The grams of a text are those of its fields: no gram spans the mark between them."""
    copy_search(model, [row.id for row in rows], map(search_entry, rows))


_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_ROW = struct.Struct(">hiq")  # three columns, the first of eight bytes: the id
_TEXT = struct.Struct(">i")  # how long the text is
_ARRAY = struct.Struct(">iiiiii")  # how long; one dimension, no NULL, of int4; how many, the first is number 1
_NO_ARRAY = struct.pack(">iiii", 12, 0, 0, 23)
_FOUR = "\0\0\0\4"  # how long a gram is


def copy_search(model: type[Model], ids: Sequence[int], entries: Iterable[bytes]) -> None:
    """Entries made by `search_entry`, put in by binary COPY, which spares the server reading fifty numbers a row."""
    source = zip(ids, entries, strict=True)
    table = entry_model(model)._meta.db_table
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{table}" (row_id, q, g) FROM STDIN (FORMAT binary)') as copy,
    ):
        copy.write(_SIGNATURE)
        while block := list(islice(source, BLOCK)):
            copy.write(b"".join([part for pk, entry in block for part in (_ROW.pack(3, 8, pk), entry)]))
        copy.write(_END)


def search_entry(row: Model) -> bytes:
    """Text and grams of a row's entry in the words of binary COPY. The grams are in order, negative ones first: the
    index sorts them, and what is sorted already costs it half."""
    text: str = row.said
    parts = text.split(SEP)
    found = _narrow_words(" ".join(filter(str.isascii, parts)).encode())
    for part in parts:
        if not part.isascii():
            found.update(_wide_words(part))
    said = text.encode()
    count = len(found)
    if not count:
        return _TEXT.pack(len(said)) + said + _NO_ARRAY
    ordered = sorted(found)
    if ordered[-1] >= "\x80":
        at = bisect_left(ordered, "\x80")
        ordered = ordered[at:] + ordered[:at]
    head = _ARRAY.pack(20 + 8 * count, 1, 0, 23, count, 1)
    return b"".join((_TEXT.pack(len(said)), said, head, (_FOUR + _FOUR.join(ordered)).encode("latin-1")))


def write_spans(model: type[Model], rows: Sequence[Any]) -> None:
    """The history a row tells of itself: `story()` gives (from, values) in order; else what it is, from now on."""
    meta: Any = model._meta
    spans = meta.get_field("spans").related_model
    attnames = [model._meta.get_field(n).attname for n in model.kept]  # type: ignore[union-attr]
    quoted = ", ".join(f'"{spans._meta.get_field(n).column}"' for n in model.kept)
    now = timezone.now()
    sql = f'COPY "{spans._meta.db_table}" (row_id, from_at, to_at, recorded_at, {quoted}) FROM STDIN'
    lines = []  # told before the COPY opens: a story may ask the database for the firm's time zone
    for row in rows:
        steps = row.story(now) if hasattr(row, "story") else [(now, {})]
        for at, (start, values) in enumerate(steps):
            end = steps[at + 1][0] if at + 1 < len(steps) else None
            lines.append((row.id, start, end, now, *(values.get(n, row.__dict__[n]) for n in attnames)))
    with connection.cursor() as cursor, cursor.copy(sql) as copy:
        for line in lines:
            copy.write_row(line)


def rewrite(model: type[Model], rows: Sequence[Any], changed: Iterable[str], *, back: bool = False) -> None:
    """Store changed columns of settled rows: version and search entry move along, history is kept. back: what the rows are
    until now was a mistake, and is taken out of their history."""
    said = ("said",) if model.searched else ()
    names = {*changed, "version", "updated_at", *said, *(model._meta.get_field(n).attname for n in model.settled)}  # type: ignore[union-attr]
    columns: list[Any] = [c for c in model._meta.concrete_fields if c.attname in names]
    key: Any = model._meta.pk
    now = timezone.now()
    for row in rows:
        row.version += 1
        row.updated_at = now
        if said:
            row.said = row.search_text()
    quoted = ", ".join(f'"{c.column}"' for c in (key, *columns))
    sets = ", ".join(f'"{c.column}" = n."{c.column}"' for c in columns)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'CREATE TEMPORARY TABLE import_change ON COMMIT DROP AS SELECT {quoted} FROM "{table}" WITH NO DATA'
        )
        _copy_rows("import_change", rows, (key, *columns))
        cursor.execute(f'UPDATE "{table}" t SET {sets} FROM import_change n WHERE t.id = n.id')
        cursor.execute("DROP TABLE import_change")
    if model.searched:
        _rewrite_search(model, rows)
    if model.kept:
        meta: Any = model._meta
        last = meta.get_field("spans").related_model.objects.filter(
            row__in=[row.pk for row in rows] if back else (), to_at=None
        )
        began = dict(last.values_list("row_id", "from_at"))
        for row in rows:
            row.keep(began.get(row.pk))


def _rewrite_search(model: type[Model], rows: Sequence[Any]) -> None:
    """New entries for rows whose text is another one now; most changes are of fields that nobody searches."""
    table = entry_model(model)._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT row_id, q FROM "{table}" WHERE row_id = ANY(%s::bigint[])', [_array([row.id for row in rows])]
        )
        there = dict(cursor.fetchall())
        rows = [row for row in rows if there.get(row.id) != row.said]
        cursor.execute(f'DELETE FROM "{table}" WHERE row_id = ANY(%s::bigint[])', [_array([row.id for row in rows])])
    write_search(model, rows)


def _array(ids: Sequence[int]) -> str:
    return "{" + ",".join(map(str, ids)) + "}"


def tell_plain(event: type[Event], ids: Sequence[int], *, by: Actor, batch: int | None) -> tuple[int, int]:
    """The same fact, without payload, of many rows: made by the database. Gives the first and last id."""
    sql = (
        "WITH told AS (INSERT INTO event_fact (name, noun, subject_id, payload, by_id, via, depth, batch, at, recorded_at) "
        "SELECT %s, %s, pk, '{}', %s, %s, 0, %s, %s, %s FROM unnest(%s::bigint[]) AS x(pk) RETURNING id) "
        "SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM told"
    )
    now = timezone.now()
    noun = event.noun() if ids else ""
    with connection.cursor() as cursor:
        cursor.execute(sql, [event.name, noun, by.user_id, by.via, batch, now, now, _array(ids)])
        first, last = cursor.fetchone()
    return first, last


def tell(
    events: Sequence[tuple[Event, datetime | None]], *, by: Actor, batch: int | None,
    changes: Sequence[dict[str, Any] | None] | None = None,
) -> tuple[int, int]:  # fmt: skip
    """Facts by COPY; gives the first and last id (a block of its own)."""
    if not events:
        return 0, 0
    ids = reserve_ids(Fact, len(events))
    now = timezone.now()
    sql = (
        "COPY event_fact (id, name, noun, subject_id, payload, changes, by_id, via, depth, batch, at, recorded_at) "
        "FROM STDIN"
    )
    empty = Jsonb({})
    with connection.cursor() as cursor, cursor.copy(sql) as copy:
        for i, (event, at) in enumerate(events):
            payload = event.payload()
            change = changes[i] if changes else None
            copy.write_row((
                ids[i], event.name, event.noun(), event.subject, Jsonb(payload) if payload else empty,
                Jsonb(change) if change else None, by.user_id, by.via, 0, batch, at or now, now,
            ))  # fmt: skip
    return ids[0], ids[-1]
