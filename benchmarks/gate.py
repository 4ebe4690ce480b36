"""The gate: ours beside the same questions as one query by hand, and beside publishing itself.

The peer is Great Expectations as it is used alone: all rows in a pandas frame.
"""

import time
from collections.abc import Callable, Iterator
from statistics import median

import duckdb

from benchmarks.publishing import ENTITIES, Figure, Site, opened, said
from feature_warehouse.declarations.expectations import Check
from feature_warehouse.engines import open_warehouse
from feature_warehouse.validation.gate import Gate

__all__ = ["run"]

WIDTH = 10
BETWEEN = "expect_column_values_to_be_between"


def run(rounds: int, peers: bool = True) -> Iterator[Figure]:
    """A million rows of ten doubles, an expectation of each column."""
    with opened(ENTITIES, WIDTH) as site:
        checks = tuple(
            Check(BETWEEN, {"column": f"f{n}", "min_value": -1, "max_value": 2})
            for n in range(WIDTH)
        )
        _ours(site, checks)  # the first imports Great Expectations
        entrants: dict[str, Callable[[], float]] = {
            "ours": lambda: _ours(site, checks),
            "by hand": lambda: _by_hand(site),
        }
        if peers:
            entrants["on a frame"] = lambda: _on_a_frame(site, checks)
        entrants["publishing"] = lambda: _publishing(site)
        seconds: dict[str, list[float]] = {name: [] for name in entrants}
        for _ in range(rounds):
            for name, entrant in entrants.items():
                seconds[name].append(entrant())
        what = f"{ENTITIES:,} x {WIDTH} doubles, {WIDTH} expectations"
        yield said(f"gate, {what}", f"{median(seconds['ours']):.2f} s")
        for name in list(entrants)[1:]:
            ratios = [
                ours / other for ours, other in zip(seconds["ours"], seconds[name], strict=True)
            ]
            yield said(
                f"gate, to {name}", f"{median(ratios):.2f}", f"{median(seconds[name]):.2f} s"
            )


def _ours(site: Site, checks: tuple[Check, ...]) -> float:
    site.checks = checks
    started = time.perf_counter()
    with open_warehouse(site.profile) as warehouse:
        result = Gate().check(site.view, warehouse, time.time_ns() // 1000)
    seconds = time.perf_counter() - started
    assert (result.status, result.rows) == ("passed", site.entities), result
    site.checks = None
    return seconds


def _by_hand(site: Site) -> float:
    """What fails of the newest rows, counted in one query."""
    counts = ", ".join(
        f"count(*) filter (not f{n} between -1 and 2), count(f{n})" for n in range(WIDTH)
    )
    started = time.perf_counter()
    with duckdb.connect(str(site.database), read_only=True) as connection:
        connection.execute(
            f"select count(*), {counts} from (select * from stats where loaded <= now()::timestamp"
            " qualify row_number() over (partition by id order by ts desc, loaded desc) = 1)"
        ).fetchall()
    return time.perf_counter() - started


def _on_a_frame(site: Site, checks: tuple[Check, ...]) -> float:
    import great_expectations as gx

    started = time.perf_counter()
    with duckdb.connect(str(site.database), read_only=True) as connection:
        frame = connection.execute("select * from stats").df()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("stats")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite("stats")
    for check in checks:
        suite.add_expectation(gx.expectations.ExpectColumnValuesToBeBetween(**check.arguments))
    assert batch.validate(suite).success
    return time.perf_counter() - started


def _publishing(site: Site) -> float:
    site.client.flushall()
    return site.publish()[0]
