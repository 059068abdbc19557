"""How activities and tasks are shown and edited."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from noren.activity.actions.activity import finish_step, postpone_step
from noren.activity.models import Activity, Attachment
from noren.activity.queries.feed import ActivityEntries, FileEntries
from noren.core.record.declare import Facts, Record, Row, Section
from noren.core.record.timeline import source


class Activities(Record):
    model = Activity
    columns = "subject", "kind", "happened_at", "due_at", "done_at", "company", "person", "owner"
    filters = (
        "subject", "body", "kind", "direction", "happened_at", "due_at", "done_at", "minutes", "company", "person",
        "owner", "owner__team", "about_noun", "created_at", "updated_at", "external_id",
    )  # fmt: skip
    form = (
        Section(
            _("Activity"),
            Row("kind", "direction"),
            "subject",
            "body",
            Row("happened_at", "minutes"),
            Row("due_at", "is_all_day"),
            Row("company", "person"),
            "owner",
        ),
    )
    read_only = ("done_at", "about_noun", "about_id", "is_next_step", "external_id", "created_at", "updated_at")
    history = ("done_at",)
    actions = finish_step, postpone_step
    panels = (Facts("kind", "happened_at", "minutes", "due_at", "done_at", "company", "person", "owner"),)
    compact = "subject", "kind", "happened_at", "company", "owner"
    title = "subject"
    keys = (("external_id",),)
    arrives = 5
    sort = "-happened_at"
    views = (
        (_("To do"), "due_at__filled=1&done_at__empty=1&sort=due_at"),
        (_("My tasks"), "owner=@me&due_at__filled=1&done_at__empty=1&sort=due_at"),
        (_("Overdue"), "due_at__lt=@today&done_at__empty=1&sort=due_at"),
        (_("Calls this week"), "kind=call&happened_at__on=@this_week"),
    )
    icon = "check-square"
    nav = ("top", 15)


class Attachments(Record):
    model = Attachment
    columns = "name", "size", "owner", "created_at"
    filters = "name", "owner", "created_at"
    pages = False


source(ActivityEntries())
source(FileEntries())
