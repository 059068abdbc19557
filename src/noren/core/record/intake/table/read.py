"""Read any table a person brings: CSV in any usual encoding and separator, or .xlsx, row by row in constant memory.

`open_table` never raises for what is inside a file. What is wrong comes back as `Problem`s: `table.refused` for a file that
cannot be read at all, `table.questions` to ask the person, and one per bad row while `rows()` runs.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from noren.core.record.intake.columns import shape
from noren.core.record.intake.columns.headers import known
from noren.core.record.intake.problem import COLUMN_CAP, Problem
from noren.core.record.intake.table import decode
from noren.core.record.intake.table.card import BEGIN, CardSource
from noren.core.record.intake.table.cut import CsvSource, Record, Report, clip
from noren.core.record.intake.table.sheet import Book, Refused

SAMPLE = 200
"""Rows looked at to judge the shape of a table."""
TOTAL_STARTS = frozenset(word[0] for word in shape.TOTALS) | frozenset("TGSCcg 　")
SHEETS = 10
"""Sheets looked at when the first one holds no table (a cover, notes)."""
KEPT = 1_000
"""Problems a table keeps by itself when nobody listens."""


class Source(Protocol):
    """Rows as they stand in the file, header and blank rows included, each with its number from 1."""

    position: int
    size: int

    def records(self, report: Report) -> Iterator[Record]: ...


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
    kind: Literal["csv", "xlsx", "vcf"]
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
                        tell(Problem(number, width, "extra_cells", params, cells=clip(row)))
                        continue
                    del row[width:]
                else:
                    if self.kind == "csv":
                        params = {"count": len(row), "width": width}
                        tell(Problem(number, len(row), "short_row", params, level="warning"))
                    row.extend([""] * (width - len(row)))
            if (not row[0] or row[0][0] in TOTAL_STARTS) and (word := shape.total_of(row)):
                tell(Problem(number, 0, "total_row", {"word": word}, cells=clip(row)))
                continue
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
    if BEGIN.match(head):
        return "vcf"
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
        elif kind == "vcf":
            table = Table(place, "vcf", size=size, source=CardSource(place, size))
            header_row = 1
        elif kind == "csv":
            table = _open_csv(place, size, encoding, separator)
        else:
            return Table(place, "csv", size=size, refused=Problem(0, None, kind))
    except OSError:
        return Table(place, "csv", refused=Problem(0, None, "unreadable"))
    if table.refused is None:
        _find_header(table, header_row)
    if sheet is None and header_row is None and len(table.sheets) > 1 and _known_names(table) < 2:
        return _likelier(table)
    return table


def _known_names(table: Table) -> int:
    """How many column names of a table with rows are known; 0 without rows."""
    return sum(map(known, table.header)) if table.refused is None and table.sample else 0


def _likelier(first: Table) -> Table:
    """The sheet that looks most like a table, when the first one is a cover or notes: the one with most names that we
    know, else the first one with rows."""
    assert isinstance(first.source, SheetSource)
    names = [name for name in first.source.book.visible if name != first.sheet][:SHEETS]
    tables = [first, *(open_table(first.path, sheet=name) for name in names)]
    best = max(tables, key=_known_names)
    if _known_names(best) > _known_names(first):
        return best
    return next((table for table in tables if table.refused is None and table.sample), first)


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


def _hopeless(head: Sequence[Record], met: Sequence[Problem]) -> Problem | None:
    """Why nothing can come of a file with these first rows and problems; None when something can."""
    broken = next((problem for problem in met if problem.row == 0 and problem.level == "error"), None)
    if broken is not None and not head:
        return broken
    first = head[0][0] if head else 0
    if any(problem.code == "too_many_columns" and (problem.row < first or not first) for problem in met):
        return Problem(0, None, "too_many_columns_in_header", {"cap": COLUMN_CAP})
    if not any(any(map(str.strip, row)) for _, row in head):
        return next((problem for problem in met if problem.row > 0), Problem(0, None, "no_rows"))
    return None


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
    if table.kind == "csv" and head and len(head[0][1]) <= 2 and head[0][1] and head[0][1][0].startswith("sep="):
        table.first_row = head[0][0] + 1
        table.preamble.append(head.pop(0)[1])
    table.refused = _hopeless(head, met)
    if table.refused is not None:
        return
    rows = [row for _, row in head]
    if wish is None:
        found = shape.shape_of(rows)
    else:
        start = next((at for at, (number, _) in enumerate(head) if number >= wish), len(head) - 1) if wish else -1
        found = shape.Shape(start, certain=True, width=len(rows[start]) if wish else shape.most_width(rows))
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
