"""The command line: one clear line and the documented exit code, whatever goes wrong."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from feature_warehouse.dev.servers import local_valkey
from harness.cli_project import AS_OF, SCORES, mini
from harness.command_line import Fw, one_line
from harness.mini import Mini
from harness.publishers import fw
from harness.support import IS_DBT_2
from local_postgres import Postgres

__all__ = ["fw", "mini"]


def test_no_redis_named(fw: Fw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL")
    one_line(fw("materialize"), 2, "no Redis address is given", "REDIS_URL", "dev-server")


@pytest.mark.parametrize("command", [("materialize",), ("status",), ("get", "risk", "id=1")])
def test_unreachable_redis(fw: Fw, command: tuple[str, ...]) -> None:
    url = "redis://:hunter2@127.0.0.1:1/0"
    result = fw(*command, "--redis-url", url)
    one_line(result, 3, "Redis at 127.0.0.1:1 does not answer")
    assert "hunter2" not in result[1] + result[2]


def test_wrong_redis_password(fw: Fw) -> None:
    with local_valkey(config={"requirepass": "right"}) as server:
        url = f"redis://:wr0ng@127.0.0.1:{server.port}/0"
        result = fw("status", "--redis-url", url)
        one_line(result, 3, f"127.0.0.1:{server.port} refuses the login")
        assert "wr0ng" not in result[2]


def test_missing_and_broken_manifest(fw: Fw, mini: Mini) -> None:
    manifest = mini.folder / "target" / "manifest.json"
    manifest.write_text("{")
    one_line(fw("materialize"), 2, "manifest.json is not a dbt manifest", "dbt build")
    manifest.unlink()
    one_line(fw("materialize"), 2, "there is no target/manifest.json", "dbt build")


def test_manifest_older_than_the_models(fw: Fw, mini: Mini) -> None:
    models = mini.folder / "models"
    models.mkdir()
    (models / "scores.sql").write_text("select 2")
    one_line(fw("materialize"), 2, "models/scores.sql changed after", "dbt build")


def test_profile_and_target_mistakes(fw: Fw, mini: Mini) -> None:
    one_line(fw("materialize", "--target", "nope"), 2, "does not have a target named 'nope'")
    one_line(fw("materialize", "--profiles-dir", "/nowhere"), 2, "there is no profiles.yml in")
    elsewhere = f"there is no dbt_project.yml in {mini.folder / 'target'}; go to the project's"
    for command in (("materialize",), ("forget", "id=1"), ("describe", "scores")):
        one_line(fw(*command, "--project-dir", "target"), 2, elsewhere, "pass --project-dir")
    profiles = mini.folder / "profiles.yml"
    text = profiles.read_text()
    profiles.write_text(text.replace("mini:\n  target", "other:\n  target"))
    one_line(fw("materialize"), 2, "Could not find profile named 'mini'")


def test_target_of_another_warehouse(fw: Fw, mini: Mini) -> None:
    profiles = mini.folder / "profiles.yml"
    profiles.write_text(
        "mini: {target: pg, outputs: {pg: {type: postgres, host: localhost, port: 1, user: u,"
        " password: hunter2, dbname: d, schema: s}}}"
    )
    result = fw("materialize")
    one_line(result, 2, "for target 'dev' (duckdb", "for target 'pg' (postgres", "dbt build")


def test_unreachable_postgres(fw: Fw, mini: Mini, postgres: Postgres) -> None:
    mini.adapter = "postgres"
    place = {"adapter": "postgres", "database": "postgres", "schema": "s"}
    mini.written_for = {"target": "pg", **place}
    mini.write()
    profile = (
        "mini: {target: pg, outputs: {pg: {type: postgres, host: 127.0.0.1, port: %d,"
        " user: postgres, password: hunter2, dbname: postgres, schema: s}}}"
    )
    (mini.folder / "profiles.yml").write_text(profile % 1)
    refused = fw("materialize")
    one_line(refused, 3, "PostgreSQL at 127.0.0.1:1 refused the connection")
    (mini.folder / "profiles.yml").write_text(profile % postgres.port)
    wrong = fw("materialize")
    one_line(wrong, 3, "password authentication failed")
    assert "hunter2" not in refused[2] + wrong[2]


def test_missing_and_invalid_duckdb_file(fw: Fw, mini: Mini) -> None:
    mini.database.unlink()
    one_line(fw("materialize"), 3, "DuckDB cannot open", "database does not exist")
    mini.database.write_text("no database" * 1000)
    one_line(fw("materialize"), 3, "DuckDB cannot open", "not a valid DuckDB database")


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Another process has the file open for writing, as dbt has while it builds."""
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    command = [sys.executable, "-c", code, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.kill()


def test_duckdb_file_that_dbt_holds(fw: Fw, mini: Mini) -> None:
    with held(mini.database):
        one_line(fw("materialize"), 4, "is open in another process, such as dbt")
    assert fw("materialize", "--wait")[0] == 0


def test_relation_that_was_not_built(fw: Fw, mini: Mini) -> None:
    mini.view("fresh", SCORES)
    mini.write()
    code, out, err = fw("materialize", *AS_OF, "--json")
    assert code == 2
    assert "feature view 'fresh' is not in the warehouse as declared" in err
    printed = json.loads(out)
    assert [view["status"] for view in printed["results"]] == ["error", "success"]
    assert [service["status"] for service in printed["services"]] == ["success"]


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (("get", "risk", "id"), "'id' is not an entity key: expected id=value"),
        (("get", "risk", "id=x"), "entity key 'id' takes a whole number, which 'x' is not"),
        (("get", "risk", "tail=1"), "lacks id and has unknown tail; it takes id"),
        (("get", "risk", "id=1", "more=2"), "has unknown more"),
        (("get", "rsk", "id=1"), "'rsk' is not published in mini.dev; did you mean 'risk'?"),
        (
            ("get", "nope", "id=1"),
            "'nope' is not published in mini.dev; published are risk, scores",
        ),
        (
            ("rollback", "scoers"),
            "no view 'scoers' is published in mini.dev; did you mean 'scores'?",
        ),
        (("get", "risk", "id=1", "--expect", "0000"), "its features changed since"),
        (("get", "risk", "id=1", "--at", "noon"), "'noon' is not an instant"),
        (("get",), "Missing"),
        (("materialize", "--as-of", "noon"), "'noon' is not an instant"),
        (("materialize", "--no-such-option"), "--no-such-option"),
        (("train",), "train"),
    ],
)
def test_wrong_use(fw: Fw, arguments: tuple[str, ...], fragment: str) -> None:
    assert fw("materialize", *AS_OF)[0] == 0
    one_line(fw(*arguments), 2, fragment)


