"""From the tree that dbt parsed to an expression with types.

The macros of macros/internal/on_demand/_types.sql say the same; they report what is wrong in a
build. Here it is wrong only in a manifest that nothing was built from.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from feature_warehouse.errors import UsageError
from feature_warehouse.on_demand.expressions import Node, scale_of

__all__ = ["typed"]

_DIGITS: Final = 38
_WHOLE_DIGITS: Final = 19
_NUMBERS: Final = frozenset(("integer", "double", "decimal"))
_ORDERED: Final = _NUMBERS | {"timestamp"}
_EQUATED: Final = _ORDERED | {"text", "boolean"}

# What a function takes and gives, where that is always the same.
_FUNCTIONS: Final = {
    "and": ("boolean", "boolean"),
    "or": ("boolean", "boolean"),
    "not": ("boolean", "boolean"),
    "hour": ("timestamp", "integer"),
    "day_of_week": ("timestamp", "integer"),
    "month": ("timestamp", "integer"),
    "seconds_between": ("timestamp", "double"),
    "sqrt": ("double", "double"),
    "ln": ("double", "double"),
    "exp": ("double", "double"),
    "double": ("double", "double"),
}
_COMPARISONS: Final = frozenset(("=", "<>", "<", "<=", ">", ">=", "is_distinct"))


def typed(tree: Mapping[str, Any], types: Mapping[str, str]) -> Node:
    """The expression of a parsed tree, given the types of all names. Raises UsageError."""
    if "literal" in tree:
        return Node("literal", tree["type"], value=tree["literal"])
    if "name" in tree:
        name = tree["name"]
        if name not in types:
            raise UsageError(f"there is no {name!r} that it can be computed from")
        return Node("name", types[name], value=name)
    args = [typed(arg, types) for arg in tree["args"]]
    call = tree["call"]
    kinds = [arg.type for arg in args]
    if call in ("+", "-") and "timestamp" in kinds:
        return _shift(call, args)
    if call in ("+", "-", "*", "/"):
        return _arithmetic(call, args)
    if call in _COMPARISONS:
        allowed = _EQUATED if call in ("=", "<>", "is_distinct") else _ORDERED
        return _call(call, args, _shared(call, kinds, allowed) or "integer", "boolean")
    if call == "case":
        return _case(args)
    if call in ("coalesce", "least", "greatest"):
        allowed = _EQUATED if call == "coalesce" else _ORDERED
        kind = _shared(call, kinds, allowed) or "null"
        return _call(call, args, kind, kind)
    return _function(call, args)


def _function(call: str, args: Sequence[Node]) -> Node:
    kinds = [arg.type for arg in args]
    if call in _FUNCTIONS:
        taken, given = _FUNCTIONS[call]
        for kind in kinds:
            if _common([kind, taken]) != taken:
                raise UsageError(f"{call} takes {taken}, not {kind}")
        if call == "double":
            return _as_type(args[0], "double")
        return _call(call, args, taken, given)
    if call == "is_null":
        return _call(call, args, _shared(call, kinds, _EQUATED) or "integer", "boolean")
    if call not in ("abs", "ceil", "floor", "negative", "sign"):
        raise UsageError(f"this version knows no {call!r}; upgrade it")
    allowed = _NUMBERS - {"decimal"} if call in ("floor", "ceil") else _NUMBERS
    kind = _shared(call, kinds, allowed) or "integer"
    return _call(call, args, kind, "integer" if call == "sign" else kind)


def _call(call: str, args: Sequence[Node], taken: str, given: str) -> Node:
    return Node(call, given, tuple(_as_type(arg, taken) for arg in args))


def _as_type(node: Node, kind: str) -> Node:
    if node.type == kind:
        return node
    if node.type == "null":
        return Node("literal", kind)
    if kind == "double" and node.call == "literal":
        return Node("literal", kind, value=node.value)
    return Node("double" if kind == "double" else "decimal", kind, (node,))


def _common(kinds: Sequence[str]) -> str | None:
    """The type that values of several types share, None if they share none."""
    known = list(dict.fromkeys(kind for kind in kinds if kind != "null"))
    if len(known) < 2:
        return known[0] if known else "null"
    if not all(kind.partition("(")[0] in _NUMBERS for kind in known):
        return None
    if "double" in known:
        return "double"
    scale = max(map(scale_of, known))
    digits = max(_digits(kind) - scale_of(kind) for kind in known) + scale
    return f"decimal({digits},{scale})" if digits <= _DIGITS else None


def _digits(kind: str) -> int:
    return _WHOLE_DIGITS if kind == "integer" else int(kind[8:-1].partition(",")[0])


def _shared(call: str, kinds: Sequence[str], allowed: frozenset[str]) -> str:
    """The type that arguments share, '' if all are NULL."""
    kind = _common(kinds)
    if kind == "null":
        return ""
    if kind is None or kind.partition("(")[0] not in allowed:
        raise UsageError(f"{call} is not there for {' and '.join(dict.fromkeys(kinds))}")
    return kind


def _shift(call: str, args: Sequence[Node]) -> Node:
    kinds = [arg.type for arg in args]
    if kinds == ["interval", "timestamp"] and call == "+":
        args = args[::-1]
    elif kinds != ["timestamp", "interval"]:
        raise UsageError("to a timestamp only an interval can be added")
    instant, length = args
    sign = "" if call == "+" else "-"
    return Node("shift", "timestamp", (instant,), f"{sign}{length.value}")


def _arithmetic(call: str, args: Sequence[Node]) -> Node:
    kind = _shared(call, [arg.type for arg in args], _NUMBERS) or "integer"
    if call == "/":
        return _call(call, args, "double", "double")
    if not kind.startswith("decimal"):
        return _call(call, args, kind, kind)
    digits, scale = _digits(kind), scale_of(kind)
    if call == "*" or digits == _DIGITS:
        raise UsageError("decimals are only added, subtracted and compared, with up to 38 digits")
    return _call(call, args, kind, f"decimal({digits + 1},{scale})")


def _case(args: Sequence[Node]) -> Node:
    conditions, values = args[:-1:2], [*args[1::2], args[-1]]
    for condition in conditions:
        if condition.type not in ("boolean", "null"):
            raise UsageError(f"case takes boolean, not {condition.type}")
    kind = _shared("case", [value.type for value in values], _EQUATED) or "null"
    found: list[Node] = []
    for condition, value in zip(conditions, values, strict=False):
        found += [_as_type(condition, "boolean"), _as_type(value, kind)]
    return Node("case", kind, (*found, _as_type(values[-1], kind)))
