"""Pointers and descriptions: what is not as it was written is refused by one error."""

import re
from binascii import crc32
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from feature_warehouse import DamagedError, FeatureWarehouseError
from feature_warehouse.codec.rows import schema_fingerprint
from feature_warehouse.redis_store import layout

COLUMNS = [("id", "int"), ("a", "float"), ("b", "float")]
GENERATION = layout.Generation(
    view="scores",
    number=3,
    keys=(layout.Column("id", "int"),),
    features=(layout.Feature("a", "float", 1.5), layout.Feature("b", "float")),
    schema=schema_fingerprint(COLUMNS),
    declaration={"ttl": "d"},
    ttl=5,
)
SERVICE = layout.Service(
    "risk",
    "abcd",
    (layout.ServicePart("scores", {"id": "id"}, {"a": "x", "b": "y"}, {"a": "float"}),),
)
Read = Callable[[bytes, str], Any]
KINDS: list[tuple[Any, Read]] = [
    (layout.Pointer(version=3, previous=2, claim=4, clock=5, published_at=6), layout.read_pointer),
    (GENERATION, layout.read_generation),
    (SERVICE, layout.read_service),
]


def seal(json: bytes, key: str) -> bytes:
    """What a publisher would have written, had it written this: as the layout says it."""
    assert json.startswith(b"{")
    return b'{"crc32":"%08x",' % crc32(key.encode() + json) + json[1:]


@pytest.mark.parametrize(("content", "read"), KINDS)
def test_every_changed_byte_is_noticed(content: Any, read: Read) -> None:
    text = layout.sealed(content, "key")
    assert text == seal(msgspec.json.encode(content), "key")
    assert read(text, "key") == content
    for place in range(len(text)):
        for changed in (text[place] ^ 1, text[place] ^ 0x80, 0):
            if changed != text[place]:
                with pytest.raises(DamagedError, match=r"^key in Redis is damaged: "):
                    read(text[:place] + bytes([changed]) + text[place + 1 :], "key")
        with pytest.raises(DamagedError):
            read(text[:place], "key")


@pytest.mark.parametrize(("content", "read"), KINDS)
def test_a_text_under_another_key_is_noticed(content: Any, read: Read) -> None:
    with pytest.raises(
        DamagedError, match=r"^other in Redis is damaged: its checksum differs; run"
    ):
        read(layout.sealed(content, "key"), "other")


@pytest.mark.parametrize(("content", "read"), KINDS)
@pytest.mark.parametrize("foreign", [b"", b"[]", b"{}", b"null", b"\xff\xfe", b'{"version":1}'])
def test_what_nobody_sealed(content: Any, read: Read, foreign: bytes) -> None:
    del content
    with pytest.raises(DamagedError):
        read(foreign, "key")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"number":3', b'"number":"3"'),
        (b'"number":3', b'"number":null'),
        (b'"ttl":5', b'"ttl":[]'),
        (b'"view":"scores"', b'"view":"\xff"'),
        (b'"view":"scores",', b""),
    ],
)
def test_wrong_types_and_encodings_under_a_right_checksum(before: bytes, after: bytes) -> None:
    text = msgspec.json.encode(GENERATION)
    assert before in text
    with pytest.raises(DamagedError, match=r"it is not a generation; run"):
        layout.read_generation(seal(text.replace(before, after), "key"), "key")


def test_features_that_changed_places_are_noticed_by_the_schema() -> None:
    swapped = msgspec.structs.replace(GENERATION, features=GENERATION.features[::-1])
    with pytest.raises(DamagedError, match="its columns are not those of its schema"):
        layout.read_generation(layout.sealed(swapped, "key"), "key")
    floats = (layout.Column("id", "float"),)
    schema = schema_fingerprint([("id", "float"), *COLUMNS[1:]])
    odd = msgspec.structs.replace(GENERATION, keys=floats, schema=schema)
    with pytest.raises(DamagedError, match="a type that no key has"):
        layout.read_generation(layout.sealed(odd, "key"), "key")


def test_the_error_is_one_of_ours_and_one_line() -> None:
    with pytest.raises(FeatureWarehouseError) as error:
        layout.read_pointer(b"?", "p.e:v")
    assert error.value.exit_code == 2
    assert re.fullmatch(r"p\.e:v in Redis is damaged: .*; run `.*`", str(error.value))
