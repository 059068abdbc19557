"""Chores of the one door: stored answers of a day ago go, and what lay in the bin for thirty days."""

from __future__ import annotations

from datetime import timedelta

from django.db import models, transaction
from django.utils import timezone

from noren.core.access.actor import HOUSE
from noren.core.access.scope import nouns
from noren.core.action.once import forget_old_answers
from noren.core.action.plain import plain_event
from noren.core.base.model import Model
from noren.core.event.publish import publish
from noren.core.job.job import timed

IN_BIN = timedelta(days=30)
PORTION = 500


def due(keep: timedelta = IN_BIN) -> dict[str, int]:
    """What the next emptying would erase: noun -> number of rows. Changes nothing."""
    until = timezone.now() - keep
    found = {model.word(): model.every.filter(removed_at__lt=until).count() for model in nouns() if not model.lasting}
    return {word: count for word, count in found.items() if count}


def empty_bin(keep: timedelta = IN_BIN) -> dict[str, int]:
    """Erase what has been in the bin for so long; rows that others still point at stay. Noun -> number erased."""
    until = timezone.now() - keep
    erased: dict[str, int] = {}
    for model in nouns():
        if model.lasting:
            continue
        last = 0
        while True:
            ids = list(
                model.every.filter(removed_at__lt=until, pk__gt=last)
                .order_by("pk")
                .values_list("pk", flat=True)[:PORTION]
            )
            if not ids:
                break
            last = ids[-1]
            count = sum(_erase(model, pk) for pk in ids)
            if count:
                erased[model.word()] = erased.get(model.word(), 0) + count
    return erased


def _erase(model: type[Model], pk: int) -> bool:
    try:
        with transaction.atomic():
            row = model.every.select_for_update(of=("self",)).filter(pk=pk, removed_at__isnull=False).first()
            if row is None:
                return False
            publish(plain_event(model, "erased")(pk), by=HOUSE)
            row.delete()
    except models.ProtectedError:
        return False
    return True


@timed("40 17 * * *", queue="slow")
def forget_answers() -> None:
    forget_old_answers()


@timed("50 17 * * *", queue="slow")
def empty_the_bin() -> None:
    empty_bin()
