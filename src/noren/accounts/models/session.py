"""One browser that came by, most often logged in."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Session(models.Model):
    """The cookie holds the secret; only its digest is stored, so that nobody logs in with what a copy of the tables says.

    `seen_at` is noted every few minutes (login/sessions.py); from where it was is within `data`, as "ip" and "agent".
    """

    digest = models.CharField(max_length=64, unique=True)
    data = models.TextField()
    until = models.DateTimeField(db_index=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="sessions")
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id} {self.seen_at:%Y-%m-%d %H:%M}"
