"""The on-demand features of a training set, out of the block that its macro wrote."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from feature_warehouse.declarations.annotations import (
    column_meta,
    column_tags,
    is_personal,
    owner_text,
)
from feature_warehouse.declarations.key_types import type_name
from feature_warehouse.declarations.manifest import Node
from feature_warehouse.declarations.model import (
    OnDemandFeature,
    RequestColumn,
    Service,
    ServicePart,
    WrittenFor,
)
from feature_warehouse.errors import UsageError
from feature_warehouse.on_demand.expressions import names_in
from feature_warehouse.on_demand.types import typed

__all__ = ["OnDemandBlock", "annotated", "on_demand_features", "request_columns"]

_TYPES: Final = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), "integer"),
    **dict.fromkeys(("utinyint", "usmallint", "uinteger"), "integer"),
    **dict.fromkeys(("double precision", "real"), "double"),
    **dict.fromkeys(("timestamp", "timestamptz", "date"), "timestamp"),
    "text": "text",
    "boolean": "boolean",
}
_DECIMAL: Final = re.compile(r"numeric\((\d+),(\d+)\)")
_DIGITS: Final = 38


class OnDemandBlock(msgspec.Struct):
    """An entry of ``on_demand`` as the macro has parsed it."""

    name: str
    expr: str
    text: str
    tree: dict[str, Any]


def on_demand_features(
    blocks: Sequence[OnDemandBlock],
    parts: Iterable[ServicePart],
    labels: Node | None,
    noted: WrittenFor | None,
) -> tuple[OnDemandFeature, ...]:
    """The expressions with their types. Raises UsageError, which names the feature."""
    types = {"request_time": "timestamp"}
    declared = {**_label_types(labels), **_feature_types(parts)}
    for name, data_type in declared.items():
        if kind := _expression_type(data_type, noted):
            types[name] = kind
    found: list[OnDemandFeature] = []
    for block in blocks:
        try:
            node = typed(block.tree, types)
        except UsageError as error:
            raise UsageError(f"on-demand feature {block.name!r}: {error}") from None
        types[block.name] = node.type
        found.append(OnDemandFeature(block.name, block.expr, block.text, node))
    return tuple(found)


def annotated(
    service: Service,
    node: Node,
    labels: Node | None,
    owner: str | None,
    tests: Mapping[str, tuple[str, ...]],
) -> tuple[OnDemandFeature, ...]:
    """A service's on-demand features with what they are computed from and what is said of them.

    ``node`` is the training set, ``owner`` its owner, ``tests`` are those of its columns.
    """
    sources = {**_label_sources(labels), **_view_sources(service.parts)}
    personal = {*service.personal, *(name for name in node.columns if is_personal(node, name))}
    if is_personal(labels, service.timestamp):
        personal.add("request_time")
    found: list[OnDemandFeature] = []
    origins: dict[str, dict[str, None]] = {}
    for one in service.on_demand:
        named = names_in(one.expression)
        names = origins[one.name] = dict[str, None]()
        for name in named:
            names |= origins.get(name, {name: None})
        given = [sources[name] for name in names if name in sources]
        if personal & named.keys():
            personal.add(one.name)
        column = node.columns.get(one.name)
        own = column_meta(column) if column else {}
        described = msgspec.structs.replace(
            one,
            inputs=tuple(sorted({source.text for source in given})),
            keys=tuple(dict.fromkeys(key for source in given for key in source.keys)),
            pii=one.name in personal,
            description=column.description.strip() if column else "",
            owner=owner_text(own.get("owner")) or owner,
            tags=tuple(sorted({*node.tags, *(column_tags(column) if column else ())})),
            tests=tests.get(one.name, ()),
        )
        found.append(described)
    return tuple(found)


class _Source(NamedTuple):
    """Where a column comes from; ``keys`` are the label columns by which its view is joined."""

    text: str
    keys: tuple[str, ...]


def _label_sources(labels: Node | None) -> dict[str, _Source]:
    if labels is None:
        return {}
    found = {name: _Source(f"{labels.full_name}:{name}", ()) for name in labels.columns}
    timestamp = (labels.config.meta.get("label_set") or {}).get("timestamp")
    return {**found, **({"request_time": found[timestamp]} if timestamp in found else {})}


def _view_sources(parts: Iterable[ServicePart]) -> dict[str, _Source]:
    found: dict[str, _Source] = {}
    for part in parts:
        view = part.view
        keys = tuple(part.join_keys.values())
        columns = {column.name: column for column in view.features}
        named = {output: columns[name] for name, output in part.features.items() if name in columns}
        named |= dict.fromkeys(part.instants, view.event_timestamp)
        found |= {
            name: _Source(f"{view.name}:{column.name}", keys) for name, column in named.items()
        }
    return found


def request_columns(
    features: Iterable[OnDemandFeature], labels: Node | None, noted: WrittenFor | None
) -> tuple[RequestColumn, ...]:
    """The label columns that expressions name: a request has to give them."""
    named = {name for feature in features for name in names_in(feature.expression)}
    return tuple(
        RequestColumn(name, data_type, type_name(data_type, noted))
        for name, data_type in _label_types(labels).items()
        if name in named
    )


def _label_types(labels: Node | None) -> dict[str, str]:
    """Of what is known at the request, and not the instant, which is ``request_time``."""
    if labels is None:
        return {}
    block = labels.config.meta.get("label_set") or {}
    apart = {block.get(role) for role in ("timestamp", "label", "known_at")}
    return {
        name: (column.data_type or "").lower()
        for name, column in labels.columns.items()
        if name not in apart
    }


def _feature_types(parts: Iterable[ServicePart]) -> dict[str, str]:
    types: dict[str, str] = {}
    for part in parts:
        declared = {feature.name: feature.data_type for feature in part.view.features}
        types |= {
            output: declared[name] for name, output in part.features.items() if name in declared
        }
        types |= {name: data_type for name, (_, data_type) in part.instants.items()}
    return types


def _expression_type(data_type: str, noted: WrittenFor | None) -> str | None:
    """As the macro of that name has it."""
    name = type_name(data_type, noted)
    if digits := _DECIMAL.fullmatch(name):
        precision, scale = int(digits[1]), int(digits[2])
        return f"decimal({precision},{scale})" if scale <= precision <= _DIGITS else None
    return _TYPES.get(re.sub(r" ?\(\d+\)", "", name))
