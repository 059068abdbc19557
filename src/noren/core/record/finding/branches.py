"""The parts of a search's statement: each reaches some rows of one noun by one way, and gives (noun, id, rank, updated_at).

Entries are read one by one (LATERAL … OFFSET 0) and lists are kept aside (MATERIALIZED), so that the planner keeps to the
way that was chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from noren.core.record.declare import Record
from noren.core.record.finding.commonness import MOST, Shares, way
from noren.core.record.finding.words import after, grams_of, having, like, may_name, spellings

NAMED = 200  # rows whose name begins with the word: so many are looked at
COMPANIES = 200  # companies with a rare word whose rows are looked at
LEAD = 2_000  # rows with the rarest of several words that are looked at one by one
LONG_LEAD = 20_000  # the same where the shorter ways have not filled the page
OWNER_LOOK = 400  # newest companies looked at for a word that many have, of several words

EXACT, PREFIX, WITHIN, THROUGH = 0, 1, 2, 3
CUT = -1
"""How well a row fits: a field is the word, or begins with it, or has it somewhere; its company does (3, 4, 5). CUT: no row, but the news that there may be
more than what was found."""


@dataclass(slots=True)
class Statement:
    """Common tables and branches, and the parameters in the order in which they stand in the text."""

    tables: list[str] = field(default_factory=list)
    table_params: list[Any] = field(default_factory=list)
    branches: list[str] = field(default_factory=list)
    params: list[Any] = field(default_factory=list)

    def table(self, sql: str, params: Iterable[Any]) -> str:
        name = f"t{len(self.tables)}"
        self.tables.append(f"{name} AS MATERIALIZED ({sql})")
        self.table_params += params
        return name

    def branch(self, sql: str, params: Iterable[Any]) -> None:
        self.branches.append(f"({sql})")
        self.params += params

    def run(self) -> list[tuple[int, int, int, Any]]:
        if not self.branches:
            return []
        head = f"WITH {', '.join(self.tables)} " if self.tables else ""
        with connection.cursor() as cursor:
            cursor.execute(head + " UNION ALL ".join(self.branches), [*self.table_params, *self.params])
            return list(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of a noun that the actor may see, as SQL, beside their entries. owner: its reference to a company."""

    record: type[Record]
    sql: str
    params: tuple[Any, ...]
    entry: str
    shares: Shares
    owner: str
    ranked: bool  # False: hidden fields could show in the order

    @property
    def named_by(self) -> str:
        return self.record.model.named_by


def _rank(one: Source, words: Sequence[str], text: str) -> tuple[str, list[str]]:
    """How well the text fits: all words are whole fields, or begin fields, or not."""
    if not one.ranked:
        return str(WITHIN), []
    edge = "chr(31)"
    whole = " AND ".join(f"strpos({edge} || {text} || {edge}, %s) > 0" for _ in words)
    begun = " AND ".join(f"strpos({edge} || {text}, %s) > 0" for _ in words)
    params = [*(f"\x1f{word}\x1f" for word in words), *(f"\x1f{word}" for word in words)]
    return f"CASE WHEN {whole} THEN {EXACT} WHEN {begun} THEN {PREFIX} ELSE {WITHIN} END", params


@dataclass(frozen=True, slots=True)
class Fitting:
    """A list of rows whose own text has some words: (id, rank, updated_at, q). cut: the test that it holds but some of the
    newest ones, empty when it holds the best of all."""

    name: str
    cut: str = ""


def fitting(
    asked: Statement, one: Source, words: Sequence[str], count: int, size: int = 0, most: int = MOST
) -> Fitting:
    """The rows whose own text has all words: the best and newest ones, `count` of them or, where that costs nothing, `size`.
    most: newest rows looked at for a common word."""
    chosen = way(one.shares, words, count)
    look = min(chosen.newest, most)
    if not chosen.newest:
        return Fitting(asked.table(*_by_index(asked, one, words, max(size, count))[:2]))
    if chosen.most:
        by_index, params, cut = _by_index(asked, one, words, max(size, count), chosen.most)
        newest, more = _looking(one, words, count, look)
        sql = f"({by_index}) UNION ALL (SELECT * FROM ({newest}) o WHERE {cut})"
        return Fitting(asked.table(sql, [*params, *more]), cut)
    sql, params = _looking(one, words, count, look)
    if one.named_by and one.ranked and len(words) == 1:
        named, more = _beginning(one, words[0])
        sql = f"SELECT DISTINCT ON (id) id, rank, updated_at, q FROM (({sql}) UNION ALL ({named})) b ORDER BY id"
        params = [*params, *more]
    return Fitting(asked.table(sql, params), "true")


