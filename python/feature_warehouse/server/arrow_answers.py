"""Feature vectors as an Arrow stream. Imported when a request asks for one, like pyarrow."""

from typing import Any

from feature_warehouse.errors import UsageError
from feature_warehouse.server.answers import Answers
from feature_warehouse.server.problems import Problem
from feature_warehouse.serving.vectors import FeatureVectors

__all__ = ["stream"]


def stream(
    answers: Answers, vectors: FeatureVectors, *, statuses: bool, event_timestamps: bool
) -> bytes:
    """An IPC stream of one table with a column for each feature.

    Behind them stand columns such as ``amount:status`` and ``amount:event_timestamp``, if they are
    asked for. The schema's metadata has ``name``, ``fingerprint``, and ``request_id`` if there is
    one. Raises Problem where pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise Problem(
            "media_type", "this server has no pyarrow and cannot answer in Arrow; accept JSON"
        ) from None
    try:
        table = vectors.to_arrow()
    except UsageError as error:
        raise Problem("media_type", f"{error.args[0].partition(';')[0]}; accept JSON") from None
    names = answers.plan.names
    if statuses:
        table = _with(table, names, "status", answers.statuses(vectors), pa.string())
    if event_timestamps:
        kind = pa.timestamp("us", tz="UTC")
        table = _with(table, names, "event_timestamp", answers.events(vectors), kind)
    metadata = {"name": answers.plan.name, "fingerprint": answers.plan.fingerprint}
    if isinstance(vectors.request, str | bytes) and len(vectors):
        metadata["request_id"] = vectors.request_id_of(0) or ""
    table = table.replace_schema_metadata(metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    found: bytes = sink.getvalue().to_pybytes()
    return found


def _with(table: Any, names: tuple[str, ...], what: str, rows: Any, kind: Any) -> Any:
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    for name, column in zip(names, columns, strict=True):
        table = table.append_column(f"{name}:{what}", pa.array(column, kind))
    return table
