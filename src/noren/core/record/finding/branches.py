"""The statements of a search: each reaches some rows of one noun by one way, and gives (id, rank, updated_at).

Each holds the planner to its way, for it is planned once for all words: entries are read one by one (LATERAL … OFFSET 0) and
lists are kept aside (MATERIALIZED). Values are parameters; what is written into the text takes few forms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from noren.core.record.declare import Record
from noren.core.record.finding.commonness import Shares
from noren.core.record.finding.words import after, grams_of, having, like, may_name, spellings

NAMED = 200  # rows whose name begins with the word: so many are looked at
NAMES = 4_000  # names that are read to know the newest of them
SOME = 400  # newest rows that are looked at beside them
COMPANIES = 200  # companies with a rare word whose rows are looked at
LEAD = 2_000  # rows with the rarest of several words that are looked at one by one
LONG_LEAD = 20_000  # the same where the shorter ways have not filled the page

EXACT, PREFIX, WITHIN, THROUGH = 0, 1, 2, 3
MANY = -1
"""How well a row fits: a field is the word, or begins with it, or has it somewhere; its company does (3, 4, 5). MANY: no row,
but the news that there are more than were to be taken."""

Asked = tuple[str, list[Any]]
"""A statement and its values."""


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of a noun that the actor may see, as SQL, beside their entries. owner: its reference to a company."""

    record: type[Record]
    sql: str
    entry: str
    shares: Shares
    owner: str
    ranked: bool  # False: hidden fields could show in the order

    @property
    def named_by(self) -> str:
        return self.record.model.named_by

    @property
    def tells_names(self) -> bool:
        """Whether the index of names also tells when their rows were changed."""
        indexes = self.record.model._meta.indexes
        return self.ranked and any(i.fields[:1] == [self.named_by] and "updated_at" in i.include for i in indexes)


@dataclass(frozen=True, slots=True)
class Company:
    """A company that a word fits: how well, and its text."""

    rank: int
    text: str


def _rank(one: Source, words: Sequence[str], text: str) -> Asked:
    """How well the text fits: all words are whole fields, or begin fields, or not."""
    if not one.ranked:
        return str(WITHIN), []
    edge = "chr(31)"
    whole = " AND ".join(f"strpos({edge} || {text} || {edge}, %s) > 0" for _ in words)
    begun = " AND ".join(f"strpos({edge} || {text}, %s) > 0" for _ in words)
    params = [*(f"\x1f{word}\x1f" for word in words), *(f"\x1f{word}" for word in words)]
    return f"CASE WHEN {whole} THEN {EXACT} WHEN {begun} THEN {PREFIX} ELSE {WITHIN} END", params


def indexed(one: Source, words: Sequence[str], size: int) -> Asked:
    """All rows whose own text has all words, through the index: the best and newest `size` of them."""
    sql, params = _entries(one, words)
    return f"WITH e AS MATERIALIZED ({sql}) {_ordered(one, size)}", params


def indexed_or_newest(
    one: Source, words: Sequence[str], size: int, most: int, count: int, look: int, *, aside: bool = False
) -> Asked:
    """The same where there are no more than `most`; else the news of it, and the newest `count` among the newest `look`."""
    sql, params = _entries(one, words)
    many = f"(SELECT count(*) FROM e) > {most}"
    recent, more = newest(one, words, count, look, aside=aside)
    sql = (
        f"WITH e AS MATERIALIZED ({sql} LIMIT (SELECT {most + 1})) ({_ordered(one, size, f'WHERE NOT {many} ')}) "
        f"UNION ALL (SELECT o.* FROM ({recent}) o WHERE {many}) UNION ALL (SELECT 0, {MANY}, NULL, '' WHERE {many})"
    )
    return sql, [*params, *more]


def _ordered(one: Source, size: int, test: str = "") -> str:
    return (
        f"SELECT s.id, e.rank, s.updated_at, e.q FROM e {_seen(one, 'e')} {test}ORDER BY 2, 3 DESC, 1 DESC LIMIT {size}"
    )


def _entries(one: Source, words: Sequence[str]) -> Asked:
    """Entries with all words: (row_id, rank, q)."""
    grams = one.shares.sharpest(words)
    rank, params = _rank(one, words, "q")
    test = f"g @> %s::int[] AND {having(words)}" if grams else having(words)
    values = [*params, *([array(grams)] if grams else []), *map(like, words)]
    return f'SELECT row_id, {rank} AS rank, q FROM "{one.entry}" WHERE {test}', values


