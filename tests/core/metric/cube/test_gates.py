"""What is seen through others is counted for each reader as the rows say, wherever owners go."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from tests import make
from tests.core.metric.cube.asked import FILTERS, PERIODS, compare
from tests.core.metric.cube.writers import side_by_side

from noren.activity.models import Activity
from noren.contacts.models import Company, Person
from noren.core.access.actor import Actor
from noren.core.access.models import Role, Share
from noren.core.access.scope import nouns
from noren.core.metric.ask import ask
from noren.core.metric.cube import keep, read
from noren.sales.models import Deal

pytestmark = pytest.mark.django_db

BEHIND = (Deal, Person, Company)
LEVELS = ("none", "own", "team", "all")


class Firm:
    """Activities about deals, people and companies, with them, or with nobody; and readers of many kinds."""

    def __init__(self, seed: int) -> None:
        make.firm()
        self.chance = random.Random(seed)
        teams = [make.team("東"), make.team("西")]
        self.users = [make.user("admin"), *(make.user("sales", team=team) for team in teams for _n in range(2))]
        for n in range(4):
            rights = {f"{noun.word()}.view": self.chance.choice(LEVELS) for noun in BEHIND}
            role = Role(name=f"r{n}", rights=rights | {"activity.activity.view": self.chance.choice(LEVELS)})
            role.save()
            user = make.user(None, team=self.chance.choice(teams))
            user.roles.add(role)
            user.save()
            self.users.append(user)
        for _n in range(4):
            for maker in (make.company, make.person, make.deal):
                maker(owner=self.anybody())
        for _n in range(30):
            self.log()

    def anybody(self) -> int | None:
        return self.chance.choice((None, *(user.pk for user in self.users)))

    def one_of(self, model: Any) -> int | None:
        return self.chance.choice((None, *model.every.values_list("pk", flat=True)))

    def decided(self) -> dict[str, Any]:
        """Through what a row is seen; also what is not there (any more), and words without a row."""
        about: Any = self.chance.choice((None, None, *BEHIND))
        row = self.one_of(about) if about else None
        if about and self.chance.random() < 0.1:
            row = 10**6 + self.chance.randint(0, 2)
        return {
            "about_noun": about.word() if about else "", "about_id": row, "person_id": self.one_of(Person),
            "company_id": self.one_of(Company), "owner_id": self.anybody(),
        }  # fmt: skip

    def log(self) -> None:
        at = datetime(2026, 11, 25, 3, tzinfo=UTC) - timedelta(self.chance.choice((0, 1, 24, 25, 40, 400)))
        kind = self.chance.choice(("call", "visit", "note", "task"))
        Activity.every.create(kind=kind, happened_at=at, **self.decided())

    def some(self, model: Any) -> Any:
        pks = list(model.every.values_list("pk", flat=True))
        return model.every.filter(pk__in=self.chance.sample(pks, min(len(pks), self.chance.randint(0, 5))))

    def live(self) -> None:
        noun: Any = self.chance.choice(BEHIND)
        self.chance.choice(
            (
                self.log,
                lambda: self.some(Activity).update(**self.decided()),
                lambda: self.some(Activity).update(kind="mail", removed_at=self.chance.choice((None, TODAY_AT))),
                lambda: self.some(Activity).delete(),
                lambda: self.some(noun).update(owner_id=self.anybody()),
                lambda: self.some(noun).update(removed_at=TODAY_AT),
                self.hand_over,
                self.come_back,
                keep.merge,
                lambda: Deal.every.filter(pk=self.one_of(Deal)).delete(),
                lambda: Company.every.filter(pk=self.one_of(Company)).delete(),
            )
        )()

    def hand_over(self) -> None:
        """Several owners at once, in one statement."""
        noun: Any = self.chance.choice(BEHIND)
        with connection.cursor() as cursor:
            table = noun._meta.db_table
            cursor.execute(
                f"UPDATE {table} SET owner_id = (SELECT id FROM accounts_user ORDER BY (id * 7) % (3 + {table}.id) LIMIT 1)"
            )

    def come_back(self) -> None:
        """A row under the number of one that activities are about and that is not there."""
        missing = 10**6 + self.chance.randint(0, 2)
        if not Person.every.filter(pk=missing).exists():
            Person.every.create(pk=missing, family_name="戻", owner_id=self.anybody())

    @property
    def actors(self) -> list[Actor]:
        return [user.actor() for user in self.users]


TODAY_AT = datetime(2026, 11, 25, 3, tzinfo=UTC)


def same(firm: Firm, times: int) -> None:
    for _n in range(times):
        pick = firm.chance.choice
        period = pick(PERIODS)
        compare(
            metric=pick(("activity_count", "touch_count")), period=period, actor=pick(firm.actors),
            by=pick(((), (), ("kind",), ("owner",), ("kind", "direction"))), where=pick(FILTERS),
            grain=pick((None, "month", "week")) if period and period.bounded else None,
        )  # fmt: skip
    assert keep.differences(everything=True) == []


@pytest.mark.parametrize("seed", range(5))
def test_every_reader_is_told_what_the_rows_say(seed: int) -> None:
    firm = Firm(seed)
    same(firm, 10)
    for _n in range(10):
        for _m in range(5):
            with transaction.atomic():
                firm.live()
        same(firm, 8)


def test_who_sees_through_what_others_own_is_told_without_reading_rows() -> None:
    firm = Firm(9)
    keep.merge()
    for actor in firm.actors[1:5]:
        with CaptureQueriesContext(connection) as seen:
            ask("activity_count", "last_1095_days", actor=actor, grain="month")
            ask("touch_count", "this_year", actor=actor, by=("kind",), grain="week")
        assert [q["sql"] for q in seen if "activity_activity" in q["sql"]] == []


def test_what_is_shared_is_asked_of_the_rows() -> None:
    firm = Firm(3)
    seller = firm.users[1]
    for deal in Deal.every.all():
        Share(noun="sales.deal", row_id=deal.pk, user=seller).save()
    seller.save()
    shown = type(seller).objects.get(pk=seller.pk).actor()
    assert shown.shared
    assert compare(metric="activity_count", period=None, actor=shown)


def test_a_change_of_anything_but_the_owner_writes_no_cell() -> None:
    firm = Firm(4)
    keep.merge()
    for noun in BEHIND:
        noun.every.update(next_step="x", version=9)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cube_activity_done_new")
        assert cursor.fetchone()[0] == 0
    assert firm.users


def test_an_emptied_noun_makes_the_cells_unfit() -> None:
    firm = Firm(5)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE sales_deal CASCADE")
    read.forget()
    assert "activity_done" in keep.missing()
    for actor in firm.actors:
        assert compare(metric="activity_count", period=None, actor=actor)


def test_every_noun_that_decides_has_one_owner() -> None:
    """What cells tell of a gate is whose it is."""
    assert {noun.word() for noun in nouns() if noun.has_timeline} == {noun.word() for noun in BEHIND}
    assert all(noun.reach.owner == "owner" and not noun.reach.parents for noun in BEHIND)


@pytest.mark.django_db(transaction=True)
@pytest.mark.database
def test_writers_side_by_side_leave_every_cell_right() -> None:
    """Activities come and go while owners of what they are about change, some of it taken back."""
    firm = Firm(6)
    users = [user.pk for user in firm.users]
    writes: tuple[tuple[str, Callable[[random.Random], Any]], ...] = (
        *(
            (f"UPDATE {noun._meta.db_table} SET owner_id = %s WHERE id %% 2 = %s", lambda c: (c.choice(users), c.randint(0, 1)))
            for noun in BEHIND
        ),
        (
            ("INSERT INTO activity_activity (kind, happened_at, about_noun, about_id, owner_id)"
            " SELECT 'call', now(), 'sales.deal', id, %s FROM sales_deal WHERE id %% 2 = %s"),
            lambda c: (c.choice(users), c.randint(0, 1)),
        ),
        (
            ("INSERT INTO activity_activity (kind, happened_at, person_id)"
            " SELECT 'call', now(), id FROM contacts_person WHERE id %% 2 = %s"),
            lambda c: (c.randint(0, 1),),
        ),
        ("UPDATE activity_activity SET about_noun = '' WHERE id %% 5 = %s", lambda c: (c.randint(0, 4),)),
        (
            "UPDATE activity_activity SET company_id = (SELECT min(id) FROM contacts_company) WHERE id %% 5 = %s",
            lambda c: (c.randint(0, 4),),
        ),
        ("DELETE FROM activity_activity WHERE id %% 7 = %s", lambda c: (c.randint(0, 6),)),
    )  # fmt: skip

    def write(link: psycopg.Connection[Any], chance: random.Random) -> None:
        text, values = chance.choice(writes)
        link.execute(text, values(chance))

    side_by_side(write, 2, 15, ["activity_done"])
    same(firm, 10)
