"""API keys: shown once, stored as a digest, narrower than their owner if wished, with an end."""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from noren.core.base.fields import Text
from noren.core.base.model import Model, Reach

PREFIX = "nrn_"


class ApiKey(Model):
    """A key acts as its user. `scope`: "read" never changes anything, "write" may do what the user may."""

    SCOPES = (("read", _("Read only")), ("write", _("Read and change")))

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_keys", verbose_name=_("User"))
    name = Text(_("Name"), max_length=80)
    start = models.CharField(_("Begins with"), max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(_("Scope"), max_length=8, choices=SCOPES, default="read")
    expires_on = models.DateField(_("Valid until"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("Last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("Revoked"), null=True, blank=True, editable=False)

    reach = Reach(owner="user")

    class Meta(Model.Meta):
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def is_live(self) -> bool:
        return (
            self.revoked_at is None
            and self.removed_at is None
            and (self.expires_on is None or self.expires_on >= timezone.localdate())
        )


def new_secret() -> str:
    """A fresh key: 256 random bits behind a prefix that secret scanners recognize."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
