"""A zoo of files as people really bring them: each is read rightly or answered with a clear problem, never with an exception."""

from __future__ import annotations

import csv
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noren.core.record.intake.problem import COLUMN_CAP, FIELD_CAP, ROW_CAP, SENTENCES, Problem
from noren.core.record.intake.table.read import Table, open_table

JA = "会社名,氏名,電話番号\n株式会社山田商店,髙橋 一郎,03-1234-5678\n㈱﨑製作所,山﨑 花子,06-1111-2222\n"
WEST = "company,name,city\nMüller,Jörg Weiß,Köln\nCafé,Renée,Orléans\nNiño,Señora,Málaga\n"
PLAIN = "name,phone,city\nA,1,x\nB,2,y\n"
AB = [["A", "1", "x"], ["B", "2", "y"]]
JA_ROWS = [["株式会社山田商店", "髙橋 一郎", "03-1234-5678"], ["㈱﨑製作所", "山﨑 花子", "06-1111-2222"]]
WEST_ROWS = [["Müller", "Jörg Weiß", "Köln"], ["Café", "Renée", "Orléans"], ["Niño", "Señora", "Málaga"]]
EIGHT = "会社名,部署名,役職,姓,名,e-mail,郵便番号,住所,TEL会社,TEL部門,TEL直通,Fax,携帯電話,URL,名刺交換日"
EIGHT_ROW = (
    "山田商店,営業部,部長,山田,太郎,a@example.jp,100-0005,東京都千代田区,03-1111-2222,,,,090-1111-2222,,2024/04/01"
)
PREAMBLE = "".join(f"この行は説明です{n}\r\n" for n in range(8))

Check = Callable[[Table, list[list[str]], list[Problem]], bool]
Case = tuple[str, bytes, Check]


def good(rows: list[list[str]], **want: object) -> Check:
    """The data rows are exactly these, nothing is reported, and the table has these properties."""

    def check(table: Table, got: list[list[str]], problems: list[Problem]) -> bool:
        return got == rows and not problems and all(getattr(table, name) == value for name, value in want.items())

    return check


def refused(code: str) -> Check:
    return lambda table, got, _problems: table.refused is not None and table.refused.code == code and not got


def told(*codes: str, rows: list[list[str]] | None = None, numbers: list[int] | None = None) -> Check:
    """Exactly these problems, in order, and the other rows are read."""

    def check(_table: Table, got: list[list[str]], problems: list[Problem]) -> bool:
        return (
            [problem.code for problem in problems] == list(codes)
            and (rows is None or got == rows)
            and (numbers is None or [problem.row for problem in problems] == numbers)
        )

    return check


def asks(code: str, rows: list[list[str]], **want: object) -> Check:
    def check(table: Table, got: list[list[str]], _problems: list[Problem]) -> bool:
        fine = got == rows and all(getattr(table, name) == value for name, value in want.items())
        return fine and code in [question.code for question in table.questions]

    return check


