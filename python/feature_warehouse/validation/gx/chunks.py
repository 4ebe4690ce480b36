"""Row by row in Python, for what no warehouse means the same by: regular expressions and parsers.

Rows come as Arrow batches and are given to Great Expectations' own pandas engine a chunk at a time:
all of them, in bounded memory.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pandas as pd
import pyarrow as pa
from great_expectations.exceptions import MetricResolutionError
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.metrics_calculator import MetricsCalculator

from feature_warehouse.validation.gx.quiet import quiet
from feature_warehouse.validation.sql.compute import EXAMPLES, Measures
from feature_warehouse.validation.sql.conditions import IN_PYTHON
from feature_warehouse.validation.sql.metric import Failure, Metric
from feature_warehouse.validation.sql.newest_rows import Rows

__all__ = ["CHUNK_ROWS", "measure_in_chunks"]

CHUNK_ROWS: Final = 10_000
"""Rows that are a frame at a time."""


def measure_in_chunks(
    rows: Rows, measures: Measures, metrics: Sequence[Metric], chunk_rows: int
) -> None:
    """Tell the measures what Python has to say; one pass over the rows for all metrics."""
    counted = {
        metric.key: metric
        for metric in metrics
        if metric.subject in IN_PYTHON and metric.name.endswith(".unexpected_count")
    }
    if not counted:
        return
    keys = [key.name for key in rows.view.join_keys]
    names = list(dict.fromkeys(str(metric.arguments["column"]) for metric in counted.values()))
    totals = dict.fromkeys(counted, 0)
    failed: dict[bytes, list[tuple[Any, ...]]] = {key: [] for key in counted}
    for frame in _frames(rows, [*keys, *names], chunk_rows):
        for key, metric in list(counted.items()):
            place = len(keys) + names.index(str(metric.arguments["column"]))
            try:
                wrong = _wrong(frame, place, metric)
            except MetricResolutionError as error:
                measures.learn(metric, Failure(str(error)))
                del counted[key]
                continue
            totals[key] += len(wrong)
            found = zip(*(frame.iloc[wrong, [*range(len(keys)), place]].T.to_numpy()), strict=True)
            failed[key] = _first([*failed[key], *found], len(keys))
    for key, metric in counted.items():
        measures.learn(metric, totals[key])
        values = Metric(f"{metric.subject}.unexpected_values", metric.arguments)
        name = str(metric.arguments["column"])
        measures.learn(values, measures.remember(values, keys, [name], failed[key]))


def _first(failed: list[tuple[Any, ...]], width: int) -> list[tuple[Any, ...]]:
    """The same ones whatever order the rows came in: the first by their keys."""
    return sorted(failed, key=lambda row: row[:width])[:EXAMPLES]


def _frames(rows: Rows, names: Sequence[str], chunk_rows: int) -> Iterator["pd.DataFrame"]:
    """Columns by position, of Python's own values: whole numbers beside NULL stay what they are."""
    quote = rows.warehouse.dialect.quote
    columns = ", ".join(f"{quote(name)} as c{place}" for place, name in enumerate(names))
    with rows.read(f"select {columns} from <rows>") as reader:
        for batch in reader:
            for start in range(0, batch.num_rows, chunk_rows):
                yield _frame(batch.slice(start, chunk_rows))


def _frame(batch: pa.RecordBatch) -> "pd.DataFrame":
    return pd.DataFrame(
        {
            str(place): pd.Series(column.to_pylist(), dtype=object)
            for place, column in enumerate(batch.columns)
        }
    )


def _wrong(frame: "pd.DataFrame", place: int, metric: Metric) -> list[int]:
    """The numbers of the rows that fail."""
    engine = PandasExecutionEngine(batch_data_dict={"chunk": frame})
    asked = MetricConfiguration(
        f"{metric.subject}.unexpected_index_list",
        {"column": str(place), "batch_id": "chunk"},
        {
            **{name: value for name, value in metric.asked.items() if name != "column"},
            "result_format": {"result_format": "COMPLETE"},
        },
    )
    calculator = MetricsCalculator(engine, show_progress_bars=False)
    with quiet():
        found, _ = calculator.compute_metrics([asked], {"catch_exceptions": False})
    return [int(row) for row in found[asked.id] or ()]