def all_fitting(asked: Statement, one: Source, words: Sequence[str], count: int) -> Fitting:
    """The same, through the index whatever it costs."""
    return Fitting(asked.table(*_by_index(asked, one, words, count)[:2]))


def more_fitting(asked: Statement, one: Source, words: Sequence[str]) -> Fitting:
    """The same, as many as may be found among the newest rows."""
    return Fitting(asked.table(*_looking(one, words, COMPANIES, MOST)), "true")


def own(asked: Statement, n: int, rows: Fitting, count: int) -> None:
    asked.branch(
        f"SELECT {n}, id, rank, updated_at FROM {rows.name} ORDER BY rank, updated_at DESC, id DESC LIMIT {count}", ()
    )


def cut(asked: Statement, n: int, rows: Fitting) -> None:
    """A row of rank CUT when the list is cut."""
    if rows.cut:
        asked.branch(f"SELECT {n}, 0::bigint, {CUT}, NULL::timestamptz WHERE {rows.cut}", ())


def _indexed(one: Source, words: Sequence[str]) -> tuple[str, list[Any]]:
    """Entries with all words: (row_id, rank, q)."""
    grams = one.shares.sharpest(words)
    rank, params = _rank(one, words, "q")
    test = f"g @> %s::int[] AND {having(words)}" if grams else having(words)
    values = [*params, *([grams] if grams else []), *map(like, words)]
    return f'SELECT row_id, {rank} AS rank, q FROM "{one.entry}" WHERE {test}', values


def _by_index(
    asked: Statement, one: Source, words: Sequence[str], size: int, most: int = 0
) -> tuple[str, Sequence[Any], str]:
    """All rows, best and newest first, and the test that there were more than `most`: then no row comes."""
    sql, params = _indexed(one, words)
    name = asked.table(f"{sql} LIMIT (SELECT {most + 1})" if most else sql, params)
    many = f"(SELECT count(*) FROM {name}) > {most}"
    sql = (
        f"SELECT s.id, e.rank, s.updated_at, e.q FROM {name} e {_seen(one, 'e')} "
        f"{f'WHERE NOT {many} ' if most else ''}ORDER BY 2, 3 DESC, 1 DESC LIMIT {size}"
    )
    return sql, one.params, many


def _seen(one: Source, entries: str, more: str = "") -> str:
    """Joins the rows that the actor may see to a list of entries."""
    return f"JOIN LATERAL (SELECT v.id, v.updated_at{more} FROM ({one.sql}) v WHERE v.id = {entries}.row_id OFFSET 0) s ON true"


def _looking(one: Source, words: Sequence[str], count: int, look: int) -> tuple[str, list[Any]]:
    """Among the newest rows, newest first."""
    rank, params = _rank(one, words, "f.q")
    sql = (
        f"SELECT f.id, {rank} AS rank, f.updated_at, f.q FROM (SELECT s.id, s.updated_at, e.q "
        f"FROM (SELECT v.id, v.updated_at FROM ({one.sql}) v ORDER BY v.updated_at DESC, v.id DESC LIMIT {look}) s "
        f'JOIN LATERAL (SELECT q FROM "{one.entry}" WHERE row_id = s.id OFFSET 0) e ON true '
        f"WHERE {having(words, 'e.q')} ORDER BY s.updated_at DESC, s.id DESC LIMIT {count}) f"
    )
    return sql, [*params, *one.params, *map(like, words)]


