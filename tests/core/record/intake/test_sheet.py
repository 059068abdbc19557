"""Workbooks: values as a person sees them, and archives made to harm refused before they cost anything."""

from __future__ import annotations

import datetime as dt
import io
import random
import resource
import time
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noren.core.record.intake.problem import Problem
from noren.core.record.intake.table.read import open_table

TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
BOOK = f'<workbook xmlns="{MAIN}" xmlns:r="{REL}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
RELS = (
    f'<Relationships><Relationship Id="r1" Type="{REL}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{REL}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
)


def pack(path: Path, sheet: str | bytes, strings: str | bytes = "", level: int = 6, **more: str) -> Path:
    """A workbook written by hand, for what no honest program writes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        parts = {"[Content_Types].xml": TYPES, "xl/workbook.xml": BOOK, "xl/_rels/workbook.xml.rels": RELS, **more}
        for name, text in parts.items():
            archive.writestr(name, text)
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        if strings:
            archive.writestr("xl/sharedStrings.xml", strings)
    return path


def sheet(rows: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def text_row(number: int, *cells: str) -> str:
    inner = "".join(
        f'<c r="{chr(65 + at)}{number}" t="inlineStr"><is><t>{cell}</t></is></c>' for at, cell in enumerate(cells)
    )
    return f'<row r="{number}">{inner}</row>'


def book(path: Path, rows: list[list[object]], formats: dict[str, str] | None = None) -> Path:
    workbook = openpyxl.Workbook()
    page = workbook.active
    for row in rows:
        page.append(row)
    for cell, code in (formats or {}).items():
        page[cell].number_format = code
    workbook.save(path)
    return path


def test_cells_read_as_a_person_sees_them(tmp_path: Path) -> None:
    day = dt.date(2026, 4, 1)
    moment = dt.datetime(2026, 4, 1, 13, 5, 7)
    row: list[object] = [
        "山田商店",
        day,
        moment,
        dt.time(9, 30),
        1100.04,
        0.1 + 0.2,
        7000012050002,
        True,
        30,
        "",
        None,
        -5,
    ]
    header: list[object] = [f"h{number}" for number in range(len(row) + 1)]
    path = book(tmp_path / "a.xlsx", [header, [*row, 44000]], {"I2": "0000000", "M2": '[$-411]ggge"年"m"月"d"日"'})
    table = open_table(path)
    assert (table.kind, table.sheets, table.has_header) == ("xlsx", ("Sheet",), True)
    assert list(table.rows()) == [
        (
            2,
            [
                "山田商店",
                "2026-04-01",
                "2026-04-01 13:05:07",
                "09:30:00",
                "1100.04",
                "0.3",
                "7000012050002",
                "TRUE",
                "0000030",
                "",
                "",
                "-5",
                "2020-06-18",
            ],
        )
    ]
    assert table.problems == []


@pytest.mark.parametrize("name", ["data.csv", "data.CSV", "data.xls", "data.txt", "data"])
def test_a_workbook_is_known_by_its_bytes_not_its_name(name: str, tmp_path: Path) -> None:
    table = open_table(book(tmp_path / "x.xlsx", [["name", "n"], ["a", 1]]).rename(tmp_path / name))
    assert (table.kind, list(table.rows())) == ("xlsx", [(2, ["a", "1"])])


def test_text_named_as_a_workbook_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_text("name,n\na,1\n")
    assert (open_table(path).kind, list(open_table(path).rows())) == ("csv", [(2, ["a", "1"])])


def test_a_sheet_is_chosen_and_hidden_ones_are_not_first(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.title = "隠し"
    workbook.active.sheet_state = "hidden"
    page = workbook.create_sheet("顧客")
    page.append(["会社名", "氏名"])
    page.append(["A", "B"])
    other = workbook.create_sheet("other")
    other.append(["name", "phone"])
    other.append(["x", "y"])
    workbook.save(tmp_path / "a.xlsx")
    table = open_table(tmp_path / "a.xlsx")
    assert (table.sheet, table.sheets, list(table.rows())) == ("顧客", ("隠し", "顧客", "other"), [(2, ["A", "B"])])
    assert list(open_table(tmp_path / "a.xlsx", sheet="other").rows()) == [(2, ["x", "y"])]
    refusal = open_table(tmp_path / "a.xlsx", sheet="none").refused
    assert refusal is not None
    assert refusal.code == "no_sheet"
    assert open_table(tmp_path / "a.xlsx", sheet="隠し").refused is not None


def test_readings_above_kanji_are_no_part_of_the_name(tmp_path: Path) -> None:
    strings = (
        f'<sst xmlns="{MAIN}"><si><t>氏名</t></si><si><t>会社</t></si>'
        "<si><r><t>山田</t></r><r><t xml:space='preserve'> 太郎</t></r><rPh sb='0' eb='2'><t>ヤマダ</t></rPh></si>"
        "<si><t>a_x000D_b</t></si></sst>"
    )
    rows = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
        '<row r="3"><c r="A3" t="s"><v>2</v></c><c r="B3" t="s"><v>3</v></c></row>'
    )
    table = open_table(pack(tmp_path / "a.xlsx", sheet(rows), strings))
    assert list(table.rows()) == [(3, ["山田 太郎", "a\rb"])]


def test_prefixed_names_and_the_calendar_of_1904_are_understood(tmp_path: Path) -> None:
    rows = '<x:row><x:c t="str"><x:v>name</x:v></x:c><x:c t="str"><x:v>day</x:v></x:c></x:row>'
    rows += '<x:row><x:c t="str"><x:v>a</x:v></x:c><x:c s="0"><x:v>1</x:v></x:c></x:row>'
    body = f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>'
    old = BOOK.replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    path = pack(tmp_path / "a.xlsx", body, **{"xl/styles.xml": styles, "xl/workbook.xml": old})
    assert list(open_table(path).rows()) == [(2, ["a", "1904-01-02"])]


def test_formula_errors_are_blank_and_told(tmp_path: Path) -> None:
    rows = text_row(1, "name", "n") + '<row r="2"><c r="A2" t="str"><v>a</v></c><c r="B2" t="e"><v>#N/A</v></c></row>'
    table = open_table(pack(tmp_path / "a.xlsx", sheet(rows)))
    assert list(table.rows()) == [(2, ["a", ""])]
    assert [(problem.row, problem.code) for problem in table.problems] == [(2, "cell_error")]


def test_a_row_beyond_the_limits_is_told_and_the_next_is_read(tmp_path: Path) -> None:
    wide = '<row r="2"><c r="XFD2" t="str"><v>x</v></c></row>'
    long = text_row(3, "y" * 140_000, "1")
    table = open_table(
        pack(tmp_path / "a.xlsx", sheet(text_row(1, "name", "n") + wide + long + text_row(1_048_576, "b", "2")))
    )
    assert list(table.rows()) == [(1_048_576, ["b", "2"])]
    assert [(problem.row, problem.code) for problem in table.problems] == [
        (2, "too_many_columns"),
        (3, "field_too_long"),
    ]


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)


def zeros(path: Path) -> Path:
    """200 MB of cells packed into some 200 KB."""
    block = b'<row><c t="str"><v>0</v></c></row>' * 31_000
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {
            "[Content_Types].xml": TYPES,
            "xl/workbook.xml": BOOK,
            "xl/_rels/workbook.xml.rels": RELS,
        }.items():
            archive.writestr(name, text)
        with archive.open("xl/worksheets/sheet1.xml", "w") as file:
            file.write(f'<worksheet xmlns="{MAIN}"><sheetData>'.encode())
            for _ in range(200):
                file.write(block)
            file.write(b"</sheetData></worksheet>")
    return path


def crowd(path: Path) -> Path:
    """An archive whose table of contents alone would fill memory."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(45_000):
            archive.writestr(f"xl/{number:060d}", b"")
    return path


