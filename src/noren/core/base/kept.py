"""Queries whose shape stays the same are put into SQL once, and those asked at the same time go out in one trip.

Django needs longer to write the query of a page than PostgreSQL to answer it, and PostgreSQL longer to plan it than to
run it. `kept` writes a query twice the first time, with other values each, and so learns which of its parameters are the
values; afterwards they are filled in, and the database keeps the plan as well (a prepared statement of the connection). A
query in which anything else differs between the two, or that holds a day or moment of its own, is written anew each time.

A part of a page that asks in steps is a generator: it yields lists of `Ask` and is sent their rows. `beside` puts several
of them into one, which asks for all that they want to know at the same time; `alone` and `together` answer them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from time import perf_counter
from types import GeneratorType
from typing import Any, TypeVar

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet
from psycopg.sql import Literal
from psycopg.types.numeric import Int8

MOST = 600  # remembered queries, of about 4 kB

T = TypeVar("T")
Build = Callable[..., QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Ask:
    """A query to be read: see `kept`. Without a key it is written anew each time.

    dated: the key names the day that the dates in the query come from, so that they may stay in it.
    """

    key: Hashable | None
    build: Build
    values: tuple[Any, ...]
    who: Any = None
    dated: bool = False


Asking = Generator[list[Ask], list[list[Any]], T]
"""A part that asks in steps and then gives a T."""


def ask(key: Hashable | None, build: Build, *values: Any, who: Any = None, dated: bool = False) -> Ask:
    return Ask(key, build, values, who, dated)


@dataclass(frozen=True, slots=True)
class _Made:
    """A query that was learned. `rows` is None when it cannot be kept; `sql` is empty when it can have no rows.

    spots: (place among the parameters, which value, how it is wrapped). text: the SQL with all but the values written in.
    """

    who: Any
    rows: QuerySet[Any] | None = None
    compiler: Any = None
    sql: str = ""
    params: tuple[Any, ...] = ()
    spots: tuple[tuple[int, int, Callable[[Any], Any] | None], ...] = ()
    text: bytes = b""
    converters: Any = None  # place of a value in a row -> how Django reads it


_made: dict[Hashable, _Made] = {}


def kept(key: Hashable, build: Build, *values: Any, who: Any = None) -> list[Any]:
    """The rows of `build(*values)`: a query set, ready but for being read.

    `key` and `who` (the actor, by identity) say all that the shape depends on besides the types of the values.
    """
    return read(Ask(key, build, values, who))


def read(one: Ask) -> list[Any]:
    """The rows of one query."""
    return read_all([one])[0]


def beside(*parts: Asking[Any] | Any) -> Asking[list[Any]]:
    """What the parts give, in their order; they ask side by side. Parts that ask nothing may be given as they are."""
    given: list[Any] = list(parts)
    waiting: list[tuple[int, Asking[Any], list[Ask]]] = []

    def go_on(at: int, part: Asking[Any], rows: list[list[Any]] | None) -> None:
        try:
            waiting.append((at, part, next(part) if rows is None else part.send(rows)))
        except StopIteration as end:
            given[at] = end.value

    for at, part in enumerate(parts):
        if isinstance(part, GeneratorType):
            go_on(at, part, None)
    while waiting:
        now, waiting = waiting, []
        rows = yield [one for _at, _part, asked in now for one in asked]
        start = 0
        for at, part, asked in now:
            go_on(at, part, rows[start : start + len(asked)])
            start += len(asked)
    return given


def alone(part: Asking[T]) -> T:
    """What a part gives, all that it asks being asked now."""
    try:
        asked = next(part)
        while True:
            asked = part.send(read_all(asked))
    except StopIteration as end:
        made: T = end.value
        return made


def together(*parts: Asking[Any] | Any) -> list[Any]:
    """What several parts give: see `beside`."""
    return alone(beside(*parts))


def read_all(asked: Sequence[Ask]) -> list[list[Any]]:
    """The rows of each, read in one trip but for those that cannot be kept."""
    known = [_known(one) for one in asked]
    sent = [(made, one.values) for made, one in zip(known, asked, strict=True) if made.rows is not None and made.sql]
    answers = iter(_answers(sent))
    found: list[list[Any]] = []
    for made, one in zip(known, asked, strict=True):
        if made.rows is None:
            found.append(list(one.build(*one.values)))
        else:
            found.append(_objects(made, next(answers)) if made.sql else [])
    return found


def _known(one: Ask) -> _Made:
    if one.key is None:
        return _Made(one.who)
    shape = (one.key, id(one.who), *map(type, one.values))
    made = _made.get(shape)
    if made is None or made.who is not one.who:
        if len(_made) >= MOST:
            _made.clear()
        made = _made[shape] = _learned(one)
    return made


def written(key: Hashable, build: Callable[[], QuerySet[Any]], who: Any = None) -> str:
    """The SQL of `build()` with its values written in (% doubled), for a statement around it. EmptyResultSet when it can
    have no rows."""
    made = _known(Ask(("written", key), build, (), who))
    return (made.text if made.sql else _with_constants(*build().query.sql_with_params(), set())).decode()


def rows_of(asked: Sequence[tuple[str, Sequence[Any]]]) -> list[list[Any]]:
    """The raw rows of each statement in SQL, in one trip. The database plans each but once, for whatever values come:
    only for statements that hold it to their way by themselves."""
    wrapper: Any = connections[DEFAULT_DB_ALIAS]
    link = _link()
    began = perf_counter()
    with wrapper.wrap_database_errors, link.pipeline():
        psycopg.Cursor(link).execute(_PLAN_ONCE)
        cursors = [psycopg.Cursor(link).execute(sql, values) for sql, values in asked]
    found = [cursor.fetchall() for cursor in cursors]
    if wrapper.queries_logged:
        took = f"{(perf_counter() - began) / max(len(asked), 1):.3f}"
        wrapper.queries_log.extend({"sql": sql, "time": took} for sql, _values in asked)
    return found


_PLAN_ONCE = (  # until the trip (or transaction) ends; to start other processes takes longer than these statements
    "SELECT set_config('plan_cache_mode', 'force_generic_plan', true), "
    "set_config('max_parallel_workers_per_gather', '0', true)"
)


def padded(ids: Iterable[int]) -> list[int]:
    """Some ids, the last one again and again until there are 1, 2, 4, 8, …: for `pk__in=` in few shapes."""
    listed = sorted(ids)
    size = 1 << max(len(listed) - 1, 0).bit_length()
    return listed + listed[-1:] * (size - len(listed))


def _learned(asked: Ask) -> _Made:
    build, values, who = asked.build, asked.values, asked.who
    first, second = (tuple(_mark(value, at, turn) for at, value in enumerate(values)) for turn in (0, 1))
    if any(type(mark) is not type(value) for mark, value in zip(first, values, strict=True)):
        return _Made(who)
    rows: Any = build(*first)
    try:
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        other_sql, other = build(*second).query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
    except EmptyResultSet:
        return _Made(who, rows)
    if sql != other_sql or rows._prefetch_related_lookups:
        return _Made(who)
    spots = []
    for at, (one, two) in enumerate(zip(params, other, strict=True)):
        if one == two:
            if isinstance(one, date) and not asked.dated:  # perhaps today
                return _Made(who)
            continue
        which = next((n for n, mark in enumerate(first) if mark == one and second[n] == two), None)
        if which is None:
            return _Made(who)
        spots.append((at, which, None if type(one) is type(first[which]) else type(one)))
    if {which for _at, which, _wrap in spots} != {at for at, value in enumerate(values) if value is not None}:
        return _Made(who)
    text = _with_constants(sql, params, {at for at, _which, _wrap in spots})
    converters = compiler.get_converters([column for column, *_rest in compiler.select[: compiler.col_count]])
    compiler.connection = None  # each reader brings the one of its thread
    return _Made(who, rows, compiler, sql, tuple(params), tuple(spots), text, converters)


def _with_constants(sql: str, params: Sequence[Any], spots: set[int]) -> bytes:
    """The SQL with every parameter written in but those at the spots: so the planner knows them."""
    link = _link()
    parts = sql.split("%s")
    written = [parts[0]]
    for at, (value, part) in enumerate(zip(params, parts[1:], strict=True)):
        written += ("%s" if at in spots else Literal(value).as_string(link).replace("%", "%%"), part)
    return "".join(written).encode()


def _link() -> psycopg.Connection[Any]:
    """The connection of this thread, looked after as Django's cursors do."""
    wrapper: Any = connections[DEFAULT_DB_ALIAS]
    wrapper.validate_thread_sharing()
    wrapper.close_if_health_check_failed()
    wrapper.ensure_connection()
    wrapper.validate_no_broken_transaction()
    link: psycopg.Connection[Any] = wrapper.connection
    return link


