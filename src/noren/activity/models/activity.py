"""Things done with someone, and things still to do: notes, calls, meetings, visits, mails, tasks."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from noren.contacts.models import Company, Person
from noren.core.base.fields import LongText, Text
from noren.core.base.model import Model, Reach, external_id_rule


class Activity(Model):
    """Done activities carry `happened_at`; a task (any kind still to do) carries `due_at` and no `done_at`.

    `about_noun` and `about_id` name the deal (later: ticket, campaign) it belongs to; company and person stand beside.
    """

    KINDS = (
        ("note", _("Note")),
        ("call", _("Call")),
        ("meeting", _("Meeting")),
        ("visit", _("Visit")),
        ("mail", _("E-mail")),
        ("task", _("Task")),
    )
    DIRECTIONS = (("", "—"), ("out", _("Outgoing")), ("in", _("Incoming")))
    TOUCHES = ("call", "meeting", "visit", "mail")

    kind = models.CharField(_("Kind"), max_length=8, choices=KINDS, default="note")
    subject = Text(_("Subject"), max_length=200, blank=True)
    body = LongText(_("Text"), blank=True)
    direction = models.CharField(_("Direction"), max_length=3, choices=DIRECTIONS, blank=True, default="", db_default="")
    happened_at = models.DateTimeField(_("When"), default=timezone.now)
    minutes = models.PositiveIntegerField(_("Minutes"), null=True, blank=True)
    due_at = models.DateTimeField(_("Due"), null=True, blank=True)
    is_all_day = models.BooleanField(_("All day"), default=False, db_default=False)
    done_at = models.DateTimeField(_("Done"), null=True, blank=True)
    is_next_step = models.BooleanField(_("Next step"), default=False, db_default=False)
    company = models.ForeignKey(
        Company, models.CASCADE, null=True, blank=True, related_name="activities", verbose_name=_("Company")
    )
    person = models.ForeignKey(
        Person, models.CASCADE, null=True, blank=True, related_name="activities", verbose_name=_("Person")
    )
    about_noun = models.CharField(max_length=60, blank=True, default="", db_default="")
    about_id = models.BigIntegerField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("Owner")
    )

    reach = Reach(owner="owner", parents=("person", "company"), about=True)
    settled = ("company",)

    class Meta(Model.Meta):
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        constraints = [external_id_rule("activity")]
        indexes = [
            models.Index(fields=["-happened_at", "-id"], name="activity_when"),
            models.Index(fields=["owner", "-happened_at", "-id"], name="activity_owner"),
            models.Index(fields=["company", "-happened_at"], name="activity_company"),
            models.Index(fields=["person", "-happened_at"], name="activity_person"),
            models.Index(
                fields=["about_noun", "about_id", "-happened_at"], name="activity_about",
                condition=models.Q(about_id__isnull=False),
            ),
            models.Index(
                fields=["owner", "due_at"], name="activity_todo",
                condition=models.Q(due_at__isnull=False, done_at__isnull=True, removed_at__isnull=True),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.subject or self.body[:60] or str(self.get_kind_display())

    def is_open_task(self) -> bool:
        return self.due_at is not None and self.done_at is None

    def settle(self) -> None:
        if self.person_id and not self.company_id and self.person is not None:
            self.company_id = self.person.company_id


class Mention(models.Model):
    """A colleague named with @ in a text: an entry of their inbox until read."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["activity", "user"], name="mention_once")]
        indexes = [models.Index(fields=["user"], name="mention_unread", condition=models.Q(read_at__isnull=True))]
