"""vCard (.vcf) as a table: a row a card, columns named like the fields of a person. Versions 2.1 to 4.0, in UTF-8 or
Shift_JIS, folded lines and quoted-printable, with the readings that Japanese telephones and address books write."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from noren.core.record.intake.problem import ROW_CAP, Problem
from noren.core.record.intake.table.cut import Record, Report

BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*BEGIN:VCARD", re.IGNORECASE)
COLUMNS = (
    "full_name", "family_name", "given_name", "family_kana", "given_kana", "company", "company.name_kana", "department",
    "post", "email", "mobile", "phone", "fax", "postal_code", "address", "company.url", "note",
)  # fmt: skip
_READ = frozenset((
    "N", "FN", "ORG", "TITLE", "EMAIL", "TEL", "ADR", "URL", "NOTE", "SOUND", "X-PHONETIC-FIRST-NAME", "X-PHONETIC-LAST-NAME",
    "X-PHONETIC-ORG", "BEGIN", "END",
))  # fmt: skip
"""Properties that are read; pictures, keys and the like are passed over line by line."""
_CHARSETS = {"SHIFT_JIS": "cp932", "SHIFT-JIS": "cp932", "SJIS": "cp932", "CP932": "cp932", "ISO-2022-JP": "iso2022_jp"}
Card = dict[str, str]


@dataclass(slots=True)
class CardSource:
    """A file of cards. `position` is the bytes read so far out of `size`; card 1 is row 2, as if names stood above."""

    path: Path
    size: int
    position: int = 0

    def records(self, report: Report) -> Iterator[Record]:
        yield 1, list(COLUMNS)
        number, weight, depth = 1, 0, 0
        card: Card = {}
        with self.path.open("rb") as file:
            for line in _lines(file):
                self.position = file.tell()
                name, params, data = _parted(line)
                weight += len(data)
                if name == "BEGIN":
                    number, card, weight, depth = number + 1, {}, 0, 1
                elif name == "END" and depth:
                    if weight > ROW_CAP:
                        report(Problem(number, None, "row_too_long", {"cap": ROW_CAP}))
                    else:
                        yield number, [card.get(column, "").replace("\0", "") for column in COLUMNS]
                    depth = 0
                elif depth and weight <= ROW_CAP:
                    _take(card, name, params, _text(params, data))
        if depth:
            report(Problem(number, None, "card_open"))
        self.position = self.size


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Whole lines: what is folded (a line that begins with a space, or quoted-printable that ends with =) is put together.
    Of a property that nobody reads only the first line is kept."""
    held, soft, skips, cut = b"", False, False, False
    while raw := file.readline(ROW_CAP):
        line = raw.rstrip(b"\r\n")
        if cut or (held and (soft or line[:1] in (b" ", b"\t"))):
            if not skips and len(held) <= ROW_CAP:
                held = held[: -1 if soft else None] + (line if soft or cut else line[1:])
        else:
            if held:
                yield held
            held, skips = line, _name(line) not in _READ
        cut = not raw.endswith(b"\n")
        soft = line.endswith(b"=") and b"QUOTED-PRINTABLE" in held.partition(b":")[0].upper()
    if held:
        yield held


def _name(line: bytes) -> str:
    """The property of a line, without its group (item1.TEL)."""
    head = re.split(rb"[;:]", line, maxsplit=1)[0]
    return head.rpartition(b".")[2].decode("ascii", "replace").strip().lstrip("\ufeff\ufffd").upper()


def _parted(line: bytes) -> tuple[str, str, bytes]:
    head, _colon, data = line.partition(b":")
    params = head.partition(b";")[2].decode("ascii", "replace").upper()
    return _name(line), params, data


def _text(params: str, data: bytes) -> str:
    if "QUOTED-PRINTABLE" in params:
        data = quopri.decodestring(data)
    charset = re.search(r'CHARSET="?([\w-]+)', params)
    named = _CHARSETS.get(charset[1], charset[1].lower()) if charset else "utf-8"
    for encoding in (named, "utf-8", "cp932"):
        try:
            return data.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("utf-8", "replace")


def _pieces(text: str) -> list[str]:
    """What a property of several parts holds: they stand between semicolons that have no backslash before them."""
    return [_bare(piece) for piece in re.split(r"(?<!\\);", text)]


def _bare(text: str) -> str:
    return re.sub(r"\\([nN,;:\\])", lambda found: "\n" if found[1] in "nN" else found[1], text).strip()


def _take(card: Card, name: str, params: str, text: str) -> None:
    """Put one property into the columns it fills; of several numbers or addresses for one column the first counts."""
    parts = [*_pieces(text), "", "", "", "", "", "", ""]
    if name == "N":
        _put(card, "family_name", parts[0])
        _put(card, "given_name", parts[1])
    elif name == "FN":
        _put(card, "full_name", _bare(text))
    elif name == "X-PHONETIC-LAST-NAME" or (name == "SOUND" and "X-IRMC-N" in params):
        _put(card, "family_kana", parts[0])
        _put(card, "given_kana", parts[1])
    elif name == "X-PHONETIC-FIRST-NAME":
        _put(card, "given_kana", parts[0])
    elif name == "X-PHONETIC-ORG":
        _put(card, "company.name_kana", parts[0])
    elif name == "ORG":
        _put(card, "company", parts[0])
        _put(card, "department", " ".join(filter(None, parts[1:])))
    elif name == "TEL":
        kind = "fax" if "FAX" in params else "mobile" if "CELL" in params or "IPHONE" in params else "phone"
        _put(card, kind, _bare(text).removeprefix("tel:"))
    elif name == "ADR":
        place = " ".join(filter(None, (*parts[4:2:-1], *parts[2:0:-1]))).replace("\n", " ")
        if "HOME" not in params and card.pop("home", ""):
            del card["address"], card["postal_code"]  # that of the office goes before
        if place and "address" not in card:
            card["address"], card["postal_code"] = place, parts[5]
            card["home"] = "1" if "HOME" in params else ""
    elif name in ("TITLE", "EMAIL", "URL", "NOTE"):
        column = {"TITLE": "post", "EMAIL": "email", "URL": "company.url", "NOTE": "note"}[name]
        _put(card, column, _bare(text))


def _put(card: Card, column: str, text: str) -> None:
    if text and not card.get(column):
        card[column] = text
