"""Addresses of the screens made by hand here."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from noren.sales.pages import forecast, home, lines, panels, pipelines

__all__ = ["panels", "urlpatterns"]  # the panels announce themselves when they are read
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("sales/deals/forecast/", forecast.forecast, name="forecast"),
    path("sales/deals/<int:pk>/lines/", lines.edit, name="deal_lines"),
    path("settings/pipelines/", pipelines.pipelines, name="pipelines"),
    path("settings/pipelines/stages/<int:pk>/", pipelines.stage, name="stage"),
    path("settings/pipelines/reasons/<int:pk>/", pipelines.reason, name="loss_reason"),
]
