from django.apps import AppConfig


class EventApp(AppConfig):
    name = "noren.core.event"
    label = "event"
