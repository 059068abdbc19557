"""Read any table a person brings: CSV in any usual encoding and separator, or .xlsx, row by row in constant memory.

`open_table` never raises for what is inside a file. What is wrong comes back as `Problem`s: `table.refused` for a file that
cannot be read at all, `table.questions` to ask the person, and one per bad row while `rows()` runs.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

from noren.core.record.intake import decode, shape
from noren.core.record.intake.problem import COLUMN_CAP, FIELD_CAP, ROW_CAP, Problem
from noren.core.record.intake.sheet import Book, Refused

Report = Callable[[Problem], None]
Record = tuple[int, list[str]]
SAMPLE = 200
"""Rows looked at to judge the shape of a table."""
KEPT = 1_000
"""Problems a table keeps by itself when nobody listens."""


class Source(Protocol):
    """Rows as they stand in the file, header and blank rows included, each with its number from 1."""

    position: int
    size: int

    def records(self, report: Report) -> Iterator[Record]: ...


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
                if checked and any(decode.BAD in cell or "\0" in cell for cell in row):
                    if any(decode.BAD in cell for cell in row):
                        cells = _clip([cell.replace(decode.BAD, "\ufffd").replace("\0", "") for cell in row])
                        column = next(at for at, cell in enumerate(row) if decode.BAD in cell)
                        params: dict[str, str | int] = {"encoding": self.decoding.encoding}
                        report(Problem(number, column, "bad_bytes", params, cells=cells))
                        continue
                    column = next(at for at, cell in enumerate(row) if "\0" in cell)
                    report(Problem(number, column, "nul_removed", level="warning"))
                    row = [cell.replace("\0", "") for cell in row]
                yield number, row
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
                line = "\n"
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
                    if len(held) > 1 and sum(map(len, held)) > ROW_CAP or self.overlong:
                        self._too_long(number, row)
                        held.clear()
                        continue
                    if len(row) > COLUMN_CAP and any(row[COLUMN_CAP:]):
                        params: dict[str, str | int] = {"cap": COLUMN_CAP}
                        cells = _clip(row[:COLUMN_CAP])
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
        self.report(Problem(number, None, "row_too_long", {"cap": ROW_CAP}, cells=_clip(row)))

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
            problem = Problem(number, None, "quote_open", cells=_clip(cells))
        except csv.Error:
            cells = [cell[:4_000] for cell in first.split(sign, COLUMN_CAP)]
            problem = Problem(number, None, "field_too_long", {"cap": FIELD_CAP}, cells=_clip(cells))
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


def _clip(cells: Sequence[str]) -> tuple[str, ...]:
    """What of a bad row is kept for the error file: no cell over 4,000 characters, no more than COLUMN_CAP cells."""
    return tuple(cell if len(cell) <= 4_000 else cell[:4_000] for cell in cells[:COLUMN_CAP])


@dataclass(slots=True)
class SheetSource:
    """One sheet of a workbook. `position` counts unpacked bytes out of `size`."""

    book: Book
    name: str
    size: int
    position: int = 0

    def records(self, report: Report) -> Iterator[Record]:
        for number, row, position in self.book.records(self.name, report):
            self.position = position
            yield number, row
        self.position = self.size


@dataclass(slots=True)
class Table:
    """A file, understood: how it was read, its column names, its first rows, and all its rows as a stream."""

    path: Path
    kind: Literal["csv", "xlsx"]
    encoding: str = ""
    encodings: tuple[str, ...] = ()
    """Encodings worth offering, best first. Empty for .xlsx."""
    separator: str = ""
    sheets: tuple[str, ...] = ()
    sheet: str = ""
    header: list[str] = field(default_factory=list)
    """Distinct names. A file without names has spreadsheet letters and `has_header` False."""
    has_header: bool = True
    header_row: int = 0
    """Row number of the header, 0 when there is none."""
    preamble: list[list[str]] = field(default_factory=list)
    """Rows above the header: titles and notes."""
    sample: list[Record] = field(default_factory=list)
    """The first rows below the header."""
    refused: Problem | None = None
    questions: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    """Problems met by `rows()` when called without `report`, at most KEPT; `problem_count` counts on."""
    problem_count: int = 0
    signature: str = ""
    size: int = 0
    """Bytes to read; `position` says how many are done."""
    rows_estimate: int = 0
    source: Source | None = None
    first_row: int = 1

    @property
    def position(self) -> int:
        return self.source.position if self.source else 0

    def rows(self, report: Report | None = None, *, after: int = 0) -> Iterator[Record]:
        """Every data row as (row number, cells), as many cells as the header. Blank rows are passed over, their number is not.

        `report` gets the problems as they come. `after` passes over rows up to that number, to resume a broken-off run.
        """
        if self.source is None or self.refused is not None:
            return
        tell = report or self._keep
        low = max(after, self.first_row - 1)

        def hear(problem: Problem) -> None:
            if problem.row > low or problem.row == 0:
                tell(problem)

        width = len(self.header)
        for number, row in self.source.records(hear):
            if number <= low:
                continue
            if not row or ((not row[0] or row[0].isspace()) and not any(map(str.strip, row))):
                continue
            if len(row) != width:
                if len(row) > width:
                    if any(map(str.strip, row[width:])):
                        params: dict[str, str | int] = {"count": len(row), "width": width}
                        tell(Problem(number, width, "extra_cells", params, cells=_clip(row)))
                        continue
                    row = row[:width]
                else:
                    if self.kind == "csv":
                        params = {"count": len(row), "width": width}
                        tell(Problem(number, len(row), "short_row", params, level="warning"))
                    row += [""] * (width - len(row))
            yield number, row

    def _keep(self, problem: Problem) -> None:
        self.problem_count += 1
        if len(self.problems) < KEPT:
            self.problems.append(problem)


_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"%PDF-", "pdf"),
    (b"\x89PNG", "binary"),
    (b"\xff\xd8\xff", "binary"),
    (b"GIF8", "binary"),
    (b"7z\xbc\xaf", "zip"),
    (b"Rar!", "zip"),
)


def _kind(path: Path) -> str:
    """What the first bytes say, whatever the name says: csv, zip, or the code of a refusal."""
    with path.open("rb") as file:
        head = file.read(4096)
        if not head:
            return "empty"
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return "zip"
        if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
            body = head + file.read(1 << 20)
            return "encrypted" if "EncryptedPackage".encode("utf-16-le") in body else "xls"
    for magic, code in _MAGIC:
        if head.startswith(magic):
            return code
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<?xml")):
        return "html"
    return "csv"


def open_table(
    path: str | os.PathLike[str],
    *,
    encoding: str | None = None,
    separator: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
) -> Table:
    """Find out how to read a file. What is given is taken as the person's choice, the rest is guessed and can be seen on
    the result. `header_row` is the number of the row with the column names, 0 for a file without.
    """
    place = Path(path)
    try:
        size = place.stat().st_size
        kind = _kind(place)
        if kind == "zip":
            table = _open_xlsx(place, sheet)
        elif kind == "csv":
            table = _open_csv(place, size, encoding, separator)
        else:
            return Table(place, "csv", size=size, refused=Problem(0, None, kind))
    except OSError:
        return Table(place, "csv", refused=Problem(0, None, "unreadable"))
    if table.refused is None:
        _find_header(table, header_row)
    return table


def _open_csv(path: Path, size: int, encoding: str | None, separator: str | None) -> Table:
    decoding = decode.chosen(path, encoding) if encoding else decode.detect(path)
    if decoding.binary:
        return Table(path, "csv", size=size, refused=Problem(0, None, "binary"))
    with path.open("rb") as raw:
        raw.seek(decoding.skip)
        text = io.TextIOWrapper(raw, encoding=decoding.encoding, errors=decode.MARK, newline="")
        head = text.read(1 << 17)
    whole = max(head.rfind("\n"), head.rfind("\r")) + 1 if len(head) == 1 << 17 else 0
    sign = separator if separator and len(separator) == 1 and separator not in '\r\n"' else None
    sign = sign or shape.separator_of(head[:whole] if whole else head)
    table = Table(path, "csv", decoding.encoding, decoding.candidates, sign, size=size)
    table.source = CsvSource(path, decoding, sign, size)
    if not decoding.certain:
        table.questions.append(Problem(0, None, "encoding_unsure", level="warning"))
    return table


def _open_xlsx(path: Path, sheet: str | None) -> Table:
    try:
        book = Book(path)
        name = sheet if sheet is not None else book.first
        size = book.check(name)
    except Refused as refused:
        problem = refused.problem
        return Table(path, "xlsx", sheets=refused.sheets, size=path.stat().st_size, refused=problem)
    table = Table(path, "xlsx", sheets=book.sheets, sheet=name, size=size)
    table.source = SheetSource(book, name, size)
    return table


def _find_header(table: Table, wish: int | None) -> None:
    """Look at the first rows: column names, preamble, sample, and how many rows to expect."""
    source = table.source
    assert source is not None
    met: list[Problem] = []
    head: list[Record] = []
    weight = 0
    for number, row in source.records(met.append):
        head.append((number, row))
        weight += len("".join(row).encode(table.encoding or "utf-8", "replace")) + len(row) + 1
        if len(head) >= SAMPLE or (wish is not None and wish > 0 and number >= wish + SAMPLE):
            break
    broken = next((problem for problem in met if problem.row == 0 and problem.level == "error"), None)
    if broken is not None and not head:
        table.refused = broken
        return
    first = head[0][0] if head else 0
    if any(problem.code == "too_many_columns" and (problem.row < first or not first) for problem in met):
        table.refused = Problem(0, None, "too_many_columns_in_header", {"cap": COLUMN_CAP})
        return
    if table.kind == "csv" and head and len(head[0][1]) <= 2 and head[0][1] and head[0][1][0].startswith("sep="):
        table.first_row = head[0][0] + 1
        table.preamble.append(head.pop(0)[1])
    if not any(any(map(str.strip, row)) for _, row in head):
        wide = next((problem for problem in met if problem.row > 0), None)
        table.refused = wide if wide is not None else Problem(0, None, "no_rows")
        return
    rows = [row for _, row in head]
    if wish is None:
        found = shape.shape_of(rows)
    else:
        start = next((at for at, (number, _) in enumerate(head) if number >= wish), len(head) - 1) if wish else -1
        found = shape.Shape(start, True, len(rows[start]) if wish else shape.most_width(rows))
    body = rows[found.start + 1 :]
    names = list(rows[found.start]) if found.start >= 0 else [""] * found.width
    while names and not names[-1].strip() and not any(len(row) >= len(names) and row[len(names) - 1] for row in body):
        names.pop()
    if found.start >= 0:
        table.header_row = head[found.start][0]
        table.first_row = table.header_row + 1
        table.preamble += [row for row in rows[: found.start] if any(row)]
    table.has_header = found.start >= 0
    table.header = shape.distinct(names)
    table.signature = shape.signature_of(table.header)
    lost = any(problem.level == "error" and 0 < problem.row < table.first_row for problem in met)
    if not found.certain or (lost and wish is None):
        table.questions.append(Problem(head[0][0], None, "header_unsure", level="warning"))
    if len(table.header) > COLUMN_CAP:
        table.refused = Problem(0, None, "too_many_columns_in_header", {"cap": COLUMN_CAP})
        return
    if table.kind == "xlsx" and source.position:
        weight = source.position
    per_row = max(1.0, weight / len(head))
    whole = len(head) < SAMPLE and wish is None
    for number, row in table.rows(lambda _problem: None):
        table.sample.append((number, row))
        if len(table.sample) >= 100:
            break
    table.rows_estimate = len(body) if whole else max(len(body), int(table.size / per_row))
    source.position = 0
