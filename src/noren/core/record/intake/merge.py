"""Writing: rows that are new are copied in, rows that are known are changed in one update; each with its facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError

from noren.core.access.rights import Level
from noren.core.access.scope import visible
from noren.core.action.door import invalid_from
from noren.core.action.plain import _json, _told, plain_event
from noren.core.base.text import clean
from noren.core.event.models import Fact
from noren.core.event.publish import ECHOES, LISTENERS, REACTIONS, deliver, tell_echoes
from noren.core.job.job import later
from noren.core.record.intake.matching.refs import References
from noren.core.record.intake.plan import BadCell, Plan
from noren.core.record.intake.ready import Preparer
from noren.core.record.intake.tally import Batch, Parsed, Tally
from noren.core.record.intake.write import (
    copy_lines,
    copy_search,
    head_of,
    json_cell,
    reserve_ids,
    rewrite,
    tell,
    tell_plain,
    write_spans,
)
from noren.core.record.models import ImportRow

Say = Callable[[int, Sequence[str], str, str, dict[str, Any]], None]


class Merger:
    def __init__(
        self,
        plan: Plan,
        run_id: int,
        references: References,
        preparer: Preparer,
        tell_fault: Say,
        leftover: dict[str, int],
        *,
        writes: bool,
    ) -> None:
        self.plan, self.run_id, self.references, self.fault, self.writes = plan, run_id, references, tell_fault, writes
        self.leftover = leftover  # columns that fill no field: header -> index
        self.record, self.model = plan.record, plan.record.model
        self.actor = plan.actor.through("import")
        self.preparer, self.owner = preparer, preparer.owner
        self.memo = preparer.memo
        self.slow = self.record.one_by_one
        self.may_give = self.actor.may(self.model, "assign")
        self.asks_owner = (
            not preparer.in_time
            or self.owner in preparer.references
            or not (self.may_give or preparer.given == self.actor.user_id)
        )
        """Whether somebody's owner is not simply the one who is given to all; the lines of ready rows say that one."""
        concrete = self.model._meta.concrete_fields
        self.small: list[tuple[str, str]] = [
            (c.name, c.attname)
            for c in concrete
            if c.is_relation and getattr(getattr(c.related_model, "reach", None), "open_to_all", False)
        ]

    # -- new rows --------------------------------------------------------------------------------------------------
    def create(self, rows: list[Parsed], batch: Batch, tally: Tally) -> None:
        if not self.actor.may(self.model, "create"):
            for row in rows:
                self.fault(row.number, row.cells, "", "not_allowed", {})
            return
        kept = [row for row in rows if self._owned(row)] if self.owner and self.asks_owner else rows
        drafts: dict[int, Any] = {}
        resolvers = self.references.resolvers
        cached = [
            (c.name, c.attname, resolvers[c.name])
            for c in self.plan.refs
            if c.virtual is None and resolvers[c.name].keeps_rows
        ]
        if not all(row.is_ready for row in kept):
            for row in kept:
                if not row.is_ready and (draft := self._draft(row, cached)) is not None:
                    drafts[row.at] = draft
            kept = [row for row in kept if row.is_ready or row.at in drafts]
        tally.created += len(kept)
        if not self.writes or not kept:
            return
        if self.slow:
            self._create_slowly(kept)
        else:
            self._insert(kept, batch, drafts)
        for row in kept:
            row.stands = True
        self.keep_leftovers(kept)
        created = plain_event(self.model, "created")
        if created.name in ECHOES:
            self._told([(created(row.row_id), None) for row in kept])
        else:
            self._announce(
                {created.name}, *tell_plain(created, [row.row_id for row in kept], by=self.actor, batch=self.run_id)
            )
        further = [] if self.slow else self.record.arrived(list(drafts.values()), self.actor)
        if further:
            self._told(further)

    def _owned(self, row: Parsed) -> bool:
        """Give a new row its owner."""
        late = row.late
        if late.get(self.owner) is None:
            late[self.owner] = self.preparer.given
        if not self.may_give and late[self.owner] != self.actor.user_id:
            self.fault(row.number, row.cells, self._header("owner"), "may_not_give", {})
            return False
        return True

    def _draft(self, row: Parsed, cached: list[tuple[str, str, Any]]) -> Any:
        """A new row with what its record adds; None when it may not be stored."""
        values = row.values
        if self.owner and values.get(self.owner) is None:
            values[self.owner] = self.preparer.given
        if self.preparer.completes:
            try:
                self.record.complete(values, self.preparer.memo)
            except BadCell as fault:
                self.fault(row.number, row.cells, "", fault.code, fault.params)
                return None
        draft = self.preparer.drafts.make(values, self._cached(values, cached))
        return draft if self._sound(draft, row) else None

    def _insert(self, rows: list[Parsed], batch: Batch, drafts: dict[int, Any]) -> None:
        """COPY rows whose lines are made, with their search entries and, where history is kept, their spans."""
        ids = reserve_ids(self.model, len(rows))
        late = [column.attname for column in self.preparer.late[1:]]
        lines: list[str] = []
        entries: list[bytes] = []
        for row, pk in zip(rows, ids, strict=True):
            row.row_id = pk
            if row.is_ready and batch.lines is not None:
                line, entry, values = batch.lines[row.at], batch.entries[row.at], row.late
            else:
                draft = drafts[row.at]
                draft.__dict__["id"] = pk
                line, entry = self.preparer.said(draft)
                values = draft.__dict__
            head = head_of(pk, [values.get(name) for name in late]) if late else str(pk)
            lines.append(f"{head}\t{line}" if line else head)
            entries.append(entry)
        columns = [*self.preparer.late, *self.preparer.lines.columns]
        copy_lines(self.model._meta.db_table, [c.column for c in columns], lines)
        if self.model.searched:
            copy_search(self.model, ids, entries)
        if drafts and self.model.kept:
            write_spans(self.model, list(drafts.values()))

    def _cached(self, values: dict[str, Any], cached: list[tuple[str, str, Any]]) -> dict[str, Any]:
        """Rows of small nouns that checks will look at, so that none of them asks the database."""
        refs = {}
        for name, attname, resolver in cached:
            pk = values.get(attname)
            if pk is not None and pk > 0:
                refs[name] = resolver.row(pk)
        for name, attname in self.small:
            pk = values.get(attname)
            if name not in refs and pk is not None:
                refs[name] = self._small_row(name, pk)
        return refs

    def _create_slowly(self, rows: list[Parsed]) -> None:
        for row in rows:
            made = self.model(**row.values)
            if hasattr(made, "set_unusable_password"):
                made.set_unusable_password()
            made.save()
            row.row_id = made.pk

    def keep_leftovers(self, rows: list[Parsed]) -> None:
        """What the file says beyond our fields stays with the run."""
        left = self.references.left
        if not self.leftover and not left:
            return
        kept = []
        for row in rows:
            cells = row.cells
            rest = {header: clean(cells[at]) for header, at in self.leftover.items() if cells[at].strip()}
            rest.update({header: clean(cell) for header, cell in left.get(row.number, {}).items()})
            if rest:
                kept.append((row.row_id, row.number, None, 1, rest))
        self._ledger(kept)

    def _ledger(self, rows: Iterable[tuple[int, int, dict[str, Any] | None, int, dict[str, Any] | None]]) -> None:
        """What the import did: row, number in the file, what stood there before, its version now, what fills no field."""
        head = f"{self.run_id}\t{self.record.word()}"
        copy_lines(
            ImportRow._meta.db_table,
            ("run_id", "noun", "row_id", "number", "before", "after_version", "unmapped"),
            [
                f"{head}\t{pk}\t{number}\t{json_cell(before)}\t{version}\t{json_cell(unmapped)}"
                for pk, number, before, version, unmapped in rows
            ],
        )

    def _sound(self, draft: Any, row: Parsed) -> bool:
        """Settle a row and ask it and its required columns whether it may be stored."""
        try:
            self.preparer.settled(draft)
        except ValidationError as fault:
            name, texts = next(iter(invalid_from(fault).errors.items()))
            self.fault(
                row.number, row.cells, self._header(name), "invalid", {"reason": " ".join(str(t) for t in texts)}
            )
            return False
        except BadCell as fault:
            self.fault(row.number, row.cells, "", fault.code, fault.params)
            return False
        except ObjectDoesNotExist:
            if self.writes:
                raise
        return True

    def _small_row(self, name: str, pk: int) -> Any:
        """Rows of nouns so small that checks may look at them (stages, owners)."""
        key = ("row", name, pk)
        if key not in self.memo:
            self.memo[key] = self.model._meta.get_field(name).related_model.every.filter(pk=pk).first()  # type: ignore[union-attr]
        return self.memo[key]

    def _header(self, name: str) -> str:
        return next((c.header for c in self.plan.columns if c.name == name), "")

    # -- known rows ------------------------------------------------------------------------------------------------
    def update(self, rows: list[Parsed], tally: Tally) -> None:
        """Set what the file says on rows that are there, when the actor may edit them."""
        merged: dict[int, Parsed] = {}
        doubles: dict[int, list[Parsed]] = {}
        for row in rows:
            if row.row_id in merged:
                merged[row.row_id].values.update(row.values)
                merged[row.row_id].virtual.update(row.virtual)
                doubles.setdefault(row.row_id, []).append(row)
            else:
                merged[row.row_id] = row
        found: dict[int, Any] = {}
        if self.actor.is_admin or self.actor.level(self.model, "edit") is not Level.NONE:
            targets = (
                visible(self.model, self.actor, "edit")
                .filter(pk__in=merged)
                .order_by("pk")
                .select_related(*(name for name, _attname in self.small))
            )
            if self.writes:
                targets = targets.select_for_update(of=("self",))
            found = {t.pk: t for t in targets}
        changed: list[tuple[Any, Parsed, dict[str, Any]]] = []
        for pk, row in merged.items():
            target = found.get(pk)
            twins = len(doubles.get(pk, ()))
            if target is None:
                for one in (row, *doubles.get(pk, ())):
                    self.fault(one.number, one.cells, "", "not_allowed", {})
                continue
            before = self._set(target, row)
            gives = self.owner in before and not self.may_give
            if gives or (before and not self._sound(target, row)):
                if gives:
                    self.fault(row.number, row.cells, self._header("owner"), "may_not_give", {})
                tally.unchanged += twins
                continue
            row.stands = True
            tally.unchanged += twins
            if pk in self.references.named:  # made a moment ago because another row names it: here it comes itself
                self.references.named.discard(pk)
                tally.created += 1
                tally.made[self.record.word()] -= 1
            else:
                tally.updated += bool(before)
                tally.unchanged += not before
            if before:
                changed.append((target, row, before))
        if self.writes and changed:
            self.store(changed)

    def _set(self, target: Any, row: Parsed) -> dict[str, Any]:
        """Put the values on the row; gives what stood there before, where it differs."""
        before = {}
        inner = target.__dict__
        for name, value in row.values.items():
            old = inner.get(name)
            if name == "extra":
                value = {k: v for k, v in {**(old or {}), **value}.items() if v not in (None, "")}
            if old != value:
                before[name] = old
                setattr(target, name, value)
        return before

    def store(self, changed: list[tuple[Any, Parsed, dict[str, Any]]]) -> None:
        if self.slow:
            for target, _row, _before in changed:
                target.save()
        else:
            rewrite(
                self.model,
                [t for t, _row, _before in changed],
                {name for _t, _row, before in changed for name in before},
            )
        event = plain_event(self.model, "changed")
        moves = [
            _told({n.removesuffix("_id"): (_json(v), _json(target.__dict__[n])) for n, v in before.items()})
            for target, _row, before in changed
        ]
        self._ledger(
            [
                (target.pk, row.number, clean_json({n: _json(v) for n, v in before.items()}), target.version, None)
                for target, row, before in changed
            ]
        )
        self._told([(event(target.pk), None) for target, _row, _before in changed], moves)

    # -- facts -------------------------------------------------------------------------------------------------------
    def _told(self, events: list[tuple[Any, Any]], changes: list[Any] | None = None) -> None:
        first, last = tell(events, by=self.actor, batch=self.run_id, changes=changes)
        names = {e.name for e, _at in events}
        if names & ECHOES.keys():
            tell_echoes(list(Fact.objects.filter(pk__gte=first, pk__lte=last, batch=self.run_id)))
        self._announce(names, first, last)

    def _announce(self, names: set[str], first: int, last: int) -> None:
        if self.plan.options.automations and (LISTENERS or names & REACTIONS.keys()):
            later(deliver, first=first, last=last)


def clean_json(value: Any) -> Any:
    """Safe for jsonb: no NUL, no lone surrogate."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {k: clean_json(v) for k, v in value.items()}
    if isinstance(value, list):
        return [clean_json(v) for v in value]
    return value
