"""What was worked out for a question, remembered: the same question is put again and again, and to read its words and
write its query takes longer than answering it. Nothing here depends on rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet

from noren.core.metric.memo import run

T = TypeVar("T")
MOST = 4000

_made: OrderedDict[Any, tuple[tuple[Any, ...], Any]] = OrderedDict()
_lock = Lock()


def once(key: Any, pins: tuple[Any, ...], make: Callable[[], T]) -> T:
    """What `make` gave for this key, and for these very objects (who asks, the firm), which stand for all they say."""
    whole = (key, *map(id, pins))
    with _lock:
        found = _made.get(whole)
        if found is not None and all(a is b for a, b in zip(found[0], pins, strict=True)):
            _made.move_to_end(whole)
            return found[1]  # type: ignore[no-any-return]
    made = make()
    with _lock:
        _made[whole] = (pins, made)
        while len(_made) > MOST:
            _made.popitem(last=False)
    return made


def prepared(key: Any, q: Any, make: Callable[[], T]) -> T:
    """The same for a question, whatever number it is about: `key` names the number. Not for who sees rows shared with
    them: a share ends by itself."""
    if q.actor.shared:
        return make()
    asked = (
        key, q.period, tuple(dim.name for dim in q.dims), q.grain, q.where, q.basis, q.as_of, q.known_on, q.today, q.fiscal,
        q.zone, q.week_start, len(q.cuts),
    )  # fmt: skip
    return once(asked, (q.actor,), make)


def sql_of(rows: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    """The SQL of a query with its parameters; empty when it can have no rows."""
    try:
        text, params = rows.query.sql_with_params()
    except EmptyResultSet:
        return "", ()
    return text, tuple(params)


def objects(key: Any, build: Callable[[], QuerySet[Any]]) -> list[Any]:
    """The rows of a query without values of its own, remembered as numbers are, to be read and not changed."""

    def written() -> tuple[Any, list[str], str, tuple[Any, ...]]:
        rows = build()
        names = [column.attname for column in rows.model._meta.concrete_fields]
        return (rows.model, names, *sql_of(rows.values_list(*names)))

    model, names, text, params = once(("objects", key), (), written)
    return [model.from_db(DEFAULT_DB_ALIAS, names, values) for values in run(text, params)] if text else []
