"""What activities and files add to the timeline of a row."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet, Value
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from noren.activity.models import Activity, Attachment
from noren.contacts.models import Company, Person
from noren.core.access.actor import Actor
from noren.core.access.rights import Level
from noren.core.access.scope import noun_of, visible
from noren.core.base.kept import Ask, Asking, ask, beside, padded
from noren.core.base.model import Model
from noren.core.record.timeline import Cursor, Entry, File, called, children

ICONS = {"note": "note", "call": "phone", "meeting": "meet", "visit": "meet", "mail": "mail", "task": "task"}
SHADES = {"call": "call", "meeting": "meet", "visit": "meet", "mail": "mail", "task": "task", "note": "note"}


def of_row(noun: type[Model], pk: int, actor: Actor) -> list[QuerySet[Activity]]:
    """The activities of a row that the actor may see: its own, and those about what belongs to it (a company's deals)."""
    rows = visible(Activity, actor)
    if not issubclass(noun, (Company, Person)):
        return [rows.filter(about_noun=noun.word(), about_id=pk)]
    key = f"{noun._meta.model_name}_id"
    found = [rows.filter(**{key: pk})]
    for child, by in children(noun):
        if child in (Company, Person):
            continue  # people's activities name the company themselves
        theirs = visible(child, actor).filter(**{f"{by}_id": pk}).values("pk")
        beyond = ~Q(**{key: pk}) | Q(**{key: None})
        found.append(rows.filter(beyond, about_noun=child.word(), about_id__in=theirs))
    return found


class ActivityEntries:
    rank = 1
    kinds = frozenset(("", "contacts"))

    def entries(self, row: Model, actor: Actor, kind: str, before: Cursor | None, limit: int) -> Asking[list[Entry]]:
        """Which ones first (from narrow indexes), then those rows with their names and files."""

        def rows(pk: int) -> QuerySet[Any]:
            parts = []
            for some in of_row(type(row), pk, actor):
                if kind == "contacts":
                    some = some.filter(kind__in=Activity.TOUCHES)
                if before is not None:
                    some = some.filter(before(self.rank, "happened_at"))
                parts.append(some.order_by("-happened_at", "-pk").values_list("pk", "happened_at")[:limit])
            if len(parts) == 1:
                return parts[0]
            return parts[0].union(*parts[1:], all=True).order_by("-happened_at", "-pk")[:limit]

        key = ("activities", type(row), kind, limit) if before is None else None
        (told,) = yield [ask(key, rows, row.pk, who=actor)]
        ids = [pk for pk, _at in told]
        if not ids:
            return []

        def chosen(*some: int) -> QuerySet[Any]:
            return Activity.system("chosen within reach above").filter(pk__in=some).select_related("owner", "person")

        found, hung = yield [ask("activities by id", chosen, *padded(ids)), _files_of(ids)]
        files: dict[int, list[File]] = {}
        for pk, activity, name, size in hung:
            files.setdefault(activity or 0, []).append(File(pk, name, size))
        names = yield from about_names(found, row, actor)
        return [self._entry(one, row, files, names, actor) for one in found]

    def counts(self, row: Model, actor: Actor) -> Asking[dict[str, int]]:
        def rows(pk: int) -> QuerySet[Any]:
            parts = [
                some.order_by().values_list("kind").annotate(n=Count("pk")) for some in of_row(type(row), pk, actor)
            ]
            return parts[0] if len(parts) == 1 else parts[0].union(*parts[1:], all=True)

        found = {"": 0, "contacts": 0}
        (told,) = yield [ask(("counts of activities", type(row)), rows, row.pk, who=actor)]
        for kind, number in told:
            found[""] += number
            found["contacts"] += number if kind in Activity.TOUCHES else 0
        return found

    def _entry(
        self, one: Activity, row: Model, files: dict[int, list[File]], names: dict[tuple[str, int], str], actor: Actor
    ) -> Entry:
        about = None
        if one.about_id and (one.about_noun, one.about_id) != (row.word(), row.pk):
            name = names.get((one.about_noun, one.about_id))
            about = (one.about_noun, one.about_id, name) if name else None
        return Entry(
            at=one.happened_at, source="activity", id=one.pk, icon=ICONS[one.kind], shade="" if one.is_next_step else SHADES[one.kind],
            title=title_of(one, row), text=one.body, who=one.owner.name if one.owner else "", about=about,
            files=tuple(files.get(one.pk, ())), is_open=one.is_next_step, is_all_day=one.is_all_day and one.done_at is None,
            tab="contacts" if one.kind in Activity.TOUCHES else "", is_editable=_may_edit(one, actor),
        )  # fmt: skip


def _may_edit(one: Activity, actor: Actor) -> bool:
    level = actor.level(Activity, "edit")
    if level in (Level.NONE, Level.ALL):
        return level is Level.ALL
    return one.owner_id == actor.user_id if level is Level.OWN else one.owner_id in actor.team_user_ids


def title_of(one: Activity, row: Model | None = None) -> str:
    """「電話(発信・8分) 高野 真由美」: kind, way, length, with whom, and the subject if there is one."""
    kind = str(one.get_kind_display())
    notes = [
        str(one.get_direction_display()) if one.direction else "",
        _("%(n)s min") % {"n": one.minutes} if one.minutes else "",
    ]
    told = "・".join(filter(None, notes)) if _is_japanese() else ", ".join(filter(None, notes))
    head = f"{kind} ({told})" if told else kind
    person = "" if one.person is None or (isinstance(row, Person) and row.pk == one.person_id) else str(one.person)
    return " ".join(filter(None, (head, person, one.subject if one.subject != kind else "")))


def _is_japanese() -> bool:
    return (get_language() or "ja").startswith("ja")


def _files_of(ids: list[int]) -> Ask:
    def rows(*some: int) -> QuerySet[Any]:
        files = Attachment.system("files of activities within reach").filter(
            activity_id__in=some, removed_at__isnull=True
        )
        return files.order_by("pk").values_list("pk", "activity_id", "name", "size")

    return ask("files of activities", rows, *padded(ids))


def about_names(rows: Any, row: Model | None, actor: Actor) -> Asking[dict[tuple[str, int], str]]:
    """What the rows that activities are about are called; only those the actor may see. One query per noun."""
    wanted: dict[str, set[int]] = {}
    for one in rows:
        if one.about_id and (row is None or (one.about_noun, one.about_id) != (row.word(), row.pk)):
            wanted.setdefault(one.about_noun, set()).add(one.about_id)
    named = yield from beside(*(called(noun_of(word), ids, row, actor) for word, ids in wanted.items()))
    return {(word, pk): name for word, names in zip(wanted, named, strict=True) for pk, name in names.items()}


class FileEntries:
    """Files that hang on the row itself; with the filter "files" also those of its activities."""

    rank = 2
    kinds = frozenset(("", "files"))

    def _rows(self, noun: type[Model], pk: int, actor: Actor, kind: str) -> QuerySet[Attachment]:
        rows = visible(Attachment, actor)
        own = Q(about_noun=noun.word(), about_id=pk)
        if kind != "files":
            return rows.filter(own)
        theirs = Q(pk__in=())
        for activities in of_row(noun, pk, actor):
            theirs |= Q(activity__in=activities.order_by().values("pk"))
        return rows.filter(own | theirs)

    def entries(self, row: Model, actor: Actor, kind: str, before: Cursor | None, limit: int) -> Asking[list[Entry]]:
        def rows(pk: int) -> QuerySet[Any]:
            files = self._rows(type(row), pk, actor, kind)
            if before is not None:
                files = files.filter(before(self.rank, "created_at"))
            return files.order_by("-created_at", "-pk").values_list("pk", "name", "size", "created_at", "owner__name")[
                :limit
            ]

        key = ("files", type(row), kind, limit) if before is None else None
        (found,) = yield [ask(key, rows, row.pk, who=actor)]
        return [
            Entry(
                at=at, source="file", id=pk, icon="clip", title=_("File"), who=who or "", files=(File(pk, name, size),), tab="files",
            )
            for pk, name, size, at, who in found
        ]  # fmt: skip

    def counts(self, row: Model, actor: Actor) -> Asking[dict[str, int]]:
        def number(kind: str) -> Ask:
            def rows(pk: int) -> QuerySet[Any]:
                files = self._rows(type(row), pk, actor, kind).order_by()
                return files.values(all=Value(1)).annotate(n=Count("pk")).values_list("n")

            return ask(("counts of files", type(row), kind), rows, row.pk, who=actor)

        own, whole = yield [number(""), number("files")]
        return {"": sum(n for (n,) in own), "files": sum(n for (n,) in whole)}
