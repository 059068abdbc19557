"""The first rows of a file as they will be stored: cells cleaned and names found, with what stands in the file where that
is something else."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.base.errors import Invalid
from noren.core.base.japan.person import JAPANESE
from noren.core.page import cells as words
from noren.core.page.cells import Look
from noren.core.page.lists.rows import titles
from noren.core.record.declare import Record
from noren.core.record.field import Field
from noren.core.record.guard import MARK, unguarded
from noren.core.record.intake import run as intake
from noren.core.record.intake.faults import sentence
from noren.core.record.intake.matching.refs import default_policy
from noren.core.record.intake.matching.resolve import Resolver
from noren.core.record.intake.plan import EMPTY, FULL, BadCell, Column, Plan
from noren.core.record.intake.readers import names_of
from noren.core.record.intake.table.read import Table
from noren.core.record.models import ImportFault, ImportRun

ROWS = 8
COLUMNS = 12
FIGURES = ("money", "number", "percent", "date", "datetime", "postal", "phone")
"""Kinds that are the same to the eye when their digits are: 2026-10-01 and 2026/10/01."""
JAPANESE_NAME = re.compile(f"{JAPANESE}{{3,}}")
"""Long enough for a family and a given name in one piece."""
Cell = dict[str, Any]


def preview(run: ImportRun, table: Table, actor: Actor, look: Look) -> dict[str, Any]:
    """The context of ui/mini.html."""
    try:
        plan = intake.plan_of(run, table, actor)
    except Invalid:  # the columns are wrong; they are to be put right first
        return {"head": [], "rows": []}
    columns = _worst_first(plan.columns, run)[:COLUMNS]
    rows = [(number, [_value(c, cells[c.index]) for c in columns], cells) for number, cells in table.sample[:ROWS]]
    derived = []
    for _number, values, _cells in rows:
        more, gone = _derived(plan, values, columns)
        derived.append(more)
        for at in gone:
            values[at] = EMPTY
    named = {
        at: _named(column, [values[at] for _number, values, _cells in rows], plan, actor)
        for at, column in enumerate(columns)
        if column.kind == "ref"
    }
    further = list(dict.fromkeys(name for found in derived for name in found))
    labels = [str(c.field.label if c.field else c.virtual.label if c.virtual else c.header) for c in columns]
    head = [{"label": _("Row"), "num": True}, *({"label": label} for label in labels)]
    head += [{"label": str(plan.record.field(name).label)} for name in further]
    made = []
    for (number, values, cells), more in zip(rows, derived, strict=True):
        line: list[Cell] = [{"text": number, "num": True}]
        for at, column in enumerate(columns):
            raw = cells[column.index].strip()
            cell = _shown(column, values[at], raw, look)
            if at in named and isinstance(values[at], str):
                cell = named[at].get(values[at], cell)
                if raw not in (cell["text"], ""):
                    cell = {**cell, "raw": raw[:60]}
            line.append({**cell, "head": at == 0})
        line += [{"text": words.said(plan.record.field(n), more[n], look) if n in more else ""} for n in further]
        made.append(line)
    return {"head": head, "rows": made}


def _worst_first(columns: list[Column], run: ImportRun) -> list[Column]:
    """The first column names the rows; those with faults follow, the others come after."""
    faulty = set(ImportFault.objects.filter(run=run).values_list("column", flat=True))
    return [*columns[:1], *sorted(columns[1:], key=lambda column: column.header not in faulty)]


def _value(column: Column, cell: str) -> Any:
    """What the import will read: a value, EMPTY, or the BadCell that says why not."""
    if not cell or cell.isspace():
        return EMPTY
    if cell[0] == MARK:
        cell = unguarded(cell)
    if cell in column.memory:
        return column.memory[cell]
    try:
        return column.read(cell)
    except BadCell as fault:
        return fault


def _shown(column: Column, value: Any, raw: str, look: Look) -> Cell:
    if isinstance(value, BadCell):
        return {"text": raw[:60], "note": sentence(value.code, value.params), "tone": "err"}
    if value is EMPTY:
        return {"text": "", "raw": raw[:60]}
    field = column.field or (column.virtual.field if column.virtual else None)
    if column.name in FULL:
        text = _parted(column.name, value)
        if column.name == "full_name" and JAPANESE_NAME.fullmatch(text):
            whole = "" if raw == text else raw[:60]
            return {"text": text[:60], "raw": whole, "note": _("Not parted: there is no space between the names")}
    else:
        text = words.said(field, value, look) if field is not None else str(value)
    return {"text": text[:60], "raw": "" if _same(raw, text, field, value) else raw[:60]}


def _parted(name: str, value: str) -> str:
    """A full name as it will be parted."""
    values: dict[str, Any] = {name: value}
    try:
        names_of(values)
    except BadCell:
        return value
    return " / ".join(str(part) for part in values.values() if part)


def _same(raw: str, text: str, field: Field | None, value: Any) -> bool:
    if raw == text:
        return True
    if type(value) is date:
        text = value.isoformat()  # not as a name of the month
    if field is None or field.kind not in FIGURES:
        return False
    left, right = (re.sub(r"\D", "", unicodedata.normalize("NFKC", one)) for one in (raw, text))
    return left == right and bool(left) and "万" not in raw and "千" not in raw


def _named(column: Column, values: list[Any], plan: Plan, actor: Actor) -> dict[str, Cell]:
    """Names of files -> what they are found to be, or what becomes of those that nobody knows."""
    texts = {value for value in values if isinstance(value, str) and value}
    resolver = Resolver(column.target, actor)
    resolver.look_up(texts)
    found = {text: resolver.known[text] for text in texts if text in resolver.known}
    called = titles(resolver.model, actor, found.values())
    options = plan.options
    policy = options.unknown.get(column.name, default_policy(column))
    made: dict[str, Cell] = {}
    for text in texts:
        if text in found:
            made[text] = {"text": called.get(found[text], text)[:60]}
        elif policy == "create" or text in options.make.get(column.name, ()):
            made[text] = {"text": text[:60], "note": _("will be made")}
        elif policy == "blank":
            made[text] = {"text": "", "note": _("not known, left empty")}
        else:
            made[text] = {"text": text[:60], "note": _("not known"), "tone": "err"}
    return made


def _derived(plan: Plan, values: list[Any], columns: list[Column]) -> tuple[dict[str, Any], list[int]]:
    """Fields that the record works out from what the row says (the parts of an address, the outcome behind a stage), and
    the columns that say something else by that (“Won” is then no stage)."""
    said = {
        c.attname: value
        for c, value in zip(columns, values, strict=True)
        if value is not EMPTY
        and not isinstance(value, BadCell)
        and c.virtual is None
        and not c.name.startswith("extra.")
    }
    full = dict(said)
    try:
        plan.record.arrive(full)
        gone = [at for at, c in enumerate(columns) if c.attname in said and c.attname not in full]
        plan.record.complete(full, {})
    except BadCell:
        return {}, []
    more = {n: v for n, v in full.items() if n not in said and v not in (None, "") and _is_told(plan.record, n)}
    return more, gone


def _is_told(record: type[Record], name: str) -> bool:
    if name not in record.form_names() and name not in record.history:
        return False
    return record.field(name).kind != "ref"
