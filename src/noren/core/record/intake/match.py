"""Knowing rows again: which of a file's rows are there already, by the strongest natural key that speaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection

from noren.core.base.text import fold
from noren.core.record.declare import Record
from noren.core.record.intake.resolve import TIDY
from noren.core.record.intake.tally import Parsed

OWN_ID = ("external_id",)
Key = tuple[Any, ...]


class Matcher:
    """`keys(row)` gives all natural keys of a row, strongest first; `find` asks the table for them, a query per key."""

    def __init__(self, record: type[Record], mapped: set[str], *, imagines: bool) -> None:
        """mapped: the fields that the file fills; imagines: a dry run, in which references may have made-up ids below zero."""
        self.record, self.model = record, record.model
        self.has_ids, self.imagines = "external_id" in mapped, imagines
        self.names = [_spoken(keys, mapped) for keys in record.keys]
        self.parts = [[self._part(name) for name in keys] for keys in self.names]
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

    def keys(self, row: Parsed) -> list[Key | None]:
        """One entry per natural key: its values, or None when a part is missing."""
        values = row.values
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

    def speaking(self, keys: list[Key | None]) -> list[tuple[int, Key]]:
        """The keys that tell rows of one file apart: one with an id of its own is another thing, however alike."""
        found = [(at, key) for at, key in enumerate(keys) if key is not None]
        return found[:1] if self.has_ids and found and self.names[found[0][0]] == OWN_ID else found

    def _query(self, keys: tuple[str, ...]) -> tuple[str, list[str]]:
        columns: list[Any] = [self.model._meta.get_field(name) for name in keys]
        types = [_array_type(c) for c in columns]
        places = [f'lower(t."{c.column}")' if c.name == "email" else f't."{c.column}"' for c in columns]
        tests = [f"{place} = k.k{at}" for at, place in enumerate(places)]
        tests += [f"t.\"{c.column}\" <> ''" for c, kind in zip(columns, types, strict=True) if kind == "text"]
        if keys != OWN_ID:
            tests.append("(t.external_id IS NULL OR NOT k.claims)")
        named = ", ".join(f"k{at}" for at in range(len(keys)))
        unnest = ", ".join(f"%s::{kind}[]" for kind in types)
        sql = (
            f"SELECT t.id, {named} FROM unnest({unnest}, %s::boolean[]) AS k({named}, claims) "
            f'JOIN "{self.model._meta.db_table}" t ON {" AND ".join(tests)} AND t.removed_at IS NULL'
        )
        return sql, types

    def find(self, pairs: list[tuple[Parsed, list[Key | None]]]) -> None:
        """Set `row_id` of the rows that are there."""
        waiting = pairs
        for at, (sql, _types) in enumerate(self.queries):
            by_key: dict[Key, list[Parsed]] = {}
            for row, keys in waiting:
                key = keys[at]
                if key is not None and not (self.imagines and any(isinstance(part, int) and part < 0 for part in key)):
                    by_key.setdefault(key, []).append(row)
            if not by_key:
                continue
            params = [_array(values) for values in zip(*by_key, strict=True)]
            claims = self.has_ids and [any(row.values.get("external_id") for row in rows) for rows in by_key.values()]
            params.append(_array(claims or ["f"] * len(by_key)))
            with connection.cursor() as cursor:
                cursor.execute(sql, params)
                for pk, *key in cursor.fetchall():
                    for row in by_key.get(tuple(key), ()):
                        row.row_id = row.row_id or pk
            waiting = [pair for pair in waiting if not pair[0].row_id]
            if not waiting:
                return


def _spoken(keys: tuple[str, ...], mapped: set[str]) -> tuple[str, ...]:
    """A key of three and more parts speaks without those of which the file has no column, as long as two are left."""
    left = tuple(name for name in keys if name in mapped)
    return left if len(keys) > 2 and len(left) >= 2 else keys


def _full(values: dict[str, Any]) -> str:
    return f"{values.get('family_name') or ''}{values.get('given_name') or ''}"


def _array(values: Any) -> str:
    """An array as PostgreSQL reads it: one text is quoted once, a list of ten thousand would be dumped one by one."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Any) -> str:
    if isinstance(value, str):
        if "\\" in value or '"' in value:
            value = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{value}"'
    return str(value)


def _array_type(column: Any) -> str:
    kind = column.db_type(connection)
    return (
        "text" if kind.startswith(("varchar", "text")) else "bigint" if kind in ("integer", "smallint") else str(kind)
    )
