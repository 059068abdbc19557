"""Cells that a spreadsheet would take for a formula get a mark when written, and lose it again when read."""

from __future__ import annotations

import re

_START = re.compile("^[\\s\x00-\x1f\x7f\ufeff\u200b-\u200f\u2028-\u202e\u2060]*[=+\\-@＝＋－＠\t\r]")
_PLAIN = re.compile(r"[+\-]?[\d.,]+%?|[+\-]?\(?[\d][\d\- ().]{3,24}")
"""A number or a phone number is no formula."""
_CODE = re.compile(r"\+?\d{3,}", re.ASCII)
"""Others mark codes and phone numbers too, so that a spreadsheet leaves their zeros and signs alone: '02110, '+81312345678."""
MARK = "'"


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet calculates. What began with a mark already gets a second one."""
    if not text:
        return text
    if (_START.match(text) and not _PLAIN.fullmatch(text)) or _marked(text):
        return MARK + text
    return text


def unguarded(text: str) -> str:
    """The text behind the mark of `guarded`; other texts as they are."""
    return text[1:] if _marked(text) else text


def _marked(text: str) -> bool:
    rest = text.lstrip(MARK)
    return rest != text and bool(_CODE.fullmatch(rest) or (_START.match(rest) and not _PLAIN.fullmatch(rest)))
