"""All addresses. Nouns and verbs come from the registries; only hand-made screens have names of their own."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("noren.core.api.urls")),
    path("", include("noren.accounts.urls")),
    path("", include("noren.activity.urls")),
    path("", include("noren.sales.urls")),
    path("", include("noren.core.page.urls")),
]
handler429 = "noren.accounts.pages.gate.too_many"
handler404 = "noren.core.page.errors.not_found"
handler500 = "noren.core.page.errors.broken"
