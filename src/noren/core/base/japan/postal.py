"""Postal codes, offline. The table is Japan Post's public data, businesses with a code of their own included.

A code does not name one place: 498-0000 lies in two prefectures. So the answer is always a list, and more than one
entry means: let the person choose.

The file is a row of gzip members: a head (sources, municipalities, where each block begins) and blocks of about 2,000
rows, column by column. Only the head and the compressed bytes stay in memory; a look-up opens one block.
"""

import bisect
import json
import re
import threading
import unicodedata
import zlib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import accumulate

from noren.core.base.text import DASHES

_BETWEEN = dict.fromkeys(map(ord, "〒 -ー\t" + DASHES))
_GZIP = zlib.MAX_WBITS | 16
_BLANK_TOWN = "以下に掲載がない場合"


@dataclass(frozen=True, slots=True)
class Municipality:
    """A city, ward, town or village; `city` includes the district (柴田郡村田町) or the city of a ward (堺市西区)."""

    prefecture: str
    city: str
    prefecture_kana: str
    city_kana: str


@dataclass(frozen=True, slots=True)
class Place:
    """One place a code stands for. `business` names the firm or office whose own code it is, with its `block`.

    `town` is empty where the code covers all towns not listed. `note` is the floor in a tower with a code per floor.
    """

    code: str
    prefecture: str
    city: str
    town: str
    prefecture_kana: str
    city_kana: str
    town_kana: str
    block: str = ""
    business: str = ""
    note: str = ""


class _Table:
    """The compressed file and its head."""

    def __init__(self, data: bytes) -> None:
        opener = zlib.decompressobj(_GZIP)
        head = json.loads(opener.decompress(data))
        self.edition: str = head["edition"]
        self.municipalities = [Municipality(*names) for names in head["municipalities"]]
        self.first_codes: list[str] = [code for code, _ in head["blocks"]]
        start = len(data) - len(opener.unused_data)
        self.bounds = list(accumulate((length for _, length in head["blocks"]), initial=start))
        self.data = data

    def block(self, number: int) -> tuple[list[str], list[list[str]]]:
        """The codes of a block, ascending, and its other columns as they were written."""
        member = self.data[self.bounds[number] : self.bounds[number + 1]]
        columns = [column.split("\n") for column in zlib.decompress(member, _GZIP).decode().split("\f")]
        codes = [f"{code:07d}" for code in accumulate(map(int, columns[0]))]
        last = ""
        for row, city in enumerate(columns[1]):
            last = columns[1][row] = city or last  # a city equal to the one above is left out of the file
        return codes, columns[1:]


_lock = threading.Lock()


@lru_cache(maxsize=1)
def _open() -> _Table:
    return _Table(resources.files(__package__).joinpath("data", "postal.gz").read_bytes())


def _table() -> _Table:
    with _lock:  # two threads must not both pay for the first use
        return _open()


@lru_cache(maxsize=8)
def _block(number: int) -> tuple[list[str], list[list[str]]]:
    return _table().block(number)


def municipalities() -> list[Municipality]:
    """Every municipality of Japan, in the order of prefecture and name in the postal data."""
    return _table().municipalities


def edition() -> str:
    """Which month's postal data this is, as YYYY-MM."""
    return _table().edition


def normalize_code(raw: str) -> str:
    """Only the digits of 〒100-0005 or １００－０００５. "" when there is anything else in it or more than seven digits."""
    digits = unicodedata.normalize("NFKC", raw).translate(_BETWEEN)
    return digits if re.fullmatch(r"[0-9]{1,7}", digits) else ""


def format_code(code7: str) -> str:
    """1000005 -> 100-0005; anything else as it is."""
    return f"{code7[:3]}-{code7[3:]}" if re.fullmatch(r"[0-9]{7}", code7) else code7


def _between(low: str, high: str) -> list[tuple[str, list[str]]]:
    """(code, row) for all codes from `low` to `high`, both included."""
    table = _table()
    rows: list[tuple[str, list[str]]] = []
    number = max(bisect.bisect_right(table.first_codes, low) - 1, 0)
    while number < len(table.first_codes) and table.first_codes[number] <= high:
        codes, columns = _block(number)
        start, stop = bisect.bisect_left(codes, low), bisect.bisect_right(codes, high)
        rows += [(codes[row], [column[row] for column in columns]) for row in range(start, stop)]
        number += 1
    return rows


def lookup(code: str) -> list[Place]:
    """Every place of a seven-digit code, in any spelling; [] for an unknown one. More than one: ask."""
    code7 = normalize_code(code)
    if len(code7) != 7:
        return []
    return [_place(code7, row) for _, row in _between(code7, code7)]


def _place(code: str, row: list[str]) -> Place:
    city, town, town_kana, block, business, note = row
    where = municipalities()[int(city)]
    town = "" if town == _BLANK_TOWN else town
    return Place(
        code,
        where.prefecture,
        where.city,
        town,
        where.prefecture_kana,
        where.city_kana,
        town_kana,
        block,
        business,
        note,
    )


def cities(prefix: str) -> list[Municipality]:
    """The municipalities under the first three or more digits of a code, without repetition, in order of code."""
    digits = normalize_code(prefix)
    if not 3 <= len(digits) <= 7:
        return []
    rows = _between(digits.ljust(7, "0"), digits.ljust(7, "9"))
    return [municipalities()[number] for number in dict.fromkeys(int(row[0]) for _, row in rows)]


def suggest(prefix: str, limit: int = 20) -> list[Place]:
    """The first places whose code begins with these three or more digits."""
    digits = normalize_code(prefix)
    if not 3 <= len(digits) <= 7:
        return []
    return [_place(code, row) for code, row in _between(digits.ljust(7, "0"), digits.ljust(7, "9"))[:limit]]
