"""Erasing an entity from the tables of logged requests.

Which columns hold the join keys of a view is said by the services as they are declared, and by the
descriptions that the log still has. What neither explains is named, for nobody can tell what it
holds.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from feature_warehouse.codec.keys import KEY_TYPES
from feature_warehouse.codec.stored_types import parse_kind
from feature_warehouse.declarations.model import Registry, Service
from feature_warehouse.draining.tables import plain_type, table_of
from feature_warehouse.engines import Tables
from feature_warehouse.engines.dialect import Dialect
from feature_warehouse.errors import UsageError
from feature_warehouse.request_log.descriptions import HASH_LENGTH
from feature_warehouse.request_log.erasing import Erased, LoggedKeys, Streams, Wanted

__all__ = ["RequestTable", "erase_from_table", "logged_keys", "request_tables", "unexplained"]

_PREFIX: Final = "requests_"
_OURS: Final = {
    *("read_id", "position", "request_id", "requested_at", "clock", "fingerprint", "tag"),
}
_OF_VIEWS: Final = re.compile(r".*_(status|event_timestamp|created_timestamp|run|generation)_*")
_INT_64: Final = range(-(2**63), 2**63)


class RequestTable(msgspec.Struct, frozen=True):
    """A table of logged requests: of which services, and what is known of its columns.

    ``explained`` are the columns of which it is known what they hold.
    """

    name: str
    services: list[str]
    keys: list[LoggedKeys]
    columns: list[str]
    explained: set[str]


def request_tables(
    found: Mapping[str, Sequence[str]], registry: Registry, streams: Streams
) -> list[RequestTable]:
    """Those among the tables of a schema, which are given with their columns."""
    services: dict[str, list[str]] = {}
    for service in sorted({*registry.services, *streams.services}):
        try:
            services.setdefault(table_of(service), []).append(service)
        except UsageError:
            continue  # it has no table
    tables = []
    for name, columns in found.items():
        own = services.get(name, [])
        if not (own or name.startswith(_PREFIX)) or not _is_one(columns):
            continue
        keys: list[LoggedKeys] = []
        explained: set[str] = set()
        for service in own:
            if declared := registry.services.get(service):
                explained |= _declared_columns(declared)
            keys += logged_keys(service, registry, streams)
            for one in streams.descriptions.get(service, {}).values():
                explained |= {*one.service.request, *(each.name for each in one.service.on_demand)}
                for part in one.service.parts:
                    explained |= {*part.join_keys.values(), *part.features.values(), *part.instants}
        tables.append(RequestTable(name, own, keys, [*columns], explained))
    return tables


def logged_keys(service: str, registry: Registry, streams: Streams) -> list[LoggedKeys]:
    """How a service logs join keys, as it is declared and as its descriptions have it."""
    found = streams.logged_keys(service)
    if declared := registry.services.get(service):
        personal = frozenset(declared.pii)
        found += [LoggedKeys(part.view.name, part.join_keys, personal) for part in declared.parts]
    return found


def unexplained(table: RequestTable) -> list[str]:
    """Columns that may be keys of an earlier declaration; all if its service is not known."""
    return [
        column
        for column in table.columns
        if column not in table.explained
        and column.rstrip("_") not in _OURS
        and not _OF_VIEWS.fullmatch(column)
    ]


def erase_from_table(
    tables: Tables, dialect: Dialect, table: RequestTable, wanted: Wanted, *, wait: bool = False
) -> Erased | None:
    """Remove the rows of the entity, and look again; None if the table can have none.

    Raises UsageError where the user of the warehouse may not, or a key's column has a type that no
    key has, and BusyError.
    """
    relation, types = tables.relation(table.name), tables.columns(table.name)
    own = [
        one
        for one in table.keys
        if wanted.given
        and wanted.given.keys() <= one.columns.keys()
        and types.keys() >= {one.columns[name] for name in wanted.given}
    ]
    if not own:
        return None
    kinds = _kinds(types, dialect)
    for column in sorted({one.columns[name] for one in own for name in wanted.given}):
        if column not in kinds:
            raise UsageError(
                f"column {column!r} of {relation} is {types[column]}, a type that no key is logged"
                " as; delete the rows of the entity there yourself"
            )
    conditions = _Conditions(dialect)
    for one in own:
        columns = {
            one.columns[name]: _values(wanted, one.view, name, kinds[one.columns[name]])
            for name in wanted.given
        }
        conditions.add(columns, kinds)
    personal = {one.columns[name] for one in own for name in wanted.given} & {
        column for one in own for column in one.personal
    }
    condition, values = conditions.joined
    erased = left = hashed = without = 0
    if values:
        erased = tables.delete(table.name, condition, values, wait=wait)
        left = tables.count(table.name, condition, values)
    for column in sorted(personal):
        quoted = dialect.quote(column)
        without += tables.count(table.name, f"{quoted} is null", ())
        if wanted.pii_key is None and kinds[column] == "string":
            hashed += tables.count(table.name, f"length({quoted}) = {HASH_LENGTH}", ())
    return Erased(relation, erased, left, hashed, without)


class _Conditions:
    """Conditions in SQL, of which one has to hold, and the values that they are bound to."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._texts: list[str] = []
        self._values: list[str] = []
        self._known: list[dict[str, list[str]]] = []

    def add(self, columns: dict[str, list[str]], kinds: Mapping[str, str]) -> None:
        """Rows in which each of these columns has one of its values."""
        if columns in self._known or not all(columns.values()):
            return
        self._known.append(columns)
        terms = []
        for column, values in columns.items():
            kind = self._dialect.stored_as(parse_kind(kinds[column]))
            options = []
            for value in values:
                self._values.append(value)
                parameter = self._dialect.parameter % len(self._values)
                options.append(f"cast(cast({parameter} as {self._dialect.text}) as {kind})")
            terms.append(f"{self._dialect.quote(column)} in ({', '.join(options)})")
        self._texts.append(f"({' and '.join(terms)})")

    @property
    def joined(self) -> tuple[str, list[str]]:
        return " or ".join(self._texts), self._values


def _is_one(columns: Collection[str]) -> bool:
    return {"read_id", "position", "fingerprint"} <= {one.rstrip("_") for one in columns}


def _kinds(columns: Mapping[str, str], dialect: Dialect) -> dict[str, str]:
    """The kinds of the columns that can hold a join key."""
    known = {plain_type(dialect.stored_as(parse_kind(kind))): kind for kind in KEY_TYPES}
    return {
        name: known[plain_type(kind)] for name, kind in columns.items() if plain_type(kind) in known
    }


def _values(wanted: Wanted, view: str, name: str, kind: str) -> list[str]:
    """What a column of such a kind may have of the entity, as texts."""
    found = wanted.values(view, name, kind)
    return [text for text in found if kind != "int" or int(text) in _INT_64]


def _declared_columns(service: Service) -> set[str]:
    found: Iterable[str] = (
        column
        for part in service.parts
        for column in (*part.join_keys.values(), *part.features.values(), *part.instants)
    )
    request = (one.name for one in service.request)
    return {*found, *request, *(one.name for one in service.on_demand)}
