"""The example on the built demo: what it prints, and that its leak is the leak it says it is."""

import re

import duckdb
import numpy as np
import pandas as pd
import pytest

from conftest import Demo
from harness.outcomes import IN_TRAINING_SET, outcomes, windows
from harness.support import ROOT, run

EXAMPLE = ROOT / "examples" / "flight_delay.py"


@pytest.fixture(scope="module")
def printed(demo_duckdb: Demo) -> str:
    # One thread: the processors are shared with other tests, and the trees are the same.
    env = {**demo_duckdb.env, "OMP_NUM_THREADS": "1"}
    return run("python", EXAMPLE, env=env, check=True).stdout


def test_the_leak_fakes_a_model_that_is_worse_in_service(printed: str) -> None:
    honest, leaking, in_service = (
        float(auc) for auc in re.findall(r"^  (0\.\d+)", printed, re.MULTILINE)
    )
    assert 0.68 < honest < 0.75
    assert leaking > 0.95
    assert in_service < honest - 0.05


def test_the_score_from_redis_is_the_score_of_the_training_row(printed: str) -> None:
    online, offline = re.findall(r"^  score of .* (\S+)$", printed, re.MULTILINE)
    assert float(online).hex() == float(offline).hex()
    assert 0 < float(online) < 1


def test_the_leak_is_the_same_windows_by_scheduled_time(demo_duckdb: Demo) -> None:
    query = EXAMPLE.with_name("leaking_windows.sql").read_text()
    path = demo_duckdb.env["FEATURE_WAREHOUSE_DUCKDB_PATH"]
    with duckdb.connect(path, read_only=True) as connection:
        connection.execute(f"set file_search_path = '{ROOT}'")
        found = connection.sql(query).to_arrow_table().to_pandas().set_index("flight_id")
    flights = pd.read_parquet(ROOT / "data" / "nycflights13" / "flights.parquet")
    landed = flights[flights["arr_delay"].notna()]
    for of, features in IN_TRAINING_SET.items():
        key = "tailnum" if of == "aircraft" else of
        known = outcomes(flights, ["origin", "dest"] if key in ("origin", "dest") else [key])
        known = known.assign(known_at=flights["sched_dep_ts"].reindex(known.index))
        right = windows(known, landed[key], landed["sched_dep_ts"])
        for feature in features:
            values = found.loc[landed["flight_id"], f"{of}_{feature}"].to_numpy()
            np.testing.assert_allclose(values, right[feature], rtol=1e-12, err_msg=feature)
