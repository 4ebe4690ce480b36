"""What people are told of versions: by commands, by warnings, by mistakes."""

import json
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.errors import FeatureWarehouseError, UsageError
from feature_warehouse.util.deprecation import deprecated
from harness.cli_project import AS_OF, ONE_ROW, SCORES
from harness.command_line import Fw
from harness.host import Built, Host, macro_call, write_host
from harness.mini import Mini
from harness.publishers import fw
from harness.support import write_yaml
from versions.project import VIEWS
from versions.test_names import registry_of

__all__ = ["fw"]


@pytest.fixture
def mini(tmp_path: Path) -> Mini:
    """Two versions of a view and of a service; the first has a deprecation date."""
    folder = tmp_path / "a project"
    folder.mkdir()
    project = Mini(folder)
    for version in (1, 2):
        project.view(f"scores.v{version}", SCORES, ONE_ROW)
    project.service("risk.v1", {"view": "scores.v1"})
    project.service("risk.v2", {"view": "scores", "prefix": "user_"})
    project.latest = {"scores": 2, "risk": 2}
    project.deprecation_dates = {"scores.v1": "2025-12-31", "risk_training.v1": "2026-03-01"}
    project.write()
    return project


def test_every_command_takes_a_name_with_or_without_a_version(fw: Fw) -> None:
    code, out, err = fw("materialize", *AS_OF)
    assert code == 0
    assert [line for line in out.splitlines() if " it is " in line] == [
        "published risk: it is risk.v2",
        "published scores: it is scores.v2",
    ]
    assert err == (
        "feature-warehouse: warning: scores.v1 is deprecated since 2025-12-31 and is read by"
        " risk.v1; let a new version of it read another one\n"
    )
    features = {}
    for name in ("risk", "risk.v1", "risk.v2", "scores", "scores.v1"):
        code, out, _ = fw("get", name, "id=1", "--json")
        assert code == 0
        features[name] = set(json.loads(out)["features"])
    assert features == {
        "risk": {"user_score"},
        "risk.v1": {"score"},
        "risk.v2": {"user_score"},
        "scores": {"score"},
        "scores.v1": {"score"},
    }
    code, out, _ = fw("rollback", "scores")
    assert code != 0  # there is nothing before it yet
    fw("materialize", *AS_OF, "--full-refresh")
    assert fw("rollback", "scores")[1].startswith("scores.v2: generation 1 is in service again")


def test_status_tells_what_is_the_latest_and_what_is_deprecated(fw: Fw) -> None:
    fw("materialize", *AS_OF)
    _, out, _ = fw("status")
    lines = [line.strip() for line in out.splitlines()]
    assert "risk is risk.v2, not read lately" in lines
    assert "scores is scores.v2, not read lately" in lines
    assert "view scores.v1 is deprecated since 2025-12-31 and is read by risk.v1" in lines
    status = json.loads(fw("status", "--json")[1])
    assert status["latest"] == {"risk": "risk.v2", "scores": "scores.v2"}
    assert [
        (view["view"], view["deprecation_date"], view["services"]) for view in status["views"]
    ] == [
        ("scores.v1", "2025-12-31", ["risk.v1"]),
        ("scores.v2", None, ["risk.v2"]),
    ]
    assert [(one["service"], one["deprecation_date"]) for one in status["services"]] == [
        ("risk.v1", "2026-03-01"),
        ("risk.v2", None),
    ]


def test_describe_tells_the_versions(fw: Fw) -> None:
    def facts(name: str) -> dict[str, str]:
        [found] = json.loads(fw("describe", name, "--json")[1])["found"]
        return {"name": found["name"], **found["facts"]}

    assert facts("scores")["name"] == "scores.v2"
    assert facts("scores")["versions"] == "scores.v1, scores.v2 (latest)"
    assert "deprecation date" not in facts("scores")
    assert facts("scores.v1")["deprecation date"] == "2025-12-31"
    assert facts("risk")["name"] == "risk.v2"
    assert facts("risk.v1")["deprecation date"] == "2026-03-01"
    assert facts("scores:score")["name"] == "scores.v2:score"
    assert facts("scores.v1:score")["services"] == "risk.v1:score"


def test_a_date_that_has_come_is_told_from_one_to_come() -> None:
    noon = 1_767_182_400_000_000  # 2025-12-31 12:00
    assert deprecated("2025-12-31", noon) == "is deprecated since 2025-12-31"
    assert deprecated("2026-01-01", noon) == "will be deprecated on 2026-01-01"


