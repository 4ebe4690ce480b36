"""A third engine is one file of macros and one of Python, and nothing else changes.

Its SQL is DuckDB's: that no other file names an engine is proved here, not that any dialect fits.
"""

import re
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from subprocess import CompletedProcess

import duckdb
import pytest

from engines import toy
from feature_warehouse import OnlineStore
from feature_warehouse.engines import engine_of
from feature_warehouse.errors import UsageError
from harness.support import dbt_environment, run

CLOCK = datetime(2026, 1, 6, 12)

Dbt = Callable[..., "CompletedProcess[str]"]

# As if the file lay beside those of the other engines.
COMMAND = """
import sys
import feature_warehouse.engines as engines
from feature_warehouse.cli.app import main
engines.__path__.append(sys.argv.pop(1))
main()
"""


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.write_adapter(tmp_path_factory.mktemp("toy adapter"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.write_project(tmp_path_factory.mktemp("toy") / "cards")


@pytest.fixture(scope="module")
def dbt(adapter: Path, project: Path) -> Dbt:
    """Runs dbt, which finds the adapter, on the project; not in a fork, which would not."""
    env = dbt_environment({"DBT_PROFILES_DIR": str(project), "PYTHONPATH": str(adapter)})
    return lambda *arguments: run("dbt", *arguments, cwd=project, env=env)


@pytest.fixture(scope="module")
def refused(dbt: Dbt) -> "CompletedProcess[str]":
    """What dbt says of the project before the engine has its file of macros."""
    return dbt("build")


@pytest.fixture(scope="module")
def built(dbt: Dbt, project: Path, refused: "CompletedProcess[str]") -> Path:
    """The project, with the file of macros, as dbt built it."""
    del refused
    (toy.engines_folder(project) / "toy.sql").write_text(toy.answers())
    result = dbt("build")
    assert result.returncode == 0, result.stdout
    return project


def test_an_adapter_that_is_derived_from_another_has_no_answers_of_its_own(
    refused: "CompletedProcess[str]",
) -> None:
    assert refused.returncode == 2, refused.stdout
    lines = [line.strip() for line in refused.stdout.splitlines()]
    [said] = [line for line in lines if line.startswith("feature_warehouse: ")]
    assert said == (
        "feature_warehouse: the adapter 'toy' of target 'dev' is not supported; use a target of"
        " one that README lists"
    )


def test_an_adapter_without_a_module_is_refused_by_name(
    built: Path, adapter: Path, tmp_path: Path, redis_url: str
) -> None:
    with pytest.raises(UsageError, match=r"^the adapter 'toy' is not supported; use a target of"):
        engine_of("toy")
    # Not in a fork, which would not find the adapter.
    result = run(
        Path(sys.executable).name,
        *("-c", COMMAND, tmp_path, "materialize", "--project-dir", built),
        env={"PYTHONPATH": str(adapter), "REDIS_URL": redis_url},
    )
    assert result.returncode == 2
    assert result.stderr == (
        "feature-warehouse: the adapter 'toy' is not supported; use a target of one that README"
        " lists\n"
    )


def test_its_training_set_is_what_was_known_at_each_label(built: Path) -> None:
    expected = {
        (row["card"], row["asked_at"], row["outcome"]): toy.answer(row["card"], row["asked_at"])
        for row in toy.ASKED
    }
    with duckdb.connect(str(built / "cards.toy"), read_only=True) as connection:
        rows = connection.execute("from learned").fetchall()
        names = [column[0] for column in connection.description]
    found = {}
    for values in rows:
        row = dict(zip(names, values, strict=True))
        key = (row.pop("card"), row.pop("asked_at"), row.pop("outcome"))
        assert key not in found
        found[key] = row
    assert found == expected
    assert len({tuple(row.values()) for row in expected.values()}) > 8


def test_its_answers_choose_the_strategy(built: Path) -> None:
    """DuckDB joins by ASOF JOIN and names windows, which this engine says it has not."""
    compiled = built / "target" / "compiled" / "cards" / "models"
    texts = [file.read_text().lower() for file in compiled.glob("*.sql")]
    assert not any("asof" in text or re.search(r"\bwindow\b", text) for text in texts)
    assert sum("over (partition by" in text for text in texts) > 1


def test_what_it_publishes_is_what_was_known(
    built: Path, adapter: Path, tmp_path: Path, redis_url: str
) -> None:
    (tmp_path / "toy.py").write_text(toy.ENGINE)
    result = run(
        Path(sys.executable).name,
        "-c",
        COMMAND,
        tmp_path,
        "materialize",
        *("--project-dir", built, "--as-of", f"{CLOCK.isoformat()}Z"),
        env={"PYTHONPATH": str(adapter), "REDIS_URL": redis_url},
    )
    assert result.returncode == 0, result.stdout + result.stderr
    cards = [1, 2, 3, 4]
    with OnlineStore.from_url(redis_url) as store:
        vectors = store.get_many("pay", [{"card": card} for card in cards])
        found = [dict(vector.items()) for vector in vectors]
    assert found == [toy.answer(card, CLOCK) for card in cards]
    assert len({tuple(row.values()) for row in found}) == len(cards)
