"""Screens and programs are told the numbers that `ask` tells, each person their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client
from django.utils import translation
from tests.contract.calls import Program
from tests.core.metric.truth.life import Life

from noren.accounts.models import User
from noren.core.access.models import Role
from noren.core.base.errors import Forbidden
from noren.core.metric.ask import ask
from noren.core.metric.declare import METRICS
from noren.core.metric.show import show, split
from noren.core.page.numbers.tiles import show_short

pytestmark = pytest.mark.django_db
PERIOD = "2024-04-01..2025-03-31"
MONEY = {
    "revenue", "won_list_amount", "closed_list_amount", "list_of_won", "discount", "discount_rate", "win_rate_value", "avg_deal_size",
    "open_amount", "open_list_amount", "pipeline_amount", "pipeline_list_amount", "weighted_pipeline", "expected_amount",
    "expected_weighted", "velocity",
}  # fmt: skip
TODAY = (
    "deals_without_next_step",
    "stale_open_deals",
    "closing_this_month",
    "past_close_date",
    "stage_age_total",
    "stage_age_now",
)


@pytest.fixture(scope="module")
def life(module_rows: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """For all tests: they look, and what one changes is taken back after it."""
    with pytest.MonkeyPatch.context() as patch:
        made = Life(3, patch, tmp_path_factory.mktemp("life"))
        made.live(60)
        yield made


def page_of(user: User, path: str) -> str:
    client = Client()
    client.force_login(user)
    found = client.get(path)
    assert found.status_code == 200, (path, found.status_code)
    return unescape(found.content.decode())


def test_programs_and_pages_say_what_ask_says(life: Life) -> None:
    for user in life.users[:3]:
        api, actor = Program.of(user), user.actor()
        for name, metric in METRICS.items():
            period = None if name in TODAY else PERIOD
            total = ask(metric, period, actor=actor).total
            status, told = api.get(f"metrics/{name}", **({"period": period} if period else {}))
            assert status == 200
            assert told["total"]["n"] == total.n, name
            assert told["total"]["value"] == pytest.approx(None if total.value is None else float(total.value)), name
        for name in (
            "revenue",
            "win_rate_count",
            "open_amount",
            "sales_cycle",
            "weighted_pipeline",
            "stage_conversion",
        ):
            with translation.override(user.locale or "ja"):
                figure, _unit = split(ask(name, PERIOD, actor=actor).total.value, METRICS[name].unit, full=True)
            assert figure in page_of(user, f"/metrics/{name}/?period={PERIOD}"), name


def test_heads_of_a_board_and_home_say_what_ask_says(life: Life) -> None:
    for user in life.users[:3]:
        board, actor = re.sub(r"<[^>]*>", "", page_of(user, "/sales/deals/?layout=board")), user.actor()
        with translation.override(user.locale or "ja"):
            for cell in ask("pipeline_amount", actor=actor, by=("stage",)):
                if cell.value:
                    assert show(cell.value, "money") in board or show_short(cell.value, "money") in board
            home = page_of(user, "/?scope=all&period=2024-04-01..2025-03-31")
            won = ask("revenue", PERIOD, actor=actor).total.value
            assert not won or show_short(won, "money") in home


def test_hidden_amounts_are_hidden_in_numbers_too(life: Life) -> None:
    user = User.objects.get(pk=life.users[1].pk)
    role = Role.every.create(
        name="金額なし", key="moneyless", rights=dict(Role.every.get(key="sales").rights), groups={}
    )
    user.roles.set([role])
    user.save()
    user = User.objects.get(pk=user.pk)
    api, actor = Program.of(user), user.actor()
    open_to_them = {one["id"] for one in api.get("metrics")[1]["data"]}
    assert open_to_them == set(METRICS) - MONEY
    for name in MONEY:
        assert api.get(f"metrics/{name}")[0] == 403
        assert api.get(f"metrics/{name}/rows")[0] == 403
        with pytest.raises(Forbidden):
            ask(name, actor=actor)
    assert api.get("metrics/won_deals", amount__gte="1")[0] in (403, 422)
    shown = [row for name in ("won_deals", "opened_deals") for row in api.get(f"metrics/{name}/rows")[1]["data"]]
    assert shown
    assert all("amount" not in row for row in shown)
