"""Logged reads as Arrow tables with a column for each thing: what `drain` and the folder write.

The values are decoded by what reads them for services, from the description alone. Columns are, in
this order::

    read_id, position       together they tell an entity of a read from any other
    request_id              the caller's, or the read's id as a text
    requested_at            when it was read, by the reader's clock, in UTC
    clock                   the instant that ttl and ages were measured at, in UTC
    fingerprint, tag
    entity keys
    request columns
    features                as the vector has them
    <view>_status           found, expired or missing; a feature of a found row may be NULL
    <view>_event_timestamp, <view>_created_timestamp, <view>_run
                            the version of the row, also of an expired one
    <view>_generation       that was read

A name of ours that a key or a feature has already gets a ``_`` at its end. A view that is read
twice, by other keys, is ``<view>_2`` the second time.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Context, Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID
from zlib import crc32

import msgspec
import pyarrow as pa

from feature_warehouse.codec.arrow.types import arrow_column
from feature_warehouse.codec.rows import HEADER, OFFSET
from feature_warehouse.codec.texts import read_typed
from feature_warehouse.errors import UsageError
from feature_warehouse.on_demand.forms import stored_type_of
from feature_warehouse.request_log.descriptions import Description
from feature_warehouse.request_log.messages import Entities, key_values
from feature_warehouse.serving import columnar
from feature_warehouse.serving.plan import Part, Plan, described_plan
from feature_warehouse.serving.rows import Rows, Status
from feature_warehouse.serving.vectors import FeatureVectors

__all__ = ["Decoder", "TableColumn", "labels_of"]

_LONGEST_NAME: Final = 63
"""Bytes of a name that PostgreSQL keeps."""

_WIDE: Final = Context(prec=60)
_EPOCH: Final = date(1970, 1, 1)
_DAY: Final = 86_400_000_000
_NO_VERSION: Final = (None, None, None)


class TableColumn(NamedTuple):
    """A column of the table of a service; ``kind`` is a stored type."""

    name: str
    kind: str
    description: str


class _Times(Rows):
    """Rows of many reads, each seen at the instant of its own."""

    __slots__ = ("_instants",)

    def __init__(self, part: Part, raw: Sequence[bytes | None], instants: Sequence[int]) -> None:
        """``raw`` are the rows that were fresh then."""
        super().__init__(msgspec.structs.replace(part, ttl=None), [None] * len(raw), raw, 0)
        self._instants = instants

    def instants(self) -> Sequence[int]:
        return self._instants


class Decoder:
    """Makes tables of records by one description."""

    def __init__(self, description: Description) -> None:
        """Raises FingerprintError for a type of a later version."""
        self._description = description
        self._plan = described_plan(
            description.store, description.service, description.generations, description.clocks
        )
        self.own: dict[str, str] = {}
        """The columns of ours, by what they are called where nothing else is called so."""
        self.columns = _columns(description, self._plan, self.own)
        self.key = tuple(column.name for column in self.columns[:2])
        """The columns that tell an entity of a read from any other."""

    def table(self, reads: Sequence[Entities]) -> pa.Table:
        """A row for each entity. Raises ValueError or ArrowException for what is no such read."""
        plan, service = self._plan, self._description.service
        given = [
            [value for one in reads for value in one.given[place]]
            for place in range(len(service.request))
        ]
        counts = [len(one) for one in reads]

        def spread(values: Iterable[Any]) -> list[Any]:
            return [
                value for value, count in zip(values, counts, strict=True) for _ in range(count)
            ]

        arrays: list[Any] = [
            arrow_column(spread(one.read for one in reads), "uuid"),
            pa.array([one.first + place for one in reads for place in range(len(one))], pa.int64()),
            pa.array([text for one in reads for text in _request_ids(one)], pa.string()),
            _instants(spread(one.instant for one in reads)),
            _instants(spread(_nows(plan.parts[0], reads))),
            pa.array([service.fingerprint] * sum(counts), pa.string()),
            pa.array(spread(one.tag for one in reads), pa.string()),
            *self._keys(reads),
        ]
        arrays += [
            _request_column(column, kind)
            for column, (name, kind) in zip(given, service.request.items(), strict=True)
            if name not in plan.entity
        ]
        parts, versions = [], []
        for place, part in enumerate(plan.parts):
            raw = [row for one in reads for row in one.rows[place]]
            nows = spread(_nows(part, reads))
            number = self._description.generations[place].number
            fresh, columns = _seen(part, raw, nows, number)
            parts.append(_Times(part, fresh, nows))
            versions += columns
        numbers = [
            _given(column, kind)
            for column, kind in zip(given, service.request.values(), strict=True)
        ]
        arrays += _values(FeatureVectors(plan, parts, numbers))
        return pa.table(arrays + versions, names=[column.name for column in self.columns])

    def _keys(self, reads: Sequence[Entities]) -> list[Any]:
        """A column for each entity key."""
        plan = self._plan
        found: dict[str, Any] = {}
        for place, keys in enumerate(plan.texts):
            own = [key_values(text, len(keys)) for one in reads for text in one.keys[place]]
            for (name, kind), column in zip(keys, zip(*own, strict=True), strict=True):
                values = [None if text is None else _key(name, text, kind) for text in column]
                found[name] = arrow_column(values, kind)
        return [found[name] for name in plan.entity]


def _columns(description: Description, plan: Plan, ours: dict[str, str]) -> list[TableColumn]:
    """All columns in order; ``ours`` are added by their names."""
    service = description.service
    hashed, left_out = {*description.hashed}, {*description.left_out}

    def told(name: str, text: str) -> str:
        if name in left_out:
            return f"{text}, which is personal data and left out."
        return f"{text}, as a hash, since it is personal data." if name in hashed else f"{text}."

    request = {name: kind for name, kind in service.request.items() if name not in plan.entity}
    own = [
        *(TableColumn(name, kind, told(name, "Entity key")) for name, kind in plan.entity.items()),
        *(
            TableColumn(name, stored_type_of(kind), told(name, "What the request gave"))
            for name, kind in request.items()
        ),
        *(
            TableColumn(name, kind, told(name, "Feature as it was served"))
            for name, kind in zip(plan.names, plan.types, strict=True)
        ),
    ]
    names = {column.name.lower() for column in own}
    first = [
        ("read_id", "uuid", "The call that read it, a UUIDv7."),
        ("position", "int", "The place of the entity in the call, from 0."),
        ("request_id", "string", "The caller's id of the request, or else that of the call."),
        ("requested_at", "timestamp", "When it was read, by the reader's clock, in UTC."),
        ("clock", "timestamp", "The instant that ttl and ages were measured at, in UTC."),
        ("fingerprint", "string", "The service's."),
        ("tag", "string", "What the reader said of itself, such as the version of the model."),
    ]
    last: list[tuple[str, str, str]] = []
    for view, label in zip(plan.parts, labels_of([part.view for part in plan.parts]), strict=True):
        last += [
            (f"{label}_status", "string", f"Of the row of {view.view}: found, expired, missing."),
            (f"{label}_event_timestamp", "timestamp", "The row's event timestamp, in UTC."),
            (f"{label}_created_timestamp", "timestamp", "Its created timestamp, in UTC."),
            (f"{label}_run", "int", "The number of the run that wrote the row."),
            (f"{label}_generation", "int", "The generation that was read."),
        ]
    return [*_free(first, names, ours), *own, *_free(last, names, ours)]


def _free(
    columns: Iterable[tuple[str, str, str]], taken: set[str], ours: dict[str, str]
) -> list[TableColumn]:
    found: list[TableColumn] = []
    for name, kind, text in columns:
        free = name
        while free.lower() in taken:
            free += "_"
        taken.add(free.lower())
        ours[name] = free
        found.append(TableColumn(free, kind, text))
    return found


def labels_of(views: Sequence[str]) -> list[str]:
    """What the columns of each view of a service begin with."""
    found: list[str] = []
    for view in views:
        label = view.replace(".", "_")
        if len(label.encode()) > _LONGEST_NAME - len("_created_timestamp_2_"):
            label = f"{label[:20]}_{crc32(label.encode()):08x}"
        count = sum(one in (label, *(f"{label}_{n}" for n in range(2, 99))) for one in found)
        found.append(f"{label}_{count + 1}" if count else label)
    return found


def _values(vectors: FeatureVectors) -> list[Any]:
    """A column for each feature; decimals are texts where Arrow cannot hold one, such as NaN."""
    try:
        return list(columnar.values(vectors).columns)
    except UsageError:
        columns = zip(*vectors.rows(), strict=True)
    found: list[Any] = []
    for column, kind in zip(columns, vectors.plan.types, strict=True):
        if kind.startswith("decimal"):
            texts = [None if value is None else str(value) for value in column]
            found.append(pa.array(texts, pa.string()))
        else:
            found.append(arrow_column(column, kind))
    return found


def _request_ids(read: Entities) -> Sequence[str]:
    ids = read.request_ids
    if isinstance(ids, list):
        return ids
    if ids is None:
        # As ``str`` of a UUID, in a fifth of the time.
        digits = read.read.hex()
        ids = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return [ids] * len(read)


def _nows(part: Part, reads: Sequence[Entities]) -> list[int]:
    """The instant at which each read saw the part's rows."""
    clock = part.clock
    return [
        one.at if one.at is not None else one.instant if clock is None else clock for one in reads
    ]


