"""`noren rows`: what a command prints is what its actor may see."""

from __future__ import annotations

import pytest
from tests import make

from noren.config.cli.ask import records
from noren.core.access.actor import HOUSE
from noren.core.metric.rows import rows


@pytest.mark.django_db
def test_rows_do_not_name_what_is_out_of_sight() -> None:
    make.firm()
    aiko = make.user("sales")
    role = aiko.roles.get()
    role.rights["contacts.company.view"] = "own"
    role.save()
    theirs, own = make.company(legal_name="極秘商事"), make.company(legal_name="青葉計測", owner=aiko.pk)
    for company in (theirs, own):
        make.deal(company=company, owner=aiko.pk, amount=5)

    def companies(actor: object) -> set[str]:
        heads, lines = records(rows("open_deals", actor=actor), actor)
        return {line[heads.index("company")] for line in lines}

    assert companies(aiko.actor()) == {"(hidden)", str(own)}
    assert companies(HOUSE) == {str(theirs), str(own)}
