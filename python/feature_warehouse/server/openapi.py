"""The OpenAPI 3.1 description of a server, generated from the types of what it serves.

Each service and view has a path and schemas of its own: of its entities, with request columns, and
of its values.
"""

from collections.abc import Iterable
from typing import Any, Final

from feature_warehouse import __version__
from feature_warehouse.codec.stored_types import Kind, parse_kind
from feature_warehouse.on_demand.forms import stored_type_of
from feature_warehouse.server.problems import CODES, MEDIA_TYPE
from feature_warehouse.serving.plan import Plan
from feature_warehouse.serving.rows import Status

__all__ = ["description"]

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}
_WHOLE: Final[Schema] = {"type": ["integer", "string"], "pattern": "^-?[0-9]+$"}
_NUMBER: Final[Schema] = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
_DECIMAL: Final[Schema] = {"type": "string", "description": "a decimal with all its digits"}
_INTERVAL: Final[Schema] = {
    "type": "object",
    "properties": {name: {"type": "integer"} for name in ("months", "days", "microseconds")},
    "required": ["months", "days", "microseconds"],
}

_SCALARS: Final[dict[str, Schema]] = {
    "bool": {"type": "boolean"},
    "int": _WHOLE,
    "uint": _WHOLE,
    "bigint": _WHOLE,
    "float": _NUMBER,
    "float32": _NUMBER,
    "decimal": _DECIMAL,
    "string": _TEXT,
    "binary": {"type": "string", "contentEncoding": "base64"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "timestamp": _INSTANT,
    "timestamptz": _INSTANT,
    "interval": _INTERVAL,
    "uuid": {"type": "string", "format": "uuid"},
}

_GIVEN_DECIMAL: Final[Schema] = {"type": ["number", "string"]}
_STATUS: Final[Schema] = {"enum": [str(status) for status in Status]}
_EVENT: Final[Schema] = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": "from when the value is true; null if it is missing",
}
_BEARER: Final[list[dict[str, list[str]]]] = [{"bearer": []}]


