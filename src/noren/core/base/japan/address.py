"""Addresses in one line: where the municipality ends, and a key under which two spellings of one place meet."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from noren.core.base.japan.postal import Municipality, municipalities
from noren.core.base.text import DASHES, VARIANTS

_ALIKE = {
    ord("ヶ"): "ケ",
    ord("ｹ"): "ケ",
    ord("ヵ"): "カ",
    **{ord(variant): plain for variant, plain in VARIANTS.items()},
}
_BEFORE = re.compile(r"\A[\s　]*(?:〒[\s　]*)?(?:[0-9０-９]{3}[-ー‐－−―]?[0-9０-９]{4})?[\s　]*(?:日本国?[\s　,、]+)?")
_WARD = re.compile(r"(.+?市)(.+区)")


@dataclass(frozen=True, slots=True)
class Address:
    """A split address. With `ambiguous` filled, prefecture is empty and the person must choose one of the pairs
    (prefecture, city); `city` then holds what was typed. Nothing found: everything stands in `town_rest`."""

    prefecture: str
    city: str
    town_rest: str
    ambiguous: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Dictionary:
    names: dict[str, tuple[tuple[str, str], ...]]
    longest: int


def _spellings(place: Municipality) -> set[str]:
    """A municipality as people write it: with or without the prefecture, with or without the district (郡)."""
    cities = {place.city}
    district, found, rest = place.city.partition("郡")
    if found and district and rest.endswith(("町", "村")):  # the cities 郡山市 and 蒲郡市 stand in no district
        cities.add(rest)
    return cities | {place.prefecture + city for city in cities}


@lru_cache(maxsize=1)
def _dictionary() -> _Dictionary:
    found: dict[str, dict[tuple[str, str], None]] = {}
    for place in municipalities():
        for name in _spellings(place):
            found.setdefault(name.translate(_ALIKE), {})[place.prefecture, place.city] = None
        if ward := _WARD.fullmatch(place.city):  # 大阪市 without its ward is written too
            for name in (ward[1], place.prefecture + ward[1]):
                found.setdefault(name.translate(_ALIKE), {})[place.prefecture, ward[1]] = None
    for prefecture in {place.prefecture for place in municipalities()}:
        found.setdefault(prefecture, {})[prefecture, ""] = None
    return _Dictionary({name: tuple(pairs) for name, pairs in found.items()}, max(map(len, found)))


def split_address(s: str) -> Address:
    """Split off prefecture and municipality by the longest name in the postal dictionary; a leading 〒code is dropped.

    Without a prefecture 府中市 and 伊達市 exist twice, and without its district so do 23 towns: see `Address.ambiguous`.
    """
    text = _BEFORE.sub("", s, count=1)
    dictionary = _dictionary()
    # Spaces may stand between the parts: compare without them, cut in the text that has them.
    solid = [(i, char) for i, char in enumerate(text[: dictionary.longest * 2]) if not char.isspace()][
        : dictionary.longest
    ]
    key = "".join(char for _, char in solid).translate(_ALIKE)
    for length in range(len(key), 1, -1):
        if pairs := dictionary.names.get(key[:length]):
            end = solid[length - 1][0] + 1
            rest = text[end:].strip()
            if len(pairs) > 1:
                return Address("", text[:end].strip(), rest, pairs)
            prefecture, city = pairs[0]
            return Address(prefecture, city, rest)
    return Address("", "", text.strip())


_KANJI_NUMBER = re.compile(r"[〇零一二三四五六七八九十百千]{1,9}(?=丁目|番|号|条|線)")
_DIGITS = {char: value for value, char in enumerate("〇一二三四五六七八九")} | {"零": 0}
_SCALES = {"十": 10, "百": 100, "千": 1000}
_KEY = {
    **{ord(mark): "-" for mark in DASHES + "~〜"},
    **dict.fromkeys(map(ord, "ヶケがガｹ"), "ケ"),
    **dict.fromkeys(map(ord, "之ノの"), "ノ"),
    **{ord(variant): plain for variant, plain in VARIANTS.items()},
}


def _kanji_number(text: str) -> str:
    """二十三 -> 23, 一〇 -> 10."""
    if not any(char in _SCALES for char in text):
        return "".join(str(_DIGITS[char]) for char in text)
    total, digit = 0, 0
    for char in text:
        if char in _SCALES:
            total, digit = total + (digit or 1) * _SCALES[char], 0
        else:
            digit = digit * 10 + _DIGITS[char]
    return str(total + digit)


def address_key(s: str) -> str:
    """One key for 丸の内一丁目９番１号 and 丸ノ内1-9-1. For comparing only, never to be written back to an address."""
    text = "".join(unicodedata.normalize("NFKC", s).split())
    text = _KANJI_NUMBER.sub(lambda found: _kanji_number(found[0]), text).translate(_KEY)
    text = re.sub(r"(?<=\d)ー|ー(?=\d)", "-", text)
    text = re.sub(r"丁目|番地?ノ?|号室?", "-", text)
    text = re.sub(r"(?<=\d)ノ(?=\d)", "-", text)
    text = text.replace("大字", "").replace("字", "")
    text = re.sub(r"-{2,}", "-", text)
    # What follows the number of a house is its building, with or without a mark between.
    return re.sub(r"(?<=\d)-(?=[^\d])", "", text).strip("-").lower()
