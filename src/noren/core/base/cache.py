"""A small shared store for counters and locks: one UNLOGGED PostgreSQL table, atomic, the same for every process.

Local memory would count per process, and Django's database cache reads before it writes; both let more through than
the limit says. Values are JSON. A crash of the database empties the table, which is all right for limits.
"""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection

TABLE = "noren_cache"


class Table(BaseCache):
    """Django's cache on the table that a migration of accounts makes."""

    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def _until(self, timeout: Any) -> float:
        """Seconds since the epoch; a hundred years for "never"."""
        end = self.get_backend_timeout(timeout)
        return time.time() + 3.2e9 if end is None else float(end)

    def _run(self, statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else [(cursor.rowcount,)]

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Set only when the key is free or has run out; of many at once exactly one gets True."""
        made = self._run(
            f"INSERT INTO {TABLE} AS c (key, value, until) VALUES (%s, %s, to_timestamp(%s)) ON CONFLICT (key) DO UPDATE "  # noqa: S608
            "SET value = EXCLUDED.value, until = EXCLUDED.until WHERE c.until <= clock_timestamp() RETURNING 1",
            [self.make_and_validate_key(key, version=version), json.dumps(value), self._until(timeout)],
        )
        return bool(made)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        found = self._run(
            f"SELECT value FROM {TABLE} WHERE key = %s AND until > clock_timestamp()",  # noqa: S608
            [self.make_and_validate_key(key, version=version)],
        )
        return json.loads(found[0][0]) if found else default

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._run(
            f"INSERT INTO {TABLE} (key, value, until) VALUES (%s, %s, to_timestamp(%s)) ON CONFLICT (key) DO UPDATE "  # noqa: S608
            "SET value = EXCLUDED.value, until = EXCLUDED.until",
            [self.make_and_validate_key(key, version=version), json.dumps(value), self._until(timeout)],
        )

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        found = self._run(
            f"UPDATE {TABLE} SET value = (value::bigint + %s)::text WHERE key = %s AND until > clock_timestamp() "  # noqa: S608
            "RETURNING value::bigint",
            [delta, self.make_and_validate_key(key, version=version)],
        )
        if not found:
            raise ValueError(f"there is nothing under {key}")
        return int(found[0][0])

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        found = self._run(
            f"UPDATE {TABLE} SET until = to_timestamp(%s) WHERE key = %s AND until > clock_timestamp() RETURNING 1",  # noqa: S608
            [self._until(timeout), self.make_and_validate_key(key, version=version)],
        )
        return bool(found)

    def delete(self, key: str, version: int | None = None) -> bool:
        gone = self._run(
            f"DELETE FROM {TABLE} WHERE key = %s RETURNING 1",  # noqa: S608
            [self.make_and_validate_key(key, version=version)],
        )
        return bool(gone)

    def clear(self) -> None:
        self._run(f"DELETE FROM {TABLE}", [])  # noqa: S608

    def sweep(self) -> int:
        """Drop what has run out; how many."""
        gone = self._run(f"DELETE FROM {TABLE} WHERE until <= clock_timestamp() RETURNING 1", [])  # noqa: S608
        return len(gone)
