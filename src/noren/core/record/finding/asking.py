"""The best few rows of several nouns that have some words, asked for in few trips.

A row is found when each word is in its own text or, for a word that may be a name, in the text of the company it belongs
to. Its own text is looked up among the newest rows or through the index, whichever way is shorter (see `commonness`), for all
nouns at once. What belongs to a company fits less well, and is asked for in a second trip where the first has not filled
the page; the longer ways come last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import EmptyResultSet

from noren.core.access.actor import Actor
from noren.core.access.scope import visible
from noren.core.base.kept import rows_of, written
from noren.core.base.search import entry_model
from noren.core.record.declare import Record, record_of
from noren.core.record.finding import branches
from noren.core.record.finding.branches import COMPANIES, LEAD, LONG_LEAD, MANY, Asked, Company, Source
from noren.core.record.finding.commonness import MOST, Shares, shares_of, way
from noren.core.record.finding.words import grams_of, may_name

SHORT_WAY = 1_500  # newest companies among which there may be more of a word than a page takes
OWNER_LOOK = 400  # newest companies looked at for a word that many have, of several words


def source(record: type[Record], actor: Actor, shares: Shares, *, ranked: bool) -> Source | None:
    """None when the actor can see no row."""
    model: Any = record.model
    owner = model.found_through if owner_of(record, actor) else ""
    names = ["said", *filter(None, (f"{owner}_id" if owner else "", model.named_by))]
    try:
        sql = written(
            ("found", model, *names),
            lambda: visible(model, actor).order_by().values("id", "updated_at", *names),
            actor,
        )
    except EmptyResultSet:
        return None
    return Source(record, sql, entry_model(model)._meta.db_table, shares, owner, ranked)


def ask(
    records: Sequence[type[Record]], words: Sequence[str], actor: Actor, count: int, hidden: set[type[Record]]
) -> dict[type[Record], list[tuple[int, int]]]:
    """(id, rank) of the best `count` rows of each noun, best and newest first. hidden: nouns with fields kept from the actor."""
    owners = {record: owner for record in records if (owner := owner_of(record, actor))}
    wanted = list(dict.fromkeys((*records, *owners.values())))
    known = shares_of([record.model for record in wanted])
    sources = {
        record: made
        for record in wanted
        if (made := source(record, actor, known[record.model], ranked=record not in hidden))
    }
    seen = [record for record in records if record in sources]
    names = [at for at, word in enumerate(words) if may_name(word)]
    behind = {r: sources[o] for r, o in owners.items() if o in sources}
    question = _Question(seen, words, count, sources, behind, names)
    return question.answer()


def owner_of(record: type[Record], actor: Actor) -> type[Record] | None:
    """The noun by whose text rows of this one are found too, if the actor may read the reference to it."""
    name = record.model.found_through
    return record_of(record.field(name).target) if name and record.may_read(name, actor) else None


Key = tuple[type[Record], int]
"""A noun that others belong to, and the place of a word that may name one of its rows."""

Taking = Callable[[list[Any]], None]
"""What is done with the rows of a statement."""


@dataclass(slots=True)
class _Question:
    """sources: the rows of each noun that the actor can see; owners: those of the noun it belongs to; names: the places of
    words that may name one of these.

    found: what is known by now. unsure: nouns that may have more than was found, and words that more companies may have.
    led: nouns of which all rows are known, for all are that have one of the words in their own text or their company's.
    """

    records: Sequence[type[Record]]
    words: Sequence[str]
    count: int
    sources: dict[type[Record], Source]
    owners: dict[type[Record], Source]
    names: Sequence[int]
    found: dict[type[Record], dict[int, tuple[int, Any]]] = field(default_factory=dict)
    companies: dict[Key, dict[int, Company]] = field(default_factory=dict)
    unsure: set[type[Record] | Key] = field(default_factory=set)
    led: set[type[Record]] = field(default_factory=set)
    further: set[Key] = field(default_factory=set)
    waiting: list[tuple[Asked, Taking]] = field(default_factory=list)

    def answer(self) -> dict[type[Record], list[tuple[int, int]]]:
        for step in (self._own, self._through, self._longer, self._beyond):
            step()
            asked, self.waiting = self.waiting, []
            if asked:
                for (_one, take), rows in zip(asked, rows_of([one for one, _take in asked]), strict=True):
                    take(rows)
        return {record: self._best(self.found[record]) for record in self.records if self.found.get(record)}

    def _best(self, found: dict[int, tuple[int, Any]]) -> list[tuple[int, int]]:
        best = sorted(found.items(), key=lambda item: (-item[1][0], item[1][1], item[0]), reverse=True)
        return [(pk, rank) for pk, (rank, _at) in best[: self.count]]

    # -- the trips ---------------------------------------------------------------------------------------------
    def _own(self) -> None:
        """Rows by their own text, and companies by each word that may name one."""
        single = len(self.words) == 1
        for key in self._keys():
            self._fitting(key, [self.words[key[1]]], self._list(key), MOST if single else OWNER_LOOK)
        for record in self.records:
            if not single or (record, 0) not in self._keys():
                self._fitting(record, self.words, self._take(record))

    def _through(self) -> None:
        """Rows by their companies."""
        for record in self._lacking():
            for key in self._keys(record):
                self._by_company(record, key)
            self._lead(record, LEAD)

    def _longer(self) -> None:
        """Of nouns that may have more: all of the index, and more companies."""
        for record in self._lacking():
            if self._unsure(record) and grams_of(self.words):
                self._wait(branches.indexed(self.sources[record], self.words, self.count), self._take(record))
            if record in self.owners and record not in self.led and not self._lead(record, LONG_LEAD, beyond=LEAD):
                self.further |= {key for key in self._keys(record) if key in self.unsure}
        for key in self.further:
            asked = branches.newest(self.sources[key[0]], [self.words[key[1]]], COMPANIES, MOST, aside=True)
            self._wait(asked, self._list(key))

    def _beyond(self) -> None:
        """Rows by more companies."""
        for record in self._lacking():
            for key in self._keys(record):
                if key in self.further:
                    self._by_company(record, key)

    # -- what is asked, and what comes of it -----------------------------------------------------------------------
    def _wait(self, asked: Asked, take: Taking) -> None:
        self.waiting.append((asked, take))

    def _fitting(self, tag: type[Record] | Key, words: Sequence[str], take: Taking, most: int = MOST) -> None:
        """The rows of a noun, or companies, whose own text has all words: the best and newest, companies as many as cost
        nothing. most: newest rows looked at for a common word."""
        listed = isinstance(tag, tuple)
        one = self.sources[tag[0] if isinstance(tag, tuple) else tag]
        chosen = way(one.shares, words, self.count)
        size, count, look = COMPANIES if listed else self.count, self.count, min(chosen.newest, most)
        if listed and one.shares.together(words) * SHORT_WAY > 3 * count:
            count *= 3
        if not look:
            self._wait(branches.indexed(one, words, size), take)
        elif chosen.most:
            asked = branches.indexed_or_newest(one, words, size, chosen.most, count, look, aside=listed)
            self._wait(asked, take)
        else:
            self.unsure.add(tag)
            if listed and chosen.names and len(self.words) == 1 and one.tells_names:
                asked = branches.newest_named(one, words[0], count, look)
            else:
                asked = branches.newest(one, words, count, look, aside=listed)
            self._wait(asked, take)

    def _by_company(self, record: type[Record], key: Key) -> None:
        companies = self.companies[key]
        if companies:
            others = [word for at, word in enumerate(self.words) if at != key[1]]
            self._wait(branches.through(self.sources[record], companies, others, self.count), self._take(record))

    def _lead(self, record: type[Record], most: int, beyond: int = -1) -> bool:
        """Whether a word was rare enough to lead to rows."""
        if len(self.words) == 1 or record not in self.owners:
            return False
        one, owner = self.sources[record], self.owners[record]
        asked = branches.leads(one, owner, self.words, self.count, most, beyond)
        for at, each in asked.items():
            self._wait(each, self._take(record))
            key = (owner.record, at)
            if key not in self.unsure and len(self.companies.get(key, ())) < COMPANIES:
                self.led.add(record)
        return bool(asked)

    def _take(self, record: type[Record]) -> Taking:
        """Keeps rows of a noun, each as well as it fits."""
        known = self.found.setdefault(record, {})

        def take(rows: list[Any]) -> None:
            for pk, rank, at, _text in rows:
                if rank == MANY:
                    self.unsure.add(record)
                elif at is not None and (pk not in known or rank < known[pk][0]):
                    known[pk] = (rank, at)

        return take

    def _list(self, key: Key) -> Taking:
        """Keeps companies that a word fits; what one single word finds are hits themselves."""
        hits = self._take(key[0]) if len(self.words) == 1 and key[0] in self.records else None

        def take(rows: list[Any]) -> None:
            listed = self.companies[key] = {}
            for pk, rank, _at, text in rows:
                if rank == MANY:
                    self.unsure.add(key)
                elif pk not in listed or rank < listed[pk].rank:
                    listed[pk] = Company(rank, text)
            if hits:
                hits(rows)

        return take

    def _unsure(self, record: type[Record]) -> bool:
        return record in self.unsure or (len(self.words) == 1 and (record, 0) in self.unsure)

    def _lacking(self) -> list[type[Record]]:
        """Nouns with less than a page of rows."""
        return [record for record in self.records if len(self.found.get(record, ())) < self.count]

    def _keys(self, record: type[Record] | None = None) -> list[Key]:
        """The nouns that others belong to (or that this one does), with the places of the words that may name a row."""
        owners = dict.fromkeys(one.record for r, one in self.owners.items() if record in (None, r))
        return [(owner, at) for owner in owners for at in self.names]
