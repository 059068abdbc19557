from django.urls import path

from noren.core.page.imports import check, columns, corrections, rest, runs, upload

urlpatterns = [
    path("", runs.show, name="imports"),
    path("new/", upload.new, name="import_new"),
    path("sample/<slug:noun>.csv", upload.sample, name="import_sample"),
    path("corrections/", corrections.show, name="import_fixes"),
    path("corrections/<int:pk>/forget/", corrections.forget, name="import_fix_forget"),
    path("of/<slug:noun>/<int:pk>/", rest.origin, name="import_origin"),
    path("<int:pk>/", runs.go_on, name="import"),
    path("<int:pk>/columns/", columns.assign, name="import_columns"),
    path("<int:pk>/check/", check.show, name="import_check"),
    path("<int:pk>/run/", runs.run, name="import_run"),
    path("<int:pk>/progress/", runs.progress, name="import_progress"),
    path("<int:pk>/stop/", runs.stop, name="import_stop"),
    path("<int:pk>/resume/", runs.resume, name="import_resume"),
    path("<int:pk>/undo/", runs.undo, name="import_undo"),
    path("<int:pk>/errors.csv", runs.errors, name="import_errors"),
    path("<int:pk>/rest/", rest.show, name="import_rest"),
    path("<int:pk>/rest.csv", rest.file, name="import_rest_file"),
]
