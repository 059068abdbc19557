"""Read .xlsx as a stream with constant memory: shared strings lie in a temporary file, sheet rows come one by one.

Ready-made readers keep the whole sheet (two cells at opposite corners make them reserve gigabytes) or are several times
slower. Limits against archives made to harm are checked before unpacking: size, ratio, declarations (entities), cells.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.parsers import expat

from noren.core.record.intake.problem import Problem
from noren.core.record.intake.table.cells import Rows, Strings, Texts, column_of, date_text, new_parser, number_text

CHUNK = 1 << 16
DIRECTORY_CAP = 4 << 20
"""Bytes of the archive's table of contents."""
PART_CAP = 4 << 30
"""Bytes of one unpacked part."""
STRINGS_CAP = 1 << 30
RATIO_CAP = 100
"""Unpacked to packed, for parts over 8 MB. Real sheets stay under 40."""
CELL_CAP = 100_000_000
MERGE_CAP = 32 << 20
"""Bytes of a sheet up to which merged cells are looked for."""
MERGES = 100_000
_MERGED = re.compile(rb'mergeCell ref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')
TOKEN_CAP = 4 << 20
"""Bytes of one XML tag."""
BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, LookupError, ArithmeticError, struct.error,
    expat.ExpatError, AttributeError, TypeError,
)  # fmt: skip
_DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_NOISE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')


class Refused(Exception):
    """This workbook will not be read; `problem` says why."""

    def __init__(self, code: str, sheets: tuple[str, ...] = (), **params: str | int) -> None:
        super().__init__(code)
        self.problem = Problem(0, None, code, params)
        self.sheets = sheets


class Book:
    """An .xlsx file. Raises Refused from its constructor and from `check`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sheets: tuple[str, ...] = ()
        self.visible: tuple[str, ...] = ()
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
        self.visible = tuple(name for name, _, seen in found if seen and name in self._parts)
        self._first = next(iter(self.visible), self.sheets[0])
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
            return lambda text: number_text(text).zfill(len(code))
        bare = _NOISE.sub("", code.partition(";")[0].lower()).replace("general", "")
        elapsed = re.search(r"\[(h+|m+|s+)\]", code.lower()) or number == 46
        if elapsed or not ((number in _DATES and not code) or re.search("[ymdhs]", bare)):
            return None
        time_only = (
            number in (18, 19, 20, 21, 45, 47) if not code else not re.search("[yd]|m.*d|g", bare) and "h" in bare
        )
        return lambda text: date_text(text, self._epoch1904, time_only)

    def _load_strings(self, archive: zipfile.ZipFile) -> Strings:
        strings = Strings()
        try:
            if self._strings_part in archive.namelist():
                for _ in _feed(archive, self._strings_part, Texts(strings.add).parser, STRINGS_CAP):
                    pass
        finally:
            strings.close_writing()
        return strings

    def records(self, name: str, report: Callable[[Problem], None]) -> Iterator[tuple[int, list[str], int]]:
        """(row number, cells, unpacked bytes read) of a sheet. A damaged file ends early with a problem, not an exception."""
        rows: deque[tuple[int, list[str]]] = deque()
        try:
            with zipfile.ZipFile(self.path) as archive:
                if self._strings is None:
                    self._strings = self._load_strings(archive)
                merged = Merged(archive, self._parts[name])
                reader = Rows(self._strings, self._formats, rows.append, report)
                for done in _feed(archive, self._parts[name], reader.parser, PART_CAP):
                    while rows:
                        number, row = rows.popleft()
                        merged.fill(number, row)
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


class Merged:
    """Cells merged over several rows (a company beside its three contacts): their text stands in each of these rows.

    Which cells are merged is told behind the rows, so sheets beyond MERGE_CAP are read without it.
    """

    def __init__(self, archive: zipfile.ZipFile, part: str) -> None:
        self.spans: dict[int, list[tuple[int, int]]] = {}  # first row -> (column, last row)
        self.held: dict[int, tuple[int, str]] = {}  # column -> (last row, text)
        info = archive.getinfo(part)
        if info.file_size > MERGE_CAP:
            return
        _size(archive, part, MERGE_CAP)
        data = archive.read(part)
        tail = data[max(data.rfind(b"</sheetData>"), 0) :]
        for left, top, bottom in _MERGED.findall(tail)[:MERGES]:
            if int(bottom) > int(top):
                self.spans.setdefault(int(top), []).append((column_of(left.decode()), int(bottom)))

    def fill(self, number: int, row: list[str]) -> None:
        if not self.spans or not any(row):
            return
        for at, (last, text) in list(self.held.items()):
            if number > last:
                del self.held[at]
                continue
            row.extend([""] * (at + 1 - len(row)))
            row[at] = row[at] or text
        for at, last in self.spans.get(number, ()):
            if at < len(row) and row[at]:
                self.held[at] = (last, row[at])


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
            parser.Parse(chunk)
            done += len(chunk)
            if done - parser.CurrentByteIndex > TOKEN_CAP:
                raise Refused("xlsx_bomb", size=done)
            yield done
    parser.Parse(b"", True)


def _walk(archive: zipfile.ZipFile, part: str, start: Callable[[str, dict[str, str]], None]) -> None:
    """Read a small part by its opening tags alone. Prefixes of names are dropped."""
    parser = new_parser()
    parser.StartElementHandler = lambda name, attrs: start(name.rpartition(":")[2], attrs)
    for _ in _feed(archive, part, parser, 64 << 20):
        pass
