"""What can be done with a deal: the only place where its state changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Max, Min
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import Actor
from noren.core.action.door import action
from noren.core.base.errors import Invalid
from noren.sales.events import DealLinesChanged, DealLost, DealMoved, DealReopened, DealWon
from noren.sales.models import Deal, DealLine, LossReason, Stage
from noren.sales.models.deal import midday

CLOSED = _("This deal is already closed. Reopen it first.")


@action(Deal, label=_("Move to stage"), when=Deal.is_open, why_not=CLOSED, icon="swap", labels={"before": _("Above")})
def move_deal(
    deal: Deal, *, by: Actor, stage: Stage, before: int | None = None, last: bool = False
) -> DealMoved | None:
    """Put the deal into another stage: above the deal `before`, or `last`, or else first in its lane."""
    if stage.pipeline_id != deal.pipeline_id and not stage.pipeline.stages.filter(pk=stage.pk).exists():
        raise Invalid(stage=_("This stage no longer exists."))
    was = deal.stage
    deal.position = _place(stage, before, last=last)
    if was.pk == stage.pk:
        deal.save()
        return None
    true_from = deal.move(stage, timezone.now())
    deal.full_clean()
    deal.save(at=true_from)
    return DealMoved(deal.pk, from_stage=was.name, to_stage=stage.name, from_stage_id=was.pk, to_stage_id=stage.pk)


def _place(stage: Stage, before: int | None, *, last: bool = False) -> int:
    """A position in the lane: 1,024 apart, halves in between; the lane is spread anew when a gap is used up."""
    lane = Deal.every.filter(stage=stage, outcome="open", removed_at__isnull=True)
    if last:
        lowest = lane.aggregate(last=Max("position"))["last"]
        return 0 if lowest is None else lowest + 1024
    first = lane.aggregate(first=Min("position"))["first"]
    if before is None:
        return 0 if first is None else first - 1024
    below = lane.filter(pk=before).values_list("position", flat=True).first()
    if below is None:
        return 0 if first is None else first - 1024
    above = lane.filter(position__lt=below).order_by("-position").values_list("position", flat=True).first()
    if above is None:
        return int(below - 1024)
    if below - above > 1:
        return int((above + below) // 2)
    for at, pk in enumerate(lane.order_by("position", "id").values_list("pk", flat=True)):
        Deal.every.filter(pk=pk).update(position=at * 1024)
    return _place(stage, before)


@action(
    Deal, label=_("Mark as won"), right="close", when=Deal.is_open, why_not=CLOSED, icon="check", tone="good",
    labels={"won_on": _("Won on"), "amount": _("Final amount")},
)  # fmt: skip
def win_deal(deal: Deal, *, by: Actor, won_on: date, amount: int | None = None) -> DealWon:
    """Close the deal as won. The amount at this moment is the one that counts for goals and revenue."""
    _closable(deal, won_on, by, "won_on")
    if amount is not None:
        deal.amount = amount
    if deal.amount is None:
        raise Invalid(amount=_("Enter the amount: a won deal counts with it."))
    deal.close("won", won_on)
    deal.full_clean()
    deal.save(at=_moment(won_on, by))
    return DealWon(deal.pk, amount=deal.amount, owner_id=deal.owner_id, won_on=won_on.isoformat())


@action(
    Deal, label=_("Mark as lost"), right="close", when=Deal.is_open, why_not=CLOSED, icon="x", tone="bad",
    labels={"lost_on": _("Lost on"), "reason": _("Reason"), "note": _("How it was lost")},
)  # fmt: skip
def lose_deal(
    deal: Deal, *, by: Actor, lost_on: date, reason: LossReason, note: str = "", competitor: str = ""
) -> DealLost:
    """Close the deal as lost. It keeps its last amount: the value win rate needs it."""
    _closable(deal, lost_on, by, "lost_on")
    deal.loss_reason, deal.loss_note = reason, note
    deal.competitor = competitor or deal.competitor
    deal.close("lost", lost_on)
    deal.full_clean()
    deal.save(at=_moment(lost_on, by))
    return DealLost(
        deal.pk, reason=reason.name, amount=deal.amount, owner_id=deal.owner_id, lost_on=lost_on.isoformat()
    )


@action(
    Deal, label=_("Reopen"), right="close", when=Deal.is_closed, why_not=_("This deal is open."), icon="undo",
)  # fmt: skip
def reopen_deal(deal: Deal, *, by: Actor) -> DealReopened:
    """Take back a win or a loss. The first start stays: the cycle is counted from there."""
    was = deal.outcome
    deal.reopen()
    deal.full_clean()
    deal.save()
    return DealReopened(deal.pk, was=was)


@dataclass(frozen=True, slots=True)
class Line:
    """One wished line of a deal; prices in minor units."""

    product_id: int | None = None
    text: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = Decimal(0)
    list_price: Decimal | None = None


@action(Deal, label=_("Change lines"), when=Deal.is_open, why_not=CLOSED, icon="doc", bulk=False)
def set_lines(deal: Deal, *, by: Actor, lines: Sequence[Line]) -> DealLinesChanged:
    """Replace the lines of a deal; its amount becomes their sum."""
    put_lines(deal, lines)
    deal.full_clean()
    deal.save()
    return DealLinesChanged(deal.pk, amount=deal.amount, lines=len(lines))


def put_lines(deal: Deal, lines: Sequence[Line]) -> None:
    """Write lines with their shares of the deal's worth (by list price where known, else by price, else evenly)."""
    DealLine.every.filter(deal=deal).delete()
    made = [
        DealLine(
            deal=deal, product_id=line.product_id, text=line.text, quantity=line.quantity,
            unit_price=line.unit_price, list_price=line.list_price, position=at,
        )
        for at, line in enumerate(lines)
    ]  # fmt: skip
    for row, share in zip(made, shares([row.amount for row in made]), strict=True):
        row.share = share
        row.full_clean()
    DealLine.every.bulk_create(made)
    deal.add_up()


def shares(amounts: Sequence[int]) -> list[Decimal]:
    """Parts that add up to exactly 1; the last line takes what rounding leaves."""
    if not amounts:
        return []
    whole = sum(amounts)
    step = Decimal("0.0000000001")
    parts = [(Decimal(a) / whole if whole > 0 else Decimal(1) / len(amounts)).quantize(step) for a in amounts]
    parts[-1] = Decimal(1) - sum(parts[:-1], Decimal(0))
    return parts


def _closable(deal: Deal, on: date, by: Actor, field: str) -> None:
    today = timezone.now().astimezone(by.zone).date()
    if on > today:
        raise Invalid({field: [_("This day lies in the future.")]})
    if deal.opened_on and on < deal.opened_on:
        raise Invalid({field: [_("This day lies before the deal was opened.")]})


def _moment(on: date, by: Actor) -> datetime:
    """When the closing became true: now if today, else noon of that day, but never before the present span began."""
    now = timezone.now()
    return now if on == now.astimezone(by.zone).date() else midday(on)
