"""One key, one effect: for API calls with `Idempotency-Key` and for every form on a page (its hidden token)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from noren.core.action.models import Answer
from noren.core.base.errors import Refusal

KEEP = timedelta(hours=24)


class OtherBody(Refusal):
    code = "idempotency_mismatch"
    status = 422
    message = _("This key was already used for a different request.")


class InFlight(Refusal):
    code = "in_flight"
    status = 409
    message = _("The same request is still being worked on. Try again in a moment.")


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def once(user_id: int, key: str, body: Any, work: Callable[[], tuple[int, Any]]) -> tuple[int, Any, bool]:
    """Do `work` for a key that is new, else give the stored answer. Returns (status, body, replayed).

    The key and the effect commit together. A second caller of the same key waits for the first on the unique
    index and then reads its answer; a failed first attempt leaves no key behind and may be tried again.
    """
    mark = digest(body)
    try:
        with transaction.atomic():
            row = Answer.objects.create(user_id=user_id, key=key[:255], digest=mark)
            status, answer = work()
            Answer.objects.filter(pk=row.pk).update(status=status, body=answer)
            return status, answer, False
    except IntegrityError as fault:
        found = Answer.objects.filter(user_id=user_id, key=key[:255]).first()
        if found is None:
            raise fault
    if found.digest != mark:
        raise OtherBody
    if found.status == 0:
        raise InFlight
    return found.status, found.body, True


def forget_old_answers() -> int:
    """Drop keys older than a day."""
    count, _per_model = Answer.objects.filter(at__lt=timezone.now() - KEEP).delete()
    return count
