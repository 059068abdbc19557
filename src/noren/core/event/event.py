"""Facts. One declaration is audit trail, timeline line, webhook body and automation trigger at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeVar, dataclass_transform

E = TypeVar("E", bound="Event")


@dataclass(frozen=True)
class Event:
    """Base of all facts: ids, numbers and dates only; no model instances, no personal data."""

    subject: int

    name: ClassVar[str] = ""
    says: ClassVar[Any] = ""
    icon: ClassVar[str] = "dot"

    @classmethod
    def noun(cls) -> str:
        """`sales.deal` for `sales.deal.won`."""
        return cls.name.rpartition(".")[0]

    def payload(self) -> dict[str, Any]:
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self) if f.name != "subject"}


EVENTS: dict[str, type[Event]] = {}


@dataclass_transform(frozen_default=True)
def event(name: str, *, says: Any, icon: str = "dot") -> Callable[[type[E]], type[E]]:
    """Declare a fact. `says` is the timeline's sentence, with {by}, {subject} and the fact's own fields."""

    def declare(cls: type[E]) -> type[E]:
        made = dataclass(frozen=True)(cls)
        made.name, made.says, made.icon = name, says, icon
        if name in EVENTS and EVENTS[name].__qualname__ != made.__qualname__:
            raise ValueError(f"two facts are called {name}")
        EVENTS[name] = made
        return made

    return declare


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value
