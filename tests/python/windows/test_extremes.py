"""Every aggregate of every type, with values at the ends of what each can hold."""

from fractions import Fraction
from typing import Any

import pytest

from harness.engines import Engine
from harness.host import compiled
from windows.extremes import (
    CASES,
    DELAY,
    WINDOW,
    Case,
    alike,
    is_finite,
    is_number,
    of_numbers,
    rows,
)
from windows.growing import Site
from windows.project import literal

late_or_not = pytest.mark.parametrize("late", [False, True], ids=["in_time", "late"])


@late_or_not
def test_no_value_takes_a_view_down_or_stays_in_it(built: Site, late: bool) -> None:
    hold(built, late, range(1, 3))


@pytest.mark.long
@late_or_not
def test_no_pair_of_values_takes_a_view_down_or_stays_in_it(built: Site, late: bool) -> None:
    hold(built, late, range(9))


def hold(built: Site, late: bool, steps: range) -> None:
    [case] = [one for one in CASES if (one.engine, one.late) == (built.engine.name, late)]
    events = fill(built.engine, case, steps)
    names = [f"{column}_{function}" for function, column, _ in case.features]
    plain = [number for number, feature in enumerate(case.features) if not of_three(feature)]
    texts = [
        f"cast({names[n]}_{window} as text)" if n in plain else f"{names[n]}_{window}"
        for window in ("2h", "all_time")
        for n in range(len(names))
    ]
    made = f"({compiled(built.full, case.name)}) as made"
    at = built.engine.microseconds("changed_at")
    found = built.engine.ask(f"select k, {at}, {', '.join(texts)} from {made}")
    assert {key for key, *_ in found} == events.keys()
    asked = plain_aggregates(built.engine, case, [row[:2] for row in found], plain)
    for key, instant, *values in found:
        for number, length in enumerate((WINDOW, None)):
            inside = [
                one
                for begin, one in events[key]
                if begin + (DELAY if late else 0) <= instant
                and (length is None or instant < begin + length)
            ]
            got = values[number * len(names) : (number + 1) * len(names)]
            by_engine = asked.get((key, instant, number), {})
            compare(case, inside, got, by_engine, f"{case.name} {key} at {instant}, {length}")


def fill(engine: Engine, case: Case, steps: range) -> dict[int, list[tuple[int, dict[str, Any]]]]:
    """Make the table; the events by key, as they were written."""
    table = f"extremes_{case.engine}"
    declared = ", ".join(f"{name} {type_}" for name, type_ in case.columns.items())
    engine.ask(f"drop table if exists {table} cascade")
    engine.ask(f"create table {table} (k bigint, ts timestamp, loaded timestamp, {declared})")
    events: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    lines: list[list[str]] = []
    for key, at, values in rows(case.engine, steps):
        events.setdefault(key, []).append((at, values))
        times = [literal(at, "timestamp"), literal(at + DELAY, "timestamp")]
        lines.append([str(key), *times, *(literal(one, "text") for one in values.values())])
    engine.insert(table, lines)
    return events


def compare(
    case: Case, inside: list[dict[str, Any]], got: list[Any], asked: dict[int, Any], where: str
) -> None:
    for number, (function, column, type_) in enumerate(case.features):
        what = f"{function} of {type_} {[one[column] for one in inside]}, {where}"
        if not of_three((function, column, type_)):
            nothing = "0" if function.startswith("count") else None
            plain = asked.get(number, nothing)
            assert zero(function, got[number]) == zero(function, plain), f"{plain}: {what}"
            continue
        values = [one[column] for one in inside if one[column] is not None]
        wanted = of_numbers(function, type_, values, case.engine)
        size = sum((abs(Fraction(one)) for one in values if is_finite(one)), Fraction(0))
        assert alike(wanted, got[number], size, type_, function), f"{got[number]}: {what}"


def zero(function: str, text: Any) -> Any:
    """Of two zeros the least may be either."""
    return text.removeprefix("-") if function in ("min", "max") and text in ("-0", "-0.0") else text


def of_three(feature: tuple[str, str, str]) -> bool:
    return feature[0] in ("sum", "avg", "stddev") and is_number(feature[2])


def plain_aggregates(
    engine: Engine, case: Case, places: list[tuple[int, int]], plain: list[int]
) -> dict[tuple[int, int, int], dict[int, Any]]:
    """The engine's own, over the exact window at each key and instant."""
    windows = []
    for key, instant in places:
        until = literal(instant - (DELAY if case.late else 0), "timestamp")
        for number, begin in enumerate((literal(instant - WINDOW, "timestamp"), "'0001-01-01'")):
            windows.append(
                f"({key}, cast({instant} as bigint), {number}, cast({begin} as timestamp),"
                f" cast({until} as timestamp))"
            )
    items = []
    for number in plain:
        function, column, type_ = case.features[number]
        bytewise = ' collate "C"' if type_ == "text" and case.engine == "postgres" else ""
        if function in ("first", "last"):
            order = "desc" if function == "last" else "asc"
            call = f"(array_agg({column} order by ts {order}))[1]"
        elif function == "count_distinct":
            call = f"count(distinct {column})"
        else:
            call = f"{function}({column}{bytewise})"
        items.append(f"cast({call} as text)")
    events = f"extremes_{case.engine}"
    answers = engine.ask(
        f"select asked.k, asked.instant, asked.place, {', '.join(items)}"
        f" from (values {', '.join(windows)}) as asked (k, instant, place, begins, ends)"
        f" inner join {events} as e on asked.k = e.k and e.ts > asked.begins and e.ts <= asked.ends"
        " group by 1, 2, 3"
    )
    return {
        (key, at, number): dict(zip(plain, values, strict=True))
        for key, at, number, *values in answers
    }
