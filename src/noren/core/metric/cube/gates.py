"""Rows that are seen through others: through which noun's row (`gate`), and whose that is (`holder`), beside each of them.

Who sees a row is decided by its first decider that is set (`access.scope`). A cell must say whose that is, so a change of
its owner moves what hangs on it to other cells; whoever changes what hangs on it holds it until the transaction ends.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Q

from noren.core.access.scope import deciders
from noren.core.base.model import Model
from noren.core.metric.cube.declare import CUBES, GATE, HOLDER, Cube
from noren.core.metric.cube.source import used


def hanging_on(noun: type[Model]) -> list[Cube]:
    """Cubes whose rows are seen through rows of this noun."""
    return [cube for cube in CUBES.values() if cube.gated and noun in holders(cube.of)]


def ways(model: type[Model]) -> list[tuple[str, type[Model], str]]:
    """(condition, noun, column of its id): when a row of that noun decides, as SQL over rows of `model`."""
    found, earlier = [], Q()
    for here, noun, key in deciders(model):
        found.append((_sql(model, here & ~earlier if earlier else here), noun, _column(model, key)))
        earlier |= here
    return found


def holders(model: type[Model]) -> list[type[Model]]:
    """The nouns that decide, in the order in which their rows are held: the same as for the next step and the last contact
    that they keep, or two writers could wait for each other."""
    return list(dict.fromkeys(noun for _here, noun, _key in reversed(deciders(model))))[::-1]


def beside(model: type[Model], rows: str) -> str:
    """FROM `rows` with gate and holder. rows: a table or a SELECT in brackets."""
    table = model._meta.db_table
    gate = "".join(f" WHEN {test} THEN '{noun.word()}'" for test, noun, _key in ways(model))
    holder = "".join(
        f' WHEN {test} THEN (SELECT h.{_owner(noun)} FROM "{noun._meta.db_table}" h WHERE h.id = "{table}".{key})'
        for test, noun, key in ways(model)
    )
    told = f'"{table}".*, CASE{gate} ELSE \'\' END AS {GATE}, CASE{holder} ELSE "{table}".{_owner(model)} END AS {HOLDER}_id'
    return f'(SELECT {told} FROM {rows} "{table}") "{table}"'


def hold(model: type[Model], op: str) -> str:
    """Hold the rows that decide over those a statement touches."""
    sides = {"insert": ["new_rows"], "delete": ["old_rows"]}.get(op, ["new_rows", "old_rows"])
    table, found = model._meta.db_table, []
    for noun in holders(model):
        ids = " UNION ".join(
            f'SELECT {key} FROM {side} "{table}" WHERE {test}'
            for test, other, key in ways(model) if other is noun for side in sides
        )  # fmt: skip
        found.append(f'PERFORM 1 FROM "{noun._meta.db_table}" WHERE id IN ({ids}) ORDER BY id FOR NO KEY UPDATE;')
    return "\n".join(found)


def moved(cube: Cube, noun: type[Model], op: str) -> str:
    """FROM the rows of a cube that get another holder by a statement on a noun that decides: as they were and as they are."""
    owner, table = _owner(noun), cube.of._meta.db_table
    new, old = (f"SELECT id, {owner} AS holder FROM {side}" for side in ("new_rows", "old_rows"))
    nobody = "SELECT id, NULL::bigint AS holder FROM {}"
    was = {"insert": nobody.format("new_rows"), "delete": old, "update": f"({old} EXCEPT {new})"}[op]
    now = {"insert": new, "delete": nobody.format("old_rows"), "update": f"({new} EXCEPT {old})"}[op]
    changed = f"SELECT -1 AS s, * FROM ({was}) w UNION ALL SELECT 1, * FROM ({now}) n"
    taken = ", ".join(sorted(str(cube.of.column(name).column) for name in used(cube)))
    hanging = " UNION ALL ".join(
        f'SELECT {taken} FROM "{table}" WHERE {test} AND {key} = p.id'
        for test, other, key in ways(cube.of)
        if other is noun
    )
    return (
        f"(SELECT p.s, '{noun.word()}'::text AS {GATE}, p.holder AS {HOLDER}_id, x.* FROM ({changed}) p"
        f' CROSS JOIN LATERAL ({hanging} OFFSET 0) x) "{table}"'
    )


def gates() -> list[type[Model]]:
    """The nouns through which rows of cubes are seen."""
    return list(dict.fromkeys(noun for cube in CUBES.values() if cube.gated for noun in holders(cube.of)))


def _owner(noun: type[Model]) -> str:
    return _column(noun, noun.reach.owner)


def _column(model: Any, name: str) -> str:
    """The column of a field, or of the id it refers by."""
    field = next(field for field in model._meta.concrete_fields if name in (field.name, field.attname))
    return str(connection.ops.quote_name(field.column))


def _sql(model: Any, condition: Q) -> str:
    ops: Any = connection.ops
    rows = model._base_manager.filter(condition).order_by().values_list("pk")
    return f"({str(ops.compose_sql(*rows.query.sql_with_params())).partition(' WHERE ')[2]})"