ZOO: dict[str, tuple[bytes, Check]] = {
    "plain": (PLAIN.encode(), good(AB, encoding="utf-8", separator=",", header=["name", "phone", "city"])),
    "utf8_bom": (b"\xef\xbb\xbf" + JA.encode(), good(JA_ROWS, encoding="utf-8", header=["会社名", "氏名", "電話番号"])),
    "utf8_bom_twice": (b"\xef\xbb\xbf\xef\xbb\xbf" + JA.encode(), good(JA_ROWS, header=["会社名", "氏名", "電話番号"])),
    "utf8_ja": (JA.encode(), good(JA_ROWS, encoding="utf-8")),
    "cp932": (JA.encode("cp932"), good(JA_ROWS, encoding="cp932")),
    "cp932_crlf": (JA.replace("\n", "\r\n").encode("cp932"), good(JA_ROWS, encoding="cp932")),
    "cp932_backslash_second_byte": ("氏名,表\n能,ソ\n".encode("cp932"), good([["能", "ソ"]], encoding="cp932")),
    "cp932_circled": ("名前,①\n№,㈱\n".encode("cp932"), good([["№", "㈱"]], encoding="cp932")),
    "cp932_half_kana": (
        "氏名,フリガナ\n佐藤,ｻﾄｳ\n鈴木,ｽｽﾞｷ\n".encode("cp932"),
        good([["佐藤", "ｻﾄｳ"], ["鈴木", "ｽｽﾞｷ"]], encoding="cp932"),
    ),
    "utf16le_bom": (b"\xff\xfe" + JA.encode("utf-16-le"), good(JA_ROWS, encoding="utf-16-le")),
    "utf16be_bom": (b"\xfe\xff" + JA.encode("utf-16-be"), good(JA_ROWS, encoding="utf-16-be")),
    "utf16le_no_bom": (PLAIN.encode("utf-16-le"), asks("encoding_unsure", AB, encoding="utf-16-le")),
    "utf16be_no_bom": (PLAIN.encode("utf-16-be"), asks("encoding_unsure", AB, encoding="utf-16-be")),
    "utf16_ja_no_bom": (JA.encode("utf-16-le"), asks("encoding_unsure", JA_ROWS, encoding="utf-16-le")),
    "utf16_tabs_excel": (b"\xff\xfe" + PLAIN.replace(",", "\t").encode("utf-16-le"), good(AB, separator="\t")),
    "cp1252": (WEST.encode("cp1252"), asks("encoding_unsure", WEST_ROWS, encoding="cp1252")),
    "cp1252_euro": (
        "name,price\nA,€ 5\nB,€ 6\n".encode("cp1252"),
        asks("encoding_unsure", [["A", "€ 5"], ["B", "€ 6"]]),
    ),
    "euc_jp": (
        ("会社名,よみ\n" + "やまだ,ヤマダ商店\n" * 5).encode("euc_jp"),
        asks("encoding_unsure", [["やまだ", "ヤマダ商店"]] * 5, encoding="euc_jp"),
    ),
    "iso2022": (("会社名,氏名\n" + "山田,太郎\n").encode("iso2022_jp"), asks("encoding_unsure", [["山田", "太郎"]])),
    "one_bad_byte_utf8": (
        JA.encode() + "山田商店,佐藤,03\n".encode() * 40 + b"bad\xff,x,1\n" + "鈴木商店,佐藤,03\n".encode(),
        told(
            "bad_bytes", rows=[*JA_ROWS, *[["山田商店", "佐藤", "03"]] * 40, ["鈴木商店", "佐藤", "03"]], numbers=[44]
        ),
    ),
    "one_bad_byte_cp932": (
        (JA + "山田商店,佐藤,03\n" * 40).encode("cp932") + b"\x81\x20x,y,1\n" + "鈴木商店,佐藤,03\n".encode("cp932"),
        told("bad_bytes", numbers=[44]),
    ),
    "utf8_cut_in_character": (JA.encode() + "山田商店,佐藤,03\n".encode() * 9 + "末".encode()[:2], told("bad_bytes")),
    "semicolon": (PLAIN.replace(",", ";").encode(), good(AB, separator=";")),
    "semicolon_decimal_comma": (
        b"name;price;city\nA;1,5;x\nB;2,5;y\n",
        good([["A", "1,5", "x"], ["B", "2,5", "y"]], separator=";"),
    ),
    "tab": (PLAIN.replace(",", "\t").encode(), good(AB, separator="\t")),
    "tab_with_commas": (
        b"name\taddress\nA\tx, y, z\nB\tq, r\n",
        good([["A", "x, y, z"], ["B", "q, r"]], separator="\t"),
    ),
    "pipe": (PLAIN.replace(",", "|").encode(), good(AB, separator="|")),
    "sep_line": (b"sep=;\n" + PLAIN.replace(",", ";").encode(), good(AB, separator=";", header_row=2)),
    "separator_in_quotes": (
        b'name;note\n"a;b";"1,2"\n"c;d";"3,4"\n',
        good([["a;b", "1,2"], ["c;d", "3,4"]], separator=";"),
    ),
    "one_column": ("メール\na@example.jp\nb@example.jp\n".encode(), good([["a@example.jp"], ["b@example.jp"]])),
    "cr_only": (PLAIN.replace("\n", "\r").encode(), good(AB)),
    "crlf": (PLAIN.replace("\n", "\r\n").encode(), good(AB)),
    "mixed_ends": (b"name,phone,city\r\nA,1,x\nB,2,y\rC,3,z", good([*AB, ["C", "3", "z"]])),
    "no_last_newline": (PLAIN.rstrip().encode(), good(AB)),
    "quoted_newline": (b'name,note\nA,"two\nlines"\nB,x\n', good([["A", "two\nlines"], ["B", "x"]])),
    "quoted_crlf_kept": (b'name,note\r\nA,"two\r\nlines"\r\n', good([["A", "two\r\nlines"]])),
    "quoted_newline_first_cell": (b'name,note\n"A\nB",x\n', good([["A\nB", "x"]])),
    "doubled_quotes": (b'name,note\n"say ""hi""",x\n', good([['say "hi"', "x"]])),
    "quote_inside": (b'name,size\npipe,5" wide\nrod,6"\n', good([["pipe", '5" wide'], ["rod", '6"']])),
    "loose_quote": (b'name,note\n"A" Ltd,x\nB,y\n', good([["A Ltd", "x"], ["B", "y"]])),
    "lone_quote": (
        b'name,note,n\n"A,x,1\nB,y,2\nC,z,3\n',
        told("quote_open", rows=[["B", "y", "2"], ["C", "z", "3"]], numbers=[2]),
    ),
    "lone_quote_then_quoted": (
        b'name,note,n\nA,"x,1\nB,y,2\nC,"z, z",3\nD,w,4\n',
        told("quote_open", rows=[["B", "y", "2"], ["C", "z, z", "3"], ["D", "w", "4"]], numbers=[2]),
    ),
    "lone_quote_last_row": (b'name,note\nA,x\nB,"y', told("quote_open", rows=[["A", "x"]], numbers=[3])),
    "lone_quote_far": (
        b'name,note,n\n"A,x,1\n' + b"B,y,2\n" * 40_000,
        told("quote_open", rows=[["B", "y", "2"]] * 40_000, numbers=[2]),
    ),
    "nul": (b"name,phone,city\nA\0,1,x\nB,2,y\n", told("nul_removed", rows=AB, numbers=[2])),
    "trailing_commas": (b"name,phone,city,,\nA,1,x,,\nB,2,y,,\n", good(AB, header=["name", "phone", "city"])),
    "blank_named_column": (b"name,,city\nA,1,x\nB,2,y\n", good(AB, header=["name", "B", "city"])),
    "duplicate_headers": (
        "氏名,電話,電話,電話\na,1,2,3\n".encode(),
        good([["a", "1", "2", "3"]], header=["氏名", "電話", "電話 (2)", "電話 (3)"]),
    ),
    "blank_rows": (b"name,phone,city\n\nA,1,x\n,,\n  , ,\nB,2,y\n\n\n", good(AB)),
    "blank_first_rows": (b"\n\n\nname,phone,city\nA,1,x\nB,2,y\n", good(AB, header_row=4)),
    "preamble_eight": (
        (PREAMBLE + EIGHT + "\r\n" + (EIGHT_ROW + "\r\n") * 3).encode("cp932"),
        good([EIGHT_ROW.split(",")] * 3, header_row=9, encoding="cp932", header=EIGHT.split(",")),
    ),
    "title_with_commas": (
        "顧客一覧,,\n2024年4月,,\n会社名,氏名,住所\nA,b,c\n".encode(),
        good([["A", "b", "c"]], header_row=3),
    ),
    "no_header": (
        b"Taro,taro@example.jp,2024-01-02\nJiro,jiro@example.jp,2024-02-03\n",
        asks(
            "header_unsure",
            [["Taro", "taro@example.jp", "2024-01-02"], ["Jiro", "jiro@example.jp", "2024-02-03"]],
            has_header=False,
            header=["A", "B", "C"],
        ),
    ),
    "header_of_years": (b"branch,2023,2024\nTokyo,1,2\nOsaka,3,4\n", good([["Tokyo", "1", "2"], ["Osaka", "3", "4"]])),
    "header_only": (b"name,phone,city\n", good([], header=["name", "phone", "city"])),
    "wide_header_letters": ("会社名　,ＴＥＬ\nA,1\n".encode(), good([["A", "1"]], header=["会社名", "ＴＥＬ"])),
    "short_row": (
        b"name,phone,city\nA\nB,2,y\n",
        told("short_row", rows=[["A", "", ""], ["B", "2", "y"]], numbers=[2]),
    ),
    "long_row_blank": (b"name,phone,city\nA,1,x,,,\nB,2,y\n", good(AB)),
    "long_row": (b"name,phone,city\nA,1,x,extra\nB,2,y\n", told("extra_cells", rows=[["B", "2", "y"]], numbers=[2])),
    "formulas": (b"name,phone,city\n=1+1,@x,-3\n+A,\tb,|c\n", good([["=1+1", "@x", "-3"], ["+A", "\tb", "|c"]])),
    "emoji": ("name,phone,city\n😀👨‍👩‍👧,1,𠮷野家\n".encode(), good([["😀👨‍👩‍👧", "1", "𠮷野家"]])),
    "right_to_left": (
        "name,phone,city\nשלום,1,\u202eabc\nمرحبا,2,y\n".encode(),
        good([["שלום", "1", "\u202eabc"], ["مرحبا", "2", "y"]]),
    ),
    "vertical_tab_and_separators": ("name,note\na\x0bb\u2028c,x\x85y\n".encode(), good([["a\x0bb\u2028c", "x\x85y"]])),
    "null_words": (b"name,phone,city\nNULL,N/A,-\n", good([["NULL", "N/A", "-"]])),
    "cell_too_long": (
        b"name,phone,city\n" + b"x" * (FIELD_CAP + 1) + b",1,x\nB,2,y\n",
        told("field_too_long", rows=[["B", "2", "y"]], numbers=[2]),
    ),
    "cell_just_fits": (b"name,phone,city\n" + b"x" * FIELD_CAP + b",1,x\n", good([["x" * FIELD_CAP, "1", "x"]])),
    "row_too_long": (
        b"name,phone,city\n" + b"x," * ROW_CAP + b"\nB,2,y\n",
        told("row_too_long", rows=[["B", "2", "y"]], numbers=[2]),
    ),
    "row_too_wide": (
        b"name,phone,city\n" + b"x," * (COLUMN_CAP + 5) + b"\nB,2,y\n",
        told("too_many_columns", rows=[["B", "2", "y"]], numbers=[2]),
    ),
    "header_too_wide": (
        b",".join(b"c%d" % n for n in range(COLUMN_CAP + 1)) + b"\n1\n",
        refused("too_many_columns_in_header"),
    ),
    "empty": (b"", refused("empty")),
    "only_bom": (b"\xef\xbb\xbf", refused("no_rows")),
    "only_newlines": (b"\n\r\n\n", refused("no_rows")),
    "only_commas": (b",,,\n,,,\n", refused("no_rows")),
    "gzip": (b"\x1f\x8b\x08" + bytes(40), refused("gzip")),
    "pdf": (b"%PDF-1.7\n%rest", refused("pdf")),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(100), refused("binary")),
    "old_excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), refused("xls")),
    "locked_excel": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
        refused("encrypted"),
    ),
    "html_as_xls": (b"<html><table><tr><td>a</td></tr></table></html>", refused("html")),
    "noise": (bytes(range(32)) * 50, refused("binary")),
    "cut_zip": (b"PK\x03\x04" + bytes(200), refused("xlsx_broken")),
}


