"""References in files are names; here they become rows. One query per key and chunk, remembered for the whole run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from django.db.models.functions import Lower

from noren.core.access.actor import Actor
from noren.core.access.scope import visible
from noren.core.base.japan.company import name_key
from noren.core.base.text import fold
from noren.core.record.declare import Record, record_of
from noren.core.record.intake.matching.suggest import Names, Suggestion

REMEMBERED = 300_000
SUGGEST_AMONG = 20_000


def bare(text: str) -> str:
    """A name without the differences that nobody means: width, case, spaces."""
    return fold(text).replace(" ", "")


TIDY: dict[str, Callable[[str], str]] = {
    "name_key": lru_cache(20_000)(name_key),
    "name_fold": bare,
    "email": lambda text: text.strip().lower(),
}


class Resolver:
    """Finds rows of one noun by the texts that files call them."""

    def __init__(self, noun: Any, actor: Actor) -> None:
        self.record: type[Record] = record_of(noun)
        self.model = self.record.model
        self.actor = actor
        self.known: dict[str, int] = {}
        self.rows: dict[int, Any] = {}
        self._names: Names | None = None
        self._loose: dict[str, int | None] | None = None  # name without spaces -> id, None when there are several
        self.keeps_rows = self.model.reach.open_to_all

    def look_up(self, texts: Iterable[str]) -> None:
        """Make `known` answer for these texts, as far as there are rows (which the actor may see)."""
        if len(self.known) > REMEMBERED:
            self.known.clear()
        wanted = {t for t in texts if t not in self.known}
        for column in self.record.known_by:
            if not wanted:
                return
            tidy = TIDY.get(column, _same)
            by_key: dict[str, list[str]] = {}
            for text in wanted:
                key = tidy(text)
                if key:
                    by_key.setdefault(key, []).append(text)
            if not by_key:
                continue
            path = "email__lower" if column == "email" else column
            rows = visible(self.model, self.actor).order_by("-id")
            found = self._rows(rows, column, path, list(by_key))
            for key, row in found:
                for text in by_key.get(key, ()):
                    self.known[text] = row if isinstance(row, int) else row.pk
                    wanted.discard(text)
                if not isinstance(row, int):
                    self.rows[row.pk] = row
        if wanted and self.keeps_rows and "name" in self.record.known_by:
            self._look_up_loosely(wanted)

    def _look_up_loosely(self, wanted: set[str]) -> None:
        """Names that differ in width, case and spaces alone (佐藤　美咲, 佐藤美咲); two rows of such a name stay unknown.

        In Latin letters a space tells words apart: GTXPro is not taken for GTX Pro, but offered as a suggestion.
        """
        if self._loose is None:
            self._loose = {}
            every: Any = visible(self.model, self.actor)
            rows = every.order_by("-id").values_list("pk", "name")
            for pk, name in rows[:SUGGEST_AMONG]:
                key = bare(name)
                self._loose[key] = None if key in self._loose else int(pk)
        for text in wanted:
            pk = None if text.isascii() else self._loose.get(bare(text))
            if pk is not None:
                self.known[text] = pk

    def _rows(self, rows: Any, column: str, path: str, keys: list[str]) -> list[tuple[str, Any]]:
        if path == "email__lower":
            rows = rows.annotate(email__lower=Lower("email"))
        rows = rows.filter(**{f"{path}__in": keys})
        if self.keeps_rows:
            tidy = TIDY.get(column, _same)
            return [(tidy(str(getattr(row, column) or "")), row) for row in rows]
        return [(str(key), int(pk)) for pk, key in rows.values_list("pk", path)]

    def learn(self, text: str, row: Any) -> None:
        self.known[text] = row.pk
        self._loose = None
        if self.keeps_rows:
            self.rows[row.pk] = row

    def forget(self) -> None:
        """Drop what was learned: the chunk that made it was rolled back."""
        self.known.clear()
        self.rows.clear()
        self._loose = None

    def row(self, pk: int | None) -> Any:
        """The row itself, for nouns small enough to keep (stages, users, teams)."""
        if pk is None or not self.keeps_rows:
            return None
        if pk not in self.rows:
            self.rows[pk] = self.model.every.get(pk=pk)
        return self.rows[pk]

    def suggest(self, text: str) -> list[Suggestion]:
        """Existing names close to a text that matches nothing."""
        if self._names is None:
            title = self.record.title_field()
            column = title if title in {f.name for f in self.model._meta.concrete_fields} else self.record.known_by[-1]
            found = visible(self.model, self.actor).order_by("-updated_at").values_list(column, flat=True)
            self._names = Names((str(n) for n in found[:SUGGEST_AMONG]), bold=self.keeps_rows)
        return self._names.closest(text)

    def may_create(self) -> bool:
        return self.actor.may(self.model, "create")


def _same(text: str) -> str:
    return text.strip()
