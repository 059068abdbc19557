"""Knowing rows again: which of a file's rows are there already, by the strongest natural key that speaks."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

from django.db import connection

from noren.core.base.text import fold
from noren.core.record.declare import Record
from noren.core.record.intake.matching.resolve import TIDY
from noren.core.record.intake.tally import Batch, Parsed

OWN_ID = ("external_id",)
Key = tuple[Any, ...]


class Matcher:
    """`keys(values)` gives all natural keys of a row, strongest first; `find` asks the table for them, a query per key."""

    def __init__(self, record: type[Record], mapped: set[str]) -> None:
        """mapped: the fields that the file fills."""
        self.record, self.model = record, record.model
        self.has_ids = "external_id" in mapped
        self.names = [_spoken(keys, mapped) for keys in record.keys]
        self.parts = [[self._part(name) for name in keys] for keys in self.names]
        self.references = [
            [(at, column.attname) for at, name in enumerate(keys) if (column := self.model.column(name)).is_relation]
            for keys in self.names
        ]
        self.queries = [self._query(keys) for keys in self.names]

    def _part(self, name: str) -> Callable[[dict[str, Any]], Any]:
        """How one column of a key is read from a row, folded as the table compares it."""
        column: Any = self.model._meta.get_field(name)
        attname = column.attname
        if name == "email":
            return lambda values: values["email"].lower() if values.get("email") else None
        if name == "name_key":
            return lambda values: TIDY["name_key"](values["legal_name"])[:200] if values.get("legal_name") else None
        if name == "name_fold":
            return lambda values: (
                fold(_full(values))[:200] if "family_name" in values or "given_name" in values else None
            )
        return lambda values: values.get(attname)

    def keys(self, values: dict[str, Any]) -> list[Key | None]:
        """One entry per natural key: its values, or None when a part is missing."""
        found: list[Key | None] = []
        for parts in self.parts:
            key = []
            for part in parts:
                value = part(values)
                if value is None or value == "":
                    break
                key.append(value)
            else:
                found.append(tuple(key))
                continue
            found.append(None)
        return found

    def columns(self, rows: list[Parsed], batch: Batch) -> list[list[Key | None]]:
        """Per natural key, the key of each row, now that references are known."""
        if batch.lines is None:
            each = [self.keys(row.values) for row in rows]
            return [[keys[at] for keys in each] for at in range(len(self.names))]
        found = []
        for keys, references in zip(batch.keys, self.references, strict=True):
            mine = [keys[row.at] for row in rows]
            for at, attname in references:
                mine = [_with(key, at, row.late.get(attname)) for key, row in zip(mine, rows, strict=True)]
            found.append(mine)
        return found

    def speaking(self, keys: list[Key | None]) -> list[tuple[int, Key]]:
        """The keys that tell rows of one file apart: one with an id of its own is another thing, however alike."""
        found = [(at, key) for at, key in enumerate(keys) if key is not None]
        return found[:1] if self.has_ids and found and self.names[found[0][0]] == OWN_ID else found

    def _query(self, keys: tuple[str, ...]) -> str:
        columns: list[Any] = [self.model._meta.get_field(name) for name in keys]
        types = [array_type(c) for c in columns]
        places = [f'lower(t."{c.column}")' if c.name == "email" else f't."{c.column}"' for c in columns]
        tests = [f"{place} = k.k{at}" for at, place in enumerate(places)]
        tests += [f"t.\"{c.column}\" <> ''" for c, kind in zip(columns, types, strict=True) if kind == "text"]
        named = [f"k{at}" for at in range(len(keys))]
        if self._claims(keys):
            tests.append("(t.external_id IS NULL OR NOT k.claims)")
            named.append("claims")
            types.append("boolean")
        # OFFSET keeps the inner question a question of its own, asked of the index once a row. As a join it would be turned
        # around, and the whole table compared with each row, by a planner that knows nothing yet of a table that fills.
        return (
            f"SELECT found.id, k.at FROM unnest({', '.join(f'%s::{kind}[]' for kind in types)}) "
            f"WITH ORDINALITY AS k({', '.join(named)}, at), "
            f'LATERAL (SELECT t.id FROM "{self.model._meta.db_table}" t '
            f"WHERE {' AND '.join(tests)} AND t.removed_at IS NULL OFFSET 0) AS found"
        )

    def _claims(self, keys: tuple[str, ...]) -> bool:
        """Whether a row with an id of its own must not be taken for a row with another one."""
        return self.has_ids and keys != OWN_ID

    def find(self, rows: list[Parsed], columns: list[list[Key | None]], made: Container[int]) -> None:
        """Set `row_id` of the rows that are there. Nothing points yet at rows in `made` (or, in a dry run, at those below
        zero, which are imagined)."""
        own = next((column for names, column in zip(self.names, columns, strict=True) if names == OWN_ID), None)
        for names, sql, column, references in zip(self.names, self.queries, columns, self.references, strict=True):
            asked = [at for at, key in enumerate(column) if key is not None and not rows[at].row_id]
            for place, _attname in references:
                asked = [at for at in asked if (pk := column[at][place]) > 0 and pk not in made]  # type: ignore[index]
            if not asked:
                continue
            params = [_array(values) for values in zip(*[column[at] for at in asked], strict=True)]
            if self._claims(names):
                has = [own[at] if own else rows[at].values.get("external_id") for at in asked]
                params.append(_array(["t" if one else "f" for one in has]))
            with connection.cursor() as cursor:
                cursor.execute(sql, params)
                for pk, number in cursor.fetchall():
                    row = rows[asked[number - 1]]
                    row.row_id = row.row_id or pk


def _with(key: Key | None, at: int, pk: Any) -> Key | None:
    """The key with a reference that has become known; None without one."""
    return None if key is None or pk is None or pk == "" else (*key[:at], pk, *key[at + 1 :])


def _spoken(keys: tuple[str, ...], mapped: set[str]) -> tuple[str, ...]:
    """A key of three and more parts speaks without those of which the file has no column, as long as two are left."""
    left = tuple(name for name in keys if name in mapped)
    return left if len(keys) > 2 and len(left) >= 2 else keys


def _full(values: dict[str, Any]) -> str:
    return f"{values.get('family_name') or ''}{values.get('given_name') or ''}"


def _array(values: Sequence[Any]) -> str:
    """An array as PostgreSQL reads it: one text is quoted once, a list of ten thousand would be dumped one by one."""
    if not isinstance(values[0], str):
        return "{" + ",".join(map(str, values)) + "}"
    text = '","'.join(values)
    if "\\" in text or text.count('"') != 2 * (len(values) - 1):
        text = '","'.join([value.replace("\\", "\\\\").replace('"', '\\"') for value in values])
    return '{"' + text + '"}'


def array_type(column: Any) -> str:
    kind = column.db_type(connection)
    return (
        "text" if kind.startswith(("varchar", "text")) else "bigint" if kind in ("integer", "smallint") else str(kind)
    )
