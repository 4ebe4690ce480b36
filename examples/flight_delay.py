"""Will a flight arrive late? A model on the demo's training set, and what a leak would fake.

    make example

Trains on the time split, once with the features as they were known and once with leaking windows.
Then publishes the features, reads one flight's from Redis and scores it: to the last bit the score
of its row in the training set. Exits with 1 if it is not.

Runs in the root of this repository, in the environment of `dbt build` on DuckDB: DBT_PROFILES_DIR,
DBT_TARGET_PATH, FEATURE_WAREHOUSE_DUCKDB_PATH.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from feature_warehouse import OnlineStore
from feature_warehouse.dev.servers import local_valkey

BIN = Path(sys.executable).parent
LEAKING_WINDOWS = Path(__file__).parent / "leaking_windows.sql"

# The flight is scheduled to leave at the very clock of the run, so its row is what is served then.
CLOCK = "2013-12-31T00:00:00Z"
FLIGHT_ID = 110347

Numbers = Any
"""A numpy array; scikit-learn, which reads and returns them, ships no types."""


def main() -> int:
    """Train, show the leak, serve; 0 if the flight has the same score online and offline."""
    path = os.environ["FEATURE_WAREHOUSE_DUCKDB_PATH"]
    with duckdb.connect(path, read_only=True) as warehouse:
        flights = warehouse.sql(
            "select * from flight_delay_training where is_late is not null order by flight_id"
        ).to_arrow_table()
        leaking = warehouse.sql(LEAKING_WINDOWS.read_text()).to_arrow_table()
        [[expect]] = warehouse.sql("select service_fingerprint from flight_delay_card").fetchall()

    names = features_of(flights)
    known = matrix(flights, names)
    leaked = matrix(with_the_leak(flights, leaking), names)
    is_late = flights["is_late"].to_numpy()
    split = np.array(flights["train_test_split"].to_pylist())
    train, test = split == "train", split == "test"
    print(
        f"{train.sum():,} flights until October to learn from, {test.sum():,} from November on to"
        f" test with, {len(names)} features"
    )

    model = fit(known[train], is_late[train])
    leaky = fit(leaked[train], is_late[train])
    print("AUC on the test flights")
    report("features as they were known", model, known[test], is_late[test])
    report("windows by scheduled time, which leak", leaky, leaked[test], is_late[test])
    report("the leaking model, given what is known in service", leaky, known[test], is_late[test])

    [position] = np.flatnonzero(flights["flight_id"].to_numpy() == FLIGHT_ID)
    flight = flights.slice(position, 1).to_pylist()[0]
    served = online_features(flight, names, expect)
    online, offline = score(model, served), score(model, known[[position]])
    print(f"{flight['carrier']} {flight['flight_number']} to {flight['dest']}: will it be late?")
    print(f"  score of what Redis serves  {online!r}")
    print(f"  score of its training row   {offline!r}")
    return 0 if online == offline else 1


def features_of(flights: pa.Table) -> list[str]:
    """The numbers among the features, which stand behind the split."""
    behind = flights.column_names.index("train_test_split") + 1
    return [
        field.name
        for field in list(flights.schema)[behind:]
        if pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
    ]


def matrix(table: pa.Table, names: list[str]) -> Numbers:
    """The columns as doubles; NULL is NaN, which the model knows how to handle."""
    return np.column_stack([table[name].to_numpy().astype(float) for name in names])


def with_the_leak(flights: pa.Table, leaking: pa.Table) -> pa.Table:
    """The same flights with the leaking windows in place of the honest ones."""
    rows = np.searchsorted(leaking["flight_id"].to_numpy(), flights["flight_id"].to_numpy())
    for name in set(leaking.column_names) - {"flight_id"}:
        position = flights.column_names.index(name)
        flights = flights.set_column(position, name, leaking[name].take(rows))
    return flights


def fit(features: Numbers, is_late: Numbers) -> HistGradientBoostingClassifier:
    """Gradient boosted trees, with scikit-learn's defaults."""
    return HistGradientBoostingClassifier(random_state=0).fit(features, is_late)


def score(model: HistGradientBoostingClassifier, features: Numbers) -> float:
    """How likely one flight is late."""
    return float(model.predict_proba(features)[0, 1])


def report(
    title: str, model: HistGradientBoostingClassifier, features: Numbers, is_late: Numbers
) -> None:
    """Print how well a model tells late flights from others."""
    auc = roc_auc_score(is_late, model.predict_proba(features)[:, 1])
    print(f"  {auc:.4f}  {title}")


def online_features(flight: dict[str, Any], names: list[str], expect: str) -> Numbers:
    """Publish to a server of our own, and read the flight's features as a service does."""
    with local_valkey() as server:
        subprocess.run(
            [
                *(BIN / "feature-warehouse", "materialize", "--json"),
                *("--as-of", CLOCK, "--environment", "example"),
            ],
            env={**os.environ, "REDIS_URL": server.url},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        with OnlineStore.from_url(
            server.url, project="feature_warehouse", environment="example"
        ) as store:
            keys = store.entity_keys("flight_delay") | store.request_columns("flight_delay")
            vector = store.get("flight_delay", {key: flight[key] for key in keys}, expect=expect)
    return np.array([[vector[name] for name in names]], dtype=float)


if __name__ == "__main__":
    sys.exit(main())
