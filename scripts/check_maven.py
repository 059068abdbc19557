#!/usr/bin/env python3
"""Do the numbers of noren equal the independent truth of the Maven data?

    python scripts/check_maven.py FOLDER [--database URL] [--load] [--all]

FOLDER holds the four CSV files, which must have been imported before; `--load` instead writes them into an empty database
by itself (users, teams, products, companies, deals with lines and history), which tests the numbers without the import.
Compares every figure of maven_truth.py with `ask`, prints a table (`--all`: also what agrees), exits 1 on any difference.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import maven_truth

AS_OF = date(2017, 12, 31)
Figure = tuple[str, Any, Any]  # what, true, told


# ---- loading without the import -------------------------------------------------------------------------------------


def load(folder: Path) -> None:
    """The four files by plain bulk writes, deals with their history dated then."""
    from django.db import transaction
    from django.utils import timezone

    from noren.accounts.models import User
    from noren.catalog.models import Product
    from noren.contacts.models import Company
    from noren.core.access.models import Firm, Team
    from noren.sales.models import Deal, DealLine, DealSpan, Pipeline, Stage
    from noren.sales.models.deal import day_start, midday

    deals = maven_truth.load(folder)
    with transaction.atomic():
        if not Firm.objects.exists():
            Firm(name="Maven", currency="USD", fiscal_start_month=1, tz="America/New_York", locale="en").save()
        pipeline = Pipeline(name="Maven", is_default=True)
        pipeline.save()
        stages = {}
        for at, name in enumerate(("Prospecting", "Engaging")):
            stages[name] = Stage(pipeline=pipeline, name=name, position=at, probability=(at + 1) * 20)
            stages[name].save()
        teams: dict[str, Any] = {}
        people: dict[str, Any] = {}
        for row in maven_truth.read(folder / "sales_teams.csv"):
            team = teams.get(row["regional_office"])
            if team is None:
                team = teams[row["regional_office"]] = Team(name=row["regional_office"])
                team.save()
            if row["manager"] not in people:
                people[row["manager"]] = User.objects.create_user(None, row["manager"], None, team=team)
            people[row["sales_agent"]] = User.objects.create_user(
                None, row["sales_agent"], None, team=team, reports_to=people[row["manager"]]
            )
        unit = _unit()
        products = {}
        for row in maven_truth.read(folder / "products.csv"):
            products[row["product"]] = Product(
                name=row["product"], family=row["series"], list_price=int(row["sales_price"]) * unit
            )
            products[row["product"]].save()
        companies = {}
        for row in maven_truth.read(folder / "accounts.csv"):
            sector = maven_truth.SPELLING.get(row["sector"], row["sector"])
            companies[row["account"]] = Company(legal_name=row["account"], industry=sector)
            companies[row["account"]].save()
        made, spans, lines = [], [], []
        now = timezone.now()
        for deal in deals:
            outcome = deal["stage"].lower() if deal["stage"] in ("Won", "Lost") else "open"
            stage = stages["Prospecting" if deal["stage"] == "Prospecting" else "Engaging"]
            owner = people[deal["agent"]]
            amount = None if deal["amount"] is None else deal["amount"] * unit
            made.append(
                Deal(
                    title=deal["id"], external_id=deal["id"], company=companies.get(deal["account"]), pipeline=pipeline,
                    stage=stage, outcome=outcome, amount=amount, list_amount=deal["list"] * unit, currency="USD",
                    opened_on=deal["start"], closed_on=deal["end"], owner=owner, team_id=owner.team_id,
                )
            )  # fmt: skip
        Deal.every.bulk_create(made, batch_size=2000)
        for row, deal in zip(made, deals, strict=True):
            line = DealLine(
                deal=row, product=products[deal["product"]], quantity=1, unit_price=row.amount or 0,
                list_price=row.list_amount, share=Decimal(1),
            )  # fmt: skip
            lines.append(line)
            kept = {
                "row": row, "pipeline": pipeline, "stage": row.stage, "amount": row.amount, "list_amount": row.list_amount,
                "owner": row.owner, "team_id": row.team_id, "recorded_at": now,
            }  # fmt: skip
            began = day_start(row.opened_on) if row.opened_on else now
            ended = midday(row.closed_on) if row.closed_on else None
            spans.append(DealSpan(from_at=began, to_at=ended, outcome="open", **kept))
            if ended:
                spans.append(DealSpan(from_at=ended, outcome=row.outcome, closed_on=row.closed_on, **kept))
        DealLine.every.bulk_create(lines, batch_size=2000)
        DealSpan.objects.bulk_create(spans, batch_size=2000)


def _unit() -> int:
    """Minor units in one unit of the firm's money."""
    from noren.core.access.firm import firm
    from noren.core.base.money import exponent

    return int(10 ** exponent(firm().currency))


