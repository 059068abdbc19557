"""What people do with activities: log what happened, plan what comes next, finish it, put it off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from noren.accounts.models import User
from noren.activity.events import ActivityLogged, StepFinished, StepPlanned, StepPostponed
from noren.activity.models import Activity, Mention
from noren.activity.queries.mentions import named_in
from noren.activity.queries.reading import Step, read_step
from noren.contacts.models import Company, Person
from noren.core.access.actor import Actor
from noren.core.access.scope import fetch, noun_of
from noren.core.action.door import action, spoken_faults
from noren.core.action.plain import remove
from noren.core.base.errors import Forbidden, Invalid
from noren.core.base.model import Model
from noren.core.event.event import Event
from noren.core.event.publish import publish

OPEN_ONLY = _("This step is already finished.")


@dataclass(frozen=True, slots=True)
class With:
    """Whom or what an activity is about: any of a company, a person, and one row of another noun (a deal)."""

    company: Company | None = None
    person: Person | None = None
    about: Model | None = None

    @classmethod
    def row(cls, row: Model | None) -> With:
        """With one row of any noun that has a timeline."""
        if isinstance(row, Company):
            return cls(company=row)
        if isinstance(row, Person):
            return cls(person=row)
        return cls(about=row)

    @classmethod
    def of(cls, activity: Activity) -> With:
        """With the same as another activity."""
        about = None
        if activity.about_id:
            about = noun_of(activity.about_noun).system("the same subject").filter(pk=activity.about_id).first()
        return cls(company=activity.company, person=activity.person, about=about)


NOBODY = With()


def log_activity(
    kind: str, body: str = "", *, by: Actor, about: With = NOBODY, subject: str = "", happened_at: datetime | None = None,
    minutes: int | None = None, direction: str = "", owner: User | None = None,
) -> Activity:  # fmt: skip
    """Write down what happened: a note, call, meeting, visit or mail. Colleagues named with @ find it in their inbox."""
    if not body.strip() and not subject.strip():
        raise Invalid(text=_("Write a few words about what happened."))
    row = Activity(
        kind=kind, subject=subject, body=body, direction=direction, minutes=minutes, happened_at=happened_at or timezone.now(),
    )  # fmt: skip
    with transaction.atomic():
        _store(row, about, owner, by)
        publish(_told(row), by=by)
    return row


def plan_step(
    due_at: datetime, *, by: Actor, kind: str = "task", subject: str = "", body: str = "", about: With = NOBODY,
    is_all_day: bool = False, minutes: int | None = None, owner: User | None = None,
) -> Activity:  # fmt: skip
    """Decide the next step: a task, call, visit, meeting or mail that is still to come."""
    row = Activity(
        kind=kind, subject=subject, body=body, due_at=due_at, is_all_day=is_all_day, minutes=minutes, happened_at=due_at,
    )  # fmt: skip
    with transaction.atomic():
        _store(row, about, owner, by)
        publish(_told(row), by=by)
    return row


def write(
    text: str, *, by: Actor, kind: str = "note", about: With = NOBODY, now: datetime | None = None, with_step: bool = True,
    following: str = "",
) -> list[Activity]:  # fmt: skip
    """Keep what somebody typed into the one box: what happened, and the next step read from it.

    `kind` "task": the text is the step itself. `with_step=False`: the step that was shown is not wanted. `following`:
    the next step in a field of its own, which then decides. Gives what was made, what happened before what comes next.
    """
    moment = (now or timezone.now()).astimezone(by.zone)
    if not text.strip():
        raise Invalid(text=_("Write a few words about what happened."))
    said = read_step(text, moment, planned=kind == "task")
    if not with_step:
        said = Step("task", start_of(moment), True, None, text.strip()[:200], text, True) if kind == "task" else None
    step = following_step(following, moment) if following.strip() else said
    is_step_alone = kind == "task" or (step is said and said is not None and said.whole and kind in ("note", said.kind))
    made: list[Activity] = []
    with transaction.atomic():
        if not is_step_alone:
            made.append(log_activity(kind, text, by=by, about=about, happened_at=moment))
        if kind == "task" and said is not None:
            made.append(_plan(said, about, by, body="" if said.whole else text))
        if step is not None and not (kind == "task" and step is said):
            made.append(_plan(step, about, by))
    return made


def following_step(text: str, now: datetime) -> Step:
    """A step that somebody wrote into the field for it. A day must be named: a step without one is none."""
    step = read_step(text, now, planned=True)
    plain = read_step(text, now)
    if step is None or (
        plain is None and step.is_all_day and step.due_at.date() == now.date() and step.subject == step.source
    ):
        raise Invalid(next=_("Say when: for example “tomorrow 10:00 call” or “11/28 visit”."))
    if step.due_at < start_of(now):
        raise Invalid(next=_("This day lies in the past."))
    return step


def start_of(moment: datetime) -> datetime:
    """The first moment of the day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


