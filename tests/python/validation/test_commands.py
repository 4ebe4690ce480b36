"""`validate` and `materialize` as they are typed: exit codes, files, pages, imports."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse.validation.gx.report import KEPT_RUNS, Report
from feature_warehouse.validation.results import GateResult
from harness.command_line import Fw, one_line
from harness.mini import Mini
from harness.publishers import fw

__all__ = ["fw"]

AS_OF = ("--as-of", "2026-01-01T12:00:00Z")
AT_MOST_1 = {"expect_column_values_to_be_between": {"column": "score", "max_value": 1}}
TYPES = "select id::bigint as id, timestamp '2026-01-01 10:00' as ts, score::double as score"


def view(mini: Mini, name: str, *values: float, **block: Any) -> None:
    listed = ", ".join(f"({number}, {value})" for number, value in enumerate(values))
    columns = {"id": "bigint", "ts": "timestamp", "score": "double precision"}
    mini.view(name, columns, f"{TYPES} from (values {listed}) as t(id, score)", **block)


def results(mini: Mini, name: str) -> Any:
    return json.loads((mini.folder / "target" / f"{name}_results.json").read_text())


def test_materialize_ends_with_1_and_names_every_reason(mini: Mini, fw: Fw) -> None:
    view(mini, "bad", 0.5, 1.5, expectations=[AT_MOST_1])
    view(mini, "good", 0.5, expectations=[{**AT_MOST_1, "severity": "warn"}])
    view(mini, "odd", 7.0, expectations=[{**AT_MOST_1, "severity": "warn"}])
    mini.write()
    code, out, err = fw("materialize", *AS_OF, "--json")
    assert code == 1
    told = "expect_column_values_to_be_between(column=score, max_value=1): 1 of"
    assert err.splitlines() == [
        "feature-warehouse: bad: 1 of 3 expectations failed; nothing of it was published",
        f"feature-warehouse: bad: {told} 2 rows fail (50 %), such as score=1.5, id=1",
        f"feature-warehouse: warning: odd: {told} 1 rows fail (100 %), such as score=7.0, id=0",
    ]
    lines = json.loads(out)["results"]
    assert [(line["view"], line["status"]) for line in lines] == [
        ("bad", "error"),
        ("good", "success"),
        ("odd", "success"),
    ]
    written = results(mini, "materialize")
    bad = written["results"][0]["gate"]
    assert (bad["status"], bad["rows"], len(bad["checks"])) == ("failed", 2, 3)
    page = Path(bad["report"])
    assert page == Path(written["validation"]).with_name("bad.html")
    assert page.is_relative_to(mini.folder / "target" / "validation")


def test_validate_publishes_nothing_and_needs_no_redis(
    mini: Mini, fw: Fw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDIS_URL")
    view(mini, "bad", 0.5, 1.5, expectations=[AT_MOST_1])
    view(mini, "offline", 0.5, expectations=[AT_MOST_1], online=False)
    view(mini, "ungated", 9.0)
    mini.write()
    code, out, err = fw("validate", *AS_OF)
    assert code == 1
    assert [line.split()[:2] for line in out.splitlines()[:2]] == [
        ["failed", "bad:"],
        ["passed", "offline:"],
    ]
    assert err.count("\n") == 2
    written = results(mini, "validation")
    assert [each["status"] for each in written["results"]] == ["failed", "passed"]
    assert Path(written["report"]).name == "index.html"
    view(mini, "bad", 0.5, expectations=[AT_MOST_1])
    mini.write()
    code, out, err = fw("validate", *AS_OF, "--json")
    assert (code, err) == (0, "")
    assert [each["exit_code"] for each in json.loads(out)["results"]] == [0, 0]


def test_validate_compares_with_the_last_run_where_redis_knows_it(
    mini: Mini, fw: Fw, monkeypatch: pytest.MonkeyPatch
) -> None:
    view(mini, "scores", 0.5, 0.6, expectations=[{"row_count_change": {"min": 0}}])
    mini.write()
    assert fw("materialize", *AS_OF)[0] == 0
    view(mini, "scores", 0.5, expectations=[{"row_count_change": {"min": 0}}])
    mini.write()
    code, _, err = fw("validate", *AS_OF)
    assert (code, err.splitlines()[1]) == (
        1,
        "feature-warehouse: scores: row_count_change(min=0): there are 1 rows now",
    )
    monkeypatch.delenv("REDIS_URL")
    one_line(fw("validate", *AS_OF), 2, "row_count_change compares with", "set REDIS_URL")


@pytest.mark.parametrize("command", ["materialize", "validate"])
def test_without_great_expectations_a_gated_view_is_an_error(
    mini: Mini, fw: Fw, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    for name in [
        name for name in sys.modules if name.startswith("feature_warehouse.validation.gx.")
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "great_expectations", None)
    view(mini, "gated", 0.5, expectations=[])
    view(mini, "ungated", 0.5)
    mini.write()
    result = fw(command, *AS_OF, "--json")
    one_line(result, 2, "gated: feature view 'gated' declares expectations, and great_expectations")
    assert "pip install 'feature-warehouse[validation]'" in result[2]
    if command == "materialize":
        lines = json.loads(result[1])["results"]
        assert [line["status"] for line in lines] == ["error", "success"]


def test_a_dry_run_asks_no_gate(mini: Mini, fw: Fw) -> None:
    view(mini, "bad", 1.5, expectations=[AT_MOST_1])
    mini.write()
    code, out, _ = fw("materialize", *AS_OF, "--dry-run", "--json")
    assert (code, json.loads(out)["results"][0]["gate"]) == (0, None)
    assert not (mini.folder / "target" / "validation").exists()


def test_nothing_is_left_elsewhere_and_pages_ask_for_nothing(mini: Mini, fw: Fw) -> None:
    view(mini, "bad", 0.5, 1.5, expectations=[AT_MOST_1])
    mini.write()
    before = {path.name for path in mini.folder.iterdir()}
    assert fw("validate", *AS_OF)[0] == 1
    assert {path.name for path in mini.folder.iterdir()} == before
    pages = sorted((mini.folder / "target" / "validation").rglob("*.html"))
    assert [page.name for page in pages] == ["bad.html", "index.html"]
    for page in pages:
        text = page.read_text()
        links = re.findall(r"(?:src|href)=\"([^\"]*)\"", text)
        assert links == (["bad.html"] if page.name == "index.html" else ["index.html"])
        assert "<script" not in text
    assert "1 of 2 rows fail" in pages[0].read_text()
    assert "1 of 2 rows fail" in pages[1].read_text()


def test_old_reports_go(tmp_path: Path) -> None:
    for _ in range(KEPT_RUNS + 2):
        last = Report(tmp_path)
        last.add(GateResult("v"))
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert len(kept) == KEPT_RUNS
    assert kept[-1] == last.index.parent.name


@pytest.mark.parametrize(
    "call",
    [
        ["--help"],
        ["status", "--redis-url", "redis://127.0.0.1:1"],
        ["materialize", "--help"],
    ],
)
def test_other_commands_do_not_import_it(call: list[str]) -> None:
    code = (
        f"import sys; sys.argv = ['feature-warehouse', *{call}]\n"
        "from feature_warehouse.cli import app as cli\n"
        "try:\n    cli.main()\nfinally:\n"
        "    print({'great_expectations', 'pandas'} & sys.modules.keys(), file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.stderr.endswith("set()\n"), ended.stderr


def test_an_ungated_project_does_not_import_it(mini: Mini, redis_url: str) -> None:
    view(mini, "ungated", 0.5)
    mini.write()
    code = (
        "import sys; sys.argv = ['fw', 'materialize', '--as-of', '2026-01-01T12:00:00Z']\n"
        "from feature_warehouse.cli import app as cli\n"
        "try:\n    cli.main()\nfinally:\n"
        "    print('great_expectations' in sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=mini.folder,
        env={"REDIS_URL": redis_url, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "False\n")