def description(plans: Iterable[Plan], *, with_tokens: bool) -> dict[str, Any]:
    """The document for some services and views. ``with_tokens``: requests need a bearer token."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Problem": _problem(), **_of_feast()}
    for plan in plans:
        paths[f"/v1/services/{plan.name}"] = {
            "post": _read_operation(plan),
            "get": _get(f"Types of {plan.name}", f"describe_{plan.name}"),
        }
        schemas |= _schemas(plan)
    paths |= {
        "/v1/services": {"get": _get("What there is", "list_services")},
        "/get-online-features": {"post": _feast_operation()},
        "/health": {"get": _get("Whether the process is alive", "health") | {"security": []}},
        "/ready": {"get": _get("Whether features can be read", "ready") | {"security": []}},
        "/metrics": {"get": _get("Figures for Prometheus", "metrics", "text/plain")},
    }
    schemes = {"bearer": {"type": "http", "scheme": "bearer"}} if with_tokens else {}
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Feature Warehouse", "version": __version__},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": schemes},
    }
    return found | {"security": _BEARER} if with_tokens else found


def _problem() -> Schema:
    return {
        "type": "object",
        "properties": {
            "title": _TEXT,
            "status": {"type": "integer"},
            "code": {"enum": list(CODES)},
            "detail": {"type": "string", "description": "what is wrong, where, and what to do"},
        },
        "required": ["title", "status", "code", "detail"],
    }


def _schemas(plan: Plan) -> dict[str, Schema]:
    properties = {name: _with_null(_SCALARS[kind]) for name, kind in plan.entity.items()}
    for name, data_type in plan.asked.items():
        if name not in plan.entity:
            kind = parse_kind(stored_type_of(data_type)).name
            schema = _GIVEN_DECIMAL if kind == "decimal" else _SCALARS[kind]
            properties[name] = _with_null(schema) | {
                "description": f"{data_type}, for on-demand features"
            }
    entity: Schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    values = {
        name: _with_null(_schema(parse_kind(kind)))
        for name, kind in zip(plan.names, plan.types, strict=True)
    }
    of_values = {"type": "object", "properties": values, "required": list(values)}
    own = {
        "entity": entity,
        "values": of_values,
        "statuses": _same_keys(plan, _STATUS),
        "event_timestamps": _same_keys(plan, _EVENT),
        "request": _request(plan),
        "answer": _answer(plan),
    }
    return {f"{plan.name}.{what}": schema for what, schema in own.items()}


def _same_keys(plan: Plan, schema: Schema) -> Schema:
    return {"type": "object", "properties": dict.fromkeys(plan.names, schema)}


def _request(plan: Plan) -> Schema:
    return {
        "type": "object",
        "properties": {
            "entities": {"type": "array", "items": _reference(f"{plan.name}.entity")},
            "expect": {"type": "string", "description": "fingerprint that the model needs"},
            "at": _INSTANT | {"description": "when ttl and age are measured"},
            "layout": {"enum": ["rows", "columns"], "default": "rows"},
            "statuses": {"type": "boolean", "default": True},
            "event_timestamps": {"type": "boolean", "default": False},
            "request_id": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
            "tag": _TEXT,
        },
        "required": ["entities"],
        "additionalProperties": False,
    }


def _answer(plan: Plan) -> Schema:
    def shaped(what: str) -> Schema:
        rows = {"type": "array", "items": _reference(f"{plan.name}.{what}")}
        columns = {"type": "object", "additionalProperties": {"type": "array"}}
        return {"anyOf": [rows, columns], "description": "an array for rows, an object for columns"}

    return {
        "type": "object",
        "properties": {
            "name": {"const": plan.name},
            "fingerprint": _TEXT,
            "values": shaped("values"),
            "statuses": shaped("statuses"),
            "event_timestamps": shaped("event_timestamps"),
            "request_id": _TEXT,
            "request_ids": {"type": "array", "items": _TEXT},
        },
        "required": ["name", "fingerprint", "values"],
    }


def _read_operation(plan: Plan) -> dict[str, Any]:
    kind = "view" if plan.service is None else "service"
    arrow = {"schema": {"type": "string", "format": "binary"}}
    return {
        "summary": f"Features of the {kind} {plan.name}",
        "operationId": f"read_{plan.name}",
        "requestBody": _body(f"{plan.name}.request"),
        "responses": _responses(
            {
                "application/json": {"schema": _reference(f"{plan.name}.answer")},
                "application/vnd.apache.arrow.stream": arrow,
            }
        ),
    }


def _feast_operation() -> dict[str, Any]:
    return {
        "summary": "Features by Feast's API",
        "operationId": "get_online_features",
        "requestBody": _body("feast.request"),
        "responses": _responses({"application/json": {"schema": _reference("feast.answer")}}),
    }


def _of_feast() -> dict[str, Schema]:
    array: Schema = {"type": "array"}
    statuses = ["PRESENT", "NULL_VALUE", "NOT_FOUND", "OUTSIDE_MAX_AGE"]
    result = {
        "values": array,
        "statuses": {"type": "array", "items": {"enum": statuses}},
        "event_timestamps": {"type": "array", "items": _INSTANT},
    }
    names = {"type": "array", "items": _TEXT}
    return {
        "feast.request": {
            "type": "object",
            "properties": {
                "feature_service": _TEXT,
                "features": names,
                "entities": {"type": "object", "additionalProperties": array},
                "full_feature_names": {"type": "boolean", "default": False},
            },
            "required": ["entities"],
        },
        "feast.answer": {
            "type": "object",
            "properties": {
                "metadata": {"type": "object", "properties": {"feature_names": names}},
                "results": {"type": "array", "items": {"type": "object", "properties": result}},
            },
        },
    }


def _get(summary: str, operation: str, kind: str = "application/json") -> dict[str, Any]:
    return {
        "summary": summary,
        "operationId": operation,
        "responses": _responses({kind: {"schema": {}}}),
    }


def _body(schema: str) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": _reference(schema)}}}


def _responses(content: dict[str, Any]) -> dict[str, Any]:
    problem = {"content": {MEDIA_TYPE: {"schema": _reference("Problem")}}}
    return {
        "200": {"description": "the answer", "content": content},
        "default": {"description": "a problem, with its code", **problem},
    }


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _with_null(schema: Schema) -> Schema:
    kinds = schema.get("type")
    if isinstance(kinds, str):
        return {**schema, "type": [kinds, "null"]}
    if isinstance(kinds, list):
        return {**schema, "type": [*kinds, "null"]}
    return {"anyOf": [*schema.get("anyOf", [schema]), {"type": "null"}]}


def _schema(kind: Kind) -> Schema:
    """What an answer has for a type."""
    if kind.whole:
        return _WHOLE
    if kind.name == "list":
        return {"type": "array", "items": _with_null(_schema(kind.parts[0]))}
    if kind.name == "struct":
        parts = zip(kind.fields, kind.parts, strict=True)
        return {
            "type": "object",
            "properties": {name: _with_null(_schema(part)) for name, part in parts},
        }
    if kind.name == "map":
        key, value = map(_schema, kind.parts)
        if kind.parts[0].name == "string":
            return {"type": "object", "additionalProperties": _with_null(value)}
        pair = {"type": "array", "prefixItems": [key, _with_null(value)], "items": False}
        return {"type": "array", "items": pair}
    return _SCALARS[kind.name]