BOMBS = {
    "ratio": (zeros, "xlsx_bomb"),
    "strings": (
        lambda path: pack(path, sheet(text_row(1, "a", "b")), b"<sst>" + b"<si><t>a</t></si>" * 1_500_000),
        "xlsx_bomb",
    ),
    "contents": (crowd, "xlsx_bomb"),
    "entities": (lambda path: pack(path, ENTITIES + "]>" + sheet(text_row(1, "&j;", "b"))), "xlsx_entity"),
    "entities_in_strings": (
        lambda path: pack(path, sheet(text_row(1, "a", "b")), ENTITIES + "]><sst><si><t>&j;</t></si></sst>"),
        "xlsx_entity",
    ),
    "external_entity": (
        lambda path: pack(
            path, '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + sheet(text_row(1, "&a;", "b"))
        ),
        "xlsx_entity",
    ),
    "endless_tag": (
        lambda path: pack(path, sheet(f'<row x="{random.Random(1).randbytes(6 << 20).hex()}"/>'), level=1),
        "xlsx_bomb",
    ),
    "not_a_workbook": (lambda path: _plain_zip(path, "../../etc/passwd"), "zip"),
    "binary_workbook": (lambda path: _plain_zip(path, "xl/workbook.bin"), "xlsb"),
}


