"""Teams, roles and shares: the stored half of access."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from noren.core.base.errors import NotNow
from noren.core.base.fields import Text
from noren.core.base.model import Model, Reach, external_id_rule


class Stamp(models.Model):
    """One row whose number rises when teams, roles, users, shares, the firm's settings, custom fields or
    saved views change.

    Processes keep actors and settings in memory and compare this number, which comes along with the user row.
    """

    number = models.BigIntegerField(default=1)


BUMPED: list[Callable[[], None]] = []  # what this process forgets at once, without waiting to see the number


def bump() -> None:
    """Say that what processes remember about access and settings is out of date."""
    if not Stamp.objects.filter(pk=1).update(number=models.F("number") + 1):
        Stamp.objects.get_or_create(pk=1, defaults={"number": 1})
    for forget in BUMPED:
        forget()


class Firm(models.Model):
    """The one firm of this database."""

    name = Text(_("Firm name"), max_length=200)
    currency = models.CharField(_("Currency"), max_length=3, default="JPY")
    fiscal_start_month = models.PositiveSmallIntegerField(_("First month of the fiscal year"), default=4)
    tz = models.CharField(_("Time zone"), max_length=64, default="Asia/Tokyo")
    locale = models.CharField(_("Language"), max_length=8, default="ja")
    deal_word = models.CharField(_("Word for deals"), max_length=16, default="商談")
    is_demo = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("firm")
        verbose_name_plural = _("firm")

    def __str__(self) -> str:
        return str(self.name)

    def save(self, *args: Any, **kw: Any) -> None:
        super().save(*args, **kw)
        bump()


class Team(Model):
    """A group of people; teams form a tree, and who stands above sees what stands below."""

    name = Text(_("Name"), max_length=120)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("Above")
    )
    path = models.CharField(max_length=255, editable=False, db_default="", default="")

    reach = Reach(open_to_all=True)
    lasting = True

    class Meta(Model.Meta):
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["path", "name"]
        constraints = [external_id_rule("team")]

    def __str__(self) -> str:
        return str(self.name)

    def clean(self) -> None:
        above = self.parent
        while above is not None:
            if above.pk == self.pk and self.pk is not None:
                raise ValidationError({"parent": _("A team cannot stand above itself.")})
            above = above.parent

    def save(self, *args: Any, **kw: Any) -> None:
        """`path` is the chain of ids from the top, `/3/17/`; a move renames the paths below."""
        old = self.path
        super().save(*args, **kw)
        path = f"{self.parent.path if self.parent else '/'}{self.pk}/"
        if path != old:
            Team.every.filter(pk=self.pk).update(path=path)
            self.path = path
            for child in Team.every.filter(parent=self):
                child.save()
        bump()


class Role(Model):
    """A named set of rights. `rights`: `noun.verb -> none|own|team|all`; `groups`: field group -> hidden|read|write.

    `needs_factor`: whoever has this role sets up a second step before they get to anything else.
    """

    name = Text(_("Name"), max_length=80, unique=True)
    key = models.SlugField(_("Key"), max_length=40, unique=True, null=True, blank=True, editable=False)
    rights = models.JSONField(_("Rights"), default=dict, blank=True)
    groups = models.JSONField(_("Field groups"), default=dict, blank=True)
    is_admin = models.BooleanField(_("Administrator"), default=False)
    needs_factor = models.BooleanField(_("Second step at log-in"), default=False, db_default=False)

    reach = Reach(open_to_all=True)
    lasting = True

    class Meta(Model.Meta):
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["name"]

    def __str__(self) -> str:
        return str(self.name)

    def save(self, *args: Any, **kw: Any) -> None:
        if self.is_admin and self.removed_at is not None:
            raise NotNow(_("The administrators' role stays."))
        super().save(*args, **kw)
        bump()


class Share(models.Model):
    """One row opened to one more person or team, perhaps until a day."""

    noun = models.CharField(max_length=60)
    row_id = models.BigIntegerField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="+")
    may_edit = models.BooleanField(default=False)
    until = models.DateTimeField(null=True)
    shared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    shared_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("share")
        verbose_name_plural = _("shares")
        indexes = [models.Index(fields=["noun", "row_id"], name="share_row")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, team__isnull=True)
                | models.Q(user__isnull=True, team__isnull=False),
                name="share_user_or_team",
            )
        ]

    def save(self, *args: Any, **kw: Any) -> None:
        super().save(*args, **kw)
        bump()
