"""Rows by the import they came with or were changed by: a filter like any other (`import=12`), for every noun."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import Actor
from noren.core.event.models import Fact
from noren.core.filter.vocabulary import Term
from noren.core.record.models import ImportRun

NAME = "import"
OFFERED = 50


class Runs(Sequence[tuple[str, str]]):
    """The latest imports of a noun as choices (own ones; administrators see all), read when somebody looks at them."""

    def __init__(self, noun: str, actor: Actor) -> None:
        self.noun, self.actor = noun, actor
        self._found: list[tuple[str, str]] | None = None

    def _read(self) -> list[tuple[str, str]]:
        if self._found is None:
            runs = ImportRun.objects.filter(started_at__isnull=False).exclude(state="undone").order_by("-id")
            named = Q(counts__made__has_key=self.noun) | Q(counts__filled__has_key=self.noun)
            runs = runs.filter(Q(noun=self.noun) | named)
            if not self.actor.is_admin:
                runs = runs.filter(by_id=self.actor.user_id)
            self._found = [(str(run.pk), _named(run, self.actor)) for run in runs[:OFFERED]]
        return self._found

    def __len__(self) -> int:
        return len(self._read())

    def __getitem__(self, at: Any) -> Any:
        return self._read()[at]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._read())


def _named(run: ImportRun, actor: Actor) -> str:
    day = (run.started_at or run.created_at).astimezone(actor.zone)
    return f"{run.file_name} ({date_format(day, 'SHORT_DATE_FORMAT')}, {run.pk})"


def import_term(noun: str, actor: Actor) -> Term:
    """The filter “came with import”."""

    def within(values: tuple[int, ...] | None) -> Q:
        facts = Fact.objects.filter(noun=noun, name__in=(f"{noun}.created", f"{noun}.changed"))
        facts = facts.filter(batch__in=values) if values is not None else facts.filter(batch__gt=0)
        return Q(pk__in=facts.values("subject_id"))

    return Term(NAME, "pk", "choice", _("Import"), choices=Runs(noun, actor), within=within)
