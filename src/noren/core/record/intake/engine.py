"""The import itself: parse and fold in Python, match natural keys with one query per key and chunk, COPY what is new,
one update for what is known, facts by COPY; a chunk is a transaction that also remembers how far it got.

Killed in the middle it goes on behind the last chunk. `check` is the same without writing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from noren.core.access.rights import Level
from noren.core.access.scope import visible
from noren.core.action.door import invalid_from
from noren.core.action.plain import _json, _told, plain_event
from noren.core.base.errors import Refusal
from noren.core.event.models import Fact
from noren.core.event.publish import ECHOES, LISTENERS, REACTIONS, deliver, tell_echoes
from noren.core.job.job import later
from noren.core.record.declare import ImportField
from noren.core.record.intake.plan import EMPTY, BadCell, Column, Plan, names_of
from noren.core.record.intake.problem import Problem
from noren.core.record.intake.read import Table
from noren.core.record.intake.resolve import TIDY, Resolver
from noren.core.record.intake.write import Drafts, copy_columns, insert, reserve_ids, tell
from noren.core.record.models import ImportFault, ImportRow, ImportRun

CHUNK = 10_000
FAULTS_KEPT = 10_000  # faults stored in full per run; beyond that they are only counted
UNKNOWN_KEPT = 500


@dataclass(slots=True)
class Parsed:
    """One row of the file, read: its number, cells, and values by attname (references still as text)."""

    number: int
    cells: Sequence[str]
    values: dict[str, Any]
    virtual: dict[str, Any] = field(default_factory=dict)
    row_id: int = 0


@dataclass(slots=True)
class Batch:
    """A chunk as read: its rows, the rows that could not be read, and how many were mended."""

    rows: list[Parsed] = field(default_factory=list)
    faults: list[tuple[int, list[str], str, str, dict[str, Any]]] = field(default_factory=list)
    warned: int = 0
    last: int = 0
    done: int = 0


@dataclass(slots=True)
class Tally:
    """What became of the rows, and what a person should look at."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    warned: int = 0
    made: Counter[str] = field(default_factory=Counter)  # rows of other nouns created for references
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    blanked: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        return {
            "created": self.created, "updated": self.updated, "unchanged": self.unchanged, "skipped": self.skipped,
            "failed": self.failed, "warned": self.warned, "made": dict(self.made),
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Tally:
        plain = {k: data[k] for k in ("created", "updated", "unchanged", "skipped", "failed", "warned") if k in data}
        return cls(**plain, made=Counter(data.get("made", {})))


class Engine:
    """One pass over a table. `writes=False` is the dry run."""

    def __init__(self, plan: Plan, table: Table, run: ImportRun, *, writes: bool) -> None:
        self.plan, self.table, self.run, self.writes = plan, table, run, writes
        self.record, self.model = plan.record, plan.record.model
        self.actor = plan.actor.through("import")
        self.tally = Tally.from_json(run.counts) if writes and run.position else Tally()
        self.faults: list[ImportFault] = []
        self.drafts = Drafts(self.model)
        self.resolvers: dict[str, Resolver] = {}
        for column in plan.refs:
            self.resolvers[column.name] = Resolver(column.target, self.actor)
        named = {c.attname for c in plan.columns if c.virtual is None}
        if plan.options.owner or self.model.reach.owner:
            named.add(self._owner_column())
        if any(c.name.startswith("extra.") for c in plan.columns):
            named.add("extra")
        named |= {"family_name", "given_name", "family_kana", "given_kana"} if any(c.name.startswith("full_") for c in plan.columns) else set()
        named |= {self.model._meta.get_field(n).attname for n in self.record.history}  # type: ignore[union-attr]
        named |= {n for n in ("stage_id", "stage_since") if n in self.drafts.template}
        self.columns = copy_columns(self.model, named)
        self.seen: dict[tuple[str, ...], dict[Any, int]] = {}
        self.memo: dict[Any, Any] = {}
        self.slow = self.record.word() in SLOW

    def _owner_column(self) -> str:
        owner = self.model.reach.owner
        return f"{owner}_id" if owner and "__" not in owner else "id"

    # -- the pass ------------------------------------------------------------------------------------------------
    def go(self, progress: Callable[[int, int], bool] | None = None) -> Tally:
        """Work through the table from where the run stands. `progress(bytes done, size)` False: stop after the chunk.

        Reading the next chunk and writing the present one overlap: one needs Python, the other waits for the server.
        """
        source = self.batches(after=self.run.position if self.writes else 0)
        with ThreadPoolExecutor(1) as aside:
            ahead: Future[Batch | None] = aside.submit(next, source, None)
            while True:
                batch = ahead.result()
                if batch is None:
                    break
                ahead = aside.submit(next, source, None)
                self.take(batch)
                if progress and progress(batch.done, self.table.size) is False:
                    self.run.state = "cancelled"
                    ahead.result()
                    break
        self.keep_faults()
        return self.tally

    def batches(self, after: int) -> Iterator[Batch]:
        """The file in chunks. Runs beside the writing, so it touches nothing but its own batch."""
        batch = Batch()

        def hear(problem: Problem) -> None:
            if problem.level == "warning":
                batch.warned += 1
            else:
                batch.faults.append((problem.row, list(problem.cells or ()), "", problem.code, dict(problem.params)))

        for number, cells in self.table.rows(hear, after=after):
            parsed = self.parse(number, cells, batch)
            if parsed is not None:
                batch.rows.append(parsed)
            batch.last = number
            if len(batch.rows) + len(batch.faults) >= CHUNK:
                batch.done = self.table.position
                yield batch
                batch = Batch()
        if batch.rows or batch.faults or batch.warned:
            batch.last = max([batch.last, *(f[0] for f in batch.faults)])
            batch.done = self.table.size
            yield batch

    def take(self, batch: Batch) -> None:
        """Work one batch off; what could not be read is counted now, together with what could."""
        self.tally.warned += batch.warned
        for number, cells, column, code, params in batch.faults:
            self.fault(number, cells, column, code, params)
        rows = [row for row in batch.rows if self._arrives(row)]
        if rows:
            self.chunk(rows, batch.last)
        else:
            self.mark(batch.last)

    def _arrives(self, row: Parsed) -> bool:
        try:
            self.record.arrive(row.values)
        except BadCell as fault:
            self.fault(row.number, list(row.cells), "", fault.code, fault.params)
            return False
        return True

    def parse(self, number: int, cells: list[str], batch: Batch) -> Parsed | None:
        values: dict[str, Any] = {}
        virtual: dict[str, Any] = {}
        clears = self.plan.options.blank == "clear"
        for column in self.plan.columns:
            cell = cells[column.index]
            if not cell or cell.isspace():
                if clears and column.virtual is None:
                    values[column.attname] = _nothing(column)
                continue
            memory = column.memory
            value = memory.get(cell, _MISSING)
            if value is _MISSING:
                try:
                    value = column.read(cell)
                except BadCell as fault:
                    value = fault
                if len(memory) < MEMORY_SIZE:
                    memory[cell] = value
            if value is EMPTY:
                continue
            if isinstance(value, BadCell):
                batch.faults.append((number, cells, column.header, value.code, value.params))
                return None
            if column.virtual is not None and column.name not in ("full_name", "full_kana"):
                virtual[column.name] = value
            elif column.name.startswith("extra."):
                values.setdefault("extra", {})[column.name[6:]] = _json(value)
            else:
                values[column.attname] = value
        try:
            names_of(values)
        except BadCell as fault:
            batch.faults.append((number, cells, "", fault.code, fault.params))
            return None
        return Parsed(number, cells, values, virtual)

    # -- one chunk -----------------------------------------------------------------------------------------------
    def chunk(self, rows: list[Parsed], last: int) -> None:
        try:
            with transaction.atomic():
                self.work(rows)
                self.mark(last)
        except (IntegrityError, DataError) as fault:
            if len(rows) == 1:
                self.fault(rows[0].number, list(rows[0].cells), "", "database", {"reason": str(fault).split("\n")[0][:200]})
                self.mark(last)
                return
            middle = len(rows) // 2
            self.seen.clear()
            self.chunk(rows[:middle], rows[middle - 1].number)
            self.chunk(rows[middle:], last)

    def mark(self, number: int) -> None:
        """How far we are, committed together with the rows."""
        if not self.writes:
            return
        self.keep_faults()
        self.run.position = number
        self.run.counts = self.tally.as_json()
        self.run.beat_at = timezone.now()
        self.run.save(update_fields=["position", "counts", "beat_at"])

    def work(self, rows: list[Parsed]) -> None:
        before = self.tally.as_json()
        rows = self.resolve(rows)
        fresh, known = self.match(rows)
        try:
            if fresh:
                self.create(fresh)
            if known:
                self.update(known)
            self.apply(rows)
        except (IntegrityError, DataError):
            restored = Tally.from_json(before)
            restored.unknown, restored.blanked = self.tally.unknown, self.tally.blanked
            self.tally = restored
            raise

    def resolve(self, rows: list[Parsed]) -> list[Parsed]:
        """Turn the texts of references into ids; make or report what is not known."""
        for column in self.plan.refs:
            resolver = self.resolvers[column.name]
            where = "virtual" if column.virtual is not None else "values"
            key = column.name if where == "virtual" else column.attname
            texts = {v for r in rows if isinstance(v := getattr(r, where).get(key), str)}
            resolver.look_up(texts)
            missing = [t for t in texts if t not in resolver.known]
            policy = self.plan.options.unknown.get(column.name, default_policy(column))
            if missing and policy == "create" and resolver.may_create():
                self.make_missing(column, resolver, sorted(missing))
            left: list[Parsed] = []
            for row in rows:
                values = getattr(row, where)
                text = values.get(key)
                if not isinstance(text, str):
                    left.append(row)
                    continue
                pk = resolver.known.get(text)
                if pk is None:
                    counter = self.tally.unknown.setdefault(column.name, Counter())
                    if text in counter or len(counter) < UNKNOWN_KEPT:
                        counter[text] += 1
                    if policy == "create" and not self.writes and resolver.may_create():
                        values[key] = None
                    elif policy == "blank":
                        values.pop(key)
                        self.tally.blanked[column.name] += 1
                    else:
                        self.fault(row.number, list(row.cells), column.header, "unknown_reference", {"value": text[:80]})
                        continue
                else:
                    values[key] = pk
                left.append(row)
            rows = left
        return rows

    def make_missing(self, column: Column, resolver: Resolver, texts: list[str]) -> None:
        self.tally.made[resolver.record.word()] += 0 if self.writes else len({_tidied(resolver, t) for t in texts} - self._would_be(column))
        if not self.writes:
            self._would_be(column).update(_tidied(resolver, t) for t in texts)
            return
        from noren.core.action.plain import create

        by_key: dict[str, list[str]] = {}
        for text in texts:
            by_key.setdefault(_tidied(resolver, text), []).append(text)
        groups = [g for k, g in by_key.items() if k]
        if resolver.record.word() in SLOW or len(groups) <= 20:
            for group in groups:
                try:
                    with transaction.atomic():
                        row = create(resolver.model, resolver.record.from_name(group[0]), by=self.actor)
                        Fact.objects.filter(noun=resolver.record.word(), subject_id=row.pk, batch__isnull=True).update(batch=self.run.pk)
                except Refusal:
                    continue
                for text in group:
                    resolver.learn(text, row)
                self.tally.made[resolver.record.word()] += 1
            return
        drafts = Drafts(resolver.model)
        made = []
        for pk, group in zip(reserve_ids(resolver.model, len(groups)), groups, strict=True):
            values = {"id": pk, **resolver.record.from_name(group[0])}
            if resolver.model.reach.owner:
                values[f"{resolver.model.reach.owner}_id"] = self.actor.user_id
            draft = drafts.make(values)
            draft.settle()
            made.append(draft)
            for text in group:
                resolver.known[text] = pk
        owner = f"{resolver.model.reach.owner}_id" if resolver.model.reach.owner else "id"
        insert(resolver.model, made, copy_columns(resolver.model, [*resolver.record.from_name("x"), owner]))
        told = plain_event(resolver.model, "created")
        tell([(told(d.id), None) for d in made], by=self.actor, batch=self.run.pk)
        self.tally.made[resolver.record.word()] += len(made)

    def _would_be(self, column: Column) -> set[str]:
        found: set[str] = self.seen.setdefault(("would be", column.name), {})  # type: ignore[assignment]
        if not isinstance(found, set):
            found = set()
            self.seen["would be", column.name] = found  # type: ignore[assignment]
        return found

    # -- known rows ----------------------------------------------------------------------------------------------
    def match(self, rows: list[Parsed]) -> tuple[list[Parsed], list[Parsed]]:
        """Part the rows into new ones and those that are there already, by the strongest natural key that speaks."""
        options = self.plan.options
        if options.on_match == "create":
            return rows, []
        open_rows = rows
        for keys in self.record.keys:
            if not open_rows:
                break
            self._match_by(keys, open_rows)
            open_rows = [r for r in open_rows if not r.row_id]
        fresh: list[Parsed] = []
        known: list[Parsed] = []
        first: dict[tuple[Any, ...], Parsed] = {}
        for row in rows:
            if row.row_id:
                (known if options.on_match == "update" else []).append(row)
                if options.on_match == "skip":
                    self.tally.skipped += 1
                continue
            twin = next((first[k] for k in self._all_keys(row) if k in first), None)
            if twin is not None:
                self._twin(row, twin)
                continue
            for key in self._all_keys(row):
                first[key] = row
            fresh.append(row)
        return fresh, known

    def _twin(self, row: Parsed, twin: Parsed) -> None:
        """The same thing twice in one file: the later row completes the first."""
        if self.plan.options.on_match == "skip":
            self.tally.skipped += 1
            return
        twin.values.update({k: v for k, v in row.values.items() if v not in (None, "")})
        row.row_id = -1
        self.tally.updated += 1

    def _all_keys(self, row: Parsed) -> Iterator[tuple[Any, ...]]:
        for keys in self.record.keys:
            found = self._key(keys, row)
            if found is not None:
                yield (keys, *found)
                if keys == OWN_ID:
                    return  # rows with ids of their own are different things, however alike

    def _key(self, keys: tuple[str, ...], row: Parsed) -> tuple[Any, ...] | None:
        """The values of one natural key, folded as stored; None when a part is missing."""
        found = []
        for name in keys:
            value = row.values.get(self._attname(name), _MISSING)
            if value is _MISSING:
                value = self._derived(name, row)
            if value in (None, "", _MISSING):
                return None
            found.append(value.lower() if name == "email" else str(value) if name not in INTS else value)
        return tuple(found)

    def _attname(self, name: str) -> str:
        return str(self.model._meta.get_field(name).attname)  # type: ignore[union-attr]

    def _derived(self, name: str, row: Parsed) -> Any:
        """A key that `settle` makes of other fields."""
        if name not in self.model.settled and name != "name_fold":
            return None
        draft = row.virtual.get("_keys")
        if draft is None:
            values = row.values
            draft = {}
            if "legal_name" in values:
                draft["name_key"] = TIDY["name_key"](values["legal_name"])
            if "family_name" in values:
                draft["name_fold"] = TIDY["name_fold"](str(values["family_name"]) + str(values.get("given_name") or ""))
            row.virtual["_keys"] = draft
        return draft.get(name)

    def _match_by(self, keys: tuple[str, ...], rows: list[Parsed]) -> None:
        by_key: dict[tuple[Any, ...], list[Parsed]] = {}
        for row in rows:
            key = self._key(keys, row)
            if key is not None:
                by_key.setdefault(key, []).append(row)
        if not by_key:
            return
        columns = [self.model._meta.get_field(n) for n in keys]
        tests = []
        params: list[Any] = []
        for at, column in enumerate(columns):
            name = f't."{column.column}"'  # type: ignore[union-attr]
            tests.append(f"lower({name}) = k.k{at}" if keys[at] == "email" else f"{name} = k.k{at}")
            params.append([key[at] for key in by_key])
        types = [_array_type(c) for c in columns]
        unnest = ", ".join(f"%s::{t}[]" for t in types)
        names = ", ".join(f"k{at}" for at in range(len(keys)))
        extra = " AND ".join(f"{'lower(' if n == 'email' else ''}t.\"{c.column}\"{')' if n == 'email' else ''} <> ''" for n, c in zip(keys, columns, strict=True) if _array_type(c) == "text")  # type: ignore[union-attr]
        unclaimed = " AND (t.external_id IS NULL OR NOT k.claims)" if keys != OWN_ID else ""
        where = " AND ".join([*tests, "t.removed_at IS NULL", *([extra] if extra else [])]) + unclaimed
        params.append([any(r.values.get("external_id") for r in by_key[key]) for key in by_key])
        unnest, names = f"{unnest}, %s::boolean[]", f"{names}, claims"
        keyed = ", ".join(f"k{at}" for at in range(len(keys)))
        sql = f'SELECT t.id, {keyed} FROM unnest({unnest}) AS k({names}) JOIN "{self.model._meta.db_table}" t ON {where}'  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            for pk, *key in cursor.fetchall():
                for row in by_key.get(tuple(key), ()):
                    row.row_id = row.row_id or pk

    # -- writing -------------------------------------------------------------------------------------------------
    def create(self, rows: list[Parsed]) -> None:
        if not self.actor.may(self.model, "create"):
            for row in rows:
                self.fault(row.number, list(row.cells), "", "not_allowed", {})
            return
        drafts: list[Any] = []
        kept: list[Parsed] = []
        owner = self._owner_column()
        cached = [(c, self.resolvers[c.name]) for c in self.plan.refs if c.virtual is None and self.resolvers[c.name].keeps_rows]
        for row in rows:
            if owner != "id" and row.values.get(owner) is None:
                row.values[owner] = self.plan.options.owner or self.actor.user_id
            try:
                self.record.complete(row.values, self.memo)
            except BadCell as fault:
                self.fault(row.number, list(row.cells), "", fault.code, fault.params)
                continue
            refs = {}
            for column, resolver in cached:
                pk = row.values.get(column.attname)
                if pk is not None:
                    refs[column.name] = resolver.row(pk)
            for name in self.small_refs:
                attname = f"{name}_id"
                if name not in refs and row.values.get(attname) is not None:
                    refs[name] = self._small_row(name, row.values[attname])
            draft = self.drafts.make(row.values, refs)
            if self._sound(draft, row):
                drafts.append(draft)
                kept.append(row)
        self.tally.created += len(drafts)
        if not self.writes or not drafts:
            return
        if self.slow:
            self._create_slowly(drafts, kept)
            return
        for draft, row, pk in zip(drafts, kept, reserve_ids(self.model, len(drafts)), strict=True):
            draft.__dict__["id"] = row.row_id = pk
        insert(self.model, drafts, self.columns)
        created = plain_event(self.model, "created")
        events = [(created(d.id), None) for d in drafts] + self.record.arrived(drafts, self.actor)
        self._told(events)

    def _sound(self, draft: Any, row: Parsed) -> bool:
        """Settle a draft and ask it and its required columns whether it may be stored."""
        try:
            draft.settle()
            draft.clean()
            for column in self.required:
                if draft.__dict__[column.attname] in (None, "") and not (column.is_relation and not self.writes):
                    raise BadCell("required", field=str(column.verbose_name))
        except ValidationError as fault:
            errors = invalid_from(fault).errors
            name, texts = next(iter(errors.items()))
            self.fault(row.number, list(row.cells), self._header_of(name), "invalid", {"reason": " ".join(texts)})
            return False
        except BadCell as fault:
            self.fault(row.number, list(row.cells), "", fault.code, fault.params)
            return False
        except Exception as fault:
            if not self.writes and _is_missing_row(fault):
                return True
            raise
        return True

    def _small_row(self, name: str, pk: int) -> Any:
        key = ("row", name, pk)
        if key not in self.memo:
            self.memo[key] = self.model._meta.get_field(name).related_model.every.filter(pk=pk).first()  # type: ignore[union-attr]
        return self.memo[key]

    @property
    def small_refs(self) -> list[str]:
        """References to nouns so small that checks may look at them (stages, owners)."""
        found = getattr(self, "_small", None)
        if found is None:
            foreign = (c for c in self.model._meta.concrete_fields if c.is_relation)
            found = [c.name for c in foreign if getattr(getattr(c.related_model, "reach", None), "open_to_all", False)]
            self._small = found
        return found

    @property
    def required(self) -> list[Any]:
        found = getattr(self, "_required", None)
        if found is None:
            found = [c for c in self.model._meta.concrete_fields if not c.blank and not c.null and c.editable and not c.primary_key and not c.has_default()]
            self._required = found
        return found

    def _header_of(self, name: str) -> str:
        return next((c.header for c in self.plan.columns if c.name == name), "")

    def _create_slowly(self, drafts: list[Any], rows: list[Parsed]) -> None:
        """Nouns whose save does more than store (teams, users): one by one."""
        for draft, row in zip(drafts, rows, strict=True):
            plain = self.model(**{k: v for k, v in row.values.items() if k != "roles"})
            if hasattr(plain, "set_unusable_password"):
                plain.set_unusable_password()
            plain.save()
            row.row_id = draft.__dict__["id"] = plain.pk
        self._told([(plain_event(self.model, "created")(r.row_id), None) for r in rows])

    def _told(self, events: list[tuple[Any, Any]], changes: list[Any] | None = None) -> None:
        first, last = tell(events, by=self.actor, batch=self.run.pk, changes=changes)
        names = {e.name for e, _at in events}
        if names & ECHOES.keys():
            tell_echoes(list(Fact.objects.filter(pk__gte=first, pk__lte=last)))
        if self.plan.options.automations and (LISTENERS or names & REACTIONS.keys()):
            later(deliver, first=first, last=last)

    def update(self, rows: list[Parsed]) -> None:
        """Set what the file says on rows that are there, when the actor may edit them."""
        merged: dict[int, Parsed] = {}
        for row in rows:
            if row.row_id in merged:
                merged[row.row_id].values.update(row.values)
                self.tally.updated += 0
            else:
                merged[row.row_id] = row
        if self.actor.level(self.model, "edit") is Level.NONE and not self.actor.is_admin:
            for row in rows:
                self.fault(row.number, list(row.cells), "", "not_allowed", {})
            return
        targets = visible(self.model, self.actor, "edit").filter(pk__in=merged).order_by("pk").select_related(*self.small_refs)
        if self.writes:
            targets = targets.select_for_update(of=("self",))
        found = {t.pk: t for t in targets}
        changed: list[tuple[Any, Parsed, dict[str, Any]]] = []
        for pk, row in merged.items():
            target = found.get(pk)
            if target is None:
                self.fault(row.number, list(row.cells), "", "not_allowed", {})
                continue
            before = {}
            for name, value in row.values.items():
                old = target.__dict__.get(name)
                if name == "extra":
                    value = {**(old or {}), **value}
                if old != value:
                    before[name] = old
                    setattr(target, name, value)
            if not before:
                self.tally.unchanged += 1
                continue
            if not self._sound(target, row):
                continue
            self.tally.updated += 1
            changed.append((target, row, before))
        if not self.writes or not changed:
            return
        events, moves, undo = [], [], []
        event = plain_event(self.model, "changed")
        for target, row, before in changed:
            target.save()
            events.append((event(target.pk), None))
            moves.append(_told({n: (_json(v), _json(target.__dict__[n])) for n, v in before.items()}))
            undo.append(ImportRow(
                run=self.run, noun=self.record.word(), row_id=target.pk, number=row.number,
                before={n: _json(v) for n, v in before.items()}, after_version=target.version,
            ))  # fmt: skip
        ImportRow.objects.bulk_create(undo, batch_size=2000)
        self._told(events, moves)

    def apply(self, rows: list[Parsed]) -> None:
        """Hand the virtual columns to their record, once the rows stand."""
        if not self.writes:
            return
        for column in self.plan.columns:
            one: ImportField | None = column.virtual
            if one is None or one.apply is None:
                continue
            pairs = [(r.row_id, r.virtual[column.name]) for r in rows if r.row_id > 0 and column.name in r.virtual]
            if pairs:
                one.apply(pairs, self.actor)

    # -- faults --------------------------------------------------------------------------------------------------
    def fault(self, number: int, cells: list[str], column: str, code: str, params: dict[str, Any]) -> None:
        self.tally.failed += 1
        if self.tally.failed <= FAULTS_KEPT:
            safe = {k: v if isinstance(v, (str, int)) else str(v) for k, v in params.items()}
            self.faults.append(ImportFault(run=self.run, number=number, column=column[:255], code=code, params=_clean(safe), cells=_clean(list(cells))))

    def keep_faults(self) -> None:
        if self.faults:
            ready, self.faults = self.faults, []
            ImportFault.objects.bulk_create(ready, batch_size=1000)


SLOW = frozenset({"accounts.user", "access.team", "access.role", "sales.stage", "sales.pipeline", "sales.lossreason"})
MADE_BY_NAME = frozenset({"contacts.company", "access.team", "accounts.user", "sales.stage", "sales.lossreason"})
INTS = frozenset({"company", "person", "deal", "pipeline", "product", "price_list", "stage"})
MEMORY_SIZE = 20_000
OWN_ID = ("external_id",)
_MISSING = object()


def default_policy(column: Column) -> str:
    """Companies, teams, stages and managers come into being by being named; products and owners must be known."""
    word = getattr(column.target, "_meta", None)
    label = word.label_lower if word is not None else str(column.target)
    if column.name == "owner":
        return "error"
    return "create" if label in MADE_BY_NAME else "error"


def _tidied(resolver: Resolver, text: str) -> str:
    last = resolver.record.known_by[-1]
    return TIDY.get(last, str.strip)(text)


def _array_type(column: Any) -> str:
    kind = column.db_type(connection)
    return "bigint" if kind in ("bigint", "integer") else "date" if kind == "date" else "text" if kind.startswith(("varchar", "text")) else kind


def _nothing(column: Column) -> Any:
    if column.field is None or column.field.column is None:
        return None
    return None if column.field.column.null else ""


def _is_missing_row(fault: Exception) -> bool:
    from django.core.exceptions import ObjectDoesNotExist

    return isinstance(fault, ObjectDoesNotExist)


def _clean(value: Any) -> Any:
    """Safe for jsonb: no NUL, no lone surrogate."""
    from noren.core.base.text import clean

    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_clean(v) for v in value]
    return value
