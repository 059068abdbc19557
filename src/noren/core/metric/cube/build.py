"""Tables, views, functions and triggers of the cubes, as SQL.

A cube has standing cells (`cube_x`), cells a statement has just changed (`cube_x_new`, only added to) and a view of both
(`cube_x_all`, new ones at level -1). Level 2i holds the days of roll i, level 2i + 1 its months.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from noren.core.base.model import Model
from noren.core.metric.cube import gates
from noren.core.metric.cube.declare import CUBES, HOLDER, Cube, Walk, fields_of
from noren.core.metric.cube.source import cells, layout, lines, something, spans_of, step_of, steps, used
from noren.core.metric.declare import Conversion, kept_names

LOCK = "hashtextextended('noren.cubes', 0)"
"""Held by whoever moves cells: merging, making anew, emptying."""
STATE = (
    "CREATE TABLE IF NOT EXISTS cube_state (name text PRIMARY KEY, mark text NOT NULL)",
    "CREATE SEQUENCE IF NOT EXISTS cube_change",
)
CHANGED = "PERFORM nextval('cube_change');"
"""Moves a number with each change, so that remembered answers are known to be old; see memo."""
OPS = ("insert", "update", "delete", "truncate")


def tables(cube: Cube) -> Iterator[str]:
    """Make the empty tables of a cube, in place of what there was."""
    made, name = layout(cube), f"cube_{cube.name}"
    keys = "".join(f", {column} {kind}" for _n, column, kind in made.keys)
    sums = "".join(f", {column} {kind} NOT NULL" for column, kind in made.sums)
    heads = "".join(f", {column}" for column in (*made.heads, *made.counts))
    yield f"DROP TABLE IF EXISTS {name}, {name}_new CASCADE"
    yield f"CREATE TABLE {name} (level smallint NOT NULL, day date{keys}{sums}) WITH (fillfactor = 80)"
    unique = ", ".join(("level", "day", *made.heads))
    yield f"CREATE UNIQUE INDEX {name}_key ON {name} ({unique}) NULLS NOT DISTINCT"
    yield (
        f"CREATE TABLE {name}_new (day date{keys}{sums})"
        " WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0)"
    )
    yield (
        f"CREATE VIEW {name}_all AS SELECT level, day{heads} FROM {name}"
        f" UNION ALL SELECT -1::smallint, day{heads} FROM {name}_new"
    )


def fill(cube: Cube, zone: str) -> Iterator[str]:
    """All cells from the rows."""
    name = f"cube_{cube.name}"
    yield f"DELETE FROM {name}_new"
    yield f"DELETE FROM {name}"
    yield (
        f"WITH made AS MATERIALIZED ({cells(cube, zone, whole(cube), '1')}), told({_told(cube)}) AS ({lines(cube, 'made')})"
        f" INSERT INTO {name} ({_told(cube)}) SELECT * FROM told WHERE {something(cube)}"
    )


def merge(cube: Cube) -> str:
    """Add the new cells to the standing ones: one statement, so that readers see each cell once."""
    name, made = f"cube_{cube.name}", layout(cube)
    sums = ", ".join(f"{column} = f.{column} + EXCLUDED.{column}" for column in made.counts)
    return (
        f"WITH gone AS (DELETE FROM {name}_new RETURNING *), told({_told(cube)}) AS ({lines(cube, 'gone')})"
        f" INSERT INTO {name} AS f ({_told(cube)}) SELECT * FROM told WHERE {something(cube)}"
        f" ON CONFLICT ({', '.join(('level', 'day', *made.heads))}) DO UPDATE SET {sums}"
    )


def wrong(cube: Cube, zone: str, months: Sequence[date] | None = None) -> str:
    """SELECT of cells that differ from the rows: level, day, keys, how many rows stand there and how many there are.
    months: of these and of what has no day; None: of all."""
    where, near = (
        ("true", "") if months is None else (f"day IS NULL OR {_in_months('day', months)}", _near(cube, months))
    )
    made, name = layout(cube), f"cube_{cube.name}"
    sums = ", ".join(f"sum({column}) AS {column}" for column in made.counts)
    keys = ", ".join(("level", "day", *made.heads))
    heads = ", ".join((*made.heads, *made.counts))
    same = " AND ".join(f"a.{key} IS NOT DISTINCT FROM b.{key}" for key in ("level", "day", *made.heads))
    return (
        f"WITH made AS MATERIALIZED (SELECT * FROM ({cells(cube, zone, whole(cube), '1', near)}) c WHERE {where}),"
        f" fresh AS MATERIALIZED (SELECT day, {heads} FROM {name}_new WHERE {where}),"
        f" a AS (SELECT * FROM ({lines(cube, 'made')}) c({_told(cube)}) WHERE {something(cube)}),"
        f" b AS (SELECT {keys}, {sums} FROM (SELECT {_told(cube)} FROM {name} WHERE {where} UNION ALL {lines(cube, 'fresh')}) c"
        f" GROUP BY {keys}),"
        f" more AS (SELECT * FROM a EXCEPT SELECT * FROM b WHERE {something(cube)}),"
        f" less AS (SELECT * FROM b WHERE {something(cube)} EXCEPT SELECT * FROM a)"
        f" SELECT {', '.join(f'a.{key}' for key in ('level', 'day', *made.heads))}, b.n, a.n FROM more a LEFT JOIN less b ON {same}"
        f" UNION ALL SELECT {', '.join(f'b.{key}' for key in ('level', 'day', *made.heads))}, b.n, NULL FROM less b"
        f" WHERE NOT EXISTS (SELECT 1 FROM more a WHERE {same})"
    )


def _in_months(column: str, months: Sequence[date], slack: int = 0) -> str:
    """Within these months, some days more or less: the days of moments are those of the firm."""
    ranges = (
        f"({column} >= '{month}'::date - {slack} AND {column} < ('{month}'::date + interval '1 month')::date + {slack})"
        for month in months
    )
    return " OR ".join(ranges)


def _near(cube: Cube, months: Sequence[date]) -> str:
    """A condition that rows of the cells of these months meet, and that an index can answer; none where it takes all rows."""
    if isinstance(cube, Walk):
        return ""
    table: Any = spans_of(cube) if cube.past else cube.of
    names = ("from_at", "to_at") if cube.past else (cube.day,)
    columns = [f'"{_table(table)}"."{table._meta.get_field(name).column}"' for name in names]
    near = " OR ".join(_in_months(column, months, 2) for column in columns)
    return near if cube.past else f"{columns[0]} IS NULL OR {near}"


def _told(cube: Cube) -> str:
    made = layout(cube)
    return ", ".join(("level", "day", *made.heads, *made.counts))


def whole(cube: Cube) -> str:
    """FROM all rows."""
    noun = _table(cube.of)
    if cube.gated:
        return gates.beside(cube.of, f'"{noun}"')
    if not cube.of_history:
        return f'"{noun}"'
    spans = _table(spans_of(cube))
    return f'"{spans}" JOIN "{noun}" ON "{noun}".id = "{spans}".row_id'


# ---- triggers -------------------------------------------------------------------------------------------------------


def nouns() -> list[type[Model]]:
    """Whose rows cubes are made of, or seen through."""
    return list(dict.fromkeys([*(cube.of for cube in CUBES.values()), *gates.gates()]))


def guarded() -> dict[str, list[str]]:
    """Table -> the statements that make its functions and triggers."""
    found: dict[str, list[str]] = {}
    for model in nouns():
        found[_table(model)] = []
        past = [cube for cube in CUBES.values() if cube.of is model and cube.of_history]
        if past:
            found[_table(spans_of(past[0]))] = []
    return found | {table: [] for table in _in_line()}


def _in_line() -> dict[str, list[Walk]]:
    """Tables whose rows stand in a line that walks follow."""
    found: dict[str, list[Walk]] = {}
    for cube in CUBES.values():
        if isinstance(cube, Walk) and isinstance(cube.told, Conversion):
            found.setdefault(_table(step_of(cube)), []).append(cube)
    return found


def triggers(table: str, bodies: dict[str, str], settings: str = "") -> Iterator[str]:
    """The functions of a table's statements, and what calls them."""
    seen = {
        "insert": " REFERENCING NEW TABLE AS new_rows", "delete": " REFERENCING OLD TABLE AS old_rows",
        "update": " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows", "truncate": "",
    }  # fmt: skip
    for op in OPS:
        yield (
            f"CREATE OR REPLACE FUNCTION cube_{table}_{op}() RETURNS trigger LANGUAGE plpgsql{settings} AS $body$\nBEGIN\n"
            f"{bodies[op]}\nRETURN NULL;\nEND\n$body$"
        )
        yield f'DROP TRIGGER IF EXISTS cube_{op} ON "{table}"'
        yield (
            f'CREATE TRIGGER cube_{op} AFTER {op.upper()} ON "{table}"{seen[op]}'
            f" FOR EACH STATEMENT EXECUTE FUNCTION cube_{table}_{op}()"
        )


