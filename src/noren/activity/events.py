"""Facts about what is done with someone. Other modules may read this room and nothing above it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from noren.core.event.event import Event, event

PLAIN = tuple(f"activity.activity.{happened}" for happened in ("created", "changed", "removed", "restored"))
"""The facts that every noun tells, as they are called for activities."""


@event("activity.activity.logged", says=_("{by} logged {subject}"), icon="note")
class ActivityLogged(Event):
    kind: str
    company_id: int | None
    person_id: int | None
    about_noun: str
    about_id: int | None


@event("activity.activity.planned", says=_("{by} planned {subject}"), icon="next")
class StepPlanned(Event):
    kind: str
    due_at: str
    company_id: int | None
    person_id: int | None
    about_noun: str
    about_id: int | None


@event("activity.activity.finished", says=_("{by} finished {subject}"), icon="check")
class StepFinished(Event):
    kind: str
    due_at: str


@event("activity.activity.postponed", says=_("{by} postponed {subject}"), icon="snooze")
class StepPostponed(Event):
    was: str
    due_at: str


@event("activity.attachment.added", says=_("{by} added the file {subject}"), icon="clip")
class FileAdded(Event):
    size: int
    activity_id: int | None
    about_noun: str
    about_id: int | None


TOLD = (*PLAIN, *(one.name for one in (ActivityLogged, StepPlanned, StepFinished, StepPostponed)))
"""Every fact after which a next step or a last contact may be another one."""
