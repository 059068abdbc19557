"""Kana as readings are kept: full-width katakana, whatever was typed."""

import re
import unicodedata

from noren.core.base.japan.values import Unreadable
from noren.core.base.text import DASHES

_TO_KATAKANA: dict[int, str] = {
    **{code: chr(code + 0x60) for code in range(ord("ぁ"), ord("ゖ") + 1)},
    ord("ゝ"): "ヽ",
    ord("ゞ"): "ヾ",
}
_KANA = re.compile(r"[ぁ-ゖァ-ヺーヽヾゝゞ・\s]+")
_KANA_LETTER = re.compile(r"[ぁ-ゖァ-ヺ]")
_READING = re.compile(r"[ァ-ヶー・ A-Z]*")
_LETTERS = re.compile(r"[A-Z]")
_TYPED_DASH = re.compile(rf"(?<=[ァ-ヺー])[{DASHES}-]")


def to_katakana(s: str) -> str:
    """Hiragana and half-width kana become full-width katakana; all other characters are only made one width (NFKC)."""
    return unicodedata.normalize("NFKC", s).translate(_TO_KATAKANA)


def is_kana(s: str) -> bool:
    """Only kana of either kind and any width (spaces, ー and ・ allowed), with at least one kana letter."""
    text = unicodedata.normalize("NFKC", s)
    return bool(_KANA.fullmatch(text) and _KANA_LETTER.search(text))


def kana_input(s: str, *, letters: bool = True) -> str:
    """The reading to store for what was typed: さとう, ｻﾄｳ -> サトウ; a hyphen after kana -> ー; spaces made one.

    Letters (A-Z) are let through for people without a kana reading unless `letters` is off.
    Raises Unreadable("kana.not_kana", characters=...) naming what is not allowed, such as kanji.
    """
    text = _TYPED_DASH.sub("ー", " ".join(to_katakana(s).upper().split()))
    if _READING.fullmatch(text) and (letters or not _LETTERS.search(text)):
        return text
    wrong = "".join(
        dict.fromkeys(c for c in text if not _READING.fullmatch(c) or (not letters and c.isascii() and c != " "))
    )
    raise Unreadable("kana.not_kana", characters=wrong)
