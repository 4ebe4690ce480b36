"""Which types of join keys mean the same entities, as the macro ``_types_agree`` says it.

Those do of which one holds every value of the other exactly, that is whole numbers and texts of any
length, and equal types.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feature_warehouse.declarations.model import FeatureView, Service

__all__ = ["key_mistakes", "types_agree"]

_BITS = {
    **dict.fromkeys(("tinyint", "int1"), 8),
    **dict.fromkeys(("smallint", "int2", "short", "int16"), 16),
    **dict.fromkeys(("integer", "int", "int4", "signed", "int32"), 32),
    **dict.fromkeys(("bigint", "int8", "long", "int64"), 64),
    **dict.fromkeys(("hugeint", "int128"), 128),
}
_UNSIGNED_BITS = {
    **dict.fromkeys(("utinyint", "uint8"), 8),
    **dict.fromkeys(("usmallint", "uint16"), 16),
    **dict.fromkeys(("uinteger", "uint32"), 32),
    **dict.fromkeys(("ubigint", "uint64"), 64),
    **dict.fromkeys(("uhugeint", "uint128"), 128),
}
_DIGITS = re.compile(r"(?:numeric|decimal|dec) ?\( ?(\d+) ?(?:, ?(\d+) ?)?\)")
_SIZE = re.compile(r" ?\(.*?\)")
_PADDED = {"char", "character", "bpchar", "nchar", "national char", "national character"}
_NAMES = {
    "text": ("varchar", "character varying"),
    "boolean": ("bool",),
    "double precision": ("float8",),
    "real": ("float4",),
    "numeric": ("decimal", "dec"),
    "timestamp": ("timestamp without time zone",),
    "timestamptz": ("timestamp with time zone",),
}
_POSTGRES_NAMES = {"char": tuple(_PADDED), "double precision": ("float",)}
_DUCKDB_NAMES = {
    "text": (*_PADDED, "string", "nvarchar", "enum"),
    "boolean": ("logical",),
    "double precision": ("double",),
    "real": ("float",),
    "timestamp": ("datetime", "timestamp_us"),
}


def types_agree(one: str, other: str, adapter: str) -> bool:
    """Whether keys of two declared types may meet."""
    name, span = _key_type(one, adapter)
    other_name, other_span = _key_type(other, adapter)
    if name == other_name:
        return True
    if not span or not other_span:
        return False
    narrow, wide = sorted((span, other_span), key=lambda ends: ends[1] - ends[0])
    return wide[0] <= narrow[0] and narrow[1] <= wide[1]


def key_mistakes(
    views: "Iterable[FeatureView]", services: "Iterable[Service]", adapter: str
) -> list[str]:
    """Join keys that a reader cannot look up as a join does, or that do not mean the same."""
    mistakes = [
        f"feature view {view.name!r}: join key {key.name!r} is of type {key.data_type}, of which"
        " values that differ are equal, but not for a reader; cast it to text where it is made"
        for view in views
        for key in view.join_keys
        if _is_loose(key.data_type, adapter)
    ]
    for service in services:
        mistakes += _of_service(service, adapter)
    return mistakes


def _is_loose(data_type: str, adapter: str) -> bool:
    """Whether values of a type are equal that a reader takes for different ones."""
    words = _words(data_type)
    bare = _SIZE.sub("", words)
    return " collate " in words or bare == "citext" or (adapter == "postgres" and bare in _PADDED)


def _of_service(service: "Service", adapter: str) -> list[str]:
    """The label columns that meet join keys of types which do not hold the same values."""
    mistakes = []
    met: dict[str, tuple[str, str]] = {}
    for part in service.parts:
        for key in part.view.join_keys:
            column, name = part.join_keys[key.name], f"{part.view.name}.{key.name}"
            first, data_type = met.setdefault(column, (name, key.data_type))
            if not types_agree(data_type, key.data_type, adapter):
                mistakes.append(
                    f"training set {service.training_set!r}: label column {column!r} meets join"
                    f" key {first!r} of type {data_type} and {name!r} of type {key.data_type},"
                    " which do not hold the same values; cast one of them where it is made"
                )
    return mistakes


def _key_type(data_type: str, adapter: str) -> tuple[str, tuple[int, int] | None]:
    """A type by one name for all its spellings; of a whole number the least and greatest value."""
    words = _words(data_type)
    if digits := _DIGITS.fullmatch(words):
        scale, end = int(digits[2] or 0), 10 ** int(digits[1])
        return f"numeric({digits[1]},{scale})", None if scale else (1 - end, end - 1)
    bare = _SIZE.sub("", words)
    if bits := _BITS.get(bare):
        return f"int{bits}", (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if bits := _UNSIGNED_BITS.get(bare):
        return f"uint{bits}", (0, 2**bits - 1)
    for names in (_NAMES, _DUCKDB_NAMES if adapter == "duckdb" else _POSTGRES_NAMES):
        for name, others in names.items():
            if bare == name or bare in others:
                return name, None
    return words, None


def _words(data_type: str) -> str:
    return " ".join(data_type.lower().split())