def _plain_zip(path: Path, name: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, b"x")


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once_and_in_flat_memory(name: str, tmp_path: Path) -> None:
    build, code = BOMBS[name]
    path = tmp_path / "bomb.xlsx"
    build(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()  # neighbors do not matter
    table = open_table(path)
    problems: list[Problem] = []
    rows = list(table.rows(problems.append))
    assert time.process_time() - started < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000
    assert rows == []
    assert table.refused is not None
    assert table.refused.code == code


def test_two_cells_at_opposite_corners_reserve_nothing(tmp_path: Path) -> None:
    rows = (
        text_row(1, "name", "n")
        + text_row(2, "a", "1")
        + '<row r="1048576"><c r="XFD1048576" s="1"/><c r="A1048576"/></row>'
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert list(open_table(pack(tmp_path / "a.xlsx", sheet(rows))).rows()) == [(2, ["a", "1"])]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_a_workbook_damaged_in_the_middle_gives_the_rows_before_and_a_problem(tmp_path: Path) -> None:
    rows = "".join(text_row(number, "name" if number == 1 else f"a{number}", "n") for number in range(1, 3_000))
    path = pack(tmp_path / "a.xlsx", sheet(rows + "<row></c>"))
    table = open_table(path)
    assert sum(1 for _ in table.rows()) > 2_000
    assert [problem.code for problem in table.problems] == ["xlsx_broken"]


GOOD = io.BytesIO()
_workbook = openpyxl.Workbook()
_workbook.active.append(["name", "day"])
_workbook.active.append(["a", dt.date(2026, 1, 1)])
_workbook.save(GOOD)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spots=st.lists(st.tuples(st.integers(0, len(GOOD.getvalue()) - 1), st.integers(0, 255)), max_size=12),
    cut=st.integers(0, 4_000),
)
def test_reading_never_raises_on_a_damaged_workbook(spots: list[tuple[int, int]], cut: int, tmp_path: Path) -> None:
    data = bytearray(GOOD.getvalue())
    for place, value in spots:
        data[place] = value
    path = tmp_path / "a.xlsx"
    path.write_bytes(data[: len(data) - cut] if cut % 3 == 0 else data)
    table = open_table(path)
    assert all(len(row) == len(table.header) for _, row in table.rows())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    inner=st.lists(
        st.sampled_from(
            [
                "<row>",
                "</row>",
                '<row r="0">',
                '<row r="x">',
                '<c r="A1" t="s"><v>9</v></c>',
                '<c r="1"><v>1</v></c>',
                "<c><v>nan</v></c>",
                "<c><v>1e400</v></c>",
                '<c s="99999"><v>x</v></c>',
                '<c t="s"><v>-1</v></c>',
                "<c><v>inf</v></c>",
                "<c s='-1'><v>1</v></c>",
                '<c r="ZZZZZ9"><v>1</v></c>',
                '<c t="str"><v>a</v></c>',
                "<is><t>x</t></is>",
                '<c r="B1"><v>1</v></c>',
                "<v>loose</v>",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_reading_never_raises_on_odd_cells(inner: str, tmp_path: Path) -> None:
    table = open_table(pack(tmp_path / "a.xlsx", sheet(text_row(1, "name", "n") + inner)))
    assert all(len(row) == len(table.header) for _, row in table.rows())
