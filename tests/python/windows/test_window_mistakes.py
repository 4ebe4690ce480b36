"""What `window_features` says of wrong calls: every mistake of a model, each with its remedy."""

import json
import re
from pathlib import Path

import pytest

from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.errors import UsageError
from harness.host import Host, macro_call, write_host

EVENTS = {
    "name": "orders",
    "columns": [
        {"name": "buyer", "data_type": "bigint"},
        {"name": "ordered_at", "data_type": "timestamp"},
        {"name": "price", "data_type": "numeric(8,2)"},
        {"name": "weight"},
        {"name": "colour", "data_type": "text"},
        {"name": "huge", "data_type": "hugeint"},
    ],
}
ORDERS = "select 1 as buyer, current_timestamp as ordered_at, 1.5 as price, 2 as weight"


def call(**given: object) -> str:
    arguments: dict[str, object] = {
        "join_keys": ["buyer"],
        "event_timestamp": "ordered_at",
        "aggregates": [{"count": "*"}],
        "windows": ["1 day"],
        **given,
    }
    written = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return macro_call(f"window_features(events=ref('orders'), {written})")


def complaints(folder: Path, models: dict[str, str], *properties: dict[str, object]) -> list[str]:
    """The lines that dbt ends with."""
    host = Host(write_host(folder, {"orders": ORDERS, **models}, [EVENTS, *properties]))
    return re.findall(r"^ *- (.*)$", host.dbt("run", code=2), re.MULTILINE)


WHILE_PARSING: dict[str, tuple[dict[str, object], list[str]]] = {
    "keys": (
        {"join_keys": "buyer"},
        ["join_keys must be a list of columns, such as ['customer_id'], or a mapping"],
    ),
    "lengths": (
        {
            "windows": [
                "1 month",
                {"length": "1 day", "offset": "soon"},
                "2 hours",
                {"size": "1 day"},
            ],
            "availability_lag": "2 hours",
        },
        [
            "window '1 month' is not a fixed length of time; write one such as '7 days'",
            "offset 'soon' is not a fixed length of time",
            "window '2 hours' ends before the availability_lag does",
            "unknown key 'size'; known are length, offset, as",
            "window 'none' is not a fixed length of time",
        ],
    ),
    "lag": (
        {"availability_lag": "a while"},
        [
            "availability_lag 'a while' is not a fixed length of time; write one such as '90"
            " minutes'"
        ],
    ),
    "aggregates": (
        {
            "aggregates": [
                "count",
                {"median": "price"},
                {"avg": "price", "wehre": "true"},
                {"sum": "price * 2"},
                {"time_since_last": "ordered_at"},
                {"decay": "price"},
                {"count": "*"},
                {"count": "*"},
                {"max": "price", "as": "p" * 70},
                {"share": "price > 2"},
                {"avg": "price", "windows": "1 day"},
            ]
        },
        [
            "aggregate 'count' must be a mapping such as {'avg': 'price'}",
            "aggregate {'median': 'price'} must have one of count, count_distinct, sum, avg,"
            " min, max, stddev, first, last, share",
            "'wehre'",
            "sum of 'price * 2' has no name; add one, such as 'as': 'late_share'",
            "'time_since_last' changes with every instant, and a row cannot hold it; keep what it"
            " is computed from, such as {'last': 'ordered_at'}",
            "'decay' changes with every instant",
            "share of 'price > 2' has no name",
            "windows must be a list of lengths, such as ['1 day', '7 days', 'all time']",
            "two columns are named 'count_1d'",
            "is longer than 63 bytes; give it a shorter name with 'as'",
        ],
    ),
    "nothing": (
        {"aggregates": [], "windows": [], "event_timestamp": ""},
        [
            "event_timestamp must name a column, not ''",
            "windows must be a list of lengths",
            "aggregates must be a list, such as [{'count': '*'}, {'avg': 'price'}]",
        ],
    ),
}


@pytest.mark.parametrize("name", WHILE_PARSING)
def test_a_wrong_call_is_told_all_its_mistakes(name: str, tmp_path: Path) -> None:
    given, fragments = WHILE_PARSING[name]
    found = complaints(tmp_path / "host", {"wrong": call(**given)})
    assert len(found) == len(fragments), found
    for line, fragment in zip(found, fragments, strict=True):
        assert fragment in line


