"""Step 3: the trial run. What would happen, and what to put right first: unknown names, odd spellings, unreadable cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from noren.core.access.actor import Actor
from noren.core.base.errors import Invalid, NotNow
from noren.core.page.frame import field
from noren.core.page.imports.dates import date_orders, orders_sent, unsure_columns
from noren.core.page.imports.parts import DIRECT, OVER, frame, grouped, named_counts, open_table, run_of
from noren.core.page.imports.preview import preview
from noren.core.page.web import draw, logged_in, look_of, with_params
from noren.core.record.declare import record_of
from noren.core.record.intake import fixes
from noren.core.record.intake import run as intake
from noren.core.record.intake.faults import reason_of
from noren.core.record.intake.plan import importable
from noren.core.record.intake.table.read import Table
from noren.core.record.models import ImportFault, ImportRun

SHOWN = 60
NO_LIMIT = Q()
TYPED = 200  # longest text to put instead of a cell


def begin_check(run: ImportRun, actor: Actor) -> HttpResponse:
    """Start the trial run: at once for small files, in a worker for large ones."""
    if run.total <= DIRECT:
        intake.check(run, actor)
    else:
        intake.check_later(run)
    return HttpResponseRedirect(reverse("import_check", args=[run.pk]))


def begin_run(run: ImportRun, actor: Actor) -> HttpResponse:
    try:
        intake.start(run, here=run.total <= DIRECT)
    except NotNow:  # a second click: the first one does it
        return HttpResponseRedirect(reverse("import_run", args=[run.pk]))
    if run.total <= DIRECT:
        intake.carry_out(run, actor)
    return HttpResponseRedirect(reverse("import_run", args=[run.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def show(request: HttpRequest, pk: int) -> HttpResponse:
    run, actor = run_of(request, pk)
    if run.state in ("checking", "running", "undoing", *OVER):
        return HttpResponseRedirect(reverse("import_run", args=[run.pk]))
    if run.state != "checked":
        return HttpResponseRedirect(reverse("import_columns", args=[run.pk]))
    if request.method == "POST":
        try:
            return _act(request, run, actor)
        except Invalid as fault:
            return draw(
                request,
                "import_check.html",
                _context(request, run, actor, str(next(iter(fault.errors.values()))[0])),
                422,
            )
    return draw(request, "import_check.html", _context(request, run, actor))


def _act(request: HttpRequest, run: ImportRun, actor: Actor) -> HttpResponse:
    sent = request.POST
    entries = {entry["key"]: entry for entry in _entries(run, actor, open_table(run).header)}
    touched = False
    if "keep_fixes" in sent:
        run.options = {**run.options, "keep_fixes": "on" in sent.getlist("keep_fixes")}
        run.save(update_fields=["options"])
    told = run.options.get("date_orders", {})
    orders = {name: order for name, order in orders_sent(sent).items() if told.get(name) != order}
    if orders:
        run.options = {**run.options, "date_orders": {**told, **orders}}
        touched = True
    for key, entry in entries.items():
        typed = sent.get(f"fix-{key}", entry["value"]).strip()[:TYPED]
        if typed != entry["value"].strip():
            touched = _fix(run, entry, typed) or touched
    if sent.get("accept"):
        for entry in entries.values():
            if entry["offers"] and entry["sure"]:
                touched = _fix(run, entry, entry["offers"][0]["label"]) or touched
    touched = _press(request, run, entries) or touched
    if touched:
        run.save()
    if sent.get("run"):
        return begin_run(run, actor)
    if touched or sent.get("again"):
        return begin_check(run, actor)
    return HttpResponseRedirect(reverse("import_check", args=[run.pk]))


def _press(request: HttpRequest, run: ImportRun, entries: dict[str, dict[str, Any]]) -> bool:
    """One of the buttons beside an entry: take a suggestion, make what is named, or leave it. Whether something changed."""
    sent, touched = request.POST, False
    key, _bar, number = sent.get("take", "").partition("|")
    if key in entries:
        offers = [o for o in entries[key]["offers"] if o["value"] == f"{key}|{number}"]
        if offers:
            touched = _fix(run, entries[key], offers[0]["label"]) or touched
    if sent.get("create") in entries:
        entry = entries[sent["create"]]
        make = {k: list(v) for k, v in run.options.get("make", {}).items()}
        make.setdefault(entry["name"], []).append(entry["value"])
        run.options = {**run.options, "make": make}
        touched = True
    if sent.get("skip") in entries:
        entry = entries[sent["skip"]]
        touched = _fix(run, entry, entry["value"] if entry["kind"] == "spellings" else "") or touched
    return touched


def _fix(run: ImportRun, entry: dict[str, Any], text: str) -> bool:
    all_fixes = {k: dict(v) for k, v in run.fixes.items()}
    all_fixes.setdefault(entry["name"], {})[entry["raw"]] = text
    run.fixes = all_fixes
    return True


def _entries(run: ImportRun, actor: Actor, header: list[str], within: Q = NO_LIMIT) -> list[dict[str, Any]]:
    """Everything that can be put right on this page, each with its key: names, spellings, then cells that cannot be read."""
    record = record_of(run.noun)
    labels = {one.name: one for one in importable(record, actor)}
    found: list[dict[str, Any]] = []
    for kind in ("unknown", "spellings"):
        for name, listed in run.report.get(kind, {}).items():
            one = labels.get(name)
            if one is None:
                continue
            for at, each in enumerate(listed[:SHOWN]):
                text = each["value"]
                if text in run.fixes.get(name, {}) or text in run.options.get("make", {}).get(name, ()):
                    continue
                offers = [s for s in each["suggestions"] if s != text]
                if kind == "unknown" and each["policy"] != "error" and not offers:
                    continue  # will be made or left out, and nothing looks like it
                key = f"{kind[0]}.{name}.{at}"
                target = record_of(one.target) if kind == "unknown" else None
                found.append({
                    "key": key, "kind": kind, "name": name, "raw": text, "value": text, "line": grouped(each["rows"]), "field": str(one.label),
                    "who": ngettext("%(n)s row", "%(n)s rows", each["rows"]) % {"n": grouped(each["rows"])},
                    "error": _error(kind, each), "offers": [{"value": f"{key}|{n}", "label": s} for n, s in enumerate(offers[:3])],
                    "sure": bool(each.get("sure", True)),
                    "create": bool(target is not None and each["policy"] != "create" and actor.may(target.word(), "create")),
                    "leave": _("Leave it as it is") if kind == "spellings" else _("Leave empty"),
                })  # fmt: skip
    return found + _faulty(run, labels, header, within)


def _error(kind: str, each: dict[str, Any]) -> str:
    if kind == "spellings":
        return _("Spelled unlike the others")
    policies = {"create": _("Not known; will be made"), "blank": _("Not known; stays empty")}
    return policies.get(each["policy"], _("Not known"))


def _faulty(run: ImportRun, labels: dict[str, Any], header: list[str], within: Q) -> list[dict[str, Any]]:
    faults = ImportFault.objects.filter(within, run=run).exclude(code="unknown_reference").order_by("number", "id")
    found, seen = [], set()
    for fault in faults[:SHOWN]:
        name = run.mapping.get(fault.column, "-")
        at = header.index(fault.column) if fault.column in header else -1
        raw = fault.cells[at] if 0 <= at < len(fault.cells) else ""
        if name in labels and raw in run.fixes.get(name, {}):
            continue
        can_fix = name in labels and bool(raw) and (name, raw) not in seen
        seen.add((name, raw))
        found.append({
            "key": f"f.{fault.pk}" if can_fix else "", "kind": "fault", "name": name, "raw": raw, "value": raw, "line": _("row %(n)s") % {"n": grouped(fault.number)},
            "field": str(labels[name].label) if name in labels else fault.column or _("Row"), "who": " · ".join(c for c in fault.cells[:3] if c)[:60],
            "error": reason_of(fault), "offers": [], "sure": False, "create": False, "leave": _("Leave empty"),
        })  # fmt: skip
    return found


def _context(request: HttpRequest, run: ImportRun, actor: Actor, error: str = "") -> dict[str, Any]:
    table = open_table(run)
    counts = run.counts
    base = reverse("import_check", args=[run.pk])
    reasons, within = _reasons(run, actor, base, request.GET)
    entries = _entries(run, actor, table.header, within)
    total = counts.get("failed", 0)
    offers = sum(1 for e in entries if e["offers"] and e["sure"])
    ready = counts.get("created", 0) + counts.get("updated", 0)
    made = named_counts(counts.get("made", {}))
    taken = _taken(run, table, actor)
    return {
        **frame(run, 2, table), "back": reverse("import_columns", args=[run.pk]), "action": base,
        "counts": [
            {"count": grouped(counts.get("created", 0)), "text": _("new"), "note": _("also made: %(what)s") % {"what": made} if made else ""},
            {"count": grouped(counts.get("updated", 0)), "text": _("changed"), "note": _("known by %(keys)s") % {"keys": _keys(run)}},
            {"count": grouped(counts.get("unchanged", 0) + counts.get("skipped", 0)), "text": _("same"), "note": _("nothing to do"), "tone": "mutedn"},
            {"count": grouped(total), "text": _("wrong"), "note": _("stay out, with the reason") if total else "", "tone": "shu" if total else "mutedn"},
        ],
        "orders": _orders(run, table, actor),
        "problems": {
            "count": len(entries) or "", "rows": entries, "reasons": [{"label": _("All"), "href": f"{base}#fix", "current": not within}, *reasons] if reasons else [],
            "more": _("The first %(n)s are shown; the file has them all.") % {"n": SHOWN} if len(entries) >= SHOWN else "",
            "export_href": reverse("import_errors", args=[run.pk]) if total else "",
        },
        "accept": {"name": "accept", "label": ngettext("Take %(n)s suggestion", "Take all %(n)s suggestions", offers) % {"n": offers}} if offers else None,
        "preview": preview(run, table, actor, look_of(request, actor)), "errors": [error] if error else [],
        "tidied": {"text": _("Put right: %(what)s.") % {"what": ", ".join(f"{a} → {b or '—'}" for a, b in taken[:5]) + (" …" if len(taken) > 5 else "")},
                   "href": reverse("import_fixes")} if taken else None,
        "keep": field("keep_fixes", _("Read these corrections the same way in later imports of everybody"), "check", run.options.get("keep_fixes", True)) if _has_own(run) else None,
        "mended": ngettext(
            "%(n)s time something was mended while reading: formula errors (#N/A), formulas without a result, missing cells and NUL signs are taken as blank.",
            "%(n)s times something was mended while reading: formula errors (#N/A), formulas without a result, missing cells and NUL signs are taken as blank.", counts["warned"],
        ) % {"n": grouped(counts["warned"])} if counts.get("warned") else "",
        "filled": [*_blanked(run, actor), *_filled(counts)],
        "promise": {"strong": _("Can be taken back as a whole."), "text": _("New rows go again and changed rows get their old values back, except where somebody has worked on them since.")},
        "nothing": not ready and not counts.get("unchanged") and not counts.get("skipped"), "ready": ready > 0, "submit": ngettext("Import %(n)s row", "Import %(n)s rows", ready) % {"n": grouped(ready)},
    }  # fmt: skip


def _reasons(run: ImportRun, actor: Actor, base: str, asked: Mapping[str, str]) -> tuple[list[dict[str, Any]], Q]:
    """What is wrong, by column and kind of fault, as links that narrow the faults shown; and how they are narrowed now."""
    labels = {one.name: str(one.label) for one in importable(record_of(run.noun), actor)}
    counts: Counter[tuple[str, str]] = Counter()
    for each in ImportFault.objects.filter(run=run).values("column", "code").annotate(n=Count("pk")):
        counts[each["column"], each["code"].partition(".")[0]] += each["n"]
    here = (asked.get("column", ""), asked.get("reason", ""))
    links = [
        {
            "label": ": ".join(
                filter(None, (labels.get(run.mapping.get(column, ""), column), f"{_reason_label(group)} {grouped(n)}"))
            ),
            "href": with_params(base, [("reason", group), ("column", column)]) + "#fix",
            "current": (column, group) == here,
        }
        for (column, group), n in counts.most_common(8)
    ]
    if here not in counts:
        return links, NO_LIMIT
    return links, Q(column=here[0]) & (Q(code=here[1]) | Q(code__startswith=f"{here[1]}."))


def _orders(run: ImportRun, table: Table, actor: Actor) -> list[dict[str, Any]]:
    """The order of dates, asked where a fault says that it must be known."""
    unsure = {run.mapping.get(header) for header in unsure_columns(run)}
    known = {one.name: one for one in importable(record_of(run.noun), actor) if one.name in unsure}
    return date_orders(run, known, table)


def _blanked(run: ImportRun, actor: Actor) -> list[str]:
    """References that stay empty because nobody knows the name."""
    labels = {one.name: one.label for one in importable(record_of(run.noun), actor)}
    text = _(
        "%(field)s: %(n)s rows name somebody or something that is not known here. It stays empty; the name is kept with the row."
    )
    return [
        text % {"field": labels[name], "n": grouped(n)}
        for name, n in run.report.get("blanked", {}).items()
        if n and name in labels
    ]


def _filled(counts: dict[str, Any]) -> list[str]:
    text = _("%(nouns)s with empty fields that this file fills: %(n)s.")
    return [
        text % {"nouns": record_of(noun).labels(), "n": grouped(n)} for noun, n in counts.get("filled", {}).items() if n
    ]


def _taken(run: ImportRun, table: Table, actor: Actor) -> list[tuple[str, str]]:
    """What has been put right and concerns this file: here, or before and met in its first rows."""
    before = fixes.known(run.noun)
    at = {name: table.header.index(header) for header, name in run.mapping.items() if header in table.header}
    found = []
    for name, pairs in run.fixes.items():
        if name not in at:
            continue
        met = {cells[at[name]].strip() for _n, cells in table.sample}
        found += [
            (raw, text)
            for raw, text in pairs.items()
            if raw != text and (raw in met or before.get(name, {}).get(raw) != text)
        ]
    return found


def _has_own(run: ImportRun) -> bool:
    """Whether something was put right here that was not before."""
    before = fixes.known(run.noun)
    return any(
        text and raw != text and before.get(name, {}).get(raw) != text
        for name, pairs in run.fixes.items()
        for raw, text in pairs.items()
    )


def _keys(run: ImportRun) -> str:
    record = record_of(run.noun)
    mapped = set(run.mapping.values())
    spoken = []
    for keys in record.keys:
        derived = {"name_key": "legal_name", "name_fold": "family_name"}
        if all(derived.get(k, k) in mapped or (k == "name_fold" and "full_name" in mapped) for k in keys):
            spoken.append(" + ".join(str(record.field(derived.get(k, k)).label) for k in keys))
    return ", ".join(spoken[:2]) or "—"


def _reason_label(group: str) -> str:
    words = {
        "required": _("Missing"), "unknown_reference": _("Unknown name"), "unknown_choice": _("Unknown choice"), "invalid": _("Invalid"),
        "date": _("Date"), "money": _("Amount"), "number": _("Number"), "kana": _("Reading"), "mail": _("E-mail"), "too_long": _("Too long"),
        "not_allowed": _("Not allowed"), "may_not_give": _("Not allowed"), "bool": _("Yes or no"), "percent": _("Percent"),
    }  # fmt: skip
    return words.get(group) or _("Other")
