"""The stored answer to each key, so that a request sent twice has one effect and gets the same answer twice."""

from __future__ import annotations

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
