"""Row values: a fixed header, then one MessagePack array of the features in declared order.

Header, 24 bytes, big-endian::

    8  event timestamp    microseconds since 1970 UTC, plus 2**63
    8  created timestamp  likewise; 0 stands for NULL, which sorts lowest
    4  run number         of the view, growing
    4  schema             fingerprint of names and types; a row of another schema is never decoded

The first 20 bytes are the row's version: compared byte by byte they are in the order of
(event, created, run). Types within the array:

    bool, int, float, string, binary    as MessagePack has them
    bigint, decimal                     text (integers beyond 64 bits; exact decimals)
    date                                days since 1970-01-01
    time                                microseconds since midnight
    timestamp, timestamptz              microseconds since 1970 UTC
    uuid                                text
    list<T>                             an array of T
"""

import hashlib
import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from feature_warehouse.errors import FingerprintError

__all__ = [
    "HEADER",
    "OFFSET",
    "decode_row",
    "decoder_of",
    "encode_rows",
    "from_microseconds",
    "read_header",
    "schema_fingerprint",
    "to_microseconds",
]

HEADER: Final = struct.Struct(">QQII")
OFFSET: Final = 1 << 63
_FORMAT: Final = "feature_warehouse row 1"
_EPOCH: Final = datetime(1970, 1, 1)
_EPOCH_UTC: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = _EPOCH.toordinal()

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[Any]).decode


def schema_fingerprint(columns: Iterable[tuple[str, str]]) -> int:
    """A 32-bit number that changes with the name, type or order of any (name, type)."""
    text = "\n".join([_FORMAT, *(f"{name}:{kind}" for name, kind in columns)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def encode_rows(
    events: Sequence[int],
    created: Sequence[int | None],
    run: int,
    schema: int,
    columns: Sequence[Sequence[Any]],
) -> list[bytes]:
    """Row values of one batch. Instants in microseconds since 1970 UTC, columns in stored form."""
    pack = HEADER.pack
    return [
        pack(event + OFFSET, 0 if made is None else made + OFFSET, run, schema) + _encode(row)
        for event, made, row in zip(events, created, zip(*columns, strict=True), strict=True)
    ]


def read_header(value: bytes, schema: int, key: str) -> tuple[int, int | None]:
    """Event and created timestamp of a row in microseconds since 1970 UTC.

    Raises FingerprintError if the bytes are no row of this schema.
    """
    if len(value) <= HEADER.size:
        raise FingerprintError(f"{key} holds {len(value)} bytes, which are no row; publish again")
    event, created, _, found = HEADER.unpack_from(value)
    if found != schema:
        raise FingerprintError(
            f"{key} is of schema {found:08x}, not {schema:08x}; run `feature-warehouse materialize`"
        )
    return event - OFFSET, created - OFFSET if created else None


def decode_row(value: bytes, width: int, key: str) -> list[Any]:
    """The features of a row in stored form; FingerprintError if the bytes are damaged."""
    try:
        row = _decode(memoryview(value)[HEADER.size :])
    except msgspec.DecodeError as error:
        raise FingerprintError(f"{key} is damaged ({error}); publish again") from None
    if len(row) != width:
        raise FingerprintError(f"{key} has {len(row)} features, not {width}; publish again")
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


_DECODERS: Final[dict[str, Callable[[Any], Any] | None]] = {
    "bool": None,
    "int": None,
    "float": None,
    "string": None,
    "binary": None,
    "bigint": int,
    "decimal": Decimal,
    "date": _date,
    "time": lambda microseconds: _timestamp(microseconds).time(),
    "timestamp": _timestamp,
    "timestamptz": _timestamptz,
    "uuid": UUID,
}


def decoder_of(kind: str) -> Callable[[Any], Any] | None:
    """What turns a stored value that is not NULL into a Python value; None: it already is one."""
    if not kind.startswith("list<"):
        return _DECODERS[kind]
    element = decoder_of(kind[5:-1])
    if element is None:
        return None
    return lambda values: [None if value is None else element(value) for value in values]
