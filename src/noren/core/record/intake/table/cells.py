"""From the events of a sheet's XML to rows of text, and the shared strings they point to."""

from __future__ import annotations

import mmap
import re
import tempfile
from array import array
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.parsers import expat

from noren.core.record.intake.problem import COLUMN_CAP, FIELD_CAP, ROW_CAP, Problem

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def _unescape(text: str) -> str:
    """`_x000D_` in a cell stands for that character. Surrogates and NUL are dropped."""

    def one(match: re.Match[str]) -> str:
        code = int(match[1], 16)
        return "" if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)

    return _ESCAPED.sub(one, text) if "_x" in text else text


def column_of(ref: str) -> int:
    number = 0
    for letter in ref:
        number = number * 26 + ord(letter) - 64
    return number - 1


class Strings:
    """The shared strings of a workbook, kept outside of memory: offsets here, text in a temporary file."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close_writing, the map lives on
        self.ends = array("Q", [0])
        self.map: mmap.mmap | None = None

    def add(self, text: str) -> None:
        self.ends.append(self.ends[-1] + self.file.write(text.encode("utf-8", "replace")))

    def close_writing(self) -> None:
        self.file.flush()
        if self.ends[-1]:
            self.map = mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ)
        self.file.close()

    def __getitem__(self, index: int) -> str:
        start, end = self.ends[index], self.ends[index + 1]
        return self.map[start:end].decode() if self.map is not None else ""


def new_parser() -> Any:
    """An expat parser that hands on text in large pieces."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 14
    return parser


def number_text(text: str) -> str:
    """A stored number as a person would write it: 1100.0399999999999 is 1100.04, 7.000012050002E12 is 7000012050002."""
    if text.isdigit() and len(text) <= 15:
        return text
    try:
        value = float(text)
    except ValueError:
        return text
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    plain = repr(float(f"{value:.15g}"))
    return f"{value:.15f}".rstrip("0").rstrip(".") if "e-" in plain and abs(value) > 1e-12 else plain


def date_text(text: str, epoch1904: bool, time_only: bool) -> str:
    """A serial day number as ISO text. Day 60 of the 1900 calendar never was, and stays a number like all that do not fit."""
    try:
        value = float(text)
    except ValueError:
        return text
    if (not epoch1904 and 60 <= value < 61) or not 0 <= value < 2_958_466:
        return number_text(text)
    start = (
        datetime(1904, 1, 1, tzinfo=UTC)
        if epoch1904
        else datetime(1899, 12, 30, tzinfo=UTC)
        if value >= 61
        else datetime(1899, 12, 31, tzinfo=UTC)
    )
    moment = start + timedelta(seconds=round(value * 86_400))
    if time_only and value < 1:
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%Y-%m-%d") if value.is_integer() else moment.strftime("%Y-%m-%d %H:%M:%S")


class Texts:
    """Collects shared strings. Readings printed above kanji (rPh) are no part of the text."""

    def __init__(self, add: Callable[[str], None]) -> None:
        self.parser = new_parser()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.data
        self.add = add
        self.text: list[str] = []
        self.length = 0
        self.aside = False
        self.on = False

    def start(self, name: str, _attrs: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "t":
            self.on = not self.aside
        elif name == "rPh":
            self.aside = True

    def end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name == "t":
            self.on = False
        elif name == "rPh":
            self.aside = False
        elif name == "si":
            self.add(_unescape("".join(self.text)))
            self.text.clear()
            self.length = 0

    def data(self, text: str) -> None:
        if self.on and self.length <= FIELD_CAP:
            self.length += len(text)
            self.text.append(text)


class Rows:
    """Turns the events of a sheet into rows of text."""

    def __init__(
        self,
        strings: Strings,
        formats: list[Callable[[str], str] | None],
        push: Callable[[tuple[int, list[str]]], None],
        report: Callable[[Problem], None],
    ) -> None:
        self.parser = new_parser()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.data
        self.strings = strings
        self.formats = formats
        self.push = push
        self.report = report
        self.columns: dict[str, int] = {}
        self.number = 0
        self.row: list[str] = []
        self.at = -1
        self.kind = ""
        self.style = ""
        self.text: list[str] = []
        self.length = 0
        self.on = False
        self.aside = False
        self.formula = False
        self.bad: Problem | None = None
        self.cells = 0

    def start(self, name: str, attrs: dict[str, str]) -> None:
        if name == "c" or name.endswith(":c"):
            ref = attrs.get("r")
            if ref is None:
                self.at += 1
            else:
                self.at = self._place(ref.rstrip("0123456789"))
            self.kind = attrs.get("t", "n")
            self.style = attrs.get("s", "")
            self.formula = False
            self.text.clear()
            self.length = 0
        elif name in ("v", "t") or name.endswith((":v", ":t")):
            self.on = not self.aside
        elif name == "row" or name.endswith(":row"):
            self.number = max(self.number + 1, int(attrs.get("r", "0")[:9]))
            self.row = []
            self.at = -1
            self.bad = None
        elif name == "rPh" or name.endswith(":rPh"):
            self.aside = True
        elif name == "f" or name.endswith(":f"):
            self.formula = True

    def _place(self, name: str) -> int:
        place = self.columns.get(name)
        if place is None:
            if not re.fullmatch("[A-Z]{1,3}", name):
                raise ValueError(name)
            place = self.columns[name] = column_of(name)
        return place

    def data(self, text: str) -> None:
        if self.on and self.length <= FIELD_CAP:
            self.length += len(text)
            self.text.append(text)

    def end(self, name: str) -> None:
        if name == "c" or name.endswith(":c"):
            if self.text:
                self._cell("".join(self.text))
            elif self.formula and self.kind != "str":  # written by a program that does not calculate
                self.report(Problem(self.number, self.at, "formula_empty", level="warning"))
        elif name in ("v", "t") or name.endswith((":v", ":t")):
            self.on = False
        elif name == "row" or name.endswith(":row"):
            self._row()
        elif name == "rPh" or name.endswith(":rPh"):
            self.aside = False

    def _cell(self, text: str) -> None:
        self.cells += 1
        kind = self.kind
        if kind == "s":
            text = self.strings[int(text)]
        elif kind == "n":
            style = self.style
            form = self.formats[int(style)] if style and int(style) < len(self.formats) else None
            text = form(text) if form is not None else number_text(text)
        elif kind == "b":
            text = "TRUE" if text.strip() == "1" else "FALSE"
        elif kind == "e":
            self.report(Problem(self.number, self.at, "cell_error", {"value": text[:20]}, level="warning"))
            return
        else:
            text = _unescape(text)
        if self.at >= COLUMN_CAP:
            self.bad = self.bad or Problem(self.number, self.at, "too_many_columns", {"cap": COLUMN_CAP})
            return
        if len(text) > FIELD_CAP:
            self.bad = self.bad or Problem(self.number, self.at, "field_too_long", {"cap": FIELD_CAP})
            text = text[:4_000]
        row = self.row
        if self.at > len(row):
            row.extend([""] * (self.at - len(row)))
        if self.at == len(row):
            row.append(text)
        else:
            row[self.at] = text

    def _row(self) -> None:
        row = self.row
        if self.bad is None and sum(map(len, row)) > ROW_CAP:
            self.bad = Problem(self.number, None, "row_too_long", {"cap": ROW_CAP})
        if self.bad is not None:
            bad = self.bad
            cells = tuple(cell[:4_000] for cell in row)
            self.report(Problem(bad.row, bad.column, bad.code, bad.params, cells=cells))
            return
        self.push((self.number, row))
