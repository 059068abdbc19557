"""The consent ledger: who agreed or objected to what, when, how, with which words and which proof. Only added to."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from noren.contacts.models.person import Person
from noren.core.base.fields import LongText, Text
from noren.core.base.model import Model, Reach


class Consent(Model):
    """One line. The last line per person, purpose and channel is what holds; an objection beats every basis."""

    CHANNELS = (("email", _("E-mail")), ("phone", _("Phone")), ("post", _("Post")), ("sms", _("SMS")))
    STATES = (("given", _("Given")), ("refused", _("Refused")), ("withdrawn", _("Withdrawn")))
    BASES = (
        ("consent", _("Prior consent")),
        ("card", _("Business card or paper")),
        ("dealings", _("Existing dealings")),
        ("public", _("Published business address")),
    )

    person = models.ForeignKey(Person, models.CASCADE, related_name="consents", verbose_name=_("Person"))
    purpose = Text(_("Purpose"), max_length=80, default="marketing")
    channel = models.CharField(_("Channel"), max_length=8, choices=CHANNELS, default="email")
    state = models.CharField(_("State"), max_length=12, choices=STATES, default="given")
    basis = models.CharField(_("Basis"), max_length=12, choices=BASES, default="consent")
    wording = LongText(_("Wording"), blank=True)
    proof = Text(_("Proof"), max_length=400, blank=True)
    source = Text(_("Source"), max_length=120, blank=True)
    stated_at = models.DateTimeField(_("Stated at"), default=timezone.now)

    reach = Reach(parents=("person",))
    append_only = True

    class Meta(Model.Meta):
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-stated_at", "-id"]
        indexes = [models.Index(fields=["person", "purpose", "channel", "-stated_at", "-id"], name="consent_last")]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_state_display()}"