def read(path: Path, **how: object) -> tuple[Table, list[list[str]], list[Problem]]:
    table = open_table(path, **how)  # type: ignore[arg-type]
    problems: list[Problem] = []
    return table, [row for _, row in table.rows(problems.append)], problems


def test_the_zoo_has_at_least_sixty_animals() -> None:
    assert len(ZOO) >= 60


@pytest.mark.parametrize("name", ZOO)
def test_a_file_of_the_zoo_is_read_rightly_or_answered_clearly(name: str, tmp_path: Path) -> None:
    data, check = ZOO[name]
    path = tmp_path / "file.CSV"
    path.write_bytes(data)
    table, rows, problems = read(path)
    seen = (table.refused, table.encoding, table.separator, table.header, table.questions, problems[:3], rows[:4])
    assert check(table, rows, problems), seen
    for problem in (*problems, *table.questions, *([table.refused] if table.refused else ())):
        sentence = problem.sentence()
        assert sentence
        assert "%(" not in sentence


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufdd0"), max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=8),
    separator=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    bom=st.booleans(),
)
def test_what_a_program_writes_is_read_back_unchanged(
    rows: list[list[str]], separator: str, quoting: Literal[0, 1], bom: bool, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
        csv.writer(file, delimiter=separator, quoting=quoting).writerows([["name", "phone", "city"], *rows])
    table, got, problems = read(path, encoding="utf-8", separator=separator, header_row=1)
    assert (table.refused, problems) == (None, [])
    assert got == [row for row in rows if any(map(str.strip, row))]


def test_row_numbers_count_as_a_spreadsheet_does(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'title\n\nname,note\nA,"two\nlines"\n\nB,x\n')
    assert list(open_table(path).rows()) == [(4, ["A", "two\nlines"]), (6, ["B", "x"])]


def test_a_broken_off_run_goes_on_after_a_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"name,n\n" + b"".join(b"a,%d\n" % n for n in range(2, 50)) + b"x,1,2\n" + b"b,1\n")
    table = open_table(path)
    assert [number for number, _ in table.rows(after=48)] == [49, 51]
    assert [problem.code for problem in table.problems] == ["extra_cells"]
    assert table.position == table.size


