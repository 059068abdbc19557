"""A question in plain values, what is told, and the rows as they lie in the tables."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.core.metric.truth.journal import Journal

from noren.accounts.models import User
from noren.activity.models import Activity
from noren.catalog.models import Product
from noren.contacts.models import Company
from noren.sales.models import Deal, DealLine, DealSpan, Stage

Row = dict[str, Any]
Key = tuple[Any, ...]  # first day of the piece of time (None: not cut), then the values of the dimensions
TOTAL: Key = ("total",)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Ask:
    metric: str
    today: date
    first: date | None = None
    last: date | None = None
    by: tuple[str, ...] = ()
    grain: str = ""
    basis: str = ""
    as_of: date | None = None
    known_on: date | None = None
    where: tuple[str, Any] | None = None  # a field and the values it may have
    owners: frozenset[int] | None = None  # whose rows are seen; None: everybody's
    zone: ZoneInfo = ZoneInfo("Asia/Tokyo")
    year_begins: int = 4

    @property
    def day(self) -> date:
        """To which things are told."""
        return self.as_of or self.today

    def end_of(self, day: date) -> datetime:
        after = day + DAY
        return datetime(after.year, after.month, after.day, tzinfo=self.zone)

    def local(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


@dataclass(frozen=True)
class AtLeast:
    """All values from one on."""

    least: int

    def __contains__(self, value: Any) -> bool:
        return value is not None and value >= self.least


@dataclass
class Told:
    value: Any = None
    num: Any = None
    den: Any = None
    n: int = 0
    missing: int = 0
    low: float | None = None
    high: float | None = None
    more: dict[str, Any] = field(default_factory=dict)


class Books:
    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.deals = {row["id"]: row for row in Deal.every.values()}
        self.spans: dict[int, list[Row]] = defaultdict(list)
        for span in DealSpan.objects.order_by("id").values():
            self.spans[span["row_id"]].append(span)
        self.lines: dict[int, list[Row]] = defaultdict(list)
        for line in DealLine.every.filter(removed_at=None).values():
            self.lines[line["deal_id"]].append(line)
        self.stages = {row["id"]: row for row in Stage.every.values()}
        self.users = {row["id"]: row for row in User.objects.values()}
        self.companies = {row["id"]: row for row in Company.every.values()}
        self.products = {row["id"]: row for row in Product.every.values()}
        self.activities = list(Activity.every.values())

    def lasted(self, row: Row) -> list[Row]:
        """Spans of a deal without those that were corrected away: what never was does not count."""
        return [span for span in self.spans[row["id"]] if span["to_at"] is None or span["to_at"] > span["from_at"]]

    def value(self, row: Row, name: str) -> Any:
        """What stands at a field or dimension of a row."""
        owner, company = self.users.get(row["owner_id"]), self.companies.get(row["company_id"])
        found = {
            "owner__reports_to": owner and owner["reports_to_id"], "owner__team": owner and owner["team_id"],
            "company__industry": company and company["industry"], "company__prefecture": company and company["prefecture"],
        }.get(name, row.get(name, row.get(f"{name}_id")))  # fmt: skip
        return None if found == "" else found

    def parts(self, row: Row, name: str) -> list[tuple[Fraction, Any]]:
        """The parts of a deal by its products, with their shares."""
        found = []
        for line in self.lines[row["id"]]:
            product = self.products.get(line["product_id"])
            value = line["product_id"] if name == "product" else product and product["family"]
            found.append((Fraction(line["share"]), value or None))
        return found or [(Fraction(1), None)]
