"""A run over many rows that another worker has taken further is left to it."""

from __future__ import annotations

import pytest
from tests import make

from noren.contacts.models import Company
from noren.core.action.models import BulkRun
from noren.core.job.rescue import Elsewhere
from noren.core.record import bulk


@pytest.mark.django_db
def test_a_worker_that_slept_while_another_went_on_changes_nothing() -> None:
    make.firm()
    admin = make.user("admin")
    rows = [make.company() for _ in range(3)]
    run = BulkRun.objects.create(
        noun="contacts.company", verb="edit", ids=[row.pk for row in rows], values={"note": "first"}, by=admin
    )
    asleep = BulkRun.objects.get(pk=run.pk)
    bulk.work(run=run.pk)
    Company.every.filter(pk=rows[0].pk).update(note="by hand since")

    with pytest.raises(Elsewhere):
        bulk._go(asleep, admin.actor())

    assert Company.every.get(pk=rows[0].pk).note == "by hand since"
    run.refresh_from_db()
    assert (run.state, run.position, run.changed) == ("done", 3, 3)
