"""Numbers from cubes are those of the rows, whatever happens to the rows."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F as Column
from django.test.utils import CaptureQueriesContext
from tests import make
from tests.core.metric.cube.asked import TODAY, same
from tests.core.metric.world import lost, won

from noren.activity.models import Activity
from noren.core.access.actor import HOUSE, Actor
from noren.core.action.plain import change, create, remove, restore
from noren.core.base.errors import Refusal
from noren.core.metric.ask import ask, ask_many, series
from noren.core.metric.cube import keep
from noren.core.record.declare import record_of
from noren.core.record.intake import run as intake
from noren.core.record.intake.undo import undo
from noren.sales.actions.deal import move_deal, reopen_deal
from noren.sales.models import Deal, DealSpan

pytestmark = pytest.mark.django_db
FULL = os.environ.get("FULL_MATRIX") == "1"

Step = Callable[["Life"], Any]


class Life:
    """A firm to which things happen by chance."""

    def __init__(self, seed: int, tmp_path: Any) -> None:
        make.firm()
        self.chance, self.folder = random.Random(seed), tmp_path
        teams = [make.team("東"), make.team("西")]
        boss = make.user("admin", team=teams[0])
        sellers = [make.user("sales", team=team, reports_to=boss) for team in teams]
        self.users = [boss, *sellers]
        self.stages, self.teams = make.stages(), teams
        self.companies = [make.company(industry=name) for name in ("製造", "小売")]

    @property
    def actors(self) -> list[Actor]:
        return [user.actor() for user in self.users]

    def day(self) -> date:
        return TODAY - timedelta(self.chance.choice((0, 1, 5, 24, 25, 26, 55, 200, 700)))

    def deal(self) -> Deal | None:
        return Deal.every.filter(removed_at__isnull=True).order_by("?").first()

    def some(self) -> Any:
        pks = list(Deal.every.values_list("pk", flat=True))
        return Deal.every.filter(pk__in=self.chance.sample(pks, min(len(pks), self.chance.randint(0, 4))))


def add_deal(life: Life) -> None:
    pick = life.chance.choice
    make.deal(
        owner=pick((None, *(user.pk for user in life.users))), stage=pick(life.stages), amount=pick((None, 0, 700, 1200)),
        opened_on=pick((None, life.day())), close_by=pick((None, TODAY, TODAY + timedelta(40), life.day())),
        source=pick(("", "web", "紹介")), probability=pick((None, 0, 35)), category=pick(("", "commit")),
        company=pick((None, life.companies[0].pk, life.companies[1].pk)),
    )  # fmt: skip


def add_activity(life: Life) -> None:
    at = datetime.combine(life.day(), datetime.min.time(), UTC) + timedelta(hours=life.chance.randint(0, 23))
    kind = life.chance.choice(("call", "visit", "note", "task", "mail"))
    values = {"kind": kind, "subject": kind, "happened_at": at, "owner": life.chance.choice(life.users).pk}
    create(Activity, values | ({"due_at": at} if kind == "task" else {"direction": "out"}), by=HOUSE)


def end_deal(life: Life) -> None:
    deal = life.deal()
    if deal is not None and deal.is_open():
        life.chance.choice((won, lost))(deal, max(life.day(), deal.opened_on or date.min))
    elif deal is not None:
        reopen_deal(deal, by=HOUSE)


def move(life: Life) -> None:
    deal = life.deal()
    if deal is not None and deal.is_open():
        move_deal(deal, by=HOUSE, stage=life.chance.choice(life.stages))


def edit(life: Life) -> None:
    deal = life.deal()
    if deal is not None:
        values = life.chance.choice(
            ({"amount": 40}, {"amount": None}, {"owner": life.chance.choice(life.users).pk}, {"opened_on": None},
             {"close_by": life.day()}, {"probability": 80}, {"source": "展示会"}, {"note": "何も数えない"}),
        )  # fmt: skip
        change(deal, values, by=HOUSE)


def bin_and_back(life: Life) -> None:
    deal = life.deal()
    gone = Deal.every.filter(removed_at__isnull=False).first()
    if gone is not None and life.chance.random() < 0.5:
        restore(Deal, gone.pk, by=HOUSE)
    elif deal is not None:
        remove(deal, by=HOUSE)


def by_hand(life: Life) -> None:
    """Past all doors."""
    if life.chance.random() < 0.5:
        life.some().update(amount=Column("amount") + 5, opened_on=life.day(), stage=life.chance.choice(life.stages))
    else:
        life.some().update(
            outcome="lost", closed_on=TODAY, owner=None, stage_since=datetime(2026, 10, 1, 16, tzinfo=UTC)
        )
    Activity.every.order_by("?").filter(pk__in=list(Activity.every.values_list("pk", flat=True)[:3])).update(
        kind="visit"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sales_deal SET removed_at = now() WHERE id IN (SELECT id FROM sales_deal ORDER BY random() LIMIT 1)"
        )
        cursor.execute("UPDATE sales_stage SET probability = 55, standard_days = 3 WHERE id = %s", [life.stages[0].pk])


def rewrite_history(life: Life) -> None:
    """As imports and their undoing do: spans that end earlier, begin elsewhere, or go."""
    spans = DealSpan.objects.filter(pk__in=[s.pk for s in DealSpan.objects.order_by("?")[:3]])
    at = datetime.combine(life.day(), datetime.min.time(), UTC)
    life.chance.choice(
        (
            lambda: spans.update(to_at=at),
            lambda: spans.update(from_at=at, amount=9, owner=None),
            lambda: spans.update(from_at=at, to_at=at - timedelta(3)),
            spans.delete,
        )
    )()


def erase(life: Life) -> None:
    life.some().filter(removed_at__isnull=False).delete()
    Activity.every.filter(pk__in=list(Activity.every.values_list("pk", flat=True)[:1])).delete()


def bring_in(life: Life) -> None:
    name = life.chance.randint(0, 10**6)
    path = life.folder / f"{name}.csv"
    rows = [f"件{name}-{n},{life.day()},{life.chance.choice((100, 200, ''))},X{name}-{n}" for n in range(5)]
    path.write_text("\n".join(["商談名,発生日,金額,外部ID", *rows]), encoding="utf-8")
    run = intake.begin(record_of("sales.deal"), path, path.name, life.users[0].actor())
    intake.carry_out(run, life.users[0].actor())
    if life.chance.random() < 0.5:
        run.refresh_from_db()
        undo(run, life.users[0].actor())


def half_done(life: Life) -> None:
    """Begun and taken back."""
    with transaction.atomic():
        add_deal(life)
        life.some().update(amount=77)
        transaction.set_rollback(True)


def merge(_life: Life) -> None:
    keep.merge()


STEPS: tuple[Step, ...] = (
    add_deal, add_deal, add_deal, add_activity, add_activity, end_deal, end_deal, move, move, edit, edit, edit, bin_and_back,
    by_hand, rewrite_history, erase, bring_in, half_done, merge,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(20 if FULL else 2))
def test_whatever_happens_cubes_and_rows_say_the_same(seed: int, tmp_path: Any) -> None:
    life = Life(seed, tmp_path)
    for _n in range(14):
        for _m in range(4):
            step = life.chance.choice(STEPS)
            try:
                with transaction.atomic():
                    step(life)
            except Refusal:
                pass
        same(life.actors, life.chance, 12)


def test_stages_teams_and_people_may_change_their_words_and_places(tmp_path: Any) -> None:
    """What is looked up beside a cell is looked up when it is read."""
    life = Life(7, tmp_path)
    for _n in range(12):
        add_deal(life)
    seller = life.users[1]
    seller.reports_to = None
    seller.save()
    life.stages[0].probability, life.stages[0].standard_days = 5, 1
    life.stages[0].save()
    same(life.actors, life.chance, 60)


def test_the_usual_numbers_read_no_rows(tmp_path: Any) -> None:
    life = Life(3, tmp_path)
    for _n in range(10):
        add_deal(life)
        add_activity(life)
    boss = life.users[0].actor()
    period = "last_1095_days"
    with CaptureQueriesContext(connection) as seen:
        ask("revenue", period, actor=boss, grain="month", by=("owner",))
        ask("win_rate_count", period, actor=boss, grain="month")
        ask("open_amount", period, actor=boss, grain="month")
        ask("sales_cycle", period, actor=boss, grain="month")
        ask("activity_count", period, actor=boss, grain="month", by=("kind",))
        ask_many(
            ["pipeline_deals", "weighted_pipeline", "stale_open_deals", "closing_this_month"], actor=boss, by=("stage",)
        )
        series(["revenue", "avg_deal_size"], [ask("revenue", "this_month", actor=boss).question.period], actor=boss)
        for actor in life.actors[1:]:
            ask("revenue", period, actor=actor, grain="month")  # a team's rows alone: cells have owners
            ask("open_amount", period, actor=actor, grain="month", by=("owner",))
    read = [q["sql"] for q in seen if '"sales_deal' in q["sql"] or '"activity_activity' in q["sql"]]
    assert read == []


def test_numbers_follow_the_firm_into_another_time_zone(tmp_path: Any) -> None:
    """Days of moments change: until cubes are made anew, rows are asked."""
    from noren.core.access.firm import forget
    from noren.core.access.models import Firm

    life = Life(5, tmp_path)
    for _n in range(10):
        add_activity(life)
        add_deal(life)
    firm = Firm.objects.get()
    firm.tz = "America/New_York"
    firm.save()
    forget()
    same(life.actors, life.chance, 40)
