"""What became of each deal, written down by looking at the rows after every step: when it was seen, and from which day on
it was so. Nothing here comes from noren's own history, so that this is held against it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from noren.sales.models import Deal

Row = dict[str, Any]
KEPT = ("pipeline_id", "stage_id", "outcome", "closed_on", "amount", "list_amount", "owner_id", "team_id")


@dataclass(frozen=True)
class Note:
    """From the day `since` on a deal was this, until another note says otherwise; `seen`: when it was written down."""

    seen: datetime
    since: date
    values: Row


class Journal:
    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.notes: dict[int, list[Note]] = defaultdict(list)

    def look(self, now: datetime, today: date) -> None:
        """Note what has changed since the last look."""
        for row in Deal.every.values():
            before = self.rows.get(row["id"])
            told = _came(row, today) if before is None else _changed(before, row, today)
            for since, values in told:
                self._note(row, now, since, values)
            opened, line = row["opened_on"], self._line(row)
            if before is not None and opened != before["opened_on"] and opened and opened < line[0].since:
                for place, note in enumerate(
                    line
                ):  # it was there earlier than was thought, and then became what it became
                    self._note(row, now, note.since if place else opened, note.values)
            self.rows[row["id"]] = row

    def _note(self, row: Row, now: datetime, since: date, values: Row) -> None:
        self.notes[row["id"]].append(Note(now, since, {name: values[name] for name in KEPT}))

    def _line(self, row: Row) -> list[Note]:
        """What a deal became, one after the other, without what was said otherwise later."""
        line: list[Note] = []
        for note in self.notes[row["id"]]:
            line = [*(earlier for earlier in line if earlier.since < note.since), note]
        return line

    def at(self, pk: int, day: date, known_before: datetime | None) -> Row | None:
        """What a deal was at the end of a day, by all that is known or by what was known: the last word on that day."""
        found = None
        for note in self.notes[pk]:
            if note.since <= day and (known_before is None or note.seen < known_before):
                found = note.values
        return found


def _came(row: Row, today: date) -> Iterator[tuple[date, Row]]:
    """A new deal has been there since it was opened; one that comes closed was open until then."""
    opened, closed = row["opened_on"], row["closed_on"]
    if closed is None:
        yield min(opened or today, today), row
        return
    if opened is not None:
        yield opened, _still_open(row)
    yield closed, row


def _changed(before: Row, row: Row, today: date) -> Iterator[tuple[date, Row]]:
    if all(before[name] == row[name] for name in KEPT):
        return
    closed, was_closed = row["closed_on"], before["closed_on"]
    if closed is None or (closed, row["outcome"]) == (was_closed, before["outcome"]):
        yield today, row  # what is changed is another from now on
        return
    if row["outcome"] == before["outcome"] and was_closed < closed:
        yield was_closed, _still_open(row)  # told wrong before: it was not yet closed then
    yield closed, row


def _still_open(row: Row) -> Row:
    return row | {"outcome": "open", "closed_on": None}
