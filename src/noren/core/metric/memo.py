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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

import psycopg
from django.db import DatabaseError, connection

T = TypeVar("T")
OLDEST = 20.0
MOST = 512  # answers
LARGEST = 2000  # rows of an answer worth keeping
PAGES = 200  # of which it is remembered what they ask

Mark = tuple[str, int | None, int | None, int | None] | None
Rows = list[tuple[Any, ...]]


@dataclass(slots=True)
class _Moment:
    """What is known inside one page. asked: statements put to the database, values
    written in; ahead: answers that came with the first."""

    page: Any = None
    marks: list[Mark] = field(default_factory=list)
    asked: dict[Any, bytes] = field(default_factory=dict)
    ahead: dict[Any, tuple[bytes, Rows]] | None = None


_answers: OrderedDict[Any, tuple[float, Any]] = OrderedDict()
_lock = Lock()
_moment: ContextVar[_Moment | None] = ContextVar("moment", default=None)
_asked: OrderedDict[Any, dict[Any, bytes]] = OrderedDict()

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
def one_moment(page: Any = None) -> Iterator[None]:
    """Inside, the state of the data is looked at once: for a page that asks many things. The outermost counts.

    page: what names the page and its reader. What it asked the last time is then asked all at once, in one trip.
    """
    if _moment.get() is not None:
        yield
        return
    moment = _Moment(page)
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)
        if page is not None and moment.asked:
            with _lock:
                _asked[page] = moment.asked
                while len(_asked) > PAGES:
                    _asked.popitem(last=False)


def run(text: str, params: Sequence[Any]) -> Rows:
    """The rows of a query, from memory when the data is as it was."""
    values = tuple(params)
    key = ("sql", text, repr(values))
    return keep(key, lambda: _read(key, text, values))


def _read(key: Any, text: str, params: tuple[Any, ...]) -> Rows:
    moment = _moment.get()
    if moment is None or moment.page is None:
        return _alone(text, params)
    if moment.ahead is None:
        moment.ahead = _as_last_time(moment.page)
    found = moment.ahead.get(key)
    if found is not None:
        moment.asked[key] = found[0]
        return found[1]
    ops: Any = connection.ops
    moment.asked[key] = str(ops.compose_sql(text, params)).encode()
    return _alone(text, params)


def _alone(text: str, params: tuple[Any, ...]) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return list(cursor.fetchall())


def _as_last_time(page: Any) -> dict[Any, tuple[bytes, Rows]]:
    """The answers to what a page asked the last time; nothing when that cannot be asked any more."""
    with _lock:
        usual = dict(_asked.get(page, ()))
    if len(usual) < 2:
        return {}
    try:
        return _together(usual)
    except DatabaseError:
        if connection.in_atomic_block:
            raise
        with _lock:
            _asked.pop(page, None)
        return {}


def _together(statements: Mapping[Any, bytes]) -> dict[Any, tuple[bytes, Rows]]:
    """The rows of several statements, in one trip; the database keeps their plans."""
    with connection.cursor():  # looked after as Django does
        link: Any = connection.connection
    with connection.wrap_database_errors, link.pipeline():
        cursors = [psycopg.Cursor(link).execute(text) for text in statements.values()]
        rows = [cursor.fetchall() for cursor in cursors]
    if connection.queries_logged:
        connection.queries_log.extend({"sql": text.decode(), "time": "0"} for text in statements.values())
    return {key: (text, found) for (key, text), found in zip(statements.items(), rows, strict=True)}


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
    if shared is not None and shared.marks:
        return shared.marks[0]
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        quiet, fact, stamp, change = cursor.fetchone()
    # Several databases (tests, a restore) must not share answers.
    mark = (str(connection.settings_dict["NAME"]), fact, stamp, change) if quiet else None
    if shared is not None:
        shared.marks.append(mark)
    return mark


def forget() -> None:
    """Drop everything remembered (after a restore)."""
    with _lock:
        _answers.clear()
