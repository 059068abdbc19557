"""The one table of facts, and the note that a reaction has been done."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Fact(models.Model):
    """Something that happened. Rows are only ever added; erasing a person clears `changes`, never the row.

    at: when it happened; recorded_at: when we learned it. via: the door (page, api, import, command, rule, house).
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=80)
    noun = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    payload = models.JSONField(default=dict)
    changes = models.JSONField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
    via = models.CharField(max_length=16, default="page")
    cause = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+", db_index=False)
    depth = models.PositiveSmallIntegerField(default=0)
    batch = models.BigIntegerField(null=True)
    at = models.DateTimeField(default=timezone.now)
    recorded_at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        verbose_name = _("fact")
        verbose_name_plural = _("facts")
        indexes = [
            models.Index(fields=["noun", "subject_id", "-at", "-id"], name="fact_subject"),
            models.Index(fields=["-recorded_at", "-id"], name="fact_recorded"),
            models.Index(fields=["batch"], name="fact_batch", condition=models.Q(batch__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject_id}"


class Done(models.Model):
    """A reaction has had its effect for a fact: delivery is at least once, the effect is once."""

    fact = models.ForeignKey(Fact, models.CASCADE, related_name="+")
    reaction = models.CharField(max_length=160)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fact", "reaction"], name="done_once")]
