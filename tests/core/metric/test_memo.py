"""Answers are remembered only while nothing changes."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from tests import make

from noren.core.access.actor import HOUSE
from noren.core.metric import memo
from noren.core.metric.ask import ask


@pytest.mark.django_db(transaction=True)
def test_the_second_answer_comes_from_memory_until_something_changes() -> None:
    make.firm()
    memo.forget()
    assert ask("opened_deals", actor=HOUSE).total.value == 0
    with CaptureQueriesContext(connection) as seen:
        assert ask("opened_deals", actor=HOUSE).total.value == 0
    assert not any("deal_" in q["sql"] for q in seen)
    make.deal()
    assert ask("opened_deals", actor=HOUSE).total.value == 1


@pytest.mark.django_db(transaction=True)
def test_an_open_transaction_elsewhere_forbids_remembering() -> None:
    """It may already have taken a lower number than the newest fact, and commit later."""
    make.firm()
    memo.forget()
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("UPDATE sales_deal SET title = title")
        for _again in range(2):
            with CaptureQueriesContext(connection) as seen:
                ask("opened_deals", actor=HOUSE)
            assert any("deal_" in q["sql"] for q in seen)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_remembered_while_somebody_writes() -> None:
    make.firm()
    memo.forget()
    with transaction.atomic():
        make.deal()
        assert ask("opened_deals", actor=HOUSE).total.value == 1
        transaction.set_rollback(True)
    assert ask("opened_deals", actor=HOUSE).total.value == 0


@pytest.mark.django_db(transaction=True)
def test_a_change_by_hand_is_seen_at_once() -> None:
    """A remembered answer is not older than what somebody wrote in SQL past all doors, where cubes notice it."""
    make.firm()
    memo.forget()
    make.deal(amount=100)
    for amount in (100, 300, 7):
        with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
            other.execute("UPDATE sales_deal SET amount = %s", [amount])
        for _again in range(2):
            assert ask("pipeline_amount", actor=HOUSE).total.value == amount


@pytest.mark.django_db(transaction=True)
def test_what_a_page_asked_it_asks_in_one_trip_the_next_time() -> None:
    make.firm()
    memo.forget()

    def told() -> list[object]:
        with memo.one_moment("a page"):
            return [ask(name, actor=HOUSE).total.value for name in ("opened_deals", "pipeline_deals")]

    assert told() == [0, 0]
    make.deal()
    with CaptureQueriesContext(connection) as seen:
        assert told() == [1, 1]
    trips: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        trips.append(sql)
        return execute(sql, *rest)

    make.deal()
    with connection.execute_wrapper(note):
        assert told() == [2, 2]
    assert sum("cube_deal" in q["sql"] for q in seen) == 2
    assert not any("cube_deal" in sql for sql in trips)
