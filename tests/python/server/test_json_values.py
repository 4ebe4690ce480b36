"""Values in JSON and back: what the documentation says, value by value."""

import json
import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest

from feature_warehouse.codec.rows import Interval
from feature_warehouse.errors import EntityError
from feature_warehouse.server.json_values import key_readers, request_readers, writer_of

ID = UUID("3b241101-e2bb-4255-8caf-4136c566a962")
NAN = float("nan")

WRITTEN: list[tuple[str, Any, Any]] = [
    ("bool", True, True),
    ("int", 2**53 - 1, 2**53 - 1),
    ("int", 2**53, "9007199254740992"),
    ("int", -(2**53), "-9007199254740992"),
    ("uint", 2**64 - 1, "18446744073709551615"),
    ("bigint", 5, 5),
    ("bigint", 10**30, "1" + "0" * 30),
    ("decimal(38,0)", 10**20, "1" + "0" * 20),
    ("decimal(10,2)", Decimal("12.00"), "12.00"),
    ("decimal", Decimal("NaN"), "NaN"),
    ("decimal(20,10)", Decimal("0E-10"), "0.0000000000"),
    ("decimal", Decimal("1E+3"), "1000"),
    ("list<decimal(20,10)>", [Decimal("1E-10")], ["0.0000000001"]),
    ("map<string,decimal(9,8)>", {"x": Decimal("0E-8")}, {"x": "0.00000000"}),
    ("float", 0.1, 0.1),
    ("float", NAN, "NaN"),
    ("float", math.inf, "Infinity"),
    ("float32", -math.inf, "-Infinity"),
    ("string", 'a"\u2028\x00', 'a"\u2028\x00'),
    ("binary", b"\x00\xff", "AP8="),
    ("date", date(2026, 1, 31), "2026-01-31"),
    ("time", time(12, 0, 0, 5), "12:00:00.000005"),
    ("timestamp", datetime(2026, 1, 31, 12, 0, 0, 1), "2026-01-31T12:00:00.000001Z"),
    ("timestamptz", datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31T12:00:00Z"),
    ("interval", Interval(1, 2, 3), {"months": 1, "days": 2, "microseconds": 3}),
    ("uuid", ID, str(ID)),
    ("list<float>", [1.5, None, NAN], [1.5, None, "NaN"]),
    ("list<string>", ["a", None], ["a", None]),
    ('struct<"a":int,"b":date>', {"a": 2**60, "b": None}, {"a": str(2**60), "b": None}),
    ("map<string,float>", {"x": math.inf}, {"x": "Infinity"}),
    ("map<int,string>", {7: "x", 2**60: "y"}, [[7, "x"], [str(2**60), "y"]]),
    ("list<list<int>>", [[2**53], None], [[str(2**53)], None]),
]


@pytest.mark.parametrize(("kind", "value", "expected"), WRITTEN)
def test_what_an_answer_has(kind: str, value: Any, expected: Any) -> None:
    write = writer_of(kind)
    text = msgspec.json.encode(write(value) if write else value)
    assert json.loads(text) == expected


READ: list[tuple[str, Any, Any]] = [
    ("int", "-9007199254740993", -9007199254740993),
    ("date", "2026-01-31", date(2026, 1, 31)),
    ("timestamp", "2026-01-31T12:00:00", datetime(2026, 1, 31, 12)),
    ("timestamp", "2026-01-31T14:00:00+02:00", datetime(2026, 1, 31, 12)),
    ("timestamptz", "2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ("timestamptz", "2026-01-31T12:00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ("uuid", str(ID), ID),
    ("bool", True, True),
    ("string", "x", "x"),
]


@pytest.mark.parametrize(("kind", "given", "expected"), READ)
def test_what_a_key_may_be(kind: str, given: Any, expected: Any) -> None:
    [(name, ready, read)] = key_readers({"k": kind})
    assert (name, given if type(given) is ready else read(given)) == ("k", expected)


OF_REQUESTS: list[tuple[str, Any, Any]] = [
    ("double precision", Decimal("1.5"), 1.5),
    ("real", 3, 3.0),
    ("real", 1.5, 1.5),
    ("double precision", "-Infinity", -math.inf),
    ("numeric(10,2)", Decimal("12.50"), Decimal("12.50")),
    ("numeric(38,2)", "123456789012345678901234567890123456.78",
     Decimal("123456789012345678901234567890123456.78")),
    ("integer", "12", 12),
    ("boolean", False, False),
    ("date", "2026-01-31", date(2026, 1, 31)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "given", "expected"), OF_REQUESTS)
def test_what_a_request_column_may_be(kind: str, given: Any, expected: Any) -> None:
    [(_, ready, read)] = request_readers({"x": kind})
    assert (given if type(given) is ready else read(given)) == expected


NO_INT: list[Any] = [True, 1.5, Decimal("1.5"), "x", "", "-", "٣", "1" * 500, [], {}]
REFUSED: list[tuple[str, Any]] = [
    *(("int", bad) for bad in NO_INT),
    *(("bool", bad) for bad in (1, "true", 0)),
    *(("string", bad) for bad in (1, True, ["x"])),
    *(
        ("date", bad)
        for bad in (
            "20260131",
            "2026-W05-6",
            "٢٠٢٦-01-31",
            "2026-02-30",
            5,
            "2026-01-31T12:00:00Z and more",
        )
    ),
    *(
        ("timestamp", bad)
        for bad in (
            "20260131T120000Z",
            "2026-W05-6T12:00:00",
            "2026-01-31T12:00:00.0000001Z",
            "now",
            0,
            "0001-01-01T00:00:00+14:00",
        )
    ),
    *(("uuid", bad) for bad in ("x", 7, ID.hex + "0")),
]


@pytest.mark.parametrize(("kind", "given"), REFUSED)
def test_what_no_key_is(kind: str, given: Any) -> None:
    [(_, _, read)] = key_readers({"k": kind})
    with pytest.raises(EntityError, match=r"^entity key 'k' takes .*, not .*$") as error:
        read(given)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("double precision", "1.5"),
        ("double precision", 10**400),
        ("double precision", Decimal("1e400")),
        ("double precision", True),
        # Not so long to write, but longer than the memory of a machine.
        ("numeric(10,2)", Decimal("1e999999999")),
        ("numeric(10,2)", "1e-999999999"),
        ("numeric(10,2)", "Infinity"),
        ("numeric(10,2)", "sNaN"),
        ("numeric(10,2)", "1_0"),
        ("numeric(10,2)", "٣"),
        ("numeric(10,2)", " 1"),
    ],
)
def test_what_no_request_column_is(kind: str, given: Any) -> None:
    [(_, ready, read)] = request_readers({"x": kind})
    assert type(given) is not ready  # else nothing reads it
    with pytest.raises(EntityError, match=r"^request column 'x' takes .*, not "):
        read(given)