def _seen(one: Source, entries: str, more: str = "") -> str:
    """Joins the rows that the actor may see to a list of entries."""
    return f"JOIN LATERAL (SELECT v.id, v.updated_at{more} FROM ({one.sql}) v WHERE v.id = {entries}.row_id OFFSET 0) s ON true"


def newest(one: Source, words: Sequence[str], count: int, look: int, *, aside: bool = False) -> Asked:
    """The newest `count` rows with all words among the newest `look`; for one word those named so, too, unless nothing could
    fit better than what was found.
    aside: also some that are named so and older than others, which is not said; without updated_at."""
    sql, params = _recent(one, words, count, look)
    if one.named_by and one.ranked and len(words) == 1:
        named, more = _beginning(one, words[0], aside=aside)
        better = f"(SELECT count(*) FROM f WHERE rank = {EXACT}) < {count}"
        sql = f"WITH f AS MATERIALIZED ({sql}) (SELECT * FROM f) UNION ALL (SELECT o.* FROM ({named}) o WHERE {better})"
        return sql, [*params, *more]
    return sql, params


def newest_named(one: Source, word: str, count: int, look: int) -> Asked:
    """The same for a word with which few names begin, where the index of names tells when rows were changed: all of these
    names are read, and where they fill the page only `SOME` of the newest rows are looked at, for what has the word elsewhere.
    """
    key, each = one.named_by, spellings(word)
    ways = [f"(SELECT v.id, v.updated_at FROM ({one.sql}) v WHERE v.{key} >= %s AND v.{key} < %s)"] * len(each)
    some, params = _recent(one, [word], count, SOME)
    more, _same = _recent(one, [word], count, look)
    rank, values = _rank(one, [word], "s.q")
    sql = (
        f"WITH m AS MATERIALIZED (SELECT * FROM ({' UNION ALL '.join(ways)}) b LIMIT {NAMES + 1}), "
        f"n AS MATERIALIZED (SELECT s.id, {rank} AS rank, s.updated_at, s.q "
        f"FROM (SELECT id FROM m ORDER BY updated_at DESC, id DESC LIMIT {NAMED}) l JOIN LATERAL ("
        f"SELECT v.id, v.updated_at, {_said(one)} AS q FROM ({one.sql}) v WHERE v.id = l.id OFFSET 0) s ON true "
        f"WHERE s.q LIKE %s) ({some}) UNION ALL (SELECT o.* FROM ({more}) o WHERE (SELECT count(*) FROM m) < {count}) UNION ALL "
        f"(SELECT n.id, n.rank, CASE WHEN n.rank = {EXACT} OR (SELECT count(*) FROM m) <= {NAMES} THEN n.updated_at END, n.q FROM n)"
    )
    bounds = [value for name in each for value in (name, after(name))]
    return sql, [*bounds, *values, like(word), *params, *params]


def _recent(one: Source, words: Sequence[str], count: int, look: int) -> Asked:
    rank, params = _rank(one, words, "f.q")
    sql = (
        f"SELECT f.id, {rank} AS rank, f.updated_at, f.q FROM (SELECT s.id, s.updated_at, s.q "
        f"FROM (SELECT v.id, v.updated_at, {_said(one)} AS q FROM ({one.sql}) v ORDER BY v.updated_at DESC, v.id DESC LIMIT {look}) s "
        f"WHERE {having(words, 's.q')} ORDER BY s.updated_at DESC, s.id DESC LIMIT {count}) f"
    )
    return sql, [*params, *map(like, words)]


def _said(one: Source) -> str:
    """The text of a row v: beside it, but for rows that were not written since there is that column."""
    return f"CASE WHEN v.said <> '' THEN v.said ELSE (SELECT x.q FROM \"{one.entry}\" x WHERE x.row_id = v.id) END"


