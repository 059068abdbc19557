"""Read .xlsx as a stream with constant memory: shared strings lie in a temporary file, sheet rows come one by one.

Ready-made readers keep the whole sheet (two cells at opposite corners make them reserve gigabytes) or are several times
slower. Limits against archives made to harm are checked before unpacking: size, ratio, declarations (entities), cells.
"""

from __future__ import annotations

import mmap
import re
import struct
import tempfile
import zipfile
import zlib
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.parsers import expat

from noren.core.record.intake.problem import COLUMN_CAP, FIELD_CAP, ROW_CAP, Problem

CHUNK = 1 << 16
DIRECTORY_CAP = 4 << 20
"""Bytes of the archive's table of contents."""
PART_CAP = 4 << 30
"""Bytes of one unpacked part."""
STRINGS_CAP = 1 << 30
RATIO_CAP = 100
"""Unpacked to packed, for parts over 8 MB. Real sheets stay under 40."""
CELL_CAP = 100_000_000
TOKEN_CAP = 4 << 20
"""Bytes of one XML tag."""
BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, LookupError, ArithmeticError, struct.error,
    expat.ExpatError, AttributeError, TypeError,
)  # fmt: skip
_DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_NOISE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Refused(Exception):
    """This workbook will not be read; `problem` says why."""

    def __init__(self, code: str, sheets: tuple[str, ...] = (), **params: str | int) -> None:
        super().__init__(code)
        self.problem = Problem(0, None, code, params)
        self.sheets = sheets


def _unescape(text: str) -> str:
    """`_x000D_` in a cell stands for that character. Surrogates and NUL are dropped."""

    def one(match: re.Match[str]) -> str:
        code = int(match[1], 16)
        return "" if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)

    return _ESCAPED.sub(one, text) if "_x" in text else text


def _column(ref: str) -> int:
    number = 0
    for letter in ref:
        number = number * 26 + ord(letter) - 64
    return number - 1


