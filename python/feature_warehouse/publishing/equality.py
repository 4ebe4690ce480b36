"""The gate of on-demand features: a reader has to compute what the warehouse has computed.

Before a service goes into use, its expressions are evaluated on rows of its training set, in all
ways that a reader has: on some rows, and those with the extremes and NULLs of each input. A
training set has no columns of hidden inputs; if an expression needs one, the training set's SQL is
run instead, as dbt compiled it.
"""

import math
import struct
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
import pyarrow as pa

from feature_warehouse.declarations.model import Service
from feature_warehouse.engines import Warehouse
from feature_warehouse.engines.dialect import Dialect
from feature_warehouse.errors import UsageError
from feature_warehouse.on_demand.columns import Column
from feature_warehouse.on_demand.expressions import FIRST_INSTANT, LAST_INSTANT, names_in
from feature_warehouse.on_demand.forms import from_feature, to_value
from feature_warehouse.on_demand.program import Program, program

__all__ = ["difference"]

_ROWS: Final = 500
_EXTREMES: Final = 2
_APART: Final = 10
"""Each tenth row is evaluated by itself, too."""


class _Value(msgspec.Struct, frozen=True):
    """A column that is read: its name in the training set, its type in expressions."""

    column: str
    name: str
    kind: str
    shown: bool


def difference(service: Service, warehouse: Warehouse) -> str | None:
    """The first value that differs, in a sentence; None if there is none.

    Raises UsageError if there is nothing to compare with.
    """
    if not service.on_demand:
        return None
    inputs = list(_inputs(service))
    outputs = [
        _Value(one.name, one.name, one.expression.type, shown=True)
        for one in service.on_demand
        if one.name not in service.hidden
    ]
    # Before them is a column that is there without any input.
    names = ["", *(one.name for one in inputs)]
    expressions = program([(one.name, one.expression) for one in service.on_demand], names)
    query = _query(_source(service, inputs), [*inputs, *outputs], warehouse.dialect)
    with warehouse.rows(query, f"training set {service.training_set!r}") as reader:
        for batch in reader:
            read = [
                _forms(column, one.kind)
                for column, one in zip(batch.columns, [*inputs, *outputs], strict=True)
            ]
            given: list[Column] = [[None] * batch.num_rows, *read[: len(inputs)]]
            tables = _in_all_ways(expressions, given) if batch.num_rows else []
            for output, stored in zip(outputs, read[len(inputs) :], strict=True):
                place = expressions.places[output.name]
                for numbers, columns in tables:
                    for number, found in zip(numbers, columns[place], strict=True):
                        wanted = stored[number]
                        if _bits(found) != _bits(wanted):
                            values = [column[number] for column in given[1:]]
                            return _said(service, output, wanted, found, inputs, values)
    return None


def _in_all_ways(
    expressions: Program, given: Sequence[Column]
) -> list[tuple[Sequence[int], Sequence[Column]]]:
    """Tables of what is given and computed, each with the numbers of its rows."""
    rows = [[*row] for row in zip(*given, strict=True)]
    every = range(len(rows))
    tables: list[tuple[Sequence[int], list[Column]]] = [(every, [*given])]
    # Columns without NULLs and extremes are evaluated otherwise; of one row many are such.
    tables += [((number,), [[value] for value in rows[number]]) for number in every[::_APART]]
    for _, columns in tables:
        expressions.extend_columns(columns)
    for row in rows:
        expressions.extend_row(row)
    return [*tables, (every, list(zip(*rows, strict=True)))]


def _inputs(service: Service) -> Iterator[_Value]:
    """What expressions name besides on-demand features."""
    types: dict[str, str] = {}
    for one in service.on_demand:
        types |= names_in(one.expression)
    computed = {one.name for one in service.on_demand}
    personal = service.personal
    for name, kind in types.items():
        if name not in computed:
            column = service.timestamp if name == "request_time" else name
            yield _Value(column, name, kind, kind != "text" and name not in personal)


def _source(service: Service, inputs: Sequence[_Value]) -> str:
    if not {one.column for one in inputs} & set(service.hidden) and service.relation:
        return service.relation
    # The last SELECT of what dbt compiled leaves out what is hidden; before it everything is there.
    sql, _, _ = service.sql.rpartition("\nselect\n")
    if not sql:
        raise UsageError(
            f"service {service.name!r} has hidden inputs, and {service.training_set!r} is not"
            " compiled in this manifest; run `dbt build` with it"
        )
    return f"(\n{sql}\nselect * from computed\n) as training_set"


def _query(source: str, values: Sequence[_Value], dialect: Dialect) -> str:
    """Some rows, and of each column those with the least and greatest value, and with NULL."""
    items = [f"{_selected(one, dialect)} as v{place}" for place, one in enumerate(values)]
    parts = [f"select * from given limit {_ROWS}"]
    for place in range(len(values)):
        some = f"limit {_EXTREMES}"
        parts += [
            f"select * from given where v{place} is null {some}",
            f"select * from given where v{place} is not null order by v{place} {some}",
            f"select * from given where v{place} is not null order by v{place} desc {some}",
        ]
    union = " union all ".join(f"select * from ({part}) as p{n}" for n, part in enumerate(parts))
    given = f"select {', '.join(items)} from {source}"
    return f"with given as {dialect.computed_once}({given}) {union}"


def _selected(one: _Value, dialect: Dialect) -> str:
    name = dialect.quote(one.column)
    if one.kind.startswith("decimal"):
        return f"cast({name} as {dialect.text})"
    as_type = {"integer": "bigint", "double": dialect.double, "text": dialect.text}.get(one.kind)
    return f"cast({name} as {as_type})" if as_type else name


def _forms(column: pa.Array, kind: str) -> list[Any]:
    """The values of a column in the forms of expressions."""
    if kind == "timestamp":
        if not pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("us"))
        instants = column.cast(pa.timestamp("us", tz=column.type.tz)).cast(pa.int64())
        return [
            None if value is None or not FIRST_INSTANT <= value <= LAST_INSTANT else value
            for value in instants.to_pylist()
        ]
    found: list[Any] = column.to_pylist()
    if kind.startswith("decimal"):
        convert = from_feature(kind) or Decimal
        return [None if text is None else convert(text) for text in found]
    return found


def _bits(value: Any) -> Any:
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else struct.pack(">d", value)
    return type(value), value


def _said(
    service: Service,
    output: _Value,
    stored: Any,
    found: Any,
    inputs: Sequence[_Value],
    values: Sequence[Any],
) -> str:
    named = {output.name}
    for one in reversed(service.on_demand):
        named |= names_in(one.expression).keys() if one.name in named else set()
    given = [(one, value) for one, value in zip(inputs, values, strict=True) if one.name in named]
    pairs = [
        f"{one.name} = {_text(value, one.kind) if one.shown else '***'}" for one, value in given
    ]
    personal = {one.name for one in service.on_demand if one.pii}
    hides = output.name in personal or any(not one.shown for one, _ in given)
    told = [_text(value, output.kind) for value in (stored, found)]
    told = ["one value", "another"] if hides else told
    return (
        f"on-demand feature {output.name!r} is {told[0]} in {service.training_set!r} and {told[1]}"
        f" for a reader, of {', '.join(pairs)}; build the training set again"
    )


def _text(value: Any, kind: str) -> str:
    if value is None:
        return "NULL"
    convert = to_value(kind)
    return str(convert(value) if convert else value)