def all_triggers(zone: str) -> Iterator[tuple[str, list[str]]]:
    """Per table, what makes its triggers."""
    for model in nouns():
        mine = [cube for cube in CUBES.values() if cube.of is model]
        past, hanging = [cube for cube in mine if cube.of_history], gates.hanging_on(model)
        bodies = _of_noun(model, mine, zone)
        for op, body in _of_gate(model, hanging, zone).items():
            bodies[op] = f"{bodies[op]}\n{body}"
        looks = past or hanging or any(cube.gated for cube in mine)
        yield _table(model), list(triggers(_table(model), bodies, NO_SCANS if looks else ""))
        if past:
            spans = spans_of(past[0])
            yield _table(spans), list(triggers(_table(spans), _of_spans(spans, past, zone), NO_SCANS))
    for table, walks in _in_line().items():
        yield table, list(triggers(table, _of_line(walks)))


NO_SCANS = " SET enable_seqscan = off"
"""Functions that look up other rows keep their plans for long; one made while a table was small must not read it whole."""


def _of_noun(model: type[Model], mine: list[Cube], zone: str) -> dict[str, str]:
    table = _table(model)
    plain, past = [cube for cube in mine if not cube.of_history], [cube for cube in mine if cube.past]
    walks = [cube for cube in mine if isinstance(cube, Walk)]
    walked = ["id", *_columns(model, {name for cube in walks for name in used(cube)})]
    columns = _columns(model, {name for cube in plain for name in used(cube)})
    holder = {model.reach.owner for cube in past if HOLDER in cube.by}
    beside = _columns(model, {name for cube in past for name in used(cube)} - set(kept_names(model)) | holder)
    taken = ", ".join(dict.fromkeys(("id", *columns, *beside, *walked)))
    found = {}
    for op, rows in _changed(taken).items():
        body = "\n".join(_add(cube, zone, _with_gates(cube, rows), f'"{table}".s') for cube in plain)
        if any(cube.gated for cube in plain):
            body = f"{gates.hold(model, op)}\n{body}"
        told = [(columns, body)] if plain else []
        for names, cubes in ((["id", *beside], past), (walked, walks)):
            if cubes:
                told.append(
                    (names, "\n".join(_add(cube, zone, _with_spans(cube, rows), f'"{table}".s') for cube in cubes))
                )
        if op == "update":
            found[op] = "\n".join(_if_different(names, each) for names, each in told)
        else:
            found[op] = "\n".join((CHANGED, *(each for _names, each in told)))
    return found | {"truncate": _empty(mine)}


