"""The command line: what each command prints, reads and keeps, wherever it is called."""

import json
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer

from feature_warehouse.cli import app
from harness.cli_project import AS_OF, ONE_ROW, SCORES, mini
from harness.command_line import Fw, one_line
from harness.mini import Mini
from harness.publishers import fw

__all__ = ["fw", "mini"]


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


WITHOUT_EXTRAS = """
import sys
for name in ("adbc_driver_postgresql", "dbt", "duckdb", "great_expectations", "jinja2", "pyarrow"):
    sys.modules[name] = None
from feature_warehouse.cli.app import main
main()
"""


def test_what_only_reads_needs_no_extra(fw: Fw, tmp_path: Path) -> None:
    assert fw("materialize", *AS_OF)[0] == 0
    store = ("--project", "mini", "--environment", "dev")
    commands = {
        ("status",): "mini.dev",
        ("metrics",): "feature_warehouse_view_rows",
        ("get", "risk", "id=1"): "1.5",
    }
    for command, fragment in commands.items():
        call = [sys.executable, "-c", WITHOUT_EXTRAS, *command, *store]
        done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), command
        assert fragment in done.stdout


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


LONG = "what_a_customer_paid_on_the_mean_in_the_thirty_days_before_the_last_seven_that_went_by"


@pytest.mark.parametrize("forced", [None, "1"])
@pytest.mark.parametrize("columns", [40, 80])
def test_no_name_is_cut_however_narrow_the_screen(
    columns: int, forced: str | None, fw: Fw, mini: Mini, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a pipe no line is broken; on a terminal (forced) a cell goes on in the next line."""
    monkeypatch.setenv("COLUMNS", str(columns))
    if forced:
        monkeypatch.setenv("FORCE_COLOR", forced)
    types = {"id": "bigint", "ts": "timestamp", f"{LONG}_1": "text", f"{LONG}_2": "bigint"}
    row = f"timestamp '2026-01-01' as ts, '{LONG}' as {LONG}_1, 2::bigint as {LONG}_2"
    mini.view(LONG, types, f"select 1::bigint as id, {row}")
    mini.write()
    fw("materialize", *AS_OF)
    for command in (("get", LONG, "id=1"), ("status",), ("describe", LONG)):
        code, out, _ = fw(*command)
        assert code == 0
        wanted = [LONG] if command == ("status",) else [LONG, f"{LONG}_1", f"{LONG}_2"]
        if forced:
            assert "…" not in out, command
            assert max(map(len, _plain(out).splitlines())) <= columns or command[0] == "describe"
        else:
            assert all(name in out for name in wanted), command


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_what_the_numbers_of_a_run_are(fw: Fw, mini: Mini) -> None:
    """Rows of history are called so, and no rate is made of a few rows."""
    mini.view("scores", SCORES, f"{ONE_ROW} from range(7)")
    code, out, _ = fw("materialize", *AS_OF, "--dry-run")
    assert code == 0
    wanted = "of its history 7 of 7 rows are new, and only the newest of each entity is published"
    assert wanted in out
    assert "published scores: 1 rows in" in (out := fw("materialize", *AS_OF)[1])
    assert "rows/s" not in out
    rows = "select i as id, timestamp '2026-01-01' as ts, 1::double as score from range(10000) t(i)"
    mini.view("scores", SCORES, rows)
    assert "rows/s), generation 1" in fw("materialize", *AS_OF)[1]


def test_the_version(fw: Fw) -> None:
    assert fw("--version") == (0, f"feature-warehouse {version('feature-warehouse')}\n", "")


def test_the_commands_of_a_process_share_a_thread(fw: Fw) -> None:
    fw("--version")
    threads = threading.active_count()
    fw("--version")
    assert threading.active_count() == threads


def test_one_json_result(fw: Fw) -> None:
    _, out, _ = fw("materialize", *AS_OF, "--json")
    assert [view["view"] for view in json.loads(out)["results"]] == ["scores"]


def test_deleted_views_are_told_and_pruned(fw: Fw, mini: Mini) -> None:
    mini.view("old", SCORES, ONE_ROW)
    mini.write()
    fw("materialize", *AS_OF)
    mini.drop("old")
    mini.write()
    code, out, _ = fw("materialize", *AS_OF, "--json")
    assert code == 0
    assert json.loads(out)["undeclared"] == [{"undeclared": "old", "pruned": False, "kept": ""}]
    assert fw("get", "old", "id=1")[0] == 0
    _, out, _ = fw("materialize", *AS_OF, "--prune", "--yes", "--json")
    assert json.loads(out)["undeclared"] == [{"undeclared": "old", "pruned": True, "kept": ""}]
    one_line(fw("get", "old", "id=1"), 2, "'old' is not published")


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
    root: Any = typer.main.get_command(app.app)
    commands = [(name,) for name in root.commands if name not in ("training-set", "dev-server")]
    training = [("training-set", name) for name in root.commands["training-set"].commands]
    assert len(commands) > 8
    assert len(training) > 2
    for command in [*commands, *training]:
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
