from django.utils.translation import gettext_lazy as _

from noren.core.house.module import ModuleConfig


class Contacts(ModuleConfig):
    name = "noren.contacts"
    verbose_name = _("Contacts")
