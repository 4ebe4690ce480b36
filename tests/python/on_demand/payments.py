"""Payments, and what is known of who pays: few rows, whose answers a person has worked out."""

from datetime import UTC, datetime
from typing import Any

from harness.host import macro_call

PAID_AT = datetime(2024, 3, 1, 12, tzinfo=UTC)

PAYMENT_TYPES = {
    "customer_id": "bigint",
    "paid_at": "timestamptz",
    "amount": "double precision",
    "fee": "decimal(6,2)",
    "country": "varchar(2)",
    "rate": "real",
    "is_refused": "boolean",
}
PAYMENTS: list[dict[str, Any]] = [
    {"customer_id": 1, "amount": 30.0, "fee": "1.10", "country": "DE", "rate": 0.1},
    {"customer_id": 2, "amount": 5.0, "fee": "0.25", "country": "FR", "rate": 0.5},
    {"customer_id": 3, "amount": 8.0, "fee": "0.00", "country": "DE", "rate": 2.0},
    {"customer_id": 4, "amount": None, "fee": None, "country": None, "rate": None},
]
"""Each is made at ``PAID_AT``."""

ORDER_TYPES = {
    "customer_id": "bigint",
    "ordered_at": "timestamp",
    "amount_avg": "double precision",
    "orders": "integer",
    "spent": "decimal(10,2)",
}
ORDERS = [
    (1, "2024-03-01 06:00:00", "10.0", "3", "30.00"),
    (2, "2024-02-29 12:00:00", None, "4", "12.50"),
    (3, "2024-01-31 06:00:00", "2.0", "5", "99.99"),
]
"""Customer 2 has no average, the order of 3 is past its ttl, and 4 is not known."""

SINCE_TYPES = {"customer_id": "bigint", "since": "timestamptz", "level": "smallint"}
SINCE = [
    (1, "1700-02-03 04:05:06.789013+00", "1"),
    (2, PAID_AT.isoformat(), None),
    (3, "2024-03-01 11:59:59.999999+00", "3"),
]
"""Of more microseconds than a double holds, of none, and of one; 4 is not known."""

ON_DEMAND = [
    {"name": "amount_ratio", "expr": "amount / amount_avg"},
    {"name": "is_large", "expr": "coalesce(amount_ratio > 2, false)"},
    {"name": "hours", "expr": "seconds_between(orders_event_timestamp, request_time) / 3600"},
    {"name": "is_domestic", "expr": "country = 'DE'"},
    {"name": "points", "expr": "case when is_large then 10 else 0 end + coalesce(orders, 0)"},
    {"name": "total", "expr": "spent + fee"},
    {"name": "rate_as_double", "expr": "rate + 0"},
    {"name": "next_day", "expr": "request_time + interval '1 day'"},
]
HIDDEN = ["amount_avg", "is_large", "orders_event_timestamp"]
NAMES = [
    "orders",
    "spent",
    "amount_ratio",
    "hours",
    "is_domestic",
    "points",
    "total",
    "rate_as_double",
    "next_day",
]
"""What the vector has."""


WEIGHTED = "payment_weights"
"""A training set with columns that no reader can be given: its service is refused."""

AGED = [
    {"view": "customer_since", "event_timestamp": "since", "age": "since_age"},
    {"view": "customer_orders", "features": ["orders"], "event_timestamp": True, "age": True},
]
AGED_NAMES = [
    "level",
    "since",
    "since_age",
    "orders",
    "customer_orders_event_timestamp",
    "customer_orders_age_seconds",
]
DAYS = [{"name": "days", "expr": "floor(since_age / 86400)"}]


def models() -> dict[str, str]:
    features = [{"view": "customer_orders", "event_timestamp": "orders_event_timestamp"}]
    arguments = (
        f"labels='payments', features={features!r}, on_demand={ON_DEMAND!r}, hidden={HIDDEN!r}"
    )
    split = "split={'by': ['customer_id'], 'fractions': {'a': 0.5, 'b': 0.5}}"
    return {
        "payments": _rows(
            PAYMENT_TYPES,
            [
                [PAID_AT.isoformat() if c == "paid_at" else p.get(c) for c in PAYMENT_TYPES]
                for p in PAYMENTS
            ],
        ),
        "customer_orders": _rows(ORDER_TYPES, [list(order) for order in ORDERS]),
        "payment_training": _table(f"training_set({arguments}, service='payment_model')"),
        "payment_splits": _table(f"training_set({arguments}, {split})"),
        "payers": _rows(
            {
                name: kind
                for name, kind in PAYMENT_TYPES.items()
                if name not in ("paid_at", "is_refused")
            },
            [[p[c] for c in PAYMENT_TYPES if c not in ("paid_at", "is_refused")] for p in PAYMENTS],
        ),
        "payment_scores": _table(
            f"scoring_set('payment_training', 'payers', at='{PAID_AT.isoformat()}')"
        ),
        "payment_card": _table("dataset_card('payment_training')"),
        "customer_since": _rows(SINCE_TYPES, [list(row) for row in SINCE]),
        "payment_ages": _table(f"training_set(labels='payments', features={AGED!r})"),
        "payment_age_scores": _table(
            f"scoring_set('payment_ages', 'payers', at='{PAID_AT.isoformat()}')"
        ),
        "payment_ages_card": _table("dataset_card('payment_ages')"),
        "payment_days": _table(
            f"training_set(labels='payments', features={AGED!r}, on_demand={DAYS!r},"
            " hidden=['since_age', 'customer_orders_event_timestamp'])"
        ),
        WEIGHTED: "{{ config(materialized='table') }} select *, 1 as weight, 2 as fold from ("
        + macro_call(f"training_set(labels='payments', features={AGED!r})")
        + ") as known",
    }


def properties() -> list[dict[str, Any]]:
    return [
        _model(
            "payments",
            PAYMENT_TYPES,
            {"label_set": {"timestamp": "paid_at", "label": "is_refused"}},
        ),
        _model(
            "customer_orders",
            ORDER_TYPES,
            {
                "feature_view": {
                    "join_keys": ["customer_id"],
                    "event_timestamp": "ordered_at",
                    "ttl": "30 days",
                    "online": True,
                }
            },
        ),
        _model(
            "customer_since",
            SINCE_TYPES,
            {
                "feature_view": {
                    "join_keys": ["customer_id"],
                    "event_timestamp": "since",
                    "online": True,
                }
            },
        ),
        _model(
            "payers",
            {n: k for n, k in PAYMENT_TYPES.items() if n not in ("paid_at", "is_refused")},
            {},
        ),
        {
            "name": "payment_training",
            "data_tests": [
                "feature_warehouse.point_in_time_correct",
                "feature_warehouse.same_rows_as",
            ],
        },
    ]


def _table(call: str) -> str:
    return "{{ config(materialized='table') }}" + macro_call(call)


def _model(name: str, types: dict[str, str], meta: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "config": {"contract": {"enforced": True}, "materialized": "table", "meta": meta},
        "columns": [{"name": column, "data_type": kind} for column, kind in types.items()],
    }


def _rows(types: dict[str, str], rows: list[list[Any]]) -> str:
    lines = [
        "select "
        + ", ".join(
            f"cast({'null' if value is None else repr(str(value))} as {kind}) as {name}"
            for (name, kind), value in zip(types.items(), row, strict=True)
        )
        for row in rows
    ]
    return " union all ".join(lines)
