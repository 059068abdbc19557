"""Lines of a deal make a whole: they are written together, and their shares add up."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone
from tests import make

from noren.core.access.actor import HOUSE
from noren.core.action.plain import change, create, remove, restore
from noren.core.base.errors import NotNow
from noren.sales.actions.deal import Line, set_lines
from noren.sales.models import DealLine

pytestmark = pytest.mark.django_db


def test_no_plain_verb_touches_a_single_line() -> None:
    make.firm()
    deal = make.deal()
    set_lines(deal, by=HOUSE, lines=[Line(text=name, unit_price=Decimal(700)) for name in ("机", "椅子", "棚")])
    line = DealLine.every.filter(deal=deal).first()
    assert line is not None
    tries = (
        lambda: create(DealLine, {"deal": deal.pk, "text": "灯"}, by=HOUSE),
        lambda: change(line, {"quantity": "2"}, by=HOUSE),
        lambda: remove(line, by=HOUSE),
    )
    for wrong in tries:
        with pytest.raises(NotNow):
            wrong()
    gone = DealLine.every.filter(pk=line.pk)
    gone.update(removed_at=timezone.now())
    with pytest.raises(NotNow):
        restore(DealLine, line.pk, by=HOUSE)
    gone.update(removed_at=None)
    kept = DealLine.every.filter(deal=deal, removed_at__isnull=True)
    assert sum(one.share for one in kept) == 1
    assert sum(one.amount for one in kept) == 2100
