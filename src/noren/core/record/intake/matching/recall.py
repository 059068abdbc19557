"""Knowing rows again that bear no key: a call that was noted before says the same of the same moment."""

from __future__ import annotations

from typing import Any

from django.db import connection, models

from noren.core.event.models import Fact
from noren.core.record.intake.matching.match import array_type
from noren.core.record.intake.plan import Plan
from noren.core.record.intake.tally import Parsed

USED_KEPT = 500_000


class Recall:
    """Takes rows of a file for rows that stood before the import, when all agrees that the file says of `Record.recalled_by`.

    Each row of ours is taken once: two calls of one day that read the same stay two.
    """

    def __init__(self, plan: Plan, run_id: int) -> None:
        self.model, self.run_id = plan.record.model, run_id
        named = {column.name: column for column in plan.columns}
        self.moment = plan.record.recalled_by[0]
        fields: list[Any] = [self.model._meta.get_field(n) for n in plan.record.recalled_by[1:] if n in named]
        self.texts = [
            f.attname for f in fields if isinstance(f, (models.CharField, models.TextField)) and not f.choices
        ]
        virtual = [c.virtual for c in plan.columns if c.virtual is not None and c.virtual.stored]
        self.said = [(f.attname, f, False) for f in fields]
        self.said += [(one.name, self.model._meta.get_field(one.stored), True) for one in virtual]
        self.anchors = [at for at, (_name, f, is_virtual) in enumerate(self.said) if is_virtual or f.is_relation]
        """Places among `said` of what has an index together with the moment; the first that a row names leads to it."""
        self.speaks = self.moment in named
        self.below: int | None = None
        self.used: set[int] = set()

    def _last_of_before(self) -> int:
        """The highest id that stood before this import."""
        name = f"{self.model.word()}.created"
        mine = Fact.objects.filter(batch=self.run_id, noun=self.model.word(), name=name)
        first = mine.aggregate(first=models.Min("subject_id"))["first"]
        if first is not None:
            return int(first) - 1
        every: Any = self.model.every
        return int(every.aggregate(last=models.Max("pk"))["last"] or 0)

    def find(self, rows: list[Parsed]) -> None:
        """Set `row_id` of rows that are there; what was compared is then no change."""
        if self.below is None:
            self.below = self._last_of_before()
        if not self.below or not self.speaks:
            return
        groups: dict[int, list[tuple[Parsed, list[Any]]]] = {}
        for row in rows:
            if row.row_id or row.values.get(self.moment) is None:
                continue
            parts = self._parts(row)
            anchor = next((at for at in self.anchors if parts[at] is not None), -1)
            if any(isinstance(parts[at], int) and parts[at] <= 0 for at in self.anchors):
                continue  # a trial run: what it points at is yet to be made
            groups.setdefault(anchor, []).append((row, parts))
        for anchor, asked in groups.items():
            self._ask(anchor, asked)

    def _parts(self, row: Parsed) -> list[Any]:
        """What the row says, None where it does not: then it is not compared. A row without any text says just that."""
        parts = [(row.virtual if is_virtual else row.values).get(name) for name, _field, is_virtual in self.said]
        has_text = any(row.values.get(name) for name in self.texts)
        return [
            (None if has_text else "") if value in (None, "") and name in self.texts else None if value == "" else value
            for value, (name, _field, _virtual) in zip(parts, self.said, strict=True)
        ]

    def _ask(self, anchor: int, asked: list[tuple[Parsed, list[Any]]]) -> None:
        kinds = ["timestamptz", *(array_type(field) for _name, field, _virtual in self.said), "boolean"]
        tests = [
            f't."{field.column}" = k.k{at}' if at == anchor else f'(k.k{at} IS NULL OR t."{field.column}" = k.k{at})'
            for at, (_name, field, _virtual) in enumerate(self.said)
        ]
        moment = self.model._meta.get_field(self.moment).column  # type: ignore[union-attr]
        sql = (
            f"SELECT k.at, found.id FROM unnest({', '.join(f'%s::{kind}[]' for kind in kinds)}) "
            f"WITH ORDINALITY AS k(moment, {''.join(f'k{at}, ' for at in range(len(self.said)))}claims, at), "
            f'LATERAL (SELECT t.id FROM "{self.model._meta.db_table}" t '
            f"WHERE t.{moment} >= k.moment AND t.{moment} < k.moment + interval '1 second' AND {' AND '.join(tests)} "
            f"AND (t.external_id IS NULL OR NOT k.claims) AND t.id <= %s AND t.removed_at IS NULL OFFSET 0) AS found "
            "ORDER BY k.at, found.id"
        )
        columns = list(zip(*[parts for _row, parts in asked], strict=True))
        params: list[Any] = [[row.values[self.moment] for row, _parts in asked]]
        params += [list(column) for column in columns]
        params.append([bool(row.values.get("external_id")) for row, _parts in asked])
        with connection.cursor() as cursor:
            cursor.execute(sql, [*params, self.below])
            found = cursor.fetchall()
        for at, pk in found:
            row = asked[at - 1][0]
            if row.row_id or pk in self.used:
                continue
            row.row_id = pk
            row.values.pop(self.moment)  # we may know it to the millisecond
            if len(self.used) < USED_KEPT:
                self.used.add(pk)
