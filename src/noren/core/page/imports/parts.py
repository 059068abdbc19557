"""What all steps of the wizard show: where we are, and which file it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor, actor_of
from noren.core.base.errors import NotFound
from noren.core.record.declare import RECORDS, Record, record_of
from noren.core.record.intake import run as intake
from noren.core.record.intake.table.read import Table
from noren.core.record.models import ImportRun

ENCODINGS = {
    "cp932": "Shift_JIS", "cp1252": "Windows-1252", "latin-1": "Latin-1", "euc_jp": "EUC-JP", "iso2022_jp": "ISO-2022-JP",
    "utf-16-le": "UTF-16 LE", "utf-16-be": "UTF-16 BE",
}  # fmt: skip
DIRECT = 1_000  # rows up to which the person waits for the end
PROGRAMS = {
    "eight": "Eight", "sansan": "Sansan", "salesforce": "Salesforce", "hubspot": "HubSpot", "zoho": "Zoho CRM",
    "kintone": "kintone", "freee": "freee", "moneyforward": "Money Forward", "cybozu": "Cybozu",
}  # fmt: skip
OVER = ("done", "cancelled", "failed", "undone")


def run_of(request: HttpRequest, pk: int) -> tuple[ImportRun, Actor]:
    """The run, if it is the visitor's own (or they are an administrator). NotFound else."""
    actor = actor_of(request)
    return intake.get(pk, actor), actor


def open_table(run: ImportRun) -> Table:
    """The file of a run. NotFound when it is no longer kept."""
    try:
        return intake.table_of(run)
    except intake.UnreadableFile as fault:
        if not intake.path_of(run.stored).exists():
            raise NotFound from fault
        raise


def nouns(actor: Actor) -> list[type[Record]]:
    """What the actor may bring in."""
    found = [r for r in RECORDS.values() if r.arrives and r.keys and r.form and actor.may(r.word(), "create")]
    return sorted(found, key=lambda r: (r.arrives, r.word()))


def grouped(number: int) -> str:
    return number_format(number, use_l10n=True, force_grouping=True)


def named_counts(counts: Mapping[str, int]) -> str:
    """Numbers of rows of several nouns in one line: 3 teams, 6 users."""
    each = {record_of(noun).labels(): grouped(n) for noun, n in counts.items() if n}
    return ", ".join(_("%(n)s %(nouns)s") % {"n": n, "nouns": nouns} for nouns, n in each.items())


def encoding_label(name: str) -> str:
    """What people call a character encoding."""
    return ENCODINGS.get(name, name.upper())


def steps(run: ImportRun | None, now: int) -> list[dict[str, str]]:
    labels = (_("File"), _("Columns"), _("Trial run"), _("Import"))
    hrefs = ["", "", "", ""]
    if run is not None and run.state in ("uploaded", "mapped", "checked") and not run.position:
        hrefs = ["", reverse("import_columns", args=[run.pk]), reverse("import_check", args=[run.pk]), ""]
    return [
        {"label": label, "state": "done" if at < now else "now" if at == now else "", "href": hrefs[at]}
        for at, label in enumerate(labels)
    ]


def frame(run: ImportRun, now: int, table: Table | None = None) -> dict[str, Any]:
    record = record_of(run.noun)
    title = _("Import: %(what)s") % {"what": record.labels()}
    return {
        "title": title, "area": "import", "back": reverse("imports"), "steps": steps(run, now),
        "crumbs": [{"label": capfirst(record.labels()), "href": record.url()}, {"label": _("Imports"), "href": reverse("imports")}, {"label": run.file_name, "href": ""}],
        "file": _file(run, table),
    }  # fmt: skip


def _file(run: ImportRun, table: Table | None) -> dict[str, Any]:
    rows = _("%(n)s rows") % {"n": grouped(run.total)}
    if table is None:
        return {"name": run.file_name, "note": rows, "encoding": "", "form": PROGRAMS.get(run.source, "")}
    size = table.size / 1024
    weight = f"{size / 1024:.1f} MB" if size > 1024 else f"{max(size, 1):.0f} KB"
    known = PROGRAMS.get(run.source, "")
    reasons = [problem.sentence() for problem in table.questions]
    return {
        "name": run.file_name,
        "note": " · ".join([_("%(n)s columns") % {"n": len(table.header)}, rows, weight]),
        "form": known,
        "form_tag": _("recognized") if known else "",
        "encoding": encoding_label(table.encoding)
        if table.encoding
        else {"xlsx": "Excel", "vcf": "vCard"}.get(table.kind, ""),
        "reason": " ".join(reasons),
    }
