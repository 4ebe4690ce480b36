"""A second oracle: pandas' ``merge_asof``, where it applies, on more rows than a loop can do.

It applies to one view without created timestamp and lag, in which no rows tie and no key is NULL.
"""

from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.engines import DuckDB, Engine, PostgreSQL
from harness.host import compiled
from point_in_time.conftest import Prepared

KEYS = 500
LABELS = 20_000
ROWS = 50_000
MILLISECONDS = 60_000
"""Rows of a key are about 600 ms apart, with ttls of 500."""


@pytest.mark.parametrize(
    ("name", "view", "ttl"),
    [
        ("of_plain", "plain", None),
        ("of_short_ttl", "instantaneous", pd.Timedelta(milliseconds=500)),
        ("of_index", "indexed", None),
    ],
)
def test_a_training_set_is_what_merge_asof_gives(
    prepared: Prepared, name: str, view: str, ttl: pd.Timedelta | None
) -> None:
    engine, target = prepared
    random = np.random.default_rng(20130310)
    labels = _frame(random, LABELS).assign(y=True)
    labels["note"] = labels.index.astype(str)
    rows = _frame(random, ROWS).drop_duplicates(["k", "ts"], ignore_index=True)
    rows["a"] = rows.index
    rows["b"] = "row " + rows.index.astype(str)
    merged = pd.merge_asof(
        labels.sort_values("ts"), rows.sort_values("ts"), on="ts", by="k", tolerance=ttl
    )
    matched = merged["a"].notna()
    assert 0.1 < matched.mean() < 0.999
    expected = {
        int(note): (int(a), b) if match else (None, None)
        for note, a, b, match in zip(merged["note"], merged["a"], merged["b"], matched, strict=True)
    }

    engine.ask("begin")
    try:
        _load(engine, "naive_labels", labels[["k", "ts", "y", "note"]])
        _load(engine, view, rows[["k", "ts", "a", "b"]])
        if view == "indexed":
            engine.ask("create index by_time on indexed (k, ts)")
        engine.ask("analyze")
        query = compiled(target, name)
        found = engine.ask(f"select cast(note as integer), a, b from ({query}) as result")
    finally:
        engine.ask("rollback")
    assert len(found) == LABELS
    assert {note: (a, b) for note, a, b in found} == expected


def _frame(random: np.random.Generator, size: int) -> Any:
    """Keys and instants, a quarter of them on whole tenths of a second so that they meet."""
    offsets = random.integers(0, MILLISECONDS * 1000, size)
    offsets = np.where(random.random(size) < 0.25, offsets // 100_000 * 100_000, offsets)
    instants = np.datetime64("2013-03-10T06:59:30", "us") + offsets.astype("timedelta64[us]")
    return pd.DataFrame({"k": random.integers(0, KEYS, size), "ts": instants})


def _load(engine: Engine, table: str, frame: Any) -> None:
    if isinstance(engine, DuckDB):
        engine.connection.register("frame", frame)
        engine.ask(f"insert into {table} select * from frame")
        engine.connection.unregister("frame")
    else:
        assert isinstance(engine, PostgreSQL)
        with engine.connection.cursor() as cursor:
            cursor.copy_expert(
                f"copy {table} from stdin csv",
                StringIO(frame.to_csv(None, index=False, header=False)),
            )
