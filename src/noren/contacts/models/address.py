"""A postal address, in the parts that Japanese forms and envelopes need. `address` keeps the line as it came."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from noren.core.base.fields import PostalCode, Text


class Addressed(models.Model):
    """Abstract columns of an address; print order differs by language, so the parts are never joined in storage."""

    postal_code = PostalCode(_("Postal code"), blank=True)
    prefecture = Text(_("Prefecture"), max_length=40, blank=True)
    city = Text(_("City"), max_length=80, blank=True)
    town = Text(_("Town"), max_length=120, blank=True)
    block = Text(_("Street number"), max_length=120, blank=True)
    building = Text(_("Building"), max_length=160, blank=True)
    country = Text(_("Country"), max_length=60, blank=True, help_text=_("Only when it is not your own."))
    address = Text(_("Address as received"), max_length=400, blank=True)

    class Meta:
        abstract = True

    def address_line(self) -> str:
        """Japanese order, in one line."""
        parts = (self.prefecture, self.city, self.town, self.block)
        line = "".join(p for p in parts if p)
        return f"{line} {self.building}".strip() if line or self.building else self.address
