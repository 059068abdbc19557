"""Finding by words: 田中, たなか, ﾀﾅｶ, ㈱山田, part of an address or phone number; at a million rows as at a hundred.

A term is first looked for among a few newest rows in list order: the commonest end there. Then the gram index is asked,
which leaves few rows of a rare term; if it leaves many, the term is common and the newest rows hold a page of it. Deciding between the two here, and not in the planner, is what
keeps every kind of term fast (the planner's guesses about LIKE and arrays cost seconds in the bad cases).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models

from noren.core.access.actor import Actor
from noren.core.access.rights import Touch
from noren.core.access.scope import unseen, visible
from noren.core.base.japan.company import name_key, query_terms
from noren.core.base.kept import kept, padded, written
from noren.core.base.search import entry_model
from noren.core.base.text import fold, query_grams
from noren.core.record.declare import RECORDS, Record

FIRST = 250  # newest rows looked at before anything else: a very common term has filled its page here
FEW = 3_000  # rows the index may give before a term counts as common
NEWEST = 10_000  # rows looked at in list order for a common term: its page is full long before
PROBE = 1_000  # rows by which a list decides whether a term is common
MOST_IDS = 20_000  # rows that a narrowed list may carry as ids
MOST_TERMS = 8
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Why:
    """The field that matched and the part of its text: before, hit, after."""

    label: str
    before: str
    hit: str
    after: str


@dataclass(frozen=True, slots=True)
class Hit:
    """unsaid: references of the row whose names the actor may not know."""

    record: type[Record]
    row: Any
    why: tuple[Why, ...] = ()
    unsaid: frozenset[str] = frozenset()


@dataclass(slots=True)
class Group:
    """The hits in one noun. `more`: there are others beyond the limit."""

    record: type[Record]
    hits: list[Hit] = field(default_factory=list)
    more: bool = False


def terms(text: str) -> list[str]:
    """Folded words of a query; spaces of any width mean AND. A company's legal form is left out: ㈱山田 means 山田."""
    found: list[str] = []
    for word in query_terms(text[:LONGEST])[:MOST_TERMS]:
        digits = "".join(c for c in word if c.isdigit())
        if digits and all(c.isdigit() or c in "-+() " for c in word):
            word = digits
        if word not in found:
            found.append(word)
    return found


def searchable(actor: Actor) -> list[type[Record]]:
    """The records an actor may search, in the order of the rail."""
    found = [
        r for r in RECORDS.values()
        if r.model.searched and (r.model.reach.open_to_all or actor.may(r.word(), "view") or r.word() in actor.shared)
    ]  # fmt: skip
    return sorted(found, key=lambda r: r.nav[1] if r.nav else 99)


def find(text: str, actor: Actor, records: Iterable[type[Record]] | None = None, limit: int = 8) -> list[Group]:
    """Look for the words in each noun; newest first. Hidden fields are never searched."""
    words = terms(text)
    groups: list[Group] = []
    if not words:
        return groups
    for record in records if records is not None else searchable(actor):
        ids, more = find_ids(record.model, words, actor, limit)
        if not ids:
            continue

        def chosen(*some: int, record: type[Record] = record) -> models.QuerySet[Any]:
            return _with_titles(record, record.model.every.filter(pk__in=some))

        rows = {row.pk: row for row in kept(("hits", record), chosen, *padded(ids))}
        refs = _shown_refs(record)
        hidden = unseen(rows.values(), refs, actor)
        group = Group(record, more=more)
        for pk in ids:
            if pk in rows:
                why = reasons(record, rows[pk], words, actor)
                if why is not None:
                    row = rows[pk]
                    unsaid = frozenset(n for n in refs if (record.field(n).target, getattr(row, f"{n}_id")) in hidden)
                    group.hits.append(Hit(record, row, why, unsaid))
        if group.hits:
            groups.append(group)
    return groups


