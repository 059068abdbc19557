"""Cut a text file into rows: Python's csv does the work, with limits and with recovery after stray quotation marks."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from noren.core.record.intake.problem import COLUMN_CAP, FIELD_CAP, ROW_CAP, Problem
from noren.core.record.intake.table import decode

Report = Callable[[Problem], None]
Record = tuple[int, list[str]]
"""A row with its number, counted from 1 as a spreadsheet does."""


@dataclass(slots=True)
class CsvSource:
    """A text file. `position` is the bytes read so far out of `size`."""

    path: Path
    decoding: decode.Decoding
    separator: str
    size: int
    position: int = 0

    def records(self, report: Report) -> Iterator[Record]:
        with self.path.open("rb") as raw:
            raw.seek(self.decoding.skip)
            errors = decode.MARK if self.decoding.bad else "strict"
            text = io.TextIOWrapper(raw, encoding=self.decoding.encoding, errors=errors, newline="")
            checked = self.decoding.bad > 0 or self.decoding.nul
            read = partial(self._cut, raw)
            for number, row in _Cut(text, self.separator, report, read):
                if not checked or not any(decode.BAD in cell or "\0" in cell for cell in row):
                    yield number, row
                    continue
                if any(decode.BAD in cell for cell in row):
                    cells = clip([cell.replace(decode.BAD, "\ufffd").replace("\0", "") for cell in row])
                    column = next(at for at, cell in enumerate(row) if decode.BAD in cell)
                    params: dict[str, str | int] = {"encoding": self.decoding.encoding}
                    report(Problem(number, column, "bad_bytes", params, cells=cells))
                    continue
                column = next(at for at, cell in enumerate(row) if "\0" in cell)
                report(Problem(number, column, "nul_removed", level="warning"))
                yield number, [cell.replace("\0", "") for cell in row]
        self.position = self.size

    def _cut(self, raw: io.BufferedReader) -> None:
        self.position = raw.tell()


class _Cut:
    """Cut text into rows. Python's csv does the work; this adds limits, and recovery after a stray quotation mark.

    csv runs in strict mode, so that a quotation mark which is opened and never closed is found out instead of swallowing
    rows: the row where it opened is reported, and reading goes on with the next line.
    """

    def __init__(self, text: io.TextIOWrapper, separator: str, report: Report, tick: Callable[[], None]) -> None:
        self.text = text
        self.separator = separator
        self.report = report
        self.tick = tick
        self.held: list[str] = []
        self.back: list[str] = []
        self.overlong = False
        self.width = 0

    def lines(self) -> Iterator[str]:
        """Physical lines, each at most ROW_CAP long; the rest of a longer one is thrown away and `overlong` set."""
        hold = self.held.append
        readline = partial(self.text.readline, ROW_CAP)
        while self.back:
            line = self.back.pop()
            hold(line)
            yield line
        for line in iter(readline, ""):
            if len(line) >= ROW_CAP and line[-1] not in "\r\n":
                self.overlong = True
                while (more := readline()) and more[-1] not in "\r\n":
                    pass
                hold("\n")
                yield "\n"
                continue
            hold(line)
            yield line

    def __iter__(self) -> Iterator[Record]:
        number = 0
        held = self.held
        reader = csv.reader(self.lines(), delimiter=self.separator, strict=True)
        while True:
            try:
                for row in reader:
                    number += 1
                    if (len(held) > 1 and sum(map(len, held)) > ROW_CAP) or self.overlong:
                        self._too_long(number, row)
                        held.clear()
                        continue
                    if len(row) > COLUMN_CAP and any(row[COLUMN_CAP:]):
                        params: dict[str, str | int] = {"cap": COLUMN_CAP}
                        cells = clip(row[:COLUMN_CAP])
                        self.report(Problem(number, COLUMN_CAP, "too_many_columns", params, cells=cells))
                        held.clear()
                        continue
                    held.clear()
                    if number == 1:
                        self.width = len(row)
                    yield number, row
                    if not number & 1023:
                        self.tick()
                return
            except csv.Error as error:
                number += 1
                if (row_or_none := self._recover(number, str(error))) is not None:
                    yield number, row_or_none
                reader = csv.reader(self.lines(), delimiter=self.separator, strict=True)

    def _too_long(self, number: int, row: list[str]) -> None:
        self.overlong = False
        self.report(Problem(number, None, "row_too_long", {"cap": ROW_CAP}, cells=clip(row)))

    def _recover(self, number: int, message: str) -> list[str] | None:
        """After csv gave up: read the first line alone and leniently, and give the other lines back to be read again."""
        first, rest = (self.held[0], self.held[1:]) if self.held else ("", [])
        self.held.clear()
        if self.overlong:
            self._too_long(number, [])
            self.back.extend(reversed(rest))
            return None
        sign = self.separator
        if "expected after" in message and (row := self._lenient([first, *rest])) is not None:
            plain = first.count(sign) + 1
            if not rest or (len(row) == self.width and plain != self.width):
                return row  # only loose quoting such as "a"b, which every spreadsheet accepts
        try:
            cells = next(csv.reader([first.rstrip("\r\n")], delimiter=sign, quoting=csv.QUOTE_NONE), [])
            problem = Problem(number, None, "quote_open", cells=clip(cells))
        except csv.Error:
            cells = [cell[:4_000] for cell in first.split(sign, COLUMN_CAP)]
            problem = Problem(number, None, "field_too_long", {"cap": FIELD_CAP}, cells=clip(cells))
        self.report(problem)
        self.back.extend(reversed(rest))
        return None

    def _lenient(self, lines: list[str]) -> list[str] | None:
        """The one row these lines make when stray quotation marks are taken as text; None when they do not make one."""
        try:
            rows = list(csv.reader(lines, delimiter=self.separator))
        except csv.Error:
            return None
        if len(rows) != 1 or not rows[0] or rows[0][-1].endswith(("\n", "\r")) or len(rows[0]) > COLUMN_CAP:
            return None
        return rows[0]


def clip(cells: Sequence[str]) -> tuple[str, ...]:
    """What of a bad row is kept for the error file: no cell over 4,000 characters, no more than COLUMN_CAP cells."""
    return tuple(cell if len(cell) <= 4_000 else cell[:4_000] for cell in cells[:COLUMN_CAP])
