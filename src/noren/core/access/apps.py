from django.apps import AppConfig


class Access(AppConfig):
    name = "noren.core.access"
    label = "access"
