"""Defaults of features from YAML, in stored form or refused."""

import math
from typing import Any

import pyarrow as pa
import pytest

from feature_warehouse.codec.arrow import number_as_text, stored_default, stored_type
from feature_warehouse.codec.stored_types import Kind
from feature_warehouse.errors import UsageError

HUGEINT = number_as_text(Kind("bigint"))
NUMERIC = number_as_text(Kind("decimal"))


@pytest.mark.parametrize(
    ("value", "kind", "stored"),
    [
        (0, pa.int32(), 0),
        (1.5, pa.float64(), 1.5),
        ("0.10", pa.decimal128(9, 2), "0.10"),
        (7, NUMERIC, "7"),
        ("x", pa.string(), "x"),
        (False, pa.bool_(), False),
        ("1970-01-02", pa.date32(), 1),
        ("12345678-1234-5678-1234-567812345678", pa.uuid(), "12345678-1234-5678-1234-567812345678"),
        (None, pa.int8(), None),
        (0.1, pa.decimal128(9, 2), "0.10"),
        (7, pa.decimal128(38, 0), "7"),
        (7, HUGEINT, "7"),
        (2**64 - 1, pa.uint64(), 2**64 - 1),
        (0.1, pa.float32(), 0.10000000149011612),
        (True, pa.bool8(), True),
        ("a", pa.dictionary(pa.int8(), pa.string()), "a"),
        ('{"a": 1}', pa.json_(), '{"a": 1}'),
        ([0, 0.5], pa.list_(pa.float32(), 2), [0.0, 0.5]),
        ([[1], None], pa.list_(pa.list_(pa.int8())), [[1], None]),
        ([], pa.list_(pa.string()), []),
        ({"b": "x", "a": 1}, pa.struct([("a", pa.int8()), ("b", pa.string())]), [1, "x"]),
        ({"k": "0.5"}, pa.map_(pa.string(), pa.decimal128(4, 2)), {"k": "0.50"}),
        (
            "1 year 2 months, 3 days -4 hours",
            pa.month_day_nano_interval(),
            [14, 3, -14_400_000_000],
        ),
        ("1 week 5 milliseconds", pa.month_day_nano_interval(), [0, 7, 5_000]),
    ],
)
def test_defaults_in_stored_form(value: Any, kind: pa.DataType, stored: Any) -> None:
    assert stored_default("x", value, kind, stored_type("x", pa.field("c0", kind))) == stored


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("many", pa.int32()),
        (2**70, pa.int64()),
        (True, pa.int32()),
        (1, pa.bool_()),
        ("abc", NUMERIC),
        (math.inf, pa.float64()),
        (math.nan, pa.float64()),
        ("YWJj", pa.binary()),
        ("no uuid", pa.uuid()),
        ("2013-02-30", pa.date32()),
        ("0.125", pa.decimal128(9, 2)),
        (100, pa.decimal128(4, 2)),
        (0.5, HUGEINT),
        (2**128, HUGEINT),
        ("infinity", pa.date32()),
        ([0.5], pa.list_(pa.float32(), 2)),
        ("[0.5]", pa.list_(pa.float32())),
        ([1, "x"], pa.list_(pa.int8())),
        ([True], pa.list_(pa.int8())),
        ([[1]], pa.list_(pa.int8())),
        ({"a": 1, "b": 2}, pa.struct([("a", pa.int8())])),
        ({}, pa.struct([("a", pa.int8())])),
        ({"1": 2}, pa.map_(pa.int8(), pa.int8())),
        ("soon", pa.month_day_nano_interval()),
        ("1 fortnight", pa.month_day_nano_interval()),
        ("1.5 days", pa.month_day_nano_interval()),
        ("", pa.month_day_nano_interval()),
    ],
)
def test_a_default_of_another_type_is_refused_by_name(value: Any, kind: pa.DataType) -> None:
    with pytest.raises(UsageError, match=r"default .* of 'visits' is no"):
        stored_default("visits", value, kind, stored_type("visits", pa.field("c0", kind)))
