"""Redis beside the warehouse, row by row, and beside the declarations: what differs, and how.

Values of on-demand features are not computed again: they are compared before a service goes into
use (``publishing.equality``), and here it is seen to that readers still have the same expressions.
"""

import operator
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from itertools import repeat
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import msgspec
import pyarrow as pa

from feature_warehouse.codec.rows import CHECKSUM, INTACT, seed
from feature_warehouse.declarations.model import FeatureView, Registry, Service
from feature_warehouse.engines import BATCH_ROWS, Warehouse
from feature_warehouse.errors import (
    FeatureWarehouseError,
    NotPublishedError,
    UnservableError,
    UsageError,
)
from feature_warehouse.publishing.encoder import RowEncoder
from feature_warehouse.publishing.generations import Generations, Stored
from feature_warehouse.publishing.run_plan import Clock, changes, describe, plan
from feature_warehouse.publishing.run_results import read_results
from feature_warehouse.publishing.services import Services
from feature_warehouse.publishing.stale_keys import KeySet, stale_keys
from feature_warehouse.publishing.writer import Rows
from feature_warehouse.redis_store import cluster, layout
from feature_warehouse.redis_store.connection import reachable

__all__ = ["Verification", "stopped_by_gate", "verify"]

_EXAMPLES: Final = 10
_PUBLISH: Final = "run `feature-warehouse materialize`"
_RENEW: Final = (
    "run `feature-warehouse materialize --full-refresh`, which publishes every row again"
)

# Parts of a row (see ``codec.rows``); between the two is the number of the run.
_VERSION: Final = slice(0, 16)
_CONTENT: Final = slice(20, -CHECKSUM.size)


class Verification(msgspec.Struct):
    """How a view in Redis compares with the warehouse at the clock of its last run.

    Or how a ``service`` compares with its declaration; it has no view, no rows and no clock. Its
    description in Redis can be *missing* or *damaged*, or say something else (*value*).

    ``status`` is success, difference, error, or skipped for what is neither built nor published.
    ``differences`` counts by kind: *missing* and *extra* entities; *older* and *newer* rows than
    the warehouse's newest; another *value* or type at the same version; *damaged* bytes; another
    *expiry*. ``examples`` are the first row keys of each kind, ``message`` says what happened, as
    far as it can be known, and what to do.
    """

    view: str
    status: str = "success"
    message: str = ""
    exit_code: int = 0
    generation: int | None = None
    clock: int = 0
    rows_compared: int = 0
    differences: dict[str, int] = {}
    examples: dict[str, list[str]] = {}
    service: str = ""


def verify(
    registry: Registry,
    client: Any,
    names: layout.Names,
    warehouse: Warehouse,
    *,
    selected: set[str] | None = None,
    sample: int | None = None,
    stopped: Mapping[str, int] = {},
) -> Iterator[Verification]:
    """Compare view by view; with ``sample`` so many entities of each, if it has them.

    After them the services that read one of them, if all their views are in service as declared.

    ``stopped`` are views that their gate stopped in the last run, and when it ended (microseconds
    since 1970 UTC).

    The clock is that of the last run (rule 5 of docs/rules.md), the warehouse is as it is now: what
    a build has added since and no run has published counts as a difference.
    """
    seen: dict[str, str] = {}
    for view in registry.views.values():
        if view.online and (selected is None or view.unique_id in selected):
            result = Verification(view.name)
            with _reported(result, client):
                _verify(result, client, names, view, warehouse, sample, stopped)
            seen[view.name] = result.status
            yield result
    services = Services(client, names)
    for service in registry.services.values():
        views = {part.view.name: part.view for part in service.parts}
        found = {seen.get(name, "") for name in views}
        is_served = all(view.online for view in views.values())
        if is_served and found & {"success", "difference"} and not found & {"error", "skipped"}:
            result = Verification("", service=service.name)
            with _reported(result, client):
                _verify_service(result, services, service)
            yield result


@contextmanager
def _reported(result: Verification, client: Any) -> Iterator[None]:
    """Errors go into the result."""
    try:
        with reachable(client):
            yield
    except FeatureWarehouseError as error:
        result.status, result.message, result.exit_code = "error", str(error), error.exit_code


