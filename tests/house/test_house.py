"""The rules of the house that a program can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.apps import apps
from django.db import models

from noren.accounts.actions.setup import ROLES
from noren.core.house.checks import declarations, near, record_faults, right_faults
from noren.core.record.declare import RECORDS, Record, Row
from noren.sales.models import Deal

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "noren"
FLOORS = ("core", "accounts", "contacts", "activity", "catalog", "sales")
"""From the ground up. activity and catalog stand beside each other."""
ROOMS = {
    "README.md", "__init__.py", "apps.py", "events", "models", "queries", "actions", "records", "metrics", "cubes",
    "reactions", "jobs", "pages", "urls", "templates", "static", "migrations", "locale", "data",
}  # fmt: skip
MORE_ROOMS = {"accounts": {"login"}}  # the ways in: allauth's adapters, sessions and secrets
NEVER = {"utils", "helpers", "common", "misc", "base_views", "mixins", "services", "managers", "signals", "serializers"}


def files(*places: str) -> Iterator[Path]:
    for place in places or ("",):
        base = SRC / place
        yield from ([base] if base.is_file() else sorted(base.rglob("*.py")))


def lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(path.read_text().splitlines(), 1):
        code = line.partition("  # ")[0]
        if code.strip() and not code.strip().startswith("#"):
            yield number, code


def found(pattern: str, *places: str) -> dict[str, int]:
    """File -> how often the pattern stands in its code."""
    rule = re.compile(pattern)
    counts = {}
    for path in files(*places):
        if "migrations" in path.parts:
            continue
        n = sum(len(rule.findall(code)) for _number, code in lines(path))
        if n:
            counts[str(path.relative_to(SRC))] = n
    return counts


def test_arrows_point_down() -> None:
    made = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )

    assert made.returncode == 0, made.stdout[-3000:]


def test_every_module_has_the_same_rooms() -> None:
    odd = []
    for module in FLOORS[1:]:
        for path in (SRC / module).iterdir():
            name = path.name if path.suffix != ".py" or path.name in ROOMS else path.stem
            if path.name != "__pycache__" and name not in ROOMS | MORE_ROOMS.get(module, set()):
                odd.append(str(path.relative_to(SRC)))
    assert not odd, f"rooms that no floor plan has: {odd}"


def test_no_room_is_a_heap() -> None:
    assert not [str(p.relative_to(SRC)) for p in files() if p.stem in NEVER]


def test_foreign_keys_follow_the_order_of_imports() -> None:
    """References by text do not excuse an arrow upwards."""
    floor = {name: at for at, name in enumerate(FLOORS)} | {"catalog": FLOORS.index("activity")}

    def place(model: type[models.Model]) -> str | None:
        parts = model.__module__.split(".")
        return parts[1] if parts[0] == "noren" else None

    upward = []
    for model in apps.get_models(include_auto_created=True):
        here = place(model)
        for field in model._meta.get_fields():
            target = getattr(field, "related_model", None)
            if here is None or not isinstance(field, (models.ForeignKey, models.ManyToManyField)) or target is None:
                continue
            there = place(target)
            if (
                there in floor
                and here in floor
                and floor[there] > floor[here]
                and target._meta.label != "accounts.User"
            ):
                upward.append(f"{model._meta.label}.{field.name} -> {target._meta.label}")
    assert not upward


def test_no_django_signals() -> None:
    assert not found(r"django\.(db\.models|core|dispatch)\.?(signals|dispatch)|@receiver|\bSignal\(")


UNSCOPED = {
    "core/page/lists/board.py": 1,  # the lanes: stages, open to all
    "core/page/lists/moving.py": 2,  # one of them; the positions in it
    "core/page/row/path.py": 1,  # the stages of a pipeline
    "core/page/lists/views.py": 3,  # saved views: one's own and those shared, by their own rule
    "core/page/forms/acts.py": 1,  # a reference to something that is no noun
}
"""Rows read past `visible` by screens: each is reference data or has its own rule. This list only shrinks."""


@pytest.mark.parametrize("place", ["core/page", "core/api"])
def test_screens_and_programs_get_rows_only_through_visible(place: str) -> None:
    for name, count in found(r"\.every\b|\b_default_manager\b|\b_base_manager\b|\.system\(", place).items():
        assert count <= UNSCOPED.get(name, 0), (
            f"{name} reads rows past visible(): {count} places, {UNSCOPED.get(name, 0)} known"
        )


RAW = {
    "accounts/models/user.py", "activity/actions/mirror.py", "core/base/aside.py", "core/base/cache.py", "core/base/search.py", "core/metric/cube/keep.py",
    "core/metric/cube/source.py", "core/metric/cube/sums.py", "core/metric/rows.py", "core/metric/sql/steps.py",
    "core/record/finding/branches.py", "core/record/finding/lists.py", "core/record/intake/engine.py", "core/record/intake/matching/match.py", "core/record/intake/write.py",
    "core/record/listing.py", "core/page/lists/views.py", "demo/build.py",
}  # fmt: skip
"""Files that put SQL together themselves: table names from `_meta`, values as parameters. Read each change to them twice."""


def test_sql_is_put_together_only_where_it_is_known() -> None:
    raw = found(r"""\.raw\(|\bRawSQL\(|\.extra\(|execute\(\s*f["']|execute\(.*%\s""")

    assert set(raw) <= RAW


PICKLED = {"core/record/intake/aside.py", "core/record/intake/parse.py", "core/record/intake/tally.py"}
"""Rows of an import on their way through a pipe from noren's own forked child: both ends are this program, nothing is stored."""


def test_nothing_is_evaluated_or_unpickled() -> None:
    assert not found(r"(?<![\w.])(eval|exec)\(|yaml\.load\(|\bmarshal\b|from_string\(")
    assert set(found(r"\bpickle\b")) == PICKLED


def test_the_ground_floor_knows_no_business() -> None:
    """What core asks of some nouns alone is declared by them; it never calls one by its name."""
    tenants = "|".join(FLOORS[1:])

    assert not found(rf"""["']({tenants})\.[a-z]+["']""", "core")
    assert not found(rf"from noren\.({tenants})\b|import noren\.({tenants})\b", "core")


SUMS = {"sales/actions/deal.py": 2}  # the place of a card in its lane
"""Sums outside of metrics: none of them is a number that people see."""


def test_numbers_are_added_up_only_by_metrics() -> None:
    for name, count in found(r"\.aggregate\(|(?<!\w)Sum\(|(?<!\w)Avg\(", *FLOORS[1:]).items():
        if "/metrics" not in name:
            assert count <= SUMS.get(name, 0), f"{name} adds up {count} times"


def test_every_exception_is_still_needed() -> None:
    """A list of exceptions that lies is worse than none."""
    unscoped = found(r"\.every\b|\b_default_manager\b|\b_base_manager\b|\.system\(", "core/page", "core/api")

    assert {name for name in UNSCOPED if name not in unscoped} == set()


def test_functions_say_their_types() -> None:
    untyped = []
    for path in files(*FLOORS):
        if "migrations" in path.parts:
            continue
        untyped += [
            f"{path.relative_to(SRC)}:{node.lineno} {node.name}"
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef) and node.returns is None and not node.name.startswith("__")
        ]
    assert not untyped


def test_the_repository_speaks_of_the_product_alone() -> None:
    """No paths of one machine, no unfinished business."""
    words = re.compile(r"NotImplementedError|\bTODO\b|\bFIXME\b|\bXXX\b|/root/")
    assert not [f"{p.relative_to(SRC)}:{n}" for p in files() for n, code in lines(p) if words.search(code)]


# -- words ---------------------------------------------------------------------------------------------------------------


def words_in_code() -> set[str]:
    """Every text marked for translation in Python and templates."""
    texts: set[str] = set()
    for path in files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                name, args = (
                    node.func.id,
                    [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)],
                )
                if (name in ("_", "gettext", "gettext_lazy", "gettext_now") and args) or (
                    name in ("ngettext", "ngettext_lazy") and args
                ):
                    texts.add(args[0])
                elif name in ("pgettext", "pgettext_lazy") and len(args) > 1:
                    texts.add(f"{args[0]}\x04{args[1]}")
    for path in SRC.rglob("*.html"):
        text = path.read_text()
        texts.update(m[2] for m in re.finditer(r"""\{%\s*trans(?:late)?\s+(["'])(.+?)\1(?!\s+context)""", text))
        texts.update(
            f"{m[4]}\x04{m[2]}"
            for m in re.finditer(r"""\{%\s*trans(?:late)?\s+(["'])(.+?)\1\s+context\s+(["'])(.+?)\3""", text)
        )
    return {t.replace('\\"', '"') for t in texts if t.strip()}


def test_every_word_is_there_in_japanese() -> None:
    catalogues = [p for p in (ROOT / "locale", SRC / "locale") if (p / "ja" / "LC_MESSAGES" / "django.po").exists()]
    known: set[str] = set()
    for place in catalogues:
        for entry in polib.pofile(str(place / "ja" / "LC_MESSAGES" / "django.po")):
            if not entry.obsolete and not entry.fuzzy and (entry.msgstr or any(entry.msgstr_plural.values())):
                known.add(f"{entry.msgctxt}\x04{entry.msgid}" if entry.msgctxt else entry.msgid)
    missing = sorted(words_in_code() - known)

    assert not missing, f"{len(missing)} texts have no Japanese: " + "; ".join(
        m.replace("\x04", "|")[:70] for m in missing[:400]
    )


# -- what is declared ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_map_is_current() -> None:
    from noren.core.house.map import text

    assert (ROOT / "docs" / "map.md").read_text() == text(), "Run: make map"


def test_everything_that_is_declared_resolves() -> None:
    assert [str(fault) for fault in declarations(None)] == []


@pytest.mark.parametrize("role", ROLES)
def test_shipped_roles_speak_of_what_there_is(role: str) -> None:
    assert [str(fault) for fault in right_faults(role, ROLES[role][2])] == []


def test_a_slip_of_the_finger_is_told_with_the_right_name() -> None:
    known, other = dict(RECORDS), RECORDS["sales.deal"]
    try:

        class Wrong(Record):
            model = Deal
            columns = ("titel", "amount")
            form = (Row("title", "ownr"),)
            views = (("x", "no_such=1"),)
            groups = {"amount": "mony"}

        told = [f"{fault.msg} {fault.hint}" for fault in record_faults(Wrong)]
    finally:
        RECORDS.clear()
        RECORDS.update(known)
        RECORDS["sales.deal"] = other
    assert any("no field “titel”" in one and "title" in one for one in told)
    assert any("“ownr”" in one and "owner" in one for one in told)
    assert any("no_such" in one for one in told)
    assert any("“mony”" in one and "money" in one for one in told)
    assert near("zzz", ["a"]) == ""
