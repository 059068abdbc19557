"""What follows in sales when something happened elsewhere, or to a deal itself."""

from __future__ import annotations

from django.db.models import Q

from noren.activity.actions.mirror import Touched, keep_beside, mirror
from noren.activity.models import Activity
from noren.core.event.models import Fact
from noren.core.event.publish import echoes
from noren.sales.models import Deal

# Activities tell of the deal they are about; its next step and last contact follow in the same breath.
keep_beside(Deal, waits=Q(outcome="open"), lacking="/sales/deals/?outcome=open&owner=@me&next_step_at__empty=1")


@echoes("sales.deal.changed")
def take_steps_along(facts: list[Fact]) -> None:
    """A deal that goes to another company or person takes along what is still to do for it; what was done stays."""
    moved = [fact for fact in facts if {"company", "person"} & set(fact.changes or ())]
    rows = Touched()
    for fact in moved:
        deal = Deal.system("open steps follow their deal").filter(pk=fact.subject_id).first()
        if deal is None:
            continue
        steps = Activity.system("open steps follow their deal").filter(
            about_noun=Deal.word(), about_id=deal.pk, is_next_step=True
        )
        for company, person in steps.values_list("company_id", "person_id"):
            rows.add("company", company)
            rows.add("person", person)
        if steps.update(company_id=deal.company_id, person_id=deal.person_id):
            rows.add("company", deal.company_id)
            rows.add("person", deal.person_id)
    mirror(rows)
