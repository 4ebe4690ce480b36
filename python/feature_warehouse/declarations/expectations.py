"""What a feature view expects of its rows: as its block says it, and as dbt knows it already.

An entry of ``expectations`` is an expectation of Great Expectations by its own name with its own
arguments, or ``freshness`` or ``row_count_change``, which it has no name for::

    expectations:
      - expect_column_values_to_be_between: {column: temp, min_value: -20, max_value: 120}
      - expect_column_values_to_not_be_null: {column: temp, mostly: 0.9}
        severity: warn
      - freshness: 3 hours
      - row_count_change: {min: -0.1, max: 0.5}

Great Expectations itself is not imported here: whoever reads the manifest need not have it.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import msgspec

from feature_warehouse.util.durations import microseconds
from feature_warehouse.util.spelling import hint
from feature_warehouse.util.values_in_text import in_json

__all__ = ["AS_DECLARED", "FOUND_IN", "ROWS", "Check", "declared_checks", "distinct"]

ROWS: Final = frozenset(
    f"expect_{name}"
    for name in (
        "column_pair_values_a_to_be_greater_than_b",
        "column_pair_values_to_be_equal",
        "column_value_lengths_to_be_between",
        "column_value_lengths_to_equal",
        "column_values_to_be_between",
        "column_values_to_be_dateutil_parseable",
        "column_values_to_be_in_set",
        "column_values_to_be_json_parseable",
        "column_values_to_be_null",
        "column_values_to_match_json_schema",
        "column_values_to_match_like_pattern",
        "column_values_to_match_regex",
        "column_values_to_match_regex_list",
        "column_values_to_match_strftime_format",
        "column_values_to_not_be_in_set",
        "column_values_to_not_be_null",
        "column_values_to_not_match_like_pattern",
        "column_values_to_not_match_regex",
        "column_values_to_not_match_regex_list",
    )
)
"""Each says something of a row by itself."""

_TABLE: Final = frozenset(
    f"expect_{name}"
    for name in (
        "column_distinct_values_to_be_in_set",
        "column_distinct_values_to_contain_set",
        "column_distinct_values_to_equal_set",
        "column_max_to_be_between",
        "column_mean_to_be_between",
        "column_median_to_be_between",
        "column_min_to_be_between",
        "column_proportion_of_non_null_values_to_be_between",
        "column_proportion_of_unique_values_to_be_between",
        "column_quantile_values_to_be_between",
        "column_stdev_to_be_between",
        "column_sum_to_be_between",
        "column_to_exist",
        "column_unique_value_count_to_be_between",
        "column_values_to_be_unique",
        "compound_columns_to_be_unique",
        "table_column_count_to_be_between",
        "table_column_count_to_equal",
        "table_columns_to_match_ordered_list",
        "table_columns_to_match_set",
        "table_row_count_to_be_between",
        "table_row_count_to_equal",
    )
)

AS_DECLARED: Final = "expect_column_type_to_be_as_declared"
FOUND_IN: Final = "expect_column_values_to_be_found_in"
"""Ours, for the contract and for dbt's ``relationships``; nobody writes them."""

_SHORTHANDS: Final = ("freshness", "row_count_change")
_NOT_FRESH: Final = (
    "freshness says nothing of a window view, in which rows change as events leave; expect"
    " something of its counts, such as expect_column_max_to_be_between:"
    " {column: count_1d, min_value: 1}"
)
_SEVERITIES: Final = ("error", "warn")
_NOT_TAKEN: Final = {
    "row_condition": "an expectation is of all rows",
    "condition_parser": "an expectation is of all rows",
    "allow_relative_error": "quantiles are exact",
    "result_format": "messages have counts and examples anyway",
    "severity": "it stands beside the expectation, and is error or warn",
}
_REFUSED: Final = {
    "of_type": "types come from the model's contract, which is checked anyway",
    "in_type_list": "types come from the model's contract, which is checked anyway",
    "type_to_be": "types come from the model's contract, which is checked anyway",
    "creasing": "the rows that are published have no order",
    "quer": "it runs SQL of its own; write a dbt test",
    "rows_expectation": "it runs SQL of its own; write a dbt test",
    "other_table": "it reads another table; write a dbt test",
}


