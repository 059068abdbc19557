"""Addresses that follow the nouns: every record has the same ones, and none is written down twice."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from noren.core.page import prefs
from noren.core.page.forms import acts, refs
from noren.core.page.forms import views as forms
from noren.core.page.lists import bin as removed
from noren.core.page.lists import bulk, exporting, filtering, moving, views
from noren.core.page.lists import rows as lists
from noren.core.page.numbers import book
from noren.core.page.numbers import pages as numbers
from noren.core.page.row import detail, inline, peek, twins
from noren.core.page.search import pages as search

of_noun: list[URLPattern | URLResolver] = [
    path("", lists.show),
    path("new/", forms.new),
    path("twins/", twins.show),
    path("bin/", removed.show),
    path("move/", moving.move),
    path("export/", exporting.export),
    path("filter/", filtering.builder),
    path("columns/", filtering.columns),
    path("options/<str:name>/", refs.options),
    path("views/save/", views.save),
    path("views/<int:pk>/remove/", views.forget),
    path("bulk/", bulk.ask),
    path("bulk/<int:pk>/", bulk.progress),
    path("bulk/<int:pk>/stop/", bulk.stop),
    path("bulk/<int:pk>/undo/", bulk.take_back),
    path("<int:pk>/", detail.show),
    path("<int:pk>/peek/", peek.show),
    path("<int:pk>/edit/", forms.edit),
    path("<int:pk>/remove/", acts.take_out),
    path("<int:pk>/restore/", acts.bring_back),
    path("<int:pk>/field/<str:name>/", inline.field),
    path("<int:pk>/history/<str:name>/", inline.history),
    path("<int:pk>/<slug:slug>/", acts.act),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("search/", search.show),
    path("palette/", search.palette),
    path("me/density/", prefs.density),
    path("me/postal/", refs.postal),
    path("metrics/", book.book, name="metrics"),
    path("metrics/<str:word>/", numbers.explain, name="metric"),
    path("metrics/<str:word>/rows/", numbers.behind, name="metric_rows"),
    path("imports/", include("noren.core.page.imports.urls")),
    path("<slug:module>/<slug:plural>/", include(of_noun)),
]
