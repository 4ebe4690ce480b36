"""Why a run reads what it reads: the reason is true, and names what changed."""

from collections.abc import Callable
from typing import Any

import pytest

from feature_warehouse import OnlineStore, Status
from feature_warehouse.publishing.publish_view import ViewResult
from harness.mini import SCORES, Mini, simple

Publish = Callable[..., dict[str, ViewResult]]


@pytest.mark.parametrize(
    ("columns", "block", "reason"),
    [
        ({**SCORES, "extra": "double precision"}, {}, "the columns changed"),
        ({**SCORES, "score": "decimal(8,2)"}, {}, "the columns changed"),
        ({"id": "bigint", "extra": "text", "ts": "timestamp"}, {}, "the columns changed"),
        (SCORES, {"ttl": "2 days"}, "the ttl changed"),
        (SCORES, {"availability_lag": "1 minute"}, "the availability lag changed"),
        (SCORES, {"relation": "main.scores"}, "the relation changed"),
        (
            SCORES,
            {"relation": "main.scores", "availability_lag": "1 minute"},
            "the relation and the availability lag changed",
        ),
        ({**SCORES, "id": "int8"}, {}, "the data types changed"),
        (
            {
                **SCORES,
                "score": {"data_type": "double precision", "config": {"meta": {"default": 1.5}}},
            },
            {},
            "the defaults changed",
        ),
    ],
)
def test_another_declaration_is_a_new_generation(
    columns: Any, block: Any, reason: str, mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    publish()
    casts = ", ".join(
        f"cast({1 if kind != 'text' else 2} as {kind}) as {name}"
        for name, entry in columns.items()
        if name != "ts" and (kind := entry if isinstance(entry, str) else entry["data_type"])
    )
    mini.view("scores", columns, f"select {casts}, timestamp '2026-01-01' as ts", **block)
    result = publish()["scores"]
    assert (result.mode, result.reason, result.generation) == ("full", reason, 2)
    vector = store.get("scores", {"id": 1})
    assert {vector.status(name) for name in vector} == {Status.FOUND}
    assert list(vector) == [name for name in columns if name not in ("id", "ts")]


def test_a_window_view_is_compared_for_a_reason_of_its_own(mini: Mini, publish: Publish) -> None:
    """Its events may well have a created timestamp."""
    window = {
        "events": "orders",
        "join_keys": {"id": "id"},
        "timestamp": "ts",
        "columns": [
            {"name": "n", "description": "", "function": "count", "of": None, "type": None}
        ],
    }
    rows = "select 1::bigint as id, timestamp '2026-01-01' as ts, 1::bigint as n"
    mini.view("orders", {"id": "bigint", "ts": "timestamp", "x": "bigint"}, online=False)
    mini.view("counts", {}, rows, window=window)
    assert publish()["counts"].mode == "full"
    result = publish()["counts"]
    assert result.mode == "compare"
    assert result.reason == "a window view's rows change as time goes by, whatever was loaded"
