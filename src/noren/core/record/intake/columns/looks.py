"""What the cells of a column look like: mail addresses, dates and in which order, amounts, what stands for nothing."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from noren.core.base.text import fold

BLANK_WORDS = frozenset(
    {"null", "(null)", "none", "nan", "n/a", "#n/a", "na", "nil", "-", "--", "―", "なし", "未設定", "不明", "undefined"}
)
"""Texts that usually stand for an empty cell. The person is asked before they are taken so."""


@dataclass(frozen=True, slots=True)
class DateOrder:
    """How the dates of a column are written.

    `order`: `ymd`, `dmy`, `mdy`, `era` (R8.4.1), `serial` (44000), `mixed`, or `none` when there are no dates. `ask` is set
    when the values allow more than one reading or follow more than one order; `options` are the readings to choose from.
    """

    order: Literal["ymd", "dmy", "mdy", "era", "serial", "mixed", "none"]
    ask: bool
    options: tuple[str, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()


_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+([,;\s]+[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+)*")
_URL = re.compile(r"(https?://|www\.)\S+", re.IGNORECASE)
_POSTAL = re.compile(r"〒?\s*\d{3}-\d{4}|〒\s*\d{7}")
_PHONE = re.compile(
    r"(tel|fax)?[:\s]*(\+?\d[\d\s().-]{7,18}\d|0\d{9,10})(\s*\(.*\)|\s*(内線|ext\.?|x)\s*\d+)?", re.IGNORECASE
)
_MONEY = re.compile(
    r"[-▲△(]?\s*([¥\\$€£]\s*-?\d[\d,]*(\.\d+)?\s*[kmb]?|\d[\d,]*(\.\d+)?\s*円|\d{1,3}(,\d{3})+(\.\d+)?)\)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[-+▲△]?\(?\d[\d,]*(\.\d+)?%?\)?")
_CORPORATE = re.compile(r"[1-9]\d{12}")
_INVOICE = re.compile(r"T\s*[1-9][\d\s-]{12,14}", re.IGNORECASE)
_YMD = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?([T\s].*)?|(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])"
)
_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})([T\s].*)?")
_ERA = re.compile(
    r"([mtshr]|明治|大正|昭和|平成|令和)\s*(\d{1,2}|元)\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}日?", re.IGNORECASE
)
_MONTH = re.compile(r"\d{1,2}[-\s]?[A-Za-z]{3,9}\.?[-,\s]+\d{2,4}.*|[A-Za-z]{3,9}\.?\s+\d{1,2},?\s+\d{4}.*")
_SERIAL = re.compile(r"[2-7]\d{4}(\.\d+)?")
_LOOKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", _EMAIL),
    ("url", _URL),
    ("postal", _POSTAL),
    ("invoice_number", _INVOICE),
    ("corporate_number", _CORPORATE),
    ("money", _MONEY),
)


def plain(value: str) -> str:
    """Half width, without spaces around and with one kind of dash."""
    return re.sub("[‐‑‒–—―−]", "-", unicodedata.normalize("NFKC", value)).strip()


def said(values: Sequence[str]) -> list[str]:
    """Values that say something, folded."""
    folded = (plain(value[:400]) for value in values)
    return [value for value in folded if value and value.lower() not in BLANK_WORDS]


def kind_of(values: Sequence[str]) -> str:
    """What at least four fifths of the filled cells look like; empty when it is plain text."""
    solid = said(values)
    if not solid:
        return ""
    need = len(solid) * 0.8
    for kind, pattern in _LOOKS:
        if sum(1 for value in solid if pattern.fullmatch(value)) >= need:
            return kind
    if sum(1 for value in solid if _date_shape(value)) >= need:
        return "date"
    if sum(1 for value in solid if _PHONE.fullmatch(value) and value[0] in "0+(tTfF") >= need:
        return "phone"
    return "number" if sum(1 for value in solid if _NUMBER.fullmatch(value)) >= need else ""


def _date_shape(value: str) -> str:
    """`ymd`, `era`, `named` (12 Apr 2026), `last` (year last, or two digits everywhere), or empty."""
    if _YMD.fullmatch(value):
        return "ymd"
    if _LAST.fullmatch(value):
        return "last"
    if _ERA.fullmatch(value):
        return "era"
    return "named" if _MONTH.fullmatch(value) else ""


_SHORT: dict[Literal["ymd", "dmy", "mdy"], tuple[int, int, int]] = {
    "ymd": (99, 12, 31),
    "dmy": (31, 12, 99),
    "mdy": (12, 31, 99),
}
"""The largest that each part of a date with a year of two digits may be."""


def date_order(values: Sequence[str]) -> DateOrder:
    """How a column writes dates. 04/05/2026 alone is a question; one 25/12/2026 beside it answers it, if nothing contradicts."""
    solid = said(values)
    counts: Counter[str] = Counter()
    first_over = second_over = dotted = short = 0
    ends = [0, 0, 0]  # the largest first, second and last part of short dates
    for value in solid:
        shape = _date_shape(value)
        if shape == "last":
            match = _LAST.fullmatch(value)
            assert match is not None
            first_over += int(match[1]) > 12
            second_over += int(match[3]) > 12
            dotted += match[2] == "."
            short += len(match[4]) == 2
            ends = [max(end, int(part)) for end, part in zip(ends, (match[1], match[3], match[4]), strict=True)]
        elif not shape and _SERIAL.fullmatch(value):
            shape = "serial"
        if shape:
            counts[shape] += 1
    tally = tuple(counts.most_common())
    if not counts:
        return DateOrder("none", ask=False)
    last = counts["last"]
    others = [shape for shape in counts if shape not in ("last", "named")]
    if short == last and last and not others:
        left = tuple(name for name, caps in _SHORT.items() if all(e <= cap for e, cap in zip(ends, caps, strict=True)))
        if len(left) == 1:
            return DateOrder(left[0], ask=False, options=left, counts=tally)
    if short and last:
        return DateOrder("mixed" if others else "ymd", ask=True, options=("ymd", "dmy", "mdy"), counts=tally)
    if last:
        if first_over and second_over:
            return DateOrder("mixed", ask=True, options=("dmy", "mdy"), counts=tally)
        if not first_over and not second_over and dotted < last:
            return DateOrder("mixed" if others else "dmy", ask=True, options=("dmy", "mdy"), counts=tally)
        order: Literal["dmy", "mdy"] = "mdy" if second_over else "dmy"
        return (
            DateOrder("mixed", ask=True, options=(order,), counts=tally)
            if others
            else DateOrder(order, ask=False, options=(order,), counts=tally)
        )
    if len(others) > 1:
        return DateOrder("mixed", ask=True, options=tuple(others), counts=tally)
    if not others:
        return DateOrder("dmy", ask=False, options=("dmy",), counts=tally)
    only = others[0]
    return DateOrder(
        "ymd" if only == "ymd" else "era" if only == "era" else "serial",
        ask=only == "serial",
        options=(only,),
        counts=tally,
    )


def agreed(orders: Sequence[DateOrder]) -> list[DateOrder]:
    """Columns of one file write dates alike: where 04/05/2026 leaves the order open, a column that shows it decides for all."""
    shown = {order.order for order in orders if order.order in ("dmy", "mdy") and not order.ask}
    if len(shown) != 1:
        return list(orders)
    (only,) = shown
    return [
        DateOrder(only, ask=False, options=(only,), counts=order.counts)
        if order.ask and order.order == "dmy"
        else order
        for order in orders
    ]


_MOBILE = re.compile(r"(\+81[\s-]?|0)?[789]0[\s-]?\d{4}[\s-]?\d{4}")


def is_mobile(values: Sequence[str]) -> bool:
    """Are most of these telephone numbers Japanese mobile ones?"""
    solid = said(values)
    return sum(1 for value in solid if _MOBILE.fullmatch(value)) * 2 > len(solid)


def too_short(solid: Sequence[str], kind: str) -> bool:
    """Are most of these pieces of a telephone number or postal code, as files have it that part them over columns?"""
    least = {"phone": 7, "postal": 4}.get(kind, 0)
    return least > 0 and sum(
        1 for value in solid if len(re.sub(r"\D", "", value)) < least and len(value) < 7
    ) * 2 > len(solid)


def choice_key(text: str) -> str:
    """The form in which a cell and a choice are compared."""
    return fold(text).strip()


def lost_zero(values: Sequence[str], kind: str) -> bool:
    """Do most numbers of a telephone or postal column lack their leading zero, as a spreadsheet leaves them?"""
    solid = said(values)
    pattern = {"phone": r"[1-9]\d{8,9}", "postal": r"[1-9]\d{5}"}.get(kind)
    return (
        pattern is not None
        and bool(solid)
        and sum(1 for value in solid if re.fullmatch(pattern, value)) * 2 > len(solid)
    )