def test_a_declaration_that_does_not_fit_is_told_before_anything_is_built(tmp_path: Path) -> None:
    models = {
        "untyped": call(aggregates=[{"max": "weight"}, {"sum": "price + 1", "as": "more"}]),
        "no_numbers": call(
            aggregates=[
                {"sum": "colour"},
                {"avg": "price > 1", "as": "dear", "type": "boolean"},
                {"stddev": "buyer", "type": "integer[]"},
                {"sum": "price", "type": "decimal(29, 2)"},
                {"max": "huge"},
                {"sum": "huge"},
            ]
        ),
        "described": call(aggregates=[{"avg": "price"}]),
        "timed": call(),
        "invented": call(),
    }
    found = complaints(
        tmp_path / "host",
        models,
        {"name": "timed", "config": {"meta": {"feature_view": {"ttl": "1 day", "onlin": True}}}},
        {"name": "invented", "columns": [{"name": "count_2d", "data_type": "bigint"}]},
        {"name": "described", "columns": [{"name": "price_avg_1d", "data_type": "real"}]},
    )
    assert found == [
        "described: column 'price_avg_1d' is declared as real and becomes double precision; remove"
        " its data_type",
        "invented: column 'count_2d' is declared, and window_features makes none of that name; it"
        " makes buyer, changed_at, count_1d",
        "no_numbers: 'buyer_stddev_1d': stddev of type integer[] is not possible, for it is not"
        " a number; cast it, such as 'type': 'double precision'",
        "no_numbers: 'colour_sum_1d': sum of type text is not possible, for it is not a number;"
        " cast it, such as 'type': 'double precision'",
        "no_numbers: 'dear_1d': avg of type boolean is not possible, for it is not a number; cast"
        " it, such as 'type': 'double precision'",
        "no_numbers: 'huge_sum_1d': sum of type hugeint may not fit into 38 digits; add a type to"
        " the aggregate, such as 'type': 'bigint', 'numeric(28,2)' or 'double precision'",
        "no_numbers: 'price_sum_1d': sum of type decimal(29, 2) may not fit into 38 digits; add a"
        " type to the aggregate, such as 'type': 'bigint', 'numeric(28,2)' or 'double precision'",
        "timed: ttl is not for a window view, whose rows say from when they count; remove it",
        "timed: unknown key 'onlin'; known are join_keys, event_timestamp, created_timestamp,"
        " availability_lag, ttl, online, tie_breaker, drift, expectations; did you mean"
        " 'online'?",
        "untyped: the type of 'more_1d' is not known; add it to its aggregate, such as 'type':"
        " 'integer'",
        "untyped: the type of weight is not known; declare its data_type in the YAML of the events"
        " (of one model or source: if there are several, pass its name as `events`)",
    ]


def test_microbatch_and_knowledge_of_events_are_refused(tmp_path: Path) -> None:
    labels = {
        "name": "labels",
        "config": {"contract": {"enforced": True}, "meta": {"label_set": {"timestamp": "at"}}},
        "columns": [
            {"name": "buyer", "data_type": "bigint"},
            {"name": "at", "data_type": "timestamp"},
        ],
    }
    models = {
        "buyers": call(),
        "labels": "select cast(1 as bigint) as buyer, timestamp '2026-01-01' as at",
        "early": macro_call(
            "training_set(labels='labels', features=['buyers'], knowledge='event_time')"
        ),
        "batched": "{{ config(materialized='incremental', incremental_strategy='microbatch',"
        " event_time='changed_at', begin='2026-01-01', batch_size='day') }}" + call(),
    }
    host = Host(write_host(tmp_path / "host", {"orders": ORDERS, **models}, [EVENTS, labels]))
    for model, fragment in {
        "early": "knowledge='event_time' is not possible with 'buyers': when an event became known",
        "batched": "windows span batches; make it incremental without",
    }.items():
        assert fragment in host.dbt("compile", "-s", model, code=2)


def test_a_manifest_of_another_version_is_refused_in_one_line(tmp_path: Path) -> None:
    host = Host(write_host(tmp_path / "host", {"orders": ORDERS, "buyers": call()}, [EVENTS]))
    host.dbt("parse")
    file = host.target / "manifest.json"
    manifest = host.manifest()
    assert "count_1d" in [one.name for one in read_registry(file).views["buyers"].features]
    del manifest["nodes"]["model.host.buyers"]["config"]["meta"]["window_features"]["timestamp"]
    file.write_text(json.dumps(manifest))
    with pytest.raises(UsageError, match=r"'buyers': meta.window_features is not what .* build"):
        read_registry(file)
