"""A dbt project whose feature views, label sets and training sets have versions.

Each version of a view has a value of its own for all customers, and so has each of a label set:
a training set tells by its values what a name has meant.
"""

from pathlib import Path
from typing import Any, Final

from harness.host import macro_call, write_host

__all__ = ["LABELS", "SERVICES", "VIEWS", "case", "write_versions"]

VALUES: Final = {
    "orders_v1": 11,
    "orders_v2": 12,
    "orders_next": 19,
    "pages_v1": 21,
    "pages_v2": 22,
    "plain": 30,
}
"""By the file of a model."""

VIEWS: Final = {
    # As it is written: the version that is meant, its value, and its name in fingerprints.
    "orders": ("orders.v2", 12, "orders.v2"),
    "orders.v1": ("orders.v1", 11, "orders"),
    "orders.v2": ("orders.v2", 12, "orders.v2"),
    "orders.vnext": ("orders.vnext", 19, "orders.vnext"),
    # Version 2 is there, and not the latest yet.
    "pages": ("pages.v1", 21, "pages"),
    "pages.v1": ("pages.v1", 21, "pages"),
    "pages.v2": ("pages.v2", 22, "pages.v2"),
    "plain": ("plain", 30, "plain"),
}
LABELS: Final = {"labels": 2, "labels.v1": 1, "labels.v2": 2}
"""As it is written: the value of ``label`` in all of its rows."""

SERVICES: Final = {
    # By what a reader asks for: the training set, and the views.
    "churn": ("churn.v2", ["orders.v2", "plain"]),
    "churn.v1": ("churn.v1", ["orders.v1", "plain"]),
    "churn.v2": ("churn.v2", ["orders.v2", "plain"]),
    # The training set `risk` names its service.
    "score": ("risk.v1", ["pages.v1"]),
    "score.v1": ("risk.v1", ["pages.v1"]),
    "score.v2": ("risk.v2", ["pages.v2"]),
}

_ONLINE: Final = {"join_keys": ["customer"], "event_timestamp": "ts", "online": True}
_BLOCK: Final = {"meta": {"feature_view": _ONLINE}}


def case(name: str) -> str:
    """The training set with what is written so."""
    return "of_" + name.replace(".", "_")


def write_versions(folder: Path) -> Path:
    models = {
        name: f"select 1 as customer, {_time('01')} as ts, {value} as x"
        for name, value in VALUES.items()
    }
    models |= {
        f"labels_v{version}": f"select 1 as customer, {_time('02')} as ts, {version} as label"
        for version in (1, 2)
    }
    models |= {
        case(name): macro_call(f"training_set(labels='labels', features=['{name}:x'])")
        for name in VIEWS
    }
    models |= {
        case(name): macro_call(f"training_set(labels='{name}', features=['plain'])")
        for name in LABELS
    }
    both = "training_set(labels='labels', features=['{}', {{'view': 'plain', 'prefix': 'p_'}}])"
    score = "training_set(labels='labels.v1', features=['{}'], service='score')"
    models |= {
        "churn_v1": macro_call(both.format("orders.v1")),
        "churn": macro_call(both.format("orders")),
        "risk_v1": macro_call(score.format("pages")),
        "risk_v2": macro_call(score.format("pages.v2")),
        "card": macro_call("dataset_card('churn.v1')"),
        "newest": "select * from " + macro_call("latest('orders.v1')") + " as newest",
        "statistics": macro_call("feature_statistics(['orders', 'orders.v1', 'pages.v2'])"),
        "listed_features": macro_call("feature_catalog()"),
        "entities": "select 1 as customer",
        "scoring": macro_call("scoring_set('churn.v1', 'entities')"),
    }
    return write_host(folder, models, _properties())


def _time(day: str) -> str:
    return f"cast('2026-01-{day}' as timestamp)"


def _properties() -> list[dict[str, Any]]:
    table = {"materialized": "table"}
    columns = [
        {"name": "customer", "data_type": "integer"},
        {"name": "ts", "data_type": "timestamp"},
        {"name": "x", "data_type": "integer"},
    ]
    built: dict[str, Any] = {"contract": {"enforced": True}, **table}
    view: dict[str, Any] = {"config": built, "columns": columns}
    # dbt 1 adds the block of a version to that of the model, dbt 2 takes it instead.
    orders = [
        {"v": 1, "deprecation_date": "2099-06-01", "config": _BLOCK},
        {"v": 2, "config": _BLOCK},
        {"v": "next", "defined_in": "orders_next", "config": {"meta": {"feature_view": _OFFLINE}}},
    ]
    return [
        {"name": "orders", **view, "latest_version": 2, "versions": orders},
        {
            "name": "pages",
            "latest_version": 1,
            "versions": [{"v": 1}, {"v": 2}],
            "columns": columns,
            "config": {**built, **_BLOCK},
        },
        {"name": "plain", "columns": columns, "config": {**built, **_BLOCK}},
        {
            "name": "labels",
            "config": {**table, "meta": {"label_set": {"timestamp": "ts", "label": "label"}}},
            "versions": [{"v": 1}, {"v": 2}],
        },
        {"name": "churn", "config": table, "versions": [{"v": 1}, {"v": 2}]},
        {
            "name": "risk",
            "config": table,
            "latest_version": 1,
            "versions": [{"v": 1}, {"v": 2}],
        },
    ]


_OFFLINE: Final = {**_ONLINE, "online": False}
