"""Which fields a list shows, and what must be fetched for them: plain paths, with the names of references joined in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import lru_cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import QuerySet
from django.utils.translation import get_language

from noren.core.access.actor import Actor
from noren.core.base.errors import NotFound
from noren.core.record.custom import definitions
from noren.core.record.declare import Record, record_of
from noren.core.record.field import Field
from noren.core.record.state import State

HIDDEN = frozenset({"kana_sort", "name_fold", "name_key"})
BESIDE = {"next_step": ("next_step_at", "outcome"), "stage": ("stage_since",), "outcome": ("closed_on",)}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the list. slots: where its values are in a fetched row: the value itself, then the title of a reference."""

    field: Field
    at: int
    title_at: int | None = None
    near: dict[str, int] = dataclass_field(default_factory=dict)
    target: type[Record] | None = None


@lru_cache(maxsize=2000)
def is_many(model: type[models.Model], name: str) -> bool:
    at: Any = model
    for part in name.split("__"):
        try:
            column = at._meta.get_field(part)
        except (FieldDoesNotExist, AttributeError):
            return False
        if column.one_to_many or column.many_to_many:
            return True
        at = column.related_model if column.is_relation else None
    return False


def choosable(record: type[Record], actor: Actor) -> list[Field]:
    """Every field that may be a column for this actor: declared ones first, then all that can be read."""
    names = [
        *record.columns,
        *(f.name for f in record.readable(actor)),
        *(n for n in record.filters if not is_many(record.model, n)),
    ]
    found: list[Field] = []
    for name in dict.fromkeys(names):
        try:
            one = record.field(name)
        except LookupError:
            continue
        if not one.many and name not in HIDDEN and one.kind != "longtext" and record.may_read(name, actor):
            found.append(one)
    return found


def chosen(record: type[Record], actor: Actor, state: State) -> list[Field]:
    """The columns of a state: the title first, then the chosen or the declared ones that the actor may read."""
    allowed = {one.name: one for one in choosable(record, actor)}
    wanted = [n for n in state.columns if n in allowed]
    if not wanted:
        wanted = [*record.columns, *(f"extra.{d.key}" for d in definitions(record.word()) if d.in_list)]
    title = record.title_field()
    return [allowed[n] for n in dict.fromkeys((title, *wanted)) if n in allowed]


def title_path(record: type[Record]) -> str:
    """The ORM path of what a row is called."""
    name = record.title_field()
    one = record.field(name)
    return f"{name}__{title_path(record_of(one.target))}" if one.kind == "ref" else name


def called(record: type[Record], before: str = "") -> Any:
    """What a row is called for readers of the present language: a path, or an expression where its noun knows better."""
    name = record.title_field()
    one = record.field(name)
    if one.kind == "ref":
        return called(record_of(one.target), f"{before}{name}__")
    return record.called(before, get_language() or "ja") or f"{before}{name}"


def target_record(one: Field) -> type[Record] | None:
    if one.kind != "ref" or one.target is None:
        return None
    try:
        return record_of(one.target)
    except NotFound:
        return None


class Plan:
    """Which paths to fetch for a set of columns, and where each value will be."""

    def __init__(self, record: type[Record], fields: Sequence[Field], beside: Sequence[str] = ()) -> None:
        self.record = record
        self.paths: list[str] = ["pk", "version"]
        self.made: dict[str, Any] = {}  # what stands for a path that is no field
        self.columns = [self._column(one) for one in fields]
        for path in beside:
            self.at(path)

    def at(self, path: str) -> int:
        if path not in self.paths:
            self.paths.append(path)
        return self.paths.index(path)

    def name_at(self, record: type[Record], before: str = "") -> int:
        """Where the name of a row stands, see `called`."""
        path = called(record, before)
        if isinstance(path, str):
            return self.at(path)
        word = f"{before}{title_path(record)}@{get_language()}"
        self.made[word] = path
        return self.at(word)

    def _column(self, one: Field) -> Column:
        if one.is_custom:
            return Column(one, self.at("extra"))
        target = target_record(one)
        if one.kind == "ref":
            title = self.name_at(target, f"{one.path}__") if target else None
            return Column(one, self.at(f"{one.path}_id"), title, {}, target)
        near = {n: self.at(n) for n in BESIDE.get(one.name, ()) if has_column(self.record.model, n)}
        standard = standard_path(self.record, one.name)
        if standard:
            near |= {
                "standard": self.at(standard),
                **({"outcome": self.at("outcome")} if has_column(self.record.model, "outcome") else {}),
            }
        is_title = one.name == self.record.title_field()
        return Column(one, self.name_at(self.record) if is_title else self.at(one.path), None, near)

    def select(self, rows: QuerySet[Any], limit: int | None = None) -> QuerySet[Any]:
        """The rows with what the columns need, not yet read."""
        listed = rows.values_list(*(self.made.get(path, path) for path in self.paths))
        return listed if limit is None else listed[:limit]

    def fetch(self, rows: QuerySet[Any], limit: int | None = None) -> list[tuple[Any, ...]]:
        return list(self.select(rows, limit))


def standard_path(record: type[Record], name: str) -> str:
    """For the moment since which a row lies in its lane (`stage_since`), the path of the days that are usual there; else ""."""
    by = record.board.by if record.board is not None else ""
    if not by or name != f"{by}_since":
        return ""
    lane: Any = record.model._meta.get_field(by).related_model
    return f"{by}__standard_days" if lane is not None and has_column(lane, "standard_days") else ""


@lru_cache(maxsize=500)
def has_column(model: type[models.Model], name: str) -> bool:
    try:
        return bool(model._meta.get_field(name).concrete)
    except FieldDoesNotExist:
        return False
