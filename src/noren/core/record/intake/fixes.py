"""Spellings put right once hold for the whole firm: every later import of the noun reads them the same way. They are seen on
a page, with who made them, and taken away there."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from noren.core.access.actor import Actor
from noren.core.base.errors import Forbidden, NotFound
from noren.core.record.declare import ImportField, record_of
from noren.core.record.intake.plan import importable
from noren.core.record.models import ImportFix, ImportRun

MOST = 5_000
LONGEST = 200
NAMES = ("ref", "choice", "text")
"""Kinds of fields whose spellings are worth remembering: a date or an amount put right is right in that file alone."""


def known(noun: str) -> dict[str, dict[str, str]]:
    """What has been put right before: field -> what stands in files -> what is meant."""
    found: dict[str, dict[str, str]] = {}
    for field, raw, text in (
        ImportFix.objects.filter(noun=noun).order_by("-made_at").values_list("field", "raw", "text")[:MOST]
    ):
        found.setdefault(field, {})[raw] = text
    return found


def remember(run: ImportRun, by: Actor) -> int:
    """Keep what was put right in this import, unless its person said not to. Gives how many are new or changed."""
    if run.options.get("keep_fixes") is False:
        return 0
    kinds = {one.name: _kind(one) for one in importable(record_of(run.noun), by)}
    before = known(run.noun)
    count = 0
    for field, fixes in run.fixes.items():
        if kinds.get(field) not in NAMES:
            continue
        for raw, text in fixes.items():
            if not text or raw == text or len(raw) > LONGEST or len(text) > LONGEST:
                continue
            if before.get(field, {}).get(raw) != text:
                fresh = {"text": text, "by_id": by.user_id, "made_at": timezone.now()}
                ImportFix.objects.update_or_create(noun=run.noun, field=field, raw=raw, defaults=fresh)
                count += 1
    return count


def _kind(one: Any) -> str:
    return "ref" if isinstance(one, ImportField) and one.target else str(one.kind)


def forget(pk: int, by: Actor) -> ImportFix:
    """Take a correction away. It belongs to all who may bring such rows in."""
    found = ImportFix.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound
    if not by.may(found.noun, "create"):
        raise Forbidden
    found.delete()
    return found
