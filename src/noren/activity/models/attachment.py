"""Files that belong to an activity or to any noun. The bytes lie outside the web root under their own digest."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from noren.activity.models.activity import Activity
from noren.core.base.fields import Text
from noren.core.base.model import Model, Reach


class Attachment(Model):
    """`name` is what people see; `digest` (SHA-256) is where the bytes are. Always served as a download."""

    activity = models.ForeignKey(Activity, models.CASCADE, null=True, blank=True, related_name="attachments")
    about_noun = models.CharField(max_length=60, blank=True, default="", db_default="")
    about_id = models.BigIntegerField(null=True, blank=True)
    name = Text(_("File name"), max_length=255)
    digest = models.CharField(max_length=64, editable=False)
    size = models.BigIntegerField(_("Size"), editable=False)
    content_type = models.CharField(max_length=120, editable=False, default="application/octet-stream")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("Owner")
    )

    reach = Reach(owner="owner", parents=("activity",), about=True)

    class Meta(Model.Meta):
        verbose_name = _("file")
        verbose_name_plural = _("files")
        indexes = [models.Index(fields=["about_noun", "about_id"], name="attachment_about")]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def file(self) -> Path:
        return stored_at(self.digest)


def stored_at(digest: str) -> Path:
    """Where the bytes with this SHA-256 lie. No name that anybody typed is ever part of a path."""
    return Path(settings.MEDIA_ROOT) / digest[:2] / digest[2:4] / digest
