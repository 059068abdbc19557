"""Which character encoding a file is in, decided on all of its bytes in one streaming pass.

Order: byte order mark, strict UTF-8, strict cp932, then a choice the person must confirm. UTF-8 goes before cp932 because
a third of short UTF-8 texts also pass as cp932, and no cp932 text of a realistic length passes as UTF-8.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BAD = "\ufdd0"
"""Stands for bytes that are no text in the chosen encoding: a noncharacter, so that no honest file contains it."""
MARK = "noren.intake.mark"
CHUNK = 1 << 20
LABELS = ("utf-8", "cp932", "utf-16-le", "utf-16-be", "cp1252", "euc_jp", "iso2022_jp", "latin-1")
"""What a person may choose from when the guess is wrong."""
ALIASES = {
    "utf8": "utf-8",
    "utf-8-sig": "utf-8",
    "ascii": "utf-8",
    "utf-16": "utf-16-le",
    "utf16": "utf-16-le",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "ms932": "cp932",
    "windows-31j": "cp932",
    "windows-1252": "cp1252",
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    "iso-8859-1": "latin-1",
}

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_WIDE = re.compile("[\u3041-\u30ff\u4e00-\u9fff\uff10-\uff5a]")
_HALF_KANA = re.compile("[\uff61-\uff9f]")
_LONE = re.compile("(?<=[A-Za-z])[\u4e00-\u9fff](?![\u3040-\u30ff\u4e00-\u9fff])")
_STRANGE = re.compile("[\x00-\x08\x0e-\x1a\ufffd]")
_NOT_JAPANESE = re.compile("[\x80\xa0\uf8f0-\uf8f3]")
"""What cp932 makes of single bytes it has no character for; western texts use them (€, no-break space, ý)."""
_HIGH = bytes(range(128, 256))
_CONTROL = bytes(n for n in range(32) if n not in (0, 9, 10, 12, 13, 27))


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Replace undecodable bytes by BAD. One byte at a time where a separator could hide in the second one."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.encoding.lower().startswith("utf"):
        return BAD, error.end
    return BAD, error.start + 1


codecs.register_error(MARK, _mark)


@dataclass(frozen=True, slots=True)
class Decoding:
    """The outcome. `bad` counts undecodable places, `candidates` are in the order worth trying, the first is `encoding`."""

    encoding: str
    certain: bool
    candidates: tuple[str, ...]
    skip: int = 0
    """Bytes of the byte order mark, to be passed over."""
    bad: int = 0
    nul: bool = False
    binary: bool = False


@dataclass(slots=True)
class _Tally:
    """What one decoder made of the file."""

    bad: int = 0
    good: int = 0
    head: str = ""
    broken: bool = False  # the decoder gave up: nothing can be read this way


def _chunks(path: Path, skip: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(skip)
        while chunk := file.read(CHUNK):
            yield chunk


def _tally(path: Path, encoding: str, skip: int, give_up: int | None = None) -> _Tally:
    """Decode the whole file; stop early once more than `give_up` places are bad and they outweigh the good ones.

    `good` is estimated from the bytes outside of ASCII, which is many times cheaper than counting characters.
    """
    decoder = codecs.getincrementaldecoder(encoding)(MARK)
    tally = _Tally()
    share = {"utf-8": 3, "cp932": 2, "euc_jp": 2}.get(encoding, 1)

    def take(text: str) -> None:
        if not text.isascii():
            tally.bad += text.count(BAD)
            if len(tally.head) < 1 << 18:
                tally.head += text[: 1 << 18]

    for chunk in _chunks(path, skip):
        try:
            take(decoder.decode(chunk))
        except UnicodeError:  # an escape sequence that never ends
            tally.broken = True
            break
        if not chunk.isascii():
            tally.good += len(chunk) - len(chunk.translate(None, _HIGH))
        if give_up is not None and tally.bad > give_up and tally.bad * share > tally.good:
            break
    else:
        take(decoder.decode(b"", final=True))
    tally.good = max(0, (tally.good - tally.bad) // share)
    return tally


def _utf16(head: bytes) -> str | None:
    """UTF-16 without mark shows as zero bytes on one side of every pair; Japanese text keeps at least its separators."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(1, len(head) // 2)
    if max(even, odd) < max(1, half * 0.05) or min(even, odd) * 10 > max(even, odd):
        return None
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    text = head[: len(head) // 2 * 2].decode(encoding, "replace")
    plausible = not _STRANGE.search(text[:-1]) and re.search("[\n\r]", text)
    return encoding if plausible else None


def _order(first: str, *others: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((first, *others, *LABELS)))


def detect(path: Path) -> Decoding:
    """Look at every byte of the file and say how to read it. Constant memory; never raises for any content."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            tally = _tally(path, encoding, len(bom))
            nul = encoding != "utf-8" or _has_nul(path)
            return Decoding(encoding, certain=True, candidates=_order(encoding), skip=len(bom), bad=tally.bad, nul=nul)
    if encoding16 := _utf16(head):
        tally = _tally(path, encoding16, 0)
        return Decoding(encoding16, certain=False, candidates=_order(encoding16), skip=0, bad=tally.bad, nul=True)
    nul = _has_nul(path)
    if len(head.translate(None, _CONTROL)) < len(head) * 0.95 or head.count(0) > len(head) * 0.3:
        return Decoding("utf-8", certain=False, candidates=_order("utf-8"), skip=0, bad=0, nul=nul, binary=True)
    if b"\x1b$" in head and head.isascii():
        mail = _tally(path, "iso2022_jp", 0)
        if not mail.broken:
            order = _order("iso2022_jp")
            return Decoding("iso2022_jp", certain=False, candidates=order, skip=0, bad=mail.bad, nul=nul)
    utf8 = _tally(path, "utf-8", 0, give_up=100)
    if not utf8.bad:
        return Decoding("utf-8", certain=True, candidates=_order("utf-8", "cp932"), skip=0, bad=0, nul=nul)
    return _legacy(path, utf8, nul)


def _legacy(path: Path, utf8: _Tally, nul: bool) -> Decoding:
    """The file is not clean UTF-8: nearly UTF-8, a Japanese encoding, or a western one."""
    if utf8.good > utf8.bad * 10:
        return Decoding("utf-8", certain=True, candidates=_order("utf-8", "cp932"), skip=0, bad=utf8.bad, nul=nul)
    cp932 = _tally(path, "cp932", 0)
    wide, half = len(_WIDE.findall(cp932.head)), len(_HALF_KANA.findall(cp932.head))
    if half > wide or cp932.bad:
        euc = _tally(path, "euc_jp", 0, give_up=0)
        if not euc.bad and _KANA.search(euc.head):
            return Decoding("euc_jp", certain=False, candidates=_order("euc_jp", "cp932"), skip=0, bad=0, nul=nul)
    lone = len(_LONE.findall(cp932.head))
    western = _NOT_JAPANESE.search(cp932.head) or (lone and lone * 2 >= wide and not _KANA.search(cp932.head))
    if not western:
        if not cp932.bad:
            return Decoding("cp932", certain=True, candidates=_order("cp932"), skip=0, bad=0, nul=nul)
        if wide > cp932.bad * 10:
            return Decoding("cp932", certain=True, candidates=_order("cp932", "utf-8"), skip=0, bad=cp932.bad, nul=nul)
    latin = _tally(path, "cp1252", 0)
    if latin.bad * 10 > latin.good:
        return Decoding("latin-1", certain=False, candidates=_order("latin-1", "cp1252"), skip=0, bad=0, nul=nul)
    return Decoding(
        "cp1252", certain=False, candidates=_order("cp1252", "latin-1", "cp932"), skip=0, bad=latin.bad, nul=nul
    )


def chosen(path: Path, encoding: str) -> Decoding:
    """The same report for an encoding a person chose. A name outside LABELS and ALIASES reads as UTF-8."""
    name = encoding.strip().lower()
    name = ALIASES.get(name, name)
    if name not in LABELS:
        name = "utf-8"
    with path.open("rb") as file:
        head = file.read(4)
    skip = next((len(bom) for bom, its in _BOMS if its == name and head.startswith(bom)), 0)
    tally = _tally(path, name, skip)
    if tally.broken:
        return chosen(path, "utf-8")
    return Decoding(
        name,
        certain=True,
        candidates=_order(name),
        skip=skip,
        bad=tally.bad,
        nul=name.startswith("utf-16") or _has_nul(path),
    )


def _has_nul(path: Path) -> bool:
    return any(b"\0" in chunk for chunk in _chunks(path, 0))
