"""Cubes under many writers, over whole transactions, and when something went past the triggers."""

from __future__ import annotations

import os
import random
from datetime import date
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from tests import make
from tests.core.metric.cube.asked import same
from tests.core.metric.cube.writers import other, side_by_side
from tests.core.metric.world import won

from noren.config.cli import check
from noren.core.access.models import Firm
from noren.core.metric import memo
from noren.core.metric.ask import ask
from noren.core.metric.cube import keep, read
from noren.sales.models import Deal

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def test_writers_side_by_side_leave_every_cell_right() -> None:
    """Rows, their history and the bin, changed by several at once, some of it taken back, merged and made anew meanwhile."""
    make.firm()
    boss, stages = make.actor("admin"), [stage.pk for stage in make.stages()]
    pks = [make.deal(opened_on=date(2026, 9, 1 + n), amount=n).pk for n in range(6)]
    writes = (
        "UPDATE sales_deal SET amount = coalesce(amount, 0) + 1, stage_id = %(stage)s WHERE id = %(pk)s",
        "UPDATE sales_deal SET removed_at = CASE WHEN removed_at IS NULL THEN now() END WHERE id = %(pk)s",
        "UPDATE sales_deal SET opened_on = CASE WHEN opened_on IS NULL THEN date '2026-10-03' END WHERE id = %(pk)s",
        "UPDATE sales_dealspan SET to_at = now() WHERE row_id = %(pk)s AND to_at IS NULL",
        (
            "INSERT INTO sales_dealspan (row_id, from_at, recorded_at, pipeline_id, stage_id, outcome, amount)"
            " SELECT id, now(), now(), pipeline_id, %(stage)s, 'open', amount FROM sales_deal WHERE id = %(pk)s"
        ),
        "DELETE FROM sales_dealspan WHERE id = (SELECT max(id) FROM sales_dealspan WHERE row_id = %(pk)s)",
        "INSERT INTO activity_activity (kind, happened_at) VALUES ('call', now()), ('visit', now() - interval '40 days')",
    )

    def write(link: psycopg.Connection[Any], chance: random.Random) -> None:
        link.execute(chance.choice(writes), {"pk": chance.choice(pks), "stage": chance.choice(stages)})

    rounds = 200 if os.environ.get("FULL_MATRIX") == "1" else 50
    side_by_side(write, 3, rounds, ["deal_standing", "deal_waiting"])
    same([boss], random.Random(1), 10)


def test_what_went_past_the_triggers_is_found_and_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    make.firm()
    boss = make.actor("admin")
    won(make.deal(opened_on=date(2026, 9, 1), amount=100), date(2026, 10, 1))
    with other() as link:
        link.execute("ALTER TABLE sales_deal DISABLE TRIGGER USER")
        link.execute("UPDATE sales_deal SET amount = 900")
        link.execute("ALTER TABLE sales_deal ENABLE TRIGGER USER")
    assert {each.cube for each in keep.differences(everything=True)} == {"deal_closed", "deal_opened"}
    assert "deal_closed 2026-10-01 outcome=won" in str(keep.differences(everything=True)[0])
    monkeypatch.setattr(keep, "SAMPLE", 20)
    keep.look_over()
    assert keep.differences(everything=True) == []
    assert ask("revenue", actor=boss).total.value == 900


def test_a_cube_declared_otherwise_is_made_anew() -> None:
    make.firm()
    boss = make.actor("admin")
    won(make.deal(opened_on=date(2026, 9, 1), amount=100), date(2026, 10, 1))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cube_state SET mark = 'older' WHERE name = 'deal_closed'")
        cursor.execute("UPDATE cube_deal_closed_new SET t0 = 5")
    read.forget()
    assert ask("revenue", actor=boss).total.value == 100  # of the rows
    assert keep.stand_up() == ["deal_closed"]
    read.forget()
    assert ask("revenue", actor=boss).total.value == 100
    assert keep.stand_up() == []


def test_cells_of_another_declaration_are_not_taken_for_right() -> None:
    """Even when this process still believes in them."""
    make.firm()
    boss = make.actor("admin")
    won(make.deal(opened_on=date(2026, 9, 1), amount=100), date(2026, 10, 1))
    assert ask("revenue", actor=boss).total.value == 100
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cube_state SET mark = 'other' WHERE name = 'deal_closed'")
        cursor.execute("UPDATE cube_deal_closed_new SET t0 = 5")
    memo.forget()
    assert ask("revenue", actor=boss).total.value == 100
    keep.stand_up()


def test_lost_triggers_come_back() -> None:
    make.firm()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER cube_update ON sales_deal")
    assert "deal_closed" in keep.stand_up()
    assert keep.stand_up() == []


def test_another_time_zone_makes_them_anew() -> None:
    make.firm()
    boss = make.actor("admin")
    make.deal(opened_on=date(2026, 9, 1), amount=100)
    firm = Firm.objects.get()
    firm.tz = "America/New_York"
    firm.save()
    keep.follow()
    assert keep.missing() == []
    same([boss], random.Random(2), 20)
    firm.tz = "Asia/Tokyo"
    firm.save()
    keep.stand_up()


def test_emptied_tables_leave_empty_cubes() -> None:
    make.firm()
    make.deal(opened_on=date(2026, 9, 1), amount=100)
    keep.merge()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE sales_deal CASCADE")
        cursor.execute(
            "SELECT (SELECT count(*) FROM cube_deal_opened_all) + (SELECT count(*) FROM cube_deal_standing_all)"
        )
        assert cursor.fetchone()[0] == 0


def test_merging_twice_adds_nothing() -> None:
    make.firm()
    boss = make.actor("admin")
    won(make.deal(opened_on=date(2026, 9, 1), amount=100), date(2026, 10, 1))
    assert keep.merge() > 0
    assert keep.merge() == 0
    memo.forget()
    assert ask("revenue", actor=boss).total.value == 100
    with transaction.atomic():
        Deal.every.update(amount=7)
        transaction.set_rollback(True)
    assert keep.merge() == 0


def test_the_check_tells_of_differences_and_mends_them() -> None:
    make.firm()
    won(make.deal(opened_on=date(2026, 9, 1), amount=100), date(2026, 10, 1))
    assert check._numbers(mend=False) == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cube_deal_closed_new SET n = 9, t0 = 4")
    assert "deal_closed 2026-10-01 outcome=won" in check._numbers(mend=True)[0]
    assert check._numbers(mend=True) == []
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cube_state WHERE name = 'deal_closed'")
    assert "noren migrate" in check._numbers(mend=False)[0]
    assert "deal_closed" in check._numbers(mend=True)[0]
    assert check._numbers(mend=False) == []
