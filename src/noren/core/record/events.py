"""Facts about many rows at once: what left as a file, and which import was taken back."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from noren.core.event.event import Event, event


@event("record.export.made", says=_("{by} exported {of} as {form}: {rows} rows"), icon="download")
class ExportMade(Event):
    """`subject` is 0: a file is kept nowhere. of: the noun; rows: those that went out, also when it broke off."""

    of: str
    rows: int
    form: str


@event(
    "record.importrun.undone",
    says=_("{by} undid the import {subject}: {removed} rows deleted, {restored} set back, {kept} kept"),
    icon="undo",
)
class ImportUndone(Event):
    """of: the noun of the file. Rows it made are gone for good; what others had touched since was kept."""

    of: str
    removed: int
    restored: int
    kept: int