# ---- comparing ------------------------------------------------------------------------------------------------------


class Told:
    """What noren says, in whole units of money."""

    def __init__(self) -> None:
        from noren.core.access.actor import HOUSE
        from noren.core.filter.condition import F

        self.unit, self.actor, self.filter = _unit(), HOUSE, F

    def ask(self, metric: str, period: Any = None, **options: Any) -> Any:
        from noren.core.metric.ask import ask

        return ask(metric, period, actor=self.actor, today=date.today(), **options)  # noqa: DTZ011

    def figures(self, metric: str, **options: Any) -> tuple[dict[str, Any], Any]:
        answer = self.ask(metric, **options)
        return {self.name(cell): cell for cell in answer.cells}, answer.total

    def name(self, cell: Any) -> str:
        if cell.bucket is not None:
            first = cell.bucket.key
            return maven_truth.quarter(first) if cell.bucket.grain == "quarter" else first.isoformat()[:7]
        return "" if cell.label == "—" else str(cell.label)


CLOSED = (
    # figure of the truth, metric, what of the cell, money
    ("closed", "closed_deals", "value", False),
    ("won", "won_deals", "value", False),
    ("lost", "lost_deals", "value", False),
    ("win_rate", "win_rate_count", "value", False),
    ("win_rate_value", "win_rate_value", "value", False),
    ("revenue", "revenue", "value", True),
    ("won_list", "won_list_amount", "value", True),
    ("closed_list", "closed_list_amount", "value", True),
    ("average_amount", "avg_deal_size", "value", True),
    ("median_amount", "avg_deal_size", "median", True),
    ("average_cycle", "sales_cycle", "value", False),
    ("median_cycle", "sales_cycle", "median", False),
)
EMPTY = {"closed": 0, "won": 0, "lost": 0, "revenue": 0, "won_list": 0, "closed_list": 0}


def got(cell: Any, what: str, unit: int) -> Any:
    if cell is None:
        return None
    value = cell.more.get(what) if what == "median" else getattr(cell, what)
    return value if value is None or unit == 1 else value / unit


def closed(told: Told, name: str, true: dict[str, Any], **options: Any) -> Iterator[Figure]:
    """All figures of the closed deals, broken down as `options` say; `true`: group -> figures."""
    for figure, metric, what, money in CLOSED:
        cells, total = told.figures(metric, **options)
        for group, figures in true.items():
            cell = total if group == "*" else cells.get(group)
            found = got(cell, what, told.unit if money else 1)
            yield f"{name} {group}: {figure}", figures[figure], EMPTY.get(figure) if cell is None else found
        if figure == "win_rate":
            for group, figures in true.items():
                cell = total if group == "*" else cells.get(group)
                pair = figures["wilson"] or [None, None]
                yield f"{name} {group}: wilson low", pair[0], cell and cell.low
                yield f"{name} {group}: wilson high", pair[1], cell and cell.high


def everything(told: Told, truth: dict[str, Any]) -> Iterator[Figure]:
    yield from closed(told, "all", {"*": truth["all"]})
    yield from closed(told, "quarter", truth["by_quarter"], grain="quarter")
    yield from closed(told, "month", truth["by_month"], grain="month")
    for name, dim in (
        ("region", "team"), ("manager", "owner__reports_to"), ("product", "product"), ("sector", "company__industry"),
        ("agent", "owner"),
    ):  # fmt: skip
        yield from closed(told, name, truth[f"by_{name}"], by=(dim,))
    from noren.core.access.models import Team

    teams = {team.name: team.pk for team in Team.every.all()}
    for region, quarters in truth["region_by_quarter"].items():
        yield from closed(told, region, quarters, grain="quarter", where=told.filter(team=teams[region]))
    yield from others(told, truth, teams)


