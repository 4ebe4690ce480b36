"""The columns of the table: their types, what they have of each, and what comes later."""

from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from draining.places import SCHEMA, Place
from draining.reads import TABLE, served
from feature_warehouse import RequestLog
from harness.redis_fixture import HOUR, NAMES, Shelf
from request_log.shop import entity, instant, opened, put_shop


def test_the_columns_have_types(place: Place, url: str, client: Any) -> None:
    served(url)
    place.drain(client)
    session = place.ask()
    with closing(session):
        types = dict(session.columns(f"select * from {TABLE}"))
    names = ("read_id", "position", "requested_at", "customer", "limit", "scaled", "orders_run")
    wanted = {
        "duckdb": "UUID BIGINT TIMESTAMP BIGINT DECIMAL(38,2) DOUBLE BIGINT",
        "postgres": "uuid bigint timestamp_without_time_zone bigint numeric(38,2)"
        " double_precision bigint",
    }[place.engine]
    assert [types[name].replace(" ", "_") for name in names] == wanted.split()


def test_a_service_that_gets_a_feature(place: Place, url: str, client: Any) -> None:
    """Rows of both times are drained; what a time did not have is NULL."""
    shelf = Shelf(client)

    def serve(features: dict[str, str], number: int, fingerprint: str) -> None:
        rows: Any = {1: (HOUR, [0.5] * len(features))}
        shelf.view("v", features, rows, number=number)
        shelf.flip("v", number)
        shelf.service("s", fingerprint, {"v": features})
        with opened(url, RequestLog()) as store:
            store.get("s", {"id": 1})

    serve({"a": "float"}, 1, "aa")
    assert [one.rows for one in place.drain(client) if one.service == "s"] == [1]
    serve({"b": "float", "a": "float"}, 2, "bb")
    [refused] = [one for one in place.drain(client, create=False) if one.service == "s"]
    assert refused.exit_code == 2
    assert f'"{SCHEMA}"."requests_s" add column "v_b"' in refused.message
    place.drain(client)
    rows = place.rows(f"select v_a, v_b, fingerprint from {SCHEMA}.requests_s order by 3")
    assert [tuple(row.values()) for row in rows] == [(0.5, None, "aa"), (0.5, 0.5, "bb")]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (["a"], ["a", "request_id"], "requests_s has the columns request_id, by which"),
        (["a", "tag"], ["a"], "requests_s has the columns tag, tag_, by which"),
        (["a"], ["a", "tag_"], None),
    ],
)
def test_a_feature_gets_or_loses_a_name_of_the_logs_own(
    place: Place, url: str, client: Any, before: list[str], after: list[str], told: str | None
) -> None:
    """A column never holds two things: what a feature was is not taken for the log's own."""
    shelf = Shelf(client)
    for number, names in enumerate((before, after), 1):
        features = dict.fromkeys(names, "string")
        shelf.view("v", features, {1: (HOUR, [f"{name} of v" for name in names])}, number=number)
        shelf.flip("v", number)
        shelf.service("s", f"f{number}", {"v": features}, prefixes=False)
        with opened(url, RequestLog(tag="m")) as store:
            store.get("s", {"id": 1}, request_id="r")
        [result] = [one for one in place.drain(client) if one.service == "s"]
    if told is None:
        rows = place.rows(f"select request_id, tag, tag_ from {SCHEMA}.requests_s order by tag_")
        assert [tuple(row.values()) for row in rows] == [("r", "m", "tag_ of v"), ("r", "m", None)]
        return
    assert (result.status, result.exit_code) == ("error", 2)
    assert told in result.message.replace('"', "")
    assert "rename the table" in result.message
    assert client.xlen(NAMES.requests("s")) == 1


def test_a_feature_of_another_type_is_refused(place: Place, url: str, client: Any) -> None:
    shelf = Shelf(client)
    for number, (kind, value) in enumerate((("float", 0.5), ("string", "x")), 1):
        shelf.view("v", {"a": kind}, {1: (HOUR, [value])}, number=number)
        shelf.flip("v", number)
        shelf.service("s", f"f{number}", {"v": {"a": kind}})
        with opened(url, RequestLog()) as store:
            store.get("s", {"id": 1})
        [result] = [one for one in place.drain(client) if one.service == "s"]
    assert (result.status, result.exit_code) == ("error", 2)
    assert "column 'v_a' of " in result.message
    assert client.xlen(NAMES.requests("s")) == 1