def test_nothing_published_yet(fw: Fw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_line(fw("status"), 2, "nothing is published in mini.dev")
    monkeypatch.chdir(tmp_path)
    one_line(fw("status"), 2, "nothing is published here")


def test_a_mistake_in_a_declaration(fw: Fw, mini: Mini) -> None:
    mini.view("wrong", SCORES, tll="1 hour")
    mini.view("worse", SCORES, event_timestamp="at", ttl="1 month")
    mini.service("odd", {"view": "skores"}, {"view": "scores", "features": ["scor"]})
    mini.write()
    one_line(
        fw("materialize"),
        2,
        "feature view 'wrong': unknown key 'tll'; known are join_keys, event_timestamp,",
        "tie_breaker, drift, expectations; did you mean 'ttl'?",
        "feature view 'worse': column 'at' is not declared",
        "feature view 'worse': ttl '1 month' is not a fixed length of time",
        "'skores' is not a feature view; did you mean 'scores'?",
        "scores has no feature 'scor'; did you mean 'score'?",
    )


def test_a_bug_of_ours_is_one_line_too(fw: Fw, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oops\nagain")

    monkeypatch.setattr("feature_warehouse.cli.context.read_registry", broken)
    one_line(fw("materialize"), 70, "internal error: ZeroDivisionError: oops again")


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hunter2/x@h:1",
        "redis://:hun?ter2@h:1",
        "redis://:hunter2#x@h:1",
        "default:hunter2@host:1",
        "redis:/:hunter2@h",
        "http://:hunter2@h",
        "redis://:hunter2@h:port",
    ],
)
def test_a_mistyped_url_never_shows_its_password(fw: Fw, url: str) -> None:
    result = fw("status", "--redis-url", url)
    assert result[0] in (2, 3)
    assert "hunter2" not in result[1] + result[2]
    assert "ter2" not in result[1] + result[2]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(
            "mini: {target: d, outputs: {d: {type: postgres, host: h, port: 1, user: u,"
            " password: %s, dbname: d, schema: s}}}",
            id="password that is a number",
            marks=pytest.mark.dbt_1,  # dbt 2 takes it
        ),
        pytest.param("mini: {target: d, outputs: {d: {type: postgres, password: %s\n]", id="YAML"),
    ],
)
def test_a_broken_profile_never_shows_its_password(fw: Fw, mini: Mini, broken: str) -> None:
    (mini.folder / "profiles.yml").write_text(broken % "98765432123")
    result = fw("materialize")
    words = "not valid YAML" if IS_DBT_2 else "it is not a valid profile"
    one_line(result, 2, "profiles.yml", words)
    assert "98765432123" not in result[1] + result[2]


def test_odd_names_of_environments(fw: Fw) -> None:
    for command in (("materialize",), ("status", "--project", "mini")):
        one_line(fw(*command, "--environment", "a b"), 2, "environment 'a b' cannot be part of")


def test_a_missing_extra_is_named(fw: Fw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "feature_warehouse.publishing.materialize", None)
    one_line(fw("materialize"), 2, "pip install 'feature-warehouse[duckdb]'")