def test_a_version_that_is_not_there_is_named(site: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    site.enter(monkeypatch)
    project = DbtProject(site.project, target_path=site.engine)
    labels = {"relation": "none", "columns": ["customer", "t"], "types": {}, "timestamp": "t"}
    request = {
        "features": ["orders.v9"],
        "labels": {**labels, "texts": [], "untyped": [], "timestamp_type": "timestamp"},
        "row": "t",
        "options": {"knowledge": "available"},
    }
    with pytest.raises(FeatureWarehouseError) as error:
        project.call("_build_plan", request)
    wanted = "model 'orders' has no version '9'; there are orders.v1, orders.v2, orders.vnext"
    assert wanted in str(error.value)


def test_the_catalog_has_every_version(site: Built) -> None:
    found = site.ask("select view, services from listed_features order by view")
    expected: dict[str, set[str]] = {full: set() for full, _, _ in VIEWS.values()}
    for name, service in registry_of(site).services.items():
        for part in service.parts:
            expected[part.view.name] = expected[part.view.name] | {name}
    assert [(view, set(services.split(", "))) for view, services in found] == sorted(
        expected.items()
    )


def test_two_training_sets_cannot_have_one_name_with_a_version(tmp_path: Path) -> None:
    block = {"meta": {"feature_view": {"join_keys": ["id"], "event_timestamp": "ts"}}}
    columns = [
        {"name": name, "data_type": kind}
        for name, kind in (("id", "integer"), ("ts", "timestamp"), ("x", "integer"))
    ]
    row = "select 1 as id, cast('2026-01-01' as timestamp) as ts, 1 as "
    call = "training_set(labels='labels', features=['plain']{})"
    properties: list[dict[str, Any]] = [
        {"name": "plain", "columns": columns, "config": {"contract": {"enforced": True}, **block}},
        {"name": "labels", "config": {"meta": {"label_set": {"timestamp": "ts", "label": "y"}}}},
        {"name": "churn", "versions": [{"v": 1}, {"v": 2}]},
    ]
    models = {
        "plain": row + "x",
        "labels": row + "y",
        "churn_v1": macro_call(call.format("")),
        "churn_v2": macro_call(call.format("")),
        "old": macro_call(call.format(", service='churn.v1'")),
        "new": macro_call(call.format(", service='churn'")),
    }
    host = Host(write_host(tmp_path / "clash", models, properties))
    said = host.dbt("build", code=2)
    remedy = "; give it another name with training_set(..., service='...')"
    for line in (
        f"churn.v1: service 'churn.v1' is also that of old{remedy}",
        f"churn.v2: service 'churn' is also that of new{remedy}",
        f"new: service 'churn' is also that of churn.v2{remedy}",
        f"old: service 'churn.v1' is also that of churn.v1{remedy}",
    ):
        assert line in said
    with pytest.raises(UsageError) as error:
        read_registry(host.target / "manifest.json")
    for one, others in (("churn.v1", "churn.v1|old"), ("churn", "churn.v2|new")):
        first, second = others.split("|")
        says = {
            f"service '{one}' is that of '{a}' and of '{b}'"
            for a, b in ((first, second), (second, first))
        }
        assert any(text in str(error.value) for text in says)


def test_a_version_that_changed_since_the_build_is_refused(mini: Mini) -> None:
    """By what YAML says of that version, and of the model where the version says nothing."""
    columns = [{"name": name, "data_type": kind} for name, kind in SCORES.items()]
    block = {"join_keys": ["id"], "event_timestamp": "ts", "online": True}

    def written(first: object, shared: object = columns, ttl: str | None = None) -> None:
        config = {"meta": {"feature_view": block | ({"ttl": ttl} if ttl else {})}}
        versions = [{"v": 1, "columns": first}, {"v": 2}]
        model = {"name": "scores", "config": config, "columns": shared, "versions": versions}
        write_yaml(mini.folder / "scores.yml", {"models": [model]})

    manifest = mini.write()
    content = json.loads(manifest.read_text())
    for version in (1, 2):
        node = content["nodes"][f"model.mini.scores.v{version}"]
        node["patch_path"] = "mini://scores.yml"
    manifest.write_text(json.dumps(content))
    everything = {"include": "all"}
    more = {"name": "more", "data_type": "text"}
    for first in ([everything], columns, [{"include": ["id", "ts"]}, columns[2]]):
        written(first)
        read_registry(manifest, mini.folder)
    written([{"include": "all", "exclude": ["more"]}], [*columns, more])
    with pytest.raises(UsageError, match=r"^'scores.v2' in .* changed after"):
        read_registry(manifest, mini.folder)
    written([everything, more])
    with pytest.raises(UsageError, match=r"^'scores.v1' in .* changed after"):
        read_registry(manifest, mini.folder)
    written([everything], ttl="1 day")
    with pytest.raises(UsageError, match=r"^'scores.v1' in .* changed after"):
        read_registry(manifest, mini.folder)
