"""The way a deal takes: pipelines and their stages, and why deals are lost."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from noren.core.base.fields import Percent, Text
from noren.core.base.model import Model, Reach, external_id_rule


class Pipeline(Model):
    name = Text(_("Pipeline"), max_length=80)
    position = models.PositiveSmallIntegerField(_("Position"), default=0)
    is_default = models.BooleanField(_("Default"), default=False)

    reach = Reach(open_to_all=True)
    lasting = True

    class Meta(Model.Meta):
        verbose_name = _("pipeline")
        verbose_name_plural = _("pipelines")
        ordering = ["position", "id"]
        constraints = [external_id_rule("pipeline")]

    def __str__(self) -> str:
        return str(self.name)


class Stage(Model):
    """A stage of an open deal. `standard_days`: how long deals usually stay; beyond that they are shown as slow."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages", verbose_name=_("Pipeline"))
    name = Text(_("Stage"), max_length=80)
    position = models.PositiveSmallIntegerField(_("Position"), default=0)
    probability = Percent(_("Probability"), default=10)
    standard_days = models.PositiveSmallIntegerField(_("Standard days"), null=True, blank=True)

    reach = Reach(open_to_all=True)
    lasting = True

    class Meta(Model.Meta):
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        ordering = ["pipeline", "position", "id"]
        constraints = [external_id_rule("stage")]

    def __str__(self) -> str:
        return str(self.name)


class LossReason(Model):
    name = Text(_("Reason"), max_length=80)
    position = models.PositiveSmallIntegerField(_("Position"), default=0)

    reach = Reach(open_to_all=True)

    class Meta(Model.Meta):
        verbose_name = _("reason for loss")
        verbose_name_plural = _("reasons for loss")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return str(self.name)
