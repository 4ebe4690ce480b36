"""The gate on Spark: the same expectations against the same loops as on the other warehouses."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feature_warehouse.engines.profile import Profile
from harness.engines import type_on
from harness.mini import Columns, Mini
from spark.warehouse import Tables, credentials, needs_spark, tables
from validation import test_expectations as expectations
from validation.place import EARLY, Place, Row

__all__ = ["tables"]

pytestmark = needs_spark

CASES = [
    expectations.test_rows_that_fail_are_those_of_a_loop,
    expectations.test_a_share_may_fail,
    expectations.test_figures_are_those_of_a_loop,
    expectations.test_quantiles_are_those_of_a_sorted_list,
    expectations.test_sets_uniqueness_and_shape,
    expectations.test_numbers_that_are_no_doubles_are_compared_exactly,
    expectations.test_not_a_number_is_above_every_bound_and_fails_a_mean,
    expectations.test_what_cannot_be_judged_has_failed,
]


class SparkPlace(Place):
    """A project of artifacts alone, with tables in the session of this process."""

    def __init__(self, folder: Path, tables: Tables) -> None:
        self.mini = Mini(folder)
        self.mini.adapter = self.engine = "spark"
        self._tables, self._folder = tables, folder

    @property
    def profile(self) -> Profile:
        return Profile("mini", "dev", "spark", credentials())

    def table(self, name: str, columns: Mapping[str, str], rows: Iterable[Row]) -> str:
        values = dict(zip(columns, zip(*rows, strict=True), strict=True))
        file = self._folder / f"{name}.parquet"
        pq.write_table(pa.table({key: pa.array(each) for key, each in values.items()}), file)
        casts = ", ".join(f"cast(`{key}` as {kind}) as `{key}`" for key, kind in columns.items())
        return self._tables.make(name, f"select {casts} from parquet.`{file}`")

    def view(self, name: str, columns: Columns, rows: Iterable[Row], **block: Any) -> None:
        assert all(isinstance(kind, str) for kind in columns.values())
        types = {column: type_on("spark", str(kind)) for column, kind in columns.items()}
        super().view(name, types, rows, **block)


@pytest.fixture
def place(tmp_path: Path, tables: Tables) -> SparkPlace:
    return SparkPlace(tmp_path, tables)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_what_holds_on_other_warehouses(case: Callable[[Place], None], place: SparkPlace) -> None:
    case(place)


def test_a_sum_does_not_wrap_and_a_quantile_is_exact(place: SparkPlace) -> None:
    """Where a sum of BIGINT would be -2, and PERCENTILE_DISC a double."""
    large = 2**63 - 1
    column = {"column": "whole"}
    half = {"quantiles": [0.5], "value_ranges": [[None, None]]}
    place.view(
        "scores",
        {"id": "bigint", "ts": "timestamp", "whole": "bigint"},
        [(1, EARLY, large), (2, EARLY, large)],
        expectations=[
            {"expect_column_sum_to_be_between": {**column, "min_value": large}},
            {"expect_column_mean_to_be_between": {**column, "min_value": 2**62}},
            {"expect_column_quantile_values_to_be_between": {**column, "quantile_ranges": half}},
        ],
    )
    total, mean, quantile = place.check().checks[:3]
    assert (total.observed, total.success) == (2 * large, True)
    assert (mean.observed, mean.success) == (float(large), True)
    assert quantile.observed["values"] == [large]