def _seen(
    part: Part, raw: Sequence[bytes | None], nows: Sequence[int], generation: int
) -> tuple[list[bytes | None], list[Any]]:
    """The rows that were fresh, and the columns of a view: its rows' status and version."""
    unpack, ttl, grace = HEADER.unpack_from, part.ttl, part.grace
    found, expired, missing = Status.FOUND.value, Status.EXPIRED.value, Status.MISSING.value
    fresh: list[bytes | None] = []
    statuses: list[str] = []
    versions: list[tuple[int | None, int | None, int | None]] = []
    for row, now in zip(raw, nows, strict=True):
        if row is None:
            fresh.append(None)
            statuses.append(missing)
            versions.append(_NO_VERSION)
            continue
        event, created, run, _ = unpack(row)
        event -= OFFSET
        status = found
        if ttl is not None and event < now - ttl:
            status = missing if event < now - ttl - grace else expired
        fresh.append(row if status is found else None)
        statuses.append(status)
        if status is missing:
            versions.append(_NO_VERSION)
        else:
            versions.append((event, created - OFFSET if created else None, run))
    events, loads, runs = zip(*versions, strict=True) if versions else ((), (), ())
    return fresh, [
        pa.array(statuses, pa.string()),
        _instants(events),
        _instants(loads),
        pa.array(runs, pa.int64()),
        pa.array([generation] * len(raw), pa.int64()),
    ]


def _instants(values: Sequence[int | None]) -> Any:
    return pa.array(values, pa.int64()).cast(pa.timestamp("us"))


def _key(name: str, text: str, kind: str) -> Any:
    value = read_typed(f"entity key {name!r}", text, kind)
    return value.bytes if isinstance(value, UUID) else value


def _given(column: Sequence[Any], data_type: str) -> Sequence[Any]:
    """A request column in the form that expressions take."""
    if data_type.startswith("numeric"):
        return [None if value is None else int(value) for value in column]
    return column


def _request_column(column: Sequence[Any], data_type: str) -> Any:
    """The same as a column of a table."""
    kind = stored_type_of(data_type)
    if kind.startswith("decimal"):
        scale = int(kind[:-1].partition(",")[2])
        values = [
            None if one is None else Decimal(int(one)).scaleb(-scale, _WIDE) for one in column
        ]
        return arrow_column(values, kind)
    if kind == "date":
        return arrow_column(
            [None if one is None else _EPOCH + timedelta(days=one // _DAY) for one in column], kind
        )
    if kind == "timestamptz":
        return _instants(column).cast(pa.timestamp("us", tz="UTC"))
    return _instants(column) if kind == "timestamp" else arrow_column(column, kind)
