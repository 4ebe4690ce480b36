"""The table of a service's logged requests: its name, its DDL, and what dbt is told of it."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from feature_warehouse.codec.stored_types import parse_kind
from feature_warehouse.declarations.model import Service
from feature_warehouse.engines.dialect import Dialect, quote
from feature_warehouse.errors import UsageError
from feature_warehouse.request_log.tables import TableColumn

__all__ = [
    "Layout",
    "column_of",
    "create_statement",
    "layout_of",
    "missing_statements",
    "plain_type",
    "refuse_other_meanings",
    "source_yaml",
    "table_of",
]

SOURCE: Final = "feature_warehouse_requests"

Layout = dict[str, str]
"""Names of columns with their types in the warehouse."""

_LONGEST_NAME: Final = 63


def table_of(service: str) -> str:
    """The name of a service's table. Raises UsageError where PostgreSQL would cut it off."""
    name = "requests_" + re.sub(r"\W", "_", service)
    if len(name.encode()) > _LONGEST_NAME:
        raise UsageError(
            f"the table {name} of service {service!r} would have a name of more than"
            f" {_LONGEST_NAME} bytes; give the service a shorter name"
        )
    return name


def column_of(columns: Iterable[str], name: str, service: Service) -> str:
    """The column of ours that stands for ``name``: with a ``_`` more where what is logged has it.

    Raises KeyError if there is none, UsageError if there are two that the service as it is declared
    does not have: nobody can tell which is ours.
    """
    found = _alike(columns, name)
    if not found:
        raise KeyError(name)
    keys = {key for part in service.parts for key in part.join_keys.values()}
    others = {*service.outputs, *(one.name for one in service.request)}
    personal = service.personal | {one.name for one in service.on_demand if one.pii}
    # Of what is personal, but for keys, the log has a hash or no column.
    for theirs in (keys | others, keys | (others - personal), set[str]()):
        taken = {one.lower() for one in theirs}
        if free := [one for one in found if one.lower() not in taken]:
            break
    if len(free) > 1:
        raise UsageError(
            f"{table_of(service.name)} has the columns {', '.join(sorted(free))}, and one of them"
            f" is none of the log's own: rename that which a key or feature of {service.name} was"
        )
    return free[0]


def _alike(columns: Iterable[str], name: str) -> list[str]:
    """The columns that a ``_`` or more at their end tell from the name, if anything does."""
    return [one for one in columns if one.rstrip("_").lower() == name.lower()]


def refuse_other_meanings(
    relation: str, own: Mapping[str, str], wanted: Collection[str], found: Collection[str]
) -> None:
    """Raises UsageError if a column of the log's own would get another name than it has.

    That is so if a key, request column or feature has got or lost the name. ``own`` are the names
    that columns of ours have by what they are, ``wanted`` all that are logged now.
    """
    for name, column in own.items():
        there = {*_alike(found, name)}
        if there and (column not in there or there - {*wanted}):
            raise UsageError(
                f"{relation} has the columns {', '.join(sorted(there))}, by which the log's own"
                f" {name!r} cannot be told any more, for a key or feature has got or lost the name;"
                " rename the table, and drain with --create"
            )


def layout_of(columns: Sequence[TableColumn], dialect: Dialect) -> Layout:
    """The columns with the types that the engine has for them."""
    return {column.name: dialect.stored_as(parse_kind(column.kind)) for column in columns}


def create_statement(relation: str, layout: Layout, key: Sequence[str]) -> str:
    """The DDL of a table that is not there."""
    lines = [f"    {quote(name)} {kind}" for name, kind in layout.items()]
    lines.append(f"    primary key ({', '.join(map(quote, key))})")
    body = ",\n".join(lines)
    return f"create table if not exists {relation} (\n{body}\n)"


def missing_statements(relation: str, layout: Layout, found: Mapping[str, str]) -> list[str]:
    """The DDL for columns that a table lacks. Raises UsageError for one of another type."""
    for name, kind in layout.items():
        if name in found and plain_type(found[name]) != plain_type(kind):
            raise UsageError(
                f"column {name!r} of {relation} is {found[name]}, and is now logged as {kind};"
                " rename the column or the table, or change the column's type"
            )
    return [
        f"alter table {relation} add column {quote(name)} {kind}"
        for name, kind in layout.items()
        if name not in found
    ]


def plain_type(kind: str) -> str:
    """A type without what differs in how it is written."""
    return re.sub(r"[\s\"]", "", kind).lower()


def source_yaml(
    table: str,
    text: str,
    columns: Sequence[TableColumn],
    key: Sequence[str],
    dialect: Dialect,
    schema: str,
    name: str = "",
) -> str:
    """A dbt source with a table, which ``text`` describes, by another ``name`` than it has."""
    import yaml  # comes with dbt

    types = layout_of(columns, dialect)
    described: dict[str, Any] = {
        "name": name or table,
        **({"identifier": table} if name else {}),
        "description": text,
        "columns": [
            {
                "name": column.name,
                "data_type": types[column.name],
                "description": column.description,
                **({"data_tests": ["not_null"]} if column.name in key else {}),
            }
            for column in columns
        ],
    }
    source = {
        "name": SOURCE,
        "description": "Requests that readers have logged, as `feature-warehouse drain` has them.",
        "schema": schema,
        "tables": [described],
    }
    found: str = yaml.safe_dump(
        {"version": 2, "sources": [source]}, sort_keys=False, allow_unicode=True, width=100
    )
    return found
