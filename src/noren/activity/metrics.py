"""The numbers activities can tell."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from noren.activity.models import Activity
from noren.core.filter.condition import All, Cond, F, Not, Some
from noren.core.metric.declare import NEITHER, Measure, chapter

# What was done: everything that is no task, and tasks that were done.
DONE = F(Some((All((Cond("due_at", "empty"), Not(Cond("kind", "is", "task")))), Cond("done_at", "filled"))))
BY = ("kind", "direction", "owner", "owner__team", "owner__reports_to", "company", "company__industry")

activity_count = Measure(
    "activity_count", _("Activities"), of=Activity, where=DONE, dates={"happened": "happened_at"}, by=BY, better=NEITHER,
    drill=("subject", "kind", "happened_at", "company", "person", "owner"), formula=_("Number of activities done"),
    dated=_("The day the activity happened."),
    left_out=_("Tasks not yet done; activities in the bin. A count of work, not of its worth: easily made larger."),
)  # fmt: skip
touch_count = Measure(
    "touch_count", _("Customer contacts"), of=Activity, where=DONE & F(kind=Activity.TOUCHES),
    dates={"happened": "happened_at"}, by=BY, better=NEITHER,
    drill=("subject", "kind", "happened_at", "company", "person", "owner"),
    formula=_("Number of calls, meetings, visits and e-mails done"), dated=_("The day the activity happened."),
    left_out=_("Notes and tasks; activities in the bin."),
)  # fmt: skip

chapter(60, _("How much do we do?"), activity_count, touch_count)
