"""The description of a server, by a validator of JSON Schema that knows nothing of ours."""

import json
from typing import Any

import jsonschema
import pytest
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from feature_warehouse.codec.stored_types import SCALARS, parse_kind
from feature_warehouse.dev.servers import Valkey
from feature_warehouse.server.openapi import _schema
from request_log.shop import put_shop
from server.asked import asker
from server.test_json_values import WRITTEN
from server.test_reads import sent


def test_what_is_sent_and_answered_is_as_described(valkey_server: Valkey, client: Any) -> None:
    put_shop(client)
    with asker(valkey_server.url) as ask:
        content = ask("GET", "/openapi.json").json
        bodies: dict[str, list[dict[str, Any]]] = {
            "/v1/services/shop": [
                {"entities": [sent(1), sent(12), sent(None)], "event_timestamps": True},
                {"entities": [sent(3)], "layout": "columns", "at": "2024-01-01T00:00:00Z"},
                {"entities": [], "expect": "f00d", "request_id": "x"},
            ],
            "/v1/services/pairs": [{"entities": [{"id": "4", "place": "x,y%"}]}],
            "/v1/services/orders": [{"entities": [{"customer": 1}]}],
            "/get-online-features": [
                {"features": ["orders:price"], "entities": {"customer": [1, 25]}}
            ],
        }
        wrong = ask.post("shop", [{}])
        answers = {
            path: [ask("POST", path, body) for body in some] for path, some in bodies.items()
        }
    assert content["openapi"] == "3.1.0"
    assert bodies.keys() <= content["paths"].keys()
    for path, some in bodies.items():
        operation = content["paths"][path]["post"]
        asked = operation["requestBody"]["content"]["application/json"]["schema"]
        answered = operation["responses"]["200"]["content"]["application/json"]["schema"]
        for body, answer in zip(some, answers[path], strict=True):
            check(content, asked, body)
            assert answer.status == 200
            check(content, answered, answer.json)
    problem = content["paths"]["/ready"]["get"]["responses"]["default"]["content"]
    check(content, problem["application/problem+json"]["schema"], wrong.json)
    refuses(content, "shop.request", {"entities": [sent(1, customer="x")]})
    refuses(content, "shop.request", {"entities": [sent(1, more=1)]})
    refuses(content, "shop.request", {"entities": [sent(1)], "entity": 1})
    refuses(content, "shop.values", {"count": "many"})


def check(content: Any, schema: Any, found: Any) -> None:
    resource = DRAFT202012.create_resource(content)
    registry: Any = Registry().with_resource("urn:openapi", resource)
    own = json.loads(json.dumps(schema).replace('"#/', '"urn:openapi#/'))
    jsonschema.Draft202012Validator(own, registry=registry).validate(found)


def refuses(content: Any, name: str, found: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check(content, {"$ref": f"#/components/schemas/{name}"}, found)


@pytest.mark.parametrize(("kind", "value", "expected"), WRITTEN)
def test_the_schema_of_each_type(kind: str, value: Any, expected: Any) -> None:
    del value
    schema = _schema(parse_kind(kind))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(expected)
    wrong = 7 if isinstance(expected, dict) else {"no": "such value"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(wrong)


def test_every_type_has_one() -> None:
    assert all(_schema(parse_kind(kind)) for kind in SCALARS)
