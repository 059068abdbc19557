"""Search entries: a narrow table beside each searchable noun, so that touching the noun never rewrites its index.

The design and its timings: folded text joined by U+001F, and an int4 array of grams under a plain GIN index
(core operator class, no extension), so that two kanji are found as fast as an e-mail address.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models

from noren.core.base.text import grams


class SearchText(models.TextField):  # type: ignore[type-arg]
    """The folded text of a row by which it is found. Fields that are hidden from some are in it, so it is no field of a noun:
    nobody may show it, filter or sort by it (see `record.field.resolve`).

    """

    def deconstruct(self) -> Any:
        name, _path, args, kw = super().deconstruct()
        return name, "django.db.models.TextField", args, kw


class SearchEntry(models.Model):
    """Abstract: give it `row = OneToOneField(Noun, primary_key=True, related_name="search_entry")`.

    For nouns that come in by the hundred thousand add `db_constraint=False`: an entry is written and deleted with its row,
    and the database's check costs a fifth of the entry.
    """

    q = SearchText()
    g = ArrayField(models.IntegerField())

    class Meta:
        abstract = True


def said_column() -> SearchText:
    """The text of the entry once more, beside the row itself: so that the newest rows are looked through without a look at
    the entry of each. Empty where a row was not written since there is this column."""
    return SearchText(default="", db_default="", blank=True, editable=False)


def search_index(name: str) -> GinIndex:
    return GinIndex(fields=["g"], name=name)


def entry_model(model: type[models.Model]) -> type[models.Model]:
    related: Any = model._meta.get_field("search_entry")
    return related.related_model  # type: ignore[no-any-return]


def write_entries(model: type[models.Model], pairs: Iterable[tuple[int, str]]) -> None:
    """Store the folded texts of some rows; entries that did not change are left alone."""
    rows = [(pk, text, grams(text)) for pk, text in pairs]
    if not rows:
        return
    table = entry_model(model)._meta.db_table
    statement = (
        f'INSERT INTO "{table}" AS e (row_id, q, g) VALUES (%s, %s, %s) '  # noqa: S608  (table name is ours)
        "ON CONFLICT (row_id) DO UPDATE SET q = excluded.q, g = excluded.g WHERE e.q <> excluded.q"
    )
    with connection.cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(statement, rows[0])
        else:
            cursor.executemany(statement, rows)