class Strings:
    """The shared strings of a workbook, kept outside of memory: offsets here, text in a temporary file."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()
        self.ends = array("Q", [0])
        self.map: mmap.mmap | None = None

    def add(self, text: str) -> None:
        self.ends.append(self.ends[-1] + self.file.write(text.encode("utf-8", "replace")))

    def close_writing(self) -> None:
        self.file.flush()
        if self.ends[-1]:
            self.map = mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ)

    def __getitem__(self, index: int) -> str:
        start, end = self.ends[index], self.ends[index + 1]
        return self.map[start:end].decode() if self.map is not None else ""


class Book:
    """An .xlsx file. Raises Refused from its constructor and from `check`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sheets: tuple[str, ...] = ()
        self._parts: dict[str, str] = {}
        self._strings: Strings | None = None
        self._formats: list[Callable[[str], str] | None] = []
        self._epoch1904 = False
        try:
            self._guard_directory()
            with zipfile.ZipFile(path) as archive:
                self._open(archive)
        except Refused:
            raise
        except BROKEN as error:
            raise Refused("xlsx_broken") from error

    @property
    def first(self) -> str:
        """The first sheet that is not hidden."""
        return self._first

    def _guard_directory(self) -> None:
        with self.path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 66_000))
            tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0:
            raise Refused("xlsx_broken")
        size = int.from_bytes(tail[at + 12 : at + 16], "little")
        if size > DIRECTORY_CAP:
            raise Refused("xlsx_bomb", size=size)

    def _open(self, archive: zipfile.ZipFile) -> None:
        names = set(archive.namelist())
        if "xl/workbook.bin" in names:
            raise Refused("xlsb")
        if "mimetype" in names and "content.xml" in names:
            raise Refused("ods")
        if "[Content_Types].xml" not in names or not any(name.startswith(("xl/", "/xl/")) for name in names):
            raise Refused("zip")
        book = next(
            (one for one in ("xl/workbook.xml", *sorted(names)) if one.endswith("workbook.xml")), "xl/workbook.xml"
        )
        links: dict[str, str] = {}
        kinds: dict[str, str] = {}
        folder = book.rpartition("/")[0]

        def link(name: str, attrs: dict[str, str]) -> None:
            if name == "Relationship" and attrs.get("TargetMode") != "External":
                target = attrs.get("Target", "")
                whole = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}"
                while (short := re.sub(r"[^/]+/\.\./", "", whole, count=1)) != whole:
                    whole = short
                links[attrs.get("Id", "")] = whole
                kinds[attrs.get("Type", "").rpartition("/")[2]] = whole

        found: list[tuple[str, str, bool]] = []

        def sheet(name: str, attrs: dict[str, str]) -> None:
            if name == "sheet":
                rid = next((value for key, value in attrs.items() if key.endswith(":id")), "")
                found.append((attrs.get("name", ""), rid, attrs.get("state", "visible") == "visible"))
            elif name == "workbookPr":
                self._epoch1904 = attrs.get("date1904", "0") in ("1", "true", "on")

        _walk(archive, f"{folder}/_rels/workbook.xml.rels", link)
        _walk(archive, book, sheet)
        self._parts = {name: links[rid] for name, rid, _ in found if "worksheet" in links.get(rid, "")} or {
            name: links[rid] for name, rid, _ in found if rid in links
        }
        self.sheets = tuple(self._parts)
        if not self.sheets:
            raise Refused("no_rows")
        self._first = next((name for name, _, seen in found if seen and name in self._parts), self.sheets[0])
        self._strings_part = kinds.get("sharedStrings", "xl/sharedStrings.xml")
        if self._strings_part in names:
            _size(archive, self._strings_part, STRINGS_CAP)
        self._read_styles(archive, kinds.get("styles", "xl/styles.xml"))

    def check(self, name: str) -> int:
        """Unpacked bytes of a sheet, after checking that it exists and is no bomb."""
        if name not in self._parts:
            raise Refused("no_sheet", self.sheets, name=name)
        try:
            with zipfile.ZipFile(self.path) as archive:
                return _size(archive, self._parts[name], PART_CAP)
        except BROKEN as error:
            raise Refused("xlsx_broken", self.sheets) from error

    def _read_styles(self, archive: zipfile.ZipFile, part: str) -> None:
        if part not in archive.namelist():
            return
        codes: dict[int, str] = {}
        used: list[int] = []
        inside = [""]

        def style(name: str, attrs: dict[str, str]) -> None:
            if name == "numFmt" and len(codes) < 10_000:
                codes[int(attrs.get("numFmtId", "0"))] = attrs.get("formatCode", "")[:1_000]
            elif name in ("cellXfs", "cellStyleXfs", "dxfs", "cellStyles"):
                inside[0] = name
            elif name == "xf" and inside[0] == "cellXfs" and len(used) < 100_000:
                used.append(int(attrs.get("numFmtId", "0")))

        _walk(archive, part, style)
        made: dict[int, Callable[[str], str] | None] = {}
        for number in used:
            if number not in made:
                made[number] = self._format(number, codes.get(number, ""))
            self._formats.append(made[number])

    def _format(self, number: int, code: str) -> Callable[[str], str] | None:
        """How cells of a number format become text: dates as ISO, codes with leading zeros; None for plain numbers."""
        if re.fullmatch(r"0{2,20}", code):
            return lambda text: _number(text).zfill(len(code))
        bare = _NOISE.sub("", code.split(";")[0].lower()).replace("general", "")
        elapsed = re.search(r"\[(h+|m+|s+)\]", code.lower()) or number == 46
        if elapsed or not (number in _DATES and not code or re.search("[ymdhs]", bare)):
            return None
        time_only = (
            number in (18, 19, 20, 21, 45, 47) if not code else not re.search("[yd]|m.*d|g", bare) and "h" in bare
        )
        return lambda text: _date(text, self._epoch1904, time_only)

    def _load_strings(self, archive: zipfile.ZipFile) -> Strings:
        strings = Strings()
        if self._strings_part in archive.namelist():
            reader = _Texts(strings.add)
            for _ in _feed(archive, self._strings_part, reader.parser, STRINGS_CAP):
                pass
        strings.close_writing()
        return strings

    def records(self, name: str, report: Callable[[Problem], None]) -> Iterator[tuple[int, list[str], int]]:
        """(row number, cells, unpacked bytes read) of a sheet. A damaged file ends early with a problem, not an exception."""
        rows: deque[tuple[int, list[str]]] = deque()
        try:
            with zipfile.ZipFile(self.path) as archive:
                if self._strings is None:
                    self._strings = self._load_strings(archive)
                reader = _Rows(self._strings, self._formats, rows.append, report)
                for done in _feed(archive, self._parts[name], reader.parser, PART_CAP):
                    while rows:
                        number, row = rows.popleft()
                        yield number, row, done
                    if reader.cells > CELL_CAP:
                        report(Problem(0, None, "too_many_cells", {"cap": CELL_CAP}))
                        return
        except Refused as refused:
            report(refused.problem)
        except BROKEN:
            report(Problem(0, None, "xlsx_broken"))
        while rows:
            number, row = rows.popleft()
            yield number, row, 0


