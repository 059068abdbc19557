"""The connection pool, which looks whether a connection still stands without asking the server each time."""

from __future__ import annotations

import select
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap
from psycopg.types.datetime import TimestamptzLoader
from psycopg_pool import ConnectionPool

PREPARED_FROM = 2  # times a query is sent before the database keeps its plan
PREPARED = 120  # plans kept by each connection, of some 120 kB


def stands(link: psycopg.Connection[Any]) -> None:
    """Raise when the server has ended a connection.

    Nothing comes in on an idle connection, so the question goes to the socket; only when it has something to read
    (the end, or a notice) is the server asked. Saves a round trip per request.
    """
    socket = select.poll()
    socket.register(link.fileno(), select.POLLIN)
    if socket.poll(0):
        ConnectionPool.check_connection(link)


class Moment(TimestamptzLoader):
    """Moments as the server writes them in UTC, read by the interpreter itself; a list page has a hundred."""

    timezone: tzinfo = UTC  # Django looks here whether it needs a loader of its own

    def load(self, data: Buffer) -> datetime:
        try:
            made = datetime.fromisoformat(str(data, "ascii"))
        except ValueError:  # for ever, before Christ: psycopg says what is wrong
            return super().load(data).astimezone(UTC)
        return made if made.tzinfo is UTC else made.astimezone(UTC)


@cache
def _adapters(plain: AdaptersMap) -> AdaptersMap:
    made = AdaptersMap(plain)
    made.register_loader("timestamptz", Moment)
    return made


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's, but for what the pool does before it hands out a connection, moments, and prepared statements.

    Only queries that `core.base.kept` sends are prepared; Django's own cursors never do.
    """

    def get_connection_params(self) -> dict[str, Any]:
        made = super().get_connection_params()
        if self.timezone is UTC:
            made["context"] = _adapters(made["context"])
        return {**made, "prepare_threshold": PREPARED_FROM}

    def _configure_connection(self, connection: psycopg.Connection[Any]) -> bool:
        connection.prepared_max = PREPARED
        return bool(super()._configure_connection(connection))  # type: ignore[misc]

    @property
    def pool(self) -> Any:
        made = super().pool
        if made is not None and made._check is ConnectionPool.check_connection:
            made._check = stands
        return made
