"""Messages of the request log: a MessagePack array of reads by one plan.

::

    [1, description, reads]     the format's number, the description's id, and for each read
    [read, first, instant, at, request ids, tag, keys, rows, given]

    read         a UUIDv7 of the call, 16 bytes; with the position of an entity in it, it tells the
                 entity from any other, however often it is delivered
    first        the position of the first entity, from 0: a sample has not all
    instant      of the read, in microseconds since 1970 UTC by the reader's clock
    at           the instant that ttl and ages were asked for at, nil if none was
    request ids  the caller's: nil, a text, or an array with one for each entity
    tag          what the caller likes to say, or nil
    keys         for each different tuple of join keys an array, and in it for each entity the text
                 between the braces of the row key; or an array with the text of each key, nil for
                 NULL and for what is left out
    rows         for each part an array, and in it for each entity the row in the format of
                 ``codec.rows``, nil if there is none. A row that was shortened or had values hidden
                 has a checksum of zeros
    given        for each request column an array, and in it for each entity the value in the form
                 that expressions take; decimals are texts
"""

import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import pairwise
from operator import attrgetter
from typing import Any, Final

import msgspec

from feature_warehouse.codec.keys import join_texts, key_text, split_texts
from feature_warehouse.errors import EntityError
from feature_warehouse.request_log.descriptions import Recorder
from feature_warehouse.serving.rows import Rows
from feature_warehouse.serving.vectors import FeatureVectors

__all__ = [
    "FORMAT",
    "Entities",
    "Message",
    "changed",
    "decode",
    "encode",
    "joined",
    "key_values",
    "message",
    "parts_without",
]

FORMAT: Final = 1

_encode: Final = msgspec.msgpack.Encoder().encode
_raw: Final = attrgetter("raw")
_count: Final = struct.Struct(">BI")
_ARRAY: Final = 0xDD
_ALL: Final = 1 << 64

Keys = str | list[str | None]


class Entities(msgspec.Struct, array_like=True, frozen=True):
    """A read, or a part of one; see above."""

    read: bytes
    first: int
    instant: int
    at: int | None
    request_ids: str | list[str] | None
    tag: str | None
    keys: list[list[Keys]]
    rows: list[list[bytes | None]]
    given: list[list[Any]]

    def __len__(self) -> int:
        return len(self.rows[0])


class Message(msgspec.Struct, array_like=True, frozen=True):
    """What was written at once."""

    format: int
    description: str
    reads: list[Entities]


_decode_read: Final = msgspec.msgpack.Decoder(Entities).decode
_decode: Final = msgspec.msgpack.Decoder(Message).decode


def encode(
    recorder: Recorder,
    vectors: FeatureVectors,
    head: tuple[Any, ...],
    entities: Sequence[Mapping[str, Any]],
) -> bytes:
    """A read as it was read, after what stands before the keys.

    ``changed`` makes of it what may be written. ``entities`` are there if a join key is NULL.
    """
    # With each read: as little as there can be.
    parts, given = vectors.parts, vectors.given
    rows = list(map(_raw, parts))
    if entities:
        keys = [_texts(recorder, place, parts, entities) for place in range(len(recorder.anchors))]
    else:
        keys = []
        for part, start in recorder.anchors:
            own: Any = parts[part].keys
            keys.append([own[0][start:-1]] if len(own) == 1 else [key[start:-1] for key in own])
    if recorder.wide:
        given = _without_wide(given, recorder)
    return _encode((*head, keys, rows, given))


def _without_wide(given: Sequence[Sequence[Any]], recorder: Recorder) -> list[Sequence[Any]]:
    return [
        [None if value is None else str(value) for value in column]
        if place in recorder.wide
        else column
        for place, column in enumerate(given)
    ]


