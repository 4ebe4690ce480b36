"""A manifest is used with the target it was written for, and with no other."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from feature_warehouse import OnlineStore
from harness.command_line import Fw, one_line
from harness.mini import Mini, simple
from harness.publishers import fw

__all__ = ["fw"]

COMMANDS = [("materialize",), ("verify",), ("validate",), ("forget", "id=1")]


@pytest.fixture
def two(mini: Mini) -> Mini:
    """A project with the targets dev and prod in schemas of one file, and elsewhere in another.

    Entity 1 scores 1 in dev, 100 in prod, and 7 elsewhere: a file of the same name.
    """
    elsewhere = mini.folder / "elsewhere"
    elsewhere.mkdir()
    files = {"dev": mini.database, "prod": mini.database, "elsewhere": elsewhere / "mini.duckdb"}
    outputs = "".join(
        f"    {name}: {{type: duckdb, path: '{file}', schema: {_schema(name)}}}\n"
        for name, file in files.items()
    )
    reader = f"    reader: {{type: duckdb, path: '{mini.database}', schema: main}}\n"
    text = f"mini:\n  target: dev\n  outputs:\n{outputs}{reader}"
    (mini.folder / "profiles.yml").write_text(text)
    for name, score in (("dev", 1), ("prod", 100), ("elsewhere", 7)):
        with duckdb.connect(str(files[name])) as connection:
            connection.execute(
                f"create schema if not exists {_schema(name)};"
                f" create table {_schema(name)}.scores as"
                f" select 1::bigint as id, timestamp '2025-12-01' as ts, {score}::double as score"
            )
    parsed(mini, "dev")
    return mini


def _schema(target: str) -> str:
    return "main_prod" if target == "prod" else "main"


def parsed(mini: Mini, target: str) -> None:
    """As dbt would have written the manifest for the target, whatever command it was."""
    folder = mini.folder / "elsewhere" if target == "elsewhere" else mini.folder
    simple(mini, "(1, timestamp '2025-12-01', 1)", relation=f'"mini"."{_schema(target)}"."scores"')
    mini.written_for = {
        "adapter": "duckdb",
        "target": target,
        "database": "mini",
        "schema": _schema(target),
        "file": str(folder / "mini.duckdb"),
    }
    mini.write()


def served(redis_url: str, environment: str) -> Any:
    with OnlineStore.from_url(redis_url, project="mini", environment=environment) as store:
        return store.get("scores", {"id": 1})["score"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("written", "named"),
    [("dev", "prod"), ("prod", "dev"), ("dev", "elsewhere"), ("elsewhere", "dev")],
)
def test_another_target_is_refused_by_the_names_of_both(
    two: Mini, fw: Fw, redis_url: str, command: tuple[str, ...], written: str, named: str
) -> None:
    parsed(two, named)
    assert fw("materialize", "--target", named)[0] == 0
    right = {"dev": 1.0, "prod": 100.0, "elsewhere": 7.0}[named]
    assert served(redis_url, named) == right
    parsed(two, written)
    target = () if named == "dev" else ("--target", named)
    one_line(
        fw(*command, *target),
        2,
        "target/manifest.json was written for",
        f"target '{written}' (duckdb, ",
        f"not for target '{named}' (duckdb, ",
        f"run `dbt build --target {named}`, or `dbt parse --target {named}` if that is built"
        f" already, or pass --target {written}",
    )
    assert served(redis_url, named) == right


def test_a_login_of_its_own_serves_the_keys_that_are_named(
    two: Mini, fw: Fw, redis_url: str
) -> None:
    parsed(two, "dev")
    one_line(fw("materialize", "--target", "reader"), 2, "for target 'dev'", "for target 'reader'")
    assert fw("materialize", "--target", "reader", "--environment", "dev")[0] == 0
    assert served(redis_url, "dev") == 1.0
    for other in ("prod", "elsewhere"):
        result = fw("materialize", "--target", other, "--environment", "dev")
        one_line(result, 2, "for target 'dev'", f"for target '{other}'")
    assert served(redis_url, "dev") == 1.0


def test_any_environment_may_be_named_with_the_target_itself(
    two: Mini, fw: Fw, redis_url: str
) -> None:
    parsed(two, "prod")
    assert fw("materialize", "--target", "prod", "--environment", "blue")[0] == 0
    assert served(redis_url, "blue") == 100.0


def test_the_same_target_with_another_file_or_schema(two: Mini, fw: Fw) -> None:
    assert two.written_for is not None
    noted = dict(two.written_for)
    for change in ({"file": "/build/mini.duckdb"}, {"schema": "other"}, {"database": "other"}):
        two.written_for = noted | change
        two.write()
        result = fw("materialize")
        one_line(result, 2, "for target 'dev'", "not for target 'dev'", "`dbt build --target dev`")
        assert "pass --target" not in result[2]
    two.written_for = noted | {"file": f"{two.folder}/./target/../mini.duckdb"}
    two.write()
    assert fw("materialize")[0] == 0


def test_a_manifest_that_does_not_say(two: Mini, fw: Fw) -> None:
    wrong: list[Any] = [None, {}, {"target": 1}]
    for two.written_for in wrong:
        two.write()
        one_line(fw("materialize"), 2, "does not say which target it was written for", "dbt build")


def test_a_file_that_the_profile_names_by_a_relative_path(two: Mini, fw: Fw) -> None:
    profiles = two.folder / "profiles.yml"
    profiles.write_text(profiles.read_text().replace(str(two.folder), "."))
    assert two.written_for is not None
    two.written_for |= {"file": "mini.duckdb"}
    two.write()
    assert fw("materialize", "--project-dir", Path("../") / two.folder.name)[0] == 0