def _of_gate(noun: type[Model], hanging: list[Cube], zone: str) -> dict[str, str]:
    """What is seen through rows of a noun goes where their owner goes."""
    if not hanging:
        return {}
    found = {}
    for op in ("insert", "update", "delete"):
        body = "\n".join(_add(cube, zone, gates.moved(cube, noun, op), f'"{_table(cube.of)}".s') for cube in hanging)
        found[op] = _if_different(("id", *_columns(noun, {noun.reach.owner})), body) if op == "update" else body
    unfit = "\n".join(
        f"UPDATE cube_state SET mark = '' WHERE name = '{cube.name}' AND EXISTS (SELECT 1 FROM \"{_table(cube.of)}\");"
        for cube in hanging
    )
    return found | {"truncate": f"{CHANGED}\n{unfit}"}


def _of_spans(spans: Any, past: list[Cube], zone: str) -> dict[str, str]:
    """Rows of the history are counted by what their row is, so it is held until the transaction ends: nobody else can
    take it out of sight meanwhile."""
    noun = _table(past[0].of)
    kept = {column.column for column in spans._meta.concrete_fields} - {"id", "recorded_at"}
    walks = [cube for cube in past if isinstance(cube, Walk)]
    walked = sorted({"row_id", "from_at", "to_at"} | {column for cube in walks for column in _walked(cube)})
    found = {}
    for op, rows in _changed(", ".join(sorted(kept))).items():
        touched = {"insert": "SELECT row_id FROM new_rows", "delete": "SELECT row_id FROM old_rows"}
        ids = touched.get(op, "SELECT row_id FROM new_rows UNION SELECT row_id FROM old_rows")
        hold = f'PERFORM 1 FROM "{noun}" WHERE id IN ({ids}) ORDER BY id FOR NO KEY UPDATE;'
        body = _adds([cube for cube in past if cube.past], zone, rows, spans)
        steps_taken = (
            _adds(walks, zone, _whole_walks(_table(spans), ", ".join(walked), op, ids), spans) if walks else ""
        )
        if op == "update":
            found[op] = _if_different(sorted(kept), f"{hold}\n{body}\n{_if_different(walked, steps_taken)}")
        else:
            found[op] = f"{CHANGED}\n{hold}\n{body}\n{steps_taken}"
    return found | {"truncate": _empty(past)}


