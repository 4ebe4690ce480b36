"""What a run has to do with a view, and why."""

import hashlib
import time
from datetime import datetime
from typing import Any, Final

import msgspec
import pyarrow as pa

from feature_warehouse.codec.arrow import key_type, stored_default, stored_type
from feature_warehouse.codec.rows import schema_fingerprint, to_microseconds
from feature_warehouse.declarations.model import FeatureView
from feature_warehouse.engines import Inspection, Warehouse
from feature_warehouse.publishing.generations import Stored
from feature_warehouse.redis_store import layout

__all__ = ["GRACE", "Clock", "Task", "changes", "declaration", "describe", "plan"]

GRACE: Final = 86_400_000_000
"""How long a row stays after its ttl, in microseconds: within it readers are told *expired*."""

_DIGITS: Final = 16


class Clock(msgspec.Struct, frozen=True):
    """The instant a run calls now, in microseconds since 1970 UTC."""

    now: int
    simulated: bool

    @classmethod
    def real(cls) -> "Clock":
        return cls(time.time_ns() // 1000, simulated=False)

    @classmethod
    def at(cls, instant: datetime) -> "Clock":
        """A simulated clock, which readers follow too. A naive instant is UTC."""
        return cls(to_microseconds(instant), simulated=True)


class Task(msgspec.Struct, frozen=True):
    """What a run does with a view, and why.

    ``mode`` is ``full`` (a new generation), ``compare`` (every entity's newest row is compared with
    the generation in service) or ``incremental`` (only entities that got rows).
    """

    mode: str
    reason: str
    inspection: Inspection
    watermark: int
    inferred: bool
    schema: pa.Schema
    current: Stored[layout.Generation] | None


def plan(
    view: FeatureView,
    clock: Clock,
    warehouse: Warehouse,
    current: Stored[layout.Generation] | None,
    *,
    full_refresh: bool,
) -> Task:
    """Look at the whole view, and change nothing.

    ``current`` is the generation in service. Raises UnservableError for what cannot be served.
    """
    published = current.value if current else None
    last = (published.clock, published.watermark) if published else None
    watermark, inferred = _watermark(view, clock, published, warehouse)
    schema = warehouse.schema(view)
    inspection = warehouse.inspect(view, clock.now, watermark, last)
    fresh = describe(view, schema, simulated=clock.simulated)
    if published is None:
        mode, reason = "full", "nothing is published yet"
    elif full_refresh:
        mode, reason = "full", "--full-refresh"
    else:
        mode, reason = _choose(view, clock, published, fresh, inspection)
    return Task(mode, reason, inspection, watermark, inferred, schema, current)


def _watermark(
    view: FeatureView, clock: Clock, current: layout.Generation | None, warehouse: Warehouse
) -> tuple[int, bool]:
    """Until when rows were loaded that the warehouse has now, and whether that is inferred.

    An earlier one does no harm. Nobody knows it where dbt has run something since, such as tests.
    """
    if view.built_at is not None:
        return min(clock.now, view.built_at), False
    known = min(clock.now, current.watermark) if current else 0
    if view.created_timestamp is None:
        return known, False
    return max(known, warehouse.newest_load(view, clock.now)), True


def _choose(
    view: FeatureView,
    clock: Clock,
    current: layout.Generation,
    fresh: layout.Generation,
    inspection: Inspection,
) -> tuple[str, str]:
    """Mode and reason of a run over a view that is published."""
    if why := _unfit(clock, current, fresh):
        return "full", why
    if not current.history and view.has_windows:
        return "compare", "a window view's rows change as time goes by, whatever was loaded"
    if not current.history:
        return "compare", "the view has no created timestamp"
    if current.entities is None or current.reached != current.clock:
        return "compare", "a run was cut off, or an entity forgotten"
    before, during = current.history.split(" ")
    before_now, during_now = inspection.history_then.split(" ")
    if before != before_now and current.inferred:
        return "compare", "rows arrived behind the newest load time that was seen, or changed"
    if before != before_now:
        return "full", "rows were deleted, rewritten, or added before the watermark"
    if during != during_now and not during.startswith("0:"):
        return "compare", "rows that were loaded during the last build changed"
    if current.checksum != view.checksum:
        return "compare", "the model's SQL changed"
    return "incremental", f"{inspection.behind} rows since the last watermark"


def _unfit(clock: Clock, current: layout.Generation, fresh: layout.Generation) -> str:
    """Why rows of today cannot be put into the generation in service, if they cannot."""
    if parts := changes(current, fresh):
        return f"{parts} changed"
    if current.grace != fresh.grace:
        return "this version keeps expired rows for a different time"
    if current.simulated != clock.simulated:
        return "the clock is no longer simulated" if current.simulated else "a simulated clock"
    if current.reached > clock.now:
        return "the clock is earlier than that of the last run"
    return ""


def changes(one: layout.Generation, other: layout.Generation) -> str:
    """In what the declarations of two generations differ; nothing where they are the same."""
    if one.schema != other.schema:
        return "the columns"
    parts = dict.fromkeys([*other.declaration, *one.declaration])
    differing = [part for part in parts if one.declaration.get(part) != other.declaration.get(part)]
    return " and ".join(f"the {part}" for part in differing)


def declaration(view: FeatureView) -> dict[str, str]:
    """Fingerprints of all that says which row is an entity's newest, and how it is read.

    Each stands under what people call it.
    """
    created = view.created_timestamp
    parts: dict[str, Any] = {
        "relation": view.relation,
        "join keys": [key.name for key in view.join_keys],
        "event timestamp": view.event_timestamp.name,
        "created timestamp": created.name if created else None,
        "availability lag": view.availability_lag,
        "ttl": view.ttl,
        "tie-breaker": [column.name for column in view.tie_order],
        "data types": [(column.name, column.data_type) for column in view.columns],
        "defaults": [(column.name, column.default) for column in view.features],
    }
    return {
        part: hashlib.sha256(repr(value).encode()).hexdigest()[:_DIGITS]
        for part, value in parts.items()
    }


def describe(
    view: FeatureView, schema: pa.Schema, *, simulated: bool, number: int = 0
) -> layout.Generation:
    """An empty generation with names and types as the warehouse delivers them.

    Raises UnservableError for a column that cannot be served, UsageError for a wrong default.
    """
    fields = list(schema)
    keys = tuple(
        layout.Column(key.name, key_type(key.name, field))
        for key, field in zip(view.join_keys, fields, strict=False)
    )
    features: list[layout.Feature] = []
    for column, field in zip(view.features, fields[len(keys) :], strict=False):
        stored = stored_type(column.name, field)
        default = stored_default(column.name, column.default, field.type, stored)
        features.append(layout.Feature(column.name, stored, default))
    return layout.Generation(
        view=view.name,
        number=number,
        keys=keys,
        features=tuple(features),
        schema=schema_fingerprint(
            [(key.name, key.type) for key in keys] + [(f.name, f.type) for f in features]
        ),
        declaration=declaration(view),
        ttl=view.ttl,
        grace=GRACE,
        simulated=simulated,
        entities=0,
    )
