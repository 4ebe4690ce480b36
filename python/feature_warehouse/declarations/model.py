"""What a dbt project declares, as data: nothing here knows how it is written or read."""

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from feature_warehouse.declarations.expectations import Check
from feature_warehouse.on_demand.expressions import Node

__all__ = [
    "Column",
    "FeatureView",
    "OnDemandFeature",
    "Registry",
    "RequestColumn",
    "Service",
    "ServicePart",
    "WrittenFor",
]


class WrittenFor(msgspec.Struct, frozen=True):
    """The target by which dbt named the relations.

    ``database`` is '' where the engine has none. ``file`` is that of the database if it is one, as
    in the profile; ``numeric`` the digits of a decimal that is declared without any, None where it
    has no limits; ``spellings`` other names of types.
    """

    adapter: str
    target: str
    database: str
    schema: str
    file: str | None = None
    numeric: tuple[int, int] | None = None
    spellings: dict[str, list[str]] = {}


class Column(msgspec.Struct, frozen=True):
    """A declared column; ``data_type`` as in the model's contract.

    ``type_name`` is the one name of its type, however that is spelt; empty where it is
    ``data_type``.
    ``owner`` and ``tags`` are its own, without those of the view. Values of a column with personal
    data (``pii``) appear in no message and no report.
    """

    name: str
    data_type: str
    description: str = ""
    default: Any = None
    pii: bool = False
    owner: str | None = None
    tags: tuple[str, ...] = ()
    type_name: str = ""

    @property
    def type(self) -> str:
        """The one name of its type, by which types are compared."""
        return self.type_name or self.data_type


class FeatureView(msgspec.Struct, frozen=True):
    """What has a ``feature_view`` block. Lengths are microseconds; ttl None means none.

    ``tie_order`` are the columns that decide between rows of equal keys and timestamps: the
    declared ``tie_breaker``, then the features.
    ``checksum`` is dbt's of the model's text; ``built_at`` the start of the dbt invocation that
    built it, in microseconds since 1970 UTC, None if that was an earlier one than we know of.
    ``checks`` is what a gated view expects of its rows, None of a view that is not gated.
    ``tests`` are names by column; those of the view as a whole stand under ''. ``has_windows`` is
    true of a view that ``window_features`` computes.
    ``is_held_to_types`` is false of a seed or snapshot, which may have other types than declared.
    ``name`` has the version of a model that has versions, as in ``orders.v2``;
    ``name_in_fingerprints``, empty where it is the same, has none for version 1.
    ``deprecation_date`` is an ISO date.
    """

    name: str
    relation: str
    description: str
    join_keys: tuple[Column, ...]
    event_timestamp: Column
    created_timestamp: Column | None
    availability_lag: int
    ttl: int | None
    features: tuple[Column, ...]
    tie_order: tuple[Column, ...]
    online: bool
    unique_id: str = ""
    checksum: str = ""
    built_at: int | None = None
    checks: tuple[Check, ...] | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    tests: dict[str, tuple[str, ...]] = {}
    has_windows: bool = False
    is_held_to_types: bool = True
    name_in_fingerprints: str = ""
    deprecation_date: str | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """What is published, in the order of ``Warehouse.newest_rows``."""
        created = (self.created_timestamp,) if self.created_timestamp else ()
        return (*self.join_keys, *self.features, self.event_timestamp, *created)


class ServicePart(msgspec.Struct, frozen=True):
    """The share of one view: ``features`` maps names in the view to names in the vector.

    ``event_timestamp_as`` and ``age_as`` are the names of the row's event timestamp and of its age
    in seconds, where the training set has them; they stand behind the features.
    """

    view: FeatureView
    join_keys: dict[str, str]
    features: dict[str, str]
    event_timestamp_as: str | None = None
    age_as: str | None = None

    @property
    def instants(self) -> dict[str, tuple[str, str]]:
        """By these names, what each is and its type as SQL has it."""
        named = {
            self.event_timestamp_as: ("event timestamp", "timestamp"),
            self.age_as: ("age", "double precision"),
        }
        return {name: what for name, what in named.items() if name}


