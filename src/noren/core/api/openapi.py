"""The description of the API for machines, drawn from the registries: OpenAPI 3.1, as the caller may see it."""

from __future__ import annotations

import dataclasses
import json
import typing
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from noren.core.access.actor import HOUSE, Actor
from noren.core.action.door import Action, actions_of
from noren.core.api.inputs import item_type, offered, plain_type
from noren.core.api.lists import MOST, USUAL
from noren.core.base.errors import Forbidden
from noren.core.base.model import Model
from noren.core.filter.sql import OPS_OF
from noren.core.metric.declare import METRICS
from noren.core.record.custom import none
from noren.core.record.declare import RECORDS, Record
from noren.core.record.field import Field

Schema = dict[str, Any]

FORMATS: dict[str, Schema] = {
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "bool": {"type": "boolean"},
    "money": {"type": "integer", "format": "int64"},
    "percent": {"type": "integer", "minimum": 0, "maximum": 100},
    "tags": {"type": "array", "items": {"type": "string"}},
}
REFERENCE: Schema = {
    "oneOf": [
        {"type": "integer", "format": "int64"},
        {"type": "object", "properties": {"external_id": {"type": "string"}}, "required": ["external_id"]},
    ]
}
DECIMAL: Schema = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}
WHOLE: Schema = {"type": "integer", "format": "int64"}


def committed() -> str:
    """The text of docs/openapi.json: all that noren offers, in English, without fields that a firm has added."""
    with translation.override("en"), none():
        return json.dumps(document(HOUSE), ensure_ascii=False, indent=1) + "\n"


def document(actor: Actor) -> Schema:
    """The whole description. Hidden fields and forbidden nouns are left out."""
    paths: Schema = {}
    schemas: Schema = {"Refusal": _refusal()}
    for word in sorted(RECORDS):
        record = RECORDS[word]
        _record(record, actor, paths, schemas)
    paths |= _others()
    return {
        "openapi": "3.1.0",
        "info": {"title": "noren", "version": "1", "description": _("Nouns, verbs, facts and numbers of this firm.")},
        "servers": [{"url": "/api/v1"}],
        "security": [{"key": []}, {"session": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": _("An API key, nrn_…")},
                "session": {"type": "apiKey", "in": "cookie", "name": "noren", "description": _("The session of a browser, with X-CSRFToken for changes.")},
            },
            "parameters": _parameters(),
            "responses": {"Refused": _content(_ref("Refusal"), _("Refused. The message is in the caller's language."))},
        },
    }  # fmt: skip


