"""The choices of the person who imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Options:
    """Choices of the person who imports. See `defaults` for what holds unless said otherwise."""

    on_match: str = "update"  # update | skip | create: what happens to a row that is already there
    blank: str = "keep"  # keep | clear: what an empty cell does to a row that is already there
    unknown: dict[str, str] = field(default_factory=dict)  # reference field -> create | blank | error
    make: dict[str, list[str]] = field(
        default_factory=dict
    )  # reference field -> names to make, whatever `unknown` says
    blanks: tuple[str, ...] = ()  # texts that stand for an empty cell (NULL, -)
    date_order: str = "ymd"
    date_orders: dict[str, str] = field(default_factory=dict)  # field -> order, when columns differ
    zeros: tuple[str, ...] = ()  # phone fields that get their lost leading zero back
    scales: dict[str, int] = field(
        default_factory=dict
    )  # amount field -> what its figures are multiplied by (千円: 1000)
    several: tuple[
        str, ...
    ] = ()  # references whose cells may hold several names with a semicolon between: the first is taken
    lend: bool = False  # an address of the row stands for that of its company too, where that has none
    automations: bool = False
    owner: int | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Options:
        known = {k: v for k, v in data.items() if k in cls.__dataclass_fields__}
        for name in ("blanks", "zeros", "several"):
            if name in known:
                known[name] = tuple(known[name])
        return cls(**known)
