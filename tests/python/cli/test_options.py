"""What was built is what commands select and compile, whatever dbt would parse by now."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from harness.command_line import Fw, Result, in_process, one_line
from harness.host import Host, write_host
from harness.support import IS_DBT_2

MISTAKEN = {"feature_warehouse.not_stale": {"arguments": {"max_age": "one day"}}}
VARIABLES = "{run_day: 2024-01-01, with_features: true}"


def _model(name: str, meta: dict[str, Any], **columns: str) -> dict[str, Any]:
    declared = [{"name": column, "data_type": kind} for column, kind in columns.items()]
    return {
        "name": name,
        "config": {"contract": {"enforced": True}, "meta": meta},
        "columns": declared,
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A project that cannot be parsed without its variables, built with them.

    Entity 1 has v = 7 in the view f and 8 in g, of which a test has an argument that it refuses.
    """
    block = {"join_keys": ["id"], "event_timestamp": "ts", "online": True}
    view = {"id": "bigint", "ts": "timestamp", "v": "integer"}
    project = write_host(
        tmp_path_factory.mktemp("variables") / "vars",
        {
            "f": "select cast(1 as bigint) as id, timestamp '{{ var('run_day') }}' as ts, 7 as v",
            "g": "select cast(1 as bigint) as id, timestamp '2024-01-01' as ts, 8 as v",
            "l": "select cast(1 as bigint) as id, timestamp '2024-01-05' as at, 0 as y",
            "t": "{{ config(materialized='table') }}"
            "{{ feature_warehouse.training_set(labels='l', features=['f:v']) }}",
        },
        [
            _model("f", {"feature_view": block}, **view),
            {**_model("g", {"feature_view": block}, **view), "data_tests": [MISTAKEN]},
            _model(
                "l",
                {"label_set": {"timestamp": "at", "label": "y"}},
                id="bigint",
                at="timestamp",
                y="integer",
            ),
        ],
    )
    configuration = json.loads((project / "dbt_project.yml").read_text())
    enabled = {"+enabled": "{{ var('with_features') | as_bool }}"}
    (project / "dbt_project.yml").write_text(
        json.dumps(configuration | {"models": {"vars": enabled}})
    )
    (project / "selectors.yml").write_text("selectors: [{name: nightly, definition: g}]")
    host = Host(project)
    said = host.dbt("build", "--vars", VARIABLES, code=1)
    results = host.results().values()
    assert [each["status"] for each in results if each["status"] != "success"] == ["error"], said
    assert "one day" in said
    shutil.copytree(host.target, project / "before")
    (host.target / "partial_parse.msgpack").unlink(missing_ok=True)
    return host


@pytest.fixture
def fw(
    built: Host,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Fw:
    monkeypatch.chdir(built.project)
    built.enter(monkeypatch)
    monkeypatch.setenv("REDIS_URL", redis_url)
    call = in_process(monkeypatch, capsys)
    if not IS_DBT_2:
        return call

    def with_variables(*arguments: str | Path) -> Result:
        """dbt 2 notes nowhere which variables a project was built with."""
        given = () if "--vars" in arguments else ("--vars", VARIABLES)
        return call(*arguments, *given)

    return with_variables


def published(result: Result) -> list[str]:
    assert result[0] == 0, result
    return [view["view"] for view in json.loads(result[1])["results"]]


def test_several_words_after_select(fw: Fw) -> None:
    assert published(fw("materialize", "--json", "-s", "f", "g")) == ["f", "g"]
    words = ("--exclude", "f", "l", "--json", "--select", "f", "path:models/g.sql", "--wait")
    assert published(fw("materialize", *words)) == ["g"]


def test_a_mistake_in_a_test_stops_no_selection(fw: Fw) -> None:
    """Neither of another view nor of the view itself: dbt says so when it runs the test."""
    assert published(fw("materialize", "--json", "--select", "f")) == ["f"]
    assert published(fw("materialize", "--json", "--select", "g")) == ["g"]
    assert fw("verify", "--select", "f")[0] == 0


def test_selectors_of_the_project_and_of_a_state(fw: Fw) -> None:
    assert published(fw("materialize", "--json", "--selector", "nightly")) == ["g"]
    changed = ("--select", "state:modified", "--state", "before")
    result = fw("materialize", "--json", *changed)
    assert published(result) == []
    warning = "feature-warehouse: warning: the selection has no feature view with `online: true`\n"
    assert result[2] == warning
    assert fw("materialize", *changed) == (0, "", warning)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("materialize", "-s", "nope"), "the selection has no feature view with `online: true`\n"),
        (("verify", "-s", "nope", "t"), "the selection has no feature view with `online: true`\n"),
        (("validate", "--exclude", "*"), "the selection has no feature view\n"),
    ],
)
def test_a_selection_of_nothing_is_a_mistake(fw: Fw, command: tuple[str, ...], said: str) -> None:
    one_line(fw(*command), 2, said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(
            ("-s", "nope:x"), ("'nope' is not a valid method name", "method: `nope`"), id="method"
        ),
        pytest.param(
            ("--selector", "no"),
            ("Could not find selector named no", "Unknown selector `no`"),
            id="selector",
        ),
        pytest.param(
            ("-s", "state:new"),
            ("Got a state selector method, but", "takes it for everything"),
            id="state",
            marks=pytest.mark.dbt_1,
        ),
    ],
)
def test_a_selector_at_fault_is_named(
    fw: Fw, options: tuple[str, ...], said: tuple[str, str]
) -> None:
    """In the words of dbt 1, or of dbt 2."""
    words = " ".join(options).replace("-s ", "--select ").replace(" ", "=")
    one_line(fw("materialize", *options), 2, f"dbt refuses {words}: ", said[IS_DBT_2])


@pytest.mark.dbt_1
def test_training_sets_need_no_variables(fw: Fw, built: Host, tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    assert fw("training-set", "export", "t", "--to", file)[0] == 0
    assert [row["v"] for row in pq.read_table(file).to_pylist()] == [7]
    code, out, err = fw("training-set", "check", tmp_path / "t.card.json")
    assert (code, err) == (0, ""), out
    del built


def test_a_newer_file_is_parsed_with_the_variables_that_are_named(
    fw: Fw, built: Host, tmp_path: Path
) -> None:
    (built.project / "models" / "new.sql").write_text("select 1 as a")
    try:
        export = ("training-set", "export", "t", "--to", tmp_path / "t.parquet")
        lacking = "Required var 'with_features' not found; name it with --vars"
        one_line(fw(*export, "--vars", "{run_day: '2024-01-01'}"), 2, lacking)
        assert fw(*export, "--vars", VARIABLES)[0] == 0
    finally:
        (built.project / "models" / "new.sql").unlink()


@pytest.mark.parametrize("text", ["[1]", "{", "a"])
def test_variables_that_are_no_mapping(fw: Fw, text: str) -> None:
    one_line(fw("materialize", "--vars", text), 2, "--vars is not a YAML mapping")


def test_a_profile_may_be_named(fw: Fw) -> None:
    one_line(fw("materialize", "--profile", "other"), 2, "Could not find profile named 'other'")
    assert fw("materialize", "--profile", "host")[0] == 0