def _record(record: type[Record], actor: Actor, paths: Schema, schemas: Schema) -> None:
    name = record.__name__
    readable, writable = record.readable(actor), record.writable(actor) if record.form else []
    schemas[name] = _row(readable)
    base = f"/{record.module()}/{record.plural()}"
    one = f"{base}/{{id}}"
    tag = {"tags": [record.word()]}
    label = str(record.labels())
    paths[base] = {"get": tag | {
        "operationId": f"list_{_id(record)}", "summary": label,
        "parameters": [*(_parameter(n) for n in ("find", "q", "sort", "fields", "limit", "cursor", "removed")), *_filters(record, actor)],
        "responses": _answers("200", {"type": "object", "required": ["data", "next"], "properties": {
            "data": {"type": "array", "items": _ref(name)}, "next": {"type": ["string", "null"]}}}),
    }}  # fmt: skip
    id_parameter = {"name": "id", "in": "path", "required": True, "schema": WHOLE}
    paths[one] = {"parameters": [id_parameter], "get": tag | {
        "operationId": f"get_{_id(record)}", "summary": str(record.label()), "parameters": [_parameter("fields")],
        "responses": _answers("200", _ref(name)),
    }, "delete": tag | {"operationId": f"remove_{_id(record)}", "summary": _("Into the bin"), "responses": _answers("204")}}  # fmt: skip
    if writable:
        schemas[f"{name}New"] = _input(writable, new=True)
        schemas[f"{name}Change"] = _input(writable, new=False)
        paths[base]["post"] = tag | {
            "operationId": f"create_{_id(record)}", "summary": _("New"), "parameters": [_parameter("Idempotency-Key")],
            "requestBody": _body(_ref(f"{name}New")), "responses": _answers("201", _ref(name)),
        }  # fmt: skip
        paths[one]["patch"] = tag | {
            "operationId": f"change_{_id(record)}", "summary": _("Change"),
            "parameters": [_parameter("If-Match"), _parameter("Idempotency-Key")],
            "requestBody": _body(_ref(f"{name}Change")), "responses": _answers("200", _ref(name)),
        }  # fmt: skip
    paths[f"{one}/restore"] = {"parameters": [id_parameter], "post": tag | {
        "operationId": f"restore_{_id(record)}", "summary": _("Out of the bin"), "responses": _answers("200", _ref(name))}}  # fmt: skip
    paths[f"{one}/history"] = {"parameters": [id_parameter], "get": tag | {
        "operationId": f"history_{_id(record)}", "summary": _("History"), "parameters": [_parameter("limit"), _parameter("cursor")],
        "responses": _answers("200", {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object"}}}})}}  # fmt: skip
    for act in actions_of(record.model):
        if act.on_row:
            shape = _action(record, act, actor)
            if shape is not None:
                paths[f"{one}/{act.slug}"] = {"parameters": [id_parameter], "post": tag | {
                    "operationId": act.key, "summary": str(act.label), "description": (act.__doc__ or "").strip(),
                    "parameters": [_parameter("Idempotency-Key")], "requestBody": _body(shape),
                    "responses": _answers("200", _ref(name))}}  # fmt: skip


def _id(record: type[Record]) -> str:
    return record.word().replace(".", "_")


def _row(fields: list[Field]) -> Schema:
    properties: Schema = {
        "id": WHOLE, "version": {"type": "integer"}, "external_id": {"type": ["string", "null"]},
        "created_at": FORMATS["datetime"], "updated_at": FORMATS["datetime"],
    }  # fmt: skip
    extra: Schema = {}
    for one in fields:
        if one.is_custom:
            extra[one.key] = _field(one, incoming=False)
        elif one.name not in properties:
            properties[one.name] = _field(one, incoming=False)
    if any(one.kind == "money" for one in fields):
        properties["currency"] = {"type": "string", "minLength": 3, "maxLength": 3}
    if extra:
        properties["extra"] = {"type": "object", "properties": extra}
    return {"type": "object", "properties": properties, "required": ["id", "version"]}


def _input(fields: list[Field], *, new: bool) -> Schema:
    properties: Schema = {one.name: _field(one, incoming=True) for one in fields if not one.is_custom}
    extra = {one.key: _field(one, incoming=True) for one in fields if one.is_custom}
    if extra:
        properties["extra"] = {"type": "object", "properties": extra, "additionalProperties": False}
    shape: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if new:
        required = [one.name for one in fields if one.required and not one.is_custom]
        if required:
            shape["required"] = required
    else:
        properties["version"] = {"type": "integer", "description": _("The version last seen.")}
    return shape


def _field(one: Field, *, incoming: bool) -> Schema:
    if one.kind == "ref":
        inner: Schema = dict(REFERENCE if incoming else WHOLE)
        if one.many:
            return {"type": "array", "items": inner, "title": str(one.label)}
    elif one.kind == "choice":
        inner = {"enum": [value for value, _label in one.choices]}
    elif one.kind == "number":
        decimal = one.is_custom or (one.column is not None and one.column.get_internal_type() == "DecimalField")
        inner = {"type": "number"} if one.is_custom else dict(DECIMAL if decimal else WHOLE)
    else:
        inner = dict(FORMATS.get(one.kind, {"type": "string"}))
        if one.max_length and inner.get("type") == "string":
            inner["maxLength"] = one.max_length
    if one.null and "type" in inner:
        inner["type"] = [inner["type"], "null"]
    elif one.null and one.kind != "choice":
        inner = {"oneOf": [*inner.get("oneOf", [inner]), {"type": "null"}]}
    inner["title"] = str(one.label)
    if one.help:
        inner["description"] = str(one.help)
    if one.kind == "money":
        inner["description"] = _("In minor units of the currency.")
    return inner


def _action(record: type[Record], act: Action[Any, Any, Any], actor: Actor) -> Schema | None:
    try:
        given = offered(record, act, actor)
    except Forbidden:
        return None
    shape: Schema = {"type": "object", "additionalProperties": False,
                     "properties": {one.name: _hint(one.type) | {"title": str(one.label)} for one in given}}  # fmt: skip
    required = [one.name for one in given if one.required]
    return shape | ({"required": required} if required else {})


def _hint(hint: Any) -> Schema:
    """The schema of a type as a function asks for it."""
    inner, optional = plain_type(hint)
    shape: Schema = {}
    if isinstance(inner, type) and issubclass(inner, Model):
        shape = dict(REFERENCE)
    elif item_type(inner) is not None:
        shape = {"type": "array", "items": _hint(item_type(inner))}
    elif dataclasses.is_dataclass(inner):
        hints = typing.get_type_hints(inner)
        shape = {"type": "object", "additionalProperties": False,
                 "properties": {f.name: _hint(hints[f.name]) for f in dataclasses.fields(inner)}}  # fmt: skip
    elif typing.get_origin(inner) is typing.Literal:
        shape = {"enum": list(typing.get_args(inner))}
    else:
        shape = dict(HINTS.get(inner, {}))
    if optional and isinstance(shape.get("type"), str):
        shape["type"] = [shape["type"], "null"]
    return shape


HINTS: dict[Any, Schema] = {
    bool: {"type": "boolean"}, int: WHOLE, str: {"type": "string"}, Decimal: DECIMAL,
    date: FORMATS["date"], datetime: FORMATS["datetime"],
}  # fmt: skip


def _filters(record: type[Record], actor: Actor) -> list[Schema]:
    """One parameter for each field that may be filtered on; its description tells the endings it takes."""
    found = []
    for term in record.vocabulary(actor):
        endings = ", ".join(f"{term.name}__{op}" for op in OPS_OF[term.kind] if op != "is")
        found.append(
            {"name": term.name, "in": "query", "schema": {"type": "string"}, "description": f"{term.label}. {endings}"}
        )
    return found


def _others() -> Schema:
    ids = sorted(METRICS)
    asked = [
        {"name": name, "in": "query", "schema": {"type": "string"}, "description": text}
        for name, text in (
            ("period", _("Such as 2026, 2026-Q3, this_month, 2026-01-01..2026-03-31.")),
            ("by", _("Dimensions, separated by commas.")),
            ("grain", _("day, week, month, quarter, half or year.")),
            ("basis", _("By which date the number is put into periods.")),
            ("as_of", _("Told as of this day.")),
        )
    ]
    metric = {"name": "metric", "in": "path", "required": True, "schema": {"enum": ids} if ids else {"type": "string"}}
    anything = {"type": "object"}
    compare = {"name": "compare", "in": "query", "schema": {"enum": ["previous", "year"]}}
    part = {"name": "part", "in": "query", "schema": {"enum": ["counted", "top", "missing"]}}
    return {
        "/me": {"get": {"operationId": "me", "summary": _("Who calls"), "responses": _answers("200", anything)}},
        "/search": {"get": {
            "operationId": "search", "summary": _("Search"),
            "parameters": [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}, _parameter("limit")],
            "responses": _answers("200", anything)}},
        "/metrics": {"get": {"operationId": "metrics", "summary": _("Numbers"), "responses": _answers("200", anything)}},
        "/metrics/{metric}": {"parameters": [metric], "get": {
            "operationId": "metric", "summary": _("One number"), "parameters": [*asked, compare, _parameter("q")],
            "responses": _answers("200", anything)}},
        "/metrics/{metric}/rows": {"parameters": [metric], "get": {
            "operationId": "metric_rows", "summary": _("The rows behind a number"),
            "parameters": [*asked, part, _parameter("limit"), _parameter("cursor")], "responses": _answers("200", anything)}},
    }  # fmt: skip


def _parameters() -> Schema:
    text = {"type": "string"}
    told: list[tuple[str, str, Schema, str]] = [
        ("find", "query", text, _("Words that must all occur, in any spelling.")),
        ("q", "query", text, _('A filter as JSON: [field, operator, value], {"all": […]}, {"any": […]}, {"not": …}.')),
        ("sort", "query", text, _("One or two fields, separated by a comma; - before a name sorts downwards.")),
        ("fields", "query", text, _("Only these fields, separated by commas.")),
        ("limit", "query", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}, _("Rows per answer.")),
        ("cursor", "query", text, _("What the answer before gave as next.")),
        ("removed", "query", {"enum": ["true"]}, _("The bin instead of the living rows.")),
        ("If-Match", "header", text, _("The version last seen. If somebody changed the same field since: 409 with both values.")),
        ("Idempotency-Key", "header", {"type": "string", "maxLength": 255},
         _("A key of your choice. The same request with the same key has one effect and one answer.")),
    ]  # fmt: skip
    return {
        _key(name): {"name": name, "in": place, "required": False, "schema": schema, "description": words}
        for name, place, schema, words in told
    }


def _key(name: str) -> str:
    return name.replace("-", "_").lower()


def _parameter(name: str) -> Schema:
    return {"$ref": f"#/components/parameters/{_key(name)}"}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _body(schema: Schema) -> Schema:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _content(schema: Schema | None, words: str) -> Schema:
    return {"description": words} | ({"content": {"application/json": {"schema": schema}}} if schema else {})


def _answers(status: str, schema: Schema | None = None) -> Schema:
    return {status: _content(schema, "OK"), "default": {"$ref": "#/components/responses/Refused"}}


def _refusal() -> Schema:
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["code", "message"],
        "properties": {
            "code": text,
            "message": text,
            "errors": {"type": "object", "additionalProperties": {"type": "array", "items": text}},
            "theirs": {"type": "object"},
            "mine": {"type": "object"},
            "base_version": {"type": "integer"},
            "version": {"type": "integer"},
        },
    }