def _beginning(one: Source, word: str) -> tuple[str, list[Any]]:
    """Rows whose name is the word or begins with it, through the index of names.

    Where too many begin with it, only those named exactly so are sure to be among them.
    """
    key = one.named_by
    ways = [
        f"(SELECT v.id, v.updated_at FROM ({one.sql}) v WHERE v.{key} >= %s AND v.{key} < %s ORDER BY v.{key} LIMIT {NAMED})"
        for _ in spellings(word)
    ]
    bounds = [value for each in spellings(word) for value in (*one.params, each, after(each))]
    rank, params = _rank(one, [word], "e.q")
    sql = (
        f"SELECT y.id, y.rank, y.updated_at, y.q FROM (SELECT p.id, {rank} AS rank, p.updated_at, e.q, "
        f"count(*) OVER () AS many FROM ({' UNION ALL '.join(ways)}) p "
        f'JOIN LATERAL (SELECT q FROM "{one.entry}" WHERE row_id = p.id OFFSET 0) e ON true '
        f"WHERE e.q LIKE %s) y WHERE y.rank = {EXACT} OR y.many < {NAMED}"
    )
    return sql, [*params, *bounds, like(word)]


def through(
    asked: Statement, n: int, one: Source, companies: Fitting, at: int, words: Sequence[str], count: int
) -> None:
    """Rows of the companies that word `at` fits; the other words are in the row's own text or in the company's."""
    others = [word for place, word in enumerate(words) if place != at]
    own = f'JOIN LATERAL (SELECT q FROM "{one.entry}" WHERE row_id = v.id OFFSET 0) e ON true ' if others else ""
    tests = "".join(" AND " + _either(word, "c.q") for word in others)
    asked.branch(
        f"SELECT {n}, x.id, {THROUGH} + c.rank, x.updated_at FROM {companies.name} c JOIN LATERAL ("
        f"SELECT v.id, v.updated_at FROM ({one.sql}) v {own}WHERE v.{one.owner}_id = c.id{tests} "
        f"ORDER BY v.updated_at DESC, v.id DESC LIMIT {count}) x ON true ORDER BY 3, 4 DESC, 2 DESC LIMIT {count}",
        [*one.params, *_values(others)],
    )


def leads(
    asked: Statement, n: int, one: Source, owner: Source, words: Sequence[str], count: int, most: int, beyond: int = -1
) -> bool:
    """Rows with one of several words in their own text and the others there or in their company's, however common those
    are there. Words that seem to be in more than `most` rows are left out, and those in no more than `beyond`: they were
    looked at before. Whether there was any."""
    led = False
    for word in words:
        others = [other for other in words if other != word]
        if not grams_of([word]) or not any(map(may_name, others)):
            continue
        if not beyond < one.shares.of(word) * one.shares.rows <= most:
            continue
        sql, params = _indexed(one, [word])
        name = asked.table(sql, params)
        tests = " AND ".join(_either(other, "c.q", "i.q") for other in others)
        fits = asked.table(
            f"SELECT s.id, s.updated_at, s.{one.owner}_id FROM {name} i {_seen(one, 'i', f', v.{one.owner}_id')} "
            f'JOIN LATERAL (SELECT q FROM "{owner.entry}" WHERE row_id = s.{one.owner}_id OFFSET 0) c ON true WHERE {tests}',
            [*one.params, *_values(others)],
        )
        asked.branch(
            f"SELECT {n}, f.id, {THROUGH + WITHIN}, f.updated_at FROM {fits} f "
            f"JOIN LATERAL (SELECT w.id FROM ({owner.sql}) w WHERE w.id = f.{one.owner}_id OFFSET 0) c ON true "
            f"ORDER BY 4 DESC, 2 DESC LIMIT {count}",
            owner.params,
        )
        led = True
    return led


def _either(word: str, company: str, own: str = "e.q") -> str:
    return f"({own} LIKE %s OR {company} LIKE %s)" if may_name(word) else f"{own} LIKE %s"


def _values(words: Iterable[str]) -> list[str]:
    return [value for word in words for value in ([like(word)] * (2 if may_name(word) else 1))]
