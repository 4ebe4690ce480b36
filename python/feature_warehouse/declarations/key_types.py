"""Types by one name for all their spellings, and which types of join keys mean the same entities.

The macros ``_type_name`` and ``_types_agree`` say the same. Keys agree of which one holds every
value of the other exactly, that is whole numbers and texts of any length, and equal types.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feature_warehouse.declarations.model import FeatureView, Service, WrittenFor

__all__ = ["Spellings", "key_mistakes", "type_name", "types_agree"]

Spellings = Mapping[str, Sequence[str]]
"""Types by the engine's usual name, with their other names; the package's hook notes them."""

_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64, "hugeint": 128}
_DIGITS = re.compile(r"(?:numeric|decimal|dec) ?\( ?(\d+) ?(?:, ?(\d+) ?)?\)")
_NUMERIC = ("numeric", "decimal", "dec")
_LIST = re.compile(r"(.+?) ?((?:\[\d*\])+)")
_ARRAY = re.compile(r"array ?<(.+)>")
_SIZE = re.compile(r" ?\(.*?\)")
# Of which `=` takes for equal what a reader of Redis tells apart.
_LOOSE = {"char", "citext"}


def types_agree(one: str, other: str, spellings: Spellings) -> bool:
    """Whether keys of two declared types may meet."""
    name, span = _key_type(one, spellings)
    other_name, other_span = _key_type(other, spellings)
    if name == other_name:
        return True
    if not span or not other_span:
        return False
    narrow, wide = sorted((span, other_span), key=lambda ends: ends[1] - ends[0])
    return wide[0] <= narrow[0] and narrow[1] <= wide[1]


def type_name(data_type: str, noted: "WrittenFor | None") -> str:
    """A type by one name for all its spellings; of a decimal with the digits that it has."""
    words = _words(data_type)
    if found := _ARRAY.fullmatch(words):
        return type_name(found[1], noted) + "[]"
    if found := _LIST.fullmatch(words):
        return type_name(found[1], noted) + found[2]
    usual, _ = _key_type(words, noted.spellings if noted else {})
    digits = noted.numeric if noted and usual in _NUMERIC else None
    return f"numeric({digits[0]},{digits[1]})" if digits else usual


def key_mistakes(
    views: "Iterable[FeatureView]", services: "Iterable[Service]", spellings: Spellings
) -> list[str]:
    """Join keys that a reader cannot look up as a join does, or that do not mean the same."""
    mistakes = [
        f"feature view {view.name!r}: join key {key.name!r} is of type {key.data_type}, which"
        " holds values as equal that differ for a reader; cast it to text in its model"
        for view in views
        for key in view.join_keys
        if _is_loose(key.data_type, spellings)
    ]
    for service in services:
        mistakes += _of_service(service, spellings)
    return mistakes


def _is_loose(data_type: str, spellings: Spellings) -> bool:
    """Whether values of a type are equal that a reader takes for different ones."""
    return " collate " in _words(data_type) or _key_type(data_type, spellings)[0] in _LOOSE


def _of_service(service: "Service", spellings: Spellings) -> list[str]:
    """The label columns that meet join keys of types which do not hold the same values."""
    mistakes = []
    met: dict[str, tuple[str, str]] = {}
    for part in service.parts:
        for key in part.view.join_keys:
            column, name = part.join_keys[key.name], f"{part.view.name}.{key.name}"
            first, data_type = met.setdefault(column, (name, key.data_type))
            if not types_agree(data_type, key.data_type, spellings):
                mistakes.append(
                    f"training set {service.training_set!r}: label column {column!r} meets join"
                    f" key {first!r} of type {data_type} and {name!r} of type {key.data_type},"
                    " which do not hold the same values; cast one of them in its model"
                )
    return mistakes


def _key_type(data_type: str, spellings: Spellings) -> tuple[str, tuple[int, int] | None]:
    """A type by one name for all its spellings; of a whole number the least and greatest value."""
    words = _words(data_type)
    if digits := _DIGITS.fullmatch(words):
        scale, end = int(digits[2] or 0), 10 ** int(digits[1])
        return f"numeric({digits[1]},{scale})", None if scale else (1 - end, end - 1)
    bare = _SIZE.sub("", words)
    # An engine may have another type by a name that others have: a timestamp that is an instant.
    names = (name for name, others in spellings.items() if bare in others)
    name = next(names, bare if bare in spellings else words)
    if bits := _BITS.get(name):
        return name, (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if name[0] == "u" and (bits := _BITS.get(name[1:])):
        return name, (0, 2**bits - 1)
    return name, None


def _words(data_type: str) -> str:
    return " ".join(data_type.lower().split())
