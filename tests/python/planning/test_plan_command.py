"""The command: its forms and exit codes, without a warehouse, and with what is in service."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.cli_project import AS_OF, ONE_ROW, SCORES, mini
from harness.command_line import Fw, one_line
from harness.mini import Mini
from harness.publishers import fw

__all__ = ["fw", "mini"]


@pytest.fixture
def production(mini: Mini, tmp_path: Path) -> Path:
    """The folder with the manifest of what is in production."""
    folder = tmp_path / "production"
    folder.mkdir()
    shutil.copy(mini.folder / "target" / "manifest.json", folder)
    return folder


def retype(mini: Mini) -> None:
    mini.view("scores", SCORES | {"score": "text"}, ONE_ROW.replace("::double", "::text"))
    mini.write()


def test_the_exit_code_tells_whether_a_reader_breaks(fw: Fw, mini: Mini, production: Path) -> None:
    code, out, err = fw("plan", "--against", production)
    assert (code, err) == (0, "")
    assert out.endswith("nothing changes\n")
    retype(mini)
    code, out, err = fw("plan", "--against", production / "manifest.json")
    assert (code, err) == (1, "")
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0].endswith(": changes: 2 breaking, 0 republish, 0 safe")
    assert "breaking service risk changed" in lines
    assert "user_score: scores.score (double precision) by id -> scores.score (text) by id" in lines
    assert "breaks training sets: risk_training" in lines
    assert "publishes all rows, as a new generation" in lines
    assert any(line.startswith("instead: leave the feature view scores as it is") for line in lines)
    assert fw("plan", "--against", production, "--allow", "risk")[0] == 1
    code, out, _ = fw("plan", "--against", production, "--allow", "risk", "--allow", "scores")
    assert code == 0
    assert "breaking (allowed) service risk changed" in out


def test_no_warehouse_and_no_redis_is_needed(
    fw: Fw, mini: Mini, production: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDIS_URL")
    mini.database.unlink()
    (mini.folder / "profiles.yml").unlink()
    assert fw("plan", "--against", production)[0] == 0


def test_one_document_for_a_machine(fw: Fw, mini: Mini, production: Path) -> None:
    retype(mini)
    code, out, _ = fw("plan", "--against", production, "--json")
    plan: dict[str, Any] = json.loads(out)
    assert code == 1
    assert (plan["project"], plan["severity"], plan["refused"]) == (
        "mini",
        "breaking",
        ["risk", "scores"],
    )
    assert [(one["kind"], one["name"], one["status"]) for one in plan["changes"]] == [
        ("service", "risk", "changed"),
        ("feature view", "scores", "changed"),
    ]
    assert plan["changes"][1]["publishing"] == {
        "mode": "full",
        "rows": None,
        "memory": None,
        "seconds": None,
    }


def test_a_comment_for_a_pull_request(fw: Fw, mini: Mini, production: Path) -> None:
    retype(mini)
    code, out, _ = fw("plan", "--against", production, "--markdown")
    assert code == 1
    lines = out.splitlines()
    assert lines[0] == "### Feature Warehouse: breaking"
    assert "| breaking | service | `risk` | changed |" in lines
    assert "- `type of score: double precision -> text`" in lines
    one_line(fw("plan", "--against", production, "--markdown", "--json"), 2, "choose one")


def test_what_is_in_service_is_known_with_a_redis_address(
    fw: Fw, mini: Mini, production: Path
) -> None:
    """And what it has built before, from dbt's results."""
    results = {
        "metadata": {"generated_at": "2026-01-01T00:00:00Z"},
        "args": {"which": "build"},
        "results": [{"unique_id": "model.mini.scores", "status": "success", "execution_time": 2.5}],
    }
    (production / "run_results.json").write_text(json.dumps(results))
    assert fw("materialize", *AS_OF)[0] == 0
    old = json.loads(fw("get", "risk", "id=1", "--json")[1])["fingerprint"]
    retype(mini)
    code, out, _ = fw("plan", "--against", production, "--json")
    plan = json.loads(out)
    service, view = plan["changes"]
    assert plan["store"] == "mini.dev"
    assert service["breaks"]["deployed"] == view["breaks"]["deployed"] == [f"risk {old}"]
    assert (view["publishing"]["rows"], view["publishing"]["seconds"]) == (1, 2.5)
    assert view["publishing"]["memory"] > 50
    assert "in service: risk" in fw("plan", "--against", production)[1]
    # What is published is older than both manifests.
    shutil.copy(mini.folder / "target" / "manifest.json", production)
    code, out, _ = fw("plan", "--against", production, "--json")
    [change] = json.loads(out)["changes"]
    assert code == 1
    assert change["details"][0]["text"] == f"in service is {old}, which is of neither manifest"
    assert change["breaks"]["deployed"] == [f"risk {old}"]


def test_nothing_published_yet_is_no_mistake(fw: Fw, production: Path) -> None:
    code, out, _ = fw("plan", "--against", production, "--json")
    assert (code, json.loads(out)["store"]) == (0, "mini.dev")


def test_a_manifest_that_is_not_there_is_named(fw: Fw, tmp_path: Path) -> None:
    one_line(fw("plan", "--against", tmp_path / "nothing"), 2, "there is no", "in production")
