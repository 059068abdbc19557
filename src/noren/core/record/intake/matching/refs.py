"""References: texts of files become ids; what nobody knows is made, left blank or reported, as the plan says."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db import transaction

from noren.core.action.plain import create, plain_event
from noren.core.base.errors import Refusal
from noren.core.event.models import Fact
from noren.core.record.declare import record_of
from noren.core.record.intake.columns.spelling import fold
from noren.core.record.intake.matching.namesakes import Namesakes
from noren.core.record.intake.matching.resolve import TIDY, Resolver
from noren.core.record.intake.plan import Column, Plan
from noren.core.record.intake.tally import Parsed, Tally
from noren.core.record.intake.write import Drafts, copy_columns, insert, reserve_ids, tell_plain

UNKNOWN_KEPT = 500


class References:
    def __init__(self, plan: Plan, run_id: int, tell: Any, *, writes: bool) -> None:
        self.plan, self.run_id, self.fault, self.writes = plan, run_id, tell, writes
        self.actor = plan.actor.through("import")
        self.resolvers = {c.name: Resolver(c.target, self.actor) for c in plan.refs}
        found = {n: _namesakes(resolver) for n, resolver in self.resolvers.items()}
        self.namesakes = {n: one for n, one in found.items() if one is not None}
        """Columns that name people: of those with one name the one of the row's company is meant."""
        self.order = sorted(plan.refs, key=lambda column: column.name in self.namesakes)
        self.imagined: dict[str, dict[str, int]] = {}  # dry run: noun -> tidied name -> an id below zero
        self.own = {n for n, resolver in self.resolvers.items() if resolver.model is plan.record.model}
        """Columns that point at rows of the noun the file brings."""
        self.later: set[str] = set()
        """Those of them with names that nobody knows yet and that were left blank: their row may stand further down."""
        self.named: set[int] = set()
        """Rows of the noun the file brings that were made because others name them, and did not come themselves yet."""
        self.left: dict[int, dict[str, str]] = {}
        """Number of a row of the present chunk -> what its references say that the row cannot keep: header -> cell."""
        self.made: set[int] = set()
        """Rows made for the present chunk: nothing points at them yet."""

    def forget(self) -> None:
        for resolver in self.resolvers.values():
            resolver.forget()

    def resolve(self, rows: list[Parsed], tally: Tally) -> list[Parsed]:
        self.made.clear()
        self.left.clear()
        for column in self.order:
            if column.name in self.plan.options.several:
                for row in rows:
                    if ";" in row.cells[column.index]:
                        self._leave(row, column)
            rows = self._column(column, rows, tally)
        return rows

    def _column(self, column: Column, rows: list[Parsed], tally: Tally) -> list[Parsed]:
        resolver = self.resolvers[column.name]
        is_virtual = column.virtual is not None
        key = column.name if is_virtual else column.attname
        pairs = [(row, row.virtual if is_virtual else row.late) for row in rows]
        texts = {text for _row, values in pairs if isinstance(text := values.get(key), str)}
        if not texts:
            return rows
        resolver.look_up(texts)
        missing = sorted(t for t in texts if t not in resolver.known)
        others = self.namesakes[column.name].part(pairs, key) if column.name in self.namesakes else frozenset[int]()
        if not missing and not others:
            for _row, values in pairs:
                text = values.get(key)
                if isinstance(text, str):
                    values[key] = resolver.known[text]
            return rows
        unknown = set(missing)
        policy = self.plan.options.unknown.get(column.name, default_policy(column))
        wanted = (
            missing if policy == "create" else [t for t in missing if t in self.plan.options.make.get(column.name, ())]
        )
        made: dict[str, int] = {}
        if wanted and resolver.may_create():
            made = self._make(resolver, wanted, tally) if self.writes else self._imagine(resolver, wanted, tally)
        counter = tally.unknown.setdefault(column.name, Counter())
        left: list[Parsed] = []
        for row, values in pairs:
            text = values.get(key)
            if isinstance(text, str):
                if text in unknown and (text in counter or len(counter) < UNKNOWN_KEPT):
                    counter[text] += 1
                pk = None if row.number in others else resolver.known.get(text) or made.get(text)
                if pk is not None:
                    values[key] = pk
                elif policy == "blank":
                    values.pop(key)
                    row.is_ready = False  # judged with the reference it has no longer
                    tally.blanked[column.name] += 1
                    self._leave(row, column)
                    if column.name in self.own:
                        self.later.add(column.name)
                else:
                    self.fault(row.number, row.cells, column.header, "unknown_reference", {"value": text[:80]})
                    continue
            left.append(row)
        return left

    def _leave(self, row: Parsed, column: Column) -> None:
        if self.writes:
            self.left.setdefault(row.number, {})[column.header] = row.cells[column.index]

    def _imagine(self, resolver: Resolver, texts: list[str], tally: Tally) -> dict[str, int]:
        word = resolver.record.word()
        known = self.imagined.setdefault(word, {})
        found = {}
        for text in texts:
            key = _tidied(resolver, text)
            if not key:
                continue
            if key not in known:
                known[key] = -len(known) - 1
                tally.made[word] += 1
            found[text] = known[key]
        return found

    def _make(self, resolver: Resolver, texts: list[str], tally: Tally) -> dict[str, int]:
        by_key: dict[str, list[str]] = {}
        for text in texts:
            by_key.setdefault(_tidied(resolver, text), []).append(text)
        groups = [g for k, g in by_key.items() if k]
        if resolver.record.one_by_one or len(groups) <= 20:
            self._make_one_by_one(resolver, groups, tally)
        else:
            self._make_at_once(resolver, groups, tally)
        return {text: resolver.known[text] for text in texts if text in resolver.known}

    def _make_one_by_one(self, resolver: Resolver, groups: list[list[str]], tally: Tally) -> None:
        word = resolver.record.word()
        for group in groups:
            try:
                with transaction.atomic():
                    row = create(resolver.model, resolver.record.from_name(group[0]), by=self.actor)
                    Fact.objects.filter(noun=word, subject_id=row.pk, batch__isnull=True).update(batch=self.run_id)
            except Refusal:
                continue
            self._note(resolver, row.pk)
            for text in group:
                resolver.learn(text, row)
            tally.made[word] += 1

    def _note(self, resolver: Resolver, pk: int) -> None:
        self.made.add(pk)
        if resolver.model is self.plan.record.model:
            self.named.add(pk)

    def _make_at_once(self, resolver: Resolver, groups: list[list[str]], tally: Tally) -> None:
        model, drafts = resolver.model, Drafts(resolver.model)
        owner = f"{model.reach.owner}_id" if model.reach.owner else "id"
        made = []
        for pk, group in zip(reserve_ids(model, len(groups)), groups, strict=True):
            values = {"id": pk, **resolver.record.from_name(group[0])}
            if owner != "id":
                values[owner] = self.actor.user_id
            draft = drafts.make(values)
            draft.settle()
            made.append(draft)
            self._note(resolver, pk)
            for text in group:
                resolver.known[text] = pk
        insert(model, made, copy_columns(model, [*resolver.record.from_name("x"), owner]))
        tell_plain(plain_event(model, "created"), [d.id for d in made], by=self.actor, batch=self.run_id)
        tally.made[resolver.record.word()] += len(made)


def _namesakes(resolver: Resolver) -> Namesakes | None:
    name = resolver.record.known_by[-1] if resolver.record.known_by else ""
    key = next((k for k in resolver.record.keys if len(k) == 2 and k[0] == name), None)
    return Namesakes(resolver, *key) if key and resolver.model.column(key[1]).is_relation else None


def default_policy(column: Column) -> str:
    """Companies, teams, stages and managers come into being by being named; products and owners must be known. Who is not
    known and may be missing (the contact person of a deal) is left blank, and told; so is a key of another program
    (AccountId), which names nothing that could be made."""
    if column.name == "owner" or not column.target:
        return "error"
    may_miss = column.field is not None and column.field.column is not None and column.field.column.null
    made_by_name = record_of(column.target).made_by_name
    if may_miss and (not made_by_name or fold(column.header).endswith("id")):
        return "blank"
    return "create" if made_by_name else "error"


def _tidied(resolver: Resolver, text: str) -> str:
    last = resolver.record.known_by[-1]
    return TIDY.get(last, str.strip)(text)
