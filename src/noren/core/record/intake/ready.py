"""What can be said of a new row before the database is asked: completed, settled, judged and put into the words of COPY."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from noren.core.record.declare import Record
from noren.core.record.intake.plan import FULL, BadCell, Plan
from noren.core.record.intake.write import Drafts, Lines, copy_columns, search_entry

NAMES = ("family_name", "given_name", "family_kana", "given_kana")
Ready = tuple[str, bytes]
"""The row's own cells as a line of COPY, without those that are known late, and its search entry."""


class Preparer:
    """Makes drafts of a plan's new rows and their lines. Known late: the id, and what references point at."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.record, self.model = plan, plan.record, plan.record.model
        self.drafts = Drafts(self.model)
        self.memo: dict[Any, Any] = {}
        owner = self.model.reach.owner
        own = owner and "__" not in owner and owner in {f.name for f in self.model._meta.concrete_fields}
        self.owner = f"{owner}_id" if own else ""
        self.completes = overridden(self.record, "complete")
        self.required: list[Any] = [
            c for c in self.model._meta.concrete_fields
            if not c.blank and not c.null and c.editable and not c.primary_key and not c.has_default()
        ]  # fmt: skip
        self.given = plan.options.owner or plan.actor.user_id
        """Who owns a new row when the file does not say."""
        columns = copy_columns(self.model, self._named())
        self.references = [c.attname for c in plan.refs if c.virtual is None]
        late = {"id", *self.references}
        self.late = [c for c in columns if c.attname in late]
        self.late.sort(key=lambda column: not column.primary_key)
        self.lines = Lines([c for c in columns if c.attname not in late])
        self.in_time = (
            self.model.alone
            and not self.model.kept
            and not self.record.one_by_one
            and not overridden(self.record, "arrive")
            and not overridden(self.record, "arrived")
        )
        """Whether rows can be made ready before their references are known."""

    def _named(self) -> set[str]:
        """Columns that new rows may fill."""
        named = {c.attname for c in self.plan.columns if c.virtual is None and not c.name.startswith("extra.")}
        if self.owner:
            named.add(self.owner)
        if any(c.name.startswith("extra.") for c in self.plan.columns):
            named.add("extra")
        if any(c.name in FULL for c in self.plan.columns):
            named.update(NAMES)
        named.update(self.model.column(n).attname for n in self.record.history)
        named.update(n for n in self.record.completed if n in self.drafts.template)
        return named

    def settled(self, draft: Any) -> None:
        """Settle a row and ask it and its required columns whether it may be stored. ValidationError or BadCell: no."""
        draft.settle()
        draft.clean()
        inner = draft.__dict__
        for column in self.required:
            if inner[column.attname] in (None, ""):
                raise BadCell("required", field=str(column.verbose_name))

    def said(self, draft: Any) -> Ready:
        if not self.model.searched:
            return self.lines.text(draft), b""
        draft.said = draft.search_text()
        return self.lines.text(draft), search_entry(draft)

    def early(self, values: dict[str, Any]) -> Ready:
        """The words for a row that may turn out to be new; no line when it had better be looked at with its references."""
        try:
            if self.completes:
                values = values.copy()  # a row that is there already is not completed
                self.record.complete(values, self.memo)
            draft = self.drafts.make(values)
            if self.owner and draft.__dict__[self.owner] is None:
                draft.__dict__[self.owner] = self.given
            self.settled(draft)
        except (ValidationError, BadCell):
            return "", b""
        return self.said(draft)


def overridden(record: type[Record], hook: str) -> bool:
    return getattr(record, hook).__func__ is not getattr(Record, hook).__func__
