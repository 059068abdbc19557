"""Text as keys: what search compares, what lists sort by, and what is safe to store.

Keys are for comparing only. What a person typed is stored byte for byte (see `clean`); every folding lives in a key.
"""

import re
import struct
import unicodedata
from functools import lru_cache

SEP = "\x1f"
"""Between the folded fields of one search text. `fold` never lets it through, so no hit spans two fields."""

VARIANTS = {
    variant: plain
    for plain, variants in {
        "高": "髙",
        "崎": "﨑嵜",
        "浜": "濱濵",
        "辺": "邊邉",
        "沢": "澤",
        "広": "廣",
        "斎": "齋",
        "斉": "齊",
        "徳": "德",
        "柳": "栁",
        "富": "冨",
        "橋": "槗",
        "吉": "𠮷",
        "弥": "彌",
        "国": "國",
        "桜": "櫻",
        "真": "眞",
        "恵": "惠",
        "瀬": "瀨",
        "昇": "曻",
    }.items()
    for variant in variants
}
"""Name characters written in several ways -> the one used in keys. 斎 and 斉 are different names and stay apart."""

DASHES = "‐‑‒–—―−─━﹘﹣－"
"""Marks people type for a hyphen. The long vowel mark ー is not among them: it is a letter."""

_INVISIBLE = [0, 0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF]
_SELECTORS = [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]  # 葛󠄀 and 葛 are one character to a searcher
_STRAY_MARKS = [0x3099, 0x309A, *range(0x300, 0x370)]  # NFKC has joined every mark that had a letter to join
_SURROGATES = range(0xD800, 0xE000)

_WITHOUT_INVISIBLE: dict[int, None] = dict.fromkeys((*_INVISIBLE, *_SELECTORS))
_FOLD: dict[int, str | None] = {
    **dict.fromkeys((*_INVISIBLE, *_SELECTORS, *_STRAY_MARKS, *_SURROGATES)),
    **dict.fromkeys((*range(1, 0x20), *range(0x7F, 0xA0)), " "),
    **{code: chr(code - 0x60) for code in range(ord("ァ"), ord("ヵ"))},
    ord("ヵ"): "か",
    ord("ヶ"): "け",
    ord("ヽ"): "ゝ",
    ord("ヾ"): "ゞ",
    **{ord(mark): "-" for mark in DASHES},
    ord("〜"): "~",
    ord("〰"): "~",
    **{ord(variant): plain for variant, plain in VARIANTS.items()},
}


def fold(s: str) -> str:
    """The search form of one field: width, case, kind of kana, character variants, dashes and invisible marks made one.

    Folding twice changes nothing. Written beside the row on every save and import, and applied to each query.
    """
    if s.isascii() and s.isprintable():
        return s.lower()
    return _fold_short(s) if len(s) <= 40 else _fold(s)


def _fold(s: str) -> str:
    wide = unicodedata.normalize("NFKC", s).lower()
    out = wide.translate(_FOLD)
    if len(out) != len(wide):
        # A mark now removed may have kept two characters apart that belong together (か, zero width, ゛).
        out = unicodedata.normalize("NFKC", s.translate(_WITHOUT_INVISIBLE)).lower().translate(_FOLD)
        out = unicodedata.normalize("NFKC", out).lower().translate(_FOLD)
    return out


_fold_short = lru_cache(30_000)(_fold)  # names, posts and companies come again and again


_WIDE_RUN = re.compile(r"[^\x00-\x7f]+")
_KANJI = re.compile(r"[々〆㐀-䶿一-鿿豈-﫿]")
_ASCII_RUN = re.compile(r"[!-~]{3,}")


def _pairs(run: str) -> tuple[int, ...]:
    """Every two neighbouring characters packed into one signed int4: the two halves ARE the number, so none collide."""
    units = run.encode("utf-16-be", "surrogatepass")
    count = len(units) // 2
    even = count // 2
    odd = (count - 1) // 2
    return struct.unpack_from(f">{even}i", units) + struct.unpack_from(f">{odd}i", units, 2)


def _triples(run: str) -> list[int]:
    """Every three neighbouring ASCII characters, 7 bits each; smaller than any pair and larger than any one kanji."""
    b = run.encode()
    return [x << 14 | y << 7 | z for x, y, z in zip(b, b[1:], b[2:], strict=False)]


def grams(folded: str) -> list[int]:
    """What the index stores for a folded text: kanji alone, pairs of non-ASCII characters, triples of ASCII ones."""
    found: set[int] = set()
    if not folded.isascii():
        found.update(map(ord, _KANJI.findall(folded)))
        for run in _WIDE_RUN.findall(folded):
            found.update(_pairs(run))
    for run in _ASCII_RUN.findall(folded):
        found.update(_triples(run))
    return list(found)


