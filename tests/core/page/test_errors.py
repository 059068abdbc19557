"""What people and programs are told when something is not their fault."""

from __future__ import annotations

import json

from django.db import OperationalError
from django.test import RequestFactory

from noren.core.page.errors import broken


def _answer(path: str, fault: Exception):
    try:
        raise fault
    except type(fault):
        return broken(RequestFactory().get(path))


def test_a_database_that_is_away_is_no_fault_of_the_request() -> None:
    answer = _answer("/api/v1/sales/deals", OperationalError("server closed the connection"))

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert json.loads(answer.content)["code"] == "away"


def test_pages_say_it_in_words_without_asking_the_database() -> None:
    answer = _answer("/sales/deals/", OperationalError("server closed the connection"))

    assert answer.status_code == 503
    assert "server closed" not in answer.content.decode()
    assert 'href="/sales/deals/"' in answer.content.decode()  # once more
    assert answer["Refresh"] == "10"


def test_our_own_fault_tells_nothing_of_the_inside() -> None:
    answer = _answer("/api/v1/me", ValueError("secret of the house"))

    assert answer.status_code == 500
    assert "secret" not in answer.content.decode()
