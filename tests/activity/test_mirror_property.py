"""Whatever is done to activities in whatever order, what stands beside companies, people and deals stays true."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import make

from noren.activity.actions.activity import With, finish_step, log_activity, plan_step, postpone_step
from noren.activity.actions.mirror import differences
from noren.activity.models import Activity
from noren.contacts.models import Company, Person
from noren.core.access.actor import HOUSE
from noren.core.action.plain import change, create, plain_event, remove, restore
from noren.core.base.errors import Refusal
from noren.core.event.publish import publish
from noren.sales.models import Deal

START = datetime(2026, 11, 20, 9, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
Step = tuple[str, int, int, int]

steps = st.lists(
    st.tuples(
        st.sampled_from(["log", "plan", "create", "finish", "postpone", "person", "company", "due", "kind", "remove", "restore", "bulk", "deal"]),
        st.integers(0, 5), st.integers(0, 6), st.integers(-3, 40),
    ),
    min_size=1, max_size=9,
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.django_db(transaction=False)
@given(steps)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_actions_keeps_next_step_and_last_contact_true(taken: list[Step]) -> None:
    Activity.every.all().delete()
    if not Company.every.exists():
        make.firm()
        first = make.company()
        make.company()
        make.person(company=first)
        make.person()
        make.deal(company=first)
        make.deal()
    for model in (Company, Person, Deal):
        model.every.update(next_step="", next_step_at=None, last_touch_at=None)
    subjects = [*Company.every.order_by("pk"), *Person.every.order_by("pk"), *Deal.every.order_by("pk"), None]

    for verb, which, subject, days in taken:
        try:
            act(verb, which, subjects[subject], START + timedelta(days=days))
        except Refusal:
            continue

    assert differences() == []
    assert set(Company.every.values_list("version", flat=True)) | set(
        Person.every.values_list("version", flat=True)
    ) == {1}


def act(verb: str, which: int, subject: Any, at: datetime) -> None:
    rows = list(Activity.every.order_by("pk"))
    row = rows[which % len(rows)] if rows else None
    kind = ("note", "call", "visit", "meeting", "mail", "task")[which]
    if verb == "log":
        log_activity(kind, "x", by=HOUSE, about=With.row(subject), happened_at=at)
    elif verb == "plan":
        plan_step(at, by=HOUSE, kind=kind, subject=kind, about=With.row(subject))
    elif verb == "create":
        create(
            Activity,
            {"kind": kind, "subject": "y", "due_at": at if which % 2 else None, "company": Company.every.first()},
            by=HOUSE,
        )
    elif verb == "bulk":
        made = Activity.every.bulk_create(
            [
                Activity(
                    kind=kind, subject="z", happened_at=at, company=Company.every.last(), person=Person.every.first()
                )
                for _ in range(3)
            ]
        )
        publish([plain_event(Activity, "created")(one.pk) for one in made], by=HOUSE)
    elif row is None:
        return
    elif verb == "finish":
        finish_step(row, by=HOUSE, following="明日10時 電話" if which % 2 else "")
    elif verb == "postpone":
        postpone_step(row, by=HOUSE, due_at=at)
    elif verb == "remove":
        remove(row, by=HOUSE)
    elif verb == "restore":
        restore(Activity, row.pk, by=HOUSE)
    elif verb == "deal":
        change(Deal.every.first(), {"company": Company.every.order_by("pk")[which % 2].pk}, by=HOUSE)
    else:
        values: dict[str, Any] = {
            "person": {"person": Person.every.order_by("pk")[which % 2].pk if which else None},
            "company": {"company": Company.every.order_by("pk")[which % 2].pk if which else None},
            "due": {"due_at": at if which else None},
            "kind": {"kind": kind},
        }[verb]
        change(row, values, by=HOUSE)
