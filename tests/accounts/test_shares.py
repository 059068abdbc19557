"""Two who share one record with one person at the same moment share it once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from tests import make

from noren.accounts.actions.rights import share_row
from noren.core.access.actor import HOUSE
from noren.core.access.models import Share


@pytest.mark.django_db(transaction=True)
def test_one_share_for_one_person() -> None:
    make.firm()
    deal, whom = make.deal(), make.user("sales")

    def give(may_edit: bool) -> None:
        try:
            share_row("sales.deal", deal.pk, by=HOUSE, user=whom.pk, may_edit=may_edit)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(give, [True, False, True, False]))
    assert Share.objects.filter(noun="sales.deal", row_id=deal.pk).count() == 1
