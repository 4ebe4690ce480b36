"""A wrong declaration stops dbt with a line that says what, where and what to do instead."""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from declarations.mistakes import MISTAKES, Mistake, declaration
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.errors import UsageError
from harness.host import Host, macro_call, write_host

VIEW_MISTAKES = [mistake for mistake in MISTAKES if mistake.kind == "feature_view"]
HARMLESS_ONLINE = {"default_of_a_key", "no_order", "drift_keys", "drift_of_a_feature"}
"""The first is never looked at, rows that tie are ordered there, and drift is judged there."""
SERVICE_NAMES = {"first": "churn", "second": "churn", "third": "right_view"}


class Broken(NamedTuple):
    """A project of wrong declarations, and what `dbt build` says of each model."""

    host: Host
    lines: dict[str, list[str]]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Broken:
    right = [Mistake("right_view", ()), Mistake("right_labels", (), kind="label_set")]
    properties = [declaration(mistake) for mistake in [*MISTAKES, *right]]
    models = {entry["name"]: "select 1 as id" for entry in properties}
    models["of_many"] = macro_call("training_set(labels='right_labels', features=['many'])")
    call = "training_set(labels='right_labels', features=['right_view'], service={!r})"
    models |= {name: macro_call(call.format(service)) for name, service in SERVICE_NAMES.items()}
    host = Host(write_host(tmp_path_factory.mktemp("hosts") / "broken", models, properties))
    said = host.dbt("build", code=2)
    lines: dict[str, list[str]] = {}
    for model, line in re.findall(r"^ *- (\w+): (.*)$", said, re.MULTILINE):
        lines.setdefault(model, []).append(line)
    return Broken(host, lines)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_build_names_every_mistake_of_every_model(broken: Broken, mistake: Mistake) -> None:
    lines = broken.lines[mistake.name]
    assert len(lines) == len(mistake.says), lines
    for fragments in mistake.says:
        assert [line for line in lines if all(fragment in line for fragment in fragments)], lines


def test_a_right_declaration_is_not_mentioned(broken: Broken) -> None:
    assert set(broken.lines) == {mistake.name for mistake in MISTAKES} | set(SERVICE_NAMES)


def test_a_service_needs_a_name_of_its_own(broken: Broken) -> None:
    remedy = "give it another name with training_set(..., service='...')"
    expected = {
        "first": f"service 'churn' is also that of second; {remedy}",
        "second": f"service 'churn' is also that of first; {remedy}",
        "third": f"service 'right_view' has the name of a feature view; {remedy}",
    }
    assert {name: broken.lines[name] for name in SERVICE_NAMES} == {
        name: [line] for name, line in expected.items()
    }
    with pytest.raises(UsageError) as error:
        read_registry(broken.host.target / "manifest.json")
    both = "'(first|second)' and of '(first|second)'"
    assert re.search(f"service 'churn' is that of {both}", str(error.value))
    assert "service 'right_view' has the name of a feature view" in str(error.value)


@pytest.mark.parametrize("mistake", VIEW_MISTAKES, ids=lambda mistake: mistake.name)
def test_the_registry_refuses_them_too(broken: Broken, mistake: Mistake, tmp_path: Path) -> None:
    """Such a manifest comes of `dbt parse`, which runs no checks."""
    content = broken.host.manifest()
    content["nodes"] = {
        key: node for key, node in content["nodes"].items() if node["name"] == mistake.name
    }
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(content))
    if mistake.name in HARMLESS_ONLINE:
        assert list(read_registry(file).views) == [mistake.name]
    else:
        with pytest.raises(UsageError, match=f"^feature view '{mistake.name}': "):
            read_registry(file)


@pytest.mark.dbt_1
def test_compiling_names_the_mistakes_of_what_is_used(broken: Broken) -> None:
    said = broken.host.dbt("compile", "--select", "of_many", code=2)
    assert "feature view 'many' has 5 mistakes" in said
    assert "unknown key 'tll'; known are join_keys" in said
