"""The host project `finding`: features that are described, owned, tagged, tested and served."""

from pathlib import Path
from typing import Any

from catalog.texts import CLEAN, DIRTY, rows_of
from harness.host import macro_call, write_host

ODD = "It's \"odd\": 100 % of {{ 'braces' }}, a \\ backslash; -- and\n\nä second paragraph. " * 2
STATISTICS = """
select
    cast(v as text) as view,
    cast(f as text) as feature,
    cast(c as timestamp) as computed_at,
    cast(n as timestamp) as newest_event
from (
    values
    ('people', 'mail', '2026-01-01 00:00:00', '2025-12-31 23:00:00'),
    ('people', 'mail', '2026-01-02 00:00:00', '2026-01-01 23:00:00.000001'),
    ('people', 'level', '2026-01-02 00:00:00', null),
    ('gone', 'mail', '2026-01-03 00:00:00', '2026-01-02 00:00:00')
) as t (v, f, c, n)
"""
PEOPLE = """
select
    cast(1 as bigint) as id,
    cast(timestamp '2026-01-01 00:00:00' as timestamp) as "At",
    cast('x' as text) as mail,
    cast(2 as integer) as level,
    cast(1.5 as double precision) as "Ratio",
    cast('n' as text) as note
"""
EVENTS = """
select
    cast(1 as bigint) as id,
    cast('a' as text) as shop,
    cast(timestamp '2026-01-01 00:00:00' as timestamp) as at,
    cast(12.50 as numeric(10, 2)) as price
"""
LABELS = """
select
    cast(1 as bigint) as person,
    cast('a' as text) as shop,
    cast(timestamp '2026-01-02 00:00:00' as timestamp) as asked_at,
    true as bought
"""
WINDOWS = macro_call(
    "window_features(events=ref('events'), join_keys=['id', 'shop'], event_timestamp='at',"
    " aggregates=[{'count': '*', 'as': 'orders'}, {'sum': 'price'}], windows=['1 day'])"
)
UNIT_TEST = {
    "name": "without_a_manifest_the_catalog_is_empty",
    "description": "dbt shows no graph to unit tests.",
    "model": "bare_catalog",
    "given": [],
    "expect": {"rows": []},
}


def write_project(folder: Path) -> Path:
    """Write it; what is built of it is the same on every engine."""
    groups = [{"name": "crm", "owner": {"name": "Customer team", "email": "crm@example.com"}}]
    more = {"groups": groups, "unit_tests": [UNIT_TEST]}
    return write_host(folder, _models(), _properties(), more)


def _models() -> dict[str, str]:
    return {
        "people": PEOPLE,
        "rate": "select cast('2026-01-01' as date) as day, cast(1 as numeric(10, 4)) as rate",
        "events": EVENTS,
        "purchases": WINDOWS,
        "labels": LABELS,
        "buying": macro_call(
            "training_set(labels='labels', service='buy', features=["
            "{'view': 'people', 'join_keys': {'id': 'person'}, 'prefix': 'p_'}, 'rate'])"
        ),
        "again": macro_call(
            "training_set(labels='labels', features=["
            "{'view': 'people', 'join_keys': {'id': 'person'}, 'features': {'mail': 'address'}},"
            "{'view': 'purchases', 'join_keys': {'id': 'person'}, 'features': ['orders_1d']},"
            "{'view': 'purchases', 'join_keys': {'id': 'person'}, 'prefix': 'same_',"
            " 'features': ['orders_1d']}])"
        ),
        "feature_statistics": STATISTICS,
        "full_catalog": macro_call("feature_catalog(statistics=ref('feature_statistics'))"),
        "bare_catalog": macro_call("feature_catalog()"),
        "dirty": rows_of(DIRTY),
        "clean": rows_of(CLEAN),
    }


def _properties() -> list[dict[str, Any]]:
    return [
        {
            "name": "people",
            "description": ODD,
            "data_tests": ["feature_warehouse.unique_feature_rows"],
            "config": {
                "contract": {"enforced": True},
                "group": "crm",
                "tags": ["b", "a"],
                "meta": {
                    "feature_view": {
                        "join_keys": ["id"],
                        "event_timestamp": "At",
                        "availability_lag": "1 hour",
                        "ttl": "90 minutes",
                        "online": True,
                    }
                },
            },
            "columns": [
                {"name": "id", "data_type": "bigint", "description": "The person."},
                {"name": "At", "data_type": "timestamp", "quote": True},
                {
                    "name": "mail",
                    "data_type": "text",
                    "description": "Where to write to.",
                    "data_tests": [
                        "unique",
                        "not_null",
                        {"not_null": {"name": "again_not_null", "config": {"where": "id > 0"}}},
                    ],
                    "config": {"meta": {"pii": True, "owner": "dpo"}, "tags": ["c", "a"]},
                },
                {"name": "level", "data_type": "integer", "config": {"meta": {"default": 0}}},
                {
                    "name": "Ratio",
                    "data_type": "double precision",
                    "quote": True,
                    "data_tests": [{"feature_warehouse.bounds": {"arguments": {"min_value": 0}}}],
                    "config": {"meta": {"default": 0.5, "owner": {"email": ["a@b", "c@d"]}}},
                },
                {"name": "note", "data_type": "text", "config": {"meta": {"feature": False}}},
            ],
        },
        {
            "name": "rate",
            "config": {
                "contract": {"enforced": True},
                "meta": {
                    "owner": {"name": "Treasury"},
                    "feature_view": {"join_keys": [], "event_timestamp": "day"},
                },
            },
            "columns": [
                {"name": "day", "data_type": "date"},
                {"name": "rate", "data_type": "numeric(10, 4)", "description": "Dollars."},
            ],
        },
        {
            "name": "events",
            "columns": [
                {"name": "id", "data_type": "bigint"},
                {"name": "shop", "data_type": "text"},
                {"name": "at", "data_type": "timestamp"},
                {"name": "price", "data_type": "numeric(10, 2)"},
            ],
        },
        {
            "name": "purchases",
            "config": {"meta": {"feature_view": {"online": True}}},
            "columns": [
                {"name": "orders_1d", "data_tests": ["not_null"], "config": {"tags": ["n"]}}
            ],
        },
        {
            "name": "labels",
            "config": {"meta": {"label_set": {"timestamp": "asked_at", "label": "bought"}}},
            "columns": [
                {"name": "person", "data_type": "bigint"},
                {"name": "shop", "data_type": "text"},
                {"name": "asked_at", "data_type": "timestamp"},
                {"name": "bought", "data_type": "boolean"},
            ],
        },
        *_personal(),
    ]


def _personal() -> list[dict[str, Any]]:
    def tested(name: str, **arguments: Any) -> dict[str, Any]:
        config = arguments.pop("config", {"severity": "warn"})
        return {
            "feature_warehouse.no_pii": {"name": name, "arguments": arguments, "config": config}
        }

    return [
        {
            "name": "dirty",
            "columns": [{"name": "flagged", "config": {"meta": {"pii": True}}}],
            "data_tests": [
                tested("dirty_all"),
                tested("dirty_where", config={"severity": "warn", "where": "row_number > 2"}),
                tested("dirty_columns", columns=["email", "row_number"]),
                tested("dirty_allowed", allow=["email", "mixed:us_ssn"]),
                tested("dirty_many", min_count=3),
                tested("dirty_share", min_share=0.5),
            ],
        },
        {"name": "clean", "data_tests": [tested("clean_all", config={"severity": "error"})]},
    ]
