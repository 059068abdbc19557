"""What a person should look at before a file is let in: unknown names and odd spellings, each with suggestions."""

from __future__ import annotations

from collections import Counter
from typing import Any

from noren.core.record.intake.engine import Engine
from noren.core.record.intake.matching.refs import default_policy
from noren.core.record.intake.matching.suggest import WORDS, Suggestion, clusters
from noren.core.record.intake.matching.suggest import closest as closest_word
from noren.core.record.intake.table.read import Table
from noren.core.record.models import ImportFault

LOOKED_AT = 2_000
"""Rows with faults of which the names are looked at too."""


def report_of(engine: Engine, table: Table) -> dict[str, Any]:
    """What a person should look at before pressing the button: unknown names with suggestions, odd spellings."""
    if not engine.writes:
        _look_behind_faults(engine)
    unknown: dict[str, list[dict[str, Any]]] = {}
    for name, counter in engine.tally.unknown.items():
        resolver = engine.references.resolvers[name]
        column = next(c for c in engine.plan.columns if c.name == name)
        policy = engine.plan.options.unknown.get(name, default_policy(column))
        unknown[name] = [
            {"value": text, "rows": count, "policy": policy, **_offered(resolver.suggest(text))}
            for text, count in counter.most_common(200)
            if text not in resolver.known  # by now it has been made
        ]
    unknown = {name: found for name, found in unknown.items() if found}
    spellings: dict[str, list[dict[str, Any]]] = {}
    for column in engine.plan.columns:
        if column.kind not in ("text", "choice") or column.field is None:
            continue
        counts: dict[str, int] = {}
        for _number, cells in table.sample:
            text = cells[column.index].strip()
            if text:
                counts[text] = counts.get(text, 0) + 1
        if not counts or len(counts) > max(12, len(table.sample) // 3):
            continue
        words = WORDS.get(f"{engine.model._meta.model_name}.{column.name}", ())
        found = [
            {"value": other, "rows": n, "suggestions": [c.keep], "sure": True}
            for c in clusters(counts)
            for other, n in c.others
        ]
        for text, n in counts.items():
            near = closest_word(text, words) if words and text.lower() not in words else []
            if near and near[0].name != text:
                found.append({"value": text, "rows": n, **_offered(near)})
        fixed = engine.run.fixes.get(column.name, {})
        found = [one for one in found if one["value"] not in fixed]
        if found:
            spellings[column.name] = found
    return {"unknown": unknown, "spellings": spellings, "blanked": dict(engine.tally.blanked), "header": table.header}


def _look_behind_faults(engine: Engine) -> None:
    """Names in rows that stay out for another reason, so that all of a row can be put right at once."""
    rows = list(
        ImportFault.objects.filter(run=engine.run).order_by("number").values_list("cells", flat=True)[:LOOKED_AT]
    )
    for column in engine.plan.refs:
        texts: Counter[str] = Counter()
        for cells in rows:
            raw = cells[column.index] if column.index < len(cells) else ""
            value = column.memory.get(raw) or (column.read(raw) if raw.strip() else "")
            if isinstance(value, str) and value:
                texts[value] += 1
        resolver, found = (
            engine.references.resolvers[column.name],
            engine.tally.unknown.setdefault(column.name, Counter()),
        )
        resolver.look_up(texts)
        for text, count in texts.items():
            if text not in resolver.known and text not in found:
                found[text] = count


def _offered(near: list[Suggestion]) -> dict[str, Any]:
    """Suggestions as the report keeps them; sure: one is nearer than all others, so that it may be taken with the rest."""
    sure = len(near) == 1 or (len(near) > 1 and near[0].distance < near[1].distance)
    return {"suggestions": [one.name for one in near], "sure": sure}