class Check(msgspec.Struct, frozen=True):
    """One expectation. ``origin`` says where it was declared; ``severity`` is error or warn."""

    kind: str
    arguments: dict[str, Any]
    severity: str = "error"
    origin: str = "expectations"

    @property
    def columns(self) -> list[str]:
        """The columns it names."""
        several = [*self.arguments.get("column_list", ()), *self.arguments.get("column_set", ())]
        single = [self.arguments.get(key) for key in ("column", "column_A", "column_B")]
        return [str(name) for name in [*single, *several] if name is not None]

    @property
    def judges_rows(self) -> bool:
        """Whether a row can fail it by itself; a share of rows is a matter of all of them."""
        return self.kind in (*ROWS, FOUND_IN) and self.arguments.get("mostly", 1) == 1


def declared_checks(
    entries: Any, columns: Collection[str], *, has_windows: bool = False
) -> tuple[list[Check], list[str]]:
    """The entries of a block, and what is wrong with them; ``columns`` are those published.

    The newest row of a view that ``has_windows`` may be an event that leaves one.
    """
    if not isinstance(entries, list):
        return [], ["expectations must be a list; [] only checks what dbt knows"]
    checks: list[Check] = []
    mistakes: list[str] = []
    for number, entry in enumerate(entries, 1):
        where = f"expectation {number}"
        named = [key for key in entry if key != "severity"] if isinstance(entry, dict) else []
        if len(named) != 1:
            mistakes.append(
                f"{where} must be one name with its arguments, such as"
                " `expect_column_values_to_not_be_null: {column: ...}`, and perhaps a severity"
            )
            continue
        kind, arguments = str(named[0]), entry[named[0]]
        if kind == "freshness" and isinstance(arguments, str):
            arguments = {"max_age": arguments}
        severity = entry.get("severity", "error")
        found = list(_mistakes(kind, arguments, severity, columns))
        if kind == "freshness" and has_windows:
            found.append(_NOT_FRESH)
        mistakes += [f"{where}: {mistake}" for mistake in found]
        if not found:
            checks.append(Check(kind, arguments, severity))
    return checks, mistakes


def distinct(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Each once, the strictest of those that say the same, the first declared first."""
    chosen: dict[bytes, Check] = {}
    for check in checks:
        key = msgspec.json.encode([check.kind, check.arguments], order="sorted")
        if key not in chosen or (chosen[key].severity, check.severity) == ("warn", "error"):
            chosen[key] = check
    return tuple(chosen.values())


def _mistakes(kind: str, arguments: Any, severity: Any, columns: Collection[str]) -> Iterable[str]:
    if severity not in _SEVERITIES:
        yield f"severity must be error or warn, not {in_json(severity)}"
    if kind not in (*ROWS, *_TABLE, *_SHORTHANDS):
        yield _unknown(kind)
    elif not isinstance(arguments, dict):
        yield f"{kind} cannot be {in_json(arguments)}; it needs a mapping of arguments"
    elif kind == "freshness":
        if microseconds(str(arguments.get("max_age"))) is None:
            age = arguments.get("max_age")
            yield f"freshness {in_json(age)} is not a fixed length of time, such as '3 hours'"
    elif kind == "row_count_change":
        yield from _change_mistakes(arguments)
    else:
        yield from _argument_mistakes(Check(kind, arguments), columns)


def _argument_mistakes(check: Check, columns: Collection[str]) -> Iterable[str]:
    for name, why in _NOT_TAKEN.items():
        if name in check.arguments:
            yield f"{check.kind} takes no {name} here: {why}"
    if check.kind in ("expect_column_to_exist", "expect_table_columns_to_match_set"):
        return
    for name in check.columns:
        if name not in columns:
            meant = hint(name, columns) or f"; there are {', '.join(columns)}"
            yield f"{check.kind} names {name!r}, which is not a published column{meant}"


def _change_mistakes(arguments: dict[str, Any]) -> Iterable[str]:
    example = "{min: -0.1, max: 0.5} for at most a tenth fewer and half as many more"
    if not arguments or arguments.keys() - {"min", "max"}:
        yield f"row_count_change takes min and max, as in {example}"
    elif not all(_is_number(value) for value in arguments.values()):
        yield f"min and max of row_count_change must be numbers, as in {example}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unknown(kind: str) -> str:
    known: Sequence[str] = sorted([*ROWS, *_TABLE, *_SHORTHANDS])
    if kind.startswith(("expect_", "unexpected_")):
        for fragment, reason in _REFUSED.items():
            if fragment in kind:
                return f"{kind} is not taken: {reason}"
    return f"{kind} is not an expectation that can be computed exactly here{hint(kind, known)}"
