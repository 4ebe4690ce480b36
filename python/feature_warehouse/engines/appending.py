"""Adding rows to a table: what engines have in common."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from feature_warehouse.engines.dialect import quote

__all__ = ["as_texts", "insert_statement", "relation_of"]


def relation_of(credentials: Any, table: str) -> str:
    """A table of the target's schema, in full: a database may have the name of a schema."""
    parts = (credentials.database, credentials.schema, table)
    return ".".join(map(quote, parts))


def insert_statement(
    relation: str, source: str, rows: pa.Table, types: Mapping[str, str], key: Sequence[str]
) -> str:
    """Adds the rows of a source, whose columns are cast to ``types``, those of the table."""
    columns = [name for name in types if name in rows.schema.names]
    names = ", ".join(map(quote, columns))
    values = ", ".join(f"cast({quote(name)} as {types[name]})" for name in columns)
    return (
        f"insert into {relation} ({names}) select {values} from {source}"
        f" on conflict ({', '.join(map(quote, key))}) do nothing"
    )


def as_texts(column: pa.ChunkedArray) -> pa.Array:
    """Values as the texts that a cast to their type reads."""
    texts = [None if value is None else str(value) for value in column.to_pylist()]
    return pa.array(texts, pa.string())
