"""What activities and files add to the timeline of a row."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from noren.activity.models import Activity, Attachment
from noren.contacts.models import Company, Person
from noren.core.access.actor import Actor
from noren.core.access.scope import noun_of, visible
from noren.core.base.model import Model
from noren.core.record.timeline import Cursor, Entry, File, children

ICONS = {"note": "note", "call": "phone", "meeting": "meet", "visit": "meet", "mail": "mail", "task": "task"}
SHADES = {"call": "call", "meeting": "meet", "visit": "meet", "mail": "mail", "task": "task", "note": "note"}


def of_row(row: Model, actor: Actor) -> list[QuerySet[Activity]]:
    """The activities of a row that the actor may see: its own, and those about what belongs to it (a company's deals)."""
    rows = visible(Activity, actor)
    if isinstance(row, (Company, Person)):
        found = [rows.filter(**{f"{row._meta.model_name}_id": row.pk})]
        for noun, by in children(type(row)):
            if noun in (Company, Person):
                continue  # people's activities name the company themselves
            theirs = visible(noun, actor).filter(**{f"{by}_id": row.pk}).values("pk")
            beyond = ~Q(**{f"{row._meta.model_name}_id": row.pk}) | Q(**{f"{row._meta.model_name}_id": None})
            found.append(rows.filter(beyond, about_noun=noun.word(), about_id__in=theirs))
        return found
    return [rows.filter(about_noun=row.word(), about_id=row.pk)]


class ActivityEntries:
    rank = 1
    kinds = frozenset(("", "contacts"))

    def entries(self, row: Model, actor: Actor, kind: str, before: Cursor | None, limit: int) -> list[Entry]:
        """Which ones first (from narrow indexes), then those rows with their names and files."""
        parts = []
        for rows in of_row(row, actor):
            if kind == "contacts":
                rows = rows.filter(kind__in=Activity.TOUCHES)
            if before is not None:
                rows = rows.filter(before(self.rank, "happened_at"))
            parts.append(rows.order_by("-happened_at", "-pk").values_list("pk", "happened_at")[:limit])
        listed = parts[0] if len(parts) == 1 else parts[0].union(*parts[1:], all=True).order_by("-happened_at", "-pk")[:limit]
        ids = [pk for pk, _at in listed]
        if not ids:
            return []
        found = Activity.system("chosen within reach above").filter(pk__in=ids).select_related("owner", "company", "person")
        files = files_of(ids)
        names = about_names(found, row, actor)
        return [self._entry(one, row, files, names) for one in found]

    def counts(self, row: Model, actor: Actor) -> dict[str, int]:
        found = {"": 0, "contacts": 0}
        parts = [rows.order_by().values_list("kind").annotate(n=Count("pk")) for rows in of_row(row, actor)]
        for kind, number in parts[0] if len(parts) == 1 else parts[0].union(*parts[1:], all=True):
            found[""] += number
            found["contacts"] += number if kind in Activity.TOUCHES else 0
        return found

    def _entry(self, one: Activity, row: Model, files: dict[int, list[File]], names: dict[tuple[str, int], str]) -> Entry:
        about = None
        if one.about_id and (one.about_noun, one.about_id) != (row.word(), row.pk):
            name = names.get((one.about_noun, one.about_id))
            about = (one.about_noun, one.about_id, name) if name else None
        return Entry(
            at=one.happened_at, source="activity", id=one.pk, icon=ICONS[one.kind], shade="" if one.is_next_step else SHADES[one.kind],
            title=title_of(one, row), text=one.body, who=one.owner.name if one.owner else "", about=about,
            files=tuple(files.get(one.pk, ())), is_open=one.is_next_step, is_all_day=one.is_all_day and one.done_at is None,
            tab="contacts" if one.kind in Activity.TOUCHES else "",
        )  # fmt: skip


def title_of(one: Activity, row: Model | None = None) -> str:
    """「電話(発信・8分) 高野 真由美」: kind, way, length, with whom, and the subject if there is one."""
    notes = [str(one.get_direction_display()) if one.direction else "", _("%(n)s min") % {"n": one.minutes} if one.minutes else ""]
    told = "・".join(filter(None, notes)) if _is_japanese() else ", ".join(filter(None, notes))
    head = f"{one.get_kind_display()} ({told})" if told else str(one.get_kind_display())
    person = "" if one.person is None or (isinstance(row, Person) and row.pk == one.person_id) else str(one.person)
    return " ".join(filter(None, (head, person, one.subject if one.subject != str(one.get_kind_display()) else "")))


def _is_japanese() -> bool:
    return (get_language() or "ja").startswith("ja")


def files_of(ids: list[int]) -> dict[int, list[File]]:
    found: dict[int, list[File]] = {}
    rows = Attachment.system("files of activities within reach").filter(activity_id__in=ids, removed_at__isnull=True)
    for pk, activity, name, size in rows.order_by("pk").values_list("pk", "activity_id", "name", "size"):
        found.setdefault(activity or 0, []).append(File(pk, name, size))
    return found


def about_names(rows: Any, row: Model | None, actor: Actor) -> dict[tuple[str, int], str]:
    """What the rows that activities are about are called; only those the actor may see. One query per noun."""
    wanted: dict[str, set[int]] = {}
    for one in rows:
        if one.about_id and (row is None or (one.about_noun, one.about_id) != (row.word(), row.pk)):
            wanted.setdefault(one.about_noun, set()).add(one.about_id)
    return {
        (word, one.pk): str(one) for word, ids in wanted.items() for one in visible(noun_of(word), actor).filter(pk__in=ids)
    }


class FileEntries:
    """Files that hang on the row itself; with the filter "files" also those of its activities."""

    rank = 2
    kinds = frozenset(("", "files"))

    def _rows(self, row: Model, actor: Actor, kind: str) -> QuerySet[Attachment]:
        rows = visible(Attachment, actor)
        own = Q(about_noun=row.word(), about_id=row.pk)
        if kind != "files":
            return rows.filter(own)
        theirs = Q(pk__in=())
        for activities in of_row(row, actor):
            theirs |= Q(activity__in=activities.order_by().values("pk"))
        return rows.filter(own | theirs)

    def entries(self, row: Model, actor: Actor, kind: str, before: Cursor | None, limit: int) -> list[Entry]:
        rows = self._rows(row, actor, kind)
        if before is not None:
            rows = rows.filter(before(self.rank, "created_at"))
        return [
            Entry(
                at=one.created_at, source="file", id=one.pk, icon="clip", title=_("File"),
                who=one.owner.name if one.owner else "", files=(File(one.pk, one.name, one.size),), tab="files",
            )
            for one in rows.select_related("owner").order_by("-created_at", "-pk")[:limit]
        ]  # fmt: skip

    def counts(self, row: Model, actor: Actor) -> dict[str, int]:
        return {"": self._rows(row, actor, "").count(), "files": self._rows(row, actor, "files").count()}
