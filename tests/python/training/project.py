"""The host project `lab`: small tables with everything that is awkward, and what stands on them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from hosts import write_host
from training import rows as made
from training.rows import AT, Row

Columns = Mapping[str, str]

STATUS = {
    "customer_id": "bigint",
    "valid_from": "timestamp",
    "loaded_at": "timestamptz",
    "level": "text",
    "score": "integer",
    "ratio": "double precision",
}
BALANCE = {
    "customer_id": "integer",
    "as_from": "timestamptz",
    "booked_at": "timestamp",
    "amount": "decimal(12,2)",
    "currency": "text",
}
RATE = {"day": "date", "rate": "numeric(10,4)"}
ODD = {
    "Group": "text",
    "event_at": "timestamp",
    "expires_at": "integer",
    "order": "integer",
    "label_at": "integer",
    "choice": "text",
    "number": "integer",
    "label_number": "integer",
    "label_key_1": "text",
    "sample_number": "integer",
    "is_newest": "boolean",
    "problem": "text",
}
SUMMARY = {
    "customer_id": "bigint",
    "at": "timestamp",
    "rank": "integer",
    "document": "json",
    "uid": "uuid",
}
VISITS = {
    "visit_id": "bigint",
    "customer_id": "bigint",
    "friend_id": "integer",
    "Group": "text",
    "at": "timestamp",
    "outcome": "boolean",
    "known": "timestamptz",
    "side": "text",
    "row_digest": "text",
    "extra": "json",
}
ENTITIES = {name: VISITS[name] for name in ("visit_id", "customer_id", "friend_id", "Group")}
ASKED = {**ENTITIES, "asked_at": "timestamp"}
WIDE = {"customer_id": "bigint", "at": "timestamp"} | {f"w{n}": "integer" for n in range(150)}
TYPED = {
    "id": "bigint",
    "at": "timestamp",
    "small": "smallint",
    "plain": "integer",
    "exact": "decimal(20,6)",
    "double": "double precision",
    "single": "real",
    "words": "text",
    "more words": "text",
    "a \"quoted' name, such as this or \\ else": "timestamp",
    "zoned": "timestamptz",
    "day": "date",
    "flag": "boolean",
    "uid": "uuid",
    "raw": "{{ 'bytea' if target.type == 'postgres' else 'blob' }}",
}
PARTS = [
    {"view": "status", "event_timestamp": True, "age": True},
    {
        "view": "status",
        "join_keys": {"customer_id": "friend_id"},
        "prefix": "friend_",
        "features": ["score", "level"],
    },
    "balance",
    "rate",
    "odd",
]


def visits() -> list[Row]:
    return made.visits(Random(3))  # noqa: S311


def status() -> list[Row]:
    return list(made.status(Random(5)))  # noqa: S311


def balance() -> list[Row]:
    return list(made.balance(Random(7)))  # noqa: S311


def typed() -> list[Row]:
    """Every type at its edges; NULL everywhere in the last row."""
    columns: dict[str, list[Any]] = {
        "id": [1, 2**63 - 1, -(2**63), 4, 5, 6, 7, 8],
        "at": ["2024-01-02", "2024-01-03 00:00:00.000001", "1969-12-31 23:59:59.999999"],
        "small": [0, 32767, -32768],
        "plain": [0, 2**31 - 1, -(2**31)],
        "exact": ["0", "12345678901234.567890", "-0.000001"],
        "double": ["0", "-0", "nan", "inf", "-inf", "5e-324", "0.1", "1.7976931348623157e308"],
        "single": ["0", "-0", "nan", "inf", "1e-45", "0.1", "16777216"],
        "words": ["", "-", "1:-", "a|b", "Grüße 🦆", "2:a|-", "'; \\ \n\t\""],
        "more words": ["b|", "|", "", "-", "e\u0301", "é"],
        "a \"quoted' name, such as this or \\ else": ["0001-01-01", "infinity", "2024-03-31 02:30"],
        "zoned": ["1883-11-18 12:00:00+00", "2024-03-10 07:30:00.5+00", "9999-12-31 23:59+00"],
        "day": ["1969-12-31", "2024-02-29", "infinity"],
        "flag": [True, False],
        "uid": ["AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee", "00000000-0000-0000-0000-000000000000"],
        "raw": ["", "00ff", "0a7c"],
    }
    count = max(map(len, columns.values()))
    filled = [
        {name: values[number % len(values)] for name, values in columns.items()}
        for number in range(count)
    ]
    return [*filled, dict.fromkeys(columns)]


def write_lab(folder: Path) -> Path:
    """Write the project; what is built of it is the same on every engine."""
    wide = [
        {"customer_id": n % 5, "at": f"2024-01-{n + 1:02}", **{f"w{i}": i * n for i in range(150)}}
        for n in range(20)
    ]
    summary = [
        {
            "customer_id": n % 4,
            "at": f"2024-01-{n + 1:02}",
            "rank": n % 3,
            "document": f'{{"n": {n}}}',
            "uid": f"00000000-0000-0000-0000-{n:012}",
        }
        for n in range(20)
    ]
    instants = [{**row, "scored_at": AT} for row in visits()]
    tables: dict[str, tuple[Columns, Iterable[Row]]] = {
        "status": (STATUS, status()),
        "balance": (BALANCE, balance()),
        "rate": (RATE, made.rate()),
        "odd": (ODD, made.odd(Random(11))),  # noqa: S311
        "summary": (SUMMARY, summary),
        "wide": (WIDE, wide),
        "visits": (VISITS, visits()),
        "loose": (VISITS, visits()),
        "people": (ENTITIES, visits()),
        "scored_people": ({**ENTITIES, "scored_at": "timestamp"}, instants),
        "typed": (TYPED, typed()),
    }
    models = {name: _table(*table) for name, table in tables.items()}
    models["bare"] = _table({"seen_at": "timestamptz"}, [{"seen_at": "2024-01-20 05:00+00"}])
    models |= {
        "main_set": _set("visits", PARTS, where="visit_id <> 7 -- not this one"),
        "split_set": _set(
            "visits",
            ["status", {"view": "summary", "features": ["document", "uid"]}],
            split={"by": ["visit_id"], "fractions": {"train": 0.5, "test": 0.5}},
        ),
        "early_set": _set("visits", PARTS, knowledge="event_time"),
        "past_set": _set("visits", PARTS, as_of="2024-01-15T12:00:00Z"),
        "loose_set": _set("loose", PARTS),
        "ripe_set": _set("ripening", ["rate"]),
        "wide_set": _set("visits", ["wide"]),
        "plain_set": _set("visits", ["rate", "odd:order"]),
        "empty_set": _set("visits", ["rate"], where="1 = 0"),
        "typed_set": _set("typed", ["rate"]),
        "asked_set": _set("scored_people", PARTS),
        "asked_early_set": _set(
            "scored_people", PARTS, knowledge="event_time", as_of=f"{AT.isoformat()}Z"
        ),
        "broken_set": (
            '{{ config(post_hook="update {{ this }} set rate = rate + 1 where visit_id = 17") }}'
            + _set("visits", [{"view": "rate", "event_timestamp": True}])
        ),
        "ripening": "select * from {{ ref('visits') }}",
        "scored": _call("scoring_set", "main_set", "people", AT.isoformat()),
        "scored_early": _call("scoring_set", "early_set", "people", AT.isoformat()),
        "scored_now": _call("scoring_set", "main_set", "people"),
        "cost": _call("late_data_cost", "main_set"),
        "past_cost": _call("late_data_cost", "past_set"),
        "early_cost": _call("late_data_cost", "early_set"),
        "no_cost": _call("late_data_cost", "plain_set"),
        **{f"{name}_card": _call("dataset_card", f"{name}_set") for name in CARDS},
    }
    labels = {"label_set": {"timestamp": "at", "label": "outcome", "known_at": "known"}}
    properties = [
        _view(
            "status",
            STATUS,
            ["customer_id"],
            "valid_from",
            created_timestamp="loaded_at",
            availability_lag="2 hours",
            ttl="2 days",
            _meta={"score": {"default": -1}},
        ),
        _view("balance", BALANCE, ["customer_id"], "as_from", created_timestamp="booked_at"),
        _view("rate", RATE, [], "day", availability_lag="1 day"),
        _view(
            "odd",
            ODD,
            ["Group"],
            "event_at",
            tie_breaker="expires_at",
            ttl="5 days",
            _meta={"expires_at": {"feature": False}, "choice": {"default": "it's"}},
        ),
        _view("summary", SUMMARY, ["customer_id"], "at", tie_breaker="rank"),
        _view("wide", WIDE, ["customer_id"], "at"),
        _model("visits", VISITS, labels),
        {"name": "loose", "config": {"meta": {"label_set": {"timestamp": "at"}}}},
        {
            "name": "ripening",
            "config": {"meta": {"label_set": {"timestamp": "at", "maturity": "3 days"}}},
        },
        _model("people", ENTITIES, {}),
        _model(
            "scored_people",
            {**ENTITIES, "scored_at": "timestamp"},
            {"label_set": {"timestamp": "scored_at"}},
        ),
        {
            "name": "typed",
            "config": {"meta": {"label_set": {"timestamp": "at", "label": "flag"}}},
        },
        *TESTED,
    ]
    return write_host(folder, models, properties)


CARDS = ("main", "typed", "wide", "empty", "split", "loose")


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


def _view(
    name: str,
    columns: Columns,
    keys: list[str],
    event: str,
    _meta: Mapping[str, Any] | None = None,
    **block: str,
) -> dict[str, Any]:
    block_ = {"join_keys": keys, "event_timestamp": event, **block}
    model = _model(name, columns, {"feature_view": block_}, _meta)
    ages = {
        "status": "2024-02-05",
        "balance": "2024-02-10",
        "rate": "2024-01-31",
        "odd": "2024-02-10",
    }
    if name in ages:
        model["data_tests"] = [
            generic("not_stale", f"{name}_fresh", max_age="20 days", as_of=ages[name]),
            generic("not_stale", f"{name}_stale", max_age="1 hour", as_of=ages[name], config=WARN),
        ]
    return model


def _model(
    name: str, columns: Columns, meta: Any, column_meta: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "name": name,
        "config": {"contract": {"enforced": True}, "meta": meta},
        "columns": [
            {
                "name": column,
                "data_type": kind,
                "quote": True,
                "config": {"meta": (column_meta or {}).get(column, {})},
            }
            for column, kind in columns.items()
        ],
    }


def _table(columns: Columns, rows: Iterable[Row]) -> str:
    """Rows as texts, which both engines turn into any type."""
    casts = [_cast(f"c{n}", name, kind) for n, (name, kind) in enumerate(columns.items())]
    lines = ["(" + ", ".join(_literal(row[name]) for name in columns) + ")" for row in rows] or [
        "(" + ", ".join(["cast(null as text)"] * len(columns)) + ")"
    ]
    aliases = ", ".join(f"c{number}" for number in range(len(columns)))
    return (
        "{{ config(materialized='table') }}\nselect "
        + ",\n    ".join(casts)
        + "\nfrom (values\n"
        + ",\n".join(lines)
        + f"\n) as texts ({aliases})"
    )


def _cast(column: str, name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if "bytea" in kind:
        on_postgres = "{% if target.type == 'postgres' %}"
        return (
            f"{on_postgres}decode({column}, 'hex'){{% else %}}unhex({column}){{% endif %}} as raw"
        )
    return f"cast({column} as {kind}) as {quoted}"


def _literal(value: Any) -> str:
    if value is None:
        return "cast(null as text)"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "cast('" + text.replace("'", "''") + "' as text)"


def _set(labels: str, features: Any, **options: Any) -> str:
    given = "".join(f", {name}={value!r}" for name, value in options.items())
    call = f"training_set(labels={labels!r}, features={features!r}{given})"
    return "{{ config(materialized='table') }}{{ feature_warehouse." + call + " }}"


def _call(macro: str, *arguments: Any) -> str:
    call = ", ".join(map(repr, arguments))
    return f"{{{{ config(materialized='table') }}}}{{{{ feature_warehouse.{macro}({call}) }}}}"
