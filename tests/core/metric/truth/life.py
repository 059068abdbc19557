"""A small firm whose days go by: deals opened, moved, won, lost, reopened, handed over, repriced, imported, binned, on a
clock that stands where chance puts it, often next to midnight in Tokyo, the end of a month, 1 April or a leap day."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from tests import make
from tests.core.metric.truth.journal import Journal

from noren.accounts.models import User
from noren.activity.models import Activity
from noren.core.access.actor import HOUSE, Actor
from noren.core.access.models import Role
from noren.core.action.plain import change, create, remove, restore
from noren.core.base.errors import Refusal
from noren.core.metric.cube import keep
from noren.core.record.declare import record_of
from noren.core.record.intake import run as intake
from noren.core.record.intake.undo import undo
from noren.sales.actions.deal import Line, lose_deal, move_deal, reopen_deal, set_lines, win_deal
from noren.sales.models import Deal, LossReason, Stage

TOKYO = ZoneInfo("Asia/Tokyo")
EDGES = (
    date(2024, 2, 28),
    date(2024, 2, 29),
    date(2024, 3, 31),
    date(2024, 4, 1),
    date(2024, 12, 31),
    date(2025, 1, 1),
)


class Life:
    def __init__(self, seed: int, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.chance, self.folder = random.Random(seed), folder
        self.now = datetime(2024, 2, 27, 3, tzinfo=UTC)
        make.clock(monkeypatch, lambda: self.now)
        make.firm()
        east, west = make.team("東"), make.team("西")
        own = Role.every.create(name="自分だけ", key="own", rights=dict(Role.every.get(key="sales").rights))
        for noun in ("sales.deal", "sales.dealline", "activity.activity"):
            own.rights[f"{noun}.view"] = "own"
        own.groups = {"money": "write", "private": "write"}
        own.save()
        self.boss = make.user("admin", team=east)
        self.users = [
            self.boss, make.user("sales", team=east, reports_to=self.boss), make.user("own", team=east, reports_to=self.boss),
            make.user("manager", team=west),
        ]  # fmt: skip
        self.users.append(make.user("sales", team=west, reports_to=self.users[3]))
        self.stages: list[Stage] = make.stages()
        self.stages[1].standard_days = 20
        self.stages[1].save()
        self.companies = [make.company(industry="製造"), make.company(industry="小売"), make.company(industry="")]
        self.products = [make.product(family="文具", list_price=1000), make.product(family="", list_price=300)]
        self.reasons = list(LossReason.every.all())
        self.imports = 0
        self.journal = Journal()

    # -- chance -------------------------------------------------------------------------------------------------------

    @property
    def today(self) -> date:
        return self.now.astimezone(TOKYO).date()

    def pass_time(self) -> None:
        step = self.chance.choice(
            (timedelta(0), timedelta(minutes=7), timedelta(hours=5), timedelta(1), timedelta(9), timedelta(31))
        )
        self.now += step
        if self.chance.random() < 0.3:  # a minute before or after midnight in Tokyo
            self.now = self.now.replace(hour=self.chance.choice((14, 15)), minute=59 if self.now.hour == 14 else 0)
            self.now += timedelta(1)
        nearby = [day for day in EDGES if day > self.today]
        if nearby and self.chance.random() < 0.1:
            self.now = max(self.now, datetime.combine(nearby[0], datetime.min.time(), TOKYO).astimezone(UTC))

    def past_day(self) -> date:
        return self.today - timedelta(self.chance.choice((0, 0, 1, 3, 30, 31, 95)))

    def deal(self, **fields: Any) -> Deal | None:
        rows = list(Deal.every.filter(removed_at=None, **fields).order_by("pk"))
        return self.chance.choice(rows) if rows else None

    # -- what happens -------------------------------------------------------------------------------------------------

    def open_one(self) -> None:
        pick = self.chance.choice
        make.deal(
            owner=pick((None, *(user.pk for user in self.users))), stage=pick(self.stages), amount=pick((None, 0, 700, 1200, 999_999)),
            opened_on=pick((None, self.today, self.past_day(), self.past_day())), probability=pick((None, None, 0, 35)),
            close_by=pick((None, self.today, self.today + timedelta(40), self.past_day())), category=pick(("", "commit")),
            source=pick(("", "web", "紹介")), company=pick((None, *(company.pk for company in self.companies))),
        )  # fmt: skip

    def sell_parts(self) -> None:
        deal = self.deal(outcome="open")
        if deal is not None:
            pens, ink = (product.pk for product in self.products)
            lines = [
                Line(pens, "", Decimal(2), Decimal(400), Decimal(500)),
                Line(ink, "", Decimal(1), Decimal(700), Decimal(650)),
            ]
            more = [
                Line(pens, "", Decimal(1), Decimal(self.chance.choice((0, 90))), None),
                Line(None, "送料", Decimal(1), Decimal(50)),
            ]
            set_lines(deal, by=HOUSE, lines=[*lines, *more][: self.chance.randint(0, 4)])

    def win(self) -> None:
        deal = self.deal(outcome="open")
        if deal is not None:
            win_deal(
                deal,
                by=HOUSE,
                won_on=max(self.past_day(), deal.opened_on or date.min),
                amount=self.chance.choice((None, 0, 5000)),
            )

    def lose(self) -> None:
        deal = self.deal(outcome="open")
        if deal is not None:
            day = max(self.past_day(), deal.opened_on or date.min)
            lose_deal(
                deal,
                by=HOUSE,
                lost_on=day,
                reason=self.chance.choice(self.reasons),
                competitor=self.chance.choice(("", "A社")),
            )

    def reopen(self) -> None:
        deal = self.deal(outcome__in=("won", "lost"))
        if deal is not None:
            reopen_deal(deal, by=HOUSE)

    def move(self) -> None:
        deal = self.deal(outcome="open")
        if deal is not None:
            move_deal(deal, by=HOUSE, stage=self.chance.choice(self.stages))

    def edit(self) -> None:
        deal = self.deal()
        if deal is not None:
            values = self.chance.choice(
                ({"amount": 40}, {"amount": None}, {"owner": self.chance.choice(self.users).pk}, {"owner": None},
                 {"close_by": self.past_day()}, {"opened_on": self.past_day()}, {"probability": 80}, {"source": "web"}, {"company": self.companies[0].pk})
            )  # fmt: skip
            change(deal, values, by=HOUSE)

    def bin_or_back(self) -> None:
        gone = Deal.every.exclude(removed_at=None).first()
        deal = self.deal()
        if gone is not None and self.chance.random() < 0.6:
            restore(Deal, gone.pk, by=HOUSE)
        elif deal is not None:
            remove(deal, by=HOUSE)

    def someone_moves_to_another_team(self) -> None:
        user = User.objects.get(pk=self.chance.choice(self.users[1:]).pk)
        user.team_id, user.reports_to_id = self.chance.choice([(u.team_id, u.reports_to_id) for u in self.users])
        if user.reports_to_id != user.pk:
            user.save()

    def talk(self) -> None:
        pick = self.chance.choice
        values = {"kind": pick(("call", "visit", "note", "mail", "task")), "subject": "x", "owner": pick(self.users).pk}
        values["happened_at"] = self.now - timedelta(hours=pick((0, 1, 30)))
        deal = self.deal()
        if deal is not None and self.chance.random() < 0.5:
            values |= {"about_noun": "sales.deal", "about_id": deal.pk}
        elif self.chance.random() < 0.5:
            values["company"] = pick(self.companies).pk
        if values["kind"] == "task":
            values["due_at"] = self.now
        create(Activity, values, by=HOUSE)

    def bring_in(self) -> None:
        """Deals of another system with their dated ends; at times taken back."""
        self.imports += 1
        rows = []
        for n in range(3):
            opened, ended = sorted((self.past_day() - timedelta(self.chance.randint(0, 60)), self.past_day()))
            outcome = self.chance.choice(("受注", "失注", "進行中"))
            day = "" if outcome == "進行中" else ended
            rows.append(
                f"件{self.imports}-{n},{self.chance.choice((opened, ''))},{self.chance.choice((100, 250))},{outcome},{day},X{self.imports}-{n}"
            )
        done = self._import(rows)
        if self.chance.random() < 0.3:
            done.refresh_from_db()
            undo(done, self.boss.actor())

    def bring_in_again(self) -> None:
        """The other system tells another end, or another day of it."""
        deal = self.deal(external_id__startswith="X")
        if deal is not None:
            self.imports += 1
            ended = max(self.past_day(), deal.opened_on or date.min)
            outcome = self.chance.choice(("受注", "失注", {"won": "受注", "lost": "失注"}.get(deal.outcome, "受注")))
            self._import([f"{deal.title},{deal.opened_on or ''},{deal.amount},{outcome},{ended},{deal.external_id}"])

    def _import(self, rows: list[str]) -> Any:
        path = self.folder / f"{self.imports}.csv"
        path.write_text("\n".join(["商談名,発生日,金額,結果,決着日,外部ID", *rows]), encoding="utf-8")
        boss = self.boss.actor()
        done = intake.begin(record_of("sales.deal"), path, path.name, boss)
        intake.carry_out(done, boss)
        return done

    def live(self, steps: int) -> None:
        kinds = [
            *[self.open_one] * 4, self.sell_parts, self.sell_parts, *[self.win] * 2, *[self.lose] * 2, *[self.reopen] * 2, *[self.move] * 3,
            *[self.edit] * 3, self.bin_or_back, self.someone_moves_to_another_team, self.talk, self.talk, self.bring_in,
            self.bring_in_again, keep.merge,
        ]  # fmt: skip
        for _n in range(steps):
            self.pass_time()
            try:
                with transaction.atomic():
                    self.chance.choice(kinds)()
            except Refusal:
                pass
            self.journal.look(self.now, self.today)

    def actors(self) -> list[tuple[Actor, frozenset[int] | None]]:
        """Who asks, and whose rows they see."""
        boss, seller, alone = (User.objects.get(pk=user.pk).actor() for user in self.users[:3])
        return [(boss, None), (seller, frozenset(seller.team_user_ids)), (alone, frozenset({alone.user_id or 0}))]
