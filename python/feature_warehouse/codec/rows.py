"""Row values: a header, a MessagePack array of the features in declared order, a checksum.

Header, 24 bytes, big-endian::

    8  event timestamp    microseconds since 1970 UTC, plus 2**63
    8  created timestamp  likewise; 0 stands for NULL, which sorts lowest
    4  run number         of the view, growing
    4  schema             fingerprint of names and types; a row of another schema is never decoded

The first 20 bytes are the row's version: compared byte by byte they are in the order of
(event, created, run). Rows of equal content differ in the run number and the checksum alone.

The checksum, 4 bytes, little-endian, is the CRC-32 of all before it, begun with the row's key and
schema (``seed``): a row under another key than its own is damage. So the CRC-32 of a whole row,
begun likewise, is ``INTACT``: rows of equal length can be checked together. Within the array, by
kind (see ``codec.stored_types``):

    bool, int, uint, float, string, binary   as MessagePack has them
    float32                                  likewise, widened
    bigint, decimal                          text (integers beyond 64 bits; exact decimals)
    date                                     days since 1970-01-01
    time                                     microseconds since midnight
    timestamp, timestamptz                   microseconds since 1970 UTC
    interval                                 an array of months, days, microseconds
    uuid                                     text
    list<T>                                  an array of T; of float or float32 and without NULL:
                                             the numbers' bytes, little-endian, 8 or 4 each
    struct<...>                              an array of the fields' values
    map<K,V>                                 a map
"""

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from feature_warehouse.codec.stored_types import Kind, parse_kind
from feature_warehouse.errors import DamagedError, FingerprintError

__all__ = [
    "CHECKSUM",
    "FLOAT_BYTES",
    "HEADER",
    "INTACT",
    "OFFSET",
    "Interval",
    "decode_row",
    "decoder_of",
    "encode_rows",
    "from_microseconds",
    "read_header",
    "schema_fingerprint",
    "seed",
    "to_microseconds",
]

# The same layout is written out in publishing.writer (Lua compares versions and contents),
# publishing.verify, publishing.stale_keys, codec.batches and serving.columnar (doubles as NumPy
# reads them). Another layout is another ``_FORMAT``, so that no reader decodes it as this one.
HEADER: Final = struct.Struct(">QQII")
CHECKSUM: Final = struct.Struct("<I")
INTACT: Final = 0x2144DF1C
OFFSET: Final = 1 << 63
FLOAT_BYTES: Final = {"float": 8, "float32": 4}
"""Bytes of each element of a packed list, by the element's kind."""

_FORMAT: Final = "feature_warehouse row 3"
_REPAIR: Final = "run `feature-warehouse materialize --full-refresh`"
_ALL_BITS: Final = 0xFFFFFFFF
_EPOCH: Final = datetime(1970, 1, 1)
_EPOCH_UTC: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = _EPOCH.toordinal()

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[Any]).decode

_Decode = Callable[[Any], Any]


class Interval(NamedTuple):
    """A calendar interval, its three parts kept apart as both warehouses do."""

    months: int
    days: int
    microseconds: int


