"""What people add to nouns at run time: fields, saved views, and the story of each import."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from noren.core.access.models import bump
from noren.core.base.fields import Text
from noren.core.base.model import Model, Reach

CUSTOM_KINDS = (
    ("text", _("Text")),
    ("longtext", _("Long text")),
    ("number", _("Number")),
    ("money", _("Amount")),
    ("date", _("Date")),
    ("bool", _("Yes or no")),
    ("choice", _("Choice")),
    ("url", _("Web address")),
)


class FieldDefinition(Model):
    """A field that a firm has added to a noun. Its values live in the noun's `extra` column."""

    noun = models.CharField(_("Record"), max_length=60)
    key = models.SlugField(_("Key"), max_length=40)
    label_ja = Text(_("Label (Japanese)"), max_length=80)
    label_en = Text(_("Label (English)"), max_length=80, blank=True)
    kind = models.CharField(_("Kind"), max_length=16, choices=CUSTOM_KINDS)
    choices = models.JSONField(_("Choices"), default=list, blank=True)
    group = models.CharField(_("Field group"), max_length=16, default="public")
    required = models.BooleanField(_("Required"), default=False)
    in_list = models.BooleanField(_("Shown in lists"), default=False)
    position = models.PositiveSmallIntegerField(_("Position"), default=100)

    reach = Reach(open_to_all=True)
    lasting = True

    class Meta(Model.Meta):
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        ordering = ["noun", "position", "key"]
        constraints = [models.UniqueConstraint(fields=["noun", "key"], name="field_definition_key")]

    def __str__(self) -> str:
        return str(self.label_ja or self.key)

    def clean(self) -> None:
        if self.kind == "choice" and not self.choices:
            raise ValidationError({"choices": _("Give at least one choice, one per line.")})

    def save(self, *args: Any, **kw: Any) -> None:
        super().save(*args, **kw)
        bump()


class SavedView(Model):
    """A list as somebody likes it: its whole state is the query string. Remembered by processes until the stamp moves."""

    REACHES = (("mine", _("Only me")), ("team", _("My team")), ("all", _("Everyone")))

    noun = models.CharField(max_length=60)
    name = Text(_("Name"), max_length=80)
    query = models.CharField(max_length=4000, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    shared_with = models.CharField(_("Visible to"), max_length=8, choices=REACHES, default="mine")
    position = models.PositiveSmallIntegerField(default=100)
    is_default = models.BooleanField(default=False)

    reach = Reach(owner="owner")

    class Meta(Model.Meta):
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["noun", "position", "name"]
        indexes = [models.Index(fields=["noun", "owner"], name="saved_view_owner")]

    def __str__(self) -> str:
        return str(self.name)

    def save(self, *args: Any, **kw: Any) -> None:
        super().save(*args, **kw)
        bump()

    def delete(self, *args: Any, **kw: Any) -> tuple[int, dict[str, int]]:
        gone = super().delete(*args, **kw)
        bump()
        return gone


class ImportRun(models.Model):
    """One file on its way in: what it is, how its columns are read, how far it got, what it changed."""

    STATES = (
        ("uploaded", _("Uploaded")),
        ("mapped", _("Columns assigned")),
        ("checking", _("Being checked")),
        ("checked", _("Checked")),
        ("running", _("Running")),
        ("done", _("Finished")),
        ("cancelled", _("Cancelled")),
        ("failed", _("Failed")),
        ("undoing", _("Being undone")),
        ("undone", _("Undone")),
    )

    noun = models.CharField(max_length=60)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    file_name = models.CharField(max_length=255)
    stored = models.CharField(max_length=255)
    signature = models.CharField(max_length=64, blank=True)
    source = models.CharField(max_length=40, blank=True)
    options = models.JSONField(default=dict)
    mapping = models.JSONField(default=dict)
    fixes = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=STATES, default="uploaded")
    total = models.BigIntegerField(default=0)
    position = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict)
    report = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    wants_stop = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now())
    started_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name


class ImportRow(models.Model):
    """What an import did to one row of a noun: enough to take it back."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="rows", db_index=False)
    noun = models.CharField(max_length=60)
    row_id = models.BigIntegerField()
    number = models.BigIntegerField()
    before = models.JSONField(null=True)
    after_version = models.PositiveIntegerField(default=1)
    unmapped = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["run", "noun", "row_id"], name="import_row_run")]


class ImportFault(models.Model):
    """A row that could not come in, as it stood in the file, and why."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="faults", db_index=False)
    number = models.BigIntegerField()
    column = models.CharField(max_length=255, blank=True)
    code = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    cells = models.JSONField(default=list)
    is_warning = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["run", "number"], name="import_fault_run")]


class ImportMapping(models.Model):
    """How the columns of a file with this header were read last time."""

    noun = models.CharField(max_length=60)
    signature = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["noun", "signature"], name="import_mapping_once")]


class ImportFix(models.Model):
    """A spelling put right once, for every import of the firm that follows: in this field `raw` means `text` (empty: no
    value). Anybody who may import sees them, with who made them, and may take them away."""

    noun = models.CharField(max_length=60)
    field = models.CharField(max_length=80)
    raw = models.CharField(max_length=200)
    text = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ["noun", "field", "raw"]
        constraints = [models.UniqueConstraint(fields=["noun", "field", "raw"], name="import_fix_once")]

    def __str__(self) -> str:
        return f"{self.raw} → {self.text}"
