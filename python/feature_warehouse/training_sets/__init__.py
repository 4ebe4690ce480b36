"""Training sets outside of dbt runs: built for a file of labels, exported, and checked.

All SQL comes from the package's macros, by `dbt compile`; nothing is written to the warehouse::

    from feature_warehouse.training_sets import TrainingSets

    sets = TrainingSets("path/to/dbt/project")
    table = sets.build(labels, ["origin_weather:temp"], timestamp="sched_dep_ts")
    card = sets.export("flight_delay_training", "flights.parquet")
    differences = sets.check("flights.card.json")
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.errors import UsageError
from feature_warehouse.training_sets.columns import plain, prepared_labels, writable_types
from feature_warehouse.util.files import replacing

__all__ = ["TrainingSets", "card_path", "parquet_path", "write_parquet_table"]

LABELS = "feature_warehouse_labels"
ROW = "feature_warehouse_row"

Feature = str | Mapping[str, Any]
"""An entry of ``features`` as in the macro ``training_set``."""


class TrainingSets:
    """The training sets of a dbt project."""

    def __init__(self, project: DbtProject | str | Path = ".") -> None:
        """``project`` is a folder, or a ``DbtProject`` if more than the folder must be given."""
        self._project = project if isinstance(project, DbtProject) else DbtProject(project)

    def build(
        self,
        labels: Any,
        features: Feature | Sequence[Feature] = (),
        *,
        timestamp: str | None = None,
        service: str | None = None,
        as_of: str | None = None,
        knowledge: str = "available",
        served: Mapping[str, Any] | None = None,
        split: Mapping[str, Any] | None = None,
    ) -> pa.Table:
        """Labels with the features that were known at their time.

        ``labels`` is a pyarrow Table, a pandas DataFrame or the path of a Parquet file. The result
        has the same rows in the same order, with all columns unchanged, followed by the columns of
        the split and the features. ``timestamp`` names the column with the instant of the
        prediction; it may be left out if there is only one column of instants. Instants without a
        time zone are in UTC. ``features`` or ``service`` say what to join; the other arguments are
        those of the macro ``training_set``.

        Raises UsageError with all mistakes at once, UnreachableError or BusyError.
        """
        if bool(features) == bool(service):
            raise UsageError("give either features, such as origin_weather:temp, or a service")
        labels = _table(labels)
        timestamp = timestamp or _only_instant(labels)
        options = {"as_of": as_of, "knowledge": knowledge, "served": served, "split": split}
        by = list((split or {}).get("by") or ())
        prepared = prepared_labels(labels, timestamp)
        row = ROW
        while row in map(str.lower, labels.column_names):
            row += "_"
        request = {
            "features": [features] if isinstance(features, str | Mapping) else list(features),
            "service": service,
            "row": row,
            "labels": {
                "relation": LABELS,
                "columns": labels.column_names,
                "timestamp": timestamp,
                "timestamp_type": prepared.timestamp_type,
                "types": prepared.types(),
                "texts": prepared.names(pa.types.is_string, pa.types.is_large_string),
                "untyped": prepared.names(pa.types.is_null),
                "by": by,
            },
            "options": options,
        }
        plan = self._project.call("_build_plan", request)
        loaded = prepared.columns(plan["keys"], {timestamp, *by})
        rows = pa.array(range(labels.num_rows), pa.int64())
        with self._project.open_warehouse() as warehouse:
            warehouse.load(LABELS, loaded.append_column(row, rows))
            with warehouse.rows(plan["query"], "a feature view or a label column") as reader:
                answers = plain(reader.read_all(), plan["data_types"])
        numbers = answers[row].combine_chunks()
        return _beside(labels, answers.drop_columns([row, *loaded.column_names]), numbers, as_of)

    def export(self, name: str, to: str | Path) -> dict[str, Any]:
        """Write a built training set to a Parquet file, and its card beside it; return the card.

        Rows are in the order of the label's timestamp, then of the label set's columns. The card is
        ``<file>.card.json``. Both files are complete or not there.
        """
        file = parquet_path(to).absolute()  # DuckDB reads from the project's folder
        plan = self._project.call("_export_plan", name)
        with self._project.open_warehouse() as warehouse:
            card = self._card(warehouse, plan)
            # In this order, an error of the warehouse is not taken for one of the file.
            with (
                replacing(file) as scratch,
                warehouse.rows(plan["query"], f"training set {name!r}") as reader,
            ):
                _write_batches(scratch, reader, plan["data_types"])
        card = {**card, "file": file.name, "exported_at": datetime.now(UTC).isoformat()}
        with replacing(card_path(file)) as scratch:
            scratch.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
        return card

    def check(self, card: str | Path) -> list[str]:
        """Build a training set again, without storing it, and compare it with a card.

        Returns a line for each difference; an empty list means the same SQL and the same rows.
        """
        recorded = _read_card(Path(card))
        plan = self._project.call("_check_plan", recorded["training_set"])
        with self._project.open_warehouse() as warehouse:
            found = self._card(warehouse, plan)
        return [
            f"{name} was {_brief(recorded.get(name))} and is now {_brief(value)}"
            for name, value in found.items()
            if recorded.get(name) != value
        ]

    def _card(self, warehouse: Any, plan: dict[str, Any]) -> dict[str, Any]:
        with warehouse.rows(plan["card"], "the training set") as reader:
            (row,) = reader.read_all().to_pylist()
        card: dict[str, Any] = json.loads(row["card"])
        return card


def parquet_path(path: str | Path) -> Path:
    """The path, which must be one of a Parquet file in a folder that exists."""
    file = Path(path)
    if file.suffix != ".parquet":
        raise UsageError(f"{file} is not the name of a Parquet file; it must end with .parquet")
    if not file.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {file.absolute().parent}; create it first")
    return file


def card_path(file: Path) -> Path:
    """Where the card of a Parquet file lies."""
    return file.with_suffix(".card.json")


def _write_batches(file: Path, reader: pa.RecordBatchReader, data_types: Mapping[str, str]) -> None:
    """Write batches as they come; decimals as declared."""
    schema = writable_types(reader.schema, data_types)
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_table(plain(pa.Table.from_batches([batch]), data_types))


def write_parquet_table(file: Path, table: pa.Table) -> None:
    """Write a table to a file that is complete or not there."""
    with replacing(file) as scratch:
        pq.write_table(table, scratch, compression="zstd")


def _table(labels: Any) -> pa.Table:
    if isinstance(labels, str | Path):
        try:
            return pq.read_table(labels)
        except FileNotFoundError:
            raise UsageError(f"there is no file {labels}") from None
        except (pa.ArrowException, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise UsageError(f"{labels} cannot be read as Parquet: {reason}") from None
    if isinstance(labels, pa.Table):
        return labels
    if hasattr(labels, "__dataframe__"):
        return pa.Table.from_pandas(labels, preserve_index=False)
    raise UsageError(
        f"labels are a {type(labels).__name__}; give a pyarrow Table, a pandas DataFrame or the"
        " path of a Parquet file"
    )


def _only_instant(labels: pa.Table) -> str:
    names = [field.name for field in labels.schema if pa.types.is_timestamp(field.type)]
    if len(names) == 1:
        return str(names[0])
    found = f"has {', '.join(names)}" if names else "has no column of timestamps"
    raise UsageError(f"the label table {found}; name the one to predict at with --timestamp")


def _beside(labels: pa.Table, features: pa.Table, rows: pa.Array, as_of: str | None) -> pa.Table:
    """Labels and features side by side: each label exactly once, in its place."""
    ascending = pc.all(pc.greater(rows[1:], rows[:-1])).as_py() is not False
    if not ascending or (as_of is None and len(rows) != labels.num_rows):
        raise RuntimeError("the join has lost or multiplied label rows")
    result = labels if len(rows) == labels.num_rows else labels.take(rows)
    for name in features.column_names:
        result = result.append_column(features.field(name), features[name])
    return result


def _read_card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        card = None
    if not isinstance(card, dict) or not isinstance(card.get("training_set"), str):
        raise UsageError(f"{path} is not a card; `training-set export` writes one")
    return card


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."
