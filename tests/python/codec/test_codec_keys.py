"""Row keys: unambiguous, and the same of publisher and client."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feature_warehouse.codec.arrow import key_type, row_keys
from feature_warehouse.codec.keys import join_texts, key_text
from feature_warehouse.errors import EntityError, UnservableError


@given(st.lists(st.text(), min_size=2, max_size=2), st.lists(st.text(), min_size=2, max_size=2))
@settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_different_keys_have_different_texts(first: list[str], second: list[str]) -> None:
    assert (join_texts(first) == join_texts(second)) == (first == second)


def test_keys_that_collide_when_concatenated_differ() -> None:
    texts = {join_texts(key) for key in (("1", "23"), ("12", "3"), ("1,2", "3"), ("1%2C2", "3"))}
    assert len(texts) == 4
    assert join_texts(("JFK",)) == "JFK"
    assert "}" not in join_texts(("a}b{c",))


KEYS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "string": (pa.string(), ["JFK", "", "a,b", "{x}", "100%", "日本", "line\nbreak"]),
    "int": (pa.int64(), [0, -1, 2**63 - 1]),
    "int of any width": (pa.uint8(), [0, 255]),
    "unsigned": (pa.uint64(), [0, 2**64 - 1]),
    "numeric": (pa.decimal128(38, 0), [Decimal(10) ** 37, Decimal(-5)]),
    "bool": (pa.bool_(), [True, False]),
    "date": (pa.date32(), [date(1, 1, 1), date(2013, 12, 31)]),
    "timestamp": (
        pa.timestamp("us"),
        [datetime(2013, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 999_999)],
    ),
    "timestamp in seconds": (pa.timestamp("s"), [datetime(2013, 1, 1)]),
    "timestamptz": (pa.timestamp("us", tz="UTC"), [datetime(2013, 1, 1, 0, 0, 0, 5, UTC)]),
    "uuid": (pa.string(), ["0f1c", "0F1C"]),
}


@pytest.mark.parametrize("kind", KEYS)
def test_publisher_and_client_write_the_same_key(kind: str) -> None:
    arrow, values = KEYS[kind]
    column = pa.array(values, arrow)
    stored = key_type("k", pa.field("c0", arrow))
    plain = [int(value) if isinstance(value, Decimal) else value for value in values]
    client = [f"p:{{{join_texts([key_text('k', value, stored)])}}}" for value in plain]
    assert row_keys("p:{", ["k"], [column]) == client


def test_composite_and_global_keys() -> None:
    columns = [pa.array(["a", "b,"]), pa.array([1, 2])]
    assert row_keys("p:{", ["x", "y"], columns) == ["p:{a,1}", "p:{b%2C,2}"]
    assert row_keys("p:{", [], []) == ["p:{}"]


def test_dictionary_and_uuid_columns_are_keys() -> None:
    text = "12345678-1234-5678-1234-567812345678"
    uuids = pa.array([UUID(text).bytes], pa.binary(16)).cast(pa.binary(16))
    column = pa.ExtensionArray.from_storage(pa.uuid(), uuids)
    assert row_keys("p:{", ["k"], [column]) == [f"p:{{{text}}}"]
    assert key_text("k", UUID(text), "uuid") == key_text("k", text.upper(), "uuid") == text
    assert row_keys("p:{", ["k"], [pa.array(["a"]).dictionary_encode()]) == ["p:{a}"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("1", "int"),
        (True, "int"),
        (1.0, "int"),
        (1, "string"),
        (1, "bool"),
        (datetime(2013, 1, 1), "date"),
        (datetime(2013, 1, 1, tzinfo=UTC), "timestamp"),
        (datetime(2013, 1, 1), "timestamptz"),
        ("no uuid", "uuid"),
        ("{3b241101-e2bb-4255-8caf-4136c566a962}", "uuid"),
        ("urn:uuid:3b241101-e2bb-4255-8caf-4136c566a962", "uuid"),
        ("3b241101e2bb42558caf4136c566a962", "uuid"),
        (7, "uuid"),
    ],
)
def test_a_key_of_another_type_is_refused_by_name(value: object, kind: str) -> None:
    with pytest.raises(EntityError, match="'tail' takes"):
        key_text("tail", value, kind)


def test_numpy_integers_are_integers() -> None:
    assert key_text("k", np.int32(7), "int") == "7"


def test_the_same_instant_in_two_zones_is_one_key() -> None:
    east = timezone(timedelta(hours=2))
    here, there = datetime(2013, 1, 1, 2, tzinfo=east), datetime(2013, 1, 1, tzinfo=UTC)
    assert key_text("k", here, "timestamptz") == key_text("k", there, "timestamptz")


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("us", tz="UTC"), pa.date32()])
def test_infinity_is_no_key(kind: pa.DataType) -> None:
    storage = pa.int32() if kind == pa.date32() else pa.int64()
    column = pa.array([2**31 - 1 if kind == pa.date32() else 2**63 - 1], storage).cast(kind)
    with pytest.raises(UnservableError, match="'since' holds a date outside"):
        row_keys("", ["since"], [column])
