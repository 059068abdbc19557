"""Addresses of the screens made by hand here."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from noren.activity.pages import files, inbox, steps, today, write

urlpatterns: list[URLPattern | URLResolver] = [
    path("activity/today/", today.today, name="today"),
    path("activity/inbox/", inbox.inbox, name="inbox"),
    path("activity/inbox/read/", inbox.read, name="inbox_read"),
    path("activity/log/", write.log, name="log"),
    path("activity/read/", write.read, name="read_text"),
    path("activity/who/", write.who, name="who"),
    path("activity/named/", write.named, name="named"),
    path("activity/undo/", write.undo, name="undo_log"),
    path("activity/steps/new/", steps.decide, name="step_new"),
    path("activity/steps/<int:pk>/done/", steps.done, name="step_done"),
    path("activity/steps/<int:pk>/later/", steps.later, name="step_later"),
    path("activity/files/<int:pk>/", files.download, name="file"),
    path("activity/files/<int:pk>/remove/", files.remove, name="file_remove"),
]
