"""A person's day: what is late, what is today, what comes, what was done, and what waits for a decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, QuerySet

from noren.activity.models import Activity, Mention
from noren.activity.queries.feed import about_names
from noren.core.access.actor import Actor
from noren.core.access.scope import unseen, visible
from noren.core.base.kept import Asking, alone, ask
from noren.core.base.period import day_bounds

MOST = 100
AHEAD = timedelta(days=14)


@dataclass(slots=True)
class Day:
    """`names`: what the rows behind about_noun and about_id are called; `unsaid`: companies and people the actor may
    not see; `numbers`: fields with phone numbers that they may read."""

    day: date
    late: list[Activity] = field(default_factory=list)
    today: list[Activity] = field(default_factory=list)
    soon: list[Activity] = field(default_factory=list)
    done: list[Activity] = field(default_factory=list)
    names: dict[tuple[str, int], str] = field(default_factory=dict)
    unsaid: set[tuple[type[Any], int]] = field(default_factory=set)
    numbers: frozenset[tuple[str, str]] = frozenset()


def is_late(step: Activity, now: datetime) -> bool:
    """A day's step is late when its day has passed, an hour's when its hour has. `now` in the reader's zone."""
    if step.due_at is None:
        return False
    return step.due_at.astimezone(now.tzinfo).date() < now.date() if step.is_all_day else step.due_at < now


def day_of(actor: Actor, day: date, now: datetime) -> Day:
    """The day of the actor. `now` in their zone; what is late is told only on the present day."""
    start, end = day_bounds(day, actor.zone)
    mine = visible(Activity, actor).filter(owner_id=actor.user_id).select_related("company", "person")
    steps = list(
        mine.filter(due_at__isnull=False, done_at__isnull=True, due_at__lt=end + AHEAD).order_by("due_at", "pk")[:MOST]
    )
    made = Day(day)
    for step in steps:
        on = step.due_at.astimezone(actor.zone).date() if step.due_at else day
        if on == day and (day != now.date() or not is_late(step, now)):
            made.today.append(step)
        elif on <= day and day == now.date():
            made.late.append(step)
        elif on > day:
            made.soon.append(step)
    made.done = list(
        mine.filter(is_next_step=False, happened_at__gte=start, happened_at__lt=end).order_by("happened_at", "pk")[
            :MOST
        ]
    )
    made.names = alone(about_names([*steps, *made.done], None, actor))
    made.unsaid = unseen([*steps, *made.done], ("company", "person"), actor)
    return made


def to_do_count(actor: Actor, now: datetime) -> Asking[int]:
    """Open steps of the actor that are late or due today."""

    def mine(owner: int, end: datetime) -> QuerySet[Any]:
        rows = Activity.every.filter(owner_id=owner, due_at__lt=end, due_at__isnull=False, done_at__isnull=True)
        return rows.filter(removed_at__isnull=True).order_by().values_list("owner_id").annotate(n=Count("*"))

    found = yield [ask("to do", mine, actor.user_id or 0, day_bounds(now.date(), actor.zone)[1])]
    return sum(number for _owner, number in found[0])


def mentions_of(actor: Actor, *, unread: bool = False, limit: int = 50) -> list[Mention]:
    """Where colleagues named the actor, newest first, unread before read; only what the actor may see."""
    rows = Mention.objects.filter(user_id=actor.user_id or 0, activity__in=visible(Activity, actor))
    if unread:
        rows = rows.filter(read_at__isnull=True)
    rows = rows.select_related("activity__owner", "activity__company", "activity__person")
    return list(rows.order_by(F("read_at").desc(nulls_first=True), "-pk")[:limit])


def unread_count(actor: Actor) -> Asking[int]:
    """Unread mentions in what the actor may see."""

    def any_unread(user: int) -> QuerySet[Any]:
        return Mention.objects.filter(user_id=user, read_at__isnull=True).values_list("pk")[:1]

    found = yield [ask("any unread", any_unread, actor.user_id or 0)]
    if not found[0]:  # mostly none: look before asking who may see what
        return 0
    return Mention.objects.filter(
        user_id=actor.user_id or 0, read_at__isnull=True, activity__in=visible(Activity, actor)
    ).count()
