"""What columns relations have, and of which types, asked of the warehouse."""

import re
from typing import Final

from feature_warehouse.declarations.model import Column, FeatureView
from feature_warehouse.engines.protocol import Warehouse
from feature_warehouse.errors import UnservableError

__all__ = ["column_names", "published_type", "refuse_other_types", "tables_of"]

_NAME: Final = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')


def column_names(relation: str, warehouse: Warehouse) -> list[str]:
    """See ``Warehouse``; for engines with an information schema."""
    parts = zip(_NAME.findall(relation)[::-1], ("name", "schema", "catalog"), strict=False)
    conditions, values = [], []
    for place, ((quoted, plain), part) in enumerate(parts, 1):
        # Whoever quotes a name means it to the letter: PostgreSQL may have another beside it.
        conditions.append(
            f"lower(table_{part}) = lower(${place})" if plain else f"table_{part} = ${place}"
        )
        values.append(plain or quoted.replace('""', '"'))
    query = (
        "select cast(column_name as text) as name from information_schema.columns"
        f" where {' and '.join(conditions)} order by ordinal_position"
    )
    with warehouse.rows(query, f"the columns of {relation}", values) as reader:
        return [str(name) for name in reader.read_all()["name"].to_pylist()]


def tables_of(schema: str, warehouse: Warehouse) -> dict[str, list[str]]:
    """See ``Warehouse``; likewise."""
    query = (
        "select cast(table_name as text) as t, cast(column_name as text) as c"
        " from information_schema.columns where table_schema = $1 order by 1, ordinal_position"
    )
    found: dict[str, list[str]] = {}
    with warehouse.rows(query, f"the tables of {schema}", [schema]) as reader:
        for row in reader.read_all().to_pylist():
            found.setdefault(row["t"], []).append(row["c"])
    return found


def published_type(view: FeatureView, column: Column) -> str:
    """The type that a column has in ``newest_rows_query``."""
    if column in (view.event_timestamp, view.created_timestamp):
        return "timestamp"
    return column.data_type


def refuse_other_types(view: FeatureView, warehouse: Warehouse) -> None:
    """UnservableError where nothing holds a view to its declared types and it has others."""
    if view.is_held_to_types:
        return
    columns = list({each.name: each for each in (*view.columns, *view.tie_order)}.values())
    dialect = warehouse.dialect
    function, text = dialect.type_of, dialect.text
    pairs = ", ".join(
        f"cast({function}({dialect.quote(column.name)}) as {text}) as a{place},"
        f" cast({function}(cast(null as {column.data_type})) as {text}) as d{place}"
        for place, column in enumerate(columns)
    )
    query = f"select {pairs} from (select 1) as one left join {view.relation} on false"
    with warehouse.rows(query, f"feature view {view.name!r}") as reader:
        [types] = reader.read_all().to_pylist()
    found = [
        f"column {column.name!r} is declared as {column.data_type} and is"
        f" {types[f'a{place}'].lower()}"
        for place, column in enumerate(columns)
        if types[f"a{place}"] != types[f"d{place}"]
    ]
    if found:
        raise UnservableError(f"{'; '.join(found)}: declare the actual type, or rebuild it")
