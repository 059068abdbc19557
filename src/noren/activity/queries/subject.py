"""What an activity may be about, as one word in forms and addresses: `contacts.person:5`, `sales.deal:12`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from noren.activity.models import Activity
from noren.contacts.models import Company, Person
from noren.core.access.actor import Actor
from noren.core.access.scope import fetch, nouns, unseen, visible
from noren.core.base.errors import NotFound
from noren.core.base.model import Model
from noren.core.record.declare import RECORDS
from noren.core.record.finding import find

RECENT = 6


def word_of(row: Model) -> str:
    return f"{row.word()}:{row.pk}"


def subject_of(word: str, actor: Actor) -> Model | None:
    """The row behind such a word; nothing for an empty one. NotFound for what does not exist or may not be seen."""
    if not word:
        return None
    noun, _colon, pk = word.partition(":")
    model = next((model for model in nouns() if model.word() == noun and model.has_timeline), None)
    if model is None or not pk.isascii():
        raise NotFound
    return fetch(model, actor, pk)


def notes_of(rows: Sequence[Model], actor: Actor) -> dict[str, str]:
    """What tells rows of one name apart, by their words: the company of a person or deal, where the actor may see it."""
    hidden = unseen(rows, ("company",), actor)
    return {word_of(row): _note(row, knows=(Company, getattr(row, "company_id", None)) not in hidden) for row in rows}


def _note(row: Model, *, knows: bool) -> str:
    company = getattr(row, "company", None) if knows else None
    return " ".join(filter(None, (str(company) if company else "", getattr(row, "department", ""))))


def recent(actor: Actor) -> list[Model]:
    """Whom the actor had to do with last: people first, else the company, each once."""
    rows = visible(Activity, actor).filter(owner_id=actor.user_id).order_by("-updated_at", "-pk")
    listed = rows.values_list("person_id", "company_id", "about_noun", "about_id")[:40]
    wanted: dict[tuple[str, int], None] = {}
    for person, company, noun, about in listed:
        if person:
            wanted[(Person.word(), person)] = None
        elif noun and about:
            wanted[(noun, about)] = None
        elif company:
            wanted[(Company.word(), company)] = None
    keys = list(wanted)[:RECENT]
    found: dict[tuple[str, int], Model] = {}
    for model in {RECORDS[noun].model for noun, _pk in keys if noun in RECORDS}:
        ids = [pk for noun, pk in keys if noun == model.word()]
        rows_of: QuerySet[Any] = visible(model, actor).filter(pk__in=ids)
        if any(f.name == "company" for f in model._meta.concrete_fields):
            rows_of = rows_of.select_related("company")
        found |= {(model.word(), row.pk): row for row in rows_of}
    return [found[key] for key in keys if key in found]


def search(text: str, actor: Actor) -> list[Model]:
    """People, companies, deals that the words fit."""
    records = [
        record
        for record in RECORDS.values()
        if record.model.has_timeline and record.model.searched and actor.may(record.word(), "view")
    ]
    return [hit.row for group in find(text, actor, records, limit=5) for hit in group.hits]
