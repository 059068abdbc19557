"""Column names as people write them: when two spellings are one, and what a longer name says in short."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_DROP = re.compile(r"[\s_\-‐‑‒–—―−・:;*※#]+|[(\[](?:必須|required|任意|optional)[)\]]|必須$")


def fold(name: str) -> str:
    """The form in which two spellings of one column name are equal."""
    return _DROP.sub("", unicodedata.normalize("NFKC", name.replace("\ufeff", "")).lower())


def folded(words: str) -> frozenset[str]:
    return frozenset(map(fold, words.split()))


_OF = {
    "person": "person|contact|lead|注文者|お客様|連絡先|ご?担当者|defaultaddress|address1|住所1|business|work|primary|main|mailing|勤務先",
    "company": (
        "organi[sz]ation|account|company|取引先|得意先|顧客|会社|defaultaddress|address1|住所1|business|primary|main|billing|請求先|本社"
    ),
    "deal": "deal|opportunity|商談|案件",
    "activity": "activity|task|活動",
    "product": "product|variant|商品",
    "user": "user|employee|社員|従業員",
}
"""noun -> words that a column name may begin with without saying more."""
_HOME = re.compile("^(?:home|自宅)(.+)$")
_FIRST = re.compile(r"^(.*\D)(?:1|\(1\)|1value)$|^(.+)\((?:会社|勤務先|work|primary)\)$")
_NOT_OURS = re.compile(r"^\((?:do ?not ?modify|変更しないでください)\)|.\.id$")


def is_foreign(name: str) -> bool:
    """A column that only the program it comes from understands: checksums, keys beside the names they stand for."""
    return _NOT_OURS.search(unicodedata.normalize("NFKC", name).lower()) is not None


def simpler(name: str, noun: str) -> Iterator[tuple[str, float]]:
    """Shorter names, folded, that mean the same among columns of this noun, each with how sure that is: Deal - Title is the
    title, E-mail 1 - Value the mail address, 住所1 the address; 自宅電話 may be the phone."""
    full = fold(name)
    begin = re.compile(f"^(?:{_OF.get(noun, 'x^')})(.+)$")
    for start, sure in ((full, 0.86), (_rest(_HOME, full), 0.62)):
        found = _rest(_FIRST, start)
        for text in (found, _rest(begin, found or start), _rest(_FIRST, _rest(begin, start))):
            if text:
                yield text, sure
        if start != full and start:
            yield start, sure


def _rest(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.fullmatch(text) if text else None
    return next(filter(None, found.groups()), "") if found else ""


SCALES = {
    "千円": 1_000,
    "万円": 10_000,
    "百万円": 1_000_000,
    "億円": 100_000_000,
    "k¥": 1_000,
    "thousand": 1_000,
    "million": 1_000_000,
}
_UNIT = re.compile(r"^(.+?)[(\[](?:単位:?)?([^()\[\]]{1,12})[)\]]$")
_PLAIN_UNITS = frozenset(
    ("円", "¥", "\\", "jpy", "$", "us$", "usd", "eur", "€", "税抜", "税込", "税別", "名", "人", "%")
)
_TOLD = re.compile(r"単位\s*[:：]?\s*[（(]?\s*(千円|百万円|万円|億円)")


def unit_of(name: str) -> tuple[str, int]:
    """A column name without its unit, and what its figures are multiplied by: 金額(千円) is (金額, 1000). The name itself and 1
    where no unit is written."""
    found = _UNIT.fullmatch(unicodedata.normalize("NFKC", name).strip())
    if found is None:
        return name, 1
    unit = found[2].strip().lower()
    return (found[1], SCALES.get(unit, 1)) if unit in SCALES or unit in _PLAIN_UNITS else (name, 1)


def told_unit(lines: list[list[str]]) -> int:
    """What amounts are multiplied by as a note above the table says (単位:千円), else 1."""
    found = _TOLD.search(" ".join(cell for line in lines for cell in line))
    return SCALES[found[1]] if found else 1
