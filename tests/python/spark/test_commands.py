"""A project on Spark from `dbt build` to a reader, each command in a process of its own.

What is expected is what ``engines.toy`` computes in plain Python.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engines import toy
from feature_warehouse import OnlineStore
from harness.support import dbt, run
from spark.warehouse import SETTINGS, needs_spark

pytestmark = needs_spark

CLOCK = datetime(2026, 1, 6, 12)
CARDS = [1, 2, 3, 4]

HOLDER = """
import sys
from feature_warehouse.dbt_project import DbtProject
with DbtProject(sys.argv[1]).open_warehouse():
    print("open", flush=True)
    sys.stdin.read()
"""

Command = Callable[..., "CompletedProcess[str]"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spark commands") / "cards"
    output: dict[str, Any] = {"type": "spark", "method": "session", "host": "NA"}
    output |= {"schema": "cards", "threads": 1, "server_side_parameters": SETTINGS}
    toy.write_project(folder, output)
    dbt("build", project=folder, env={"DBT_PROFILES_DIR": str(folder)})
    return folder


@pytest.fixture
def fw(project: Path, redis_url: str) -> Command:
    def call(*arguments: str | Path) -> "CompletedProcess[str]":
        return run("feature-warehouse", *arguments, cwd=project, env={"REDIS_URL": redis_url})

    return call


def test_what_is_published_is_what_was_known(fw: Command, redis_url: str) -> None:
    at = f"{CLOCK.isoformat()}Z"
    published = fw("materialize", "--as-of", at, "--json")
    assert (published.returncode, published.stderr) == (0, "")
    views = json.loads(published.stdout)["results"]
    assert {view["view"]: view["rows_written"] for view in views} == {"balance": 3, "spending": 2}
    with OnlineStore.from_url(redis_url) as store:
        vectors = store.get_many("pay", [{"card": card} for card in CARDS])
        assert [dict(vector.items()) for vector in vectors] == [
            toy.answer(card, CLOCK) for card in CARDS
        ]
    verified = fw("verify")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "equal balance: 3 rows compared" in verified.stdout
    later = f"{(CLOCK + timedelta(hours=1)).isoformat()}Z"
    again = fw("materialize", "--as-of", later, "--json")
    assert (again.returncode, again.stderr) == (0, "")
    modes = {view["view"]: view["mode"] for view in json.loads(again.stdout)["results"]}
    assert modes == {"balance": "incremental", "spending": "compare"}


def test_a_training_set_is_exported_with_a_card_that_holds(fw: Command, tmp_path: Path) -> None:
    file = tmp_path / "learned.parquet"
    exported = fw("training-set", "export", "learned", "--to", file)
    assert exported.returncode == 0, exported.stderr
    found = pq.read_table(file).to_pylist()
    wanted = [
        {
            **row,
            "asked_at": row["asked_at"].replace(tzinfo=UTC),
            **toy.answer(row["card"], row["asked_at"]),
        }
        for row in sorted(toy.ASKED, key=lambda row: (row["asked_at"], row["card"]))
    ]
    assert found == wanted
    checked = fw("training-set", "check", tmp_path / "learned.card.json")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    card = json.loads((tmp_path / "learned.card.json").read_text())
    same = card_on_duckdb(tmp_path)
    for name in ("row_count", "content_fingerprint", "service_fingerprint", "views"):
        assert card[name] == same[name], name
    assert card["row_count"] == len(toy.ASKED)


def card_on_duckdb(folder: Path) -> dict[str, Any]:
    """The card of the same training set, as DuckDB has it."""
    project = folder / "cards"
    output = {"type": "duckdb", "path": str(folder / "cards.duckdb"), "threads": 1}
    toy.write_project(project, output)
    dbt("build", project=project, env={"DBT_PROFILES_DIR": str(project)})
    file = folder / "on_duckdb.parquet"
    run("feature-warehouse", "training-set", "export", "learned", "--to", file, cwd=project)
    card: dict[str, Any] = json.loads(file.with_suffix(".card.json").read_text())
    return card


def test_a_training_set_is_built_for_a_file_of_labels(fw: Command, tmp_path: Path) -> None:
    labels = toy.ASKED[::-1] * 2
    columns = {name: [row[name] for row in labels] for name in ("card", "asked_at", "outcome")}
    pq.write_table(pa.table(columns), tmp_path / "labels.parquet")
    built = fw(
        *("training-set", "build", "--labels", tmp_path / "labels.parquet", "--service", "pay"),
        *("--to", tmp_path / "built.parquet"),
    )
    assert built.returncode == 0, built.stderr
    found = pq.read_table(tmp_path / "built.parquet").to_pylist()
    assert found == [{**row, **toy.answer(row["card"], row["asked_at"])} for row in labels]


def test_one_process_at_a_time_has_the_metastore(fw: Command, project: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(project)],
        cwd=project,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        refused = fw("materialize")
        holder.stdin.close()
    assert refused.returncode == 4
    assert refused.stderr == (
        f"feature-warehouse: the metastore {project}/metastore_db is open in another process, such"
        " as dbt; try again when it has finished, or pass --wait\n"
    )


def test_a_metastore_that_is_not_there_is_not_made(fw: Command, project: Path) -> None:
    (project / "metastore_db").rename(project / "elsewhere")
    refused = fw("materialize")
    made = (project / "metastore_db").exists()
    (project / "elsewhere").rename(project / "metastore_db")
    assert refused.returncode == 3
    assert refused.stderr == (
        f"feature-warehouse: there is no metastore at {project}/metastore_db; run `dbt build`\n"
    )
    assert not made
