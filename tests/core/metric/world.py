"""A small firm with every case the numbers must survive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests import make

from noren.activity.models import Activity
from noren.core.access.actor import HOUSE, Actor
from noren.core.action.plain import create, remove
from noren.sales.actions.deal import Line, lose_deal, move_deal, put_lines, win_deal
from noren.sales.models import Deal, LossReason

TODAY = date(2026, 11, 25)


@dataclass
class World:
    boss: Actor  # sees all
    seller: Actor  # sees own
    other: Actor
    reader: Actor  # a role that may not see money, when the shipped roles have one
    teams: list[Any]
    deals: dict[str, Deal]
    products: list[Any]
    companies: list[Any]


def won(deal: Deal, on: date, amount: int | None = None) -> None:
    win_deal(Deal.every.get(pk=deal.pk), by=HOUSE, won_on=on, amount=amount)


def lost(deal: Deal, on: date) -> None:
    lose_deal(Deal.every.get(pk=deal.pk), by=HOUSE, lost_on=on, reason=LossReason.every.first())


def build() -> World:
    make.firm()
    east, west = make.team("東"), make.team("西")
    boss = make.user("admin", team=east)
    seller = make.user("sales", team=east, reports_to=boss)
    other = make.user("sales", team=west, reports_to=boss)
    reader = make.user("reader", team=west)
    makers, shops = make.company(industry="製造"), make.company(industry="小売")
    pens, ink = make.product(family="文具", list_price=1000), make.product(family="消耗品", list_price=500)
    stages = make.stages()
    deals: dict[str, Deal] = {}

    def put(name: str, opened: date | None, **fields: Any) -> Deal:
        deals[name] = make.deal(title=name, opened_on=opened, source=fields.pop("source", "web"), **fields)
        return deals[name]

    a = put("a", date(2026, 4, 1), owner=seller.pk, company=makers.pk, amount=900)
    put_lines(a, [_line(pens, 1, 700, 1000), _line(ink, 1, 200, 500)])
    a.save()
    won(a, date(2026, 5, 1))
    won(put("b", date(2026, 4, 10), owner=other.pk, company=shops.pk, amount=5000, stage=stages[2]), date(2026, 6, 30))
    lost(put("c", date(2026, 5, 1), owner=seller.pk, company=shops.pk, amount=3000), date(2026, 5, 1))
    lost(put("d", date(2026, 6, 1), owner=other.pk, source="紹介"), date(2026, 7, 15))  # never had an amount
    won(put("e", None, owner=seller.pk, company=makers.pk, amount=1200), date(2026, 7, 1))  # nobody knows when it began
    put("f", date(2026, 9, 1), owner=seller.pk, company=makers.pk, amount=8000)
    put("g", date(2026, 10, 1), owner=other.pk, company=shops.pk, stage=stages[1])
    put("h", None, owner=other.pk, amount=700)
    won(put("leap", date(2024, 2, 28), owner=other.pk, amount=10), date(2024, 2, 29))
    won(put("year end", date(2026, 3, 1), owner=seller.pk, amount=40), date(2026, 3, 31))
    binned = put("binned", date(2026, 4, 2), owner=seller.pk, amount=99999)
    won(binned, date(2026, 5, 2))
    remove(Deal.every.get(pk=binned.pk), by=HOUSE)
    move_deal(Deal.every.get(pk=deals["f"].pk), by=HOUSE, stage=stages[1])
    for kind, at in (
        ("call", datetime(2026, 10, 31, 14, 30, tzinfo=UTC)),  # 23:30 in Tokyo, still October
        ("visit", datetime(2026, 10, 31, 15, 30, tzinfo=UTC)),  # 0:30 in Tokyo, already November
    ):
        create(
            Activity,
            {"kind": kind, "subject": kind, "happened_at": at, "company": makers.pk, "owner": seller.pk},
            by=HOUSE,
        )
    create(
        Activity,
        {"kind": "task", "subject": "to do", "due_at": datetime(2026, 12, 1, tzinfo=UTC), "owner": seller.pk},
        by=HOUSE,
    )
    return World(
        boss.actor(), seller.actor(), other.actor(), reader.actor(), [east, west],
        {name: Deal.every.get(pk=deal.pk) for name, deal in deals.items()}, [pens, ink], [makers, shops],
    )  # fmt: skip


def _line(product: Any, quantity: int, price: int, list_price: int) -> Line:
    return Line(product.pk, "", Decimal(quantity), Decimal(price), Decimal(list_price))
