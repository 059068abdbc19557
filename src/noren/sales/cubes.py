"""Sums over deals that the database keeps, so that numbers of sales are quick over any number of deals."""

from __future__ import annotations

from noren.core.filter.condition import F
from noren.core.metric.cube.declare import HOLDER, SPENT, THERE, Cube, Part, Walk
from noren.core.metric.declare import Count, Days, Gap, Total, Weighted
from noren.sales.metrics import DECIDED, OPEN, stage_conversion, stage_duration
from noren.sales.models import Deal

DATED, STEPLESS, PRICED = F(opened_on__filled=True), F(next_step_at__empty=True), F(amount__filled=True)
ENDED = F(closed_on__filled=True)
AMOUNT, LISTED = Total("amount"), Total("list_amount", "amount")
HOPED = Weighted("amount", ("probability", "stage__probability"))
CYCLE = Days("opened_on", "closed_on")
WORTH = (AMOUNT, LISTED, Gap("list_amount", "amount"), Part(Total("list_amount"), PRICED), CYCLE)
WHERE_IT_IS, WHOSE = ("pipeline", "stage"), ("owner", "team")

closed = Cube(
    "deal_closed", of=Deal, day="closed_on", where=DECIDED, sums=WORTH, spread=CYCLE,
    by=("outcome", *WHOSE, *WHERE_IT_IS, "source", "loss_reason"),
    rolls=(
        ("outcome",), ("outcome", "source"), ("outcome", "loss_reason"), ("outcome", *WHERE_IT_IS), ("outcome", "spread"),
        ("outcome", *WHOSE, "pipeline"),
    ),
)  # fmt: skip
opened = Cube(
    "deal_opened", of=Deal, day="opened_on", sums=(*WORTH, Part(Count(), ENDED)), spread=CYCLE,
    by=("outcome", *WHOSE, *WHERE_IT_IS, "source"),
    rolls=(
        ("outcome",), ("outcome", "source"), ("outcome", *WHERE_IT_IS), ("outcome", *WHOSE), ("outcome", "spread"),
    ),
)  # fmt: skip
waiting = Cube(
    "deal_waiting", of=Deal, day="stage_since", where=OPEN, by=(*WHERE_IT_IS, *WHOSE),
    sums=(
        AMOUNT, LISTED, HOPED, Part(Count(), STEPLESS), Part(Count(), DATED), Part(AMOUNT, DATED), Part(LISTED, DATED),
    ),
    rolls=(WHERE_IT_IS, (*WHERE_IT_IS, *WHOSE)),
)  # fmt: skip
expected = Cube(
    "deal_expected", of=Deal, day="close_by", where=OPEN, sums=(AMOUNT, HOPED), by=(*WHERE_IT_IS, *WHOSE, "category"),
    rolls=(WHERE_IT_IS, (*WHERE_IT_IS, "category"), (*WHERE_IT_IS, *WHOSE), (*WHERE_IT_IS, "category", *WHOSE)),
)  # fmt: skip
standing = Cube(
    "deal_standing", of=Deal, past=True, where=OPEN, by=(*WHERE_IT_IS, *WHOSE, HOLDER),
    sums=(AMOUNT, LISTED, HOPED, Part(Count(), DATED), Part(AMOUNT, DATED), Part(LISTED, DATED)),
    rolls=((), WHERE_IT_IS, WHOSE, (*WHOSE, HOLDER)),
)  # fmt: skip
moved_on = Walk(
    "deal_moved_on", of=Deal, told=stage_conversion, by=(*WHERE_IT_IS, *WHOSE, "source"),
    rolls=(WHERE_IT_IS, (*WHERE_IT_IS, "source"), (*WHERE_IT_IS, *WHOSE)),
)  # fmt: skip
stayed = Walk("deal_stayed", of=Deal, told=stage_duration, by=WHERE_IT_IS, rolls=((*WHERE_IT_IS, SPENT, THERE),))
