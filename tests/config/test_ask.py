"""`noren ask` and `noren rows`: what they print, and that it is what the actor may see."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.utils import translation
from tests import make

from noren.config.cli.ask import _table, records
from noren.core.access.actor import HOUSE
from noren.core.metric.ask import ask
from noren.core.metric.rows import rows
from noren.core.metric.show import change
from noren.sales.actions.deal import win_deal


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


def test_a_rate_changes_by_points_days_by_days_all_else_in_percent() -> None:
    with translation.override("en"):
        assert change(0.36, 0.07, "percent") == "+29.0 pt"
        assert change(0, 0.5, "percent") == "-50.0 pt"
        assert change(0.5, 0, "percent") == "+50.0 pt"
        assert change(50.5, 40, "days") == "+10.5 days"
        assert change(Decimal(150), 100, "money") == "+50.0%"
        assert change(3, 0, "count") == change(None, 1, "count") == change(1, None, "percent") == ""


@pytest.mark.django_db
def test_a_table_says_which_days_it_tells_of_and_by_which_date(capsys: pytest.CaptureFixture[str]) -> None:
    make.firm()

    def told(*asked: object, **options: object) -> str:
        with translation.override("en"):
            _table(ask(*asked, actor=HOUSE, today=date(2026, 11, 25), **options))  # type: ignore[arg-type]
        return capsys.readouterr().err.strip()

    assert told("win_rate_count", "2026Q3", compare="previous") == (
        "Period: Jul 1, 2026 – Sep 30, 2026 (FY2026 Q2) · Counted: by the day of closing · As of: Nov 25, 2026"
        " · Compared: Apr 1, 2026 – Jun 30, 2026 (FY2026 Q1)"
    )
    assert told("win_rate_count").startswith("Period: All time · ")
    assert told("pipeline_amount", as_of=date(2026, 9, 30)) == "As of: Sep 30, 2026"


@pytest.mark.django_db
def test_a_table_of_records_speaks_as_screens_do_and_programs_get_names_and_bare_values() -> None:
    make.firm()
    deal = make.deal(title="North roof", amount=1_234_500)
    win_deal(deal, by=HOUSE, won_on=date(2026, 11, 20))

    def listed(number: str, told: bool) -> dict[str, str]:
        heads, lines = records(rows(number, actor=HOUSE), HOUSE, told=told)
        return dict(zip(heads, lines[0], strict=True))

    with translation.override("en"):
        assert listed("revenue", told=True).items() >= {
            ("ID", str(deal.pk)), ("Amount", "¥1,234,500"), ("Closed on", "Nov 20, 2026"), ("Counts for", "¥1,234,500"),
        }  # fmt: skip
        assert listed("win_rate_count", told=True)["Deals won"] == "Yes"
        assert listed("won_deals", told=True)["Counts for"] == "1"
        bare = listed("revenue", told=False)
    assert (bare["amount"], bare["closed_on"], bare["counted"]) == ("1234500", "2026-11-20", "1234500")
