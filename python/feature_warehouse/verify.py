"""Redis beside the warehouse, row by row: what differs, and how."""

import operator
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import repeat
from typing import Any, Final
from zlib import crc32

import msgspec
import pyarrow as pa

from feature_warehouse import layout, nodes
from feature_warehouse.codec.values import CHECKSUM, INTACT, seed
from feature_warehouse.connection import reachable
from feature_warehouse.encoder import RowEncoder
from feature_warehouse.errors import (
    FeatureWarehouseError,
    NotPublishedError,
    UnservableError,
    UsageError,
)
from feature_warehouse.generations import Generations
from feature_warehouse.registry import FeatureView, Registry
from feature_warehouse.strangers import KeySet, strangers
from feature_warehouse.tasks import changes, describe
from feature_warehouse.warehouse import BATCH_ROWS, Warehouse
from feature_warehouse.writer import Rows

__all__ = ["Verification", "verify"]

_EXAMPLES: Final = 10
_REMEDY: Final = (
    "Redis and the warehouse differ; run `feature-warehouse materialize --full-refresh`, which"
    " publishes every row anew"
)
_VERSION: Final = slice(0, 16)
_CONTENT: Final = slice(20, -CHECKSUM.size)


class Verification(msgspec.Struct):
    """How a view in Redis compares with the warehouse at the clock of its last run.

    ``status`` is success, difference, error, or skipped for what is neither built nor published.
    ``differences`` counts by kind: *missing* and *extra* entities; *older* and *newer* rows than
    the warehouse's newest; another *value*, type or damaged bytes at the same version; another
    *expiry*. ``examples`` are the first row keys of each kind, ``message`` says what to do.
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


def verify(
    registry: Registry,
    client: Any,
    names: layout.Names,
    warehouse: Warehouse,
    *,
    selected: set[str] | None = None,
    sample: int | None = None,
) -> Iterator[Verification]:
    """Compare view by view; with ``sample`` so many entities of each, if it has them.

    The clock is that of the last run (rule 5 of docs/rules.md), the warehouse is as it is now: what
    a build has added since and no run has published counts as a difference.
    """
    for view in registry.views.values():
        if view.online and (selected is None or view.unique_id in selected):
            result = Verification(view.name)
            try:
                with reachable(client):
                    _verify(result, client, names, view, warehouse, sample)
            except FeatureWarehouseError as error:
                result.status, result.message = "error", str(error)
                result.exit_code = error.exit_code
            yield result


def _verify(
    result: Verification,
    client: Any,
    names: layout.Names,
    view: FeatureView,
    warehouse: Warehouse,
    sample: int | None,
) -> None:
    generations = Generations(client, names, view.name)
    found = generations.find(generations.pointer().value.edition)
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
    for seen, (key, in_force) in enumerate(strangers(client, names, generation, known, now)):
        if in_force:
            comparison.note("extra", key)
        if sample and seen >= sample:
            break
    if result.differences:
        result.status, result.exit_code, result.message = "difference", 1, _REMEDY


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
    for large in reader:
        for start in range(0, large.num_rows, BATCH_ROWS):
            rows = encoder.encode(large.slice(start, BATCH_ROWS))
            known.add(rows.keys)
            take(rows)
    for rows in chosen.rows.cut(BATCH_ROWS):
        comparison.compare(rows)
    return known


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
        self._counts: Counter[str] = Counter()

    def note(self, kind: str, key: bytes) -> None:
        self._counts[kind] += 1
        self._result.differences = dict(sorted(self._counts.items()))
        examples = self._result.examples.setdefault(kind, [])
        if len(examples) < _EXAMPLES:
            examples.append(key.decode(errors="backslashreplace"))

    def compare(self, rows: Rows) -> None:
        if not rows.keys:
            return
        self._result.rows_compared += len(rows.keys)
        stored = nodes.read(self._client, rows.keys)
        kinds = list(map(_difference, rows.keys, rows.values, stored, repeat(self._schema)))
        due = [int(text) for text in rows.expiries] or [-1] * len(rows.keys)
        times = nodes.expiries(self._client, rows.keys)
        for key, kind, expected, found in zip(rows.keys, kinds, due, times, strict=True):
            if kind or found not in (expected, -2):
                self.note(kind or "expiry", key)


def _difference(key: bytes, expected: bytes, found: bytes | None, schema: int) -> str:
    if found is None:
        return "missing"
    if found[_VERSION] != expected[_VERSION]:
        return "older" if found[_VERSION] < expected[_VERSION] else "newer"
    intact = crc32(found, seed(key, schema)) == INTACT
    return "" if intact and found[_CONTENT] == expected[_CONTENT] else "value"
