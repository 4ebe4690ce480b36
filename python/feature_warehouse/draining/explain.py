"""One logged request: what it was served, and where each value came from.

All is read from the warehouse, where `drain` has put it: the request from the table of its service,
and what runs there were from the publication log. Which feature comes from which view is said by
the manifest.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from feature_warehouse.declarations.model import Registry, Service
from feature_warehouse.draining.publications import PUBLICATIONS
from feature_warehouse.draining.tables import column_of, table_of
from feature_warehouse.engines import Warehouse
from feature_warehouse.engines.appending import relation_of
from feature_warehouse.engines.dialect import quote
from feature_warehouse.errors import NotPublishedError, UsageError
from feature_warehouse.request_log.tables import labels_of

__all__ = ["Explained", "ExplainedRow", "Run", "explain"]

_OF_VIEWS: Final = ("status", "event_timestamp", "created_timestamp", "run", "generation")


class Run(msgspec.Struct, frozen=True):
    """A run over a view, out of the publication log; instants are in UTC."""

    run: int
    generation: int
    mode: str
    clock: datetime
    finished_at: datetime


class ExplainedRow(msgspec.Struct, frozen=True):
    """The row of a view that a request was served, and its features.

    ``run`` is the number of the run that wrote it. ``written_by`` is that run, ``in_service`` the
    last that had come to its end when it was read: the values are those that the warehouse had at
    its clock. Both are None where the publication log has none.
    """

    view: str
    status: str
    event_timestamp: datetime | None
    created_timestamp: datetime | None
    generation: int
    run: int | None
    written_by: Run | None
    in_service: Run | None
    features: dict[str, Any]


class Explained(msgspec.Struct, frozen=True):
    """One entity of a request.

    ``given`` are entity keys and request columns, ``computed`` on-demand features; ``other`` are
    columns of the table that the service does not have as the manifest declares it.
    """

    service: str
    request_id: str
    position: int
    requested_at: datetime
    clock: datetime
    fingerprint: str
    tag: str | None
    given: dict[str, Any]
    rows: list[ExplainedRow]
    computed: dict[str, Any]
    other: dict[str, Any]


def explain(
    registry: Registry,
    warehouse: Warehouse,
    credentials: Any,
    request_id: str,
    service: str | None = None,
) -> list[Explained]:
    """The entities of a request, of one service or of all that have a table.

    Raises NotPublishedError if no table has the request, UsageError if there is no such service or
    none has a table.
    """
    if service is not None:
        service = registry.latest.get(service, service)
        if service not in registry.services:
            raise UsageError(f"there is no service {service!r} in the manifest")
    names = [service] if service else list(registry.services)
    columns = warehouse.tables_of(credentials.schema)
    tables = {name: table for name in names if (table := table_of(name)) in columns}
    if not tables:
        raise UsageError(
            f"no table of logged requests is in {credentials.schema}; run"
            " `feature-warehouse drain --create` first"
        )
    found: list[Explained] = []
    runs = _Runs(warehouse, credentials, is_there=PUBLICATIONS in columns)
    for name, table in tables.items():
        own = columns[table]
        column = column_of(own, "request_id", registry.services[name])
        query = f"select * from {relation_of(credentials, table)} where {quote(column)} = $1"
        with warehouse.rows(query, table, [request_id]) as reader:
            rows = reader.read_all().to_pylist()
        found += [_explained(registry.services[name], own, row, runs) for row in rows]
    if not found:
        raise NotPublishedError(
            f"no request {request_id!r} is in {', '.join(tables.values())}; it was not logged, is"
            " not drained yet, or was erased by `forget`"
        )
    return sorted(found, key=lambda one: (one.service, one.requested_at, one.position))


class _Runs:
    """The publication log of each view, looked up when it is first asked for."""

    def __init__(self, warehouse: Warehouse, credentials: Any, *, is_there: bool) -> None:
        self._warehouse, self._is_there = warehouse, is_there
        self._relation = relation_of(credentials, PUBLICATIONS)
        self._found: dict[str, list[Run]] = {}

    def of(self, view: str) -> list[Run]:
        """In the order in which they ended; a rollback is none."""
        if not self._is_there:
            return []
        if view not in self._found:
            query = (
                "select run, generation, mode, clock, finished_at"
                f" from {self._relation} where view = $1 order by finished_at, run"
            )
            with self._warehouse.rows(query, PUBLICATIONS, [view]) as reader:
                self._found[view] = [Run(**row) for row in reader.read_all().to_pylist()]
        return self._found[view]


def _explained(
    service: Service, columns: Sequence[str], row: Mapping[str, Any], runs: _Runs
) -> Explained:
    left = dict(row)

    def take(name: str) -> Any:
        return left.pop(column_of(columns, name, service))

    head = {
        name: take(name)
        for name in ("request_id", "position", "requested_at", "clock", "fingerprint", "tag")
    }
    take("read_id")
    labels = labels_of([part.view.name for part in service.parts])
    # The log may have no rows of a view that the service has got since.
    versions = [
        {name: take(f"{label}_{name}") for name in _OF_VIEWS}
        if {f"{label}_{name}" for name in _OF_VIEWS} <= {one.rstrip("_") for one in columns}
        else None
        for label in labels
    ]
    given = [key for part in service.parts for key in part.join_keys.values()]
    given += [one.name for one in service.request]
    taken = {name: left.pop(name) for name in dict.fromkeys(given) if name in left}
    rows = []
    for part, version in zip(service.parts, versions, strict=True):
        if version is None:
            continue
        outputs = [*part.features.values(), *part.instants]
        features = {name: left.pop(name) for name in outputs if name in left}
        known = runs.of(part.view.name)
        before = [one for one in known if one.finished_at <= head["requested_at"]]
        wrote = [one for one in before if one.run == version["run"] and one.mode != "rollback"]
        rows.append(
            ExplainedRow(
                view=part.view.name,
                **version,
                written_by=wrote[-1] if wrote else None,
                in_service=before[-1] if before else None,
                features=features,
            )
        )
    computed = {one.name: left.pop(one.name) for one in service.on_demand if one.name in left}
    return Explained(
        service=service.name, given=taken, rows=rows, computed=computed, other=left, **head
    )
