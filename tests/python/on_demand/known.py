"""A small project in which much is said of on-demand features, and some of it is odd."""

from pathlib import Path
from typing import Any

from harness.host import macro_call, write_host
from on_demand import payments

ODD = [
    {"name": "Ratio of \"all\", 'in' %", "expr": "amount / amount_avg"},
    {"name": "known", "expr": '"Ratio of ""all"", \'in\' %" * 2'},
    {"name": "computed", "expr": "known is null"},
    {"name": "step_1", "expr": "coalesce(known, 0) + coalesce(known, 1)"},
    {"name": "labels", "expr": "1"},
]
"""Names of the query's own parts, and one that has to be quoted everywhere."""

VERSIONS = {
    "v1": [{"name": "share", "expr": "amount / spent"}],
    "v2": [{"name": "share", "expr": "amount / nullif(spent, 0) + 0"}],
}
PERSONAL = [
    {"name": "is_caller", "expr": "phone = '1'"},
    {"name": "is_asked", "expr": "is_caller or amount > 1"},
    {"name": "flagged", "expr": "amount + 1"},
    {"name": "from_flagged", "expr": "flagged * 2"},
    {"name": "hours", "expr": "hour(request_time)"},
    {"name": "age", "expr": "2024 - born"},
]
CONTRACTED = {
    "customer_id": "bigint",
    "paid_at": "timestamptz",
    "amount": "double precision",
    "fee": "decimal(6,2)",
    "country": "varchar(2)",
    "rate": "real",
    "is_refused": "boolean",
    "total": "decimal(11,2)",
}


ODD_NAMES = [one["name"] for one in ODD]
ODD_ANSWERS = [
    (3.0, 6.0, False, 12.0),
    (None, None, True, 1.0),
    (None, None, True, 1.0),
    (None, None, True, 1.0),
]
"""By customer, without `labels`, which is hidden."""


def write_project(folder: Path) -> Path:
    models = payments.models() | _models()
    del models[payments.WEIGHTED]
    said = {one["name"]: one for one in payments.properties()}
    said["payment_training"] |= {
        "config": {"tags": ["money"], "meta": {"owner": "Payments team"}},
        "columns": [
            {
                "name": "amount_ratio",
                "description": "How much larger\nthan usual.",
                "data_tests": ["feature_warehouse.bounds"],
                "config": {"tags": ["ratio"], "meta": {"owner": "risk@example.com"}},
            },
            {"name": "points"},
        ],
        "data_tests": [
            "feature_warehouse.point_in_time_correct",
            "feature_warehouse.same_rows_as",
        ],
    }
    said["payment_training"]["columns"][0]["data_tests"] = [
        {"feature_warehouse.bounds": {"arguments": {"min_value": 0}}}
    ]
    return write_host(folder, models, [*said.values(), *_properties()])


def _models() -> dict[str, str]:
    def made(on_demand: list[dict[str, str]], more: str = "") -> str:
        features = ["customer_orders:amount_avg,spent"]
        return (
            f"training_set(labels='payments', features={features!r}, on_demand={on_demand!r}{more})"
        )

    def table(call: str) -> str:
        return "{{ config(materialized='table') }}" + macro_call(call)

    return {
        "payment_odd": table(made(ODD, ", hidden=['amount_avg', 'spent', 'labels']")),
        "odd_scores": table(f"scoring_set('payment_odd', 'payers', at='{payments.PAID_AT}')"),
        "odd_card": table("dataset_card('payment_odd')"),
        "payment_bare": table(made([], ", hidden=['amount_avg', 'spent']")),
        "payment_versions_v1": table(made(VERSIONS["v1"])),
        "payment_versions_v2": table(made(VERSIONS["v2"])),
        "payment_contract": table(
            made([{"name": "total", "expr": "spent + fee"}], ", hidden=['amount_avg', 'spent']")
        ),
        "callers": table(
            "training_set(labels='calls', features=['customer_orders:spent'],"
            f" on_demand={PERSONAL!r}, hidden=['is_caller'])"
        ),
        "calls": "select *, cast('1' as text) as phone, cast(1975 as integer) as born"
        " from {{ ref('payments') }}",
        "listed": macro_call("feature_catalog()"),
        "new_payments": "select * from {{ ref('payments') }} where customer_id"
        " <= {{ env_var('KNOWN_LAST', '2') }}",
        "payment_grown": "{{ config(materialized='incremental') }}"
        "{% set factor = env_var('KNOWN_FACTOR', '2') %}"
        "{{ feature_warehouse.training_set(labels='new_payments',"
        " features=['customer_orders:orders'], hidden=['orders'],"
        " on_demand=[{'name': 'more', 'expr': 'amount * orders * ' ~ factor}]) }}",
    }


def _properties() -> list[dict[str, Any]]:
    tests = [
        "feature_warehouse.point_in_time_correct",
        "feature_warehouse.same_rows_as",
    ]
    types = {**payments.PAYMENT_TYPES, "phone": "text", "born": "integer"}
    contract = {"contract": {"enforced": True}}
    label_set = {"label_set": {"timestamp": "paid_at", "label": "is_refused"}}
    return [
        {"name": "payment_odd", "data_tests": tests},
        {"name": "payment_bare", "data_tests": tests},
        {
            "name": "payment_versions",
            "latest_version": 1,
            "versions": [{"v": 1}, {"v": 2}],
            "data_tests": tests,
        },
        {
            "name": "payment_contract",
            "config": contract,
            "data_tests": tests,
            "columns": [{"name": n, "data_type": kind} for n, kind in CONTRACTED.items()],
        },
        {
            "name": "calls",
            "config": {**contract, "materialized": "table", "meta": label_set},
            "columns": [
                {"name": n, "data_type": kind, "config": {"meta": {"pii": n in ("phone", "born")}}}
                for n, kind in types.items()
            ],
        },
        {
            "name": "new_payments",
            "config": {**contract, "materialized": "table", "meta": label_set},
            "columns": [{"name": n, "data_type": k} for n, k in payments.PAYMENT_TYPES.items()],
        },
        {"name": "payment_grown", "data_tests": tests},
        {
            "name": "callers",
            "columns": [{"name": "flagged", "config": {"meta": {"pii": True}}}],
            "data_tests": tests,
        },
        {
            "name": "payment_ages",
            "data_tests": [*tests, "feature_warehouse.no_future_features"],
        },
        {
            "name": "payment_days",
            "data_tests": [*tests, "feature_warehouse.no_future_features"],
        },
    ]
