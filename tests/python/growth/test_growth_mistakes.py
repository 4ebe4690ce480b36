"""What is wrong with a declaration is said in one line, each with its remedy."""

from pathlib import Path
from typing import Any

import pytest

from harness.host import Host, macro_call, write_host

BATCHES = "incremental_strategy='microbatch', batch_size='day', begin='2013-01-01'"
STAMP = "append_only('orders', stamp=true)"
APPEND = "append_only('orders')"


def _config(settings: str) -> str:
    return "{{ config(" + settings + ") }}\n"


def _drop(view: str, before: str) -> str:
    call = f"feature_warehouse._past_rows('{view}', '{before}')"
    return (
        f"-- depends_on: {{{{ ref('{view}') }}}}\n{{% if execute %}}{{{{ {call} }}}}{{% endif %}}"
    )


NO_CREATED = {"created_timestamp": None}

MISTAKES: dict[str, tuple[str, dict[str, Any], str]] = {
    "no_created": (
        macro_call(APPEND),
        NO_CREATED,
        "without a created_timestamp nothing says which rows are new; declare the load time, let"
        " stamp=true write it, or use incremental_strategy microbatch",
    ),
    "nothing_to_stamp": (
        _config("full_refresh=false") + macro_call(STAMP),
        NO_CREATED,
        "stamp=true has no column to write to; declare a created_timestamp",
    ),
    "stamp_of_a_day": (
        _config("full_refresh=false") + macro_call(STAMP),
        {"created_timestamp": "day"},
        "created_timestamp 'day' is of type date; to be stamped it must be timestamp or"
        " timestamptz",
    ),
    "refreshed_stamp": (
        macro_call(STAMP),
        {},
        "with stamp=true a rebuild would give all rows a new load time; set full_refresh: false in"
        " the model's config",
    ),
    "stamped_batches": (
        _config(f"{BATCHES}, event_time='loaded_at', full_refresh=false") + macro_call(STAMP),
        {},
        "stamp=true cannot go by batches, which may run in any order; remove one of them",
    ),
    "stamp_looking_back": (
        _config("full_refresh=false")
        + macro_call("append_only('orders', stamp=true, lookback='1 hour')"),
        {},
        "lookback is for load times of the source, not for stamp=true, which compares all rows;"
        " remove it",
    ),
    "batches_looking_back": (
        _config(f"{BATCHES}, event_time='loaded_at'")
        + macro_call("append_only('orders', lookback='1 hour')"),
        {},
        "lookback is for load times of the source, not for batches; set dbt's own config of that"
        " name, a number of batches",
    ),
    "no_length": (
        macro_call("append_only('orders', lookback='1 month')"),
        {},
        "lookback '1 month' is not a fixed length of time; write one such as '90 minutes'",
    ),
    "batches_by_nothing": (
        _config(f"{BATCHES}, event_time='landed_at'") + macro_call(APPEND),
        {},
        "event_time 'landed_at' is not a declared column; batches go by one of id, ordered_at,"
        " loaded_at, day, total",
    ),
    "batches_by_another": (
        _config(f"{BATCHES}, event_time='ordered_at'") + macro_call(APPEND),
        {},
        "its batches go by 'ordered_at' and those of its source by 'loaded_at', so that rows would"
        " be lost; set event_time to the same column in both",
    ),
    "uncreated_snapshot": (
        macro_call("snapshot_rows('by_timestamp')"),
        NO_CREATED,
        "without a created_timestamp its rows count from before the snapshot saw them; let the"
        " snapshot select its time, and declare that column",
    ),
    "snapshot_by_its_rows": (
        macro_call("snapshot_rows('by_timestamp')"),
        {"created_timestamp": "dbt_updated_at"},
        "created_timestamp 'dbt_updated_at' is the time of the row, not of the snapshot; let the"
        " snapshot select its own time, and declare that column",
    ),
    "snapshot_of_everything": (
        macro_call("snapshot_rows('by_check')"),
        {},
        "snapshot 'by_check' checks 'loaded_at' as well, which makes every row a new version in"
        " every run; list the other columns as check_cols",
    ),
    "snapshot_of_others": (
        macro_call("snapshot_rows('by_timestamp')"),
        {"join_keys": ["day"]},
        "its join_keys are day, and the unique_key of snapshot 'by_timestamp' is id; they must be"
        " the same columns",
    ),
    "snapshot_of_another_type": (
        macro_call("snapshot_rows('by_timestamp')"),
        {},
        'column \'loaded_at\' of "mistakes"."main"."by_timestamp" is declared as timestamptz and is'
        " TIMESTAMP; declare it as TIMESTAMP",
    ),
    "dropped_view": (
        _drop("viewed", "2013-01-01"),
        {},
        "'viewed' is a view and has no rows of its own; drop them from the tables that it reads",
    ),
    "dropped_future": (
        _drop("kept", "2113-01-01"),
        {},
        "before '2113-01-01' is in the future; rows that are in use now would go",
    ),
    "dropped_before_never": (
        _drop("kept", "yesterday"),
        {},
        "before 'yesterday' is not an instant; write it as 2013-07-01T12:00:00Z",
    ),
    "dropped_nothing": (
        _drop("orders", "2013-01-01"),
        {},
        "'orders' is not a feature view; give that model a meta.feature_view block",
    ),
    "dropped_rowid": (
        _drop("with_rowid", "2013-01-01"),
        {},
        "'with_rowid' has a column called rowid, which hides what tells its rows apart; give it"
        " another name",
    ),
}
UNDECLARED = (
    macro_call(APPEND),
    "it is not a feature view; declare meta.feature_view with join_keys and event_timestamp",
)

