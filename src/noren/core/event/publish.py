"""Publish facts: one row per fact and, in the same transaction, one delivery job per call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from noren.core.access.actor import Actor
from noren.core.event.event import Event
from noren.core.event.models import Done, Fact
from noren.core.job.job import job, later

MAX_DEPTH = 8
_batch: ContextVar[int | None] = ContextVar("batch", default=None)


@contextmanager
def in_batch(number: int) -> Iterator[None]:
    """Mark every fact told inside as part of one piece of work, so that it can be taken back as a whole."""
    token = _batch.set(number)
    try:
        yield
    finally:
        _batch.reset(token)


Reaction = Callable[[Fact], None]
Echo = Callable[[list[Fact]], None]
ECHOES: dict[str, list[Echo]] = {}
REACTIONS: dict[str, list[tuple[str, Reaction]]] = {}
LISTENERS: list[tuple[str, Reaction]] = []


def reacts_to(*events: type[Event] | str) -> Callable[[Reaction], Reaction]:
    """Subscribe a reaction to facts. It runs in a job after commit, once in effect, in a transaction of its own."""

    def subscribe(fn: Reaction) -> Reaction:
        key = f"{fn.__module__}.{fn.__qualname__}"
        for one in events:
            name = one if isinstance(one, str) else one.name
            REACTIONS.setdefault(name, []).append((key, fn))
        return fn

    return subscribe


def echoes(*names: str) -> Callable[[Echo], Echo]:
    """Subscribe to facts inside the very transaction that tells them: only where both must be true together.

    The function gets all facts of one publish call at once, so that an import pays once per chunk.
    """

    def subscribe(fn: Echo) -> Echo:
        for name in names:
            ECHOES.setdefault(name, []).append(fn)
        return fn

    return subscribe


def hears_all(fn: Reaction) -> Reaction:
    """Subscribe to every fact (webhooks, automation, alerts)."""
    LISTENERS.append((f"{fn.__module__}.{fn.__qualname__}", fn))
    return fn


def publish(
    events: Event | Iterable[Event],
    *,
    by: Actor,
    at: datetime | None = None,
    changes: Sequence[dict[str, Any] | None] | None = None,
    cause: Fact | None = None,
    batch: int | None = None,
) -> list[Fact]:
    """Write the facts. Must run inside the transaction of what they tell of."""
    if not connection.in_atomic_block:
        raise RuntimeError("publish() belongs inside the transaction of the change")
    listed = [events] if isinstance(events, Event) else list(events)
    if not listed:
        return []
    now = timezone.now()
    depth = cause.depth + 1 if cause else 0
    facts = [
        Fact(
            name=one.name, noun=one.noun(), subject_id=one.subject, payload=one.payload(),
            changes=changes[i] if changes else None, by_id=by.user_id, via=by.via, cause=cause, depth=depth,
            batch=_batch.get() if batch is None else batch, at=at or now, recorded_at=now,
        )
        for i, one in enumerate(listed)
    ]  # fmt: skip
    Fact.objects.bulk_create(facts, batch_size=2000)
    tell_echoes(facts)
    if depth <= MAX_DEPTH and (LISTENERS or any(f.name in REACTIONS for f in facts)):
        later(deliver, first=facts[0].pk, last=facts[-1].pk, ids=[f.pk for f in facts] if len(facts) <= 500 else None)
    return facts


def tell_echoes(facts: list[Fact]) -> None:
    """Call each echo once with the facts it asked for."""
    wanted: dict[Echo, list[Fact]] = {}
    for fact in facts:
        for fn in ECHOES.get(fact.name, ()):
            wanted.setdefault(fn, []).append(fact)
    for fn, mine in wanted.items():
        fn(mine)


@job
def deliver(first: int, last: int, ids: list[int] | None = None) -> None:
    """Job: hand each fact to those who asked for it. A crash half-way is repeated; what was done is not done again."""
    facts = Fact.objects.filter(pk__in=ids) if ids is not None else Fact.objects.filter(pk__gte=first, pk__lte=last)
    for fact in facts.order_by("pk").iterator(chunk_size=500):
        for key, reaction in (*REACTIONS.get(fact.name, ()), *LISTENERS):
            with transaction.atomic():
                _row, new = Done.objects.get_or_create(fact=fact, reaction=key)
                if new:
                    reaction(fact)
