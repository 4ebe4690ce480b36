"""Seeds and snapshots with blocks of their own: what they give, and what a wrong type stops."""

import csv
import io
import json
import os
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from feature_warehouse import OnlineStore
from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.errors import UsageError
from feature_warehouse.training_sets import TrainingSets
from harness.command_line import Result, in_process, one_line
from relations.conftest import Twin
from relations.seeds import SEEDS

Row = dict[str, Any]

# What the source of the snapshot holds in turn: the third change is of an instant before the last,
# and dbt takes no notice of it.
STAGES = (
    ("2024-01-01 00:00:00", "2024-01-02 00:00:00", 100),
    ("2024-01-03 00:00:00", "2024-01-05 00:00:00", 200),
    ("2024-01-02 00:00:00", "2024-01-06 00:00:00", 300),
)


@pytest.fixture
def publish(
    twin: Twin,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Result]:
    """The command line on the environment `dev`."""
    monkeypatch.setenv("DBT_PROFILES_DIR", str(twin.project))
    monkeypatch.setenv("DBT_PROJECT_DIR", str(twin.project))
    monkeypatch.setenv("DBT_TARGET", f"{twin.engine}_dev")
    monkeypatch.setenv("DBT_TARGET_PATH", str(twin.project / f"{twin.engine} dev"))
    monkeypatch.setenv("DBT_LOG_PATH", str(twin.project / "logs"))
    monkeypatch.setenv("REDIS_URL", redis_url)
    return in_process(monkeypatch, capsys)


def test_seeds_and_snapshots_are_views_and_label_sets(
    twin: Twin, redis_url: str, publish: Callable[..., Result]
) -> None:
    twin.dbt("dev", "seed")
    for changed, seen, price in STAGES:
        twin.execute(
            "dev",
            f"update offered set changed_at = '{changed}', seen_at = '{seen}', price = {price}",
        )
        twin.dbt("dev", "snapshot", "-s", "offer", "votes")
    followers = ("taught_by_votes", "taught_now", "tariff_then", "offer_now", "seed_figures")
    twin.dbt("dev", "run", "-s", "taught", "people", *followers)
    twin.dbt("dev", "test", "-s", "tariff", "offer", "taught", "--exclude", "test_type:unit")

    labels = [
        (int(row["id"]), datetime.fromisoformat(row["polled_at"]), int(row["y"]))
        for row in _rows("polled")
    ]
    expected = [(*label, *_tariff(label[0], label[1]), _price(*label[:2])) for label in labels]
    assert any(row[-1] == 200 for row in expected)
    found = twin.rows(
        "dev", "select id, polled_at, y, rate, grade, price from taught order by id, polled_at"
    )
    assert found == expected
    assert twin.rows(
        "dev", "select id, polled_at, y, grade from taught_by_votes order by id, polled_at"
    ) == [row[:3] + row[4:5] for row in expected]
    late = datetime(2024, 2, 1)
    assert twin.rows("dev", "select rate, grade, price from taught_now") == [
        (*_tariff(1, late), _price(1, late))
    ]
    assert twin.rows("dev", "select id, grade from tariff_then order by id") == [(1, "a"), (2, "d")]
    assert twin.rows("dev", "select id, price from offer_now") == [(1, 200)]
    assert twin.rows(
        "dev", "select view, feature, row_count from seed_figures order by view, feature"
    ) == [("offer", "price", 1), ("tariff", "grade", 2), ("tariff", "rate", 2)]
    listed = "select view, feature, data_type from catalog where view in ('offer', 'tariff')"
    assert twin.rows("prod", f"{listed} order by view, feature") == [
        ("offer", "price", "integer"),
        ("tariff", "grade", "text"),
        ("tariff", "rate", "numeric(10,2)"),
    ]

    code, out, err = publish("materialize", "--json", "-s", "tariff", "offer")
    assert code == 0, err
    views = {each["view"]: each["rows_written"] for each in json.loads(out)["results"]}
    assert views == {"tariff": 2, "offer": 1}
    with OnlineStore.from_url(redis_url, project="twin", environment=_environment()) as store:
        for entity in (1, 2, 3):
            served = store.get("taught", {"id": entity})
            now = datetime(2100, 1, 1)
            wanted = (*_tariff(entity, now), _price(entity, now))
            assert tuple(served[name] for name in ("rate", "grade", "price")) == wanted
    code, out, err = publish("verify", "-s", "tariff", "offer")
    assert code == 0, out + err
    code, out, err = publish("describe", "tariff")
    assert (code, "What an id pays." in out) == (0, True), out + err
    twin.execute("dev", "delete from tariff where id = 2")
    code, out, err = publish("forget", "id=2")
    assert (code, "- model taught_by_votes" in out) == (0, True), out + err
    sets = TrainingSets(_project(twin))
    asked = {"id": [1, 2], "polled_at": [datetime(2024, 1, 5), datetime(2024, 1, 1)]}
    answered = sets.build(pa.table(asked), ["tariff:grade", "offer:price"])
    assert answered["grade"].to_pylist() == ["a", None]
    assert answered["price"].to_pylist() == [200, None]


@pytest.mark.parametrize("view", ["tariff", "offer"])
def test_a_wrong_type_stops_whatever_is_built_upon_it(
    view: str, twin: Twin, publish: Callable[..., Result]
) -> None:
    twin.dbt("dev", "build", "-s", "tariff", "offered", "offer", "polled")
    kind = "timestamp with time zone"
    column = {"tariff": "since", "offer": "seen_at"}[view]
    twin.execute("dev", f"alter table {view} alter column {column} type {kind}")
    said = twin.dbt("dev", "run", "-s", "taught", fails=True)
    assert f"column '{column}' of" in said
    assert f"is declared as timestamp and is {kind}" in said.lower()
    one_line(
        publish("materialize", "-s", view),
        2,
        f"{view}: column '{column}' is declared as timestamp and is {kind}",
        "declare the actual type",
    )
    labels = pa.table({"id": [1], "polled_at": [datetime(2024, 1, 5)]})
    with pytest.raises(UsageError, match=f"column '{column}' of"):
        TrainingSets(_project(twin)).build(labels, [view])


def _rows(seed: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(SEEDS[seed])))


def _tariff(entity: int, at: datetime) -> tuple[Decimal | None, str | None]:
    """By rule 1, row by row."""
    best: dict[str, str] | None = None
    for row in _rows("tariff"):
        since, known = (datetime.fromisoformat(row[name]) for name in ("since", "known"))
        is_newer = best is None or datetime.fromisoformat(best["since"]) < since
        if int(row["id"]) == entity and max(since, known) <= at and is_newer:
            best = row
    if best is None:
        return None, None
    return (Decimal(best["rate"]) if best["rate"] else None), best["grade"]


def _price(entity: int, at: datetime) -> int | None:
    """What a snapshot by the time of a change remembers, and the answer of rule 1 from that."""
    kept: list[tuple[datetime, datetime, int]] = []
    for changed, seen, price in STAGES:
        version = (datetime.fromisoformat(changed), datetime.fromisoformat(seen), price)
        if not kept or kept[-1][0] < version[0]:
            kept.append(version)
    known = [version for version in kept if max(version[:2]) <= at]
    return max(known)[2] if entity == 1 and known else None


def _environment() -> str:
    return os.environ["DBT_TARGET"]


def _project(twin: Twin) -> DbtProject:
    return DbtProject(
        twin.project,
        profiles_dir=twin.project,
        target=_environment(),
        target_path=twin.project / f"{twin.engine} dev",
    )
