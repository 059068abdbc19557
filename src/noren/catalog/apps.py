from django.utils.translation import gettext_lazy as _

from noren.core.house.module import ModuleConfig


class Catalog(ModuleConfig):
    name = "noren.catalog"
    verbose_name = _("Catalog")
