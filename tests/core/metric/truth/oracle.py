"""Every number worked out once more from the raw rows: plain loops, no query of noren's, nothing of its declarations.

`Books` holds the rows as they lie in the tables, `Ask` is a question in plain values, and `told` answers it. What a number
means stands here in words of its own (metrics of sales and activity), so that a mistake in a declaration shows as well.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

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
    def __init__(self) -> None:
        self.deals = {row["id"]: row for row in Deal.every.values()}
        self.spans: dict[int, list[Row]] = defaultdict(list)
        for span in DealSpan.objects.order_by("id").values():
            if span["to_at"] is None or span["to_at"] > span["from_at"]:  # what never was does not count
                self.spans[span["row_id"]].append(span)
        self.lines: dict[int, list[Row]] = defaultdict(list)
        for line in DealLine.every.filter(removed_at=None).values():
            self.lines[line["deal_id"]].append(line)
        self.stages = {row["id"]: row for row in Stage.every.values()}
        self.users = {row["id"]: row for row in User.objects.values()}
        self.companies = {row["id"]: row for row in Company.every.values()}
        self.products = {row["id"]: row for row in Product.every.values()}
        self.activities = list(Activity.every.values())

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


# ---- which rows, and what they are worth ----------------------------------------------------------------------------


def _when(condition: str) -> Callable[[Row], bool]:
    wanted = {"won": ("won",), "lost": ("lost",), "open": ("open",), "decided": ("won", "lost"), "": None}[condition]
    return lambda row: wanted is None or row["outcome"] in wanted


def _listed(_books: Books, row: Row, _ask: Ask) -> Any:
    return row["amount"] if row["list_amount"] is None else row["list_amount"]


def _gap(_books: Books, row: Row, _ask: Ask) -> Any:
    known = row["list_amount"] is not None and row["amount"] is not None
    return row["list_amount"] - row["amount"] if known else None


def _weighted(books: Books, row: Row, _ask: Ask) -> Any:
    chance = books.stages[row["stage_id"]]["probability"] if row["probability"] is None else row["probability"]
    return None if row["amount"] is None else Fraction(row["amount"] * chance, 100)


def _cycle(_books: Books, row: Row, _ask: Ask) -> Any:
    if row["opened_on"] is None or row["closed_on"] is None or row["closed_on"] < row["opened_on"]:
        return None
    return (row["closed_on"] - row["opened_on"]).days


def _priced(_books: Books, row: Row, _ask: Ask) -> Any:
    return row["list_amount"]


def _age(_books: Books, row: Row, ask: Ask) -> Any:
    return (ask.day - ask.local(row["stage_since"])).days


def _amount(_books: Books, row: Row, _ask: Ask) -> Any:
    return row["amount"]


def _one(_books: Books, _row: Row, _ask: Ask) -> Any:
    return 1


CLOSED = {"closed": "closed_on", "opened": "opened_on"}
OPENED, EXPECTED, HAPPENED = {"opened": "opened_on"}, {"expected": "close_by"}, {"happened": "happened_at"}
FLOWS: dict[str, tuple[str, Any, dict[str, str]]] = {
    "won_deals": ("won", _one, CLOSED), "lost_deals": ("lost", _one, CLOSED), "closed_deals": ("decided", _one, CLOSED),
    "revenue": ("won", _amount, CLOSED), "won_list_amount": ("won", _listed, CLOSED),
    "closed_list_amount": ("decided", _listed, CLOSED), "list_of_won": ("won", _priced, CLOSED),
    "discount": ("won", _gap, CLOSED), "opened_deals": ("", _one, OPENED), "cohort_won": ("won", _one, OPENED),
    "cohort_lost": ("lost", _one, OPENED), "cohort_open": ("open", _one, OPENED),
    "expected_amount": ("open", _amount, EXPECTED), "expected_weighted": ("open", _weighted, EXPECTED),
    "activity_count": ("", _one, HAPPENED), "touch_count": ("", _one, HAPPENED),
}  # fmt: skip
MEANS = {
    "avg_deal_size": ("won", _amount, CLOSED), "sales_cycle": ("won", _cycle, CLOSED), "decided_cycle": ("decided", _cycle, CLOSED),
}  # fmt: skip
STOCKS: dict[str, tuple[Any, bool]] = {  # what is added up, and whether a day of opening is needed
    "open_deals": (_one, True), "open_amount": (_amount, True), "open_list_amount": (_listed, True),
    "pipeline_deals": (_one, False), "pipeline_amount": (_amount, False), "pipeline_list_amount": (_listed, False),
    "weighted_pipeline": (_weighted, False),
    "deals_without_next_step": (_one, False), "stale_open_deals": (_one, False), "closing_this_month": (_one, False),
    "past_close_date": (_one, False), "stage_age_total": (_age, False),
}  # fmt: skip
OF_TODAY = {"deals_without_next_step", "stale_open_deals", "closing_this_month", "past_close_date", "stage_age_total"}
RATIOS = {
    "win_rate_count": ("won_deals", "closed_deals"), "win_rate_value": ("won_list_amount", "closed_list_amount"),
    "discount_rate": ("discount", "list_of_won"), "won_of_opened": ("cohort_won", "opened_deals"),
    "lost_of_opened": ("cohort_lost", "opened_deals"), "open_of_opened": ("cohort_open", "opened_deals"),
    "stage_age_now": ("stage_age_total", "pipeline_deals"),
}  # fmt: skip
COUNTED = {"win_rate_count", "won_of_opened", "lost_of_opened", "open_of_opened"}
WAITS = {"time_to_close_km": "", "time_to_win_cif": "won", "time_to_loss_cif": "lost"}
PRODUCTS = ("product", "product_family")


def _stands_out(metric: str, books: Books, row: Row, ask: Ask) -> bool:
    """The further conditions of what needs a hand today."""
    match metric:
        case "deals_without_next_step":
            return row["next_step_at"] is None
        case "closing_this_month":
            return row["close_by"] is not None and row["close_by"].replace(day=1) == ask.today.replace(day=1)
        case "past_close_date":
            return row["close_by"] is not None and row["close_by"] < ask.today
        case "stale_open_deals":
            days = books.stages[row["stage_id"]]["standard_days"]
            return days is not None and (ask.day - ask.local(row["stage_since"])).days > days
    return True


# ---- what was true --------------------------------------------------------------------------------------------------

KEPT = ("pipeline_id", "stage_id", "outcome", "amount", "list_amount", "owner_id", "team_id")


def _span_at(books: Books, deal: Row, day: date, ask: Ask) -> Row | None:
    """What was so at the end of a day; with `known_on`, what was believed then."""
    end = ask.end_of(day)
    found = None
    for span in books.spans[deal["id"]]:
        if ask.known_on:
            if span["recorded_at"] < ask.end_of(ask.known_on) and span["from_at"] < end:
                found = span if found is None or span["recorded_at"] >= found["recorded_at"] else found
        elif span["from_at"] < end and (span["to_at"] is None or span["to_at"] >= end):
            found = span
    return found


def _at(books: Books, deal: Row, day: date, ask: Ask) -> Row | None:
    """A deal as it was at the end of a day; None when it was not there."""
    span = _span_at(books, deal, day, ask)
    return None if span is None else deal | {name: span[name] for name in KEPT}


def _seen(row: Row, ask: Ask) -> bool:
    return row["removed_at"] is None and (ask.owners is None or row["owner_id"] in ask.owners)


def _meets(books: Books, row: Row, ask: Ask) -> bool:
    if ask.where is None or ask.where[0] in PRODUCTS:
        return True
    name, values = ask.where
    return books.value(row, name) in values


def _has_part(books: Books, row: Row, ask: Ask) -> bool:
    """Whether a deal has one of the products that are meant, whatever its share."""
    if ask.where is None or ask.where[0] not in PRODUCTS:
        return True
    return any(part in ask.where[1] for _share, part in books.parts(row, ask.where[0]))


def _living(books: Books, ask: Ask) -> Iterator[Row]:
    """Deals that are seen, as they are today."""
    yield from (deal for deal in books.deals.values() if _seen(deal, ask))


def _within(day: date | None, ask: Ask) -> bool:
    if day is None:
        return ask.first is None and ask.last is None and ask.as_of is None
    until = min(d for d in (ask.last, ask.as_of, date.max) if d)
    return (ask.first or date.min) <= day <= until


# ---- counting -------------------------------------------------------------------------------------------------------


@dataclass
class Pile:
    """What falls into one cell. rows: (id, share, value)."""

    rows: list[tuple[Any, Fraction, Any]] = field(default_factory=list)
    missing: set[Any] = field(default_factory=set)

    @property
    def total(self) -> Any:
        return sum((share * value for _id, share, value in self.rows), Fraction(0))

    @property
    def weight(self) -> Fraction:
        return sum((share for _id, share, _value in self.rows), Fraction(0))

    @property
    def n(self) -> int:
        return len({pk for pk, _share, _value in self.rows})


Piles = dict[Key, Pile]


def piece(day: date, ask: Ask) -> date:
    """The first day of the piece of time a day falls into."""
    first = day
    if ask.grain == "week":
        first = day - DAY * day.weekday()
    elif ask.grain != "day":
        months = {"month": 1, "quarter": 3, "half": 6, "year": 12}[ask.grain]
        first = day.replace(day=1)
        while (first.month - ask.year_begins) % months:
            first = (first - DAY).replace(day=1)
    return max(first, ask.first or date.min)


def _put(
    piles: Piles, books: Books, ask: Ask, row: Row, cut: date | None, value: Any, why_missing: bool = False
) -> None:
    """Lay a row into its cells and into the total."""
    shared = next((n for n in (*ask.by, *([ask.where[0]] if ask.where else [])) if n in PRODUCTS), None)
    for share, part in books.parts(row, shared) if shared else [(Fraction(1), None)]:
        if ask.where and ask.where[0] in PRODUCTS and part not in ask.where[1]:
            continue
        key = (cut, *(part if name in PRODUCTS else books.value(row, name) for name in ask.by))
        for place in (key, TOTAL) if len(key) > 1 or cut else (TOTAL,):
            pile = piles.setdefault(place, Pile())
            if why_missing or value is None:
                pile.missing.add(row["id"])
            else:
                pile.rows.append((row["id"], share, value))


def _flow(books: Books, ask: Ask, metric: str) -> Piles:
    condition, value, dates = (FLOWS | MEANS)[metric]
    piles: Piles = {}
    path = dates[ask.basis] if ask.basis in dates else next(iter(dates.values()))
    for row in _happened(books, ask, metric) if path == "happened_at" else _living(books, ask):
        if not _counts(condition, path, row, ask) or not _meets(books, row, ask):
            continue
        if metric == "list_of_won" and row["amount"] is None:
            continue
        day = row[path] if path != "happened_at" else ask.local(row[path])
        if _within(day, ask):
            cut = piece(day, ask) if ask.grain and day else None
            _put(piles, books, ask, row, cut, value(books, row, ask), day is None)
    return piles


def _counts(condition: str, path: str, row: Row, ask: Ask) -> bool:
    """Whether a deal is won, lost or open; as of a past day by the day it was decided, else as it is today."""
    closed = row.get("closed_on")
    if ask.as_of and closed and closed > ask.as_of and path != "close_by" and condition:
        return condition == "open"
    return _when(condition)(row)


def _happened(books: Books, ask: Ask, metric: str) -> Iterator[Row]:
    for row in books.activities:
        about = books.deals.get(row["about_id"]) if row["about_noun"] == "sales.deal" else None
        if row["removed_at"] is not None:
            continue
        if ask.owners is not None:
            if about is not None and about["owner_id"] not in ask.owners:
                continue
            bare = about is None and row["company_id"] is None and row["person_id"] is None
            if bare and row["owner_id"] not in ask.owners:
                continue
        if ask.known_on and row["created_at"] >= ask.end_of(ask.known_on):
            continue
        to_do = row["done_at"] is None and (row["due_at"] is not None or row["kind"] == "task")
        touch = row["kind"] in ("call", "meeting", "visit", "mail")
        if not to_do and (touch or metric == "activity_count"):
            yield row | {"outcome": ""}


def _stock(books: Books, ask: Ask, metric: str) -> Piles:
    value, needs_opening = STOCKS[metric]
    piles: Piles = {}
    for cut, day in _ends(ask):
        total: Piles = {}
        for deal in _living(books, ask):
            live = not ask.grain and not ask.known_on and day >= ask.today
            row = deal if live else _at(books, deal, day, ask)
            if row and row["outcome"] == "open" and _meets(books, row, ask) and _stands_out(metric, books, row, ask):
                _put(total, books, ask, row, cut, value(books, row, ask), needs_opening and row["opened_on"] is None)
        piles.update(total)
        if not total:
            piles.pop(TOTAL, None)  # the last day told of makes the total
    return piles


def _ends(ask: Ask) -> Iterator[tuple[date | None, date]]:
    """The days a stock is told of: the last of each piece of time as far as it has come."""
    if not ask.grain:
        yield None, min(ask.day, ask.last or date.max)
        return
    assert ask.first
    assert ask.last
    pieces: dict[date, date] = {}
    day = ask.first
    while day <= ask.last:
        if day <= ask.day:
            pieces[piece(day, ask)] = day
        day += DAY
    yield from pieces.items()


# ---- numbers of piles -----------------------------------------------------------------------------------------------


def wilson(k: int, n: int) -> tuple[float, float]:
    """Solved from (p - k/n)^2 = z^2 p (1 - p) / n, the definition of the interval."""
    a, b, c = n + 1.96**2, -(2 * k + 1.96**2), k * k / n
    root = math.sqrt(max(b * b - 4 * a * c, 0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def percentile(values: Iterable[float], share: float) -> float:
    line = sorted(values)
    place = share * (len(line) - 1)
    low, high = math.floor(place), math.ceil(place)
    return float(line[low] + (place - low) * (line[high] - line[low]))


def _sum_of(pile: Pile, is_count: bool) -> Told:
    unknown = not is_count and not pile.rows and bool(pile.missing)
    total = None if unknown else pile.total
    return Told(total, total, None, pile.n, len(pile.missing))


def _mean_of(pile: Pile) -> Told:
    told = Told(None, pile.total, pile.weight, pile.n, len(pile.missing))
    if pile.weight:
        told.value = float(pile.total / pile.weight)
    if pile.rows:
        values = [value for _id, _share, value in pile.rows]
        told.more = {f"p{p}" if p != 50 else "median": percentile(values, p / 100) for p in (25, 50, 75, 90)}
    return told


def _rate_of(top: Pile, bottom: Pile, is_counted: bool) -> Told:
    told = Told(None, top.total, bottom.total, bottom.n, max(len(top.missing), len(bottom.missing)))
    if bottom.total:
        told.value = float(top.total / bottom.total)
        if is_counted and round(bottom.total):
            told.low, told.high = wilson(min(round(top.total), round(bottom.total)), round(bottom.total))
    return told


def told(books: Books, ask: Ask) -> dict[Key, Told]:
    """The whole answer: cell -> number, with TOTAL."""
    metric = ask.metric
    if metric in FLOWS:
        return {key: _sum_of(pile, FLOWS[metric][1] is _one) for key, pile in _flow(books, ask, metric).items()}
    if metric in MEANS:
        return {key: _mean_of(pile) for key, pile in _flow(books, ask, metric).items()}
    if metric in STOCKS:
        return {key: _sum_of(pile, STOCKS[metric][0] is _one) for key, pile in _stock(books, ask, metric).items()}
    if metric in RATIOS:
        tops, bottoms = ((_stock if name in STOCKS else _flow)(books, ask, name) for name in RATIOS[metric])
        keys = {*tops, *bottoms}
        return {k: _rate_of(tops.get(k, Pile()), bottoms.get(k, Pile()), metric in COUNTED) for k in keys}
    if metric in WAITS:
        return _waits(books, ask, WAITS[metric])
    if metric == "stage_duration":
        return _stays(books, ask)
    if metric == "stage_conversion":
        return _moves(books, ask)
    if metric == "velocity":
        return _velocity(books, ask)
    raise LookupError(metric)


def _velocity(books: Books, ask: Ask) -> dict[Key, Told]:
    names = {"open": "open_deals", "rate": "win_rate_count", "size": "avg_deal_size", "cycle": "sales_cycle"}
    parts = {name: told(books, replace(ask, metric=metric)) for name, metric in names.items()}
    found = {}
    for key in {key for part in parts.values() for key in part}:
        one = {name: part.get(key, Told(0 if name == "open" else None)) for name, part in parts.items()}
        made = Told(n=one["rate"].n, missing=sum(part.missing for part in one.values()))
        if all(part.value is not None for part in one.values()) and one["cycle"].value:
            made.value = float(one["open"].value) * one["rate"].value * one["size"].value / one["cycle"].value
        found[key] = made
    return found


# ---- waits ----------------------------------------------------------------------------------------------------------

Seen = list[tuple[int | None, str | None]]  # days waited (None: cannot be told), how it ended (None: not yet)


def _waits(books: Books, ask: Ask, cause: str) -> dict[Key, Told]:
    found: dict[Key, dict[Any, tuple[int | None, str | None]]] = defaultdict(dict)
    for row in _living(books, ask):
        opened, closed = row["opened_on"], row["closed_on"]
        undated = opened is None and not (ask.first and ask.last)
        if not _meets(books, row, ask) or not (undated or (opened and opened <= ask.day and _within(opened, ask))):
            continue
        over = closed is not None and closed <= ask.day
        days = None if opened is None else ((closed if over else ask.day) - opened).days
        days = None if days is not None and days < 0 else days
        piles: Piles = {}
        cut = piece(opened, ask) if ask.grain and opened else None
        _put(piles, books, ask, row, cut, 1)
        for key in piles:
            found[key][row["id"]] = (days, row["outcome"] if over else None)
    return {key: _wait(list(rows.values()), cause) for key, rows in found.items()}


def _wait(rows: Seen, cause: str) -> Told:
    known = [(days, how) for days, how in rows if days is not None]
    made = Told(n=len(known), missing=len(rows) - len(known))
    if not known:
        return made
    made.den = len(known)
    made.num = sum(how == cause if cause else how is not None for _days, how in known)
    waiting, shares = Fraction(1), Fraction(0)
    made.value = 0.0 if cause else None
    for day in sorted({days for days, how in known if how}):
        at_risk = sum(days >= day for days, _how in known)
        ended = [how for days, how in known if days == day and how]
        shares += waiting * Fraction(ended.count(cause), at_risk) if cause else 0
        waiting *= 1 - Fraction(len(ended), at_risk)
        if cause and day <= 90:
            made.value = float(shares)
        elif not cause and made.value is None and waiting <= Fraction(1, 2):
            made.value = day
    return made


def _stays(books: Books, ask: Ask) -> dict[Key, Told]:
    stages = [name for name in ask.by if name != "stage"]
    end = ask.end_of(ask.day)
    found: dict[Key, Seen] = defaultdict(list)
    for deal in filter(lambda row: _has_part(books, row, ask), _living(books, ask)):
        spent: dict[int, list[Row]] = defaultdict(list)
        for span in books.spans[deal["id"]]:
            recorded = not ask.known_on or span["recorded_at"] < ask.end_of(ask.known_on)
            meant = recorded and _meets(books, deal | {"stage_id": span["stage_id"]}, ask)
            if span["outcome"] == "open" and span["from_at"] < end and meant:
                spent[span["stage_id"]].append(span)
        for stage, spans in spent.items():
            entered = ask.local(min(span["from_at"] for span in spans))
            if (ask.first and entered < ask.first) or (ask.last and entered > ask.last):
                continue
            days, still = 0, False
            for span in spans:
                there = span["to_at"] is None or span["to_at"] >= end
                days += ((ask.day if there else ask.local(span["to_at"])) - ask.local(span["from_at"])).days
                still = still or there
            for key in ((None, stage, *(books.value(deal, name) for name in stages)), TOTAL):
                found[key].append((days, None if still else "left"))
    return {key: _wait(rows, "") for key, rows in found.items()}


def _moves(books: Books, ask: Ask) -> dict[Key, Told]:
    stages = [name for name in ask.by if name != "stage"]
    found: dict[Key, list[bool]] = defaultdict(list)
    for deal in filter(lambda row: _has_part(books, row, ask), _living(books, ask)):
        spans = [
            span for span in books.spans[deal["id"]]
            if span["from_at"] < ask.end_of(ask.day)
            and (not ask.known_on or span["recorded_at"] < ask.end_of(ask.known_on))
        ]  # fmt: skip
        for stage in books.stages.values():
            row = deal | {"stage_id": stage["id"]}
            mine = [span for span in spans if span["pipeline_id"] == stage["pipeline_id"]]
            place = {span["id"]: books.stages[span["stage_id"]]["position"] for span in mine}
            came = [span["from_at"] for span in mine if place[span["id"]] >= stage["position"]]
            if not came or not _meets(books, row, ask):
                continue
            entered = ask.local(min(came))
            if (ask.first and entered < ask.first) or (ask.last and entered > ask.last):
                continue
            further = any(place[span["id"]] > stage["position"] or span["outcome"] == "won" for span in mine)
            for key in ((None, stage["id"], *(books.value(deal, name) for name in stages)), TOTAL):
                found[key].append(further)
    made = {}
    for key, went in found.items():
        low, high = wilson(sum(went), len(went))
        made[key] = Told(sum(went) / len(went), sum(went), len(went), len(went), 0, low, high)
    return made
