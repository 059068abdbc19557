"""The common base of every stored noun: an id, a version, a bin, custom fields, and guarded access.

Rows are never read through a bare manager by anything a person can reach. `Model.objects` refuses to run;
`core.access.visible(Model, actor)` is the way for people and programs acting for people, and `Model.system("why")`
for the house's own chores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.base import ModelState
from django.db.models.functions import Greatest, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from noren.core.base.errors import Unscoped
from noren.core.base.text import SEP, fold


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose rows these are: by an owner, through one parent, or everybody's.

    owner: path to the owning user; parents: paths to rows whose reach this row inherits, the first non-null one
    decides; about: the row names any noun by word and id (`about_noun`, `about_id`) and that noun decides before the
    parents do; open_to_all: reference data that anyone who is logged in may see.
    """

    owner: str = ""
    parents: tuple[str, ...] = ()
    about: bool = False
    open_to_all: bool = False


class Guard(models.Manager[Any]):
    """Refuses to hand out rows: says for whom, or use `system("why")`."""

    def get_queryset(self) -> models.QuerySet[Any]:
        raise Unscoped(f"{self.model.__name__}.objects: use visible({self.model.__name__}, actor) or .system('why')")


class Model(models.Model):
    """Base of all nouns. `version` rises by one with each save; `removed_at` is the bin."""

    id = models.BigAutoField(primary_key=True)
    created_at = models.DateTimeField(_("Created"), default=timezone.now, db_default=Now(), editable=False)
    updated_at = models.DateTimeField(_("Updated"), default=timezone.now, db_default=Now(), editable=False)
    version = models.PositiveIntegerField(_("Version"), default=1, db_default=1, editable=False)
    removed_at = models.DateTimeField(_("Removed"), null=True, blank=True, editable=False)
    external_id = models.CharField(_("External ID"), max_length=120, null=True, blank=True)
    extra = models.JSONField(_("Custom fields"), default=dict, db_default={}, blank=True, editable=False)

    reach: ClassVar[Reach] = Reach()
    searched: ClassVar[tuple[str, ...]] = ()  # fields that global search reads; needs a one-to-one `search_entry`
    chosen: ClassVar[
        tuple[str, ...]
    ] = ()  # fields of choices large lists are put in order by; needs an `odd_index` of them
    facets: ClassVar[tuple[str, ...]] = ()  # fields lists are mostly narrowed by; needs a `facet_index` of them
    found_through: ClassVar[str] = ""  # a reference to a searched noun by whose text rows are found too
    named_by: ClassVar[str] = ""  # an indexed column that holds the name folded, whole
    append_only: ClassVar[bool] = False  # a ledger: rows are added, never changed or taken away by people
    as_one: ClassVar[bool] = False  # rows of one parent make a whole, written by a verb of the parent only
    settled: ClassVar[tuple[str, ...]] = ()  # fields that `settle` works out
    alone: ClassVar[bool] = False  # settle, clean and search_text look at this row alone, not at what it points to
    has_timeline: ClassVar[bool] = False  # notes, calls, tasks and files may be about rows of this noun
    lasting: ClassVar[bool] = False  # others lean on its rows for ever: what is in the bin stays there
    part: ClassVar[bool] = False  # a part of another row, with which it goes
    kept: ClassVar[tuple[str, ...]] = ()  # fields whose history numbers need as of a date; needs related `spans`

    every = models.Manager["Any"]()
    objects = Guard()

    class Meta:
        abstract = True
        default_manager_name = "every"
        base_manager_name = "every"

    @classmethod
    def system(cls, why: str) -> models.QuerySet[Self]:
        """All rows, for a chore of the house. `why` is for the reader and for the list of exceptions."""
        if not why:
            raise Unscoped("say why")
        return cls.every.all()

    @classmethod
    def word(cls) -> str:
        """The noun's stable name, such as `sales.deal`."""
        return cls._meta.label_lower

    @classmethod
    def from_db(cls, db: Any, field_names: Any, values: Any, **kw: Any) -> Self:
        """A row that was read: as Django makes it, but all columns at once and without asking who listens."""
        row = cls.__new__(cls)
        row._state = ModelState()
        row._state.db, row._state.adding = db, False
        row.__dict__.update(zip(field_names, values, strict=True))
        if cls.kept and len(values) == len(cls._meta.concrete_fields):
            row._kept = row.kept_values()
        return row

    @classmethod
    def column(cls, name: str) -> models.Field[Any, Any]:
        """The stored column of this name (never the far end of somebody else's reference)."""
        found = cls._meta.get_field(name)
        assert isinstance(found, models.Field)
        return found

    def kept_values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, self.column(name).attname) for name in self.kept)

    def settle(self) -> None:
        """Work out what follows from the other fields (keys, sums). Called before each write."""

    def search_text(self) -> str:
        """The folded text by which this row is found."""
        said = [value for name in self.searched if (value := getattr(self, name))]
        return SEP.join([folded for value in said if (folded := fold(str(value)))])

    def save(self, *args: Any, at: Any = None, **kw: Any) -> None:
        """Write the row, its search entry and its history. `at`: when what changed became true (default: now)."""
        self.settle()
        if self.searched:
            self.said = self.search_text()
        adding = self._state.adding
        if not adding:
            self.version += 1
            self.updated_at = timezone.now()
            if kw.get("update_fields"):
                said = ("said",) if self.searched else ()
                kw["update_fields"] = {*kw["update_fields"], "version", "updated_at", *said}
        super().save(*args, **kw)
        if self.searched:
            self.index()
        if self.kept:
            self.keep(at)

    def index(self) -> None:
        from noren.core.base.search import write_entries

        write_entries(type(self), [(self.pk, self.said)])

    def keep(self, at: Any = None) -> None:
        """Close the span that no longer holds and open the one that does, when a kept field has changed."""
        now_values = self.kept_values()
        if getattr(self, "_kept", None) == now_values:
            return
        self.tell_of(at or timezone.now(), now_values)
        self._kept = now_values

    def tell_of(self, at: Any, values: tuple[Any, ...]) -> None:
        """Write down what the row is from a moment on, its kept fields in order. What was believed of the time after that
        shrinks to nothing, so that spans of a row never overlap."""
        spans = self.spans  # type: ignore[attr-defined]
        if hasattr(self, "_kept"):
            later = models.Q(to_at__isnull=True) | models.Q(to_at__gt=at)
            spans.filter(later).update(to_at=Greatest(models.F("from_at"), models.Value(at)))
        names = (self.column(name).attname for name in self.kept)
        spans.create(from_at=at, recorded_at=timezone.now(), **dict(zip(names, values, strict=True)))

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class Span(models.Model):
    """What a row was, from one moment to the next. `recorded_at` tells when we learned it (imports: long after)."""

    id = models.BigAutoField(primary_key=True)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        abstract = True


def external_id_rule(name: str) -> models.UniqueConstraint:
    """One row per foreign id: the key by which an import recognises what it brought before."""
    return models.UniqueConstraint(
        fields=["external_id"], condition=models.Q(external_id__isnull=False), name=f"{name}_external_id"
    )
