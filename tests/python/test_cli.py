"""The command line: one clear line and the documented exit code, whatever goes wrong."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from command_line import Fw, Result, in_process
from feature_warehouse.servers import Postgres, local_valkey
from mini import Mini

SCORES: dict[str, Any] = {"id": "bigint", "ts": "timestamp", "score": "double precision"}
ONE_ROW = "select 1::bigint as id, timestamp '2026-01-01' as ts, 1.5::double as score"
AS_OF = ("--as-of", "2026-01-01T12:00:00Z")


@pytest.fixture
def mini(tmp_path: Path) -> Mini:
    folder = tmp_path / "a project"
    folder.mkdir()
    project = Mini(folder)
    project.view("scores", SCORES, ONE_ROW)
    project.service("risk", {"view": "scores", "prefix": "user_"})
    project.write()
    return project


@pytest.fixture
def fw(
    mini: Mini,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Fw:
    """Run the command in this process, in the project's folder."""
    monkeypatch.chdir(mini.folder)
    for name in [name for name in os.environ if name.startswith(("DBT_", "FEATURE_WAREHOUSE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REDIS_URL", redis_url)
    return in_process(monkeypatch, capsys)


def one_line(result: Result, code: int, *fragments: str) -> None:
    """Nothing but one line, with this exit code, that says all of this."""
    assert result[0] == code, result
    assert result[2].count("\n") == 1, result
    assert "Traceback" not in result[1] + result[2]
    for fragment in fragments:
        assert fragment in result[2], result


def test_materialize_status_get(fw: Fw, mini: Mini) -> None:
    code, out, err = fw("materialize", *AS_OF, "--json")
    assert (code, err) == (0, "")
    printed = json.loads(out)
    [view], [service] = printed["results"], printed["services"]
    assert (view["view"], view["rows_written"], view["generation"]) == ("scores", 1, 1)
    assert (service["service"], service["status"]) == ("risk", "success")
    results = json.loads((mini.folder / "target" / "materialize_results.json").read_text())
    assert results["metadata"]["clock"] == "2026-01-01T12:00:00+00:00"
    assert results["metadata"]["environment"] == "dev"
    assert results["results"] == [view]

    code, out, _ = fw("status", "--json")
    status = json.loads(out)
    assert (status["project"], status["environment"]) == ("mini", "dev")
    [scores] = status["views"]
    assert (scores["rows"], scores["age"]) == (1, 12 * 3_600_000_000)
    assert scores["memory"] > 50
    code, out, _ = fw("status")
    assert "mini.dev" in out
    assert "12 h" in out
    assert "The clock is simulated and stands at 2026-01-01 12:00" in out

    code, out, _ = fw("get", "risk", "id=1", "--json")
    vector = json.loads(out)
    assert vector["features"]["user_score"] == {
        "value": 1.5,
        "status": "found",
        "event_timestamp": "2026-01-01T00:00:00Z",
    }
    assert vector["fingerprint"] == service["fingerprint"]
    code, out, _ = fw("get", "scores", "id=2")
    assert "missing" in out


def test_a_pipe_gets_what_people_read(fw: Fw) -> None:
    """Of every command, without colours; with `--json` one document of each."""
    commands = {
        ("materialize", *AS_OF): "published scores: 1 rows",
        ("verify",): "equal scores: 1 rows compared",
        ("validate", *AS_OF): "no feature view declares `expectations`",
        ("status",): "mini.dev",
        ("get", "risk", "id=1"): "user_score",
        ("describe", "scores"): "feature view scores",
        ("forget", "id=7"): "scores, generation 1",
    }
    for command, text in commands.items():
        code, out, err = fw(*command)
        assert (code, err) == (0, ""), command
        assert text in out, command
        assert "\x1b" not in out, command
        assert not out.startswith("{"), command
        document = json.loads(fw(*command, "--json")[1])
        assert isinstance(document, dict), command


def test_one_json_result(fw: Fw) -> None:
    _, out, _ = fw("materialize", *AS_OF, "--json")
    assert [view["view"] for view in json.loads(out)["results"]] == ["scores"]


def test_no_redis_named(fw: Fw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL")
    one_line(fw("materialize"), 2, "no Redis is named", "REDIS_URL", "dev-server")


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
    one_line(fw("materialize"), 2, "manifest.json is no dbt manifest", "dbt build")
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
    one_line(fw("materialize", "--project-dir", "target"), 2, "target/target/manifest.json")
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
    one_line(refused, 3, "PostgreSQL at 127.0.0.1:1 does not let us in")
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
        (("get", "risk", "id"), "'id' is no entity key; write it as id=value"),
        (("get", "risk", "id=x"), "entity key 'id' takes an int, which 'x' is not"),
        (("get", "risk", "tail=1"), "lacks id and has unknown tail; it takes id"),
        (("get", "risk", "id=1", "more=2"), "has unknown more"),
        (("get", "rsk", "id=1"), "'rsk' is not published in mini.dev"),
        (("get", "risk", "id=1", "--expect", "0000"), "its features changed since"),
        (("get", "risk", "id=1", "--at", "noon"), "'noon' is no instant"),
        (("get",), "Missing"),
        (("materialize", "--as-of", "noon"), "'noon' is no instant"),
        (("materialize", "--no-such-option"), "--no-such-option"),
        (("serve",), "serve"),
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
        "feature view 'wrong': Object contains unknown field `tll`",
        "feature view 'worse': column 'at' is not declared",
        "feature view 'worse': ttl '1 month' is no fixed length of time",
        "'skores' is no feature view; did you mean 'scores'?",
        "scores has no feature 'scor'; did you mean 'score'?",
    )


def test_deleted_views_are_told_and_pruned(fw: Fw, mini: Mini) -> None:
    mini.view("old", SCORES, ONE_ROW)
    mini.write()
    fw("materialize", *AS_OF)
    mini.drop("old")
    mini.write()
    code, out, _ = fw("materialize", *AS_OF, "--json")
    assert code == 0
    assert json.loads(out)["undeclared"] == [{"undeclared": "old", "pruned": False}]
    assert fw("get", "old", "id=1")[0] == 0
    _, out, _ = fw("materialize", *AS_OF, "--prune", "--json")
    assert json.loads(out)["undeclared"] == [{"undeclared": "old", "pruned": True}]
    one_line(fw("get", "old", "id=1"), 2, "'old' is not published")


def test_a_bug_of_ours_is_one_line_too(fw: Fw, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oops\nagain")

    monkeypatch.setattr("feature_warehouse.sites.read_registry", broken)
    one_line(fw("materialize"), 70, "a bug of ours: ZeroDivisionError: oops again")


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
        "mini: {target: d, outputs: {d: {type: postgres, host: h, port: 1, user: u, password: %s,"
        " dbname: d, schema: s}}}",
        "mini: {target: d, outputs: {d: {type: postgres, password: %s\n]",
    ],
)
def test_a_broken_profile_never_shows_its_password(fw: Fw, mini: Mini, broken: str) -> None:
    (mini.folder / "profiles.yml").write_text(broken % "98765432123")
    result = fw("materialize")
    one_line(result, 2, "profiles.yml: it is no valid profile")
    assert "98765432123" not in result[1] + result[2]


def test_a_profile_with_env_var_and_secrets(
    fw: Fw, mini: Mini, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mini.folder / "profiles.yml").write_text(
        "mini: {target: dev, outputs: {dev: {type: duckdb, path: \"{{ env_var('MINI_FILE') }}\","
        " secrets: [{type: s3, key_id: k, secret: hunter2, region: eu-west-1}]}}}"
    )
    missing = fw("materialize")
    one_line(missing, 2, "Env var required but not provided: 'MINI_FILE'")
    monkeypatch.setenv("MINI_FILE", mini.database.name)
    # Without network DuckDB cannot fetch the extension that such a secret needs.
    code, out, err = fw("materialize", *AS_OF)
    assert code in (0, 3)
    assert "hunter2" not in out + err


def test_from_another_folder_with_a_relative_path(
    fw: Fw, mini: Mini, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = mini.folder / "profiles.yml"
    profiles.write_text(profiles.read_text().replace(str(mini.database), mini.database.name))
    monkeypatch.chdir(tmp_path)
    assert fw("materialize", *AS_OF, "--project-dir", mini.folder.name)[0] == 0
    assert (mini.folder / "target" / "materialize_results.json").is_file()


def test_a_view_over_a_relative_file_is_read_from_the_project(
    fw: Fw, mini: Mini, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file of that name lies where the command is run."""
    elsewhere = tmp_path / "elsewhere"
    for folder, score in ((mini.folder, 7), (elsewhere, 8)):
        (folder / "data").mkdir(parents=True)
        row = ONE_ROW.replace("1.5", str(score))
        duckdb.execute(f"copy ({row}) to '{folder}/data/raw.parquet'")
    monkeypatch.chdir(mini.folder)
    mini.execute("create view files as from 'data/raw.parquet'")
    mini.view("scores", SCORES, relation='"mini"."main"."files"')
    mini.write()
    monkeypatch.chdir(elsewhere)
    project = ("--project-dir", mini.folder)
    assert fw("materialize", *AS_OF, *project)[0] == 0
    assert fw("verify", *project)[0] == 0
    vector = json.loads(fw("get", "scores", "id=1", "--json", *project)[1])
    assert vector["features"]["score"]["value"] == 7
    assert Path.cwd() == elsewhere


def test_project_and_environment_are_known_in_the_folder_or_named(
    fw: Fw, mini: Mini, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three stores on one server."""
    fw("materialize", *AS_OF)
    for environment, score in (("blue", 2), ("green", 3)):
        mini.view("scores", SCORES, ONE_ROW.replace("1.5", str(score)))
        mini.write()
        monkeypatch.setenv("FEATURE_WAREHOUSE_ENVIRONMENT", environment)
        assert fw("materialize", *AS_OF)[0] == 0

    def served(*options: str) -> Any:
        code, out, err = fw("get", "scores", "id=1", "--json", *options)
        return json.loads(out)["features"]["score"]["value"] if code == 0 else err

    assert served() == 3
    assert served("--environment", "blue") == 2
    monkeypatch.delenv("FEATURE_WAREHOUSE_ENVIRONMENT")
    assert served() == 1.5
    assert served("--target", "blue") == 2
    monkeypatch.chdir(tmp_path)
    assert "several stores are published here" in served()
    assert served("--project-dir", str(mini.folder)) == 1.5
    assert served("--environment", "green") == 3
    monkeypatch.setenv("FEATURE_WAREHOUSE_PROJECT", "mini")
    monkeypatch.setenv("FEATURE_WAREHOUSE_ENVIRONMENT", "green")
    assert served() == 3
    assert json.loads(fw("status", "--json")[1])["environment"] == "green"


def test_every_command_takes_the_same_options(fw: Fw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    commands = ("materialize", "validate", "verify", "rollback", "forget", "drift", "status", "get")
    training = [("training-set", name) for name in ("build", "export", "check")]
    for command in [*((name,) for name in (*commands, "metrics", "describe")), *training]:
        text = fw(*command, "--help")[1]
        for option in (
            *("--redis-url", "--project ", "--environment", "--project-dir", "--profiles-dir"),
            *("--profile ", "--target ", "--target-path", "--vars"),
        ):
            assert option in text, (command, option)


def test_the_result_file_is_of_this_run_or_not_there(fw: Fw, mini: Mini) -> None:
    results = mini.folder / "target" / "materialize_results.json"
    fw("materialize", *AS_OF)
    before = results.read_bytes()
    for mistake in (
        ("--as-of", "never"),
        ("--target", "nope"),
        ("--vars", "[]"),
        ("--selekt", "scores"),
        ("--redis-url", ""),
        ("--project", "other"),
    ):
        assert fw("materialize", *AS_OF, *mistake)[0] == 2, mistake
        assert results.read_bytes() == before, mistake
    fw("materialize", *AS_OF, "--redis-url", "redis://127.0.0.1:1")
    assert not results.exists()


def test_odd_names_of_environments(fw: Fw) -> None:
    for command in (("materialize",), ("status", "--project", "mini")):
        one_line(fw(*command, "--environment", "a b"), 2, "environment 'a b' cannot be part of")


def test_values_that_look_like_markup(fw: Fw, mini: Mini) -> None:
    mini.view(
        "notes",
        {"id": "text", "ts": "timestamp", "note": "text"},
        "select '[/x]' as id, timestamp '2026-01-01' as ts, '[bold]' as note",
    )
    mini.write()
    fw("materialize", *AS_OF)
    code, out, _ = fw("get", "notes", "id=[/x]")
    assert code == 0
    assert "[bold]" in out
    assert "id=[/x]" in out


def test_a_missing_extra_is_named(fw: Fw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "feature_warehouse.materialize", None)
    one_line(fw("materialize"), 2, "pip install 'feature-warehouse[duckdb]'")


def test_the_database_is_not_written_to(fw: Fw, mini: Mini) -> None:
    before = mini.database.read_bytes()
    assert fw("materialize", *AS_OF)[0] == 0
    assert mini.database.read_bytes() == before
    with duckdb.connect(str(mini.database)) as connection:
        assert connection.sql("select count(*) from scores").fetchall() == [(1,)]


def test_a_real_clock_is_now(fw: Fw, mini: Mini) -> None:
    mini.execute("update scores set ts = (now() at time zone 'UTC') - interval '1 hour'")
    assert fw("materialize")[0] == 0
    _, out, _ = fw("status", "--json")
    [view] = json.loads(out)["views"]
    assert view["clock"] is None
    assert 3_599_000_000 < view["age"] < 3_700_000_000
    published = datetime.fromtimestamp(view["published_at"] / 1e6, UTC)
    assert abs((datetime.now(UTC) - published).total_seconds()) < 60
