"""What dbt knows of a feature view's rows already: tests, constraints and types, as expectations.

A test is taken over if it says the same of any set of rows: not if it has a ``where`` or a
``limit``, or counts failures with ``error_if`` or ``warn_if``. That no entity has two newest rows
follows from the point-in-time rule, so uniqueness that covers the join keys is not asked again.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from feature_warehouse.declarations.expectations import (
    AS_DECLARED,
    FOUND_IN,
    Check,
    declared_checks,
    distinct,
)
from feature_warehouse.declarations.manifest import Manifest, Node

__all__ = ["checks_of"]


def checks_of(
    entries: Any,
    node: Node,
    manifest: Manifest,
    types: Mapping[str, str],
    join_keys: Collection[str],
    times: Collection[str],
) -> tuple[tuple[Check, ...], list[str]]:
    """What is declared, and what follows of the published columns; and what is wrong with it.

    ``types`` are those columns as declared; ``times`` among them are event and created timestamp,
    which are published in UTC whatever their type is. In the order of the block and the manifest.
    """
    # In a window view rows change as events leave, long after the last one.
    has_windows = "window_features" in node.config.meta
    declared, mistakes = declared_checks(entries, types, has_windows=has_windows)
    kept = {name: data_type for name, data_type in types.items() if name not in times}
    derived = [
        check
        for check in (*_contract(node, kept), *_tests(node, manifest))
        if set(check.columns) <= types.keys() and not _follows(check, join_keys)
        if not (has_windows and check.kind == "freshness")
    ]
    return distinct([*declared, *derived]), mistakes


def _follows(check: Check, join_keys: Collection[str]) -> bool:
    """Whether the point-in-time rule makes it true of any table."""
    unique = check.kind in (
        "expect_column_values_to_be_unique",
        "expect_compound_columns_to_be_unique",
    )
    return unique and set(check.columns) >= set(join_keys)


def _contract(node: Node, types: Mapping[str, str]) -> Iterator[Check]:
    for name, data_type in types.items():
        yield Check(AS_DECLARED, {"column": name, "type_": data_type}, origin="contract")
    constraints = [(constraint, constraint.columns) for constraint in node.constraints]
    for column in node.columns.values():
        constraints += [(constraint, [column.name]) for constraint in column.constraints]
    for constraint, columns in constraints:
        origin = f"{constraint.type} constraint"
        if constraint.type in ("not_null", "primary_key"):
            for name in columns:
                yield Check("expect_column_values_to_not_be_null", {"column": name}, origin=origin)
        if constraint.type in ("unique", "primary_key"):
            yield _unique(columns, origin)


def _unique(columns: Sequence[str], origin: str) -> Check:
    if len(columns) == 1:
        return Check("expect_column_values_to_be_unique", {"column": columns[0]}, origin=origin)
    arguments = {"column_list": list(columns), "ignore_row_if": "any_value_is_missing"}
    return Check("expect_compound_columns_to_be_unique", arguments, origin=origin)


def _tests(node: Node, manifest: Manifest) -> Iterator[Check]:
    for test in manifest.nodes.values():
        metadata = test.test_metadata
        if test.attached_node != node.unique_id or metadata is None:
            continue
        derive = _DERIVED.get((_package(metadata.namespace), metadata.name))
        if derive is None or not _holds_for_any_rows(test):
            continue
        found = derive(_unquoted(test.column_name), metadata.kwargs, test, manifest)
        if found:
            severity = "warn" if test.config.severity.lower() == "warn" else "error"
            yield Check(*found, severity=severity, origin=f"dbt test {metadata.name}")


def _package(namespace: str | None) -> str:
    # dbt names no package for its own tests, nor for those of the project itself.
    return "" if namespace in (None, "dbt", "feature_warehouse") else namespace or ""


def _holds_for_any_rows(test: Node) -> bool:
    config = test.config
    counted = (config.error_if, config.warn_if) != ("!= 0", "!= 0")
    return not counted and config.where is None and config.limit is None


def _unquoted(name: str | None) -> str:
    return name[1:-1].replace('""', '"') if name and name[:1] == '"' else name or ""


Derivation = tuple[str, dict[str, Any]] | None
_Derive = Callable[[str, dict[str, Any], Node, Manifest], Derivation]


def _not_null(column: str, *_: Any) -> Derivation:
    return "expect_column_values_to_not_be_null", {"column": column}


def _unique_test(column: str, *_: Any) -> Derivation:
    return "expect_column_values_to_be_unique", {"column": column}


def _accepted_values(column: str, kwargs: dict[str, Any], *_: Any) -> Derivation:
    values = {"column": column, "value_set": kwargs.get("values", [])}
    return "expect_column_values_to_be_in_set", values


def _bounds(column: str, kwargs: dict[str, Any], *_: Any) -> Derivation:
    strict = not kwargs.get("inclusive", True)
    arguments: dict[str, Any] = {"column": column}
    for side in ("min", "max"):
        if (value := kwargs.get(f"{side}_value")) is not None:
            arguments[f"{side}_value"] = value
            if strict:
                arguments[f"strict_{side}"] = True
    return "expect_column_values_to_be_between", arguments


def _relationships(
    column: str, kwargs: dict[str, Any], test: Node, manifest: Manifest
) -> Derivation:
    known = {**manifest.nodes, **manifest.sources}
    read = [known[name] for name in test.depends_on.nodes if name in known]
    others = [node for node in read if node.unique_id != test.attached_node] or read
    if len(others) != 1 or others[0].relation_name is None:
        return None
    parent = {"parent": others[0].name, "relation": others[0].relation_name}
    return FOUND_IN, {"column": column, **parent, "field": _unquoted(str(kwargs.get("field")))}


def _not_stale(_: str, kwargs: dict[str, Any], *__: Any) -> Derivation:
    if kwargs.get("as_of") is not None or kwargs.get("timestamp") is not None:
        return None
    return "freshness", {"max_age": str(kwargs.get("max_age"))}


_DERIVED: dict[tuple[str, str], _Derive] = {
    ("", "not_null"): _not_null,
    ("", "unique"): _unique_test,
    ("", "accepted_values"): _accepted_values,
    ("", "relationships"): _relationships,
    ("", "bounds"): _bounds,
    ("", "not_stale"): _not_stale,
}
