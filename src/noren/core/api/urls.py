"""Addresses for programs. They follow the nouns: `/api/v1/sales/deals/42/win`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from noren.core.api import numbers, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/me", views.me),
    path("v1/search", views.search),
    path("v1/openapi.json", views.openapi),
    path("v1/metrics", numbers.metrics),
    path("v1/metrics/<slug:metric>", numbers.metric),
    path("v1/metrics/<slug:metric>/rows", numbers.metric_rows),
    path("docs/", views.docs, name="api_docs"),
    path("v1/<slug:module>/<slug:plural>", views.rows),
    path("v1/<slug:module>/<slug:plural>/<int:pk>", views.row),
    path("v1/<slug:module>/<slug:plural>/<int:pk>/history", views.history),
    path("v1/<slug:module>/<slug:plural>/<int:pk>/restore", views.back),
    path("v1/<slug:module>/<slug:plural>/<int:pk>/<slug:verb>", views.act),
    path("<path:rest>", views.nothing),
    path("", views.nothing),
]