def query_grams(folded: str) -> list[int]:
    """The entries every row containing this text must have. Empty when it is too short to say (one kana, two letters).

    A subset of `grams(text)` for every text that contains the query, so `g @> query_grams(q)` loses no row; the
    text itself is compared afterwards.
    """
    return list(_query_grams(folded))


@lru_cache(500)  # a search asks dozens of times for those of its few words
def _query_grams(folded: str) -> tuple[int, ...]:
    found: set[int] = set()
    for run in _WIDE_RUN.findall(folded):
        if len(run) == 1 and _KANJI.match(run):
            found.add(ord(run))
        else:
            found.update(_pairs(run))
    for run in _ASCII_RUN.findall(folded):
        found.update(_triples(run))
    return tuple(found)


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(s: str) -> str:
    """Safe to store: no NUL and no lone surrogate (PostgreSQL takes neither), newlines as \\n. All else untouched."""
    if "\r" in s:
        s = s.replace("\r\n", "\n").replace("\r", "\n")
    return s if s.isascii() and "\x00" not in s else _UNSTORABLE.sub("", s)


def row_id(text: object) -> int | None:
    """The id that an address or a form gives as text; None for what no row can have (²  and ten thousand nines too)."""
    word = str(text)
    return int(word) if word.isascii() and word.isdigit() and len(word) < 19 else None


# Sorting by reading. The same bytes on every server: the database needs no Japanese collation.

_ROWS = {
    "あ": "ぁあぃいぅうぇえぉおゔ",
    "か": "かがきぎくぐけげこごゕゖ",
    "さ": "さざしじすずせぜそぞ",
    "た": "ただちぢっつづてでとど",
    "な": "なにぬねの",
    "は": "はばぱひびぴふぶぷへべぺほぼぽ",
    "ま": "まみむめも",
    "や": "ゃやゅゆょよ",
    "ら": "らりるれろ",
    "わ": "ゎわゐゑをん",
}
_ROW_OF = {kana: row for row, kanas in _ROWS.items() for kana in kanas}
_BASE = {
    **dict(
        zip(
            "がぎぐげござじずぜぞだぢづでどばびぶべぼぱぴぷぺぽ",
            "かきくけこさしすせそたちつてとはひふへほはひふへほ",
            strict=True,
        )
    ),
    **dict(zip("ぁぃぅぇぉっゃゅょゎゔゕゖ", "あいうえおつやゆよわうかけ", strict=True)),
}
_VOWEL_OF = {
    kana: vowel
    for vowel, kanas in {
        "あ": "あかさたなはまやらわ",
        "い": "いきしちにひみりゐ",
        "う": "うくすつぬふむゆる",
        "え": "えけせてねへめれゑ",
        "お": "おこそとのほもよろを",
    }.items()
    for kana in kanas
}
_HIRAGANA: dict[int, str] = {code: chr(code - 0x60) for code in range(ord("ァ"), ord("ヷ"))}
_AFTER_KANA = "\u3130"  # sorts after every kana and before every kanji: Latin letters
_AFTER_LETTERS = "\ue000"  # sorts after every kanji we meet: names without a reading
_NO_NAME = "\uf8ff"


def _reading(s: str) -> str:
    return unicodedata.normalize("NFKC", s).translate(_HIRAGANA).casefold()


def kana_key(s: str) -> str:
    """A key whose byte order is the order of a Japanese list: か and が together, サーバ as サアバ, then A-Z, then the rest.

    First the plain letters, then (after U+0001, which sorts before everything) the exact spelling to settle ties.
    Give it the reading, or the name where there is no reading: such names come after all readings. Empty comes last.
    """
    exact = _reading(s).strip().replace("\x00", "")
    if not exact:
        return _NO_NAME
    plain: list[str] = []
    for char in exact:
        if char == "ー" and plain:
            plain.append(_VOWEL_OF.get(plain[-1], "ー"))
        elif char in "ゝゞ" and plain:
            plain.append(plain[-1])
        elif char not in " ・":
            plain.append(_BASE.get(char, char))
    row = index_row(exact)
    lead = "" if row in _ROWS else _AFTER_KANA if row == "A-Z" else _AFTER_LETTERS
    return f"{lead}{''.join(plain)}\x01{exact}"


def index_row(kana: str) -> str:
    """The letter of the index bar a reading stands under: one of あかさたなはまやらわ, "A-Z", or 他 for all else."""
    for char in _reading(kana):
        if char in _ROW_OF:
            return _ROW_OF[char]
        if "a" <= char <= "z":
            return "A-Z"
        if char not in " ー・":
            break
    return "他"
