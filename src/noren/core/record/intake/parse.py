"""From cells to values: the half of an import that needs no database. It runs beside the half that waits for one."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from noren.core.action.plain import _custom
from noren.core.record.guard import MARK, unguarded
from noren.core.record.intake.plan import EMPTY, FULL, BadCell, Column, Plan
from noren.core.record.intake.problem import Problem
from noren.core.record.intake.readers import names_of
from noren.core.record.intake.ready import Preparer
from noren.core.record.intake.table.read import Table
from noren.core.record.intake.tally import Batch, Said

CHUNK = 5_000
REMEMBERED = 20_000  # distinct texts remembered per column
MISSING: Any = object()


class Parser:
    def __init__(
        self, plan: Plan, table: Table, preparer: Preparer, keys_of: Callable[[dict[str, Any]], list[Any]]
    ) -> None:
        """keys_of: the natural keys of a row, from its values."""
        self.table, self.preparer, self.keys_of = table, preparer, keys_of
        self.full = any(c.name in FULL for c in plan.columns)
        clears = plan.options.blank == "clear"
        self.columns = [
            (c.index, c, c.memory, _place(c), _key(c), _nothing(c) if clears else MISSING) for c in plan.columns
        ]

    def batches(self, after: int) -> Iterator[Batch]:
        """The file in chunks, from behind row `after`. Touches nothing but its own batch and the columns' memories."""
        batch, said = Batch(), []

        def hear(problem: Problem) -> None:
            if problem.level == "warning":
                batch.warned += 1
            else:
                batch.faults.append((problem.row, list(problem.cells or ()), "", problem.code, _plain(problem.params)))

        for number, cells in self.table.rows(hear, after=after):
            row = self.parse(number, cells, batch)
            if row is not None:
                batch.numbers.append(number)
                said.append(row)
            batch.last = number
            if len(said) + len(batch.faults) >= CHUNK:
                batch.done = self.table.position
                yield self._packed(batch, said)
                batch, said = Batch(), []
        if said or batch.faults or batch.warned:
            batch.last = max([batch.last, *(f[0] for f in batch.faults)])
            batch.done = self.table.size
            yield self._packed(batch, said)

    def _packed(self, batch: Batch, said: list[Said]) -> Batch:
        """The batch with its rows, made ready as far as can be without the database."""
        if self.preparer.in_time:
            early, late = self.preparer.early, self.preparer.references
            ready = [early(values) for _cells, values, _virtual in said]
            batch.lines = [line for line, _entry in ready]
            batch.entries = [entry for _line, entry in ready]
            batch.keys = list(map(list, zip(*[self.keys_of(values) for _cells, values, _virtual in said], strict=True)))
            batch.late = [
                {name: values.pop(name) for name in late if name in values} for _cells, values, _virtual in said
            ]
        batch.said = pickle.dumps(said, pickle.HIGHEST_PROTOCOL)
        return batch

    def parse(self, number: int, cells: list[str], batch: Batch) -> Said | None:
        """One row; None when it cannot be read, which the batch then tells."""
        values: dict[str, Any] = {}
        virtual: dict[str, Any] = {}
        for index, column, memory, place, key, nothing in self.columns:
            cell = cells[index]
            if not cell or cell.isspace():
                if nothing is not MISSING:
                    _put(values, virtual, place, key, nothing)
                continue
            if cell[0] == MARK:
                cell = unguarded(cell)
            value = memory.get(cell, MISSING)
            if value is MISSING:
                try:
                    value = column.read(cell)
                except BadCell as fault:
                    value = fault
                if len(memory) < REMEMBERED:
                    memory[cell] = value
            if value is EMPTY:
                continue
            if place == 0:
                values[key] = value
            if isinstance(value, BadCell):
                batch.faults.append((number, cells, column.header, value.code, _plain(value.params)))
                return None
            if place:
                _put(values, virtual, place, key, value)
        if self.full:
            try:
                names_of(values)
            except BadCell as fault:
                batch.faults.append((number, cells, "", fault.code, _plain(fault.params)))
                return None
        return cells, values, virtual


def _plain(params: Mapping[str, Any]) -> dict[str, str | int]:
    """What a sentence names, in words and numbers: a text that waits for its language is asked for it now."""
    return {k: v if isinstance(v, (str, int)) else str(v) for k, v in params.items()}


def _place(column: Column) -> int:
    """Where a value goes: 0 among the values, 1 among the virtual ones, 2 below `extra`."""
    if column.virtual is not None and column.name not in FULL:
        return 1
    return 2 if column.name.startswith("extra.") else 0


def _key(column: Column) -> str:
    if column.virtual is not None:
        return column.name
    return column.name[6:] if column.name.startswith("extra.") else column.attname


def _put(values: dict[str, Any], virtual: dict[str, Any], place: int, key: str, value: Any) -> None:
    if place == 0:
        values[key] = value
    elif place == 1:
        virtual[key] = value
    else:
        values.setdefault("extra", {})[key] = _custom(value)


def _nothing(column: Column) -> Any:
    """What an empty cell means when empty cells clear: nothing, the default where nothing is no value, or no say."""
    if column.virtual is not None:
        return MISSING
    model_field = column.field.column if column.field is not None else None
    if model_field is None or model_field.null:
        return None
    if model_field.blank:
        return ""
    if model_field.has_default() and not callable(model_field.default):
        return model_field.get_default()
    return "" if column.kind in ("text", "kana", "email", "phone") else MISSING
