"""The stored answer to each key, so that a request sent twice has one effect and gets the same answer twice."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class Answer(models.Model):
    """One wish with a key: (who, key) is unique. `status` 0 means it is still being worked on."""

    user_id = models.BigIntegerField()
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(null=True)
    at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user_id", "key"], name="answer_once")]
        indexes = [models.Index(fields=["at"], name="answer_at")]


class BulkRun(models.Model):
    """One verb over many rows: what, on which rows, how far. Facts told by it carry `batch`, so it can be taken back.

    verb: edit, remove, or the name of an action; values: field or argument -> value as JSON; refused: sentence -> how often.
    """

    STATES = (
        ("waiting", "waiting"),
        ("running", "running"),
        ("done", "done"),
        ("stopped", "stopped"),
        ("failed", "failed"),
        ("undone", "undone"),
    )

    noun = models.CharField(max_length=60)
    verb = models.CharField(max_length=120)
    values = models.JSONField(default=dict)
    ids = models.JSONField(default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=STATES, default="waiting")
    position = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=dict)
    wants_stop = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["by", "-id"], name="bulk_run_by")]

    def __str__(self) -> str:
        return f"{self.verb} {len(self.ids)}"

    @property
    def batch(self) -> int:
        """The number on its facts; negative, because imports count upwards from one."""
        return -self.pk

    @property
    def is_over(self) -> bool:
        return self.state not in ("waiting", "running")
