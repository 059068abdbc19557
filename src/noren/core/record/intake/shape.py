"""The shape of a table, judged on its first rows: which sign separates cells, and which row holds the column names."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from noren.core.record.intake.headers import fold, known

SEPARATORS = (",", "\t", ";", "|")
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_DATA = re.compile(
    r"[^@\s]+@[^@\s]+\.\w+|https?://\S+|[¥$€]?-?\d[\d,.]*%?円?|\d{2,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?.*|\+?[\d()\-]{9,}"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """Where the column names are. `start` is the index of the header among the sample rows, -1 when there is none."""

    start: int
    certain: bool
    width: int


def separator_of(text: str) -> str:
    """The separator that cuts the sample into the most even rows, quotes honored. A line `sep=;` decides at once."""
    first = text.partition("\n")[0]
    if re.fullmatch(r'"?sep=.\r?"?\r?', first):
        return first.strip('"')[4]
    best, best_score = ",", 0.0
    for sign in SEPARATORS:
        if sign not in text:
            continue
        widths: list[int] = []
        try:
            widths.extend(len(row) for row in csv.reader(_LINES.findall(text), delimiter=sign) if row)
        except csv.Error:
            pass
        full = Counter(width for width in widths if width > 1)
        if not full:
            continue
        width, count = max(full.items(), key=lambda item: (item[1], item[0]))
        head = next((its for its in widths if its > 1), 0)
        score = count / len(widths) * (1.0 if head == width else 0.6) + min(width, 50) / 1000
        if score > best_score:
            best, best_score = sign, score
    return best


def _filled(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell and not cell.isspace())


def _data_like(row: Sequence[str]) -> int:
    return sum(1 for cell in row if _DATA.fullmatch(cell.strip()))


def shape_of(rows: Sequence[Sequence[str]]) -> Shape:
    """Find the header among the first rows: after titles and notes (preamble), before the data.

    The header is the first row at least half as full as the usual row, unless a later one among the first 30 is made of
    words we know as column names and that one is not. A row of values (numbers, dates, addresses) is no header.
    """
    filled = [_filled(row) for row in rows]
    usual = Counter(count for count in filled if count).most_common()
    if not usual:
        return Shape(-1, certain=True, width=max((len(row) for row in rows), default=0))
    most = max(count for count, times in usual if times == usual[0][1])
    need = most if most < 3 else max(2, most / 2)
    start = next((at for at, count in enumerate(filled) if count >= need), filled.index(max(filled)))
    hits = [sum(1 for cell in row if known(cell)) for row in rows[:30]]
    here = hits[start] if start < len(hits) else 0
    better = max(range(len(hits)), key=lambda at: (hits[at], -at))
    if better > start and hits[better] >= 3 and hits[better] > here * 2 and filled[start] < filled[better]:
        start, here = better, hits[better]
    values = _data_like(rows[start])
    if here == 0 and values and len(rows) > start + 1:
        following = rows[start + 1 : start + 21]
        same = sum(
            1
            for at, cell in enumerate(rows[start])
            if _DATA.fullmatch(cell.strip())
            and sum(1 for row in following if at < len(row) and _DATA.fullmatch(row[at].strip())) * 2 > len(following)
        )
        years = all(
            re.fullmatch(r"(19|20)\d\d年?", cell.strip()) for cell in rows[start] if _DATA.fullmatch(cell.strip())
        )
        if same and not years:
            return Shape(-1, certain=False, width=most_width(rows))
    if here == 0 and values and len(rows) == start + 1:
        return Shape(-1, certain=False, width=most_width(rows))
    return Shape(start, certain=True, width=len(rows[start]))


TOTALS = frozenset(
    {"合計", "総合計", "総計", "小計", "計", "合 計", "合　計", "total", "grand total", "totals", "subtotal", "sum"}
)
_NUMBER = re.compile(r"[-▲△(]?[¥\\$€£]?\s*[-▲△]?\d[\d,.]*\s*[円%件名社個人)]?")


def total_of(row: Sequence[str]) -> str:
    """The word (合計) of a row that adds the others up and is none of them, else empty: beside it stand figures alone."""
    filled = [cell.strip() for cell in row if cell and not cell.isspace()]
    if len(filled) < 2 or filled[0].strip(" :：").lower() not in TOTALS:
        return ""
    return filled[0] if all(_NUMBER.fullmatch(cell) for cell in filled[1:]) else ""


def most_width(rows: Sequence[Sequence[str]]) -> int:
    """The usual number of cells of a row."""
    widths = Counter(len(row) for row in rows if len(row) > 1) or Counter(len(row) for row in rows)
    return max(widths.items(), key=lambda item: (item[1], item[0]))[0] if widths else 0


def letters(column: int) -> str:
    """The spreadsheet's name of a column: 0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def distinct(names: Sequence[str]) -> list[str]:
    """Column names without spaces around and without repeats: a blank one gets its spreadsheet letters, a second 電話 is `電話 (2)`."""
    taken: set[str] = set()
    result = []
    for at, name in enumerate(names):
        base = " ".join(name.replace("\ufeff", "").split()) or letters(at)
        label, number = base, 1
        while label in taken:
            number += 1
            label = f"{base} ({number})"
        taken.add(label)
        result.append(label)
    return result


def signature_of(header: Sequence[str]) -> str:
    """The same for every file with these column names, whatever their order and spelling of width, case and spaces."""
    return hashlib.sha256("\n".join(sorted(fold(name) for name in header)).encode()).hexdigest()[:24]
