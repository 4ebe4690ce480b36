"""A wrong training set, scoring set or generic test stops dbt with all its mistakes at once."""

from pathlib import Path
from typing import Any

import pytest

from declarations.mistakes import LABEL_COLUMNS, VIEW_COLUMNS, Mistake, declaration
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.errors import UsageError
from harness.host import Host, macro_call, write_host
from local_postgres import Postgres


def _options(**options: Any) -> str:
    given = "".join(f", {name}={value!r}" for name, value in options.items())
    part = {"view": "customer", "join_keys": {"id": "buyer"}}
    return f"training_set(labels='orders', features=[{part!r}]{given})"


SERVICES = {
    "unlabelled": "training_set(labels='plain', features=['customer'])",
    "viewless": "training_set(labels='orders', features=['plain', 'other'])",
    "mixed_up": """training_set(labels='orders', features=[
        {'view': 'customer', 'join_keys': {'id': 'buyer'}, 'features': ['score', 'teir']},
        {'view': 'store', 'join_keys': {'shop': 'buyer'}, 'features': ['score']},
    ])""",
    "renamed": """training_set(labels='orders', features=[
        {'view': 'customer', 'join_keys': {'id': 'buyer'}, 'features': {'tier': 'Returned'}},
    ])""",
    "wordy": "training_set(labels='orders', features=[{'view': 'customer',"
    " 'join_keys': {'id': 'buyer'}, 'prefix': 'é' * 30, 'event_timestamp': 'e' * 64,"
    " 'age': 'a' * 64}], split={'by': ['buyer'], 'fractions': {'a': 0.5, 'b': 0.5},"
    " 'column': 's' * 64})",
    "as_of_plain": "as_of('plain', '2024-01-01')",
    "as_of_whenever": "as_of('customer', 'yesterday')",
    "whenever": _options(
        start="yesterday", end="2024-13-01", as_of="now", knowledge="all", where=["", 1], split="x"
    ),
    "hashed": _options(
        where={"a": 1},
        split={"by": ["buyers"], "fractions": {"a": 0.8, "b": 0.3}, "slat": "x", "column": 1},
    ),
    "unfit": _options(where=" ", split={"by": "buyer", "fractions": {"all": 1}}),
    "unsplit": _options(split={}),
    "timed": _options(
        split={"starts": {"train": "2024-01-01", "test": "soon"}, "embargo": "1 month"}
    ),
    "crowded": _options(
        split={"starts": {"b": "2024-01-08", "c": "2024-01-09"}, "embargo": "1 day"}
    ),
    "listed": _options(split={"starts": ["2024-01-01"]}),
    "uneven": _options(
        split={
            "by": ["buyer"],
            "fractions": {"train": 0.5, "check": 0.5},
            "starts": {"test": "2024-01-01"},
        }
    ),
    "doubled": "training_set(labels='orders', features=[{'view': 'customer', 'join_keys':"
    " {'id': 'buyer'}, 'event_timestamp': 'Buyer', 'age': 'tier'}], split={'by': ['buyer'],"
    " 'fractions': {'a': 0.5, 'b': 0.5}, 'column': 'Returned'})",
    "unserved": _options(served={"every": "1 hour"}),
    "served_wrongly": _options(
        knowledge="served",
        served={"every": "1 month", "delay": "soon", "log": "yes", "evry": "1 hour"},
    ),
    "served_never": _options(knowledge="served", served={"delay": "1 hour"}),
    "served_at_all_times": _options(knowledge="served", served={"every": "0 hours"}),
    "served_by_text": _options(knowledge="served", served="1 hour"),
    "stale_plain": "stale_data_cost('plain')",
    "stale_at_all_times": "stale_data_cost('fine', every=['0 hours', 'often'], delay='none')",
    "stale_by_text": "stale_data_cost('fine', every='1 hour')",
    "fine": _options(),
    "tried": _options(),
    "scored_plain": "scoring_set('plain', 'orders')",
    "scored_soon": "scoring_set('fine', 'orders', at='soon')",
    "scored_strangers": "scoring_set('fine', 'strangers')",
    "card_of_plain": "dataset_card('plain')",
    "cost_of_plain": "late_data_cost('plain')",
    "logged_of_nobody": "logged_set('nobody', labels='orders', on='buyer')",
    "logged_wrongly": "logged_set('fine', labels='orders', start='soon')",
}
LOGS: dict[str, Any] = {
    "name": "feature_warehouse_requests",
    "tables": [
        {"name": "requests_nobody"},
        {"name": "requests_fine", "columns": [{"name": "request_id"}, {"name": "score"}]},
    ],
}
MISATTACHED: dict[str, tuple[dict[str, Any], str]] = {
    "unique_feature_rows": ({}, "`arguments: {columns: [customer_id, valid_from]}`"),
    "no_future_features": ({}, "not made by training_set()"),
    "point_in_time_correct": ({}, "not made by training_set()"),
    "same_rows_as": ({}, "not made by training_set()"),
    "not_stale": ({"max_age": "1 day"}, "`arguments: {timestamp: loaded_at, max_age: 1 day}`"),
    "bounds": ({"column_name": "id"}, "it has neither min_value nor max_value"),
}
UNREADABLE: dict[str, tuple[dict[str, Any], str]] = {
    "same_rows_as": (
        {"compare_to": "ref('texts')"},
        "column 'id' is of type integer here and varchar in texts, which do not hold the same",
    ),
    "no_future_features": ({"timestamp": "a"}, "it needs both, timestamp and feature_timestamps"),
    "not_stale": (
        {"max_age": "1 month", "timestamp": "at"},
        "max_age '1 month' is not a fixed length of time; write one such as '90 minutes'",
    ),
}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A project whose declarations are right, and whose training sets are not."""
    customer = {**VIEW_COLUMNS, "tier": "text"}
    columns = {"customer": customer, "store": VIEW_COLUMNS, "orders": LABEL_COLUMNS}
    properties = [
        declaration(Mistake("customer", (), columns=customer)),
        declaration(Mistake("store", (), {"ttl": "2 days"})),
        declaration(Mistake("orders", (), kind="label_set")),
        {
            "name": "tested",
            "data_tests": [
                {f"feature_warehouse.{test}": {"name": f"{kind}_{test}", "arguments": arguments}}
                for kind, tests in [("misattached", MISATTACHED), ("unreadable", UNREADABLE)]
                for test, (arguments, _) in tests.items()
            ],
        },
        {
            "name": "tried",
            "data_tests": [
                {"feature_warehouse.no_future_features": {"name": "ageless"}},
                {
                    "feature_warehouse.point_in_time_correct": {
                        "name": "sampleless",
                        "arguments": {"sample": 0},
                    }
                },
                {
                    "feature_warehouse.no_drift": {
                        "name": "sourceless",
                        "arguments": {"source": "guesses", "last": "0 days"},
                    }
                },
            ],
        },
        {"name": "strangers", "columns": [{"name": "id"}, {"name": "scored_at"}]},
    ]
    models = {name: _empty(types) for name, types in columns.items()}
    models |= dict.fromkeys(["plain", "other", "tested", "strangers"], "select 1 as id")
    models["texts"] = "select '1' as id"
    models |= {name: macro_call(call) for name, call in SERVICES.items()}
    folder = tmp_path_factory.mktemp("hosts") / "services"
    host = Host(write_host(folder, models, properties, {"sources": [LOGS]}))
    host.dbt("build", code=1)
    return host


@pytest.mark.parametrize(
    ("node", "says"),
    [
        (
            "unlabelled",
            ["'unlabelled' has 1 mistake", "'plain' is not a label set; give that model"],
        ),
        (
            "viewless",
            [
                "training set 'viewless' has 2 mistakes",
                "'plain' is not a feature view; give that model a meta.feature_view block",
                "'other' is not a feature view; give that model a meta.feature_view block",
            ],
        ),
        (
            "mixed_up",
            [
                "training set 'mixed_up' has 4 mistakes",
                "view 'customer' has no feature 'teir'; it has score, tier",
                "two columns are named 'score': feature 'customer.score' and feature 'store.score';"
                " give the view a prefix, such as {'view': 'store', 'prefix': 'store_'}",
                "view 'store' has no join key 'shop'; it has id",
                "join key 'id' of view 'store' looks for label column 'id', which 'orders' does not"
                " declare; map it with 'join_keys': {'id': '<label column>'}",
            ],
        ),
        (
            "renamed",
            [
                "two columns are named 'Returned': label column 'orders.returned' and feature"
                " 'customer.tier'; give the feature another name"
            ],
        ),
        ("as_of_plain", ["'plain' is not a feature view; give that model"]),
        ("as_of_whenever", ["'yesterday' is not an instant; write it as 2013-07-01T12:00:00Z"]),
        (
            "whenever",
            [
                "training set 'whenever' has 6 mistakes",
                "start 'yesterday' is not an instant; write it as 2013-07-01T12:00:00Z",
                "end '2024-13-01' is not an instant",
                "as_of 'now' is not an instant",
                "knowledge is 'all'; it must be 'available', 'served' to see what a reader would",
                "where must be a condition on label columns, such as \"carrier <> 'HA'\"",
                "split must be a mapping with `by` and `fractions`, with `starts`, or with both",
            ],
        ),
        (
            "hashed",
            [
                "has 5 mistakes",
                "where must be a condition",
                "unknown key 'slat'; known are by, fractions, salt, starts, embargo, column",
                "split: column must be a text, not 1",
                "split: by names 'buyers', which 'orders' does not declare; it has buyer, ordered",
                "split: fractions must map two or more names to positive numbers that sum to 1",
            ],
        ),
        (
            "unfit",
            [
                "has 3 mistakes",
                "where must be a condition",
                "split: by must be a list of the label columns",
                "split: fractions must map two or more names",
            ],
        ),
        ("unsplit", ["split has neither fractions, such as", "nor starts"]),
        (
            "timed",
            [
                "has 3 mistakes",
                "split: embargo '1 month' is not a fixed length of time; write one such as '7"
                " days'",
                "split: starts names 'train', which is all before the first start",
                "split: start of 'test', 'soon' is not an instant",
            ],
        ),
        ("crowded", ["split: 'c' leaves nothing to 'b' before it", "more than the embargo"]),
        ("listed", ["split: starts must map the splits after 'train' to the instants"]),
        (
            "uneven",
            ["fractions are of train, check, but starts make train, test", "the same splits"],
        ),
        (
            "doubled",
            [
                "has 3 mistakes",
                "two columns are named 'Returned': label column 'orders.returned' and the split;",
                "two columns are named 'Buyer': label column 'orders.buyer' and event timestamp of",
                "two columns are named 'tier': feature 'customer.tier' and age of view 'customer'",
            ],
        ),
        (
            "scored_plain",
            ["'plain' is not a training set; name a model that is made by training_set()"],
        ),
        ("scored_soon", ["scoring set 'scored_soon'", "at 'soon' is not an instant"]),
        (
            "scored_strangers",
            [
                "scoring set 'scored_strangers' has 2 mistakes",
                "two columns are named 'scored_at'",
                "looks for label column 'buyer', which 'strangers' does not declare",
            ],
        ),
        ("card_of_plain", ["dataset_card()", "'plain' is not a training set"]),
        ("cost_of_plain", ["late_data_cost()", "'plain' is not a training set"]),
        ("stale_plain", ["stale_data_cost()", "'plain' is not a training set"]),
        (
            "stale_at_all_times",
            [
                "stale_data_cost() has 3 mistakes",
                "delay 'none' is not a fixed length of time",
                "every '0 hours' is not a fixed length of time; write one such as '1 hour'",
                "every 'often' is not a fixed length of time",
            ],
        ),
        ("stale_by_text", ["every must be a list such as ['1 hour', '15 minutes']"]),
        ("unserved", ["served says when runs were, which only knowledge='served' asks for"]),
        (
            "served_wrongly",
            [
                "has 4 mistakes",
                "served: unknown key 'evry'; known are every, delay, log",
                "served: every '1 month' is not a fixed length of time; write one such as '1 hour'",
                "served: delay 'soon' is not a fixed length of time",
                "served: log must be true or false, not 'yes'",
            ],
        ),
        ("served_never", ["served: delay needs every, such as '1 hour'; runs of the log have"]),
        ("served_at_all_times", ["served: every '0 hours' is not a fixed length of time"]),
        ("served_by_text", ["served must be a mapping such as {'every': '1 hour', 'delay': '10"]),
        ("logged_of_nobody", ["logged set 'logged_of_nobody'", "there is no service 'nobody'"]),
        (
            "logged_wrongly",
            [
                "logged set 'logged_wrongly' has 3 mistakes",
                "start 'soon' is not an instant",
                "on must name the column of 'orders' with the id of the request; it has buyer,",
                "the log has no 'tier'; it is personal data, or the source is older than the"
                " feature: write it anew with `feature-warehouse requests fine --yaml`",
            ],
        ),
        ("ageless", ["'tried' has no event timestamp of a view", "or use point_in_time_correct"]),
        ("sampleless", ["test point_in_time_correct", "sample must be a number of rows, not 0"]),
        (
            "sourceless",
            [
                "last must be longer than 0",
                "source is 'guesses'; it must be auto, requests or labels",
            ],
        ),
        *((f"misattached_{test}", [says]) for test, (_, says) in MISATTACHED.items()),
        *((f"unreadable_{test}", [says]) for test, (_, says) in UNREADABLE.items()),
    ],
    ids=lambda value: value if isinstance(value, str) else "says",
)
def test_a_training_set_names_all_its_mistakes(services: Host, node: str, says: list[str]) -> None:
    result = services.results()[node]
    assert result["status"] == "error"
    assert [words for words in says if words not in result["message"]] == []


def test_the_publication_log_has_to_be_a_source(services: Host) -> None:
    call = "{{ feature_warehouse._publications() }}"
    said = services.dbt("compile", "--inline", call, code=2)
    assert "knowledge='served' reads the publication log, and no source of it is declared" in said
    assert "feature-warehouse requests --yaml" in said


def test_columns_of_a_log_that_are_its_own(services: Host) -> None:
    """A `_` more where a key, request column or feature is called so; of personal data the log has
    a hash or nothing."""
    feature: dict[str, Any] = {"outputs": {"clock": "text"}}
    personal = {**feature, "personal": ["clock"]}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"known": ["clock", "id"]}, "clock"),
        ({"known": ["clock_", "clock"], "request": ["clock"]}, "clock_"),
        ({"known": ["clock_", "clock"], "keys": ["clock"], "personal": ["clock"]}, "clock_"),
        ({"known": ["clock", "clock_"], "outputs": {"clock_": "text"}}, "clock"),
        ({"known": ["clock_", "Clock"], "outputs": {"Clock": "text"}}, "clock_"),
        ({"known": ["clock"], **personal}, "clock"),
        ({"known": ["clock_", "clock"], **personal}, "clock_"),
        ({**feature, "request": ["clock_"]}, "clock__"),
    ]
    nothing: dict[str, Any] = {"place": "a log", "known": [], "keys": [], "request": []}
    nothing |= {"outputs": {}, "personal": []}
    calls = [
        f"{{{{ feature_warehouse._own_column({dict(nothing, **log)!r}, 'clock') }}}}"
        for log, _ in cases
    ]
    said = services.dbt("compile", "--inline", "found:" + ",".join(calls))
    assert said.split("found:")[1].split()[0].split(",") == [name for _, name in cases]
    both = {**nothing, "known": ["clock", "clock_"]}
    call = f"{{{{ feature_warehouse._own_column({both!r}, 'clock') }}}}"
    said = services.dbt("compile", "--inline", call, code=2)
    assert "of the columns clock, clock_ one is none of the log's own" in said


def test_the_registry_refuses_wrong_services_too(services: Host) -> None:
    with pytest.raises(UsageError) as error:
        read_registry(services.target / "manifest.json")
    for mistake in [
        "training set 'viewless': 'plain' is not a feature view",
        "training set 'viewless': 'other' is not a feature view",
        "training set 'mixed_up': customer has no feature 'teir'",
    ]:
        assert mistake in str(error.value)


def test_postgres_keeps_63_bytes_of_a_name(services: Host, postgres: Postgres) -> None:
    host = Host(services.project, "postgres", postgres)
    said = host.dbt("compile", "--select", "wordy", code=2)
    assert "training set 'wordy' has 5 mistakes" in said
    for letter in "eas":
        assert f"the name '{letter * 64}' of" in said
    for feature in ["score", "tier"]:
        name = "é" * 30 + feature
        assert f"the name '{name}' of feature 'customer.{feature}' is longer" in said
    assert "{'view': 'customer', 'features': {'tier': '<name>'}}" in said


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            "training_set(labels='orders', features='customer')",
            ["features must be a list of views, such as ['customer_orders']"],
        ),
        (
            """training_set(labels='orders', features=[
                3, {'features': ['a']}, {'view': 'customer', 'featuers': ['a']},
                {'view': 'customer', 'features': 'a'}, {'view': 'customer', 'join_keys': ['id']},
                {'view': 'customer', 'prefix': 1},
                {'view': 'customer', 'event_timestamp': 3, 'age': ''},
            ])""",
            [
                "training set 'unreadable' has 8 mistakes",
                "'3' names no view; write 'view', 'view:feature,feature' or",
                "'{'features': ['a']}' names no view; write 'view'",
                "unknown key 'featuers'; known are view, features, join_keys, prefix",
                "; did you mean 'features'?",
                "features of 'customer' must be a list, or a mapping from a feature to its name",
                "join_keys of 'customer' must map the view's keys to label columns, such as",
                "prefix of 'customer' must be a text, not 1",
                "event_timestamp of 'customer' must be true, or the name of the column to add",
                "age of 'customer' must be true, or the name of the column to add",
            ],
        ),
        (
            """point_in_time_join('orders', 'ordered_at', [{
                'name': 'by_hand', 'relation': 'customer', 'join_keys': {'id': 'buyer'},
                'event_timestamp': 'valid_from', 'features': ['score'], 'ttl': '1 month',
            }])""",
            ["ttl of 'by_hand', '1 month' is not a fixed length", "write one such as '90 minutes'"],
        ),
    ],
    ids=["text", "list", "join"],
)
def test_what_cannot_be_read_stops_the_parser(tmp_path: Path, call: str, says: list[str]) -> None:
    host = Host(write_host(tmp_path / "unreadable", {"unreadable": macro_call(call)}, []))
    said = host.dbt("parse", code=2)
    assert [words for words in says if words not in said] == []


def _empty(columns: dict[str, str]) -> str:
    return "select " + ", ".join(
        f"cast(null as {kind}) as {name}" for name, kind in columns.items()
    )
