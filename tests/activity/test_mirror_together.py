"""Two people at once: neither loses the other's step, and nobody waits in a circle."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from tests import make

from noren.activity.actions.activity import With, finish_step, log_activity, plan_step
from noren.activity.actions.mirror import differences
from noren.activity.models import Activity
from noren.core.access.actor import HOUSE
from noren.core.action.plain import change
from noren.sales.actions.deal import move_deal


@pytest.mark.slow
@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_many_at_once_keep_next_steps_true_and_never_lock_up() -> None:
    make.firm()
    company = make.company()
    people = [make.person(company=company) for _ in range(2)]
    deals = [make.deal(company=company, person=people[n]) for n in range(2)]
    stages = make.stages()
    wrong: list[str] = []

    def work(number: int) -> None:
        try:
            for turn in range(12):
                deal = deals[(number + turn) % 2]
                match (number + turn) % 4:
                    case 0:
                        log_activity("call", "x", by=HOUSE, about=With.row(deal))
                    case 1:
                        step = plan_step(
                            timezone.now() + timedelta(hours=number),
                            by=HOUSE,
                            subject=f"{number}",
                            about=With.row(deal),
                        )
                        if turn % 2:
                            finish_step(step, by=HOUSE)
                    case 2:
                        move_deal(deal, by=HOUSE, stage=stages[turn % len(stages)])
                    case _:
                        change(company, {"note": f"{number} {turn}"}, by=HOUSE)
        except Exception as fault:  # noqa: BLE001
            wrong.append(f"{type(fault).__name__}: {fault}")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert wrong == []
    assert Activity.every.count() > 20
    assert differences() == []


@pytest.mark.django_db(transaction=True)
def test_an_import_taken_back_takes_its_next_steps_along() -> None:
    from noren.core.event.models import Fact
    from noren.core.record.intake.undo import undo
    from noren.core.record.models import ImportRun

    make.firm()
    company = make.company()
    run = ImportRun.objects.create(noun="activity.activity", file_name="x.csv", stored="x", state="done")
    step = plan_step(timezone.now() + timedelta(days=1), by=HOUSE, subject="x", about=With.row(company))
    Fact.objects.filter(noun="activity.activity").update(batch=run.pk, name="activity.activity.created")

    undo(run, HOUSE)

    assert not Activity.every.filter(pk=step.pk).exists()
    assert differences() == []