@action(
    Activity, label=_("Done"), when=Activity.is_open_task, why_not=OPEN_ONLY, icon="check", tone="good",
    labels={"outcome": _("What came of it"), "done_at": _("Done at"), "following": _("Next step after this")},
)  # fmt: skip
def finish_step(
    activity: Activity, *, by: Actor, outcome: str = "", done_at: datetime | None = None, following: str = ""
) -> list[Event]:
    """Tick off a step: from now on it counts as what happened. `following` is the step after it, in words."""
    now = timezone.now()
    moment = done_at or now
    if moment > now:
        raise Invalid(done_at=_("This moment lies in the future."))
    due = activity.due_at
    activity.done_at = activity.happened_at = moment
    if outcome.strip():
        activity.body = f"{activity.body}\n{outcome}".strip()
    activity.full_clean()
    activity.save()
    call_colleagues(activity, by)
    facts: list[Event] = [StepFinished(activity.pk, kind=activity.kind, due_at=due.isoformat() if due else "")]
    if following.strip():
        _plan(following_step(following, now.astimezone(by.zone)), With.of(activity), by)
    return facts


@action(
    Activity, label=_("Postpone"), when=Activity.is_open_task, why_not=OPEN_ONLY, icon="snooze",
    labels={"due_at": _("New day")},
)  # fmt: skip
def postpone_step(activity: Activity, *, by: Actor, due_at: datetime, is_all_day: bool = False) -> StepPostponed:
    """Give a step another day or hour."""
    now = timezone.now().astimezone(by.zone)
    if due_at < (start_of(now) if is_all_day else now):
        raise Invalid(due_at=_("This moment has already passed."))
    was = activity.due_at
    activity.due_at, activity.is_all_day = due_at, is_all_day
    activity.full_clean()
    activity.save()
    return StepPostponed(activity.pk, was=was.isoformat() if was else "", due_at=due_at.isoformat())


def call_colleagues(activity: Activity, by: Actor) -> None:
    """Put the activity into the inbox of everybody its text names, once each."""
    users = [user for user in named_in(f"{activity.subject}\n{activity.body}") if user.pk != by.user_id]
    Mention.objects.bulk_create([Mention(activity=activity, user=user) for user in users], ignore_conflicts=True)


def read_mentions(ids: Iterable[int] | None, *, by: Actor, read: bool = True) -> int:
    """Mark entries of one's own inbox as read (all of them: None), or as unread again."""
    if by.user_id is None:
        return 0
    mine = Mention.objects.filter(user_id=by.user_id, read_at__isnull=read)
    if ids is not None:
        mine = mine.filter(pk__in=list(ids))
    return mine.update(read_at=timezone.now() if read else None)


def _plan(step: Step, about: With, by: Actor, body: str = "") -> Activity:
    return plan_step(
        step.due_at, by=by, kind=step.kind, subject=step.subject, body=body, about=about, is_all_day=step.is_all_day,
        minutes=step.minutes,
    )  # fmt: skip


def _store(row: Activity, about: With, owner: User | None, by: Actor) -> None:
    """Rights, subjects within reach, validity, the row itself, and whom its text names."""
    if not by.may(Activity, "create"):
        raise Forbidden
    if owner is not None and owner.pk != by.user_id and not by.may(Activity, "assign"):
        raise Invalid(owner=_("Your role does not allow giving records to somebody else."))
    row.owner_id = owner.pk if owner is not None else by.user_id
    for one in (about.company, about.person, about.about):
        if one is not None:
            fetch(type(one), by, one.pk)
    row.company, row.person = about.company, about.person
    if about.about is not None:
        row.about_noun, row.about_id = about.about.word(), about.about.pk
    with spoken_faults():
        row.settle()
        row.full_clean()
        row.save()
    call_colleagues(row, by)


def _told(row: Activity) -> ActivityLogged | StepPlanned:
    ids: dict[str, Any] = {
        "company_id": row.company_id, "person_id": row.person_id, "about_noun": row.about_noun, "about_id": row.about_id,
    }  # fmt: skip
    if row.is_next_step and row.due_at is not None:
        return StepPlanned(row.pk, kind=row.kind, due_at=row.due_at.isoformat(), **ids)
    return ActivityLogged(row.pk, kind=row.kind, **ids)


def take_back(ids: Sequence[int], *, by: Actor) -> None:
    """Undo what was just written: into the bin with it."""
    with transaction.atomic():
        for pk in sorted(ids):
            remove(fetch(Activity, by, pk, "remove"), by=by)
