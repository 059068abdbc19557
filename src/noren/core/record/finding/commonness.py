"""How common a word is, as far as PostgreSQL's statistics know: they decide which way to the rows is short.

A table of entries keeps the share of rows that have each of its common grams. A word is at most as common as its rarest
gram; of words that are all common we suppose that they do not depend on each other. A wrong guess costs time, never rows.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.db import connection

from noren.core.base.search import entry_model
from noren.core.base.text import query_grams
from noren.core.record.finding.words import grams_of

FRESH = 300.0  # seconds for which a process believes what it has read
UNKNOWN = 0.001  # share of a gram about which nothing is known
TOGETHER, TOGETHER_DIGITS = 2 / 3, 1 / 2  # how far parts of a word come together, from not at all (0) to always (1)
SHORT = 0.02  # share of a word too short to have grams (one kana, two letters)

# Micro-seconds per row, measured at a million rows: looked at in list order; taken from the index, fetched and sorted;
# walked over inside the index; read from the index of names.
LOOK, TAKE, WALK, NAME = 1.3, 5.5, 0.1, 0.5
TAKEN = 3_000  # rows of the index that may be taken for a word of which the parts are common
LEAST, MOST = 400, 6_000  # newest rows looked at before the index is asked after all
SHORT_LOOK = 600  # newest rows looked at for a word without grams, where looking at all would take too long
FEW = 500  # rows that are always taken, so that the best ones are known
SHARP, GRAMS = 3, 4  # grams of the words that are asked for, at least and at most
SMALL = 10_000  # rows of a table that may be read whole
_PARTS = re.compile(r"(?=([^\x00-\x7f]{2}|[!-~]{3}))")  # all of them
_PART = re.compile(r"[^\x00-\x7f]{2}|[!-~]{3}")  # grams side by side


@dataclass(frozen=True, slots=True)
class Shares:
    """Of one table of entries: its rows, the share of rows with each common gram, and the share below which grams were not kept."""

    rows: float = 0.0
    floor: float = UNKNOWN
    grams: dict[int, float] = field(default_factory=dict)

    def of(self, word: str) -> float:
        """The share of rows that a word has, somewhere between what its parts allow."""
        low, high = self.between(word)
        together = TOGETHER_DIGITS if word.isdigit() else TOGETHER
        return math.pow(low, 1 - together) * math.pow(high, together)

    def together(self, words: Sequence[str]) -> float:
        return math.prod(self.of(word) for word in words)

    def sharpest(self, words: Sequence[str]) -> list[int]:
        """The grams to ask the index for: the rarest, each with a letter that no other has. The rest would only be compared
        in vain: what has すみ and れ製 seldom lacks みれ."""
        left = {gram: letters for word in words for gram, letters in _letters(word).items()}
        kept: list[int] = []
        while len(kept) < GRAMS and (left := {gram: letters for gram, letters in left.items() if letters}):
            gram = min(left, key=lambda one: (-len(left[one]), self._share(one), one))
            kept.append(gram)
            left = {other: letters - left[gram] for other, letters in left.items()}
        rest = [gram for gram in grams_of(words) if gram not in kept]
        return kept + sorted(rest, key=self._share)[: max(SHARP - len(kept), 0)]

    def between(self, word: str) -> tuple[float, float]:
        """(as if its parts had nothing to do with each other, as if they always came together)"""
        high = min((self._share(gram) for gram in query_grams(word)), default=SHORT)
        if word.isdigit():
            return high * 0.1 ** max(len(word) - 3, 0), high
        low = 1.0
        for part in _PART.findall(word):
            low *= self._share(query_grams(part)[0])
        return min(low, high), high

    def _share(self, gram: int) -> float:
        return self.grams.get(gram, self.floor / 4)


@lru_cache(200)  # asked for each noun
def _letters(word: str) -> dict[int, set[tuple[str, int]]]:
    """The grams of a word, each with the places of its letters."""
    found: dict[int, set[tuple[str, int]]] = {gram: {(word, -1)} for gram in query_grams(word)}
    for part in _PARTS.finditer(word):
        for gram in query_grams(part[1]):
            found[gram] = found[gram] - {(word, -1)} | {(word, at) for at in range(part.start(), part.end(1))}
    return found


@dataclass(frozen=True, slots=True)
class Way:
    """How the rows with some words are reached: among so many newest rows, or (0) through the index. `most`: so many rows
    of the index are taken; if there are more, the word is common after all, and the newest rows are looked at instead.
    names: reading all names that begin with the word is shorter than looking.
    """

    newest: int = 0
    most: int = 0
    names: bool = False


def way(shares: Shares, words: Sequence[str], count: int) -> Way:
    """The shorter way to the newest `count` rows that have all the words.

    The newest are looked at for about as long as asking the index would have taken: a wrong guess costs twice the right way.
    """
    grams = grams_of(words)
    if not grams:
        return Way(0 if shares.rows <= SMALL else SHORT_LOOK)
    share = shares.together(words)
    shortest = min(shares.grams.get(gram, shares.floor) for gram in grams) * shares.rows
    by_index = TAKE * share * shares.rows + (WALK * shortest if len(grams) == 1 else 0)
    by_looking = LOOK * count / max(share, 1e-9)
    if by_index > by_looking and share * shares.rows > FEW:
        few = NAME * share * shares.rows < by_looking
        return Way(int(min(max(by_index / LOOK, LEAST), MOST)), names=few)
    sure = all(high <= 2 * low for low, high in map(shares.between, words))
    return Way() if sure or shortest <= TAKEN else Way(MOST, TAKEN)


_read: dict[str, tuple[float, Shares]] = {}


def shares_of(models: Sequence[Any]) -> dict[Any, Shares]:
    """What is known of the entries of some nouns; read again after a while."""
    tables = {model: entry_model(model)._meta.db_table for model in models}
    now = time.monotonic()
    old = [table for table in tables.values() if table not in _read or now - _read[table][0] > FRESH]
    if old:
        for table, shares in _ask(old).items():
            _read[table] = (now, shares)
    return {model: _read[table][1] for model, table in tables.items()}


def forget() -> None:
    """For tests and after a large import: read the statistics anew."""
    _read.clear()


def _ask(tables: list[str]) -> dict[str, Shares]:
    found = {table: Shares() for table in tables}
    sql = (
        "SELECT c.relname, c.reltuples, s.most_common_elems::text::int[], s.most_common_elem_freqs "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = 'g' "
        "WHERE c.relname = ANY(%s) AND pg_table_is_visible(c.oid)"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [tables])
        for table, rows, grams, shares in cursor.fetchall():
            if grams:
                found[table] = Shares(float(rows), shares[len(grams)], dict(zip(grams, shares, strict=False)))
            else:
                found[table] = Shares(float(rows))
    return found
