"""Where PostgreSQL has an index that leads to the answer, it is asked once for each label."""

import re

import pytest

from harness.host import compiled
from point_in_time.conftest import Prepared
from point_in_time.training_sets import TRAINING_SETS

LOOKED_UP = {
    "indexed",
    "indexed_lagged",
    "indexed_corrected",
    "indexed_late",
    "indexed_pairs",
    "indexed_world",
    "indexed_keyed",
    "indexed_named",
}
"""Views with an index, or a primary key, on the join keys and then the event timestamp."""

LOOKUP = r'left join lateral \(.*? from "postgres"\."pit"\."(\w+)" as'


def test_only_views_with_such_an_index_are_looked_up(prepared: Prepared) -> None:
    engine, target = prepared
    for training_set in TRAINING_SETS:
        sql = compiled(target, training_set.name)
        wanted = [part.view.name for part in training_set.parts if part.view.name in LOOKED_UP]
        found = re.findall(LOOKUP, sql, re.DOTALL)
        assert found == (wanted if engine.name == "postgres" else []), training_set.name
        assert sql.count("lateral") == len(found), training_set.name


LOOKUPS = {
    "of_index": ("indexed", "k, ts"),
    "of_index_with_lag_and_ttl": ("indexed_lagged", "k, ts, a"),
    "of_index_with_created_and_lag": ("indexed_late", "k, ts, loaded_at"),
    "of_index_of_pairs": ("indexed_pairs", "two, one, ts"),
    "of_index_of_world": ("indexed_world", "ts"),
    "of_index_with_defaults": ("indexed_keyed", "k, ts"),
}


@pytest.mark.parametrize("name", LOOKUPS)
def test_postgres_uses_the_index(prepared: Prepared, name: str) -> None:
    engine, target = prepared
    if engine.name != "postgres":
        return
    table, columns = LOOKUPS[name]
    (training_set,) = (ts for ts in TRAINING_SETS if ts.name == name)
    view = next(view for view in training_set.views if view.name == table)
    values = {"ts": "timestamp '2013-03-10' + n * interval '1 minute'", "loaded_at": "null"}
    values |= {"one": "'1'", "two": "cast(n % 100 as text)", "k": "n % 100", "b": "'b'"}
    row = ", ".join(values.get(column.name, "1") for column in view.columns)
    engine.ask("begin")
    try:
        engine.ask(f"create index by_time on {table} ({columns})")
        engine.ask(
            f"insert into {table} select {row} from generate_series(1, 20000) as n;analyze {table}"
        )
        plan = "\n".join(line for (line,) in engine.ask(f"explain {compiled(target, name)}"))
    finally:
        engine.ask("rollback")
    assert re.search(rf"Index (Only )?Scan( Backward)? using by_time on {table}", plan), plan
