"""What a deal is worth to each number, what was true when, and cells into which rows are laid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from tests.core.metric.truth.books import DAY, TOTAL, Ask, Books, Key, Row

# ---- which rows, and what they are worth ----------------------------------------------------------------------------


def when(condition: str) -> Callable[[Row], bool]:
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


def one(_books: Books, _row: Row, _ask: Ask) -> Any:
    return 1


CLOSED = {"closed": "closed_on", "opened": "opened_on"}
OPENED, EXPECTED, HAPPENED = {"opened": "opened_on"}, {"expected": "close_by"}, {"happened": "happened_at"}
FLOWS: dict[str, tuple[str, Any, dict[str, str]]] = {
    "won_deals": ("won", one, CLOSED), "lost_deals": ("lost", one, CLOSED), "closed_deals": ("decided", one, CLOSED),
    "revenue": ("won", _amount, CLOSED), "won_list_amount": ("won", _listed, CLOSED),
    "closed_list_amount": ("decided", _listed, CLOSED), "list_of_won": ("won", _priced, CLOSED),
    "discount": ("won", _gap, CLOSED), "opened_deals": ("", one, OPENED), "cohort_won": ("won", one, OPENED),
    "cohort_lost": ("lost", one, OPENED), "cohort_open": ("open", one, OPENED),
    "expected_amount": ("open", _amount, EXPECTED), "expected_weighted": ("open", _weighted, EXPECTED),
    "activity_count": ("", one, HAPPENED), "touch_count": ("", one, HAPPENED),
}  # fmt: skip
MEANS = {
    "avg_deal_size": ("won", _amount, CLOSED), "sales_cycle": ("won", _cycle, CLOSED), "decided_cycle": ("decided", _cycle, CLOSED),
}  # fmt: skip
STOCKS: dict[str, tuple[Any, bool]] = {  # what is added up, and whether a day of opening is needed
    "open_deals": (one, True), "open_amount": (_amount, True), "open_list_amount": (_listed, True),
    "pipeline_deals": (one, False), "pipeline_amount": (_amount, False), "pipeline_list_amount": (_listed, False),
    "weighted_pipeline": (_weighted, False),
    "deals_without_next_step": (one, False), "stale_open_deals": (one, False), "closing_this_month": (one, False),
    "past_close_date": (one, False), "stage_age_total": (_age, False),
}  # fmt: skip
OF_TODAY = {"deals_without_next_step", "stale_open_deals", "closing_this_month", "past_close_date", "stage_age_total"}
OF_PLANS = {"expected_amount", "expected_weighted"}
RATIOS = {
    "win_rate_count": ("won_deals", "closed_deals"), "win_rate_value": ("won_list_amount", "closed_list_amount"),
    "discount_rate": ("discount", "list_of_won"), "won_of_opened": ("cohort_won", "opened_deals"),
    "lost_of_opened": ("cohort_lost", "opened_deals"), "open_of_opened": ("cohort_open", "opened_deals"),
    "stage_age_now": ("stage_age_total", "pipeline_deals"),
}  # fmt: skip
COUNTED = {"win_rate_count", "won_of_opened", "lost_of_opened", "open_of_opened"}
WAITS = {"time_to_close_km": "", "time_to_win_cif": "won", "time_to_loss_cif": "lost"}
PRODUCTS = ("product", "product_family")


def stands_out(metric: str, books: Books, row: Row, ask: Ask) -> bool:
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


def at(books: Books, deal: Row, day: date, ask: Ask) -> Row | None:
    """A deal as it was at the end of a day; None when it was not there. With `known_on`, what was believed then."""
    known = ask.end_of(ask.known_on) if ask.known_on else None
    were = books.journal.at(deal["id"], day, known)
    return None if were is None else deal | were


def as_told(books: Books, ask: Ask) -> Iterator[Row]:
    """Deals that are seen, as they are; or as they were on a past day, or were known to be."""
    for deal in living(books, ask):
        is_past = ask.known_on is not None or (ask.as_of is not None and ask.as_of < ask.today)
        row = at(books, deal, ask.day, ask) if is_past else deal
        if row is not None:
            yield row


def seen(row: Row, ask: Ask) -> bool:
    return row["removed_at"] is None and (ask.owners is None or row["owner_id"] in ask.owners)


def meets(books: Books, row: Row, ask: Ask) -> bool:
    if ask.where is None or ask.where[0] in PRODUCTS:
        return True
    name, values = ask.where
    return books.value(row, name) in values


def has_part(books: Books, row: Row, ask: Ask) -> bool:
    """Whether a deal has one of the products that are meant, whatever its share."""
    if ask.where is None or ask.where[0] not in PRODUCTS:
        return True
    return any(part in ask.where[1] for _share, part in books.parts(row, ask.where[0]))


def living(books: Books, ask: Ask) -> Iterator[Row]:
    """Deals that are seen, as they are today."""
    yield from (deal for deal in books.deals.values() if seen(deal, ask))


def within(day: date | None, ask: Ask) -> bool:
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


def put(
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
