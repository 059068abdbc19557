"""What an import carries from room to room: a row as read, a chunk of them, and the count of what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Fault = tuple[int, Sequence[str], str, str, dict[str, Any]]
"""Row number, cells, header of the column at fault or "", code, and what the sentence names."""


@dataclass(slots=True)
class Parsed:
    """One row of the file, read: its number, cells, and values by attname (references still as text).

    ready: its lines for COPY should it be new (see ready.py), None when they have still to be made;
    row_id: the row it turned out to be, 0 for none yet; stands: whether that row holds now what the file says.
    """

    number: int
    cells: Sequence[str]
    values: dict[str, Any]
    virtual: dict[str, Any] = field(default_factory=dict)
    ready: tuple[str, str] | None = None
    row_id: int = 0
    stands: bool = False


@dataclass(slots=True)
class Batch:
    """A chunk as read: its rows, the rows that could not be read, and how many were mended."""

    rows: list[Parsed] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    warned: int = 0
    last: int = 0
    done: int = 0


COUNTS = ("created", "updated", "unchanged", "skipped", "failed", "warned")


@dataclass(slots=True)
class Tally:
    """What became of the rows, and what a person should look at."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    warned: int = 0
    made: Counter[str] = field(default_factory=Counter)  # rows of other nouns created for references
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    blanked: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        return {**{name: getattr(self, name) for name in COUNTS}, "made": dict(self.made)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Tally:
        return cls(**{k: data[k] for k in COUNTS if k in data}, made=Counter(data.get("made", {})))

    def mark(self) -> dict[str, Any]:
        """The counts at this moment, for `back_to`."""
        return {
            **self.as_json(),
            "unknown": {k: Counter(v) for k, v in self.unknown.items()},
            "blanked": Counter(self.blanked),
        }

    def back_to(self, mark: dict[str, Any]) -> None:
        """Forget what a chunk counted that was then rolled back."""
        for name in COUNTS:
            setattr(self, name, mark[name])
        self.made = Counter(mark["made"])
        self.unknown, self.blanked = mark["unknown"], mark["blanked"]