def _answers(sent: Sequence[tuple[_Made, tuple[Any, ...]]]) -> list[list[Any]]:
    """The raw rows of each statement, in one trip. The database keeps the plan of those it sees again."""
    if not sent:
        return []
    wrapper: Any = connections[DEFAULT_DB_ALIAS]
    link = _link()
    began = perf_counter()
    with wrapper.wrap_database_errors:
        if len(sent) == 1:
            found = [_send(link, *sent[0]).fetchall()]
        else:
            with link.pipeline():  # all answers have come at its end
                cursors = [_send(link, *one) for one in sent]
            found = [cursor.fetchall() for cursor in cursors]
    if wrapper.queries_logged:
        took = f"{(perf_counter() - began) / len(sent):.3f}"
        wrapper.queries_log.extend(
            {"sql": made.text.decode() % _filled(made, values), "time": took} for made, values in sent
        )
    return found


def _send(link: psycopg.Connection[Any], made: _Made, values: tuple[Any, ...]) -> psycopg.Cursor[Any]:
    return psycopg.Cursor(link).execute(made.text, _filled(made, values))


def _filled(made: _Made, values: tuple[Any, ...]) -> tuple[Any, ...]:
    found = (values[which] if wrap is None else wrap(values[which]) for _at, which, wrap in made.spots)
    return tuple(Int8(value) if type(value) is int else value for value in found)


