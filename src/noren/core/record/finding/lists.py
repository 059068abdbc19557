"""A list narrowed by words: the same rows that the search knows, all of them, in whatever order the list has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, models
from django.db.models import Q

from noren.core.access.actor import Actor
from noren.core.access.scope import reach, unseen, visible
from noren.core.base.search import entry_model
from noren.core.record.declare import Record
from noren.core.record.finding.asking import owner_of
from noren.core.record.finding.commonness import shares_of
from noren.core.record.finding.why import readable, reasons
from noren.core.record.finding.words import LONGEST, grams_of, having, like, may_name, terms

COMMON = 0.01  # share of rows from which a word is left to a plain comparison
MOST_IDS = 20_000  # rows that a narrowed list may carry as ids
MOST_OWNERS = 2_000  # companies that it may carry as ids


def narrow(record: type[Record], text: str, rows: models.QuerySet[Any], actor: Actor) -> models.QuerySet[Any]:
    """The rows that have all the words, each in its own text or in that of its company. Hidden fields are never searched:
    from whom some are hidden, for them each of the newest hits is looked at by itself.
    """
    words = terms(text)
    if not words:
        return rows
    if not record.model.searched:
        title = record.title_field()
        return rows.filter(**{f"{title}__icontains": text.strip()[:LONGEST]})
    through = record.model.found_through
    owner = owner_of(record, actor)
    found = _having(record, words, rows, owner, actor)
    if all(readable(record, actor).values()) and (owner is None or all(readable(owner, actor).values())):
        return found
    return rows.filter(pk__in=_speaking(record, words, found, through if owner else "", actor))


def _speaking(
    record: type[Record], words: Sequence[str], found: models.QuerySet[Any], through: str, actor: Actor
) -> list[int]:
    """Of the newest hits, those for which fields speak that the actor may read."""
    newest = record.model.every.filter(pk__in=found.order_by().values("pk")).order_by("-updated_at", "-pk")[:MOST_IDS]
    if not through:
        some = newest.iterator(chunk_size=2_000)
        return [row.pk for row in some if reasons(record, row, words, actor) is not None]
    listed = list(newest.select_related(through))
    target = record.field(through).target
    hidden = unseen(listed, [through], actor)
    return [
        row.pk
        for row in listed
        if reasons(record, row, words, actor, "" if (target, getattr(row, f"{through}_id")) in hidden else through)
        is not None
    ]


def _having(
    record: type[Record], words: Sequence[str], rows: models.QuerySet[Any], owner: type[Record] | None, actor: Actor
) -> models.QuerySet[Any]:
    """Rows whose whole search text, or that of their company, has all the words.

    A common word is left to a plain comparison, which a list in its index order ends early; a rare one becomes ids.
    """
    through = record.model.found_through
    beside = {word: _by_owner(owner, through, word, actor) for word in words if owner and may_name(word)}
    if not any(beside.values()):
        return rows.filter(_own(record, words))
    for word in words:
        rows = rows.filter(_own(record, [word]) | (beside.get(word) or Q(pk__in=())))
    return rows


def _own(record: type[Record], words: Sequence[str]) -> Q:
    ids = _ids(record.model, words, MOST_IDS)
    if ids is not None:
        return Q(pk__in=ids)
    return Q(*(Q(search_entry__q__contains=word) for word in words))


def _by_owner(owner: type[Record], through: str, word: str, actor: Actor) -> Q | None:
    """Rows of the companies that the word fits and the actor may see; None when there is no such company."""
    ids = _ids(owner.model, [word], MOST_OWNERS)
    if ids is not None:
        seen = list(visible(owner.model, actor).filter(pk__in=ids).values_list("pk", flat=True)) if ids else []
        return Q(**{f"{through}__in": seen}) if seen else None
    common = Q(**{f"{through}__search_entry__q__contains": word, f"{through}__removed_at__isnull": True})
    limit = reach(owner.model, actor) if not actor.is_admin else None
    if limit is not None:
        common &= Q(**{f"{through}__in": owner.model.every.filter(limit).values("pk")})
    return common


def _ids(model: Any, words: Sequence[str], most: int) -> list[int] | None:
    """Rows with all words through the index; None when the words are too short for it or too common."""
    grams = grams_of(words)
    if not grams or shares_of([model])[model].together(words) >= COMMON:
        return None
    table = entry_model(model)._meta.db_table
    sql = f'SELECT row_id FROM "{table}" WHERE g @> %s::int[] AND {having(words)} LIMIT %s'
    with connection.cursor() as cursor:
        cursor.execute(sql, (grams, *map(like, words), most + 1))
        ids = [row[0] for row in cursor.fetchall()]
    return ids if len(ids) <= most else None
