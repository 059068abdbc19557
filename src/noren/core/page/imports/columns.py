"""Step 2: which column goes where, and how what is there already is treated."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from noren.core.access.actor import Actor
from noren.core.base.errors import Invalid
from noren.core.page.frame import field
from noren.core.page.imports.check import begin_check
from noren.core.page.imports.dates import date_orders, orders_sent
from noren.core.page.imports.parts import encoding_label, frame, open_table, run_of
from noren.core.page.web import draw, logged_in
from noren.core.record.declare import ImportField, Record, record_of
from noren.core.record.intake import run as intake
from noren.core.record.intake.columns.guess import ColumnGuess
from noren.core.record.intake.matching.refs import default_policy
from noren.core.record.intake.plan import Column, field_name, importable, lent
from noren.core.record.intake.table.read import Table
from noren.core.record.models import ImportRun

REASONS = {
    "same_name": gettext_lazy("Same name"), "synonym": gettext_lazy("Known name"), "source": gettext_lazy("Known form"),
    "dictionary": gettext_lazy("Known name"), "content": gettext_lazy("By its content"), "neighbors": gettext_lazy("By its neighbors"),
    "remembered": gettext_lazy("As last time"), "ambiguous": gettext_lazy("Can mean two things"), "unknown": gettext_lazy("Unknown name"),
    "ours_not": gettext_lazy("Not a field of ours"), "taken": gettext_lazy("Another column fills this field"), "empty": gettext_lazy("Empty column"),
}  # fmt: skip
SEPARATORS = (
    (",", gettext_lazy("Comma")),
    ("\t", gettext_lazy("Tab")),
    (";", gettext_lazy("Semicolon")),
    ("|", gettext_lazy("Vertical bar")),
)


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    run, actor = run_of(request, pk)
    if run.position or run.state in ("running", "checking", "done", "undoing", "undone"):
        return HttpResponseRedirect(reverse("import_run", args=[run.pk]))
    errors: list[str] = []
    table = open_table(run)
    if request.method == "POST":
        try:
            table, changed = _read_reading(request, run, table, actor)
        except intake.UnreadableFile as fault:
            errors, changed = [str(fault)], True
        if not changed:
            _read_mapping(request, run, table, actor)
            if "look" in request.POST:  # a choice was made; what follows from it is shown
                run.state = "uploaded"
                run.save()
                return draw(request, "import_map.html", _context(run, actor, table, _doubled(run, table, actor)))
            try:
                intake.plan_of(run, table, actor)
                if hints := _hints(table, run.mapping):
                    raise Invalid(mapping=hints[0])
            except Invalid as fault:
                errors = [str(text) for listed in fault.errors.values() for text in listed]
            else:
                run.state = "mapped"
                run.save()
                return begin_check(run, actor)
    return draw(request, "import_map.html", _context(run, actor, table, errors), 422 if errors else 200)


def _doubled(run: ImportRun, table: Table, actor: Actor) -> list[str]:
    """Why the columns cannot be taken as they are assigned."""
    try:
        intake.plan_of(run, table, actor)
    except Invalid as fault:
        return [str(text) for listed in fault.errors.values() for text in listed]
    return []


def _read_reading(request: HttpRequest, run: ImportRun, table: Table, actor: Actor) -> tuple[Table, bool]:
    """How the file is to be read, if the person says otherwise; then its columns are proposed anew."""
    sent = request.POST
    how: dict[str, Any] = {}
    if sent.get("encoding") and sent["encoding"] != table.encoding and sent["encoding"] in table.encodings:
        how["encoding"] = sent["encoding"]
    if sent.get("separator") and sent["separator"] != table.separator and sent["separator"] in dict(SEPARATORS):
        how["separator"] = sent["separator"]
    if sent.get("sheet") and sent["sheet"] != table.sheet and sent["sheet"] in table.sheets:
        how["sheet"] = sent["sheet"]
    row = sent.get("header_row", "")
    if row.isascii() and row.isdigit() and len(row) < 6 and int(row) != table.header_row:
        how["header_row"] = int(row)
    if not how:
        return table, False
    run.options = {**run.options, "reading": {**run.options.get("reading", {}), **how}}
    fresh = intake.table_of(run)
    intake.propose(run, fresh, actor)
    return fresh, True


def _read_mapping(request: HttpRequest, run: ImportRun, table: Table, actor: Actor) -> None:
    sent = request.POST
    run.mapping = {
        header: sent.get(f"to-{at}", run.mapping.get(header, "-")) or "-" for at, header in enumerate(table.header)
    }
    options = dict(run.options)
    for name, allowed in (("on_match", ("update", "skip", "create")), ("blank", ("keep", "clear"))):
        if sent.get(name) in allowed:
            options[name] = sent[name]
    if "lend" in sent:
        options["lend"] = "on" in sent.getlist("lend")
    options["automations"] = sent.get("automations") == "on"
    options["unknown"] = {
        k[8:]: str(v) for k, v in sent.items() if k.startswith("unknown-") and v in ("create", "blank", "error")
    }
    options["date_orders"] = {**options.get("date_orders", {}), **orders_sent(sent)}
    if "zeros" in sent:
        fields = {f for f in run.mapping.values() if f != "-"}
        phones = [f.name for f in importable(record_of(run.noun), actor) if f.kind == "phone" and f.name in fields]
        options["zeros"] = phones if sent["zeros"] == "on" else []
    run.options = options


def _context(run: ImportRun, actor: Actor, table: Table, errors: list[str]) -> dict[str, Any]:
    record = record_of(run.noun)
    known = {one.name: one for one in importable(record, actor)}
    guessed = {c.header: c for c in intake.guess_of(record, table, actor).columns}
    columns = []
    for at, header in enumerate(table.header):
        chosen = run.mapping.get(header, "-")
        samples = [cells[at].strip() for _n, cells in table.sample if at < len(cells) and cells[at].strip()]
        columns.append({
            "index": at, "header": header, "sample": " / ".join(dict.fromkeys(s[:40] for s in samples[:12]))[:90],
            "groups": _groups(record, known, chosen), **_verdict(record, guessed.get(header), chosen, run),
        })  # fmt: skip
    taken = sum(1 for c in columns if c["tone"] != "off")
    return {
        **frame(run, 1, table), "back": reverse("import_new") + f"?noun={run.noun}", "action": reverse("import_columns", args=[run.pk]),
        "columns": columns, "errors": list(dict.fromkeys([*errors, *_hints(table, run.mapping)])), "options": _options(run, record, known, table, guessed),
        "columns_note": _("%(taken)s of %(all)s columns are taken over; the others stay with the import.") % {"taken": taken, "all": len(columns)},
    }  # fmt: skip


def _hints(table: Table, mapping: dict[str, str]) -> list[str]:
    """What is odd about the table as a whole, and what to do about it."""
    if table.sample:
        if any(mapping.get(name, "-") != "-" for name in table.header):
            return []
        return [
            _(
                "No column has a field yet. Choose one; or, if the first row is already data, choose “None” at Row with the column names."
            )
        ]
    return [
        _(
            "Below the column names there are no rows. If the first row is already data, choose “None” at Row with the column names."
        )
    ]


def _groups(record: type[Record], known: dict[str, Any], chosen: str) -> list[dict[str, Any]]:
    def option(name: str, label: Any) -> dict[str, Any]:
        return {"value": name, "label": str(label), "selected": name == chosen}

    plain = [option(n, f.label) for n, f in known.items() if not isinstance(f, ImportField) and n not in record.history]
    special = [
        option(n, f.label) for n, f in known.items() if n in record.history or (isinstance(f, ImportField) and not f.of)
    ]
    beside: dict[str, list[dict[str, Any]]] = {}  # what describes the thing a row points at, under its name
    for name, one in known.items():
        if isinstance(one, ImportField) and one.of and one.field is not None:
            beside.setdefault(one.of, []).append(option(name, one.label))
    nothing = [option("-", _("Leave out"))]
    groups = [{"label": _("Not taken over"), "options": nothing}, {"label": capfirst(record.label()), "options": plain}]
    groups += [
        {"label": _("Fills empty fields of: %(what)s") % {"what": record.field(of).label}, "options": found}
        for of, found in beside.items()
    ]
    return [*groups, {"label": _("Only when importing"), "options": special}] if special else groups


def _verdict(record: type[Record], guess: ColumnGuess | None, chosen: str, run: ImportRun) -> dict[str, Any]:
    if chosen == "-":
        note = REASONS.get(guess.reason, "") if guess is not None and guess.field is None else ""
        return {
            "tone": "check" if guess is not None and guess.ask else "off",
            "verdict": _("Not taken over"),
            "note": note,
        }
    strongest = {name for keys in record.keys for name in keys if len(keys) == 1}
    as_guessed = guess is not None and guess.field is not None and field_name(record, guess.field) == chosen
    note = REASONS.get(guess.reason, "") if guess is not None and as_guessed else _("Your choice")
    if run.options.get("remembered"):
        note = REASONS["remembered"]
    if guess is not None and as_guessed and (guess.ask or guess.confidence < 0.6):
        return {"tone": "check", "verdict": _("Please check"), "note": note}
    if chosen in strongest:
        return {"tone": "key", "verdict": _("Used to match"), "note": note}
    return {"tone": "ok", "verdict": _("Assigned"), "note": note}


def _options(
    run: ImportRun, record: type[Record], known: dict[str, Any], table: Table, guessed: dict[str, ColumnGuess]
) -> list[dict[str, Any]]:
    options = run.options
    made = [
        field("on_match", _("Rows that are there already"), "select", options.get("on_match", "update"), options=[
            ("update", _("Update them")), ("skip", _("Leave them as they are")), ("create", _("Make new ones all the same"))]),
        field("blank", _("Empty cells"), "select", options.get("blank", "keep"), options=[
            ("keep", _("Keep what is there")), ("clear", _("Clear what is there"))]),
        *_unknowns(run, known, table),
    ]  # fmt: skip
    made += date_orders(run, known, table)
    if options.get("zeros") or any(g.lost_zero for g in guessed.values()):
        made.append(
            field("zeros", _("Give phone numbers their lost leading zero back"), "check", bool(options.get("zeros")))
        )
    for of in lent(record, set(run.mapping.values())):
        label = _("Where the %(what)s has no address, give it the one of the row") % {"what": record.field(of).label}
        made.append(field("lend", label, "check", options.get("lend", False)))
    made.append(field(
        "automations", _("Let automations and notices react"), "check", options.get("automations", False),
        hint=_("Usually off: otherwise every row may send messages, as if somebody had entered it by hand today."),
    ))  # fmt: skip
    return [*made, *_reading(table)]


def _unknowns(run: ImportRun, known: dict[str, Any], table: Table) -> list[dict[str, Any]]:
    made = []
    for header in table.header:
        name = run.mapping.get(header, "-")
        one = known.get(name)
        is_ref = one is not None and (bool(one.target) if isinstance(one, ImportField) else one.kind == "ref")
        if one is None or not is_ref:
            continue
        virtual = one if isinstance(one, ImportField) else None
        column = Column(0, header, name, "ref", None if virtual else one, virtual, str, target=one.target)
        policy = run.options.get("unknown", {}).get(name, default_policy(column))
        choices = [("error", _("Report the row")), ("blank", _("Leave the field empty"))]
        if record_of(one.target).made_by_name or policy == "create":
            choices.insert(0, ("create", _("Make it")))
        label = _("Unknown names in “%(column)s”") % {"column": header}
        made.append(field(f"unknown-{name}", label, "select", policy, options=choices))
    return made


def _reading(table: Table) -> list[dict[str, Any]]:
    """Questions about the file itself; shown when there is a choice."""
    made = []
    if len(table.encodings) > 1:
        made.append(
            field(
                "encoding",
                _("Character encoding"),
                "select",
                table.encoding,
                options=[(e, encoding_label(e)) for e in table.encodings],
            )
        )
    if table.kind == "csv":
        made.append(field("separator", _("Separator"), "select", table.separator, options=SEPARATORS))
    if len(table.sheets) > 1:
        made.append(field("sheet", _("Sheet"), "select", table.sheet, options=[(s, s) for s in table.sheets]))
    if table.kind == "vcf":
        return made
    rows = [(0, _("None: the file has no column names")), *((n, _("Row %(n)s") % {"n": n}) for n in range(1, 11))]
    if table.header_row > 10:
        rows.append((table.header_row, _("Row %(n)s") % {"n": table.header_row}))
    made.append(field("header_row", _("Row with the column names"), "select", table.header_row, options=rows))
    return made
