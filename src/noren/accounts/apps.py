from django.utils.translation import gettext_lazy as _

from noren.core.house.module import ModuleConfig


class Accounts(ModuleConfig):
    name = "noren.accounts"
    verbose_name = _("Accounts")
