"""Queries whose shape stays the same are put into SQL once.

Django needs longer to write the query of a page than PostgreSQL to answer it. `kept` writes a query twice the first
time, with other values each, and so learns which of its parameters are the values; afterwards they are filled in. A
query in which anything else differs between the two, or that holds a day or moment of its own, is written anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet

MOST = 600  # remembered queries, of about 4 kB

Build = Callable[..., QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class _Made:
    """A query that was learned. `rows` is None when it cannot be kept; `sql` is empty when it can have no rows.

    spots: (place among the parameters, which value, how it is wrapped).
    """

    who: Any
    rows: QuerySet[Any] | None = None
    compiler: Any = None
    sql: str = ""
    params: tuple[Any, ...] = ()
    spots: tuple[tuple[int, int, Callable[[Any], Any] | None], ...] = ()


_made: dict[Hashable, _Made] = {}


def kept(key: Hashable, build: Build, *values: Any, who: Any = None) -> list[Any]:
    """The rows of `build(*values)`: a query set, ready but for being read.

    `key` and `who` (the actor, by identity) say all that the shape depends on besides the types of the values.
    """
    shape = (key, id(who), *map(type, values))
    made = _made.get(shape)
    if made is None or made.who is not who:
        if len(_made) >= MOST:
            _made.clear()
        made = _made[shape] = _learned(build, values, who)
    if made.rows is None:
        return list(build(*values))
    return _read(made, values) if made.sql else []


def written(key: Hashable, build: Callable[[], QuerySet[Any]], who: Any = None) -> tuple[str, tuple[Any, ...]]:
    """The SQL of `build()` with its parameters, for a statement around it. EmptyResultSet when it can have no rows."""
    shape = ("written", key, id(who))
    made = _made.get(shape)
    if made is None or made.who is not who:
        if len(_made) >= MOST:
            _made.clear()
        made = _made[shape] = _learned(build, (), who)
    if made.sql:
        return made.sql, made.params
    sql, params = build().query.sql_with_params()
    return sql, tuple(params)


def padded(ids: Iterable[int]) -> list[int]:
    """Some ids, the last one again and again until there are 1, 2, 4, 8, …: for `pk__in=` in few shapes."""
    listed = sorted(ids)
    size = 1 << max(len(listed) - 1, 0).bit_length()
    return listed + listed[-1:] * (size - len(listed))


def _learned(build: Build, values: tuple[Any, ...], who: Any) -> _Made:
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
            if isinstance(one, date):  # perhaps today
                return _Made(who)
            continue
        which = next((n for n, mark in enumerate(first) if mark == one and second[n] == two), None)
        if which is None:
            return _Made(who)
        spots.append((at, which, None if type(one) is type(first[which]) else type(one)))
    if {which for _at, which, _wrap in spots} != {at for at, value in enumerate(values) if value is not None}:
        return _Made(who)
    compiler.connection = None  # each reader brings the one of its thread
    return _Made(who, rows, compiler, sql, tuple(params), tuple(spots))


def _read(made: _Made, values: tuple[Any, ...]) -> list[Any]:
    params = list(made.params)
    for at, which, wrap in made.spots:
        params[at] = values[which] if wrap is None else wrap(values[which])
    rows: Any = made.rows
    compiler = object.__new__(type(made.compiler))
    compiler.__dict__.update(made.compiler.__dict__)
    compiler.connection = connections[DEFAULT_DB_ALIAS]
    compiler.as_sql = lambda *_args, **_kw: (made.sql, tuple(params))
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
