"""Window views: the block and the columns that ``window_features`` declares in the manifest.

The macro names and describes its columns while dbt parses. Types that depend on those of the events
are not known then, and are looked up here, as the macros do when they compile.
"""

import re
from typing import Any, Literal, assert_never

import msgspec

from feature_warehouse.declarations.manifest import Manifest, ManifestColumn, Node
from feature_warehouse.errors import UsageError

__all__ = ["completed"]

_Digits = tuple[int, int] | None
"""Those of a decimal declared without any; None where it has no limits."""

_SMALL = {
    *("smallint", "integer", "int", "int2", "int4", "tinyint", "short"),
    *("utinyint", "usmallint", "uinteger"),
}
_LARGE = {"bigint", "int8", "long", "ubigint", "hugeint", "uhugeint", "numeric", "decimal"}
_DOUBLE = {"double precision", "double", "float8", "real", "float4", "float"}


_Function = Literal[
    "count", "count_distinct", "sum", "avg", "min", "max", "stddev", "first", "last", "share"
]


class _Column(msgspec.Struct):
    """``of`` is the column of the events that goes in; ``type`` that of an expression."""

    name: str
    description: str
    function: _Function
    of: str | None
    type: str | None


class _Declaration(msgspec.Struct):
    events: str | None
    join_keys: dict[str, str]
    timestamp: str
    columns: list[_Column]


def completed(node: Node, manifest: Manifest) -> Node:
    """The node with the block and the columns it would have, were it declared in YAML.

    A node that is not a window view is returned as it is. What its YAML says of a column is kept.
    UsageError if the declaration is not one of this version.
    """
    if "window_features" not in node.config.meta:
        return node
    try:
        declared = msgspec.convert(node.config.meta["window_features"], _Declaration)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"feature view {node.full_name!r}: meta.window_features is not what this version of"
            f" the package writes ({error}); run `dbt build` again"
        ) from None
    types = _event_types(node, declared, manifest)
    noted = manifest.written_for
    numeric = noted.numeric if noted else None
    columns = [
        *(ManifestColumn(key, types.get(source)) for key, source in declared.join_keys.items()),
        ManifestColumn(declared.timestamp, "timestamp"),
        *(_feature(column, types, numeric) for column in declared.columns),
    ]
    if node.config.materialized == "incremental":
        columns.append(ManifestColumn("events_entered", "bigint", meta={"feature": False}))
    block = {"join_keys": list(declared.join_keys), "event_timestamp": declared.timestamp}
    meta = {**node.config.meta, "feature_view": {**block, **_own_block(node)}}
    return msgspec.structs.replace(
        node,
        config=msgspec.structs.replace(node.config, meta=meta),
        columns={column.name: _overridden(column, node) for column in columns},
    )


def _own_block(node: Node) -> dict[str, Any]:
    return node.config.meta.get("feature_view") or {}


def _event_types(node: Node, declared: _Declaration, manifest: Manifest) -> dict[str, str | None]:
    """The declared types of the one model or source that the view reads."""
    known = {**manifest.nodes, **manifest.sources}
    found = [
        known[name]
        for name in node.depends_on.nodes
        if name in known and declared.events in (None, known[name].name, known[name].full_name)
    ]
    if len(found) != 1:
        return {}
    return {column.name: column.data_type for column in found[0].columns.values()}


def _feature(column: _Column, types: dict[str, str | None], numeric: _Digits) -> ManifestColumn:
    counts = column.function in ("count", "count_distinct")
    return ManifestColumn(
        column.name,
        _data_type(column.function, column.type or types.get(column.of or ""), numeric),
        column.description,
        {"default": 0} if counts else {},
    )


def _data_type(function: _Function, of: str | None, numeric: _Digits) -> str | None:
    """The type of a feature, given that of what it is computed from."""
    match function:
        case "count" | "count_distinct":
            return "bigint"
        case "avg" | "stddev" | "share":
            return "double precision"
        case "sum":
            return _sum_type(of, numeric) if of else None
        case "min" | "max" | "first" | "last":
            return of
    assert_never(function)


def _sum_type(data_type: str, numeric: _Digits) -> str:
    """The type of a sum: wide enough for it, and the same on every warehouse."""
    name = re.sub(r"\s*\(.*", "", data_type).lower().strip()
    digits = re.search(r"\(\s*\d+\s*(?:,\s*(\d+)\s*)?\)", data_type)
    if name in _SMALL:
        return "bigint"
    if name in _DOUBLE:
        return "double precision"
    if name in ("numeric", "decimal") and not digits:
        return f"numeric(38,{numeric[1]})" if numeric else data_type
    if name in _LARGE:
        return f"numeric(38,{(digits[1] if digits else None) or 0})"
    return data_type


def _overridden(column: ManifestColumn, node: Node) -> ManifestColumn:
    own = node.columns.get(column.name)
    if own is None:
        return column
    return ManifestColumn(
        column.name,
        column.data_type,
        own.description or column.description,
        {**column.meta, **(own.config.meta or own.meta)},
        tags=[*own.tags, *own.config.tags],
    )