def changed(text: bytes, recorder: Recorder, share: float) -> list[tuple[int, bytes]]:
    """What may be written of a read that is encoded: how many entities each has, and itself."""
    read = _decode_read(text)
    sample = [
        place
        for place in range(len(read))
        if share >= 1 or _sampled([keys[place] for keys in read.keys], recorder, share)
    ]
    reads = [read]
    if len(sample) < len(read):
        reads = [_part(read, place, place + 1) for place in sample]
    return [(len(each), _encode(_hidden(each, recorder))) for each in reads]


def _part(read: Entities, start: int, end: int) -> Entities:
    """Some entities of a read that stand together."""
    ids, some = read.request_ids, slice(start, end)
    return msgspec.structs.replace(
        read,
        first=read.first + start,
        request_ids=ids[some] if isinstance(ids, list) else ids,
        keys=[column[some] for column in read.keys],
        rows=[column[some] for column in read.rows],
        given=[column[some] for column in read.given],
    )


def parts_without(read: Entities, places: Collection[int]) -> list[Entities]:
    """A read without some of its entities: the read itself, or the parts between them."""
    if not places:
        return [read]
    ends = [-1, *sorted(places), len(read)]
    return [
        _part(read, before + 1, after) for before, after in pairwise(ends) if before + 1 < after
    ]


def _hidden(read: Entities, recorder: Recorder) -> Entities:
    """A read with the rows of the description, and without personal data."""
    if not recorder.changes:
        return read
    keys = [
        [_hidden_keys(one, hidden, len(names), recorder) for one in column] if hidden else column
        for column, hidden, names in zip(read.keys, recorder.keys, recorder.texts, strict=True)
    ]
    rows = [
        column if convert is None else [None if row is None else convert(row) for row in column]
        for column, convert in zip(read.rows, recorder.convert, strict=True)
    ]
    given = [
        list(map(recorder.hide, read.given[place]))
        if place in recorder.given
        else read.given[place]
        for place in recorder.kept
    ]
    return msgspec.structs.replace(read, keys=keys, rows=rows, given=given)


def _hidden_keys(keys: Keys, hidden: Sequence[int], count: int, recorder: Recorder) -> Keys:
    values = key_values(keys, count)
    for place in hidden:
        values[place] = recorder.hide(values[place])
    return values


def _sampled(keys: Sequence[Keys], recorder: Recorder, share: float) -> bool:
    """Whether an entity is in the sample: always the same, whoever reads it for which service."""
    pairs = {
        f"{name}={'' if value is None else join_texts([value])}"
        for own, columns in zip(keys, recorder.texts, strict=True)
        for (name, _), value in zip(columns, key_values(own, len(columns)), strict=True)
    }
    digest = blake2b(",".join(sorted(pairs)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * _ALL


def joined(description: str, reads: Sequence[bytes]) -> bytes:
    """A message of reads that are encoded."""
    head = b"\x93" + _encode(FORMAT) + _encode(description) + _count.pack(_ARRAY, len(reads))
    return head + b"".join(reads)


def message(description: str, reads: Iterable[Entities]) -> bytes:
    """A message of reads."""
    return joined(description, [_encode(read) for read in reads])


def decode(text: bytes) -> Message | None:
    """A message; None for what is none, or of another format."""
    try:
        found = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found.format == FORMAT else None


def key_values(keys: Keys, count: int) -> list[str | None]:
    """The text of each key of a tuple."""
    return [*split_texts(keys, count)] if isinstance(keys, str) else [*keys]


def _texts(
    recorder: Recorder,
    place: int,
    parts: Sequence[Rows],
    entities: Sequence[Mapping[str, Any]],
) -> list[Keys]:
    """The texts of one key tuple of entities of which one has a NULL."""
    part, start = recorder.anchors[place]
    return [
        [_key(name, entity[name], kind) for name, kind in recorder.texts[place]]
        if key is None
        else key[start:-1]
        for key, entity in zip(parts[part].keys, entities, strict=True)
    ]


def _key(name: str, value: Any, kind: str) -> str | None:
    """Beside a NULL, nobody has checked whether it is a key."""
    try:
        text = None if value is None else key_text(name, value, kind)
        _encode(text)
    except (EntityError, UnicodeEncodeError):
        return None
    return text
