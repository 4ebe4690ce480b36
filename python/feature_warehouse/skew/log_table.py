"""The table of a service's logged requests, as `skew` asks it: its columns and what is compared."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from feature_warehouse.declarations.model import OnDemandFeature, Service, ServicePart
from feature_warehouse.draining.tables import column_of, table_of
from feature_warehouse.engines import Warehouse
from feature_warehouse.engines.appending import relation_of
from feature_warehouse.engines.dialect import quote
from feature_warehouse.errors import UsageError
from feature_warehouse.on_demand.expressions import names_in
from feature_warehouse.request_log.tables import labels_of

__all__ = ["ASKED", "LogTable", "Part", "columns_of", "log_table"]

ASKED: Final = "feature_warehouse_asked"
"""The table of the requests that are looked at more closely, which our connection alone sees."""

_OURS: Final = ("read_id", "position", "request_id", "requested_at", "clock", "fingerprint")
_OF_PARTS: Final = ("status", "event_timestamp", "created_timestamp", "run", "generation")


class Part(msgspec.Struct, frozen=True):
    """A view of the service by its place there; ``columns`` are ours, ``values`` are compared."""

    place: int
    declared: ServicePart
    columns: dict[str, str]
    values: tuple[str, ...]


class LogTable(msgspec.Struct, frozen=True):
    """``columns`` are ours by what they are; ``reasons`` say why values are not compared.

    ``inputs`` are the values of views that each on-demand feature reads, with the part's place.
    """

    service: Service
    relation: str
    columns: dict[str, str]
    keys: tuple[str, ...]
    parts: tuple[Part, ...]
    on_demand: tuple[OnDemandFeature, ...]
    inputs: dict[str, dict[str, int]]
    reasons: dict[str, str]
    prefix: str

    @property
    def served(self) -> list[str]:
        """The values that are compared, part by part, then those of on-demand features."""
        names = [name for part in self.parts for name in part.values]
        return names + [one.name for one in self.on_demand]

    def request(self) -> dict[str, Any]:
        """What the macro ``_skew_plan`` is asked."""
        return {
            "service": self.service.name,
            "fingerprint": self.service.fingerprint,
            "log": self.relation,
            "asked": ASKED,
            "columns": self.columns,
            "given": list(self.keys),
            "parts": [{"place": one.place, "columns": one.columns} for one in self.parts],
            "on_demand": [one.name for one in self.on_demand],
            "served": self.served,
            "prefix": self.prefix,
        }

    def between(self) -> str:
        """The condition that a request was made in the time that the parameters name."""
        at = quote(self.columns["requested_at"])
        return f"{at} >= cast($1 as timestamp) and {at} < cast($2 as timestamp)"

    def is_own(self) -> str:
        """The condition that a request was served by the declared fingerprint."""
        return f"{quote(self.columns['fingerprint'])} = '{self.service.fingerprint}'"


def columns_of(warehouse: Warehouse, schema: str, table: str) -> dict[str, str]:
    """The types of a table's columns by their names, in order; none if there is no such table."""
    query = (
        "select cast(column_name as text) as name, cast(data_type as text) as type"
        " from information_schema.columns where table_schema = $1 and table_name = $2"
        " order by ordinal_position"
    )
    with warehouse.rows(query, table, [schema, table]) as reader:
        return {row["name"]: row["type"].lower() for row in reader.read_all().to_pylist()}


def log_table(service: Service, warehouse: Warehouse, credentials: Any) -> LogTable:
    """Look at the table of a service. Raises UsageError if it is not there."""
    table = table_of(service.name)
    types = columns_of(warehouse, credentials.schema, table)
    if not types:
        raise UsageError(
            f"no table {table} is in {credentials.schema}; run `feature-warehouse drain --create`"
            " first"
        )
    labels = labels_of([part.view.name for part in service.parts])
    reasons: dict[str, str] = {}
    parts: list[Part] = []
    for place, (part, label) in enumerate(zip(service.parts, labels, strict=True)):
        outputs = [*part.features.values(), *part.instants]
        if why := _unjudged_part(service, part, label, types):
            reasons |= dict.fromkeys(outputs, why)
            continue
        ours = {role: column_of(types, f"{label}_{role}", service) for role in _OF_PARTS}
        reasons |= _unjudged(service, outputs, types)
        values = tuple(one for one in outputs if one not in reasons and one in service.outputs)
        parts.append(Part(place, part, ours, values))
    judged, inputs = {part.place for part in parts}, _inputs(service)
    given = [key for part in parts for key in part.declared.join_keys.values()]
    # Of personal data the log may have a hash, which is no value of the column's type.
    asked = (one.name for one in service.request if one.name not in service.personal)
    given += [name for name in asked if name in types]
    on_demand: list[OnDemandFeature] = []
    for one in service.on_demand:
        if one.name in service.hidden:
            continue
        reasons |= _unjudged(service, [one.name], types)
        if one.pii or one.name not in types or not {*inputs[one.name].values()} <= judged:
            reasons.setdefault(one.name, "it is computed from what is not in the log")
        elif one.name not in reasons:
            on_demand.append(one)
    return LogTable(
        service=service,
        relation=relation_of(credentials, table),
        columns={role: column_of(types, role, service) for role in _OURS},
        keys=tuple(dict.fromkeys(given)),
        parts=tuple(parts),
        on_demand=tuple(on_demand),
        inputs=inputs,
        reasons={name: why for name, why in reasons.items() if name in service.outputs},
        prefix=_free_prefix([*types, *service.outputs, *service.hidden]),
    )


def _unjudged_part(
    service: Service, part: ServicePart, label: str, types: Mapping[str, str]
) -> str:
    personal = [key for key in part.join_keys.values() if key in service.personal]
    if personal:
        return f"its key {personal[0]} is personal data, which the log does not have"
    try:
        _ = [column_of(types, f"{label}_{role}", service) for role in _OF_PARTS]
    except KeyError:
        return f"the log has no rows of view {part.view.name}"
    lost = [key for key in part.join_keys.values() if key not in types]
    return f"the log has no column {lost[0]}" if lost else ""


def _unjudged(service: Service, names: Iterable[str], types: Mapping[str, str]) -> dict[str, str]:
    """Why some values are not compared."""
    found: dict[str, str] = {}
    for name in names:
        if name in service.personal:
            found[name] = "it is personal data, which the log does not have"
        elif name in service.hidden:
            continue
        elif name not in types:
            found[name] = "the log has no column of it"
        elif types[name] == "jsonb":
            found[name] = "it is logged as JSON, which the warehouse writes otherwise"
    return found


def _inputs(service: Service) -> dict[str, dict[str, int]]:
    """By way of other on-demand features too, which come before."""
    places = {
        name: place
        for place, part in enumerate(service.parts)
        for name in (*part.features.values(), *part.instants)
    }
    found: dict[str, dict[str, int]] = {}
    for one in service.on_demand:
        own: dict[str, int] = {}
        for name in names_in(one.expression):
            own |= {name: places[name]} if name in places else found.get(name, {})
        found[one.name] = own
    return found


def _free_prefix(names: Iterable[str]) -> str:
    prefix = "fw_"
    while any(name.lower().startswith(prefix) for name in names):
        prefix = f"x{prefix}"
    return prefix