COLUMNS = {
    "id": "integer",
    "ordered_at": "timestamp",
    "loaded_at": "timestamp",
    "day": "date",
    "total": "integer",
}
ORDERS = (
    _config("materialized='table', event_time='loaded_at'")
    + "select 1 as id, timestamp '2013-01-01' as ordered_at, timestamp '2013-01-01' as loaded_at,"
    " date '2013-01-01' as day, 1 as total"
)


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What dbt says of each model, all in one run."""
    host = Host(_write(tmp_path_factory.mktemp("growth") / "mistakes"))
    days = ("--event-time-start", "2013-01-01", "--event-time-end", "2013-01-02")
    shown = host.dbt("build", *days, code=1)
    said = {name: result["message"] for name, result in host.results().items()}
    # dbt's results say no more of a batch; what we say of it is among its output.
    return {name: shown if text == "ERROR" else text for name, text in said.items()}


@pytest.mark.parametrize("model", MISTAKES)
def test_a_mistake_is_said_in_one_line(messages: dict[str, str], model: str) -> None:
    *_, expected = MISTAKES[model]
    words = (f"  - {expected}\n", f" {model}: {expected}\n")
    assert any(line in messages[model] for line in words)


def test_a_model_that_is_no_feature_view_says_so(messages: dict[str, str]) -> None:
    assert f"  - {UNDECLARED[1]}\n" in messages["undeclared"]


def _write(folder: Path) -> Path:
    models = {name: model for name, (model, _, _) in MISTAKES.items()}
    models |= {
        "undeclared": UNDECLARED[0],
        "orders": ORDERS,
        "viewed": "select * from {{ ref('orders') }}",
        "kept": "{{ config(materialized='table') }} select * from {{ ref('orders') }}",
        "with_rowid": _config("materialized='table'")
        + "select *, total as rowid from {{ ref('orders') }}",
    }
    properties = [_properties(name, changes) for name, (_, changes, _) in MISTAKES.items()]
    properties += [_properties(name, {}) for name in ("viewed", "kept", "with_rowid")]
    shared = {"unique_key": "id"}
    snapshots = {
        "by_timestamp": {**shared, "strategy": "timestamp", "updated_at": "ordered_at"},
        "by_check": {**shared, "strategy": "check", "check_cols": "all"},
    }
    listed = [
        {"name": name, "relation": "ref('orders')", "config": config}
        for name, config in snapshots.items()
    ]
    return write_host(folder, models, properties, {"snapshots": listed})


def _properties(name: str, changes: dict[str, Any]) -> dict[str, Any]:
    block = {"join_keys": ["id"], "event_timestamp": "ordered_at", "created_timestamp": "loaded_at"}
    block = {key: value for key, value in (block | changes).items() if value is not None}
    columns = dict(COLUMNS)
    if block.get("created_timestamp") == "dbt_updated_at":
        columns["dbt_updated_at"] = "timestamp"
    if name == "snapshot_of_another_type":
        columns["loaded_at"] = "timestamptz"
    if name == "with_rowid":
        columns["rowid"] = "integer"
    return {
        "name": name,
        "config": {"contract": {"enforced": True}, "meta": {"feature_view": block}},
        "columns": [{"name": column, "data_type": kind} for column, kind in columns.items()],
    }
