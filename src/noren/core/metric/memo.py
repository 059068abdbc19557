"""Answers of the database remembered as long as nothing has changed.

Every change through the doors writes a fact after what it changed, in the same transaction; settings and rights move the
access stamp. So the newest fact's number and the stamp name a state of the data, provided no transaction was writing when
they were read: one that was could still commit facts with lower numbers. At such moments nothing is remembered, so an
answer is never older than the data. What is changed past the doors (by hand in SQL) moves the number of the cubes' last
change when cubes are made of it, else it shows after `OLDEST` seconds.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")
OLDEST = 20.0
MOST = 512  # answers
LARGEST = 2000  # rows of an answer worth keeping

Mark = tuple[str, int | None, int | None, int | None] | None
_answers: OrderedDict[Any, tuple[float, Any]] = OrderedDict()
_lock = Lock()
_moment: ContextVar[list[Mark] | None] = ContextVar("moment", default=None)

# Whoever changes a row holds such a lock on its table until the end of the transaction, this connection too. Neighbors in
# other databases of the same server do not matter, nor do the server's own tables (below 16384).
_STATE = (
    "SELECT NOT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'relation' AND relation >= 16384 AND granted AND mode IN"
    " ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),"
    " (SELECT max(id) FROM event_fact), (SELECT number FROM access_stamp WHERE id = 1),"
    " pg_sequence_last_value(to_regclass('cube_change'))"
)


@contextlib.contextmanager
def one_moment() -> Iterator[None]:
    """Inside, the state of the data is looked at once: for a page that asks many things. The outermost counts."""
    if _moment.get() is not None:
        yield
        return
    token = _moment.set([])
    try:
        yield
    finally:
        _moment.reset(token)


def run(text: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a query, from memory when the data is as it was."""

    def read() -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(text, params)
            return list(cursor.fetchall())

    return keep(("sql", text, repr(params)), read)


def keep(key: tuple[Any, ...], make: Callable[[], T]) -> T:
    """What `make` gives, remembered under `key` as long as the data is as it was.

    The key must name all else it is made of: who asks, the language, the day. What is kept must not be changed.
    """
    mark = _state()
    if mark is None:
        return make()
    whole = (mark, *key)
    with _lock:
        found = _answers.get(whole)
        if found is not None and monotonic() - found[0] < OLDEST:
            _answers.move_to_end(whole)
            return found[1]  # type: ignore[no-any-return]
    made = make()
    if not isinstance(made, list) or len(made) <= LARGEST:
        with _lock:
            _answers[whole] = (monotonic(), made)
            while len(_answers) > MOST:
                _answers.popitem(last=False)
    return made


def _state() -> Mark:
    """What names the present data; None while somebody writes."""
    shared = _moment.get()
    if shared:
        return shared[0]
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        quiet, fact, stamp, change = cursor.fetchone()
    # Several databases (tests, a restore) must not share answers.
    mark = (str(connection.settings_dict["NAME"]), fact, stamp, change) if quiet else None
    if shared is not None:
        shared.append(mark)
    return mark


def forget() -> None:
    """Drop everything remembered (after a restore)."""
    with _lock:
        _answers.clear()
