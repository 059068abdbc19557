"""Answers are remembered only while nothing changes."""

from __future__ import annotations

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
