#!/usr/bin/env python3
"""Gather every visible text of the source into the Japanese catalogue, and say which still lack their Japanese.

    python scripts/words.py            update locale/ja/LC_MESSAGES/django.po; list what is untranslated
    python scripts/words.py --check    change nothing; exit 1 if a text is missing, untranslated or left over

Needs neither gettext nor a running Django: Python files are read by `ast`, templates through Django's own `templatize`.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "noren"
CATALOGUE = ROOT / "locale" / "ja" / "LC_MESSAGES" / "django.po"
PLAIN = {"_", "gettext", "gettext_lazy", "gettext_noop"}
PLURAL = {"ngettext", "ngettext_lazy"}
CONTEXT = {"pgettext", "pgettext_lazy"}
CONTEXT_PLURAL = {"npgettext", "npgettext_lazy"}

Key = tuple[str | None, str, str | None]  # context, text, plural


def in_python(code: str) -> Iterator[Key]:
    """The texts of calls such as _("…"); only literal texts count."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        name = (
            node.func.id
            if isinstance(node.func, ast.Name)
            else node.func.attr
            if isinstance(node.func, ast.Attribute)
            else ""
        )
        words = [a.value if isinstance(a, ast.Constant) and isinstance(a.value, str) else None for a in node.args]
        if name in PLAIN and words and words[0]:
            yield None, words[0], None
        elif name in PLURAL and len(words) > 1 and words[0]:
            yield None, words[0], words[1]
        elif name in CONTEXT and len(words) > 1 and words[1]:
            yield words[0], words[1], None
        elif name in CONTEXT_PLURAL and len(words) > 2 and words[1]:
            yield words[0], words[1], words[2]


CALL = re.compile(r"\b(npgettext|pgettext|ngettext|gettext|_)\((.*?)\)(?=[\sXB]|$)", re.DOTALL)


def in_template(text: str) -> Iterator[Key]:
    """The texts of {% translate %} and {% blocktranslate %}."""
    from django.utils.translation.template import templatize

    for found in CALL.finditer(templatize(text)):
        name, inner = found.groups()
        try:
            yield from in_python(f"{name}({inner})")
        except SyntaxError:
            continue


def gathered() -> dict[Key, list[str]]:
    """Every text and where it stands (files only, so that moving a line changes nothing)."""
    places: dict[Key, list[str]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations" in path.parts:
            continue
        for key in in_python(path.read_text(encoding="utf-8")):
            places.setdefault(key, []).append(path.relative_to(ROOT).as_posix())
    for path in sorted(SOURCE.rglob("templates/**/*.html")):
        for key in in_template(path.read_text(encoding="utf-8")):
            places.setdefault(key, []).append(path.relative_to(ROOT).as_posix())
    return places


def catalogue() -> polib.POFile:
    if CATALOGUE.exists():
        return polib.pofile(str(CATALOGUE), wrapwidth=0)
    made = polib.POFile(wrapwidth=0)
    made.metadata = {
        "Language": "ja", "MIME-Version": "1.0", "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit", "Plural-Forms": "nplurals=1; plural=0;",
    }  # fmt: skip
    return made


def key_of(entry: polib.POEntry) -> Key:
    return entry.msgctxt, entry.msgid, entry.msgid_plural or None


def has_japanese(entry: polib.POEntry) -> bool:
    return bool(entry.msgstr_plural.get(0) if entry.msgid_plural else entry.msgstr) and not entry.fuzzy


def update() -> polib.POFile:
    """New texts in, texts that left the source out; Japanese that is there stays."""
    places = gathered()
    old = {key_of(e): e for e in catalogue()}
    fresh = catalogue()
    fresh.clear()
    for key in sorted(places, key=lambda k: (k[1].casefold(), k[1], k[0] or "", k[2] or "")):
        context, text, plural = key
        entry = old.get(key) or polib.POEntry(
            msgctxt=context, msgid=text, msgid_plural=plural or "", msgstr_plural={0: ""} if plural else {}
        )
        entry.occurrences = [(place, "") for place in sorted(set(places[key]))]
        entry.flags = [f for f in entry.flags if f != "python-format"] + (["python-format"] if "%(" in text else [])
        fresh.append(entry)
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    fresh.save(str(CATALOGUE))
    return fresh


def faults() -> list[str]:
    """What is wrong with the catalogue as it lies there."""
    places = gathered()
    known = {key_of(e): e for e in catalogue()}
    found = [f"not in the catalogue: {k[1]!r} ({v[0]})" for k, v in places.items() if k not in known]
    found += [f"no Japanese: {k[1]!r}" for k, e in known.items() if k in places and not has_japanese(e)]
    found += [f"left over: {k[1]!r}" for k in known if k not in places]
    for key, entry in known.items():
        texts = [entry.msgstr] if not key[2] else list(entry.msgstr_plural.values())
        for text in texts:
            wanted = set(re.findall(r"%\((\w+)\)[sd]|\{(\w+)\}", key[2] or key[1]))
            if text and set(re.findall(r"%\((\w+)\)[sd]|\{(\w+)\}", text)) - wanted:
                found.append(f"unknown placeholder in the Japanese of {key[1]!r}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, only tell")
    wish = parser.parse_args()
    if wish.check:
        told = faults()
        print("\n".join(told))
        sys.exit(1 if told else 0)
    made = update()
    missing = [e for e in made if not has_japanese(e)]
    for entry in missing:
        print(entry.msgid)
    print(f"{len(made)} texts, {len(missing)} without Japanese", file=sys.stderr)


if __name__ == "__main__":
    main()
