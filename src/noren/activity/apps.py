from django.utils.translation import gettext_lazy as _

from noren.core.house.module import ModuleConfig


class Activity(ModuleConfig):
    name = "noren.activity"
    verbose_name = _("Activity")
