"""What was done with customers, what comes next, who was asked for help, and a file."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from noren.activity.actions.file import attach_file
from noren.activity.actions.mirror import mirror_all
from noren.activity.events import ActivityLogged, StepPlanned
from noren.activity.models import Activity, Mention
from noren.core.record.intake.write import Drafts, reserve_ids
from noren.demo.customers import write
from noren.demo.days import Clock
from noren.demo.ground import MANAGER, SUPPORT, Ground
from noren.demo.selling import Sold, Told

WITH_DEALS, BESIDE = 1750, 700  # about so many activities
RHYTHM = ("call", "mail", "visit", "meeting", "call", "mail", "note", "visit", "meeting", "mail")
LENGTH = {"call": (5, 10, 15, 20), "visit": (60, 90, 120), "meeting": (30, 45, 60)}
LATE, TODAY, NONE, LATE_TOO = 0, 1, 2, 5  # of each seller's open deals in turn, the ones with such a next step


def talk(ground: Ground, clock: Clock, firms: list[Any], persons: list[Any], sold: Sold) -> list[Told]:
    """Write activities, next steps, mentions and a file; gives their facts."""
    told: list[Told] = []
    past = [*_about_deals(ground, clock, sold), *_beside(ground, clock, firms, persons)]
    ahead = _next_steps(ground, clock, sold)
    drafts = Drafts(Activity)
    rows = []
    for pk, (values, owner) in zip(reserve_ids(Activity, len(past) + len(ahead)), [*past, *ahead], strict=True):
        row = drafts.make({"id": pk, **values, "owner_id": owner.pk}, {"owner": owner})
        rows.append(row)
        about = {
            "about_noun": row.about_noun,
            "about_id": row.about_id,
            "company_id": row.company_id,
            "person_id": row.person_id,
        }
        if row.due_at is None:
            told.append((ActivityLogged(pk, kind=row.kind, **about), row.happened_at, owner))
        else:
            planned = StepPlanned(pk, kind=row.kind, due_at=row.due_at.isoformat(), **about)
            told.append((planned, row.created_at, owner))
    write(Activity, rows)
    _mentions(ground, clock, sold)
    mirror_all()
    name, text = ground.words.file
    deal = next(one for one in sold.deals if one.outcome == "open" and one.stage.position == 2)
    attach_file(name, [text.encode()], by=deal.owner.actor(), to=deal)
    return told


def _past(kind: str, at: datetime, ground: Ground, clock: Clock, **about: Any) -> dict[str, Any]:
    subject, body = clock.chance.choice(ground.words.notes[kind])
    minutes = clock.chance.choice(LENGTH[kind]) if kind in LENGTH else None
    direction = ("out", "out", "in")[clock.chance.randrange(3)] if kind in ("call", "mail") else ""
    return {
        "kind": kind, "subject": subject, "body": body, "direction": direction, "minutes": minutes, "happened_at": at,
        "due_at": None, "done_at": None, "is_all_day": False, "is_next_step": False, "created_at": at, "updated_at": at,
        "company_id": None, "person_id": None, "about_noun": "", "about_id": None, **about,
    }  # fmt: skip


def _about_deals(ground: Ground, clock: Clock, sold: Sold) -> list[tuple[dict[str, Any], Any]]:
    found = []
    share = WITH_DEALS / sum(len(moments) for moments in sold.moves.values())
    owed = 0.0
    for deal in sold.deals:
        about = {
            "about_noun": "sales.deal",
            "about_id": deal.id,
            "company_id": deal.company_id,
            "person_id": deal.person_id,
        }
        owed += share * len(sold.moves[deal.id])
        count, owed = int(owed), owed - int(owed)
        until = deal.closed_on or clock.today
        days = max((until - deal.opened_on).days, 1)
        for n in range(count):
            day = clock.work(
                deal.opened_on + timedelta(days=days * n // count + clock.chance.randint(0, max(days // count - 1, 0)))
            )
            day = max(day, deal.opened_on)
            kind = "call" if n == 0 and deal.id % 2 else RHYTHM[(n + deal.id) % len(RHYTHM)]
            found.append((_past(kind, clock.at(day), ground, clock, **about), deal.owner))
    return found


def _beside(ground: Ground, clock: Clock, firms: list[Any], persons: list[Any]) -> list[tuple[dict[str, Any], Any]]:
    """Visits, thanks and help without a deal."""
    found = []
    for _ in range(BESIDE):
        person = clock.chance.choice(persons)
        firm = person.company
        begun = person.created_at.date()
        day = clock.work(begun + timedelta(days=int((clock.today - begun).days * clock.chance.random() ** 0.8)))
        if (firm.id * 7) % 9 == 0:  # long not heard of
            day = min(day, clock.work(max(begun, clock.today - timedelta(days=160))))
        owner = ground.users[SUPPORT] if clock.chance.random() < 0.25 else firm.owner
        kind = clock.chance.choice(("call", "mail", "visit", "note", "call"))
        found.append((_past(kind, clock.at(day), ground, clock, company_id=firm.id, person_id=person.id), owner))
    return found


def _next_steps(ground: Ground, clock: Clock, sold: Sold) -> list[tuple[dict[str, Any], Any]]:
    """One for nearly every open deal: some late, some due today, most ahead; and what the house itself has to do."""
    found = []
    turns: dict[int, int] = {}
    for deal in (one for one in sold.deals if one.outcome == "open"):
        turn = turns[deal.owner_id] = turns.get(deal.owner_id, -1) + 1
        if turn == NONE:
            continue
        if turn in (LATE, LATE_TOO):
            day, hour = clock.work(clock.today - timedelta(days=clock.chance.randint(1, 6))), None
        elif turn == TODAY:
            day, hour = clock.today, None
        else:
            day, hour = clock.today + timedelta(days=clock.chance.randint(1, 14)), clock.chance.randint(9, 17)
            day = clock.work(day) if clock.work(day) > clock.today else day
        day = max(day, deal.opened_on)
        kind, subject = ground.words.steps[(deal.id + turn) % len(ground.words.steps)]
        step = _step(kind, subject, day, hour, clock, deal.stage_since + timedelta(minutes=20))
        step |= {
            "about_noun": "sales.deal",
            "about_id": deal.id,
            "company_id": deal.company_id,
            "person_id": deal.person_id,
        }
        found.append((step, deal.owner))
    for n, place in enumerate((MANAGER, SUPPORT, SUPPORT, 2, 5, 0)):
        kind, subject = ground.words.steps[(n * 3 + 4) % len(ground.words.steps)]
        day = clock.today + timedelta(days=(0, -2, 0, 0, 1, 3)[n])
        made = clock.moment(clock.work(clock.today - timedelta(days=5)), 9, 10 + n)
        found.append((_step("task", subject, day, None, clock, made), ground.users[place]))
    return found


def _step(kind: str, subject: str, day: Any, hour: int | None, clock: Clock, made: datetime) -> dict[str, Any]:
    due = datetime.combine(day, time(hour or 0), clock.zone)
    made = min(made, due if hour is not None else due + timedelta(hours=16), clock.now)
    return {
        "kind": kind, "subject": subject, "body": "", "direction": "", "minutes": None, "happened_at": due, "due_at": due,
        "done_at": None, "is_all_day": hour is None, "is_next_step": True, "created_at": made, "updated_at": made,
        "company_id": None, "person_id": None, "about_noun": "", "about_id": None,
    }  # fmt: skip


def _mentions(ground: Ground, clock: Clock, sold: Sold) -> None:
    """Notes that ask a colleague: the newest are unread."""
    living = [deal for deal in sold.deals if deal.outcome == "open"]
    for n, (place, text) in enumerate(ground.words.mentions):
        deal = living[n * 5 % len(living)]
        asker = ground.users[MANAGER if place != MANAGER else 2]
        night = clock.now.hour < 10  # nobody has written anything today
        at = clock.at(clock.work(clock.today - timedelta(days=n // 2 + night)))
        row = Activity(
            kind="note", body=text, happened_at=at, created_at=at, updated_at=at, about_noun="sales.deal", about_id=deal.id,
            company_id=deal.company_id, person_id=deal.person_id, owner=asker,
        )  # fmt: skip
        row.save()
        Mention.objects.create(activity=row, user=ground.users[place], read_at=None if n != 1 else clock.now)