def others(told: Told, truth: dict[str, Any], teams: dict[str, int]) -> Iterator[Figure]:
    unit = told.unit
    yield "discount rate", truth["discount_rate"], told.ask("discount_rate").total.value
    yield "median cycle of closed", truth["median_cycle_closed"], told.ask("decided_cycle").total.more["median"]
    for outcome in ("engaged", "won", "lost", "open"):
        metric = "opened_deals" if outcome == "engaged" else f"cohort_{outcome}"
        cells, _total = told.figures(metric, grain="quarter", as_of=AS_OF)
        for name, row in truth["cohorts"].items():
            yield f"cohort {name}: {outcome}", row[outcome], cells[name].value
    cells, _total = told.figures("won_of_opened", grain="quarter", as_of=AS_OF)
    for name, row in truth["cohorts"].items():
        yield f"cohort {name}: won share", row["won_of_engaged"], cells[name].value
    for day, row in truth["open_as_of"].items():
        on = date.fromisoformat(day)
        yield f"open on {day}", row["deals"], told.ask("open_deals", as_of=on).total.value
        yield f"open at list on {day}", row["list_value"], told.ask("open_list_amount", as_of=on).total.value / unit
    cells, _total = told.figures("open_deals", period="2017", grain="quarter")
    for day, row in truth["open_as_of"].items():
        yield (
            f"open at the end of the quarter of {day}",
            row["deals"],
            cells[maven_truth.quarter(date.fromisoformat(day))].value,
        )
    whole = truth["open_list_value"]
    yield "undecided deals", whole["deals"], told.ask("pipeline_deals").total.value
    yield "undecided at list", whole["all"], told.ask("pipeline_list_amount").total.value / unit
    yield "engaging at list", whole["engaging"], told.ask("open_list_amount").total.value / unit
    yield (
        "open without a day",
        whole["deals"] - truth["open_as_of"]["2017-12-31"]["deals"],
        told.ask("open_deals").total.missing,
    )
    yield "velocity", truth["velocity_per_day"], told.ask("velocity", as_of=AS_OF).total.value / unit
    yield from waits(told, "waits", truth["survival"])
    for region, true in truth["survival_by_region"].items():
        yield from waits(told, f"waits {region}", true, where=told.filter(team=teams[region]))
    yield from changes(told, truth)


def waits(told: Told, name: str, true: dict[str, Any], **options: Any) -> Iterator[Figure]:
    km = told.ask("time_to_close_km", as_of=AS_OF, **options).total
    won = told.ask("time_to_win_cif", as_of=AS_OF, **options).total.curve
    lost = told.ask("time_to_loss_cif", as_of=AS_OF, **options).total.curve
    yield f"{name}: n", true["n"], km.n
    yield f"{name}: median", true["median"], km.value
    for day, row in true["at"].items():
        yield f"{name}: won by day {day}", row["won"], won.at("won", int(day))
        yield f"{name}: lost by day {day}", row["lost"], lost.at("lost", int(day))
        yield f"{name}: waiting after day {day}", row["waiting"], km.curve.at(int(day))


def changes(told: Told, truth: dict[str, Any]) -> Iterator[Figure]:
    """Comparison with the period before, and the order of agents."""
    for pair, true in truth["bridge"].items():
        one, two = pair.split("-")
        cell = told.ask("revenue", two, compare="previous").total
        yield f"change {one} to {two}", true["change"], (cell.value - cell.before.value) / told.unit
    cells, _total = told.figures("revenue", by=("owner",))
    order = sorted(cells, key=lambda name: -cells[name].value)
    yield "agents with the most revenue", truth["top_agents"], order[:3]
    rates = {
        name: cell for name, cell in told.figures("win_rate_count", by=("owner",))[0].items() if cell.value is not None
    }
    best = sorted(rates, key=lambda name: -rates[name].value)
    yield "agents with the best rates", truth["best_win_rates"], best[:2]
    yield "agent with the lowest rate", truth["worst_win_rate"], best[-1]
    days = told.ask("open_deals", as_of=AS_OF).total
    yield (
        "as of the last day, told again a day later",
        days.value,
        told.ask("open_deals", as_of=AS_OF + timedelta(1)).total.value,
    )


def same(true: Any, found: Any) -> bool:
    if isinstance(true, float) or isinstance(found, float):
        return (
            true is not None
            and found is not None
            and abs(float(true) - float(found)) <= 1e-9 * max(1, abs(float(true)))
        )
    return bool(true == found)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare noren's numbers with the truth of the Maven data.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--database", help="a PostgreSQL address; default: DATABASE_URL")
    parser.add_argument("--load", action="store_true", help="load the files into an empty database first")
    parser.add_argument("--all", action="store_true", help="also print what agrees")
    args = parser.parse_args()
    if args.database:
        os.environ["DATABASE_URL"] = args.database
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "noren.config.settings")
    import django

    django.setup()
    if args.load:
        load(args.folder)
    truth = maven_truth.truth(args.folder, AS_OF)
    wrong = count = 0
    for what, true, found in everything(Told(), truth):
        count += 1
        good = same(true, found)
        wrong += not good
        if args.all or not good:
            print(f"{'  ' if good else '≠ '}{what:58} {true!s:>26} {found!s:>26}")
    print(f"{count} figures compared, {wrong} differ.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