def _adds(cubes: Iterable[Cube], zone: str, rows: str, spans: Any) -> str:
    return "\n".join(_add(cube, zone, _with_rows(cube, rows), f'"{_table(spans)}".s') for cube in cubes)


def _walked(cube: Walk) -> set[str]:
    """Columns of spans that the cells of a walk follow from."""
    told, of_span = cube.told, spans_of(cube)._meta.get_field
    names = {told.step}
    names |= {told.within, told.done[0]} if isinstance(told, Conversion) else set(fields_of(told.while_))
    return {str(of_span(name).column) for name in names}


def _whole_walks(table: str, columns: str, op: str, ids: str) -> str:
    """All spans of the rows that a statement touched, as they are and as they were: what one adds depends on the others."""
    there = f'SELECT {{}} AS s, {columns} FROM "{table}" WHERE row_id IN ({ids})'
    were = there.format(-1) + (" AND id NOT IN (SELECT id FROM new_rows)" if op != "delete" else "")
    gone = f" UNION ALL SELECT -1, {columns} FROM old_rows" if op != "insert" else ""
    return f"{there.format(1)} UNION ALL {were}{gone}"


def _of_line(walks: list[Walk]) -> dict[str, str]:
    """Where steps stand is part of every cell: what was made before is not to be read, and a worker makes it anew. Nothing
    can be wrong where there is none yet."""
    line = steps(walks[0])
    unfit = CHANGED + "".join(
        f"""
IF NOT EXISTS (SELECT 1 FROM cube_{cube.name}_all) THEN
LOCK TABLE "{_table(spans_of(cube))}" IN SHARE MODE; -- who writes the first cells is waited for
END IF;
UPDATE cube_state SET mark = '' WHERE name = '{cube.name}' AND EXISTS (SELECT 1 FROM cube_{cube.name}_all);"""
        for cube in walks
    )
    moved = _if_different(("id", line.order, line.within), unfit)
    return {"insert": unfit, "delete": unfit, "update": moved, "truncate": CHANGED}  # what is left of it is nobody's


def _changed(columns: str) -> dict[str, str]:
    return {
        "insert": f"SELECT 1 AS s, {columns} FROM new_rows",
        "delete": f"SELECT -1 AS s, {columns} FROM old_rows",
        "update": f"SELECT 1 AS s, {columns} FROM new_rows UNION ALL SELECT -1, {columns} FROM old_rows",
    }


def _if_different(columns: Iterable[str], body: str) -> str:
    """Most changes touch nothing that is counted. Both sides have the same number of rows."""
    told = ", ".join(columns)
    return f"IF EXISTS (SELECT {told} FROM new_rows EXCEPT ALL SELECT {told} FROM old_rows) THEN\n{CHANGED}\n{body}\nEND IF;"


def _add(cube: Cube, zone: str, tables: str, sign: str) -> str:
    made = layout(cube)
    into = ", ".join(("day", *made.heads, *made.counts))
    return (
        f"INSERT INTO cube_{cube.name}_new ({into}) SELECT * FROM ({cells(cube, zone, tables, sign)}) c"
        f" WHERE {something(cube)};"
    )


def _with_gates(cube: Cube, rows: str) -> str:
    return gates.beside(cube.of, f"({rows})") if cube.gated else f'({rows}) "{_table(cube.of)}"'


def _with_spans(cube: Cube, rows: str) -> str:
    noun, spans = _table(cube.of), _table(spans_of(cube))
    return f'({rows}) "{noun}" CROSS JOIN LATERAL (SELECT * FROM "{spans}" x WHERE x.row_id = "{noun}".id OFFSET 0) "{spans}"'


def _with_rows(cube: Cube, rows: str) -> str:
    noun, spans = _table(cube.of), _table(spans_of(cube))
    return f'({rows}) "{spans}" CROSS JOIN LATERAL (SELECT * FROM "{noun}" x WHERE x.id = "{spans}".row_id OFFSET 0) "{noun}"'


def _empty(cubes: list[Cube]) -> str:
    if not cubes:
        return ""
    gone = "\n".join(f"DELETE FROM cube_{cube.name}_new; DELETE FROM cube_{cube.name};" for cube in cubes)
    return f"PERFORM pg_advisory_xact_lock({LOCK});\n{CHANGED}\n{gone}"


def _columns(model: type[Model], names: set[str]) -> list[str]:
    return sorted(str(model.column(name).column) for name in names)


def _table(model: Any) -> str:
    return str(model._meta.db_table)