def _with_titles(record: type[Record], rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Fetch the references that the compact line shows along with the rows."""
    refs = _shown_refs(record)
    return rows.select_related(*refs) if refs else rows


def _shown_refs(record: type[Record]) -> list[str]:
    return [
        n for n in record.compact if "__" not in n and record.field(n).target is not None and not record.field(n).many
    ]


def find_ids(model: Any, words: Sequence[str], actor: Actor, limit: int) -> tuple[list[int], bool]:
    """Ids of the newest rows that the actor may see whose text has all words, and whether there are more."""
    entry = entry_model(model)._meta.db_table

    def rows() -> models.QuerySet[Any]:
        return visible(model, actor).order_by("-updated_at", "-id").values("id", "updated_at")

    def newest(count: int) -> list[int]:
        return _among_newest(entry, words, written(("newest", model, count), lambda: rows()[:count], actor), limit + 1)

    def by_grams(most: int | None) -> tuple[list[int], bool]:
        return _by_grams(entry, words, written(("visible", model), lambda: rows().order_by(), actor), limit + 1, most)

    has_grams = any(query_grams(word) for word in words)
    found = [] if has_grams and all(_is_rare(word) for word in words) else newest(FIRST)
    if len(found) <= limit:
        few = False
        if has_grams:
            found, few = by_grams(FEW)
        if not few:
            found = newest(NEWEST)
            if has_grams and len(found) <= limit:
                found, few = by_grams(None)
    return found[:limit], len(found) > limit


def _is_rare(word: str) -> bool:
    """Numbers and addresses are rarely common: the index answers them at once."""
    return "@" in word or (word.isdigit() and len(word) >= 3)


def _like(word: str) -> str:
    return "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _among_newest(entry: str, words: Sequence[str], newest: tuple[str, Any], limit: int) -> list[int]:
    inner, params = newest
    tests = " AND ".join("e.q LIKE %s" for _ in words)
    sql = (
        f'SELECT s.id FROM ({inner}) s JOIN "{entry}" e ON e.row_id = s.id WHERE {tests} '
        "ORDER BY s.updated_at DESC, s.id DESC LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, (*params, *map(_like, words), limit))
        return [row[0] for row in cursor.fetchall()]


def _by_grams(
    entry: str, words: Sequence[str], rows: tuple[str, Any], limit: int, most: int | None
) -> tuple[list[int], bool]:
    """Ids by the index, and whether they are among all hits (False: there were more than `most`, some were not seen)."""
    inner, params = rows
    grams = sorted({gram for word in words for gram in query_grams(word)})
    tests = " AND ".join("q LIKE %s" for _ in words)
    cap = "" if most is None else f" LIMIT {most + 1}"
    sql = (
        f'WITH m AS MATERIALIZED (SELECT row_id FROM "{entry}" WHERE g @> %s::int[] AND {tests}{cap}) '
        f"SELECT s.id, (SELECT count(*) FROM m) FROM m JOIN ({inner}) s ON s.id = m.row_id "
        "ORDER BY s.updated_at DESC, s.id DESC LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, (grams, *map(_like, words), *params, limit))
        found = cursor.fetchall()
    return [row[0] for row in found], most is None or not found or found[0][1] <= most


def narrow(record: type[Record], text: str, rows: models.QuerySet[Any], actor: Actor) -> models.QuerySet[Any]:
    """A list narrowed to rows that have all the words, in whatever order the list has. Hidden fields are never searched:
    from whom some are hidden, for them each of the newest hits is looked at by itself.
    """
    words = terms(text)
    if not words:
        return rows
    if not record.model.searched:
        title = record.title_field()
        return rows.filter(**{f"{title}__icontains": text.strip()[:LONGEST]})
    found = _having(record, words, rows)
    if all(_readable(record, actor).values()):
        return found
    newest = record.model.every.filter(pk__in=found.order_by().values("pk")).order_by("-updated_at", "-pk")[:MOST_IDS]
    return rows.filter(
        pk__in=[row.pk for row in newest.iterator(chunk_size=2_000) if _speaks(record, row, words, actor)]
    )


def _having(record: type[Record], words: Sequence[str], rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Rows whose whole search text has all the words.

    A common term is left to a plain comparison, which a list in its index order ends early; a rare one becomes ids.
    """
    table = entry_model(record.model)._meta.db_table
    if any(query_grams(word) for word in words) and not _is_common(table, words):
        with connection.cursor() as cursor:
            grams = sorted({gram for word in words for gram in query_grams(word)})
            tests = " AND ".join("q LIKE %s" for _ in words)
            sql = f'SELECT row_id FROM "{table}" WHERE g @> %s::int[] AND {tests} LIMIT %s'
            cursor.execute(sql, (grams, *map(_like, words), MOST_IDS + 1))
            ids = [row[0] for row in cursor.fetchall()]
        if len(ids) <= MOST_IDS:
            return rows.filter(pk__in=ids)
    for word in words:
        rows = rows.filter(search_entry__q__contains=word)
    return rows


def _is_common(table: str, words: Sequence[str]) -> bool:
    """Whether at least one in a hundred of the newest entries has the words."""
    tests = " AND ".join("q LIKE %s" for _ in words)
    sql = f'SELECT count(*) FILTER (WHERE {tests}) FROM (SELECT q FROM "{table}" ORDER BY row_id DESC LIMIT %s) newest'
    with connection.cursor() as cursor:
        cursor.execute(sql, (*map(_like, words), PROBE))
        return bool(cursor.fetchone()[0] * 100 >= PROBE)


def reasons(record: type[Record], row: Any, words: Sequence[str], actor: Actor) -> tuple[Why, ...] | None:
    """Why a row was found, word by word; None when only fields hidden from the actor speak for it."""
    readable = _readable(record, actor)
    found: list[Why] = []
    if not _speaks(record, row, words, actor):
        return None
    for word in words:
        for name, may in readable.items():
            value = str(getattr(row, name) or "")
            if not may or not value:
                continue
            label = str(record.field(name).label)
            if word in fold(value):
                found.append(_why(label, value, word))
                break
            if word.isdigit() and word in "".join(c for c in fold(value) if c.isdigit()):
                found.append(_by_digits(label, value, word))
                break
    return tuple(found)


def _readable(record: type[Record], actor: Actor) -> dict[str, bool]:
    """The fields that are searched, and which of them the actor may read."""
    return {
        n: actor.is_admin or actor.touch(record.groups.get(n, "public")) >= Touch.READ for n in record.model.searched
    }


def _speaks(record: type[Record], row: Any, words: Sequence[str], actor: Actor) -> bool:
    """Whether what the actor may read of a row has all the words."""
    readable = _readable(record, actor)
    if all(readable.values()):
        return True
    allowed = fold_all(row, [n for n, may in readable.items() if may])
    return all(word in allowed for word in words)


def fold_all(row: Any, names: Sequence[str]) -> str:
    """The folded text of some fields, each also without its hyphens and with neighbours joined."""
    values = [fold(str(getattr(row, n) or "")) for n in names]
    digits = ["".join(c for c in v if c.isdigit()) for v in values]
    return "\x1f".join((*values, "".join(values), *digits, fold(name_key(str(row)))))


def _why(label: str, value: str, word: str) -> Why:
    """Where in the text as written the folded word stands."""
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
