"""Where Spark's SQL means something else than that of other engines, without a word."""

import math
import struct
from decimal import Decimal
from typing import Any

import pytest

from harness.host import write_host
from spark.host import SparkHost

NUMBERS = (-0.5, 0.5, -0.0, 0.0, 2.5, -2.5, 1e20, -1e20, 4503599627370495.5, math.nan, None)
TEXT = "it's a \\ \\n \\u0041 \"b\" `c` ''"
GREATEST = 2**63 - 1

MODELS = {
    "texts": "select {{ feature_warehouse._text_literal("
    + repr(TEXT)
    + ") }} as said, 1 as {{ feature_warehouse._quote('a`b c') }}",
    "numbers": "select place, {{ feature_warehouse._whole_double('floor', 'number') }} as floored,"
    " {{ feature_warehouse._whole_double('ceil', 'number') }} as ceiled,"
    " {{ feature_warehouse._bits('number', 'double') }} as bits,"
    " {{ feature_warehouse._other_sort_keys('number', 'float', false)[1] }} as has_no_sign"
    " from values "
    + ", ".join(
        f"({place}, cast({'null' if number is None else repr(str(number))} as double))"
        for place, number in enumerate(NUMBERS)
    )
    + " as given (place, number)",
    "sums": "select {{ feature_warehouse._whole_sum('number') }} as whole,"
    " sum({{ feature_warehouse._summand('number', 'bigint') }}) as exact,"
    " max({{ feature_warehouse._whole_result('number', '+', 'number') }}) as too_large,"
    " max({{ feature_warehouse._whole_result('number', '-', 'number') }}) as nothing"
    f" from values (cast({GREATEST} as bigint)), (cast({GREATEST} as bigint)) as given (number)",
    "cards": "select regexp_replace('1234567', '(.)(.?)', '{{ feature_warehouse._group_found(2) }}'"
    "{{ feature_warehouse._each_match() }}) as evens",
    "instants": "select {{ feature_warehouse._start_of_block(\"timestamp '1969-12-31 23:30:00'\","
    " 3600000000) }} as block,"
    " {{ feature_warehouse._iso_instant(\"timestamp '0001-02-03 04:05:06.000007'\") }} as iso,"
    " extract({{ feature_warehouse._day_of_week() }} from timestamp '2026-11-30') as monday",
}


@pytest.fixture(scope="module")
def answers(session: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The one row, or the rows, that each model compiles to."""
    project = write_host(tmp_path_factory.mktemp("dialect") / "dialect", MODELS, [])
    host = SparkHost(project)
    host.dbt("--quiet", "compile")
    return {name: session.sql(host.compiled(name)).collect() for name in MODELS}


def test_a_literal_is_the_text(answers: Any) -> None:
    """Backslashes are escapes there, and two quotes next to each other nothing on some versions."""
    [row] = answers["texts"]
    assert row.asDict() == {"said": TEXT, "a`b c": 1}


def test_floor_and_ceil_are_doubles(answers: Any) -> None:
    """Spark's are BIGINT: they end at 2^63 and know no negative zero."""
    rows = sorted(answers["numbers"])
    for number, row in zip(NUMBERS, rows, strict=True):
        assert same(row.floored, whole(math.floor, number))
        assert same(row.ceiled, whole(math.ceil, number))


def test_bits_tell_zeros_apart_and_one_nan(answers: Any) -> None:
    for number, row in zip(NUMBERS, sorted(answers["numbers"]), strict=True):
        if number is None:
            assert row.bits is None
        else:
            [bits] = struct.unpack("<q", struct.pack("<d", number))
            assert row.bits == ("NaN" if math.isnan(number) else str(bits))
            assert row.has_no_sign is (number != 0 or math.copysign(1, number) > 0)


def test_a_sum_of_bigint_does_not_wrap(answers: Any) -> None:
    [row] = answers["sums"]
    assert row.asDict() == {
        "whole": Decimal(2 * GREATEST),
        "exact": Decimal(2 * GREATEST),
        "too_large": None,
        "nothing": 0,
    }


def test_groups_and_instants(answers: Any) -> None:
    [row] = answers["cards"]
    assert row.evens == "246"
    [row] = answers["instants"]
    assert str(row.block) == "1969-12-31 23:00:00"
    assert row.iso == '"0001-02-03T04:05:06.000007Z"'
    assert row.monday == 1


def whole(function: Any, number: float | None) -> float | None:
    if number is None or math.isnan(number):
        return number
    return math.copysign(float(function(number)), number)


def same(one: float | None, other: float | None) -> bool:
    """-0.0 is not 0.0 here, and NaN is NaN."""
    if one is None or other is None:
        return one is other
    return (math.isnan(one) and math.isnan(other)) or (
        (one, math.copysign(1, one)) == (other, math.copysign(1, other))
    )
