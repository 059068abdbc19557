"""Files: kept under the digest of their bytes, shown under a cleaned name, dropped when nothing points to them."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from noren.activity.events import FileAdded
from noren.activity.models import Activity, Attachment
from noren.activity.models.attachment import stored_at
from noren.core.access.actor import Actor
from noren.core.access.scope import fetch
from noren.core.action.door import spoken_faults
from noren.core.base.errors import Forbidden, Invalid
from noren.core.base.model import Model
from noren.core.event.publish import publish

LARGEST = 25 * 1024 * 1024
UNUSED_FOR = 24 * 3600  # seconds: an upload under way has its bytes before its row

# First bytes -> what the file is. Only these are ever told to a browser; anything else is plain bytes.
SIGNS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
)
OFFICE = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
PLAIN = "application/octet-stream"

_DEVICES = re.compile(r"^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE | re.ASCII)


def attach_file(name: str, chunks: Iterable[bytes], *, by: Actor, to: Model) -> Attachment:
    """Keep a file with an activity, or with any noun that has a timeline. The bytes are safe before the row is written."""
    if not by.may(Attachment, "create"):
        raise Forbidden
    fetch(type(to), by, to.pk)
    digest, size, head = keep_bytes(chunks)
    row = Attachment(
        name=clean_name(name), digest=digest, size=size, content_type=content_type(head, name), owner_id=by.user_id,
        activity=to if isinstance(to, Activity) else None,
    )  # fmt: skip
    if not isinstance(to, Activity):
        row.about_noun, row.about_id = to.word(), to.pk
    with transaction.atomic(), spoken_faults():
        row.full_clean()
        row.save()
        told = FileAdded(
            row.pk, size=size, activity_id=row.activity_id, about_noun=row.about_noun, about_id=row.about_id
        )
        publish(told, by=by)
    return row


def keep_bytes(chunks: Iterable[bytes]) -> tuple[str, int, bytes]:
    """Store bytes under their SHA-256; equal bytes are kept once. Gives (digest, size, first bytes)."""
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    mark, size, head = hashlib.sha256(), 0, b""
    handle, part = tempfile.mkstemp(dir=root, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as out:
            for chunk in chunks:
                size += len(chunk)
                if size > LARGEST:
                    raise Invalid(file=_("The file is larger than 25 MB."))
                head = head or chunk[:512]
                mark.update(chunk)
                out.write(chunk)
            if not size:
                raise Invalid(file=_("The file is empty."))
            out.flush()
            os.fsync(out.fileno())
        place = stored_at(mark.hexdigest())
        place.parent.mkdir(parents=True, exist_ok=True)
        Path(part).replace(place)  # equal bytes or none: a repeated upload also makes its file young again
    finally:
        Path(part).unlink(missing_ok=True)
    return mark.hexdigest(), size, head


def content_type(head: bytes, name: str) -> str:
    """What the bytes are, judged by themselves; the name only tells office files from other archives."""
    found = next((kind for sign, kind in SIGNS if head.startswith(sign)), PLAIN)
    return OFFICE.get(Path(name).suffix.lower(), found) if found == "application/zip" else found


def clean_name(name: str) -> str:
    """A name that is safe to show and to save under: no folders, no control or direction marks, no device names."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
    shown = re.sub(r'[<>:"|?*]', "_", shown).strip(" .")
    if _DEVICES.match(shown):
        shown = f"_{shown}"
    stem, dot, ending = shown.rpartition(".")
    if len(shown) > 200:
        shown = f"{stem[: 200 - len(ending) - 1]}.{ending}" if dot and len(ending) <= 10 else shown[:200]
    return shown or "file"


def drop_unused_bytes(now: float | None = None) -> int:
    """Remove stored bytes that no file points to any more, in the bin or out of it. Gives how many."""
    dropped, limit = 0, (now or time.time()) - UNUSED_FOR
    root = Path(settings.MEDIA_ROOT)
    found = [path for path in root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*") if path.stat().st_mtime < limit]
    for start in range(0, len(found), 1000):
        part = found[start : start + 1000]
        used = set(
            Attachment.system("which bytes are in use")
            .filter(digest__in=[p.name for p in part])
            .values_list("digest", flat=True)
        )
        for path in part:
            if path.name not in used:
                path.unlink(missing_ok=True)
                dropped += 1
    for stale in root.glob(".part-*"):
        if stale.stat().st_mtime < limit:
            stale.unlink(missing_ok=True)
    return dropped
