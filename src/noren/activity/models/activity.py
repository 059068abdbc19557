"""Things done with someone, and things still to do: notes, calls, meetings, visits, mails, tasks."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from noren.contacts.models import Company, Person
from noren.core.access.scope import noun_of
from noren.core.base.fields import LongText, Text
from noren.core.base.model import Model, Reach, external_id_rule
from noren.core.base.odd import odd_index

OPEN = models.Q(due_at__isnull=False, done_at__isnull=True, removed_at__isnull=True)
DECIDES = ["about_noun", "about_id", "person", "company"]  # by which an activity is seen or not
AHEAD = timedelta(minutes=5)  # clocks differ: what is dated a little ahead has happened

KINDS = (
    ("note", pgettext_lazy("kind of activity", "Note")),
    ("call", _("Call")),
    ("meeting", _("Meeting")),
    ("visit", _("Visit")),
    ("mail", _("E-mail")),
    ("task", _("Task")),
)
DIRECTIONS = (("", "—"), ("out", _("Outgoing")), ("in", _("Incoming")))


class Activity(Model):
    """What happened carries `happened_at`; what is still to do (of any kind) carries `due_at` and no `done_at`.

    `is_next_step` says the second in one word and follows from the other two: counts of what was done leave it out.
    While a step is open its `happened_at` is its `due_at`, so that everything has one place in time.
    `about_noun` and `about_id` name the deal (later: ticket, campaign) it belongs to; company and person stand beside.
    """

    KINDS, DIRECTIONS = KINDS, DIRECTIONS
    TOUCHES = ("call", "meeting", "visit", "mail")

    kind = models.CharField(_("Kind"), max_length=8, choices=KINDS, default="note")
    subject = Text(_("Subject"), max_length=200, blank=True)
    body = LongText(_("Text"), blank=True)
    direction = models.CharField(
        _("Direction"), max_length=3, choices=DIRECTIONS, blank=True, default="", db_default=""
    )
    happened_at = models.DateTimeField(_("When"), default=timezone.now)
    minutes = models.PositiveIntegerField(_("Minutes"), null=True, blank=True)
    due_at = models.DateTimeField(_("Due"), null=True, blank=True)
    is_all_day = models.BooleanField(_("All day"), default=False, db_default=False)
    done_at = models.DateTimeField(_("Done"), null=True, blank=True)
    is_next_step = models.BooleanField(_("Next step"), default=False, db_default=False)
    company = models.ForeignKey(
        Company,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="activities",
        verbose_name=_("Company"),
        db_index=False,
    )
    person = models.ForeignKey(
        Person,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="activities",
        verbose_name=_("Person"),
        db_index=False,
    )
    about_noun = models.CharField(max_length=60, blank=True, default="", db_default="")
    about_id = models.BigIntegerField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("Owner")
    )

    reach = Reach(owner="owner", parents=("person", "company"), about=True)
    chosen = ("kind", "direction")
    settled = ("company", "person", "subject", "happened_at", "due_at", "is_all_day", "is_next_step")

    class Meta(Model.Meta):
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        constraints = [external_id_rule("activity")]
        indexes = [
            odd_index("activity_odd", kind=KINDS, direction=DIRECTIONS),
            models.Index(fields=["-happened_at", "-id"], name="activity_when"),
            models.Index(
                fields=["happened_at"], include=["kind", "due_at", "done_at", "owner"], name="activity_counted",
                condition=models.Q(removed_at__isnull=True),
            ),
            models.Index(
                fields=["owner", "-happened_at", "-id"], name="activity_mine", condition=models.Q(removed_at__isnull=True),
                include=["kind", "direction", "due_at", "done_at", *DECIDES],
            ),
            models.Index(fields=["company", "-happened_at"], name="activity_company"),
            models.Index(fields=["person", "-happened_at"], name="activity_person"),
            models.Index(
                fields=["about_noun", "about_id", "-happened_at"], name="activity_about",
                condition=models.Q(about_id__isnull=False),
            ),
            models.Index(fields=["owner", "due_at"], name="activity_todo", condition=OPEN, include=DECIDES),
            models.Index(fields=["due_at", "id"], name="activity_due", condition=OPEN),
            *(
                models.Index(fields=[*fields, "due_at", "id"], name=f"activity_open_{name}", condition=OPEN)
                for name, fields in (("company", ["company"]), ("person", ["person"]), ("about", ["about_noun", "about_id"]))
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        first_words = self.body.partition("\n")[0][:40]
        return self.subject or f"{self.get_kind_display()} {first_words}".strip()

    def is_open_task(self) -> bool:
        return self.due_at is not None and self.done_at is None

    def settle(self) -> None:
        """A task without a day, and anything dated ahead, is still to do; who it is with follows from what it is about."""
        self.happened_at = self.happened_at or timezone.now()
        if (
            self.due_at is None
            and self.done_at is None
            and (self.kind == "task" or self.happened_at > timezone.now() + AHEAD)
        ):
            self.due_at = self.happened_at
            self.is_all_day = self.is_all_day or self.kind == "task"
        self.is_next_step = self.is_open_task()
        if self.is_next_step and self.due_at is not None:
            self.happened_at = self.due_at
            self.subject = self.subject or first_line(self.body) or str(self.get_kind_display())
        if self.about_id and self._state.adding and not (self.company_id and self.person_id):
            self._look_about(self.about_id)
        if self.person_id and not self.company_id and self.person is not None:
            self.company_id = self.person.company_id

    def _look_about(self, pk: int) -> None:
        """Take company and person over from the row this is about, where nothing else was said."""
        row = noun_of(self.about_noun).system("what an activity is about").filter(pk=pk).first()
        self.company_id = self.company_id or getattr(row, "company_id", None)
        self.person_id = self.person_id or getattr(row, "person_id", None)


def first_line(text: str) -> str:
    return text.strip().partition("\n")[0].strip()[:200]


class Mention(models.Model):
    """A colleague named with @ in a text: an entry of their inbox until read."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["activity", "user"], name="mention_once")]
        indexes = [models.Index(fields=["user"], name="mention_unread", condition=models.Q(read_at__isnull=True))]
