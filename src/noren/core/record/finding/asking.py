"""One statement that finds the best few rows of several nouns.

A row is found when each word is in its own text or, for a word that may be a name, in the text of the company it belongs
to. Its own text is looked up among the newest rows or through the index, whichever way is shorter (see `commonness`); what
belongs to a company is reached from the companies that the words fit. That is done here and not left to the planner: its
guesses about LIKE and arrays cost seconds in the bad cases. Reading entries one by one (LATERAL … OFFSET 0) and lists
kept aside (MATERIALIZED) hold it to that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet

from noren.core.access.actor import Actor
from noren.core.access.scope import visible
from noren.core.base.kept import written
from noren.core.base.search import entry_model
from noren.core.record.declare import Record, record_of
from noren.core.record.finding import branches
from noren.core.record.finding.branches import COMPANIES, CUT, LEAD, LONG_LEAD, OWNER_LOOK, Fitting, Source, Statement
from noren.core.record.finding.commonness import MOST, Shares, shares_of
from noren.core.record.finding.words import grams_of, may_name


def source(record: type[Record], actor: Actor, shares: Shares, *, ranked: bool) -> Source | None:
    """None when the actor can see no row."""
    model: Any = record.model
    owner = model.found_through if owner_of(record, actor) else ""
    names = [*filter(None, (f"{owner}_id" if owner else "", model.named_by))]
    try:
        sql, params = written(
            ("found", model, *names),
            lambda: visible(model, actor).order_by().values("id", "updated_at", *names),
            actor,
        )
    except EmptyResultSet:
        return None
    return Source(record, sql, params, entry_model(model)._meta.db_table, shares, owner, ranked)


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
    question = _Question(records, words, count, sources, {r: sources[o] for r, o in owners.items() if o in sources})
    found = question.first()
    return _best(records, found + question.again(found), count)


def owner_of(record: type[Record], actor: Actor) -> type[Record] | None:
    """The noun by whose text rows of this one are found too, if the actor may read the reference to it."""
    name = record.model.found_through
    return record_of(record.field(name).target) if name and record.may_read(name, actor) else None


@dataclass(frozen=True, slots=True)
class _Question:
    """sources: the rows of each noun, where the actor can see any; owners: those of the noun it belongs to."""

    records: Sequence[type[Record]]
    words: Sequence[str]
    count: int
    sources: dict[type[Record], Source]
    owners: dict[type[Record], Source]

    def first(self) -> list[Any]:
        """Rows of all nouns, from one statement."""
        asked = Statement()
        companies = {
            key: branches.fitting(asked, self.sources[key[0]], [self.words[key[1]]], 3 * self.count, COMPANIES, self._look())
            for key in self._keys()
        }  # fmt: skip
        for place, rows in enumerate(companies.values()):
            branches.cut(asked, -1 - place, rows)
        for n, record in enumerate(self.records):
            if record not in self.sources:
                continue
            known = companies.get((record, 0)) if len(self.words) == 1 else None
            own = known or branches.fitting(asked, self.sources[record], self.words, self.count)
            branches.own(asked, n, own, self.count)
            branches.cut(asked, n, own)
            if record in self.owners:
                for (owner, at), some in companies.items():
                    if owner is self.owners[record].record:
                        branches.through(asked, n, self.sources[record], some, at, self.words, self.count)
                self._lead(asked, n, record, LEAD)
        return asked.run()

    def again(self, found: list[Any]) -> list[Any]:
        """Rows by the longer ways, of nouns for which the short ones have not filled the page."""
        cut = {n for n, _pk, rank, _at in found if rank == CUT}
        companies: dict[tuple[type[Record], int], Fitting] = {}
        asked = Statement()
        for n, record in enumerate(self.records):
            if record not in self.sources or sum(1 for row in found if row[0] == n and row[2] != CUT) >= self.count:
                continue
            if n in cut and grams_of(self.words):
                rows = branches.all_fitting(asked, self.sources[record], self.words, self.count)
                branches.own(asked, n, rows, self.count)
            if record in self.owners and not self._lead(asked, n, record, LONG_LEAD, beyond=LEAD):
                for place, (owner, at) in enumerate(self._keys()):
                    if -1 - place in cut and owner is self.owners[record].record:
                        if (owner, at) not in companies:
                            word = [self.words[at]]
                            companies[owner, at] = branches.more_fitting(asked, self.sources[owner], word)
                        some = companies[owner, at]
                        branches.through(asked, n, self.sources[record], some, at, self.words, self.count)
        return asked.run()

    def _keys(self) -> list[tuple[type[Record], int]]:
        """The nouns that others belong to, with the places of the words that may name one of their rows."""
        owners = list({one.record: one for one in self.owners.values()})
        return [(owner, at) for owner in owners for at, word in enumerate(self.words) if may_name(word)]

    def _look(self) -> int:
        return MOST if len(self.words) == 1 else OWNER_LOOK

    def _lead(self, asked: Statement, n: int, record: type[Record], most: int, beyond: int = -1) -> bool:
        """Whether a word was rare enough to lead to rows."""
        if len(self.words) == 1:
            return False
        one, owner = self.sources[record], self.owners[record]
        return branches.leads(asked, n, one, owner, self.words, self.count, most, beyond)


def _best(
    records: Sequence[type[Record]], found: list[tuple[int, int, int, Any]], count: int
) -> dict[type[Record], list[tuple[int, int]]]:
    best: dict[int, dict[int, tuple[int, Any]]] = {}
    for n, pk, rank, at in found:
        if rank == CUT:
            continue
        known = best.setdefault(n, {})
        if pk not in known or rank < known[pk][0]:
            known[pk] = (rank, at)
    listed = {}
    for n in sorted(best):
        newest = sorted(best[n].items(), key=lambda item: (item[1][1], item[0]), reverse=True)
        listed[records[n]] = [(pk, rank) for pk, (rank, _at) in sorted(newest, key=lambda item: item[1][0])][:count]
    return listed
