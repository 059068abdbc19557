"""Deals: three years of them, won, lost and open, with lines, dated stages and reasons; and the facts of their lives.

About one in three is won, by a quota that runs along, so that the rate hardly moves with the day of building. Quarter
ends are full, August is quiet, each year is better than the last, and a deal takes about a month and a half.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from noren.accounts.models import User
from noren.core.action.plain import plain_event
from noren.core.base.period import Fiscal, Grain, span
from noren.core.event.event import Event
from noren.core.record.intake.write import Drafts, reserve_ids
from noren.demo.customers import COMPANIES
from noren.demo.days import SEASON, Clock
from noren.demo.ground import Ground
from noren.sales.actions.deal import shares
from noren.sales.events import DealLinesChanged, DealLost, DealMoved, DealWon
from noren.sales.models import Deal, DealLine
from noren.sales.models.deal import midday

MONTHLY = 11.0  # closings in an ordinary month of the oldest year
GROWTH = (1.0, 1.1, 1.2)
WON = 0.315  # share of closed deals
SETTLED_IN = 120  # firms that make nearly all the business
OPEN_BY_STAGE = (18, 14, 11, 8, 5)
LOST_AT = (0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4)  # stages, as often as deals are lost there
REASONS = (0, 0, 0, 1, 1, 1, 2, 3, 3, 3, 4, 5)
MAIN = (0, 0, 0, 1, 1, 2, 4, 5, 6, 7, 8, 8, 9, 10, 11, 11, 3)  # products, as often as a deal is about them
QUANTITY = {0: 30, 1: 20, 2: 5, 3: 3, 4: 12, 5: 3, 6: 10, 7: 2, 8: 2, 9: 3, 10: 3, 11: 4}
DRAFTED = 2  # from this stage on a deal has its lines; before, its amount is a guess

Told = tuple[Event, datetime, User]


@dataclass(slots=True)
class Sold:
    """What was made up about deals, before it is written."""

    deals: list[Any] = field(default_factory=list)
    lines: list[DealLine] = field(default_factory=list)
    facts: list[Told] = field(default_factory=list)
    moves: dict[int, list[datetime]] = field(default_factory=dict)  # deal -> moments of entering its stages


@dataclass(frozen=True, slots=True)
class Sketch:
    """One deal in a few words: how it ends, where it stands, when it began and closed (or entered its stage)."""

    outcome: str
    stage: int
    opened: date
    until: date
    place: int  # among those of its kind


def deals(ground: Ground, clock: Clock, firms: list[Any], persons: list[Any]) -> Sold:
    sketches = [*_closed(clock), *_open(ground, clock)]
    by_firm: dict[int, list[Any]] = {}
    for person in persons:
        by_firm.setdefault(person.company_id, []).append(person)
    sold, drafts = Sold(), Drafts(Deal)
    for pk, sketch in zip(reserve_ids(Deal, len(sketches)), sketches, strict=True):
        _tell(pk, sketch, ground, clock, firms, by_firm, drafts, sold)
    return sold


def _closed(clock: Clock) -> list[Sketch]:
    found: list[Sketch] = []
    owed, won = 0.0, 0
    for month, days in clock.months():
        year = (month.year - clock.start.year) - (month.month < 4)
        full = MONTHLY * SEASON.get(month.month, 1.0) * GROWTH[year]
        owed += full * (len(days) / 20 if month.replace(day=1) == clock.today.replace(day=1) else 1)
        count, owed = int(owed), owed - int(owed)
        late = days[len(days) * 2 // 3 :]
        for n in range(count if days else 0):
            closed = clock.chance.choice(late if n % 2 else days)
            number = len(found) + 1
            outcome = "won" if won < round(number * WON) else "lost"
            won += outcome == "won"
            cycle = max(6, int(clock.chance.lognormvariate(3.62 if outcome == "won" else 3.72, 0.5)))
            stage = 4 if outcome == "won" else clock.chance.choice(LOST_AT)
            found.append(Sketch(outcome, stage, clock.work(closed - timedelta(days=cycle)), closed, n))
    return found


def _open(ground: Ground, clock: Clock) -> list[Sketch]:
    """In each stage some stand longer than usual."""
    found: list[Sketch] = []
    for stage, count in enumerate(OPEN_BY_STAGE):
        usual = ground.stages[stage].standard_days or 10
        for _ in range(count):
            place = len(found)
            slow = place // 6 in (3, 7)
            inside = (
                usual + clock.chance.randint(2, 14) if slow else max(1, int(usual * clock.chance.uniform(0.1, 0.9)))
            )
            entered = clock.work(clock.today - timedelta(days=inside))
            before = sum(
                int((ground.stages[s].standard_days or 10) * clock.chance.uniform(0.6, 1.5)) for s in range(stage)
            )
            found.append(Sketch("open", stage, clock.work(entered - timedelta(days=before)), entered, place))
    return found


def _tell(
    pk: int, sketch: Sketch, ground: Ground, clock: Clock, firms: list[Any], by_firm: dict[int, list[Any]],
    drafts: Drafts, sold: Sold,
) -> None:  # fmt: skip
    words, chance = ground.words, clock.chance
    is_open = sketch.outcome == "open"
    firm = firms[int(COMPANIES * chance.random() ** 1.5)] if not is_open else firms[(sketch.place * 7) % COMPANIES]
    owner = ground.sellers[sketch.place % 6] if is_open else firm.owner
    person = chance.choice(by_firm[firm.id]) if by_firm.get(firm.id) else None
    product = chance.choice(MAIN)
    has_lines = not is_open or sketch.stage >= DRAFTED or sketch.place % 3 == 0
    lines = _lines(pk, product, ground, clock) if has_lines else []
    amount = sum(line.amount for line in lines) if lines else None
    listed = sum(line.list_amount or 0 for line in lines) if lines else None
    if not lines and sketch.place % 7 != 2:
        amount = _round(ground.products[product].list_price * QUANTITY[product] * chance.uniform(0.5, 1.0))
    entered = _entered(sketch, clock)
    stage = ground.stages[sketch.stage]
    closed = None if is_open else sketch.until
    refs = {"owner": owner, "company": firm, "person": person, "stage": stage, "pipeline": stage.pipeline}
    values: dict[str, Any] = {
        "id": pk, "title": words.deal_titles[chance.randrange(len(words.deal_titles))].format(product=words.products[product][0]),
        "company_id": firm.id, "person_id": person.id if person else None, "pipeline_id": stage.pipeline_id,
        "stage_id": stage.pk, "stage_since": entered[-1], "outcome": sketch.outcome, "amount": amount, "list_amount": listed,
        "opened_on": sketch.opened, "closed_on": closed, "owner_id": owner.pk, "team_id": owner.team_id,
        "currency": words.currency, "source": words.sources[chance.randrange(len(words.sources))],
        "competitor": chance.choice(words.competitors) if sketch.stage >= DRAFTED and chance.random() < 0.4 else "",
        "loss_reason_id": None, "loss_note": "", "probability": None, "category": "", "close_by": None,
        "position": 1024 * sketch.place, "created_at": entered[0], "updated_at": midday(closed) if closed else entered[-1],
    }  # fmt: skip
    values["close_by"] = _close_by(sketch, clock)
    reason = None
    if is_open and sketch.stage:
        values["category"] = ("", "pipeline", "pipeline", "best", "commit")[sketch.stage]
        values["probability"] = 70 if sketch.place % 11 == 4 else None
    elif sketch.outcome == "lost":
        reason = chance.choice(REASONS)
        values["loss_reason_id"], values["loss_note"] = (
            ground.reasons[reason].pk,
            chance.choice(words.loss_notes[reason]),
        )
        if reason == 1:
            values["competitor"] = values["competitor"] or words.competitors[sketch.place % 3]
    guess = _round(amount * chance.choice((0.8, 0.9, 1, 1.1, 1.25))) if amount else None
    row = drafts.make(values, refs)
    _history(
        row,
        sketch,
        entered,
        ground,
        clock,
        guess,
        len(lines),
        ground.reasons[reason].name if reason is not None else "",
        sold,
    )
    sold.deals.append(row)
    sold.lines += lines
    sold.moves[pk] = entered


def _lines(deal: int, product: int, ground: Ground, clock: Clock) -> list[DealLine]:
    """The main product, and often what goes with it; loggers want a gateway, everything large wants setting up."""
    chance = clock.chance
    wanted = [(product, chance.randint(1, QUANTITY[product]))]
    if product in (0, 1):
        wanted.append((2, 1 + wanted[0][1] // 12))
    if product in (5, 7, 8) or (product in (0, 1) and wanted[0][1] > 10):
        wanted.append((12, 1))
    if product in (4, 6, 9) and chance.random() < 0.4:
        wanted.append((11, 1))
    off = chance.choice((0, 0, 0, 3, 5, 5, 8, 10, 12, 15))
    rows = []
    for position, (at, quantity) in enumerate(wanted):
        listed = Decimal(ground.products[at].list_price or 0)
        price = listed if at == 12 else (listed * (100 - off) / 100).quantize(Decimal(1))
        rows.append(
            DealLine(
                deal_id=deal, product=ground.products[at], quantity=Decimal(quantity), unit_price=price, list_price=listed,
                position=position,
            )
        )  # fmt: skip
    for row, share in zip(rows, shares([row.amount for row in rows]), strict=True):
        row.share = share
    return rows


def _entered(sketch: Sketch, clock: Clock) -> list[datetime]:
    """The moments of entering each stage, in order; an open deal entered its stage on `until`."""
    days = (sketch.until - sketch.opened).days
    parts = sketch.stage if sketch.outcome == "open" else sketch.stage + 1
    found = [clock.moment(sketch.opened, 9, sketch.place * 7 % 60)]
    last = sketch.opened
    for n in range(1, sketch.stage + 1):
        day = sketch.until if n == parts else clock.work(sketch.opened + timedelta(days=days * n // parts))
        last = max(last, day)
        moment = clock.at(last, 10 if last == sketch.until else None)
        found.append(max(moment, found[-1] + timedelta(minutes=5)))
    return found


def _close_by(sketch: Sketch, clock: Clock) -> date:
    if sketch.outcome != "open":
        return sketch.until + timedelta(days=clock.chance.choice((-10, -5, 0, 0, 3, 7)))
    quarter = span(clock.today, Grain.QUARTER, Fiscal(4))
    if sketch.place % 17 == 5:
        return clock.work(clock.today - timedelta(days=clock.chance.randint(3, 12)))
    if sketch.place % 3 == 2:
        return clock.work(quarter.last + timedelta(days=clock.chance.randint(20, 80)))
    ahead = max((quarter.last - clock.today).days, 3)
    return clock.work(clock.today + timedelta(days=clock.chance.randint(ahead // 3, ahead) + 1))


def _history(
    row: Any,
    sketch: Sketch,
    entered: list[datetime],
    ground: Ground,
    clock: Clock,
    guess: int | None,
    lines: int,
    reason: str,
    sold: Sold,
) -> None:
    """Spans by the row's own story, facts in the same moments."""
    steps: list[tuple[datetime, dict[str, Any]]] = []
    facts = sold.facts
    owner = row.owner
    facts.append((plain_event(Deal, "created")(row.id), entered[0], owner))
    for at, moment in enumerate(entered):
        values: dict[str, Any] = {"stage_id": ground.stages[at].pk, "outcome": "open"}
        if lines and at < min(DRAFTED, sketch.stage):
            values |= {"amount": guess, "list_amount": None}
        steps.append((moment, values))
        if at:
            was, now = ground.stages[at - 1], ground.stages[at]
            moved = DealMoved(row.id, from_stage=was.name, to_stage=now.name, from_stage_id=was.pk, to_stage_id=now.pk)
            facts.append((moved, moment, owner))
    if lines:
        drafted = entered[min(DRAFTED, sketch.stage)]
        facts.append((DealLinesChanged(row.id, amount=row.amount, lines=lines), drafted, owner))
    if sketch.outcome != "open":
        end = max(clock.moment(sketch.until, 13 + row.id % 4, row.id * 7 % 60), entered[-1] + timedelta(minutes=5))
        steps.append((end, {}))
        day = sketch.until.isoformat()
        told: Event = (
            DealWon(row.id, amount=row.amount, owner_id=owner.pk, won_on=day)
            if sketch.outcome == "won"
            else DealLost(row.id, reason=reason, amount=row.amount, owner_id=owner.pk, lost_on=day)
        )
        facts.append((told, end, owner))
    row.story = lambda now: steps


def _round(amount: float) -> int:
    return round(amount / 10_000) * 10_000 or 10_000


def standings(firms: list[Any], sold: Sold, clock: Clock) -> None:
    """Who bought is a customer; who has not been heard of for long is dormant."""
    last: dict[int, date] = {}
    for deal in sold.deals:
        firm = deal.company
        if firm.standing == "partner":
            continue
        if deal.outcome == "won":
            firm.standing = "customer"
        last[firm.id] = max(last.get(firm.id, date.min), deal.closed_on or clock.today)
    for firm in firms:
        if firm.standing == "customer" and (clock.today - last[firm.id]).days > 540:
            firm.standing = "dormant"