def schema_fingerprint(columns: Iterable[tuple[str, str]]) -> int:
    """A 32-bit number that changes with the name, type or order of any (name, type)."""
    text = "\n".join([_FORMAT, *(f"{name}:{kind}" for name, kind in columns)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def seed(key: bytes, schema: int) -> int:
    """What a row's checksum begins with. Zero bytes before a key change nothing."""
    return zlib.crc32(key, _ALL_BITS) ^ schema


def encode_rows(
    keys: Sequence[bytes],
    events: Sequence[int],
    created: Sequence[int | None],
    run: int,
    schema: int,
    columns: Sequence[Sequence[Any]],
) -> list[bytes]:
    """Row values of one batch. Instants in microseconds since 1970 UTC, columns in stored form."""
    # The hot loop of publishing: names are local, nothing is done twice.
    header, checksum, encode, crc = HEADER.pack, CHECKSUM.pack, _encode, zlib.crc32
    rows = zip(*columns, strict=True) if columns else [()] * len(events)
    values: list[bytes] = []
    for key, event, made, row in zip(keys, events, created, rows, strict=True):
        known = 0 if made is None else made + OFFSET
        value = header(event + OFFSET, known, run, schema) + encode(row)
        values.append(value + checksum(crc(value, crc(key, _ALL_BITS) ^ schema)))
    return values


def read_header(value: bytes, schema: int, key: str) -> tuple[int, int | None]:
    """Event and created timestamp of a row in microseconds since 1970 UTC.

    Raises FingerprintError if it is a row of another schema, DamagedError if it is none, or not
    the one that was written under this key.
    """
    if len(value) <= HEADER.size + CHECKSUM.size:
        raise DamagedError(f"{key} holds {len(value)} bytes, which is not a valid row; {_REPAIR}")
    event, created, _, found = HEADER.unpack_from(value)
    if found != schema:
        raise FingerprintError(
            f"{key} is of schema {found:08x}, not {schema:08x}; run `feature-warehouse materialize`"
        )
    if zlib.crc32(value, seed(key.encode(), schema)) != INTACT:
        raise DamagedError(f"{key} is damaged (its checksum differs); {_REPAIR}")
    return event - OFFSET, created - OFFSET if created else None


def decode_row(value: bytes, width: int, key: str) -> list[Any]:
    """The features of a row in stored form; ``read_header`` has checked all its bytes before.

    Raises DamagedError if the bytes are no row of that width.
    """
    try:
        row = _decode(value[HEADER.size : -CHECKSUM.size])
    except msgspec.DecodeError as error:
        raise DamagedError(f"{key} is damaged ({error}); {_REPAIR}") from None
    if len(row) != width:
        raise DamagedError(f"{key} has {len(row)} features, not {width}; {_REPAIR}")
    return row


def from_microseconds(microseconds: int) -> datetime:
    """An aware datetime; what lies beyond Python's calendar becomes its first or last instant."""
    try:
        return _EPOCH_UTC + timedelta(microseconds=microseconds)
    except OverflowError:
        return (datetime.max if microseconds > 0 else datetime.min).replace(tzinfo=UTC)


def to_microseconds(instant: datetime) -> int:
    """Microseconds since 1970 UTC, exactly; a naive instant is UTC."""
    since = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - _EPOCH_UTC
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _timestamp(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _timestamptz(microseconds: int) -> datetime:
    return _EPOCH_UTC + timedelta(microseconds=microseconds)


def _date(days: int) -> date:
    return date.fromordinal(days + _EPOCH_ORDINAL)


_DECODERS: Final[dict[str, _Decode]] = {
    "bigint": int,
    "decimal": Decimal,
    "date": _date,
    "time": lambda microseconds: _timestamp(microseconds).time(),
    "timestamp": _timestamp,
    "timestamptz": _timestamptz,
    "interval": Interval._make,
    "uuid": UUID,
}


def decoder_of(kind: str) -> _Decode | None:
    """What turns a stored value that is not NULL into a Python value; None: it already is one.

    Raises FingerprintError for a kind of a later version.
    """
    return _decoder(parse_kind(kind))


def _decoder(kind: Kind) -> _Decode | None:
    if kind.name == "list":
        return _list_decoder(kind.parts[0])
    if kind.name == "struct":
        return _struct_decoder(kind)
    if kind.name == "map":
        return _map_decoder(*kind.parts)
    return int if kind.name == "decimal" and kind.whole else _DECODERS.get(kind.name)


def _nullable(kind: Kind) -> _Decode | None:
    """A decoder that lets NULL through, for what stands within something else."""
    decode = _decoder(kind)
    if decode is None:
        return None
    return lambda value: None if value is None else decode(value)


def _list_decoder(element: Kind) -> _Decode | None:
    size = FLOAT_BYTES.get(element.name)
    if size is None:
        decode = _nullable(element)
        return None if decode is None else lambda values: [decode(value) for value in values]
    code = {8: "d", 4: "f"}[size]

    def floats(stored: bytes | list[float | None]) -> list[float | None]:
        if isinstance(stored, list):
            return stored
        return list(struct.unpack(f"<{len(stored) // size}{code}", stored))

    return floats


def _struct_decoder(kind: Kind) -> _Decode:
    names = kind.fields
    decoders = [
        (name, decode)
        for name, part in zip(names, kind.parts, strict=True)
        if (decode := _nullable(part))
    ]

    def build(values: list[Any]) -> dict[str, Any]:
        found = dict(zip(names, values, strict=True))
        for name, decode in decoders:
            found[name] = decode(found[name])
        return found

    return build


def _map_decoder(key: Kind, value: Kind) -> _Decode | None:
    decode_key, decode_value = _decoder(key), _nullable(value)
    if decode_key is None and decode_value is None:
        return None
    of_key, of_value = decode_key or _same, decode_value or _same
    return lambda stored: {of_key(key): of_value(value) for key, value in stored.items()}


def _same(value: Any) -> Any:
    return value