def _size(archive: zipfile.ZipFile, part: str, cap: int) -> int:
    info = archive.getinfo(part)
    ratio = info.file_size / max(1, info.compress_size)
    if info.file_size > cap or (info.file_size > 8 << 20 and ratio > RATIO_CAP):
        raise Refused("xlsx_bomb", size=info.file_size)
    return info.file_size


def _feed(archive: zipfile.ZipFile, part: str, parser: expat.XMLParserType, cap: int) -> Iterator[int]:
    """Push a part through an XML parser, yielding the bytes done after each chunk."""
    _size(archive, part, cap)
    done = 0

    def doctype(*_args: object) -> None:
        raise Refused("xlsx_entity")

    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    with archive.open(part) as file:
        while chunk := file.read(CHUNK):
            parser.Parse(chunk, False)
            done += len(chunk)
            if done - parser.CurrentByteIndex > TOKEN_CAP:
                raise Refused("xlsx_bomb", size=done)
            yield done
    parser.Parse(b"", True)


def _parser() -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 14
    return parser


def _walk(archive: zipfile.ZipFile, part: str, start: Callable[[str, dict[str, str]], None]) -> None:
    """Read a small part by its opening tags alone. Prefixes of names are dropped."""
    parser = _parser()
    parser.StartElementHandler = lambda name, attrs: start(name.rpartition(":")[2], attrs)
    for _ in _feed(archive, part, parser, 64 << 20):
        pass


def _number(text: str) -> str:
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


def _date(text: str, epoch1904: bool, time_only: bool) -> str:
    """A serial day number as ISO text. Day 60 of the 1900 calendar never was, and stays a number like all that do not fit."""
    try:
        value = float(text)
    except ValueError:
        return text
    if not epoch1904 and 60 <= value < 61 or not 0 <= value < 2_958_466:
        return _number(text)
    start = datetime(1904, 1, 1) if epoch1904 else datetime(1899, 12, 30) if value >= 61 else datetime(1899, 12, 31)
    moment = start + timedelta(seconds=round(value * 86_400))
    if time_only and value < 1:
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%Y-%m-%d") if value.is_integer() else moment.isoformat(" ")


class _Texts:
    """Collects shared strings. Readings printed above kanji (rPh) are no part of the text."""

    def __init__(self, add: Callable[[str], None]) -> None:
        self.parser = _parser()
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


class _Rows:
    """Turns the events of a sheet into rows of text."""

    def __init__(
        self,
        strings: Strings,
        formats: list[Callable[[str], str] | None],
        push: Callable[[tuple[int, list[str]]], None],
        report: Callable[[Problem], None],
    ) -> None:
        self.parser = _parser()
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

    def _place(self, name: str) -> int:
        place = self.columns.get(name)
        if place is None:
            if not re.fullmatch("[A-Z]{1,3}", name):
                raise ValueError(name)
            place = self.columns[name] = _column(name)
        return place

    def data(self, text: str) -> None:
        if self.on and self.length <= FIELD_CAP:
            self.length += len(text)
            self.text.append(text)

    def end(self, name: str) -> None:
        if name == "c" or name.endswith(":c"):
            if self.text:
                self._cell("".join(self.text))
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
            text = form(text) if form is not None else _number(text)
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
