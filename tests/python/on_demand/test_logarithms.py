"""Logarithms and powers of e: how exact they are, and that no engine has its say in them."""

import math
import random
from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext
from functools import cache

import pytest

from feature_warehouse.on_demand.logarithms import exponential, logarithm
from harness.engines import literal
from harness.host import Built
from on_demand.evaluators import bits
from on_demand.oracle import exponent_of, natural_logarithm, power_of_e

Function = Callable[[float], float | None]

ULPS = Decimal("0.9")
"""What is promised, in units of the last place."""
FIRST = 1000
"""Rows of labels from here on are those of this file."""


def with_neighbours(value: float) -> Iterator[float]:
    yield from (math.nextafter(value, -math.inf), value, math.nextafter(value, math.inf))


@cache
def numbers() -> list[float]:
    """All powers of 2 that have a logarithm or are one, and where an exponent ends."""
    found = {-0.0, 5e-324, 2.2e-308, 1.7e308, math.inf, -math.inf}
    for exponent in range(-500, 501):
        found.add(math.ldexp(1.0, exponent))
        found.add(exponent * math.log(2))
    for exponent in (-498, -300, -2, -1, 0, 1, 2, 3, 52, 53, 300, 498):
        for value in (1.0, 0.7, 2**-0.5):
            found.update(with_neighbours(math.ldexp(value, exponent)))
        found.update(with_neighbours((exponent + 0.5) * math.log(2)))
    for bound in (1e-150, 1e150, 345.0, -345.0, -1.0, 0.0):
        found.update(with_neighbours(bound))
    rng = random.Random(4)
    for _ in range(200):
        found.add(rng.choice((-1, 1)) * 10 ** rng.uniform(-160, 160))
        found.add(1 + rng.choice((-1, 1)) * 10 ** rng.uniform(-17, -0.3))
        found.add(rng.uniform(-350, 350))
    return [*found, 0.0, math.nan]


@cache
def wanted() -> list[tuple[float | None, float | None]]:
    return [(natural_logarithm(number), power_of_e(number)) for number in numbers()]


def assert_exact(function: Function, exact: Callable[[Decimal], Decimal], value: float) -> None:
    found = function(value)
    assert found is not None
    with localcontext(prec=60):
        right = exact(Decimal(value))
        assert abs(Decimal(found) - right) <= ULPS * Decimal(math.ulp(float(right))), value


def is_in_bounds(value: float) -> bool:
    return 1e-150 <= value <= 1e150


def assert_all_exact(values: list[float]) -> None:
    for value in filter(is_in_bounds, values):
        assert_exact(logarithm, Decimal.ln, value)
    for value in values:
        if abs(value) <= 345:
            assert_exact(exponential, Decimal.exp, value)


def test_no_result_is_a_unit_in_the_last_place_away() -> None:
    assert_all_exact(numbers())


@pytest.mark.long
def test_of_many_numbers_no_result_is_a_unit_in_the_last_place_away() -> None:
    rng = random.Random(5)
    assert_all_exact([rng.uniform(0.3, 3) for _ in range(40_000)])
    assert_all_exact([10 ** rng.uniform(-150, 150) for _ in range(20_000)])
    assert_all_exact([rng.uniform(-345, 345) for _ in range(40_000)])


def test_python_computes_the_documented_steps() -> None:
    for number, (of_number, to_number) in zip(numbers(), wanted(), strict=True):
        assert bits(logarithm(number)) == bits(of_number), number
        assert bits(exponential(number)) == bits(to_number), number


NEW = """
    insert into labels (id, asked_at, ratio, whole)
    select cast({first} + row_number() over () as bigint), asked_at, number, exponent
    from (select max(asked_at) as asked_at from labels) as newest
    cross join (values {numbers}) as given (number, exponent)
"""


def rows_of(numbers: list[float], off: int = 0) -> str:
    """Each with its exponent, or one too high or low."""
    return ", ".join(
        f"({literal(number)}, {exponent_of(number) + off if is_in_bounds(number) else 0})"
        for number in numbers
    )


def found_by(built: Built, values: list[float], sql: str, off: int = 0) -> dict[str, object]:
    """What the SQL of the training set of logarithms makes of numbers, by their bits."""
    with built.changed(NEW.format(first=FIRST, numbers=rows_of(values, off))):
        rows = built.records(f"select * from ({sql}) as computed where id > {FIRST}")
    assert len(rows) == len(values)
    return {bits(row["ratio"]): (bits(row["x0"]), bits(row["x1"])) for row in rows}


def oracle() -> dict[str, object]:
    return {
        bits(number): (bits(of_number), bits(to_number))
        for number, (of_number, to_number) in zip(numbers(), wanted(), strict=True)
    }


def test_warehouses_compute_them_too(built: Built) -> None:
    assert found_by(built, numbers(), built.compiled("set_of_logarithms")) == oracle()


@pytest.mark.parametrize("off", [-1, 1])
def test_an_engine_may_be_wrong_about_exponents_and_powers(built: Built, off: int) -> None:
    sql = built.compiled("set_of_logarithms")
    guess = "floor(ln(ratio) * 1.4426950408889634e0 + 0.5)"
    assert guess in sql
    assert "power(2, " in sql
    given = f"cast(case when id > {FIRST} then whole end as double precision)"
    sql = sql.replace(guess, given).replace("power(2, ", f"(1 + {off}e-13) * power(2, ")
    assert found_by(built, numbers(), sql, off) == oracle()
