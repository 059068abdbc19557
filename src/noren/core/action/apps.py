from django.apps import AppConfig


class ActionApp(AppConfig):
    name = "noren.core.action"
    label = "action"
