"""The laboratory's tables, with every type that a column may have, as models of dbt."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from random import Random
from typing import Any

from harness.engines import quote
from training_sets import rows as made
from training_sets.rows import AT, Row

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
TIED = {"customer_id": "bigint", "at": "timestamp", "price": "integer", "word": "text"}
ALIKE = {
    "customer_id": "bigint",
    "at": "timestamp",
    "ratio": "double precision",
    "single": "real",
    "span": "interval",
    "digits": "{{ 'numeric' if target.type == 'postgres' else 'text' }}",
    "document": "{{ 'jsonb' if target.type == 'postgres' else 'text' }}",
    "ratios": "double precision[]",
    "spans": "interval[]",
    "place": "text",
}
CASES = {"customer_id": "bigint", "at": "timestamp"}
SUMMARY = {
    "customer_id": "bigint",
    "at": "timestamp",
    "rank": "integer",
    "document": "json",
    "uid": "uuid",
}
RUNS = {
    "view": "text",
    "run": "bigint",
    "clock": "timestamp",
    "finished_at": "timestamp",
    "is_simulated": "boolean",
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
SCORED = {**ENTITIES, "scored_at": "timestamp"}
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


def visits() -> list[Row]:
    return made.visits(Random(3))


def status() -> list[Row]:
    return list(made.status(Random(5)))


def balance() -> list[Row]:
    return list(made.balance(Random(7)))


def runs() -> list[Row]:
    return list(made.runs(Random(17)))


def tied() -> list[Row]:
    """Up to twelve rows of each customer and day, in no order."""
    random = Random(13)
    return [
        {
            "customer_id": random.randrange(8),
            "at": datetime(2024, 1, random.randrange(1, 28, 5)),
            "price": random.choice((None, 1, 2, 3)),
            "word": random.choice((None, "Z", "a", "á")),
        }
        for _ in range(400)
    ]


APART = (
    ("ratio", "-0.0", "0.0"),
    ("single", "-0.0", "0.0"),
    ("span", "24 hours", "1 day"),
    ("span", "30 days", "1 month"),
    ("span", "-1 month", "-30 days"),
    ("span", "1 month 24 hours", "1 month 1 day"),
    ("digits", "1.0", "1.00"),
    ("document", '{"a": 1.00}', '{"a": 1.0}'),
    ("ratios", "[1.5, -0.0, 2.5]", "[1.5, 0.0, 2.5]"),
    ("spans", "[1 month]", "[30 days]"),
)
"""Columns with two values, of which most sort alike: the one that loses a tie, and the winner."""


def alike() -> list[Row]:
    """Two rows for each: that the right one wins is against the order of their last column."""
    same = {
        "at": datetime(2024, 1, 1),
        "ratio": "1.5",
        "single": "1.5",
        "span": "1 hour",
        "digits": "1.5",
        "document": "{}",
        "ratios": "[1.5]",
        "spans": "[1 hour]",
    }
    return [
        {**same, "customer_id": number, column: value, "place": place}
        for number, (column, *values) in enumerate(APART)
        for place, value in zip(("second", "first"), values, strict=True)
    ]


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


def tables() -> dict[str, tuple[Columns, Iterable[Row]]]:
    """Columns and rows of every table, by its name."""
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
    return {
        "status": (STATUS, status()),
        "balance": (BALANCE, balance()),
        "rate": (RATE, made.rate()),
        "odd": (ODD, made.odd(Random(11))),
        "summary": (SUMMARY, summary),
        "tied": (TIED, tied()),
        "alike": (ALIKE, alike()),
        "cases": (
            CASES,
            [{"customer_id": n, "at": datetime(2024, 1, 2)} for n in range(len(APART))],
        ),
        "wide": (WIDE, wide),
        "visits": (VISITS, visits()),
        "loose": (VISITS, visits()),
        "people": (ENTITIES, visits()),
        "scored_people": (SCORED, instants),
        "typed": (TYPED, typed()),
        "feature_warehouse_publications": (RUNS, runs()),
    }


def table_model(columns: Columns, rows: Iterable[Row]) -> str:
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
    if "bytea" in kind:
        on_postgres = "{% if target.type == 'postgres' %}"
        return (
            f"{on_postgres}decode({column}, 'hex'){{% else %}}unhex({column}){{% endif %}} as raw"
        )
    if kind.endswith("[]"):
        written = f"translate({column}, '[]', '{{}}')"
        column = f"{{% if target.type == 'postgres' %}}{written}{{% else %}}{column}{{% endif %}}"
    return f"cast({column} as {kind}) as {quote(name)}"


def _literal(value: Any) -> str:
    if value is None:
        return "cast(null as text)"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "cast('" + text.replace("'", "''") + "' as text)"
