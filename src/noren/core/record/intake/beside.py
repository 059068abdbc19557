"""What an import does beside its own rows: virtual columns are handed to their record, and columns that describe what a
row points at (the company of a card) fill what is still blank there. All of it is remembered, so that undo finds it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from noren.core.access.scope import visible
from noren.core.action.plain import _json, _told, plain_event
from noren.core.event.models import Fact
from noren.core.record.declare import Record, Trace, record_of
from noren.core.record.intake.merge import Merger, clean_json
from noren.core.record.intake.plan import Column, Plan, lent
from noren.core.record.intake.tally import Parsed, Tally
from noren.core.record.intake.write import rewrite
from noren.core.record.models import ImportRow

MADE = "+"
"""Before the word of a noun in `ImportRow.before`: ids of rows that were made for this row and go with an undo."""
REMEMBERED = 400_000


class Beside:
    def __init__(self, plan: Plan, run_id: int, merger: Merger, *, writes: bool) -> None:
        self.plan, self.run_id, self.merger, self.writes = plan, run_id, merger, writes
        self.actor = merger.actor
        by_name = {c.name: c for c in plan.columns}
        self.virtual = [c for c in plan.columns if c.virtual is not None and c.virtual.apply is not None]
        fills: dict[str, list[Column]] = {}
        for column in plan.columns:
            if column.virtual is not None and column.virtual.of:
                fills.setdefault(column.virtual.of, []).append(column)
        self.lent = lent(plan.record, by_name) if plan.options.lend else {}
        self.fills = [(by_name[of], fills.get(of, [])) for of in dict.fromkeys((*fills, *self.lent))]
        self.told: set[int] = set()

    def go(self, fresh: list[Parsed], known: list[Parsed], tally: Tally) -> None:
        """Work on rows that stand: new ones, and those that were there."""
        for ref, columns in self.fills:
            self._fill(ref, columns, [*fresh, *known], tally)
        if self.writes:
            for column in self.virtual:
                self._apply(column, fresh, known)

    # -- virtual columns ---------------------------------------------------------------------------------------------
    def _apply(self, column: Column, fresh: list[Parsed], known: list[Parsed]) -> None:
        one = column.virtual
        assert one is not None
        assert one.apply is not None
        pairs = [
            (r.row_id, r.virtual) for r in (*fresh, *known) if r.stands and r.row_id > 0 and column.name in r.virtual
        ]
        if not pairs:
            return
        traces = one.apply(pairs, self.actor, frozenset(r.row_id for r in known))
        if traces:
            mine = made_by(self.run_id, self.plan.record, [t.row_id for t in traces])
            self._remember(self.plan.record, [t for t in traces if t.row_id not in mine])

    # -- columns of a reference --------------------------------------------------------------------------------------
    def _fill(self, ref: Column, columns: list[Column], rows: list[Parsed], tally: Tally) -> None:
        """Put what the rows say of the thing they point at on it, where it says nothing itself. The first row wins."""
        wanted: dict[int, dict[str, Any]] = {}
        for row in rows:
            pk = row.values.get(ref.attname)
            if not isinstance(pk, int) or pk <= 0 or (self.writes and not row.stands):
                continue
            for column in columns:
                value = row.virtual.get(column.name)
                if value not in (None, ""):
                    wanted.setdefault(pk, {}).setdefault(column.name.partition(".")[2], value)
            own = {n: v for n in self.lent.get(ref.name, ()) if (v := row.values.get(n)) not in (None, "")}
            if own and not wanted.get(pk, {}).keys() & own.keys():  # the address of one row, never of two
                wanted.setdefault(pk, {}).update(own)
        if not wanted:
            return
        record = record_of(ref.target)
        mine = made_by(self.run_id, record, list(wanted)) if self.writes else set()
        changed: list[tuple[Any, dict[str, Any]]] = []
        targets = self._targets(record, wanted, mine)
        for target in targets:
            before = self._set(ref, target, wanted[target.pk], record)
            if before:
                changed.append((target, before))
        fresh = [t.pk for t, _before in changed if t.pk not in mine and t.pk not in self.told]
        if fresh:
            tally.filled[record.word()] += len(fresh)
        if len(self.told) < REMEMBERED:
            self.told.update(fresh)
        if self.writes and changed:
            self._store(record, changed, mine)
        if self.writes and columns:
            self._keep_unused(ref, columns, rows, {target.pk: target for target in targets})

    def _targets(self, record: type[Record], wanted: dict[int, Any], mine: set[int]) -> list[Any]:
        """The rows to fill: those that the actor may edit, and those that this import made."""
        rows = visible(record.model, self.actor, "edit").filter(pk__in=wanted).order_by("pk")
        if self.writes:
            rows = rows.select_for_update(of=("self",))
        found = list(rows)
        rest = mine - {one.pk for one in found}
        return [*found, *record.model.every.filter(pk__in=rest)] if rest else found

    def _set(self, ref: Column, target: Any, values: dict[str, Any], record: type[Record]) -> dict[str, Any]:
        """Fill what is blank; gives what stood there before, where it differs. Fields that are told together stay so: half
        an address of ours and half of theirs would be no address."""
        said = dict(values)
        record.complete(said, self.merger.memo)
        before: dict[str, Any] = {}
        for part in self.plan.record.fills[ref.name]:
            group = (part,) if isinstance(part, str) else part
            if any(getattr(target, name) not in (None, "") for name in group):
                continue
            for name in group:
                if said.get(name) not in (None, ""):
                    before[name] = getattr(target, name)
                    setattr(target, name, said[name])
        if not before:
            return {}
        target.settle()
        try:
            target.clean()
        except ValidationError:  # the values are fine one by one: something older on this row is not
            for name, value in before.items():
                setattr(target, name, value)
            return {}
        return before

    def _store(self, record: type[Record], changed: list[tuple[Any, dict[str, Any]]], mine: set[int]) -> None:
        model = record.model
        rewrite(model, [t for t, _before in changed], {name for _t, before in changed for name in before})
        others = [(t, before) for t, before in changed if t.pk not in mine]
        if not others:
            return
        event = plain_event(model, "changed")
        moves = [_told({n: (_json(v), _json(getattr(t, n))) for n, v in before.items()}) for t, before in others]
        self.merger._told([(event(t.pk), None) for t, _before in others], moves)
        self._remember(record, [Trace(t.pk, {n: _json(v) for n, v in before.items()}) for t, before in others])

    def _keep_unused(self, ref: Column, columns: list[Column], rows: list[Parsed], targets: dict[int, Any]) -> None:
        """What a file says of a company that says otherwise itself stays with the row, beside the columns without a field."""
        unused: dict[tuple[int, int], dict[str, str]] = {}
        for row in rows:
            if not row.stands:
                continue
            target = targets.get(row.values.get(ref.attname) or 0)
            for column in columns:
                value = row.virtual.get(column.name)
                if value in (None, "") or (target and getattr(target, column.name.partition(".")[2]) == value):
                    continue
                unused.setdefault((row.row_id, row.number), {})[column.header] = row.cells[column.index]
        if not unused:
            return
        noun = self.plan.record.word()
        notes = ImportRow.objects.filter(run_id=self.run_id, noun=noun, unmapped__isnull=False)
        kept = {(note.row_id, note.number): note for note in notes.filter(row_id__in=[pk for pk, _number in unused])}
        for key, said in unused.items():
            note = kept.get(key)
            if note is not None:
                note.unmapped = {**(note.unmapped or {}), **clean_json(said)}
        old = [note for key, note in kept.items() if key in unused]
        ImportRow.objects.bulk_update(old, ["unmapped"], batch_size=500)
        ImportRow.objects.bulk_create(
            (
                ImportRow(run_id=self.run_id, noun=noun, row_id=pk, number=number, unmapped=clean_json(said))
                for (pk, number), said in unused.items() if (pk, number) not in kept
            ), batch_size=2000,
        )  # fmt: skip

    # -- for undo ----------------------------------------------------------------------------------------------------
    def _remember(self, record: type[Record], traces: Sequence[Trace]) -> None:
        """One note a row and run, the oldest value of each field in it."""
        ids = [t.row_id for t in traces]
        noun = record.word()
        notes = {
            note.row_id: note
            for note in ImportRow.objects.filter(run_id=self.run_id, noun=noun, row_id__in=ids, before__isnull=False)
        }
        versions = dict(record.model.every.filter(pk__in=ids).values_list("pk", "version"))
        fresh, old = [], []
        for trace in traces:
            said = {**trace.before, **{f"{MADE}{word}": made for word, made in trace.made.items()}}
            note = notes.get(trace.row_id)
            if note is None:
                note = ImportRow(run_id=self.run_id, noun=noun, row_id=trace.row_id, number=0, before={})
                notes[trace.row_id] = note
                fresh.append(note)
            elif note.pk is not None:
                old.append(note)
            note.before = {**said, **(note.before or {})}
            note.after_version = versions[trace.row_id]
        ImportRow.objects.bulk_create(fresh, batch_size=2000)
        ImportRow.objects.bulk_update(old, ["before", "after_version"], batch_size=500)


def made_by(run_id: int, record: type[Record], ids: Collection[int]) -> set[int]:
    """Which of these rows came with the import itself: they go whole, nothing need be remembered of them."""
    name = f"{record.word()}.created"
    facts = Fact.objects.filter(batch=run_id, noun=record.word(), name=name, subject_id__in=ids)
    return set(facts.values_list("subject_id", flat=True))
