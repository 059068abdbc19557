"""Facts about deals. Other modules may read this room and nothing above it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from noren.core.event.event import Event, event


@event("sales.deal.moved", says=_("{by} moved {subject} from {from_stage} to {to_stage}"), icon="swap")
class DealMoved(Event):
    from_stage: str
    to_stage: str
    from_stage_id: int
    to_stage_id: int


@event("sales.deal.won", says=_("{by} won {subject}: {amount}"), icon="check")
class DealWon(Event):
    amount: int | None
    owner_id: int | None
    won_on: str


@event("sales.deal.lost", says=_("{by} marked {subject} as lost: {reason}"), icon="x")
class DealLost(Event):
    reason: str
    amount: int | None
    owner_id: int | None
    lost_on: str


@event("sales.deal.reopened", says=_("{by} reopened {subject}"), icon="undo")
class DealReopened(Event):
    was: str


@event("sales.deal.lines_changed", says=_("{by} changed the lines of {subject}: {amount}"), icon="quote")
class DealLinesChanged(Event):
    amount: int | None
    lines: int
