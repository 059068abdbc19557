"""Finding by words: 田中, たなか, ﾀﾅｶ, ㈱山田, part of an address or phone number; at a million rows as at a hundred.

`find` gives the best few rows of several nouns, `narrow` all rows of one. Both agree on what is found: each word is in the
row's own text or, if it may be a name, in the text of the company that the row belongs to and the actor may see.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from noren.core.access.actor import Actor
from noren.core.access.scope import unseen
from noren.core.base.kept import Ask, Asking, alone, padded
from noren.core.record.columns import has_column, target_record
from noren.core.record.declare import RECORDS, Record
from noren.core.record.finding.asking import ask
from noren.core.record.finding.branches import EXACT, PREFIX, THROUGH, WITHIN
from noren.core.record.finding.lists import narrow
from noren.core.record.finding.why import Why, marked, readable, reasons
from noren.core.record.finding.words import terms

HIDDEN = 3  # times as many rows are looked at where some will turn out to speak by hidden fields only


@dataclass(frozen=True, slots=True)
class Hit:
    """rank: how well it fits (EXACT, PREFIX, WITHIN, from THROUGH on its company does); unsaid: references of the row whose
    names the actor may not know."""

    record: type[Record]
    row: Any
    why: tuple[Why, ...] = ()
    unsaid: frozenset[str] = frozenset()
    rank: int = WITHIN


@dataclass(slots=True)
class Group:
    """The hits in one noun, best first. `more`: there are others beyond the limit."""

    record: type[Record]
    hits: list[Hit] = field(default_factory=list)
    more: bool = False


def searchable(actor: Actor) -> list[type[Record]]:
    """The records an actor may search, in the order of the rail."""
    found = [
        r for r in RECORDS.values()
        if r.model.searched and (r.model.reach.open_to_all or actor.may(r.word(), "view") or r.word() in actor.shared)
    ]  # fmt: skip
    return sorted(found, key=lambda r: r.nav[1] if r.nav else 99)


def find(text: str, actor: Actor, records: Iterable[type[Record]] | None = None, limit: int = 8) -> list[Group]:
    """The best rows of each noun: exact before beginning before anywhere before by company, then the newest. The noun with
    the best hit comes first. Hidden fields are never searched."""
    return alone(asked_find(text, actor, records, limit))


def asked_find(
    text: str, actor: Actor, records: Iterable[type[Record]] | None = None, limit: int = 8
) -> Asking[list[Group]]:
    """The same as a part that reads its rows beside what others ask."""
    words = terms(text)
    asked = list(records) if records is not None else searchable(actor)
    if not words or not asked:
        return []
    hidden = {r for r in RECORDS.values() if r.model.searched and not all(readable(r, actor).values())}
    listed = ask(asked, words, actor, (limit * HIDDEN if hidden else limit) + 1, hidden)
    rows = (yield [_rows(record, found) for record, found in listed.items()]) if listed else []
    groups = [
        _group(record, found, {row.pk: row for row in some}, words, actor, limit)
        for (record, found), some in zip(listed.items(), rows, strict=True)
    ]
    groups = [group for group in groups if group.hits]
    return sorted(groups, key=lambda group: min(group.hits[0].rank, THROUGH))


def _rows(record: type[Record], found: list[tuple[int, int]]) -> Ask:
    def chosen(*some: int) -> models.QuerySet[Any]:
        refs = _shown_refs(record)
        rows = record.model.every.filter(pk__in=some).only(*_columns(record, refs))
        return rows.select_related(*refs) if refs else rows

    return Ask(("hits", record), chosen, tuple(padded(pk for pk, _rank in found)))


def _group(
    record: type[Record], found: list[tuple[int, int]], rows: dict[int, Any], words: list[str], actor: Actor, limit: int
) -> Group:
    refs = _shown_refs(record)
    hidden = unseen(rows.values(), refs, actor)
    group = Group(record)
    for pk, rank in found:
        row = rows.get(pk)
        owner = record.model.found_through if rank >= THROUGH else ""
        why = reasons(record, row, words, actor, owner) if row is not None else None
        if why is None:
            continue
        if len(group.hits) == limit:
            group.more = True
            break
        unsaid = frozenset(n for n in refs if hidden and (record.field(n).target, getattr(row, f"{n}_id")) in hidden)
        group.hits.append(Hit(record, row, why, unsaid, rank))
    return group


def _columns(record: type[Record], refs: list[str]) -> Iterable[str]:
    """What is read of a row: what a line of a list shows of it and what is searched, and less of what it refers to."""
    model: Any = record.model
    yield from (n for n in ("updated_at", *record.columns, *record.compact, *model.searched) if has_column(model, n))
    for ref in refs:
        one = record.field(ref)
        far = target_record(one)
        names = (
            [c.name for c in one.target._meta.concrete_fields] if far is None else [*far.compact, *one.target.searched]
        )
        yield from (f"{ref}__{n}" for n in names if has_column(one.target, n))


def _shown_refs(record: type[Record]) -> list[str]:
    """The references that the compact line shows: fetched along with the rows."""
    return [
        n for n in record.compact if "__" not in n and record.field(n).target is not None and not record.field(n).many
    ]


__all__ = [
    "EXACT", "PREFIX", "THROUGH", "WITHIN", "Group", "Hit", "Why", "asked_find", "find", "marked", "narrow", "reasons", "searchable", "terms",
]  # fmt: skip
