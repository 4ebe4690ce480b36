"""Row keys in Redis that the warehouse does not explain."""

from array import array
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from feature_warehouse.codec.rows import HEADER, OFFSET
from feature_warehouse.redis_store import cluster, layout

__all__ = ["KeySet", "stale_keys"]


class KeySet:
    """Hashes of row keys: eight bytes each, whatever their length."""

    def __init__(self) -> None:
        self._hashes = array("q")

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, keys: list[bytes]) -> None:
        self._hashes.extend(map(hash, keys))

    def without(self, keys: list[bytes]) -> list[bytes]:
        """Those of the keys that were not added."""
        known = pc.is_in(_int64(array("q", map(hash, keys))), value_set=_int64(self._hashes))
        return [key for key, found in zip(keys, known.to_pylist(), strict=True) if not found]


def _int64(numbers: "array[int]") -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])


def stale_keys(
    client: Any, names: layout.Names, generation: layout.Generation, known: KeySet, clock: int
) -> Iterator[tuple[bytes, bool]]:
    """Keys of a generation that are not among the known, and whether readers are told of them.

    That is so until ttl and grace have passed, at a clock in microseconds since 1970 UTC.
    """
    prefix = names.row_prefix(generation.view, generation.number)
    for page in cluster.scan(client, prefix):
        unknown = known.without(page)
        headers = cluster.read(client, unknown) if unknown else []
        for key, row in zip(unknown, headers, strict=True):
            if row is not None:
                yield key, _in_force(generation, row, clock)


def _in_force(generation: layout.Generation, row: bytes, clock: int) -> bool:
    if generation.ttl is None or len(row) < HEADER.size:
        return True
    event: int = HEADER.unpack_from(row)[0] - OFFSET
    return event + generation.ttl + generation.grace >= clock
