"""What the page about the API shows: the same description as for machines, put into words."""

from __future__ import annotations

from typing import Any

from noren.core.access.actor import Actor
from noren.core.api.openapi import document
from noren.core.record.declare import RECORDS


def context(actor: Actor) -> dict[str, Any]:
    """Nouns with their addresses and fields, in the order of their words."""
    whole = document(actor)
    schemas = whole["components"]["schemas"]
    return {
        "nouns": [_noun(word, whole["paths"], schemas) for word in sorted(RECORDS)],
        "others": [
            {"method": method.upper(), "path": path, "summary": one["summary"]}
            for path, methods in whole["paths"].items()
            for method, one in methods.items()
            if method != "parameters" and "tags" not in one
        ],
        "parameters": [
            {"name": one["name"], "place": one["in"], "description": one["description"]}
            for one in whole["components"]["parameters"].values()
        ],
    }


def _noun(word: str, paths: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    record = RECORDS[word]
    writable = schemas.get(f"{record.__name__}New", {}).get("properties", {})
    required = schemas.get(f"{record.__name__}New", {}).get("required", [])
    return {
        "word": word,
        "label": record.labels(),
        "calls": [
            {"method": method.upper(), "path": path, "summary": one["summary"], "inputs": _inputs(one)}
            for path, methods in paths.items()
            for method, one in methods.items()
            if method != "parameters" and one.get("tags") == [word]
        ],
        "fields": [
            {
                "name": name,
                "label": shape.get("title", ""),
                "type": _type(shape),
                "writable": name in writable,
                "required": name in required,
            }
            for name, shape in schemas[record.__name__]["properties"].items()
        ],
    }


def _inputs(one: dict[str, Any]) -> str:
    shape = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    required = shape.get("required", [])
    return ", ".join(name if name in required else f"{name}?" for name in shape.get("properties", {}))


def _type(shape: dict[str, Any]) -> str:
    if "enum" in shape:
        return " | ".join(str(value) for value in shape["enum"] if value != "")
    kind = shape.get("type", "id")
    kinds = [kind] if isinstance(kind, str) else [one for one in kind if one != "null"]
    return shape.get("format") or "/".join(kinds)
