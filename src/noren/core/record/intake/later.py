"""Rows that point at a row of the same file (a parent company, a manager) that stands further down: who it is can be told
only when all are in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from noren.core.access.scope import visible
from noren.core.record.intake.matching.match import Key, Matcher
from noren.core.record.intake.matching.refs import References
from noren.core.record.intake.matching.resolve import TIDY
from noren.core.record.intake.merge import Merger
from noren.core.record.intake.plan import Column
from noren.core.record.intake.tally import Batch, Parsed, Tally

SEEN_KEPT = 400_000


class Later:
    """What the trial run knows of the file's own rows, and the second look of the real one."""

    def __init__(self, references: References, matcher: Matcher, merger: Merger, tally: Tally) -> None:
        self.references, self.matcher, self.merger, self.tally = references, matcher, merger, tally
        self.record = merger.record
        self.names = references.own
        """Columns that point at rows of the noun the file brings."""
        self.seen: set[int] = set()

    def hear(self, columns: list[list[Key | None]]) -> None:
        """Remember by what the rows of a chunk are known: one of them may be what another row points at."""
        if len(self.seen) >= SEEN_KEPT:
            return
        for names, keys in zip(self.matcher.names, columns, strict=True):
            if len(names) == 1:
                self.seen.update(hash((names[0], key[0])) for key in keys if key is not None)

    def reckon(self) -> None:
        """End of a trial run: a name that a row of the file bears is neither unknown nor one more row."""
        if not self.names:
            return
        word, last = self.record.word(), self.record.known_by[-1]
        imagined = self.references.imagined.get(word, {})
        self.tally.made[word] -= sum(hash((last, key)) in self.seen for key in imagined)
        for name in self.names & self.tally.unknown.keys():
            counter = self.tally.unknown[name]
            for text in [text for text in counter if self._in_file(text)]:
                self.tally.blanked[name] -= min(self.tally.blanked[name], counter.pop(text))

    def _in_file(self, text: str) -> bool:
        return any(hash((column, TIDY.get(column, str.strip)(text))) in self.seen for column in self.record.known_by)

    def follow(self, names: Collection[str], batches: Iterator[Batch], ready: Callable[[], None]) -> None:
        """End of a run: go through the file again and point rows that were left blank at what has come in since. What is done
        already is not done twice, so a run that is killed here begins this part anew. ready: sets a transaction up."""
        columns = [column for column in self.merger.plan.columns if column.name in names]
        for batch in batches:
            rows = [r for r in batch.rows() if any(isinstance(r.late.get(c.attname), str) for c in columns)]
            if rows:
                with transaction.atomic():
                    ready()
                    self._follow(columns, rows, batch)

    def _follow(self, columns: list[Column], rows: list[Parsed], batch: Batch) -> None:
        keys = self.matcher.columns(rows, batch)
        for at, references in enumerate(self.matcher.references):
            if references:
                keys[at] = [None] * len(rows)  # what they point at is still a text
        self.matcher.find(rows, keys, ())
        rows = [row for row in rows if row.row_id]
        found: dict[int, dict[str, int]] = {}
        for column in columns:
            resolver = self.references.resolvers[column.name]
            said = {r.row_id: text for r in rows if isinstance(text := r.late.get(column.attname), str)}
            resolver.look_up(said.values())
            for pk, text in said.items():
                if text in resolver.known and resolver.known[text] != pk:
                    found.setdefault(pk, {})[column.attname] = resolver.known[text]
        every: Any = visible(self.record.model, self.merger.actor, "edit").filter(pk__in=found).order_by("pk")
        by_id = {row.row_id: row for row in rows}
        changed = []
        for target in every.select_for_update(of=("self",)):
            before = {name: None for name in found[target.pk] if getattr(target, name) is None}
            for name in before:
                setattr(target, name, found[target.pk][name])
            if before and _may_stand(target):
                changed.append((target, by_id[target.pk], before))
        if changed:
            self.merger.store(changed)
        for _target, _row, before in changed:
            for column in columns:
                self.tally.blanked[column.name] -= column.attname in before


def _may_stand(target: Any) -> bool:
    """Settle a row; no when it says that it cannot be (a company that would be its own parent's parent)."""
    target.settle()
    try:
        target.clean()
    except ValidationError:
        return False
    return True
