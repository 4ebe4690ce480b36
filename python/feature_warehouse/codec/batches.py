"""Many row values at once, for readers: the format of ``codec.rows`` without a call for each."""

import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, Final

import msgspec

from feature_warehouse.codec.rows import (
    CHECKSUM,
    HEADER,
    INTACT,
    OFFSET,
    decode_row,
    read_header,
    seed,
)

__all__ = ["BODY", "absent_row", "check_rows", "decode_rows", "event_of", "events_before"]

BODY: Final = HEADER.size
"""Where the features begin in a row."""

END: Final = -CHECKSUM.size
"""Where they end, from the end."""

_LARGEST: Final = 2**64 - 1
_ALL_BITS: Final = 2**32 - 1
_NARROW: Final = 512
"""Of longer rows each is checked by itself: spreading their keys would take as long."""


_decode: Final = msgspec.msgpack.Decoder(tuple).decode
_event: Final = struct.Struct(">Q")


def check_rows(rows: Sequence[bytes | None], schema: int, keys: Sequence[str | None]) -> None:
    """Check the headers and checksums of rows, None where there is none.

    Raises FingerprintError, naming the key, for a row of another schema, DamagedError for what is
    no row of that key.
    """
    there: list[Any] = [row for row in rows if row is not None]
    theirs: Sequence[Any] = keys
    if len(there) < len(rows):
        theirs = [key for row, key in zip(rows, keys, strict=True) if row is not None]
    if there and not (_intact_together(there, schema, theirs) or _intact(there, schema, theirs)):
        for row, key in zip(there, theirs, strict=True):
            read_header(row, schema, key)


def _intact(rows: list[bytes], schema: int, keys: Sequence[str]) -> bool:
    """Whether the checksum of each row is that of its bytes, its key and the schema."""
    crc32 = zlib.crc32
    pairs = zip(rows, keys, strict=True)
    return all(crc32(row, crc32(key.encode(), _ALL_BITS) ^ schema) == INTACT for row, key in pairs)


def _intact_together(rows: list[bytes], schema: int, keys: Sequence[str]) -> bool:
    """The same at once, several times faster; False also for rows that it is not made for.

    A CRC is linear: that of rows of one length, one after another, is the sum of what the length
    makes of it and of what each key does. The latter is the CRC of the keys as well, if each ends
    where its row does, with zero bytes before.
    """
    length, count = len(rows[0]), len(rows)
    if count == 1:
        return zlib.crc32(rows[0], seed(keys[0].encode(), schema)) == INTACT
    if length > _NARROW:
        return False
    together = b"".join(rows)
    # Most often keys are of one length too; that is quicker.
    spread = ("\0" * (length - len(keys[0]))).join(keys) if len(keys[0]) == len(keys[-1]) else ""
    if len(spread) != length * (count - 1) + len(keys[0]):
        spread = "".join(map(str.rjust, keys, repeat(length), repeat("\0")))
    if len(together) != length * count or len(spread) > len(together) or not spread.isascii():
        return False
    of_keys = zlib.crc32(bytes(length), zlib.crc32(spread.encode(), _ALL_BITS))
    return zlib.crc32(together, schema) ^ of_keys == _checksum_of_many(schema, length, count)


@lru_cache(maxsize=1024)
def _checksum_of_many(schema: int, length: int, count: int) -> int:
    """The sum that ``_intact_together`` finds if all is well: here for rows and keys of zeros."""
    blank = bytes(max(length - CHECKSUM.size, 0))
    row = blank + CHECKSUM.pack(zlib.crc32(blank, seed(b"", schema)))
    return zlib.crc32(row * count, schema) ^ _ALL_BITS


def decode_rows(
    rows: Sequence[bytes | None], mark: bytes, absent: bytes, width: int, keys: Sequence[str | None]
) -> list[tuple[Any, ...]]:
    """The features in stored form of rows that were checked.

    ``absent`` stands for the body of those that are not there, or less than ``mark``. Raises
    DamagedError, naming the key, for a row of another width, which no publisher has written.
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
