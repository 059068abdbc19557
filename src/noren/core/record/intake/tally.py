"""What an import carries from room to room: a row as read, a chunk of them, and the count of what became of them."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Fault = tuple[int, Sequence[str], str, str, dict[str, Any]]
"""Row number, cells, header of the column at fault or "", code, and what the sentence names."""


Said = tuple[list[str], dict[str, Any], dict[str, Any]]
"""A row as read: its cells, its values by attname (references as text), and the values of virtual columns."""


@dataclass(slots=True)
class Batch:
    """A chunk as read, column by column, for most rows turn out to be new and then nobody asks what their cells were.

    said: the rows (a list of `Said`), pickled. Where new rows can be made ready before their references are known, also:
    lines and entries for COPY (a line is "" for a row that cannot), per natural key each row's key or None (references in
    it still as text), and late: the references themselves, which `said` is then without.
    """

    numbers: list[int] = field(default_factory=list)
    said: bytes = b""
    lines: list[str] | None = None
    entries: list[bytes] = field(default_factory=list)
    keys: list[list[tuple[Any, ...] | None]] = field(default_factory=list)
    late: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)  # rows that could not be read
    warned: int = 0
    last: int = 0
    done: int = 0

    def rows(self) -> list[Parsed]:
        """The rows, none of them unpacked yet."""
        shelf = Shelf(self)
        return [Parsed(shelf, at) for at in range(len(self.numbers))]


class Shelf:
    """What the rows of a batch share. `said` is unpacked once, when the first row is asked for its values."""

    __slots__ = ("_said", "batch")

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self._said: list[Said | None] | None = None

    def take(self, at: int) -> Said:
        """What a row says, as it was read; the row may change it. Asked for again, it is unpacked again."""
        if self._said is None or self._said[at] is None:
            self._said = pickle.loads(self.batch.said)  # noqa: S301  (pickled by ourselves, see parse.py)
        said, self._said[at] = self._said[at], None
        assert said is not None
        return said


class Parsed:
    """One row of the file on its way to be a row of ours.

    late: its references, as text until they are resolved (all its values, where rows are not made ready in advance);
    is_ready: it may be stored as the batch's line says, should it be new; row_id: the row it turned out to be, 0 for none
    yet; stands: whether that row holds now what the file says.
    """

    __slots__ = ("_said", "_shelf", "at", "is_ready", "late", "row_id", "stands")

    def __init__(self, shelf: Shelf, at: int) -> None:
        self._shelf, self.at = shelf, at
        self.reset()

    def reset(self) -> None:
        """Be again what was read: what a transaction made of it was rolled back."""
        batch = self._shelf.batch
        self._said: Said | None = None
        self.row_id, self.stands = 0, False
        if batch.lines is not None:
            self.is_ready = batch.lines[self.at] != ""
            self.late = batch.late[self.at].copy()
        else:
            self.is_ready = False
            self.late = self.values

    @property
    def number(self) -> int:
        return self._shelf.batch.numbers[self.at]

    @property
    def cells(self) -> list[str]:
        return self._unpacked()[0]

    @property
    def values(self) -> dict[str, Any]:
        """By attname, references among them."""
        return self._unpacked()[1]

    @property
    def virtual(self) -> dict[str, Any]:
        return self._unpacked()[2]

    def _unpacked(self) -> Said:
        if self._said is None:
            self._said = self._shelf.take(self.at)
            if self._shelf.batch.lines is not None:
                self._said[1].update(self.late)
                self.late = self._said[1]
        return self._said


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
    filled: Counter[str] = field(default_factory=Counter)  # rows of other nouns of which blank fields were filled
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    blanked: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """Rows of the file that were dealt with."""
        return self.created + self.updated + self.unchanged + self.skipped + self.failed

    def as_json(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in COUNTS}
        return {**counts, "made": {noun: n for noun, n in self.made.items() if n}, "filled": dict(self.filled)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Tally:
        made, filled = Counter(data.get("made", {})), Counter(data.get("filled", {}))
        return cls(**{k: data[k] for k in COUNTS if k in data}, made=made, filled=filled)

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
        self.made, self.filled = Counter(mark["made"]), Counter(mark["filled"])
        self.unknown, self.blanked = mark["unknown"], mark["blanked"]