def _beginning(one: Source, word: str, *, aside: bool) -> Asked:
    """Rows whose name is the word or begins with it, through the index of names.

    Where too many begin with it, only those named exactly so are sure to be among them. aside: the others come as well,
    without updated_at.
    """
    key = one.named_by
    ways = [
        f"(SELECT v.id, v.updated_at, {_said(one)} AS q FROM ({one.sql}) v WHERE v.{key} >= %s AND v.{key} < %s ORDER BY v.{key} LIMIT {NAMED})"
        for _ in spellings(word)
    ]
    bounds = [value for each in spellings(word) for value in (each, after(each))]
    rank, params = _rank(one, [word], "p.q")
    best = f"(y.rank = {EXACT} OR y.many < {NAMED})"
    sql = (
        f"SELECT y.id, y.rank, {f'CASE WHEN {best} THEN y.updated_at END' if aside else 'y.updated_at'}, y.q FROM ("
        f"SELECT p.id, {rank} AS rank, p.updated_at, p.q, count(*) OVER () AS many FROM ({' UNION ALL '.join(ways)}) p "
        f"WHERE p.q LIKE %s) y{'' if aside else f' WHERE {best}'}"
    )
    return sql, [*params, *bounds, like(word)]


def through(one: Source, companies: Mapping[int, Company], others: Sequence[str], count: int) -> Asked:
    """Rows of companies that a word fits; the other words are in the row's own text or in the company's."""
    beside = [word for word in others if may_name(word)]
    columns = ", ".join(("id", "rank", *(f"has{n}" for n in range(len(beside)))))
    lists = ", ".join(("%s::bigint[]", "%s::int[]", *("%s::bool[]" for _ in beside)))
    own = f"CROSS JOIN LATERAL (SELECT {_said(one)} AS q OFFSET 0) e " if others else ""
    told = iter(range(len(beside)))
    tests = "".join(
        f" AND (e.q LIKE %s OR c.has{next(told)})" if may_name(word) else " AND e.q LIKE %s" for word in others
    )
    sql = (
        f"SELECT x.id, {THROUGH} + c.rank, x.updated_at, '' FROM unnest({lists}) AS c({columns}) JOIN LATERAL ("
        f"SELECT v.id, v.updated_at FROM ({one.sql}) v {own}WHERE v.{one.owner}_id = c.id{tests} "
        f"ORDER BY v.updated_at DESC, v.id DESC LIMIT {count}) x ON true ORDER BY 2, 3 DESC, 1 DESC LIMIT {count}"
    )
    has = [array("t" if word in one.text else "f" for one in companies.values()) for word in beside]
    ranks = array(company.rank for company in companies.values())
    return sql, [array(companies), ranks, *has, *map(like, others)]


def leads(
    one: Source, owner: Source, words: Sequence[str], count: int, most: int, beyond: int = -1
) -> dict[int, Asked]:
    """By the place of the word: rows with one of several words in their own text and the others there or in their company's, however common those
    are there. Words that seem to be in more than `most` rows are left out, and those in no more than `beyond`: they were
    looked at before."""
    found: dict[int, Asked] = {}
    for at, word in enumerate(words):
        others = [other for other in words if other != word]
        if not grams_of([word]) or not any(map(may_name, others)):
            continue
        if not beyond < one.shares.of(word) * one.shares.rows <= most:
            continue
        sql, params = _entries(one, [word])
        tests = " AND ".join(_either(other) for other in others)
        fits = (
            f"SELECT s.id, s.updated_at, s.{one.owner}_id FROM i {_seen(one, 'i', f', v.{one.owner}_id')} "
            f'JOIN LATERAL (SELECT q FROM "{owner.entry}" WHERE row_id = s.{one.owner}_id OFFSET 0) c ON true WHERE {tests}'
        )
        sql = (
            f"WITH i AS MATERIALIZED ({sql}), f AS MATERIALIZED ({fits}) "
            f"SELECT f.id, {THROUGH + WITHIN}, f.updated_at, '' FROM f "
            f"JOIN LATERAL (SELECT w.id FROM ({owner.sql}) w WHERE w.id = f.{one.owner}_id OFFSET 0) c ON true "
            f"ORDER BY 3 DESC, 1 DESC LIMIT {count}"
        )
        found[at] = sql, [*params, *_values(others)]
    return found


def _either(word: str) -> str:
    return "(i.q LIKE %s OR c.q LIKE %s)" if may_name(word) else "i.q LIKE %s"


def _values(words: Iterable[str]) -> list[str]:
    return [value for word in words for value in ([like(word)] * (2 if may_name(word) else 1))]


def array(values: Iterable[Any]) -> str:
    """A list as PostgreSQL reads it."""
    return "{" + ",".join(map(str, values)) + "}"
