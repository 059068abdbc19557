"""Chores around log-in: sessions and links that ended, counters that ran out."""

from __future__ import annotations

from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone

from noren.accounts.models import Session, Ticket
from noren.core.job.job import timed


@timed("20 * * * *", queue="slow")
def sweep() -> None:
    """Each hour: forget what cannot be used any more."""
    now = timezone.now()
    Session.objects.filter(until__lt=now).delete()
    Ticket.objects.filter(until__lt=now - timedelta(days=30)).delete()
    cache.sweep()  # type: ignore[attr-defined]
