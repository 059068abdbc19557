"""Closest existing names for values that match nothing, and spellings of one thing inside one column. Only ever proposals."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from noren.core.base.text import fold

_DROP = re.compile(r"[\W_ー]+")
_DIGITS = re.compile(r"\d+")
_LATIN = re.compile(r"[a-z0-9]*")
_KANA = re.compile("[\u3041-\u3096]+")
_LOOSE = str.maketrans(
    "ぁぃぅぇぉっゃゅょゎゐゑをぢづ斉嶋嶌淵舘龍藏曾檜壽實榮瀧條關圓萬與黑郞禮莊晉祐",
    "あいうえおつやゆよわいえおじず斎島島渕館竜蔵曽桧寿実栄滝条関円万与黒郎礼荘晋佑",
)
"""Signs that are told apart by the eye and confused by the hand: small kana, old forms of kanji in names (斉藤, 斎藤)."""

WORDS: Mapping[str, tuple[str, ...]] = {
    "company.industry": (
        *(
            "technology",
            "software",
            "hardware",
            "telecommunications",
            "medical",
            "healthcare",
            "pharmaceuticals",
            "finance",
            "banking",
        ),
        *(
            "insurance",
            "retail",
            "wholesale",
            "marketing",
            "advertising",
            "media",
            "entertainment",
            "employment",
            "services",
            "consulting",
        ),
        *(
            "education",
            "government",
            "manufacturing",
            "construction",
            "real estate",
            "transportation",
            "logistics",
            "energy",
            "utilities",
        ),
        *(
            "agriculture",
            "hospitality",
            "automotive",
            "legal",
            "nonprofit",
            "food",
            "chemicals",
            "electronics",
            "travel",
        ),
        *(
            "製造業",
            "建設業",
            "不動産業",
            "情報通信業",
            "卸売業",
            "小売業",
            "金融業",
            "保険業",
            "運輸業",
            "サービス業",
            "医療・福祉",
        ),
        *(
            "教育・学習支援業",
            "宿泊業・飲食サービス業",
            "農業・林業",
            "漁業",
            "鉱業",
            "公務",
            "電気・ガス・水道業",
            "広告業",
            "人材業",
        ),
    ),
}
"""Words usual in a field, for files that misspell a word throughout so that no better spelling stands beside it."""


CROWD = 300
"""Names compared in full per look-up, those sharing most pairs of letters first."""
PART = 4
"""Letters by which a name may go on beyond a text and still be meant by it."""
DISTINCT_CAP = 2_000
"""Distinct values of a column looked at for clusters; a column with more is no list of choices."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`same`: equal but for spaces, punctuation, case and width. `near`: `distance` edits away."""

    name: str
    distance: int
    reason: Literal["same", "near"]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Spellings that look like one thing: the most frequent is kept, the others are offered to be replaced by it."""

    keep: str
    count: int
    others: tuple[tuple[str, int], ...]


def key(text: str) -> str:
    """The form in which only letters and digits count: width, case, kind and size of kana, long vowels, spaces and old forms
    of kanji are made one. For proposals only: search and matching keep such names apart."""
    folded = fold(unicodedata.normalize("NFKC", text).casefold()).translate(_LOOSE)
    return _DROP.sub("", folded.replace("ゔ", "ぶ"))


def tolerance(folded: str, *, bold: bool = False) -> int:
    """How many edits still look like a slip: none in short names, and fewer where each character carries a meaning (kanji).
    bold: among few names that all belong to the firm (stages, colleagues) a shorter text may hold one too."""
    length = len(folded)
    if _LATIN.fullmatch(folded):
        return 0 if length < 4 else 1 if length < 7 else 2 if length < 13 else 3
    if _KANA.fullmatch(folded):
        return 0 if length < 4 else 1 if length < 8 else 2
    return 0 if length < (4 if bold else 6) else 1


def distance(left: str, right: str, cap: int) -> int:
    """Edits (insert, delete, replace, swap two neighbors) from one text to another; cap + 1 when there are more."""
    if abs(len(left) - len(right)) > cap:
        return cap + 1
    before: list[int] = []
    last = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            cost = min(row[j - 1] + 1, last[j] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > cap:
            return cap + 1
        before, last = last, row
    return last[-1]


def _grams(folded: str) -> set[str]:
    framed = f"^{folded}$"
    return {framed[at : at + 2] for at in range(len(framed) - 1)}


class Names:
    """Existing names, prepared for many look-ups: only names sharing enough pairs of letters are compared in full.

    bold: the names are few and the firm's own, so that a part of one (提案中, 佐藤) is near it too.
    """

    def __init__(self, names: Iterable[str], *, bold: bool = False) -> None:
        self.bold = bold
        self._keys: dict[str, list[str]] = defaultdict(list)
        self._by_gram: dict[str, list[str]] = defaultdict(list)
        for name in dict.fromkeys(names):
            self.add(name)

    def add(self, name: str) -> None:
        folded = key(name)
        if not folded:
            return
        if folded not in self._keys:
            for gram in _grams(folded):
                self._by_gram[gram].append(folded)
        self._keys[folded].append(name)

    def closest(self, value: str, limit: int = 3) -> list[Suggestion]:
        """The best proposals for a value, equal ones alone if there are any. Names whose digits differ are never near."""
        folded = key(value)
        if not folded:
            return []
        if same := self._keys.get(folded):
            return [Suggestion(name, 0, "same") for name in same[:limit]]
        found = self._near(folded) or (self._parts(folded) if self.bold else [])
        found.sort()
        pairs = [(edits, spelling) for edits, name in found for spelling in self._keys[name]]
        return [Suggestion(spelling, edits, "near") for edits, spelling in pairs[:limit]]

    def _near(self, folded: str) -> list[tuple[int, str]]:
        """Names a slip or two away, each with the number of edits."""
        cap = tolerance(folded, bold=self.bold)
        if not cap:
            return []
        digits = _DIGITS.findall(folded)
        grams = _grams(folded)
        shared = Counter(name for gram in grams for name in self._by_gram.get(gram, ()))
        need = max(1, len(grams) - 3 * cap)
        found: list[tuple[int, str]] = []
        for name, count in shared.most_common(CROWD):
            if count < need:
                break
            if abs(len(name) - len(folded)) > cap or _DIGITS.findall(name) != digits:
                continue
            edits = distance(folded, name, cap)
            if edits <= cap:
                found.append((edits, name))
        return found

    def _parts(self, folded: str) -> list[tuple[int, str]]:
        """Names that go on where the text ends, or the other way round: 佐藤 and 佐藤美咲, 提案中 and 提案. Japanese alone:
        in Latin letters GTX is no shorter GTX Pro."""
        digits = _DIGITS.findall(folded)
        found = []
        for name in self._keys:
            short, long = sorted((name, folded), key=len)
            fits = len(short) >= 2 and 0 < len(long) - len(short) <= PART and long.startswith(short)
            if fits and not short.isascii() and _DIGITS.findall(name) == digits:
                found.append((len(long) - len(short), name))
        return found


def closest(value: str, names: Iterable[str], limit: int = 3) -> list[Suggestion]:
    """One look-up. For many values prepare `Names` once."""
    return Names(names).closest(value, limit)


def clusters(values: Iterable[str] | Mapping[str, int]) -> list[Cluster]:
    """Spellings inside one column that look like one thing, by falling frequency of the kept one."""
    counts = Counter(values)
    names = sorted((name for name in counts if key(name)), key=lambda name: (-counts[name], name))[:DISTINCT_CAP]
    kept: list[str] = []
    others: dict[str, list[str]] = defaultdict(list)
    index = Names(())
    for name in names:
        near = index.closest(name, 1)
        if near and (near[0].reason == "same" or counts[name] * 4 <= counts[near[0].name]):
            others[near[0].name].append(name)
            continue
        kept.append(name)
        index.add(name)
    return [
        Cluster(name, counts[name], tuple((one, counts[one]) for one in others[name])) for name in kept if others[name]
    ]
