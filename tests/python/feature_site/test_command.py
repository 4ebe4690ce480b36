"""`feature-warehouse site`: from a published store and the warehouse to pages."""

import json
from pathlib import Path

import pytest

from conftest import Runs
from feature_site.reading import Page, index
from harness.command_line import Fw, one_line
from harness.mini import Mini, simple
from harness.publishers import fw

__all__ = ["fw"]


@pytest.fixture
def mini(tmp_path: Path) -> Mini:
    project = Mini(tmp_path / "project")
    simple(project, "(1, timestamp '2026-01-01', 0.5)", ttl="6 hours")
    project.service("risk", {"view": "scores"})
    return project


@pytest.mark.usefixtures("mini")
def test_a_store_from_redis_to_the_page(publish: Runs, fw: Fw, tmp_path: Path) -> None:
    """At the simulated clock, twelve hours after the newest event, all of the view is expired."""
    publish()
    code, out, err = fw("site", "--to", tmp_path / "site")
    assert (code, err) == (0, "")
    assert "stale           feature view scores: newest event 12 h old, ttl 6 h\n" in out
    assert out.endswith(f"pages: {tmp_path / 'site/index.html'}\n")
    view = Page(tmp_path / "site/mini/views/scores.html")
    assert "2026-01-01 00:00 UTC 12 h old at the simulated clock" in view.text
    assert "Entities 1 Memory" in view.text
    assert "the last 1, newest at the right" in view.text
    code, out, err = fw("site", "--to", tmp_path / "site", "--json")
    assert [one["what"] for one in json.loads(out)["problems"]] == ["stale"]


def test_what_the_command_refuses(
    mini: Mini, fw: Fw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mini.model("kept", '"mini"."main"."kept"', macro="feature_statistics")
    mini.write()
    site = tmp_path / "site"
    code, _, err = fw("site", "--to", site)
    assert code == 0
    assert "no statistics of kept: " in err
    assert "nothing is published in mini.dev" in err
    one_line(fw("site", "--to", mini.folder, "--no-warehouse"), 2, "holds files and no site")
    one_line(fw("site", "--to", site, "--also", tmp_path, "--no-warehouse"), 2, "manifest.json")
    one_line(
        fw("site", "--to", site, "--also", mini.folder / "target", "--no-warehouse"), 2, "twice"
    )
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    before = {file: file.read_bytes() for file in site.rglob("*.html")}
    one_line(fw("site", "--to", site), 3, "127.0.0.1:1")
    assert {file: file.read_bytes() for file in site.rglob("*.html")} == before


def test_another_project_beside_it(
    mini: Mini, fw: Fw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mini.write()
    manifest = json.loads((mini.folder / "target/manifest.json").read_text())
    manifest["metadata"]["project_name"] = "other"
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.delenv("REDIS_URL")
    assert fw("site", "--to", tmp_path / "site", "--also", tmp_path)[0] == 0
    addresses = {entry[5] for entry in index(tmp_path / "site")}
    assert {"mini/views/scores.html", "other/views/scores.html"} <= addresses
