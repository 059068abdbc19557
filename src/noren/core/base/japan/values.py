"""Numbers, amounts, shares and yes/no as they stand in other people's files. Strict: what is not plainly readable is refused."""

import re
import unicodedata
from decimal import Decimal
from typing import NamedTuple

from noren.core.base.text import DASHES


class Unreadable(ValueError):
    """A value that cannot be taken as what it should be. `code` is stable and translated by the page; `params` fill it in."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class Amount(NamedTuple):
    """An amount in whole units of its currency (Decimal, not minor units); `currency` is None when none was written."""

    value: Decimal
    currency: str | None


_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_PLAIN = re.compile(_NUMBER, re.ASCII)
_COUNTED = re.compile(rf"({_NUMBER})\s*(?:名|人|件|個|社|台|枚|本|回|点|日|時間|か月|ヶ月|年)?", re.ASCII)
_MINUS = {ord(mark): "-" for mark in DASHES + "ー▲△"}
_LONGEST = 40  # far beyond any true amount; keeps a pasted text from becoming a giant number


def _plain(raw: str) -> str:
    return unicodedata.normalize("NFKC", raw).translate(_MINUS).strip() if len(raw) <= _LONGEST else ""


def _sign(text: str) -> tuple[int, str]:
    """Take the sign off: -5, ▲5, (5) and 5- are all minus five."""
    if text.startswith("(") and text.endswith(")"):
        return -1, text[1:-1].strip()
    if text.startswith("-"):
        return -1, text[1:].strip()
    if text.endswith("-") and text[:-1].strip()[-1:].isdigit():
        return -1, text[:-1].strip()
    return 1, text[1:].strip() if text.startswith("+") else text


def _signed(sign: int, value: Decimal) -> Decimal:
    return -value if sign < 0 and value else value  # ▲0 is nought, not minus nought


def parse_number(raw: str) -> Decimal:
    """1,234 / １２３４ / ▲500 / (500) / 120名 -> Decimal. Never NaN, infinity, 1_000, 1e5 or a comma in the wrong place."""
    sign, text = _sign(_plain(raw))
    found = _COUNTED.fullmatch(text)
    if not found:
        raise Unreadable("number.unreadable", value=raw)
    return _signed(sign, Decimal(found[1].replace(",", "")))


_CURRENCIES = {"¥": "JPY", "\\": "JPY", "円": "JPY", "$": "USD", "€": "EUR", "£": "GBP", "₩": "KRW", "元": "CNY"}
_CODES = "JPY|USD|EUR|GBP|CNY|KRW|TWD|HKD|SGD|AUD|CAD|CHF|THB|VND|INR"
_BEFORE = re.compile(rf"(US\$|[¥\\$€£₩]|(?:{_CODES})\b)\s*", re.IGNORECASE)
_AFTER = re.compile(rf"\s*(円|元|[$€£]|(?:{_CODES}))$", re.IGNORECASE)
_WRITTEN_OUT = re.compile(r"金?\s*([¥\\].*\d)-|金?\s*(.*円)也?")  # ¥1,234- and 金1,234円也: closed against added digits
_TAX_NOTE = re.compile(r"\s*[(\[]?(?:税込|税抜|税別|税込み|税抜き)[)\]]?$")
_UNITS = {
    "k": 10**3,
    "m": 10**6,
    "b": 10**9,
    "千": 10**3,
    "万": 10**4,
    "百万": 10**6,
    "千万": 10**7,
    "億": 10**8,
    "兆": 10**12,
}
_EURO = re.compile(r"\d{1,3}(?:\.\d{3})+,\d{1,2}|\d{1,3}(?:\.\d{3}){2,}", re.ASCII)
_EURO_CENTS = re.compile(r"\d+,\d{2}", re.ASCII)
_SCALED = re.compile(rf"({_NUMBER})\s*(百万|千万|[KMBkmb千万億兆])?", re.ASCII)


def _scaled(text: str) -> Decimal | None:
    """342.09K, 3.5万, 1億2,000万, 500千: each part smaller in unit than the one before."""
    total, position, last = Decimal(0), 0, None
    while position < len(text):
        found = _SCALED.match(text, position)
        if not found:
            return None
        unit = _UNITS[found[2].lower()] if found[2] else 1
        if last is not None and unit >= last:
            return None
        total, last = total + Decimal(found[1].replace(",", "")) * unit, unit
        position = found.end()
    return total if last is not None else None


def parse_money(raw: str) -> Amount:
    """1,234円, ¥1,234, ▲500, (500), -¥500, $342.09K, 1億2,000万円, 10,000円(税込), ¥1,234-, 1.234,50 € -> amount and currency, if one is written."""
    text = _TAX_NOTE.sub("", _plain(raw))
    if closed := _WRITTEN_OUT.fullmatch(text):
        text = closed[1] or closed[2]
    currency: str | None = None
    sign, text = _sign(text)
    if before := _BEFORE.match(text):
        currency, text = before[1], text[before.end() :]
    if after := _AFTER.search(text):
        if currency and _currency(currency) != _currency(after[1]):
            raise Unreadable("money.two_currencies", value=raw)
        currency, text = after[1], text[: after.start()]
    if sign == 1:
        sign, text = _sign(text)
    if _EURO.fullmatch(text) or (currency == "€" and _EURO_CENTS.fullmatch(text)):
        text = text.replace(".", "").replace(",", ".")  # as most of Europe writes it
    value = _scaled(text)
    if value is None:
        raise Unreadable("money.unreadable", value=raw)
    return Amount(_signed(sign, value), _currency(currency) if currency else None)


def _currency(mark: str) -> str:
    return "USD" if mark.upper() == "US$" else _CURRENCIES.get(mark, mark.upper())


def parse_percent(raw: str) -> Decimal:
    """10％, 10%, 10 -> 10 (points, not the share 0.1). A bare 0.1 stays 0.1: nothing is guessed."""
    text = _plain(raw)
    sign, text = _sign(text)
    text = text.removesuffix("%").removesuffix("パ-セント").strip()
    if not _PLAIN.fullmatch(text):
        raise Unreadable("percent.unreadable", value=raw)
    return _signed(sign, Decimal(text.replace(",", "")))


_YES = frozenset("○〇◯o●◎有可済レ✓✔☑yt1") | {"有り", "あり", "はい", "yes", "true", "on"}
_NO = frozenset("×x✕✖╳無否未☐nf0") | {"無し", "なし", "いいえ", "不可", "no", "false", "off"}


def parse_bool(raw: str) -> bool:
    """○ × 有 無 はい いいえ yes no true false 1 0."""
    text = _plain(raw).lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise Unreadable("bool.unreadable", value=raw)
