"""What somebody looks after, to be handed over when they leave."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict
from django.utils.text import capfirst

from noren.accounts.models import User
from noren.core.access.actor import Actor
from noren.core.record.declare import RECORDS
from noren.core.record.listing import narrowed
from noren.core.record.state import State


@dataclass(frozen=True, slots=True)
class Holding:
    """Rows of one noun: how many, and the list of them, where another owner can be chosen for all at once."""

    label: str
    count: int
    href: str


def holdings(user: User, actor: Actor) -> list[Holding]:
    """By noun, those that still need somebody; what is over stays with who did it."""
    found = []
    for record in RECORDS.values():
        owner = record.model.reach.owner
        if not record.pages or not owner or not actor.may(record.word(), "assign"):
            continue
        query = "&".join(filter(None, (record.alive, f"{owner}={user.pk}")))
        count = narrowed(record, actor, State.read(QueryDict(query))).count()
        if count:
            found.append(Holding(capfirst(str(record.labels())), count, f"{record.url()}?{query}"))
    return found
