"""A few days in the life of the farm: what came in, and what the tables held after each build."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from growth.farm import Farm
from growth.project import DAYS, PEOPLE, SNAPSHOTS, declare_graded, people_view
from growth.views import GROWING, PRICES, READINGS, STAMPED
from harness.support import IS_DBT_2
from point_in_time.declarations import Column, Row, Value, View
from point_in_time.views import HOUR

FIRST = 1_356_998_400_000_000
"""2013 begins."""

FIRST_TIME = ("--exclude-resource-type", "unit_test")
"""A unit test asks for the columns of tables, which must be there."""

LATER = ("--exclude", "kept_*", "drops")
"""What is built once and for all."""

GRADE = Column("grade", "text")

GROWN = (*(growing.view for growing in GROWING), *STAMPED)

Rows = list[list[Value]]


@dataclass
class Day:
    """The rows of every table after one build, which ran between two instants."""

    began: int
    ended: int
    tables: dict[str, Rows]


class Grading(NamedTuple):
    """What came of a new feature."""

    message: str
    rebuilt: Rows
    versions: Rows
    versions_after_refresh: Rows


@dataclass
class Life:
    farm: Farm
    readings: list[list[Row]] = field(default_factory=list)
    """What had come in by each day, all of it."""
    seen_at: list[int] = field(default_factory=list)
    """The time that the snapshot's query selected on each day."""
    days: list[Day] = field(default_factory=list)
    """The three on which all went well."""
    grading: Grading = field(init=False)
    after_trouble: Rows = field(default_factory=list)
    first: dict[str, str] = field(default_factory=dict)
    """The SQL that dbt compiled for each model on the first day."""
    later: dict[str, str] = field(default_factory=dict)
    """The same on the last day."""
    drops: dict[tuple[str, str], str] = field(default_factory=dict)
    """What drops the history of a view before an instant."""


def reading(
    sensor: int | None, measured: int | None, loaded: int | None, value: float | None
) -> Row:
    """Times in hours since the beginning."""
    return {
        "sensor": sensor,
        "part": "a",
        "measured_at": None if measured is None else FIRST + measured * HOUR,
        "loaded_at": None if loaded is None else FIRST + loaded * HOUR,
        "value": value,
        "note": None,
    }


READINGS_OF_DAYS = (
    [
        reading(1, 1, 2, 0.5),
        reading(1, 1, 2, 0.5),
        reading(2, 3, 4, None),
        reading(None, 3, 4, 1.5),
        reading(3, 5, None, 1.5),
    ],
    [
        reading(2, 30, 4, 2.5),  # at the very instant of the newest that is there
        reading(1, 1, 28, 0.75),  # a correction
        reading(1, 1, 2, 0.5),  # sent twice
        reading(4, -2, 29, float("nan")),  # late
        reading(5, None, 29, 1.5),
        reading(6, 31, None, 3.5),
    ],
    [reading(1, 49, 50, 4.5), reading(4, 2, 50, float("nan"))],
    [reading(1, 1, 76, 0.5), reading(7, 120, 76, 7.5), reading(7, 72, 77, 8.5)],
)
PRICES_OF_DAYS = ((5, 7), (6, 7), (6, 7), (5, 7))
"""The price of item 1, which goes up and back, and that of item 2."""

PEOPLE_OF_DAYS: tuple[dict[int, tuple[int, str]], ...] = (
    {1: (1, "Rome"), 2: (1, "Oslo"), 3: (1, "Bonn")},
    {1: (25, "Nice"), 3: (1, "Bonn")},
    {1: (25, "Nice"), 3: (1, "Bonn")},
    {1: (25, "Nice"), 2: (1, "Oslo"), 3: (73, "Kyiv")},
)
"""The hour of the last change and the city; person 2 goes on the second day, and comes back."""


def live(farm: Farm) -> Life:
    """Four days; on the third, the build ends in the middle of its work."""
    life = Life(farm)
    for number, rows in enumerate(READINGS_OF_DAYS):
        farm.load(READINGS.source, READINGS.view.columns, rows)
        life.readings.append([*(life.readings[-1] if number else []), *rows])
        life.seen_at.append(_replace_states(farm, number))
        if number == 2:
            _trouble(farm)
            life.after_trouble = farm.rows("readings", READINGS.view.columns)
            continue
        began = _now()
        farm.dbt("build", *DAYS, *(LATER if number else FIRST_TIME))
        life.days.append(Day(began, _now(), _tables(farm)))
        compiled = life.later if number else life.first
        compiled.update({view.name: farm.compiled(view.name) for view in GROWN})
    for view, before, statement in farm.ask("select * from drops"):
        life.drops[view, before] = statement
    life.grading = _grade(farm)
    return life


def _grade(farm: Farm) -> Grading:
    """A feature is added to two views, without a rebuild and with one."""
    declare_graded(farm.project, GRADE)
    for table in (READINGS.source, "raw_prices"):
        farm.ask(f"alter table {table} add column grade text")
    farm.ask(f"update {READINGS.source} set grade = 'b' where sensor = 1")
    farm.ask("update raw_prices set grade = 'a' where item = 1")
    farm.dbt("--write-json", "run", "--select", "graded", "graded_prices", code=1)
    message = farm.results()["graded"]["message"]
    versions = farm.rows("graded_prices", (*PRICES.columns, GRADE))
    farm.dbt("run", "--full-refresh", "--select", "graded", "graded_prices")
    return Grading(
        message=message,
        rebuilt=farm.rows("graded", (*READINGS.view.columns, GRADE)),
        versions=versions,
        versions_after_refresh=farm.rows("graded_prices", (*PRICES.columns, GRADE)),
    )


def _trouble(farm: Farm) -> None:
    """The rows are written when it comes, and committed by dbt 2 alone."""
    if farm.engine == "duckdb" and not IS_DBT_2:
        farm.kill_dbt("as trouble", "run", "--select", "readings", TROUBLE="hang")
    else:
        farm.dbt("run", "--select", "readings", code=1, env={"TROUBLE": "fail"})


def _replace_states(farm: Farm, number: int) -> int:
    given = tuple(column for column in PRICES.columns if column != PRICES.created)
    prices: list[Row] = [
        {"item": item, "Shop": None, "valid_at": FIRST, "price": price, "age": None}
        for item, price in enumerate(PRICES_OF_DAYS[number], 1)
    ]
    farm.replace("raw_prices", given, prices)
    seen_at = _now()
    people: list[Row] = [
        {"id": id_, "updated_at": FIRST + hour * HOUR, "seen_at": seen_at, "city": city}
        for id_, (hour, city) in PEOPLE_OF_DAYS[number].items()
    ]
    farm.replace("raw_people", PEOPLE, people)
    return seen_at


def _tables(farm: Farm) -> dict[str, Rows]:
    views: dict[str, View] = {view.name: view for view in GROWN}
    views |= dict.fromkeys(("batched", "batched_by_event", "unbatched_source"), READINGS.view)
    views |= {f"people_{name}": people_view(name) for name in SNAPSHOTS}
    return {name: farm.rows(name, view.columns) for name, view in views.items()}


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * 1_000_000)
