"""Home, forecast and the pages of numbers."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from tests import make
from tests.core.metric.world import World, build

from noren.accounts.models import User
from noren.core.metric.answer import Cell
from noren.core.metric.declare import METRICS
from noren.core.page.numbers.tiles import tile


@pytest.fixture(scope="module")
def built(module_rows: None) -> World:
    return build()


@pytest.fixture
def world(built: World, db: None) -> World:
    return deepcopy(built)


def logged_in(world: World, who: str = "boss") -> Client:
    client = Client()
    client.force_login(User.every.get(pk=getattr(world, who).user_id))
    return client


def test_home_tells_how_things_stand(world: World) -> None:
    text = logged_in(world).get("/?period=FY2026&compare=year").content.decode()
    for part in ("kpi", "attn", "/metrics/revenue/", "/metrics/win_rate_count/", "next_step_at__empty=1"):
        assert part in text


def test_home_asks_as_many_questions_for_few_deals_as_for_many(world: World) -> None:
    client = logged_in(world)
    client.get("/")

    def queries() -> tuple[int, int]:
        """How many, and how many of them go out one by one."""
        alone: list[str] = []

        def note(execute: Any, sql: str, *rest: Any) -> Any:
            alone.append(sql)
            return execute(sql, *rest)

        with CaptureQueriesContext(connection) as seen, connection.execute_wrapper(note):
            assert client.get("/").status_code == 200
        return len(seen), len(alone)

    def with_more(deals: int) -> tuple[int, int]:
        for _n in range(deals):
            make.deal(owner=world.seller.user_id, amount=10)
        return queries()

    # Twice each: one question more is asked when a second has passed.
    few = min(with_more(1), with_more(1))
    assert min(with_more(6), with_more(6)) == few
    assert few[0] <= 14
    assert few[1] <= 6


@pytest.mark.parametrize("who", ["boss", "seller", "reader"])
def test_pages_open_for_every_role(world: World, who: str) -> None:
    client = logged_in(world, who)
    for address in ("/", "/?scope=me", "/?scope=team&period=last_quarter", "/metrics/", "/sales/deals/forecast/"):
        assert client.get(address).status_code in (200, 403), address


def test_every_number_has_its_page_and_its_rows(world: World) -> None:
    client = logged_in(world)
    for name in METRICS:
        assert client.get(f"/metrics/{name}/").status_code == 200, name
        assert client.get(f"/metrics/{name}/rows/").status_code == 200, name


def test_an_unknown_number_is_not_found_and_a_bad_period_refused(world: World) -> None:
    client = logged_in(world)
    assert client.get("/metrics/nothing/").status_code == 404
    assert client.get("/metrics/revenue/?period=someday").status_code == 422
    assert client.get("/metrics/revenue/?as_of=yesterday").status_code == 422


@pytest.mark.parametrize("path", ["/sales/deals/forecast/", "/metrics/won_deals/?period=FY2020"])
def test_where_nothing_is_counted_the_page_says_what_will_stand_there(path: str, db: None) -> None:
    make.firm()
    client = Client()
    client.force_login(make.user("manager", locale="en"))
    text = client.get(path).content.decode()
    assert not re.search(r"<tbody>\s*</tbody>", text)
    if "forecast" in path:
        assert "No deal is expected in these months" in text
        assert 'href="/sales/deals/new/"' in text
    else:
        assert "Nothing has been counted for this period." in text


def test_a_count_of_a_period_before_stands_in_a_sentence_of_its_own() -> None:
    """So that a language can add what is counted: 33件."""
    with translation.override("en"):
        made = tile(METRICS["won_deals"], Cell(value=3), "/", "last month", Cell(value=33))
        days = tile(METRICS["sales_cycle"], Cell(value=3), "/", "last month", Cell(value=33))
    assert made["base"] == "last month 33"
    assert days["base"] == "last month 33 days"
