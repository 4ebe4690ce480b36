"""A service with everything that a read may have, and what was logged of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from feature_warehouse import FeatureVector, OnlineStore, RequestLog
from feature_warehouse.on_demand.expressions import Node
from feature_warehouse.redis_store import layout
from feature_warehouse.request_log import messages
from feature_warehouse.request_log.descriptions import Description
from feature_warehouse.request_log.tables import Decoder
from harness.redis_fixture import HOUR, NAMES, Row, Shelf

PLACE: dict[str, Any] = {"project": NAMES.project, "environment": NAMES.environment}
STREAM = "mini.dev:!requests:{mini.dev:shop}"
START = 1_700_000_000_000_000
"""About when orders were made, in microseconds since 1970 UTC."""

EMAIL = "ann@example.org"
ORDERS = {
    "amount": "float",
    "count": "int",
    "note": "string",
    "email": "string",
    "price": "decimal(10,2)",
}
PAIRS = {"tags": "list<string>", "day": "date", "unread": "string", "weight": "float"}


def stored(number: int) -> list[Any]:
    """The features of a customer's order, in stored form."""
    note = None if number % 3 == 0 else f"n{number}"
    return [number / 4, number, note, f"{number}.{EMAIL}", f"{number}.50"]


def put(client: Any, key: str, content: Any) -> None:
    client.set(key, layout.sealed(content, key))


def put_view(
    client: Any,
    view: str,
    keys: dict[str, str],
    features: dict[str, str],
    rows: Mapping[Any, Row],
    *,
    number: int = 1,
    clock: int | None = None,
    **more: Any,
) -> None:
    """A generation in service."""
    shelf = Shelf(client)
    shelf.view(view, features, rows, number=number, keys=keys, **more)
    shelf.flip(view, number, clock=clock)


def name(text: str, kind: str) -> Node:
    return Node("name", kind, (), text)


def put_shop(client: Any, *, pii: tuple[str, ...] = (), **pairs: Any) -> None:
    """The service ``shop`` over ``orders`` by customer, and ``pairs`` by customer and place.

    Orders of customers 0 to 9 are found, of 10 to 19 expired, of 20 to 29 past their grace. Pairs
    have a place for each even customer, whose name needs escapes.
    """
    events = {number: START - number // 10 * 20 * HOUR for number in range(30)}
    orders = {
        number: (events[number], events[number] + 5 if number % 2 else None, 3, stored(number))
        for number in range(30)
    }
    put_view(
        client,
        "orders",
        {"customer": "int"},
        ORDERS,
        orders,
        number=7,
        defaults={"count": 0},
        ttl=10 * HOUR,
        grace=15 * HOUR,
        clock=START + HOUR,
    )
    rows = {
        (number, "x,y%"): (START + number, None, 9, [["a", None], 19000 + number, "s", 0.5])
        for number in range(0, 30, 2)
    }
    put_view(client, "pairs", {"id": "int", "place": "string"}, PAIRS, rows, **pairs)
    parts = (
        layout.ServicePart(
            "orders",
            {"customer": "customer"},
            {feature: feature for feature in ORDERS},
            dict(ORDERS),
            "ordered_at",
            "order_age",
        ),
        # Not all, and in another order than the row has them.
        layout.ServicePart(
            "pairs",
            {"id": "customer", "place": "place"},
            {"day": "pair_day", "tags": "pair_tags"},
            {"day": PAIRS["day"], "tags": PAIRS["tags"]},
        ),
    )
    double, wide = "double", "decimal(38,2)"
    times = Node("*", double, (name("amount", double), name("factor", double)))
    sent = Node("coalesce", "text", (name("email", "text"), Node("literal", "text", (), "none")))
    most = Node("greatest", wide, (name("limit", wide), name("limit", wide)))
    service = layout.Service(
        "shop",
        "f00d",
        parts,
        on_demand=(
            layout.OnDemand("scaled", times),
            layout.OnDemand("sent_to", sent),
            layout.OnDemand("most", most),
            layout.OnDemand("asked_at", Node("name", "timestamp", (), "request_time")),
        ),
        hidden=("amount",),
        request={"factor": "double precision", "limit": "numeric(38,2)", "since": "date"},
        pii=pii,
    )
    put(client, NAMES.description("shop", "f00d"), service)
    put(client, NAMES.pointer("shop"), layout.Pointer(version="f00d"))
    client.sadd(NAMES.members, "shop", "orders", "pairs")


def entity(number: int | None, place: str | None = "x,y%", **given: Any) -> dict[str, Any]:
    request = {"factor": 1.5, "limit": Decimal("123456789012345678901234567890123456.78")}
    return {
        "customer": number, "place": place, **request, "since": date(2020, 2, 29), **given
    }  # fmt: skip


@contextmanager
def opened(url: str, log: RequestLog | None = None, **options: Any) -> Iterator[OnlineStore]:
    with OnlineStore.from_url(url, request_log=log, **PLACE, **options) as store:
        yield store


def logged(client: Any, service: str = "shop") -> list[dict[str, Any]]:
    """What is in the stream of a service, a row for each entity."""
    stream = NAMES.requests(service)
    found: list[dict[str, Any]] = []
    for _, fields in client.xrange(stream):
        message = messages.decode(fields[b"m"])
        assert message is not None
        text = client.get(f"{stream}@{message.description}")
        description = msgspec.json.decode(text, type=Description)
        found += Decoder(description).table(message.reads).to_pylist()
    return found


def instant(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(
        microsecond=microseconds % 1_000_000, tzinfo=None
    )


def naive(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)


def seen(asked: dict[str, Any], vector: FeatureVector) -> dict[str, Any]:
    """What a caller can tell of a read: values, and the status and event of each view."""
    views = {"orders": "note", "pairs": "pair_day"}
    told: dict[str, Any] = {**asked, **vector.to_dict(), "request_id": vector.request_id}
    for view, feature in views.items():
        status = str(vector.status(feature))
        told[f"{view}_status"] = "found" if status == "null" else status
        told[f"{view}_event_timestamp"] = naive(vector.event_timestamp(feature))
    return told