VALUES: dict[str, tuple[Any, Any]] = {
    "bool": (True, True),
    "int": (-(2**63), -(2**63)),
    "uint": (2**64 - 1, 2**64 - 1),
    "bigint": (str(2**100 + 1), 2**100 + 1),
    "float": (-0.1, -0.1),
    "float32": (0.5, 0.5),
    "decimal(10,2)": ("12345678.90", Decimal("12345678.90")),
    "decimal(38,10)": ("1234567890123456789012345678.0123456789",) * 2,
    "string": ("é'\"\\\n", "é'\"\\\n"),
    "binary": (b"\x00\xff", b"\x00\xff"),
    "date": (-1, date(1969, 12, 31)),
    "time": (86_399_999_999, time(23, 59, 59, 999_999)),
    "timestamp": (-1, datetime(1969, 12, 31, 23, 59, 59, 999_999)),
    "timestamptz": (1, datetime(1970, 1, 1, 0, 0, 0, 1, UTC)),
    "uuid": ("0b7c5dd1-a9d3-46f2-8a51-000000000001", UUID("0b7c5dd1-a9d3-46f2-8a51-000000000001")),
    "list<string>": (["a", None, "b,c"], ["a", None, "b,c"]),
    "list<int>": ([1, None], [1, None]),
    "list<uint>": ([2**64 - 1], [2**64 - 1]),
    'struct<"a":int,"b c":string>': ([1, "x"], {"a": 1, "b c": "x"}),
    'list<struct<"a":float>>': ([[0.5], None], [{"a": 0.5}, None]),
    "map<string,int>": ({"a": 1}, {"a": 1}),
}
"""By kind, a value as stored and as the warehouse gives it."""


def test_every_type(place: Place, url: str, client: Any) -> None:
    kinds = {f"c{number}": kind for number, kind in enumerate(VALUES)}
    shelf = Shelf(client)
    stored_values = [value for value, _ in VALUES.values()]
    nothing = [None] * len(VALUES)
    shelf.view("v", kinds, {1: (HOUR, stored_values), 2: (HOUR, nothing)})
    shelf.flip("v", 1)
    shelf.service("s", "aa", {"v": kinds})
    with opened(url, RequestLog()) as store:
        store.get_many("s", [{"id": 1}, {"id": 2}])
    [result] = [one for one in place.drain(client) if one.service == "s"]
    assert (result.status, result.message) == ("success", "")
    first, second = place.rows(f"select * from {SCHEMA}.requests_s order by position")
    for name, kind in kinds.items():
        _, wanted = VALUES[kind]
        found = first[f"v_{name}"]
        if kind == "binary":
            found = bytes(found)
        if kind == "timestamptz":
            found = found.astimezone(UTC)
        if kind == "decimal(38,10)":
            wanted = Decimal(wanted)
        if kind == "uuid":
            found = UUID(str(found))
        assert found == wanted, kind
        assert second[f"v_{name}"] is None, kind


def test_intervals(place: Place, url: str, client: Any) -> None:
    shelf = Shelf(client)
    shelf.view("v", {"a": "interval"}, {1: (HOUR, [[0, 3, 4_000_005]])})
    shelf.flip("v", 1)
    shelf.service("s", "aa", {"v": {"a": "interval"}})
    with opened(url, RequestLog()) as store:
        store.get("s", {"id": 1})
    place.drain(client)
    [row] = place.rows(f"select v_a from {SCHEMA}.requests_s")
    assert row["v_a"] == timedelta(days=3, seconds=4, microseconds=5)


# DuckDB has no such decimals, so no view has.
@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_decimals_that_are_no_numbers(place: Place, url: str, client: Any) -> None:
    shelf = Shelf(client)
    shelf.view("v", {"a": "decimal", "b": "int"}, {1: (HOUR, ["NaN", 1]), 2: (HOUR, ["1.250", 2])})
    shelf.flip("v", 1)
    shelf.service("s", "aa", {"v": {"a": "decimal", "b": "int"}})
    with opened(url, RequestLog()) as store:
        store.get_many("s", [{"id": 1}, {"id": 2}])
    place.drain(client)
    rows = place.rows(f"select v_a::text as a, v_b as b from {SCHEMA}.requests_s order by 2")
    assert rows == [{"a": "NaN", "b": 1}, {"a": "1.250", "b": 2}]


def test_personal_data_is_not_in_the_table(place: Place, url: str, client: Any) -> None:
    put_shop(client, pii=("email",))
    with opened(url, RequestLog()) as store:
        store.get("shop", entity(4))
    place.drain(client)
    [row] = place.rows(f"select * from {TABLE}")
    assert {"email", "sent_to"}.isdisjoint(row)
    assert (row["customer"], row["count"]) == (4, 4)


def test_a_row_past_its_grace_has_no_version(place: Place, url: str, client: Any) -> None:
    with opened(url, RequestLog()) as store:
        store.get_many("shop", [entity(4), entity(14), entity(24)])
    place.drain(client)
    names = ("orders_status", "orders_event_timestamp", "orders_run", "orders_generation")
    rows = place.rows(f"select {', '.join(names)} from {TABLE} order by position")
    event = instant(1_700_000_000_000_000 - 20 * HOUR)
    assert [tuple(row.values()) for row in rows] == [
        ("found", instant(1_700_000_000_000_000), 3, 7),
        ("expired", event, 3, 7),
        ("missing", None, None, 7),
    ]
