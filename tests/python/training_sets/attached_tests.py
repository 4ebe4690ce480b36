"""The generic tests of the package on the laboratory's models."""

from typing import Any


def generic(test: str, name: str = "", **given: Any) -> dict[str, Any]:
    """A test of the package as YAML has it."""
    config = given.pop("config", {})
    return {
        f"feature_warehouse.{test}": {
            "name": name or test,
            "arguments": given,
            "config": {"store_failures": True, "schema": "failures", **config},
        }
    }


def _three(model: str) -> dict[str, Any]:
    return {
        "name": model,
        "data_tests": [
            generic("point_in_time_correct", f"{model}_correct"),
            generic("same_rows_as", f"{model}_rows"),
        ],
    }


WARN = {"severity": "warn"}
TESTED: list[dict[str, Any]] = [
    *map(_three, ["early_set", "past_set", "loose_set", "split_set", "ripe_set", "wide_set"]),
    *map(_three, ["served_set", "logged_runs_set"]),
    {
        "name": "main_set",
        "data_tests": [
            generic("point_in_time_correct", "main_set_correct"),
            generic("point_in_time_correct", "main_set_sample", sample=20),
            generic("point_in_time_correct", "main_set_where", config={"where": "visit_id < 30"}),
            generic("same_rows_as", "main_set_rows"),
            generic("same_rows_as", "main_set_keys", columns=["visit_id", "Group"]),
            generic("same_rows_as", "main_set_rows_where", config={"where": "visit_id >= 30"}),
            generic("no_future_features", "main_set_future"),
        ],
        "columns": [
            {
                "name": "amount",
                "data_tests": [
                    generic("bounds", "amount_inclusive", min_value=0, max_value=59.59),
                    generic(
                        "bounds",
                        "amount_exclusive",
                        min_value=0,
                        max_value=60,
                        inclusive=False,
                        config={"where": "amount > 0"},
                    ),
                ],
            },
            {
                "name": "at",
                "data_tests": [generic("bounds", "at_bounds", min_value="2024-01-01")],
            },
            {
                "name": "order",
                "quote": True,
                "data_tests": [generic("bounds", "order_bounds", max_value=100)],
            },
            {
                "name": "ratio",
                "data_tests": [
                    generic("bounds", "ratio_at_most", max_value=1000),
                    generic("bounds", "ratio_more_than", min_value=-1, inclusive=False),
                ],
            },
        ],
    },
    {
        "name": "broken_set",
        "data_tests": [
            generic("point_in_time_correct", "broken_set_correct", config=WARN),
            generic("same_rows_as", "broken_set_rows", config=WARN),
            generic("no_future_features", "broken_set_future", config=WARN),
        ],
    },
    {
        "name": "bare",
        "data_tests": [
            generic(
                "not_stale",
                "bare_fresh",
                timestamp="seen_at",
                max_age="1 day",
                as_of="2024-01-21T06:00:00+01:00",
            ),
        ],
    },
    {
        "name": "plain_set",
        "data_tests": [
            generic("same_rows_as", "plain_set_rows", compare_to="ref('loose')"),
            generic(
                "no_future_features",
                "plain_set_future",
                timestamp="known",
                feature_timestamps=["at"],
            ),
        ],
    },
]