def _objects(made: _Made, raw: list[Any]) -> list[Any]:
    """Raw rows as the query set would give them."""
    rows: Any = made.rows
    compiler = object.__new__(type(made.compiler))
    compiler.__dict__.update(made.compiler.__dict__)
    compiler.connection = connections[DEFAULT_DB_ALIAS]
    if compiler.has_extra_select:
        raw = [row[: compiler.col_count] for row in raw]

    def results_iter(*_args: Any, tuple_expected: bool = False, **_kw: Any) -> Any:
        if not made.converters:
            return iter(raw)
        read = compiler.apply_converters(raw, made.converters)
        return map(tuple, read) if tuple_expected else read

    compiler.results_iter = results_iter
    compiler.execute_sql = lambda *_args, **_kw: [raw]
    query = object.__new__(type(rows.query))
    query.__dict__.update(rows.query.__dict__)
    query.get_compiler = lambda *_args, **_kw: compiler
    fresh = type(rows)(model=rows.model, query=query, using=rows._db, hints=rows._hints)
    fresh._iterable_class, fresh._fields = rows._iterable_class, rows._fields
    return list(fresh)


def _mark(value: Any, at: int, turn: int) -> Any:
    """A value of the same type, another one for each place and turn; small, so that it fits into every column."""
    number = 101 + at * 2 + turn
    match value:
        case bool() | None:
            return None
        case int():
            return number
        case str():
            return f"value {number}"
        case datetime():
            return datetime(1900, 1, 1, tzinfo=UTC) + timedelta(days=number)
        case date():
            return date(1900, 1, 1) + timedelta(days=number)
        case Decimal():
            return Decimal(number)
    return None
