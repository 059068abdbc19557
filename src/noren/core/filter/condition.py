"""The one filter language. A filter is a small tree; it has four forms: URL, JSON, sentence and SQL.

    F(stage="negotiation", amount__gte=1000, owner=ME, close_by=THIS_QUARTER) | F(owner=None)

Used by lists, saved views, segments, automation conditions, metric filters and row permissions. Only fields that a
vocabulary offers are accepted, so there is one place to check injection and leaks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from django.utils.translation import gettext as _

from noren.core.base.text import clean

ME = "@me"
MY_TEAM = "@my_team"
TODAY = "@today"
THIS_WEEK = "@this_week"
THIS_MONTH = "@this_month"
THIS_QUARTER = "@this_quarter"
THIS_YEAR = "@this_fy"

Op = Literal["is", "not", "in", "out", "gte", "lte", "gt", "lt", "has", "starts", "empty", "filled", "on"]
OPS: tuple[str, ...] = ("is", "not", "in", "out", "gte", "lte", "gt", "lt", "has", "starts", "empty", "filled", "on")


@dataclass(frozen=True, slots=True)
class Cond:
    """One condition: field, operator, value."""

    field: str
    op: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


Node: TypeAlias = "Cond | All | Some | Not"


class F:
    """A filter under construction; `F()` lets everything through."""

    __slots__ = ("node",)

    def __init__(self, _node: Node | None = None, **conds: Any) -> None:
        if _node is not None:
            self.node: Node = _node
            return
        self.node = All(tuple(_cond(name, value) for name, value in conds.items()))

    def __and__(self, other: F) -> F:
        return F(All((*_flat(self.node, All), *_flat(other.node, All))))

    def __or__(self, other: F) -> F:
        return F(Some((*_flat(self.node, Some), *_flat(other.node, Some))))

    def __invert__(self) -> F:
        return F(Not(self.node))

    def __bool__(self) -> bool:
        return self.node != All()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, F) and other.node == self.node

    def __hash__(self) -> int:
        try:
            return hash(self.node)
        except TypeError:  # a value that is no key, such as a list
            return hash(repr(self.node))

    def __repr__(self) -> str:
        return f"F({self.node!r})"

    def clauses(self) -> tuple[Node, ...]:
        """What must all hold."""
        return self.node.parts if isinstance(self.node, All) else (self.node,)

    def conditions(self) -> Iterator[Cond]:
        """Every condition in the tree, in order."""
        return _walk(self.node)

    def without(self, field: str) -> F:
        """The filter with the top-level conditions on one field left out (a chip's ×)."""
        if isinstance(self.node, All):
            return F(All(tuple(p for p in self.node.parts if not (isinstance(p, Cond) and p.field == field))))
        return self

    def to_json(self) -> Any:
        return _to_json(self.node)

    @classmethod
    def from_json(cls, data: Any) -> F:
        node = _from_json(data, 0)
        text = json.dumps(_to_json(node), ensure_ascii=False, default=str)
        if "\\u0000" in text or clean(text) != text:
            raise BadFilter(_("A filter holds characters that no text can have."))
        return cls(node)


class BadFilter(ValueError):
    """A filter that cannot be read. `field` names the part at fault."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason, self.field = reason, field


def _cond(name: str, value: Any) -> Cond:
    field, _mark, op = name.rpartition("__")
    if field and op in OPS:
        return Cond(field, op, _plain(value))
    if value is None:
        return Cond(name, "empty")
    if isinstance(value, (list, tuple, set, frozenset)):
        return Cond(name, "in", tuple(_plain(v) for v in value))
    return Cond(name, "is", _plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, (list, set, frozenset)):
        return tuple(value)
    return getattr(value, "pk", value)


def _flat(node: Node, kind: type) -> tuple[Node, ...]:
    if isinstance(node, kind):
        return node.parts  # type: ignore[union-attr]
    return (node,) if node != All() else ()


def _walk(node: Node) -> Iterator[Cond]:
    if isinstance(node, Cond):
        yield node
    elif isinstance(node, Not):
        yield from _walk(node.part)
    else:
        for part in node.parts:
            yield from _walk(part)


def _to_json(node: Node) -> Any:
    if isinstance(node, Cond):
        value = list(node.value) if isinstance(node.value, tuple) else node.value
        return [node.field, node.op, value]
    if isinstance(node, Not):
        return {"not": _to_json(node.part)}
    return {"all" if isinstance(node, All) else "any": [_to_json(p) for p in node.parts]}


MAX_DEPTH = 4
MAX_PARTS = 50


def _from_json(data: Any, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise BadFilter(_("The filter is nested too deeply."))
    if isinstance(data, list):
        if len(data) not in (2, 3) or not isinstance(data[0], str) or data[1] not in OPS:
            raise BadFilter(_("A condition is [field, operator, value]."))
        value = data[2] if len(data) == 3 else None
        return Cond(data[0], data[1], tuple(value) if isinstance(value, list) else value)
    if isinstance(data, Mapping) and len(data) == 1:
        word, inner = next(iter(data.items()))
        if word == "not":
            return Not(_from_json(inner, depth + 1))
        if word in ("all", "any") and isinstance(inner, list) and len(inner) <= MAX_PARTS:
            parts = tuple(_from_json(p, depth + 1) for p in inner)
            return All(parts) if word == "all" else Some(parts)
    raise BadFilter(_('A filter is [field, operator, value], {"all": […]}, {"any": […]} or {"not": …}.'))
