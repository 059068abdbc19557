from django.utils.translation import gettext_lazy as _

from noren.core.house.module import ModuleConfig


class Sales(ModuleConfig):
    name = "noren.sales"
    verbose_name = _("Sales")
