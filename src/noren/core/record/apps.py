from django.apps import AppConfig


class RecordApp(AppConfig):
    name = "noren.core.record"
    label = "record"
