"""The on-demand features of a training set, out of the block that its macro wrote."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from feature_warehouse.declarations.key_types import Spellings, usual_type
from feature_warehouse.declarations.manifest import Node
from feature_warehouse.declarations.model import OnDemandFeature, RequestColumn, ServicePart
from feature_warehouse.errors import UsageError
from feature_warehouse.on_demand.expressions import names_in
from feature_warehouse.on_demand.types import typed

__all__ = ["OnDemandBlock", "on_demand_features", "request_columns"]

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
    spellings: Spellings,
) -> tuple[OnDemandFeature, ...]:
    """The expressions with their types. Raises UsageError, which names the feature."""
    types = {"request_time": "timestamp"}
    declared = {**_label_types(labels), **_feature_types(parts)}
    for name, data_type in declared.items():
        if kind := _expression_type(data_type, spellings):
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


def request_columns(
    features: Iterable[OnDemandFeature], labels: Node | None, spellings: Spellings
) -> tuple[RequestColumn, ...]:
    """The label columns that expressions name: a request has to give them."""
    named = {name for feature in features for name in names_in(feature.expression)}
    return tuple(
        RequestColumn(name, data_type, usual_type(data_type, spellings))
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


def _expression_type(data_type: str, spellings: Mapping[str, Sequence[str]]) -> str | None:
    """As the macro of that name has it."""
    name = usual_type(data_type, spellings)
    if digits := _DECIMAL.fullmatch(name):
        precision, scale = int(digits[1]), int(digits[2])
        return f"decimal({precision},{scale})" if scale <= precision <= _DIGITS else None
    return _TYPES.get(re.sub(r" ?\(\d+\)", "", name))