class RequestColumn(msgspec.Struct, frozen=True):
    """A column of the label set that a request gives; ``kind`` is the usual name of its type."""

    name: str
    data_type: str
    kind: str


class OnDemandFeature(msgspec.Struct, frozen=True):
    """A feature that is computed when asked, as declared; ``text`` has one blank between words.

    ``inputs`` are what it is computed from in the end, as ``view:column`` or ``label set:column``;
    ``keys`` the label columns by which their views are joined. ``pii`` is true if one of them is
    flagged. The rest is said of the column of the training set.
    """

    name: str
    declared: str
    text: str
    expression: Node
    inputs: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    pii: bool = False
    description: str = ""
    owner: str | None = None
    tags: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()

    @property
    def data_type(self) -> str:
        """The type of its values as a contract has it."""
        kind = self.expression.type
        return {"integer": "bigint", "double": "double precision"}.get(kind, kind)


class Service(msgspec.Struct, frozen=True):
    """The ordered features of a training set, which the model is served with.

    ``name`` has the version of a training set that has versions. ``deprecation_date`` is an ISO
    date.
    ``on_demand`` come after those of the parts. ``hidden`` are inputs of theirs that the vector
    does not have; ``request`` are the columns of the label set that they name, ``timestamp`` is
    that of its instants. ``label_columns`` are all of its columns and that of the split, none if it
    has no enforced contract. ``sql`` is the training set's as compiled, '' if dbt did not compile
    it. ``pii`` are the entity keys, request columns and features that hold personal data, but for
    on-demand features, which say so themselves.
    """

    name: str
    training_set: str
    parts: tuple[ServicePart, ...]
    labels: str = ""
    relation: str | None = None
    description: str = ""
    unique_id: str = ""
    deprecation_date: str | None = None
    on_demand: tuple[OnDemandFeature, ...] = ()
    hidden: tuple[str, ...] = ()
    request: tuple[RequestColumn, ...] = ()
    timestamp: str = ""
    label_columns: tuple[str, ...] = ()
    sql: str = ""
    pii: tuple[str, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names in the vector, in its order."""
        names = [name for part in self.parts for name in (*part.features.values(), *part.instants)]
        names += [one.name for one in self.on_demand]
        return tuple(name for name in names if name not in self.hidden)

    @property
    def personal(self) -> set[str]:
        """``pii``, and the times of rows whose event timestamp is flagged."""
        flagged = (part.instants for part in self.parts if part.view.event_timestamp.pii)
        return {*self.pii, *(name for instants in flagged for name in instants)}

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, others if a feature's name, type, source, keys or place change."""
        lines: list[str] = []
        for part in self.parts:
            view, by = part.view.name_in_fingerprints or part.view.name, _pairs(part)
            lines += [
                f"{output}={view}.{feature.name}:{feature.type} by {by}"
                for name, output in part.features.items()
                for feature in part.view.features
                if feature.name == name
            ]
            lines += [f"{name}={view}:{what} by {by}" for name, (what, _) in part.instants.items()]
        lines += [f"{one.name}={one.text}:{one.expression.type}" for one in self.on_demand]
        lines += [f"request {one.name}:{one.kind}" for one in self.request]
        lines += [f"hidden {name}" for name in self.hidden]
        return hashlib.md5("\n".join(lines).encode(), usedforsecurity=False).hexdigest()[:16]


def _pairs(part: ServicePart) -> str:
    return ",".join(f"{key}={column}" for key, column in part.join_keys.items())


class Registry(msgspec.Struct, frozen=True):
    """What one dbt invocation declared; ``label_sets`` are their declared columns.

    Each version of a view, service or label set is one of its own. ``latest`` maps the name without
    a version to the one that is meant by it, of views and services.
    """

    project: str
    adapter: str
    invocation_id: str
    generated_at: datetime
    views: dict[str, FeatureView]
    services: dict[str, Service]
    label_sets: dict[str, tuple[str, ...]] = {}
    written_for: WrittenFor | None = None
    latest: dict[str, str] = {}

    @property
    def served_names(self) -> dict[str, str]:
        """Of ``latest`` what readers may ask for: services, and views that are online."""
        return {
            name: full
            for name, full in self.latest.items()
            if full in self.services or self.views[full].online
        }
