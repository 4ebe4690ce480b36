"""Many row values at once, for readers: the format of ``codec.values`` without a call for each."""

import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from feature_warehouse.codec.values import (
    CHECKSUM,
    HEADER,
    INTACT,
    OFFSET,
    decode_row,
    read_header,
)

__all__ = ["BODY", "absent_row", "check_rows", "decode_rows", "event_of", "events_before"]

BODY: Final = HEADER.size
"""Where the features begin in a row."""

END: Final = -CHECKSUM.size
"""Where they end, from the end."""

_LARGEST: Final = 2**64 - 1

_decode: Final = msgspec.msgpack.Decoder(tuple).decode
_event: Final = struct.Struct(">Q")


def check_rows(rows: Sequence[bytes | None], schema: int, keys: Sequence[str | None]) -> None:
    """Check the headers and checksums of rows, None where there is none.

    Raises FingerprintError, naming the key, for what is no row of this schema or damaged.
    """
    there = [row for row in rows if row is not None]
    lengths = set(map(len, there))
    if len(lengths) == 1:
        # One call for all is several times faster than one for each.
        found = zlib.crc32(b"".join(there), schema)
        intact = found == _checksum_of_many(schema, lengths.pop(), len(there))
    else:
        crc32 = zlib.crc32
        intact = all(crc32(row, schema) == INTACT for row in there)
    if not intact:
        for row, key in zip(rows, keys, strict=True):
            if row is not None:
                read_header(row, schema, str(key))


@lru_cache(maxsize=1024)
def _checksum_of_many(schema: int, length: int, count: int) -> int:
    """The CRC-32, begun with the schema, of intact rows of one length, whatever they hold.

    After each of them the CRC depends on what it was before and on the length alone.
    """
    blank = bytes(max(length - CHECKSUM.size, 0))
    return zlib.crc32((blank + CHECKSUM.pack(zlib.crc32(blank, schema))) * count, schema)


def decode_rows(
    rows: Sequence[bytes | None], mark: bytes, absent: bytes, width: int, keys: Sequence[str | None]
) -> list[tuple[Any, ...]]:
    """The features in stored form of rows that were checked.

    ``absent`` stands for the body of those that are not there, or less than ``mark``. Raises
    FingerprintError, naming the key, for a row of another width, which no publisher has written.
    """
    decode = _decode
    try:
        # The bodies are not put into a list: freed one by one, they share one piece of memory.
        found = [decode(absent if row is None or row < mark else row[BODY:END]) for row in rows]
    except msgspec.DecodeError:
        found = []
    if set(map(len, found)) - {width} or len(found) != len(rows):
        for row, key in zip(rows, keys, strict=True):
            if row is not None:
                decode_row(row, width, str(key))
    return found


def absent_row(defaults: Sequence[Any]) -> bytes:
    """What stands for the body of a row that is not there: its defaults, in stored form."""
    return msgspec.msgpack.encode(defaults)


def event_of(row: bytes) -> int:
    """The event timestamp of a checked row, in microseconds since 1970 UTC."""
    return int(_event.unpack_from(row)[0]) - OFFSET


def events_before(instant: int) -> bytes:
    """A mark that compares greater than exactly the rows with an earlier event timestamp.

    ``instant`` is in microseconds since 1970 UTC.
    """
    return _event.pack(min(max(instant + OFFSET, 0), _LARGEST))
