from django.apps import AppConfig


class PageApp(AppConfig):
    name = "noren.core.page"
    label = "page"
