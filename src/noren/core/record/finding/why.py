"""Why a row was found: the fields that speak for it, and where in them the words stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from noren.core.access.actor import Actor
from noren.core.access.rights import Touch
from noren.core.base.japan.company import name_key
from noren.core.base.text import fold
from noren.core.record.declare import Record, record_of

_NO_DIGIT = re.compile(r"\D+")


@dataclass(frozen=True, slots=True)
class Why:
    """The field that matched and the part of its text: before, hit, after."""

    label: str
    before: str
    hit: str
    after: str


def readable(record: type[Record], actor: Actor) -> dict[str, bool]:
    """The fields that are searched, and which of them the actor may read."""

    def work() -> dict[str, bool]:
        return {n: actor.touch(record.groups.get(n, "public")) >= Touch.READ for n in record.model.searched}

    found: dict[str, bool] = actor.remembered(("searched", record), work)
    return found


def speaks(record: type[Record], row: Any, words: Sequence[str], actor: Actor) -> bool:
    """Whether what the actor may read of a row has all the words."""
    may = readable(record, actor)
    if all(may.values()):
        return True
    return len(said(row, [n for n, told in may.items() if told], words)) == len(words)


def reasons(
    record: type[Record], row: Any, words: Sequence[str], actor: Actor, owner: str = ""
) -> tuple[Why, ...] | None:
    """Why a row was found, word by word; None when only fields hidden from the actor speak for it.

    owner: the reference to the company through which the row was found, one the actor may see.
    """
    company = getattr(row, owner) if owner else None
    beside = record_of(type(company)) if company is not None else None
    own = words
    if company is not None and beside is not None:
        own = said(row, [n for n, may in readable(record, actor).items() if may], words)
        if not speaks(beside, company, [word for word in words if word not in own], actor):
            return None
    elif not speaks(record, row, words, actor):
        return None
    found: list[Why] = []
    for word in words:
        if word in own or company is None or beside is None:
            found += _why(record, row, word, actor)
        else:
            found += _why(beside, company, word, actor, str(record.field(owner).label))
    return tuple(found)


def _why(record: type[Record], row: Any, word: str, actor: Actor, label: str = "") -> list[Why]:
    """The first field with the word. label: what to call it instead of its own name."""
    for name, may in readable(record, actor).items():
        value = str(getattr(row, name) or "")
        if not may or not value:
            continue
        folded = fold(value)
        if word in folded:
            return [_where(label or str(record.field(name).label), value, folded, word)]
        if word.isdigit() and word in _digits(folded):
            return [_by_digits(label or str(record.field(name).label), value, word)]
    return []


def said(row: Any, names: Sequence[str], words: Sequence[str]) -> list[str]:
    """Those of the words that are in some fields of a row: in one of them, across neighbors, in its digits, or in what the
    row is called without legal form and hyphens."""
    values = [fold(str(value)) for n in names if (value := getattr(row, n))]
    text = "\x1f".join((*values, "".join(values), *map(_digits, values), fold(name_key(str(row)))))
    return [word for word in words if word in text]


def _digits(text: str) -> str:
    return _NO_DIGIT.sub("", text)


def marked(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """The text in pieces: (piece, whether it is one of the words)."""
    folded = fold(text)
    parts: list[tuple[int, int]] = []
    for word in words:
        if word in folded:
            why = _where("", text, folded, word)
            if why.hit:
                parts.append((len(why.before), len(why.before) + len(why.hit)))
    if not parts:
        return [(text, False)] if text else []
    pieces: list[tuple[str, bool]] = []
    end = 0
    for start, stop in sorted(parts):
        if start >= end:
            pieces += [(text[end:start], False), (text[start:stop], True)]
            end = stop
    pieces.append((text[end:], False))
    return [piece for piece in pieces if piece[0]]


def _where(label: str, value: str, folded: str, word: str) -> Why:
    """Where in the text as written the folded word stands."""
    if len(folded) == len(value):  # most texts fold character by character
        start = folded.find(word)
        end = start + len(word)
        if fold(value[start:end]) == word:
            return Why(label, value[:start], value[start:end], value[end:])
    for start in range(len(value)):
        for end in range(start + 1, min(len(value), start + len(word) * 2 + 2) + 1):
            if fold(value[start:end]) == word:
                return Why(label, value[:start], value[start:end], value[end:])
    return Why(label, value, "", "")


def _by_digits(label: str, value: str, word: str) -> Why:
    """Where digits stand that are parted by hyphens in the text as written."""
    places = [i for i, c in enumerate(value) if c.isdigit()]
    at = "".join(fold(value[i]) for i in places).find(word)
    first, last = places[at], places[at + len(word) - 1] + 1
    return Why(label, value[:first], value[first:last], value[last:])
