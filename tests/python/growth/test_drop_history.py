"""Dropping history as a person does it. What goes and what stays is proved on compiled SQL."""

import json

from growth.farm import Farm
from growth.scenario import FIRST, Life
from growth.views import KEPT
from point_in_time.declarations import Row
from point_in_time.views import HOUR

(CORRECTED,) = (view for view in KEPT if view.name == "kept_corrected")
ROWS: list[Row] = [
    {"k": k, "ts": FIRST + at * HOUR, "loaded_at": FIRST + loaded * HOUR, "a": a, "b": None}
    for k, at, loaded, a in (
        (1, 1, 1, 1),  # nobody sees it after its correction
        (1, 1, 2, 2),  # what is seen on the 2nd
        (1, 0, 30, 3),  # too late to be seen at all, but not by then
        (2, -1, 1, 4),  # past its ttl of a day on the 2nd
        (3, 25, 26, 5),
    )
]


def test_rows_go_and_it_says_how_many(life: Life) -> None:
    farm = life.farm
    farm.replace(CORRECTED.name, CORRECTED.columns, ROWS)
    words = "2 of 5 rows, which no label at or after 2013-01-02 can see"
    if farm.engine == "duckdb":
        assert f"kept_corrected: would drop {words}" in _drop(farm, dry_run=True)
        assert _values(farm) == {1, 2, 3, 4, 5}
    assert f"kept_corrected: dropped {words}" in _drop(farm)
    assert _values(farm) == {2, 3, 5}


def _drop(farm: Farm, **options: bool) -> str:
    arguments = {"view": CORRECTED.name, "before": "2013-01-02", **options}
    name = "feature_warehouse.drop_history"
    return farm.dbt("run-operation", name, "--args", json.dumps(arguments))


def _values(farm: Farm) -> set[object]:
    return {row[3] for row in farm.rows(CORRECTED.name, CORRECTED.columns)}
