"""Kinds: the names of stored types, as they stand in the descriptions of views and services.

    kind    = "bool" | "int" | "uint" | "bigint" | "float" | "float32" | "decimal" | "string"
            | "binary" | "date" | "time" | "timestamp" | "timestamptz" | "interval" | "uuid"
            | "decimal(" precision "," scale ")"
            | "list<" kind ">" | "map<" kind "," kind ">"
            | "struct<" field { "," field } ">"
    field   = name as a JSON string ":" kind

There are no blanks. ``codec.rows`` says how each is stored.
"""

import json
import re
from functools import lru_cache
from typing import Final

import msgspec

from feature_warehouse.errors import FingerprintError

__all__ = ["NESTED", "SCALARS", "Kind", "parse_kind"]

_NUMBERS: Final = ("bool", "int", "uint", "bigint", "float", "float32", "decimal")
_TIMES: Final = ("date", "time", "timestamp", "timestamptz", "interval")
SCALARS: Final = frozenset((*_NUMBERS, *_TIMES, "string", "binary", "uuid"))
NESTED: Final = frozenset(("list", "map", "struct"))

_WORD: Final = re.compile("[a-z0-9]+")
_DIGITS: Final = re.compile(r"\((\d+),(\d+)\)")
_read_name: Final = json.JSONDecoder().raw_decode


class Kind(msgspec.Struct, frozen=True):
    """A parsed kind; ``str`` gives its text.

    ``parts`` are a list's element, a map's key and value, or a struct's fields, whose names are
    ``fields``. ``digits`` are precision and scale of a decimal, where they are known.
    """

    name: str
    parts: tuple["Kind", ...] = ()
    fields: tuple[str, ...] = ()
    digits: tuple[int, int] | None = None

    def __str__(self) -> str:
        if self.digits:
            return "{}({},{})".format(self.name, *self.digits)
        if self.fields:
            named = zip(self.fields, self.parts, strict=True)
            texts = [f"{json.dumps(name, ensure_ascii=False)}:{part}" for name, part in named]
        else:
            texts = [str(part) for part in self.parts]
        return f"{self.name}<{','.join(texts)}>" if texts else self.name

    @property
    def whole(self) -> bool:
        """Whether the values are integers, whatever the size."""
        digits = self.digits or (0, -1)
        return self.name in ("int", "uint", "bigint") or digits[1] == 0


@lru_cache(maxsize=4096)
def parse_kind(text: str) -> Kind:
    """The kind that a text names; FingerprintError if this version knows no such kind."""
    try:
        kind, end = _kind(text, 0)
        if end == len(text):
            return kind
    except (ValueError, RecursionError):
        pass
    raise FingerprintError(
        f"{text!r} is not a type that this version of feature-warehouse knows; upgrade it"
    )


def _kind(text: str, start: int) -> tuple[Kind, int]:
    word = _WORD.match(text, start)
    if word is None:
        raise ValueError
    name, end = word[0], word.end()
    if name == "decimal" and (digits := _DIGITS.match(text, end)):
        return Kind(name, digits=(int(digits[1]), int(digits[2]))), digits.end()
    if name in SCALARS:
        return Kind(name), end
    if name not in NESTED or text[end : end + 1] != "<":
        raise ValueError
    return _parts(name, text, end)


def _parts(name: str, text: str, end: int) -> tuple[Kind, int]:
    """What stands in angle brackets; ``end`` is where they open."""
    fields: list[str] = []
    parts: list[Kind] = []
    while text[end : end + 1] == ("," if parts else "<"):
        end += 1
        if name == "struct":
            field, end = _read_name(text, end)
            if not isinstance(field, str) or text[end : end + 1] != ":":
                raise ValueError
            fields.append(field)
            end += 1
        part, end = _kind(text, end)
        parts.append(part)
    wanted = {"list": 1, "map": 2}.get(name, len(parts))
    if text[end : end + 1] != ">" or len(parts) != wanted or len(set(fields)) != len(fields):
        raise ValueError
    return Kind(name, tuple(parts), tuple(fields)), end + 1