def _verify_service(result: Verification, services: Services, service: Service) -> None:
    """Compare what readers are told, expressions included, with what they would be told now."""
    key, found, wanted = services.told(service)
    if found == wanted:
        return
    kind, what = "value", "it is not described as declared"
    if isinstance(found, str):
        kind, what = found, f"its description is {found}"
    elif wrong := _wrong_expressions(found, wanted):
        what = f"the expression of {', '.join(map(repr, wrong))} is not the declared one"
    result.status, result.exit_code = "difference", 1
    result.differences, result.examples = {kind: 1}, {kind: [key]}
    result.message = f"{what}; {_PUBLISH}"


def _wrong_expressions(found: layout.Service, wanted: layout.Service) -> list[str]:
    told = {one.name: one for one in found.on_demand}
    return [one.name for one in wanted.on_demand if told.get(one.name) != one]


def _verify(
    result: Verification,
    client: Any,
    names: layout.Names,
    view: FeatureView,
    warehouse: Warehouse,
    sample: int | None,
    stopped: Mapping[str, int],
) -> None:
    generations = Generations(client, names, view.name)
    found = generations.find(generations.pointer().value.version)
    if found is None and not _is_built(view, warehouse):
        result.status, result.message = "skipped", "neither built nor published yet"
        return
    if found is None:
        raise NotPublishedError(f"{view.name!r} is not published in {names.store}")
    generation = found.value
    declared = describe(view, warehouse.schema(view), simulated=generation.simulated)
    # The declaration says which row is the newest, and what readers are told where there is none.
    if parts := changes(generation, declared):
        raise UsageError(
            f"{view.name!r}: {parts} changed since it was published; run"
            " `feature-warehouse materialize`"
        )
    result.generation, result.clock = generation.number, generation.clock
    now = generation.clock
    if not generation.simulated:
        now = max(now, time.time_ns() // 1000)
    encoder = RowEncoder(names, view, generation, run=0, clock=now)
    comparison = _Comparison(client, result, generation.schema)
    with warehouse.newest_rows(view, generation.clock) as reader:
        known = _compare(reader, encoder, comparison, sample)
    for seen, (key, in_force) in enumerate(stale_keys(client, names, generation, known, now)):
        if in_force:
            comparison.note("extra", key)
        if sample and seen >= sample:
            break
    if not result.differences:
        return
    result.status, result.exit_code = "difference", 1
    if stopped.get(view.name, 0) > generation.published_at:
        result.message = (
            "its gate stopped the last run, and nothing of it was published; repair what failed,"
            f" then {_PUBLISH}"
        )
        return
    result.message = _remedy(view, warehouse, found, comparison, len(known), encoder)


def _remedy(
    view: FeatureView,
    warehouse: Warehouse,
    found: Stored[layout.Generation],
    comparison: "_Comparison",
    entities: int,
    encoder: RowEncoder,
) -> str:
    """What happened, as far as it can be known, and the least that repairs it.

    ``entities`` are those of the warehouse. What a run without --full-refresh would do is asked of
    the plan of one.
    """
    kinds, generation = comparison.counts, found.value
    if kinds["damaged"] or kinds["expiry"]:
        return f"rows in Redis are damaged; {_RENEW}"
    clock = Clock(generation.clock, simulated=True) if generation.simulated else Clock.real()
    task = plan(view, clock, warehouse, found, full_refresh=False)
    if task.mode == "full":
        return f"{task.reason}; {_PUBLISH}"
    if task.mode == "incremental":
        with warehouse.newest_rows(view, generation.clock, generation.watermark) as reader:
            new = sum(comparison.among(rows.keys) for rows in _encoded(reader, encoder))
        if new < kinds.total():
            return f"Redis does not hold what was published; {_RENEW}"
    # Entities that are gone are found by counting, see ``Publication``.
    elif kinds["extra"] and generation.entities == entities - kinds["missing"]:
        return f"Redis holds rows that were not published; {_RENEW}"
    if kinds["older"]:
        return f"the warehouse has newer rows than were published; {_PUBLISH}"
    return f"the warehouse has other rows than were published, or Redis lost some; {_PUBLISH}"


def stopped_by_gate(results: Path, names: layout.Names) -> dict[str, int]:
    """The views that their gate stopped in the last run on this machine, and when it ended.

    ``results`` is the result file of `materialize`; one that is not there, of another store or
    that cannot be read says nothing.
    """
    try:
        content = read_results(results)
        ended = results.stat().st_mtime_ns // 1000
    except (UsageError, OSError):
        return {}
    metadata = content.get("metadata") if content else None
    store = {"project": names.project, "environment": names.environment}
    if not content or not isinstance(metadata, dict) or not store.items() <= metadata.items():
        return {}
    return {
        str(one.get("view")): ended
        for one in content["results"]
        if isinstance(one, dict)
        and isinstance(gate := one.get("gate"), dict)
        and gate.get("failures")
    }


def _is_built(view: FeatureView, warehouse: Warehouse) -> bool:
    try:
        warehouse.schema(view)
    except UnservableError:
        return True
    except UsageError:
        return False
    return True


def _compare(
    reader: Iterable[pa.RecordBatch],
    encoder: RowEncoder,
    comparison: "_Comparison",
    sample: int | None,
) -> KeySet:
    """Compare all rows or a sample; the keys of all."""
    known = KeySet()
    chosen = _Sample(sample or 0)
    take = chosen.add if sample else comparison.compare
    for rows in _encoded(reader, encoder):
        known.add(rows.keys)
        take(rows)
    for rows in chosen.rows.cut(BATCH_ROWS):
        comparison.compare(rows)
    return known


def _encoded(reader: Iterable[pa.RecordBatch], encoder: RowEncoder) -> Iterator[Rows]:
    for large in reader:
        for start in range(0, large.num_rows, BATCH_ROWS):
            yield encoder.encode(large.slice(start, BATCH_ROWS))


class _Sample:
    """The rows of the least hashes of keys: spread evenly, and the same ones at each call."""

    def __init__(self, size: int) -> None:
        self._size, self._bound = size, b"\xff" * 9
        self.rows = Rows([], [], [])

    def add(self, rows: Rows) -> None:
        least = [place for place, key in enumerate(rows.keys) if _hash(key) < self._bound]
        rows = Rows(*map(operator.add, self.rows, rows.at(least)))
        if len(rows.keys) > self._size:
            order = sorted(range(len(rows.keys)), key=lambda place: _hash(rows.keys[place]))
            self._bound = _hash(rows.keys[order[self._size]])
            rows = rows.at(order[: self._size])
        self.rows = rows


def _hash(key: bytes) -> bytes:
    return blake2b(key, digest_size=8).digest()


class _Comparison:
    def __init__(self, client: Any, result: Verification, schema: int) -> None:
        self._client, self._result, self._schema = client, result, schema
        self._differing = KeySet()
        self.counts: Counter[str] = Counter()

    def note(self, kind: str, key: bytes) -> None:
        self.counts[kind] += 1
        self._differing.add([key])
        self._result.differences = dict(sorted(self.counts.items()))
        examples = self._result.examples.setdefault(kind, [])
        if len(examples) < _EXAMPLES:
            examples.append(key.decode(errors="backslashreplace"))

    def among(self, keys: list[bytes]) -> int:
        """How many of these keys differ."""
        return len(keys) - len(self._differing.without(keys))

    def compare(self, rows: Rows) -> None:
        if not rows.keys:
            return
        self._result.rows_compared += len(rows.keys)
        stored = cluster.read(self._client, rows.keys)
        kinds = list(map(_difference, rows.keys, rows.values, stored, repeat(self._schema)))
        due = [int(text) for text in rows.expiries] or [-1] * len(rows.keys)
        times = cluster.expiries(self._client, rows.keys)
        for key, kind, expected, found in zip(rows.keys, kinds, due, times, strict=True):
            if kind or found not in (expected, -2):
                self.note(kind or "expiry", key)


def _difference(key: bytes, expected: bytes, found: bytes | None, schema: int) -> str:
    if found is None:
        return "missing"
    if crc32(found, seed(key, schema)) != INTACT:
        return "damaged"
    if found[_VERSION] != expected[_VERSION]:
        return "older" if found[_VERSION] < expected[_VERSION] else "newer"
    return "" if found[_CONTENT] == expected[_CONTENT] else "value"