def test_a_person_may_overrule_every_guess(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("会社;a,b\n山田;1,2\n".encode("cp932"))
    table, rows, _ = read(path, encoding="Shift_JIS", separator=",", header_row=0)
    assert (table.encoding, table.has_header, rows) == ("cp932", False, [["会社;a", "b"], ["山田;1", "2"]])
    assert read(path, header_row=2, separator=";")[0].header == ["山田", "1,2"]
    assert read(path, encoding="no-such-thing")[0].encoding == "utf-8"


def test_a_bad_row_keeps_its_cells_for_the_error_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("会社,名\n".encode() + "山田,太郎\n".encode() * 20 + b"A\xff,b\n" + b'"open,c\n')
    _, _, problems = read(path)
    assert [(problem.code, problem.row, problem.cells) for problem in problems] == [
        ("bad_bytes", 22, ("A\ufffd", "b")),
        ("quote_open", 23, ('"open', "c")),
    ]


def test_a_signature_ignores_order_width_and_case(tmp_path: Path) -> None:
    one, two, three = tmp_path / "1.csv", tmp_path / "2.csv", tmp_path / "3.csv"
    one.write_text("会社名,E-mail,ＴＥＬ\na,b,c\n")
    two.write_text("TEL,会社名,email\na,b,c\n")
    three.write_text("TEL,会社名\na,b\n")
    assert open_table(one).signature == open_table(two).signature != open_table(three).signature


def test_a_missing_file_is_answered_not_raised(tmp_path: Path) -> None:
    refusal = open_table(tmp_path / "none.csv").refused
    assert refusal is not None
    assert refusal.code == "unreadable"


def test_a_cell_of_a_hundred_megabytes_and_millions_of_columns_cost_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write(b"name,n\na,1\n")
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b",2\nb,3\n")
        for _ in range(10):
            file.write(b"," * (1 << 19))
        file.write(b"\nc,4\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()  # neighbors do not matter
    _, rows, problems = read(path)
    assert rows == [["a", "1"], ["b", "3"], ["c", "4"]]
    assert [(problem.row, problem.code) for problem in problems] == [(3, "row_too_long"), (5, "row_too_long")]
    assert time.process_time() - started < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


def test_reading_streams_in_constant_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        file.write("会社名,氏名,電話番号\n".encode("cp932"))
        block = ("株式会社山田商店,髙橋 一郎,03-1234-5678\n" * 1_000).encode("cp932")
        for _ in range(200):
            file.write(block)
    table = open_table(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in table.rows()) == 200_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
    assert 0.8 < table.rows_estimate / 200_000 < 1.2


BITS = st.sampled_from(
    [
        b"\n",
        b"\r",
        b",",
        b";",
        b"\t",
        b'"',
        b"\0",
        b"a",
        b"1",
        b"\xff",
        b"\x81",
        b"\xe3\x81\x82",
        b"PK\x03\x04",
        b"=",
        b" ",
    ]
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.one_of(
        st.binary(max_size=600), st.lists(BITS, max_size=120).map(b"".join), st.text(max_size=200).map(str.encode)
    )
)
def test_reading_never_raises_whatever_the_bytes(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "random.csv"
    path.write_bytes(data)
    for how in ({}, {"encoding": "utf-16"}, {"encoding": "iso2022_jp", "separator": "|", "header_row": 3}):
        table, rows, problems = read(path, **how)
        assert all(len(row) == len(table.header) for row in rows)
        assert not any("\0" in cell for row in rows for cell in row)
        assert all(problem.code in SENTENCES for problem in problems)
