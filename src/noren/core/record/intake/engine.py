"""The import itself: parse and fold in Python, match natural keys with one query per key and chunk, COPY what is new,
one update for what is known, facts by the database; a chunk is a transaction that also remembers how far it got.

Killed in the middle it goes on behind the last chunk. With `writes=False` it is the dry run: the same without writing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from noren.core.base.search import entry_model
from noren.core.job.rescue import Elsewhere
from noren.core.record.declare import record_of
from noren.core.record.intake.aside import batches
from noren.core.record.intake.beside import Beside
from noren.core.record.intake.later import Later
from noren.core.record.intake.matching.match import Key, Matcher
from noren.core.record.intake.matching.recall import Recall
from noren.core.record.intake.matching.refs import References
from noren.core.record.intake.merge import Merger, clean_json
from noren.core.record.intake.parse import Parser
from noren.core.record.intake.plan import BadCell, Plan
from noren.core.record.intake.ready import Preparer, overridden
from noren.core.record.intake.table.read import Table
from noren.core.record.intake.tally import Batch, Parsed, Tally
from noren.core.record.intake.write import take_turns
from noren.core.record.models import ImportFault, ImportRun

FAULTS_KEPT = 10_000  # faults stored in full per run; beyond that they are only counted
REFUSED = (IntegrityError, DataError, psycopg.IntegrityError, psycopg.DataError)  # a COPY speaks without Django between
SETTLED = 1_000  # new rows from which tables are tidied up behind an import
SEEN_KEPT = 400_000  # keys of new rows that a dry run remembers, so that it counts twins as the real run will


class Engine:
    """One pass over a table."""

    def __init__(self, plan: Plan, table: Table, run: ImportRun, *, writes: bool) -> None:
        self.plan, self.table, self.run, self.writes = plan, table, run, writes
        self.record, self.model = plan.record, plan.record.model
        self.tally = Tally.from_json(run.counts) if writes and run.position else Tally()
        self.faults: list[ImportFault] = []
        self.preparer = Preparer(plan)
        self.matcher = Matcher(self.record, {c.name for c in plan.columns})
        self.recall = Recall(plan, run.pk) if self.record.recalled_by else None
        self.parser = Parser(plan, table, self.preparer, self.matcher.keys)
        self.references = References(plan, run.pk, self.fault, writes=writes)
        used = {c.index for c in plan.columns}
        leftover = {header: at for at, header in enumerate(table.header) if at not in used} if writes else {}
        self.merger = Merger(plan, run.pk, self.references, self.preparer, self.fault, leftover, writes=writes)
        self.beside = Beside(plan, run.pk, self.merger, writes=writes)
        self.later = Later(self.references, self.matcher, self.merger, self.tally)
        self.arrives = overridden(self.record, "arrive")
        self.seen: set[int] = set()
        self.wants_stop = False
        self.done = 0  # bytes of the file that are dealt with

    # -- the pass ------------------------------------------------------------------------------------------------
    def go(self, progress: Callable[[int, int], bool] | None = None) -> Tally:
        """Work through the table from where the run stands. `progress(bytes done, size)` False: stop after the chunk.

        Reading the next chunk and writing the present one overlap: a large file is read by a process of its own.
        """
        after = self.run.position if self.writes else 0
        with batches(lambda: self.parser.batches(after=after), self.table.size) as source:
            for batch in source:
                self.done = batch.done
                self.take(batch)
                if self.wants_stop or (progress and progress(batch.done, self.table.size) is False):
                    self.run.state = "cancelled"
                    break
        self.keep_faults()
        if not self.writes:
            self.later.reckon()
        elif self.run.state != "cancelled" and (names := self.run.report.get("later")):
            self.later.follow(names, self.parser.batches(after=0), self._ready)
        if self.writes and self.tally.created > SETTLED:
            self._settle()
        return self.tally

    def _settle(self) -> None:
        """Leave the tables as the next question wants them: no long list of grams to wade through, and numbers that know
        of the new rows."""
        nouns = {self.model, *(record_of(word).model for word, count in self.tally.made.items() if count > SETTLED)}
        for model in sorted(nouns, key=lambda model: model._meta.db_table):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout TO 0")
                if model.searched:
                    for index in entry_model(model)._meta.indexes:
                        cursor.execute("SELECT gin_clean_pending_list(%s::regclass)", [index.name])
                cursor.execute(f'ANALYZE "{model._meta.db_table}"')

    def take(self, batch: Batch) -> None:
        """Work one batch off; what could not be read is counted now, together with what could."""
        self.tally.warned += batch.warned
        for number, cells, column, code, params in batch.faults:
            self.fault(number, cells, column, code, params)
        rows = batch.rows()
        if self.arrives:
            rows = [row for row in rows if self._arrives(row)]
        if rows:
            self.chunk(rows, batch, batch.last)
        else:
            with transaction.atomic():
                self.mark(batch.last)

    def _arrives(self, row: Parsed) -> bool:
        try:
            self.record.arrive(row.values)
        except BadCell as fault:
            self.fault(row.number, row.cells, "", fault.code, fault.params)
            return False
        return True

    # -- one chunk -----------------------------------------------------------------------------------------------
    def chunk(self, rows: list[Parsed], batch: Batch, last: int) -> None:
        """Work rows off in one transaction. If the database refuses, halve until the row at fault stands alone."""
        counts, faults, position = self.tally.mark(), list(self.faults), self.run.position
        try:
            with transaction.atomic():
                self._ready()
                self.work(rows, batch)
                self.mark(last)
        except REFUSED as fault:
            self.tally.back_to(counts)
            self.faults, self.run.position = faults, position
            self.references.forget()
            if self.recall is not None:
                self.recall.used.difference_update(row.row_id for row in rows)
            if len(rows) == 1:
                self.fault(rows[0].number, rows[0].cells, "", *_reason(fault))
                with transaction.atomic():
                    self.mark(last)
                return
            for row in rows:
                row.reset()
                if self.arrives:
                    self.record.arrive(row.values)
            middle = len(rows) // 2
            self.chunk(rows[:middle], batch, rows[middle - 1].number)
            self.chunk(rows[middle:], batch, last)

    def _ready(self) -> None:
        """What holds for this transaction alone: no time limit, look-ups by index though the numbers are out of date,
        and a commit that does not wait for the disk: rows and position are lost or kept together, so a run that is
        carried on misses nothing, and the last word (“done”) is an ordinary commit behind them all."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', '0', true), set_config('synchronous_commit', 'off', true), "
                "set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true), "
                "set_config('work_mem', '64MB', true), set_config('gin_pending_list_limit', '65536', true)"
            )
        if self.writes:
            take_turns()

    def mark(self, number: int) -> None:
        """How far we are, committed together with the rows. Whoever finds that somebody else moved on stops."""
        if not self.writes:
            return
        self.keep_faults()
        before, self.run.position = self.run.position, number
        self.run.counts, self.run.beat_at = self.tally.as_json(), timezone.now()
        self.run.report = {**self.run.report, "done": self.done, "size": self.table.size}
        if self.references.later:
            self.run.report["later"] = sorted({*self.run.report.get("later", ()), *self.references.later})
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {ImportRun._meta.db_table} SET position = %s, counts = %s, beat_at = %s, report = %s "
                "WHERE id = %s AND position = %s RETURNING wants_stop",
                [
                    number,
                    json.dumps(self.run.counts),
                    self.run.beat_at,
                    json.dumps(self.run.report),
                    self.run.pk,
                    before,
                ],
            )
            row = cursor.fetchone()
        if row is None:
            raise Elsewhere(f"import {self.run.pk} is no longer at row {before}")
        self.wants_stop = row[0]

    def work(self, rows: list[Parsed], batch: Batch) -> None:
        rows = self.references.resolve(rows, self.tally)
        fresh, known = self.match(rows, batch)
        if fresh:
            self.merger.create(fresh, batch, self.tally)
        if known:
            self.merger.update(known, self.tally)
            if self.writes:
                self.merger.keep_leftovers([row for row in known if row.stands])
        self.beside.go(fresh, known, self.tally)

    def match(self, rows: list[Parsed], batch: Batch) -> tuple[list[Parsed], list[Parsed]]:
        """Part the rows into new ones and those that are there already; twins within the file become one."""
        on_match = self.plan.options.on_match
        if on_match == "create":
            return rows, []
        columns = self.matcher.columns(rows, batch)
        if not self.writes and self.later.names:
            self.later.hear(columns)
        self.matcher.find(rows, columns, self.references.made)
        if self.recall is not None:
            self.recall.find(rows)
        known = [row for row in rows if row.row_id]
        if on_match == "skip":
            self.tally.skipped += len(known)
            known = []
        if self.writes and all(map(_all_differ, columns)):
            return [row for row in rows if not row.row_id], known
        fresh: list[Parsed] = []
        first: dict[Any, Parsed] = {}
        for row, *keys in zip(rows, *columns, strict=True):
            if row.row_id:
                continue
            mine = self.matcher.speaking(keys)
            twin = next((first[k] for k in mine if k in first), None)
            if twin is not None or (self.seen and any(hash(k) in self.seen for k in mine)):
                self._twin(row, twin)
                continue
            for key in mine:
                first[key] = row
            fresh.append(row)
        if not self.writes and len(self.seen) < SEEN_KEPT:
            self.seen.update(map(hash, first))
        return fresh, known

    def _twin(self, row: Parsed, twin: Parsed | None) -> None:
        """The same thing twice in one file: the later row completes the first."""
        if self.plan.options.on_match == "skip":
            self.tally.skipped += 1
            return
        if twin is not None:
            twin.values.update({k: v for k, v in row.values.items() if v not in (None, "")})
            twin.virtual.update(row.virtual)
            twin.is_ready = False
        self.tally.updated += 1

    # -- faults --------------------------------------------------------------------------------------------------
    def fault(self, number: int, cells: Sequence[str], column: str, code: str, params: dict[str, Any]) -> None:
        self.tally.failed += 1
        if self.tally.failed <= FAULTS_KEPT:
            safe = {k: v if isinstance(v, (str, int)) else str(v) for k, v in params.items()}
            self.faults.append(
                ImportFault(
                    run_id=self.run.pk,
                    number=number,
                    column=column[:255],
                    code=code,
                    params=clean_json(safe),
                    cells=clean_json(list(cells)),
                )
            )

    def keep_faults(self) -> None:
        if self.faults:
            ready, self.faults = self.faults, []
            ImportFault.objects.bulk_create(ready, batch_size=1000)


def _all_differ(keys: list[Key | None]) -> bool:
    said = [key for key in keys if key is not None]
    return len(set(said)) == len(said)


def _reason(fault: Exception) -> tuple[str, dict[str, Any]]:
    """What the database minded, as code and parameters of a sentence."""
    text = str(fault).split("\n")[0]
    if "external_id" in text:
        return "id_taken", {}
    return "database", {"reason": text[:200]}
