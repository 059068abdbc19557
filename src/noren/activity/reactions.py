"""What follows from activities in the same transaction: the next step and the last contact beside the people concerned."""

from __future__ import annotations

from noren.activity.actions.mirror import mirror, touched_by
from noren.activity.events import TOLD
from noren.core.event.models import Fact
from noren.core.event.publish import echoes


@echoes(*TOLD)
def mirror_steps(facts: list[Fact]) -> None:
    """Also whoever an activity was with before: the facts tell what a change took away."""
    rows = touched_by({fact.subject_id for fact in facts})
    for fact in facts:
        changes = fact.changes or {}
        for column in ("company", "person"):
            rows.add(column, (changes.get(column) or [None])[0])
        rows.add(
            "about",
            (changes.get("about_id") or [None])[0],
            (changes.get("about_noun") or [fact.payload.get("about_noun", "")])[0],
        )
    mirror(rows)
