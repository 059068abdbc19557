"""The filter builder and the column chooser: plain forms in the sheet that end in an address of the list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.scope import is_user
from noren.core.filter.condition import All, BadFilter, Cond, F, Node, Not, Some
from noren.core.filter.sentence import PERIOD_LABELS, op_label, sentence, value_label
from noren.core.filter.sql import OPS_OF, to_q
from noren.core.filter.vocabulary import Term
from noren.core.filter.when import When
from noren.core.page.cells import Look
from noren.core.page.forms import inputs
from noren.core.page.lists.rows import Names
from noren.core.page.web import dialog, look_of, of_noun, onward, with_params
from noren.core.record.declare import Record
from noren.core.record.listing import choosable, chosen
from noren.core.record.state import SIZES, State, read_sort, write_sort

EMPTY = ("empty", "filled")
PERIODS = (
    "@today",
    "@this_week",
    "@last_week",
    "@this_month",
    "@last_month",
    "@this_quarter",
    "@last_quarter",
    "@this_half",
    "@this_fy",
    "@last_fy",
    "@this_year",
)
MOST_GROUPS = 6
MOST_ROWS = 12


@dataclass(slots=True)
class Line:
    """A condition as the form has it: everything is text until it is applied."""

    name: str = ""
    op: str = ""
    values: list[str] = field(default_factory=list)
    text: str = ""
    error: str = ""


@dataclass(slots=True)
class Group:
    join: str = "all"
    lines: list[Line] = field(default_factory=list)


@of_noun("GET", "POST")
def builder(request: HttpRequest, record: type[Record], actor: Actor) -> HttpResponse:
    """/<module>/<plural>/filter/?<state>: GET shows the conditions of the address, POST works on them or applies them."""
    look = look_of(request, actor)
    state = State.read(request.GET)
    if request.method == "GET":
        return _draw(request, record, actor, look, state, _groups(state.where) or [Group(lines=[Line()])])
    groups = _sent(request.POST)
    press = request.POST.get("press", "")
    word, _dash, at = press.partition("-")
    if word == "add":
        _at(groups, at).lines.append(Line())
    elif word == "group" and len(groups) < MOST_GROUPS:
        groups.append(Group("any", [Line()]))
    elif word == "drop":
        group, _dot, line = at.partition(".")
        _at(groups, group).lines[_whole(line) : _whole(line) + 1] = []
        groups = [g for g in groups if g.lines] or [Group(lines=[Line()])]
    elif word == "clear":
        return onward(request, with_params(record.url(), state.pairs(where=F())))
    elif word == "apply":
        where = _read(record, actor, look, groups)
        if where is not None:
            return onward(request, with_params(record.url(), state.pairs(where=where)))
        return _draw(request, record, actor, look, state, groups, status=422)
    return _draw(request, record, actor, look, state, groups)


def _at(groups: list[Group], text: str) -> Group:
    at = _whole(text)
    return groups[at] if at < len(groups) else groups[-1]


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _groups(where: F) -> list[Group]:
    """The tree as groups: top-level conditions in the first one, each OR in a group of its own."""
    top = where.clauses()
    plain = Group("all", [_line(p) for p in top if isinstance(p, Cond)])
    rest: list[Group] = []
    for part in top:
        inner: Node = part
        if isinstance(inner, (All, Some)):
            lines = [_line(p) for p in inner.parts if isinstance(p, Cond)]
            if lines:
                rest.append(Group("any" if isinstance(inner, Some) else "all", lines))
        elif isinstance(inner, Not) and isinstance(inner.part, Cond):
            rest.append(Group("none", [_line(inner.part)]))
    return ([plain] if plain.lines else []) + rest


def _line(cond: Cond) -> Line:
    values = [str(v) for v in (cond.value if isinstance(cond.value, tuple) else (cond.value,)) if v is not None]
    return Line(cond.field, cond.op, values)


def _sent(data: QueryDict) -> list[Group]:
    groups: list[Group] = []
    for g in range(MOST_GROUPS):
        if f"g{g}" not in data:
            break
        group = Group(data.get(f"g{g}", "all"))
        for i in range(MOST_ROWS):
            key = f"{g}.{i}"
            if f"f{key}" not in data:
                break
            values = [v for v in data.getlist(f"v{key}") if v.strip()]
            was = data.get(f"w{key}", "")
            name = data.get(f"f{key}", "")
            group.lines.append(
                Line(name, data.get(f"o{key}", ""), values if was == name else [], data.get(f"v{key}_text", ""))
            )
        groups.append(group)
    return groups or [Group(lines=[Line()])]


def _read(record: type[Record], actor: Actor, look: Look, groups: list[Group]) -> F | None:
    """The filter of the form, or None with the faults noted at their lines."""
    words = record.vocabulary(actor)
    nodes: list[Node] = []
    fine = True
    for group in groups:
        parts: list[Node] = []
        for line in group.lines:
            if not line.name:
                continue
            term = words.term(line.name)
            if term is None:
                line.error, fine = _("This field is not open to you."), False
                continue
            try:
                parts.append(_cond(term, line, look))
                to_q(F(parts[-1]), words, When.now(actor))
            except (inputs.Fault, BadFilter, ValueError) as no:
                line.error, fine = str(no) if isinstance(no, inputs.Fault) else _("This value does not fit."), False
        if not parts:
            continue
        if group.join == "any" and len(parts) > 1:
            nodes.append(Some(tuple(parts)))
        elif group.join == "none":
            nodes.append(Not(Some(tuple(parts)) if len(parts) > 1 else parts[0]))
        else:
            nodes.extend(parts)
    return F(All(tuple(nodes))) if fine else None


def _cond(term: Term, line: Line, look: Look) -> Cond:
    op = line.op if line.op in OPS_OF[term.kind] else OPS_OF[term.kind][0]
    if op in EMPTY:
        return Cond(term.name, op)
    values = [_value(term, v.strip(), look) for v in line.values]
    if not values:
        raise inputs.Fault(_("Choose or enter a value."))
    if op in ("in", "out") or (len(values) > 1 and op in ("is", "not")):
        return Cond(term.name, "out" if op in ("out", "not") else "in", tuple(values))
    return Cond(term.name, op, values[-1])


def _value(term: Term, text: str, look: Look) -> str:
    if text.startswith("@"):
        return text
    if term.kind == "money":
        return str(inputs.amount(text, look))
    if term.kind in ("number", "percent"):
        from noren.core.base.japan.values import Unreadable, parse_number

        try:
            return format(parse_number(text), "f")
        except Unreadable as no:
            raise inputs.Fault(_("Enter a number such as 1,200.")) from no
    if term.kind in ("date", "datetime"):
        return inputs.one_day(text, look).isoformat()
    return text


def _draw(
    request: HttpRequest,
    record: type[Record],
    actor: Actor,
    look: Look,
    state: State,
    groups: list[Group],
    status: int = 200,
) -> HttpResponse:
    words = record.vocabulary(actor)
    terms = [term for term in words if term.kind != "choice" or term.choices]
    where = _read(
        record,
        actor,
        look,
        [
            Group(g.join, [Line(x.name, x.op, list(x.values)) for x in g.lines if x.values or x.op in EMPTY])
            for g in groups
        ],
    )
    asked = tuple(Cond(x.name, "in", tuple(x.values)) for g in groups for x in g.lines if x.values)
    names = Names(record, actor, F(All(asked)))  # also where the whole cannot be read yet
    made = [
        {
            "at": g, "join": group.join,
            "joins": [{"value": v, "label": label, "selected": v == group.join} for v, label in (("all", _("all of these")), ("any", _("any of these")), ("none", _("none of these")))],
            "lines": [_row(record, actor, look, terms, line, f"{g}.{i}", names) for i, line in enumerate(group.lines)],
        }
        for g, group in enumerate(groups)
    ]  # fmt: skip
    said = sentence(where, words, names) if where else ""
    context = {
        "title": _("Filter"), "note": capfirst(record.labels()), "action": with_params(f"{record.url()}filter/", state.pairs()), "groups": made,
        "says": said, "back": with_params(record.url(), state.pairs()), "more_groups": len(groups) < MOST_GROUPS,
    }  # fmt: skip
    return dialog(request, context, status, template="ui/filter_dialog.html")


def _row(
    record: type[Record], actor: Actor, look: Look, terms: list[Term], line: Line, key: str, names: Names
) -> dict[str, Any]:
    term = next((t for t in terms if t.name == line.name), None)
    made: dict[str, Any] = {
        "key": key, "name": line.name, "error": line.error,
        "fields": [{"value": "", "label": _("Choose a field"), "selected": not line.name}, *({"value": t.name, "label": str(t.label), "selected": t.name == line.name} for t in terms)],
        "ops": [], "kind": "",
    }  # fmt: skip
    if term is None:
        return made
    ops = [op for op in OPS_OF[term.kind] if not (op in ("in", "out") and term.kind not in ("choice", "ref"))]
    op = line.op if line.op in ops else ops[0]
    made["ops"] = [{"value": o, "label": op_label(term, o), "selected": o == op} for o in ops]
    value = line.values[-1] if line.values else ""
    if op in EMPTY:
        made["kind"] = "none"
    elif term.kind == "bool":
        made |= {
            "kind": "select",
            "options": [
                {"value": "1", "label": _("Yes"), "selected": value in ("1", "true", "True")},
                {"value": "0", "label": _("No"), "selected": value in ("0", "false", "False")},
            ],
        }
    elif term.kind == "choice":
        made |= {
            "kind": "checks",
            "options": [
                {"value": str(v), "label": str(label), "selected": str(v) in line.values}
                for v, label in term.choices
                if v != ""
            ],
        }
    elif term.kind == "ref":
        made |= _ref_row(record, actor, term, line, names)
    elif term.kind in ("date", "datetime"):
        relative = value.startswith("@")
        periods = [
            {"value": "", "label": _("a day:"), "selected": not relative},
            *({"value": p, "label": str(PERIOD_LABELS[p]), "selected": p == value} for p in PERIODS),
        ]
        if relative and value not in PERIODS:
            periods.append({"value": value, "label": value_label(term, value), "selected": True})
        made |= {"kind": "date", "options": periods, "text": "" if relative or not value else value}
    else:
        made |= {"kind": "text", "text": value}
    return made


def _ref_row(record: type[Record], actor: Actor, term: Term, line: Line, names: Names) -> dict[str, Any]:
    one = record.field(term.name)
    special = []
    if term.target is not None and is_user(term.target):
        special = [("@me", _("me")), ("@my_team", _("my team"))]
    elif term.target is not None and term.target._meta.label_lower == "access.team":
        special = [("@my_team", _("my team"))]
    if inputs.is_short(one):
        listed = [(o["value"], o["label"]) for o in inputs.ref_options(one, "", actor, empty=False)]
        return {
            "kind": "checks",
            "options": [
                {"value": v, "label": str(label), "selected": v in line.values} for v, label in [*special, *listed]
            ],
        }
    known = [(v, names(term, v)) for v in line.values if not v.startswith("@")]
    options = [{"value": v, "label": str(label), "selected": v in line.values} for v, label in [*special, *known]]
    return {"kind": "pick", "options": options, "url": f"{record.url()}options/{term.name}/", "label": str(term.label)}


# -- columns -----------------------------------------------------------------------------------------------------------


@of_noun("GET", "POST")
def columns(request: HttpRequest, record: type[Record], actor: Actor) -> HttpResponse:
    """/<module>/<plural>/columns/?<state>: which columns, in which order, sorted by what, how many rows."""
    state = State.read(request.GET)
    allowed = choosable(record, actor)
    title = record.title_field()
    shown = [f.name for f in chosen(record, actor, state) if f.name != title]
    if request.method == "POST":
        press, _dash, name = request.POST.get("press", "apply").partition("-")
        shown = [n for n in dict.fromkeys(request.POST.getlist("column")) if n in {f.name for f in allowed}]
        if press in ("up", "down") and name in shown:
            at = shown.index(name)
            to = max(0, min(len(shown) - 1, at + (1 if press == "down" else -1)))
            shown[at], shown[to] = shown[to], shown[at]
        elif press == "reset":
            return onward(request, with_params(record.url(), state.pairs(columns=())))
        elif press == "apply":
            sort = read_sort(",".join(filter(None, (request.POST.get("sort1", ""), request.POST.get("sort2", "")))))
            size = request.POST.get("size", "")
            declared = [n for n in record.columns if n != title]
            return onward(request, with_params(record.url(), state.pairs(
                columns=() if shown == declared else tuple(shown), sort=sort, size=int(size) if size in map(str, SIZES) else SIZES[0],
            )))  # fmt: skip
    labels = {f.name: str(f.label) for f in allowed}
    sorts = [(f"{sign}{f.name}", f"{f.label} {arrow}") for f in allowed for sign, arrow in (("", "↑"), ("-", "↓"))]
    now = [*(write_sort((s,)) for s in state.sort), "", ""]

    usual = next((label for v, label in sorts if v == write_sort(read_sort(record.sort)[:1])), "")

    def pick(chosen_: str, none: str = "—") -> list[dict[str, Any]]:
        return [
            {"value": "", "label": none, "selected": not chosen_},
            *({"value": v, "label": label, "selected": v == chosen_} for v, label in sorts),
        ]

    made = {
        "title": _("Columns"), "note": capfirst(record.labels()), "action": with_params(f"{record.url()}columns/", state.pairs()), "back": with_params(record.url(), state.pairs()),
        "shown": [{"name": n, "label": labels[n]} for n in shown if n in labels],
        "others": [{"name": f.name, "label": str(f.label)} for f in allowed if f.name not in shown and f.name != title],
        "sort1": {"name": "sort1", "label": _("Sort by"), "kind": "select", "options": pick(now[0], usual or "—")},
        "sort2": {"name": "sort2", "label": _("then by"), "kind": "select", "options": pick(now[1])},
        "size": {"name": "size", "label": _("Rows per page"), "kind": "select", "options": [{"value": str(n), "label": str(n), "selected": n == state.size} for n in SIZES]},
    }  # fmt: skip
    return dialog(request, made, template="ui/columns_dialog.html")
