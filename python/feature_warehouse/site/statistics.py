"""What ``feature_statistics`` says of features, out of the warehouse."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from feature_warehouse.codec.rows import to_microseconds
from feature_warehouse.engines import Warehouse
from feature_warehouse.site.model import Statistics

__all__ = ["KEPT_RUNS", "MINIMUM_ROWS", "read_statistics"]

KEPT_RUNS: Final = 60
"""Of the runs of ``feature_statistics`` the last ones are drawn."""

MINIMUM_ROWS: Final = 5
"""A text that fewer rows have may say whose it is, and is not shown."""

_FIGURES: Final = ("mean", "minimum", "p05", "p25", "p50", "p75", "p95", "maximum")
_COLUMNS: Final = (
    *("view", "feature", "computed_at", "newest_event", "row_count", "null_count"),
    *("distinct_count", *_FIGURES, "histogram", "top_values"),
)


def read_statistics(
    warehouse: Warehouse, relation: str, features: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[Statistics, ...]]:
    """Of the last runs, by view and feature, oldest first.

    ``features`` are those of which distributions are shown; of all others, and so of personal data,
    only rows and NULLs are read. Raises UsageError if there is no such table, and UnreachableError.
    """
    shown = set(features)
    columns = ", ".join(_COLUMNS)
    query = (
        f"select {columns}\nfrom {relation}\nwhere computed_at >= (\n"
        "    select min(computed_at)\n    from (\n"
        f"        select distinct computed_at\n        from {relation}\n"
        f"        order by computed_at desc\n        limit {KEPT_RUNS}\n    ) as runs\n"
        ")\norder by computed_at"
    )
    found: dict[tuple[str, str], list[Statistics]] = {}
    with warehouse.rows(query, "the statistics of features") as reader:
        for batch in reader:
            for row in batch.to_pylist():
                key = (row["view"], row["feature"])
                found.setdefault(key, []).append(_statistics(row, key in shown))
    return {key: tuple(rows) for key, rows in found.items()}


def _statistics(row: Mapping[str, Any], is_shown: bool) -> Statistics:
    newest = row["newest_event"]
    plain = Statistics(
        computed_at=_instant(row["computed_at"]),
        newest_event=None if newest is None else _instant(newest),
        rows=row["row_count"],
        nulls=row["null_count"],
    )
    if not is_shown:
        return plain
    return Statistics(
        computed_at=plain.computed_at,
        newest_event=plain.newest_event,
        rows=plain.rows,
        nulls=plain.nulls,
        distinct=row["distinct_count"],
        histogram=tuple(json.loads(row["histogram"])) if row["histogram"] else (),
        top_values=tuple(
            (text, count)
            for text, count in json.loads(row["top_values"] or "[]")
            if count >= MINIMUM_ROWS
        ),
        **{name: None if row[name] is None else float(row[name]) for name in _FIGURES},
    )


def _instant(value: datetime) -> int:
    return to_microseconds(value if value.tzinfo else value.replace(tzinfo=UTC))
