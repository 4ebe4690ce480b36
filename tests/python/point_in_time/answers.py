"""What queries give on an example's rows, which tables hold for as long as the queries run."""

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from harness.engines import Engine, instant, literal, type_on
from point_in_time.declarations import Column, Row, Value

Table = tuple[tuple[Column, ...], list[Row]]


def create(engine: Engine, name: str, columns: tuple[Column, ...]) -> None:
    engine.create(name, {column: type_on(engine.name, type_) for column, type_ in columns})


def answers(
    engine: Engine, tables: dict[str, Table], *queries: tuple[str, Iterable[Column]]
) -> list[list[list[Value]]]:
    """What each query gives on these rows, which are gone afterwards."""
    found = []
    with engine.changed():
        for name, table in tables.items():
            insert(engine, name, *table)
        for query, columns in queries:
            expressions = ", ".join(_readable(engine, column) for column in columns)
            rows = engine.ask(f"select {expressions} from ({query}\n) as result")
            found.append([[_comparable(value) for value in row] for row in rows])
    return found


def difference(expected: list[list[Value]], found: list[list[Value]]) -> str:
    """What is missing and what is too much, as multisets of rows; empty if nothing."""
    rest = [[_comparable(value) for value in row] for row in expected]
    surplus = []
    for row in found:
        if row in rest:
            rest.remove(row)
        else:
            surplus.append(row)
    lines = [f"missing: {row}" for row in rest] + [f"surplus: {row}" for row in surplus]
    return "\n".join(lines)


def _comparable(value: Any) -> Value:
    """NaN equals itself here, 1 is not true and -0.0 not 0.0. An age of millennia has no
    microseconds."""
    if isinstance(value, float):
        if value == 0:
            return str(value)
        return "NaN" if math.isnan(value) else float(f"{value:.15g}")
    return str(value).lower() if isinstance(value, bool) else value


def _readable(engine: Engine, column: Column) -> str:
    """Instants without the time zones and year limits of a driver; decimals and ids exact."""
    name = f"result.{engine.quote(column.name)}"
    if column.is_instant:
        return engine.microseconds(name)
    if column.type.startswith("numeric"):
        return f"cast({name} * 100 as bigint)"
    return f"cast({name} as {type_on(engine.name, 'text')})" if column.type == "uuid" else name


def insert(engine: Engine, name: str, columns: tuple[Column, ...], rows: Iterable[Row]) -> None:
    values = ([_literal(row[column.name], column) for column in columns] for row in rows)
    engine.insert(name, values)


def _literal(value: Value, column: Column) -> str:
    if value is not None and column.is_instant:
        assert isinstance(value, int)
        return literal(instant(value, column.type))
    if value is not None and column.type.startswith("numeric"):
        assert isinstance(value, int)
        return literal(Decimal(value).scaleb(-2))
    return literal(value if value is None else str(value))
