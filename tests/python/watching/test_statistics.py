"""`feature_statistics` is what numpy computes of the newest rows, on both warehouses."""

import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

from watching.conftest import Watched
from watching.rows import CLOCK, newest

EXACT = ("row_count", "null_count", "distinct_count", "minimum", "maximum")
QUANTILES = {f"p{share:02}": share / 100 for share in (1, 5, 25, 50, 75, 95, 99)}
COLUMNS = (
    *EXACT, "mean", "standard_deviation", *QUANTILES, "histogram", "top_values", "newest_event",
    "computed_at",
)  # fmt: skip


@pytest.fixture(scope="module")
def found(watched: Watched) -> dict[str, dict[str, Any]]:
    rows = watched.ask(f"select feature, {', '.join(COLUMNS)} from statistics")
    assert len(rows) == len({row[0] for row in rows}) == 7
    return {row[0]: dict(zip(COLUMNS, row[1:], strict=True)) for row in rows}


@pytest.mark.parametrize("feature", ["level", "price", "ratio"])
def test_numbers(watched: Watched, found: dict[str, dict[str, Any]], feature: str) -> None:
    column = [getattr(row, feature) for row in newest(watched.readings, CLOCK).values()]
    values = np.array(sorted(float(value) for value in column if value is not None))
    row = found[feature]
    assert {name: row[name] for name in EXACT} == {
        "row_count": len(column),
        "null_count": column.count(None),
        "distinct_count": len(set(values)),
        "minimum": values.min(),
        "maximum": values.max(),
    }
    assert row["mean"] == pytest.approx(values.mean(), rel=1e-12)
    assert row["standard_deviation"] == pytest.approx(values.std(ddof=1), rel=1e-12)
    for name, share in QUANTILES.items():
        assert row[name] == np.quantile(values, share, method="inverted_cdf"), name
    assert json.loads(row["histogram"]) == _histogram(values)


def _histogram(values: Any) -> list[int]:
    low, high = values.min(), values.max()
    counts = [0] * 20
    for value in values:
        counts[min(math.floor(20 * (value - low) / (high - low)), 19)] += 1
    return counts


@pytest.mark.parametrize("feature", ["level", "kind", "is_open"])
def test_top_values(watched: Watched, found: dict[str, dict[str, Any]], feature: str) -> None:
    column = [getattr(row, feature) for row in newest(watched.readings, CLOCK).values()]
    texts = Counter(
        str(value).lower() if isinstance(value, bool) else str(value)
        for value in column
        if value is not None
    )
    expected = sorted(texts.items(), key=lambda item: (-item[1], item[0].encode()))[:10]
    assert json.loads(found[feature]["top_values"]) == [list(item) for item in expected]
    assert found[feature]["distinct_count"] == len(texts)
    if feature != "level":
        assert found[feature]["mean"] is found[feature]["histogram"] is None


@pytest.mark.parametrize("feature", ["email", "seen"])
def test_personal_data_and_timestamps_are_only_counted(
    watched: Watched, found: dict[str, dict[str, Any]], feature: str
) -> None:
    column = [getattr(row, feature) for row in newest(watched.readings, CLOCK).values()]
    told = {name: value for name, value in found[feature].items() if value is not None}
    newest_event = max(row.ts for row in newest(watched.readings, CLOCK).values())
    assert told == {
        "row_count": len(column),
        "null_count": column.count(None),
        "newest_event": newest_event,
        "computed_at": CLOCK,
    }


def test_a_second_run_at_the_same_instant_replaces_the_first(watched: Watched) -> None:
    query = "select count(*), count(distinct feature) from statistics"
    before = watched.ask(query)
    watched.dbt("--quiet", "run", "--select", "statistics")
    assert watched.ask(query) == before
