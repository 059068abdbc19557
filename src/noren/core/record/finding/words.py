"""The words of a search, and how each is put to the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from noren.core.base.japan.company import name_key, query_terms
from noren.core.base.text import query_grams

MOST_TERMS = 8
LONGEST = 200
_KATAKANA: dict[int, str] = {code: chr(code + 0x60) for code in range(ord("ぁ"), ord("ゖ") + 1)}


def terms(text: str) -> list[str]:
    """Folded words of a query; spaces of any width mean AND. A company's legal form is left out: ㈱山田 means 山田."""
    found: list[str] = []
    for word in query_terms(text[:LONGEST])[:MOST_TERMS]:
        digits = "".join(c for c in word if c.isdigit())
        if digits and all(c.isdigit() or c in "-+() " for c in word):
            word = digits
        if word not in found:
            found.append(word)
    return found


def may_name(word: str) -> bool:
    """Whether a word may be part of a company's name, by which what belongs to it is found: a number or an address is
    looked for where it is written, one letter says too little, and 株式会社 nothing."""
    return "@" not in word and not word.isdigit() and bool(query_grams(word)) and bool(name_key(word))


def like(word: str) -> str:
    return "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def having(words: Iterable[str], text: str = "q") -> str:
    """The test that a text has all the words; takes one parameter, like(word), for each."""
    return " AND ".join(f"{text} LIKE %s" for _ in words)


def grams_of(words: Sequence[str]) -> list[int]:
    return sorted({gram for word in words for gram in query_grams(word)})


def spellings(word: str) -> list[str]:
    """A folded word as it may stand in a key that keeps katakana."""
    return list(dict.fromkeys((word, word.translate(_KATAKANA))))


def after(prefix: str) -> str:
    """The smallest text behind all that begin with `prefix`, by code points."""
    last = ord(prefix[-1]) + 1
    return prefix[:-1] + chr(0xE000 if 0xD800 <= last < 0xE000 else min(last, 0x10FFFF))
