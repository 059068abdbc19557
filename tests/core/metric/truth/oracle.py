"""Every number worked out once more from the raw rows: plain loops, no query of noren's, nothing of its declarations.

`told` answers an `Ask` from `Books`. What a number means stands here and in `piles` in words of its own, so that a mistake
in a declaration shows as well.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from tests.core.metric.truth.books import DAY, TOTAL, Ask, Books, Key, Row, Told
from tests.core.metric.truth.piles import (
    COUNTED,
    FLOWS,
    MEANS,
    RATIOS,
    STOCKS,
    WAITS,
    Pile,
    Piles,
    as_told,
    at,
    has_part,
    living,
    meets,
    one,
    piece,
    put,
    stands_out,
    when,
    within,
)


def _flow(books: Books, ask: Ask, metric: str) -> Piles:
    condition, value, dates = (FLOWS | MEANS)[metric]
    piles: Piles = {}
    path = dates[ask.basis] if ask.basis in dates else next(iter(dates.values()))
    for row in _happened(books, ask, metric) if path == "happened_at" else as_told(books, ask):
        if not _counts(condition, path, row, ask) or not meets(books, row, ask):
            continue
        if metric == "list_of_won" and row["amount"] is None:
            continue
        day = row[path] if path != "happened_at" else ask.local(row[path])
        if within(day, ask):
            cut = piece(day, ask) if ask.grain and day else None
            put(piles, books, ask, row, cut, value(books, row, ask), day is None)
    return piles


def _counts(condition: str, path: str, row: Row, ask: Ask) -> bool:
    """Whether a deal is won, lost or open; as of a day it is not yet decided if that lies ahead."""
    closed = row.get("closed_on")
    if ask.as_of and closed and closed > ask.as_of and path != "close_by" and condition:
        return condition == "open"
    return when(condition)(row)


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
        for deal in living(books, ask):
            live = not ask.grain and not ask.known_on and day >= ask.today
            row = deal if live else at(books, deal, day, ask)
            if row and row["outcome"] == "open" and meets(books, row, ask) and stands_out(metric, books, row, ask):
                put(total, books, ask, row, cut, value(books, row, ask), needs_opening and row["opened_on"] is None)
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
        return {key: _sum_of(pile, FLOWS[metric][1] is one) for key, pile in _flow(books, ask, metric).items()}
    if metric in MEANS:
        return {key: _mean_of(pile) for key, pile in _flow(books, ask, metric).items()}
    if metric in STOCKS:
        return {key: _sum_of(pile, STOCKS[metric][0] is one) for key, pile in _stock(books, ask, metric).items()}
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
        known = {name: part.get(key, Told(0 if name == "open" else None)) for name, part in parts.items()}
        made = Told(n=known["rate"].n, missing=sum(part.missing for part in known.values()))
        if all(part.value is not None for part in known.values()) and known["cycle"].value:
            made.value = float(known["open"].value) * known["rate"].value * known["size"].value / known["cycle"].value
        found[key] = made
    return found


# ---- waits ----------------------------------------------------------------------------------------------------------

Seen = list[tuple[int | None, str | None]]  # days waited (None: cannot be told), how it ended (None: not yet)


def _waits(books: Books, ask: Ask, cause: str) -> dict[Key, Told]:
    found: dict[Key, dict[Any, tuple[int | None, str | None]]] = defaultdict(dict)
    for row in as_told(books, ask):
        opened, closed = row["opened_on"], row["closed_on"]
        undated = opened is None and not (ask.first and ask.last)
        if not meets(books, row, ask) or not (undated or (opened and opened <= ask.day and within(opened, ask))):
            continue
        over = closed is not None and closed <= ask.day
        days = None if opened is None else ((closed if over else ask.day) - opened).days
        days = None if days is not None and days < 0 else days
        piles: Piles = {}
        cut = piece(opened, ask) if ask.grain and opened else None
        put(piles, books, ask, row, cut, 1)
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
    for deal in filter(lambda row: has_part(books, row, ask), living(books, ask)):
        spent: dict[int, list[Row]] = defaultdict(list)
        for span in books.lasted(deal):
            recorded = not ask.known_on or span["recorded_at"] < ask.end_of(ask.known_on)
            meant = recorded and meets(books, deal | {"stage_id": span["stage_id"]}, ask)
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
    for deal in filter(lambda row: has_part(books, row, ask), living(books, ask)):
        spans = [
            span for span in books.lasted(deal)
            if span["from_at"] < ask.end_of(ask.day)
            and (not ask.known_on or span["recorded_at"] < ask.end_of(ask.known_on))
        ]  # fmt: skip
        for stage in books.stages.values():
            row = deal | {"stage_id": stage["id"]}
            mine = [span for span in spans if span["pipeline_id"] == stage["pipeline_id"]]
            place = {span["id"]: books.stages[span["stage_id"]]["position"] for span in mine}
            came = [span["from_at"] for span in mine if place[span["id"]] >= stage["position"]]
            if not came or not meets(books, row, ask):
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
