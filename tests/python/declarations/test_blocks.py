"""Blocks that are misplaced or misspelt: dbt and the command line agree."""

import re
from typing import Any

import pytest

from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.errors import UsageError
from harness.host import Host, write_host

VIEW = {"feature_view": {"join_keys": ["id"], "event_timestamp": "ts", "online": True}}
LABELS = {"label_set": {"timestamp": "ts"}}
COLUMNS = [
    {"name": "id", "data_type": "bigint"},
    {"name": "ts", "data_type": "timestamp"},
    {"name": "v", "data_type": "integer"},
]
SEEN_AT = {"name": "seen_at", "data_type": "timestamp"}
QUERY = "select cast(1 as bigint) as id, timestamp '2024-01-01' as ts, 1 as v"
PYTHON = "def model(dbt, session):\n    return session.sql('select 1 as id')\n"

UNBUILT = (
    "a source cannot be a {}, because dbt does not build it; make a model that selects from it"
)
EPHEMERAL = "an ephemeral model cannot be a feature view, because it has no rows to publish"
SPELLING = "meta.{} is not a known block; did you mean {}?"

CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "seeded_view": ("seed", VIEW, ""),
    "seeded_labels": ("seed", LABELS, ""),
    "snapped_labels": ("snapshot", LABELS, ""),
    "raw_view": ("source", VIEW, UNBUILT.format("feature view")),
    "raw_labels": ("source", LABELS, UNBUILT.format("label set")),
    "python_view": (
        "python",
        VIEW,
        "a Python model cannot be a feature view, because dbt enforces no",
    ),
    "passing_view": ("ephemeral", VIEW, EPHEMERAL),
    "veiw": ("model", {"feature_veiw": {}}, SPELLING.format("feature_veiw", "feature_view")),
    "views": ("seed", {"feature_views": {}}, SPELLING.format("feature_views", "feature_view")),
    "dashed": ("model", {"feature-view": {}}, SPELLING.format("feature-view", "feature_view")),
    "lable": ("source", {"lable_set": {}}, SPELLING.format("lable_set", "label_set")),
    "Label": ("model", {"Label_Set": {}}, SPELLING.format("Label_Set", "label_set")),
    "other": ("model", {"features": {}, "owner": "a", "label": 1}, ""),
}
"""Where it stands, the meta, and what has to be said of it; nothing of some."""

BY_TIME = {"strategy": "timestamp", "updated_at": "ts"}
BY_VALUE = {"strategy": "check", "check_cols": ["v"]}
OWN_NAMES = {"snapshot_meta_column_names": {"dbt_valid_from": "since", "dbt_valid_to": "until"}}
DELETIONS = "a snapshot that tracks deletions cannot be a feature view, because it would serve"
UNSEEN = "without a created_timestamp its rows count from before the snapshot saw them; "
SELECT = UNSEEN + "let the snapshot select its time, and declare that column"
OF_ROW = "created_timestamp '{}' is the time of the row, not of the snapshot; let the snapshot"
REWRITTEN = "column '{}' is written when a version has ended, and would tell of the future; leave"
OTHER_KEYS = (
    "its join_keys are {0}, and the unique_key of snapshot '{1}' is id; they must be the same"
)
CHECKED = "snapshot '{}' checks 'seen_at' as well, which makes every row a new version in every run"

SNAPSHOTS: dict[str, tuple[dict[str, Any], dict[str, Any], str | dict[str, Any], str]] = {
    # By dbt's rule for updated_at, a version is true from then, and nothing says when it was seen.
    "unseen": (BY_TIME, {}, "", SELECT),
    "seen": (BY_TIME, {"created_timestamp": "seen_at"}, "", ""),
    "by_itself": (BY_TIME, {"created_timestamp": "ts"}, "", OF_ROW.format("ts")),
    "by_start": (
        BY_TIME,
        {"created_timestamp": "dbt_valid_from"},
        "dbt_valid_from",
        OF_ROW.format("dbt_valid_from"),
    ),
    "by_update": (
        BY_TIME,
        {"created_timestamp": "DBT_UPDATED_AT"},
        "DBT_UPDATED_AT",
        OF_ROW.format("DBT_UPDATED_AT"),
    ),
    # With check_cols alone dbt writes its own time, unless it is given another.
    "unseen_value": (
        BY_VALUE,
        {},
        "",
        UNSEEN + "declare dbt_valid_from, which is when it did",
    ),
    "unseen_since": (
        BY_VALUE | OWN_NAMES,
        {},
        "",
        UNSEEN + "declare since, which is when it did",
    ),
    "seen_value": (BY_VALUE, {"created_timestamp": "dbt_valid_from"}, "dbt_valid_from", ""),
    "seen_only": (BY_VALUE, {"event_timestamp": "dbt_valid_from"}, "dbt_valid_from", ""),
    "seen_since": (BY_VALUE | OWN_NAMES, {"created_timestamp": "since"}, "since", ""),
    "dated_value": (BY_VALUE | {"updated_at": "ts"}, {}, "", SELECT),
    "dated_start": (
        BY_VALUE | {"updated_at": "ts"},
        {"event_timestamp": "dbt_valid_from"},
        "dbt_valid_from",
        SELECT,
    ),
    "all_checked": (
        BY_VALUE | {"check_cols": "all"},
        {"created_timestamp": "seen_at"},
        "",
        CHECKED.format("all_checked"),
    ),
    "seen_checked": (
        BY_VALUE | {"check_cols": ["v", "seen_at"]},
        {"created_timestamp": "seen_at"},
        "",
        CHECKED.format("seen_checked"),
    ),
    "ended": (
        BY_TIME,
        {"created_timestamp": "seen_at"},
        "dbt_valid_to",
        REWRITTEN.format("dbt_valid_to"),
    ),
    "ended_loudly": (
        BY_TIME,
        {"created_timestamp": "seen_at"},
        "DBT_VALID_TO",
        REWRITTEN.format("dbt_valid_to"),
    ),
    "ended_by_name": (
        BY_TIME | OWN_NAMES,
        {"created_timestamp": "seen_at"},
        "until",
        REWRITTEN.format("until"),
    ),
    "ended_apart": (
        BY_TIME,
        {"created_timestamp": "seen_at"},
        {"name": "dbt_valid_to", "config": {"meta": {"feature": False}}},
        "",
    ),
    "ended_first": (
        BY_TIME,
        {"created_timestamp": "seen_at", "tie_breaker": "dbt_valid_to"},
        {"name": "dbt_valid_to", "config": {"meta": {"feature": False}}},
        REWRITTEN.format("dbt_valid_to"),
    ),
    "deleted": (
        BY_TIME | {"hard_deletes": "invalidate"},
        {"created_timestamp": "seen_at"},
        "",
        DELETIONS,
    ),
    "deleted_anew": (
        BY_TIME | {"hard_deletes": "new_record"},
        {"created_timestamp": "seen_at"},
        "",
        DELETIONS,
    ),
    "deleted_of_old": (
        BY_TIME | {"invalidate_hard_deletes": True},
        {"created_timestamp": "seen_at"},
        "",
        DELETIONS,
    ),
    "kept": (BY_TIME | {"hard_deletes": "ignore"}, {"created_timestamp": "seen_at"}, "", ""),
    "keyed": (
        BY_TIME,
        {"created_timestamp": "seen_at", "join_keys": ["v"]},
        "",
        OTHER_KEYS.format("v", "keyed"),
    ),
    "keyed_so": (
        BY_TIME | {"unique_key": "id || '-'"},
        {"created_timestamp": "seen_at", "join_keys": ["v"]},
        "",
        "",
    ),
}
"""A snapshot's config, what its block differs in, one more column, and what has to be said."""

Said = tuple[Host, str, str]

WANTED = {name: case[-1] for name, case in (CASES | SNAPSHOTS).items()}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """The project, and what dbt and the registry say of it."""
    content: dict[str, list[dict[str, Any]]] = {"seeds": [], "snapshots": [], "models": []}
    tables = []
    queries: dict[str, str] = {}
    for name, (place, meta, _) in CASES.items():
        node: dict[str, Any] = {"name": name, "config": {"meta": meta}}
        if place == "source":
            tables.append(node)
        elif place == "snapshot":
            node["config"] |= {"unique_key": "id", **BY_VALUE}
            content["snapshots"].append(node | {"relation": "ref('other')"})
        elif place == "seed":
            content["seeds"].append(node | {"columns": COLUMNS})
        else:
            if "feature_view" in meta and place != "python":
                node["config"]["contract"] = {"enforced": True}
                node["columns"] = COLUMNS
            settings_of = "{{ config(materialized='ephemeral') }}" * (place == "ephemeral")
            queries |= {name: settings_of + QUERY} if place != "python" else {}
            content["models"].append(node)
    content["snapshots"] += [_snapshot(name) for name in SNAPSHOTS]
    sources = [{"name": "raw", "schema": "main", "tables": tables}]
    folder = tmp_path_factory.mktemp("blocks") / "host"
    models = content.pop("models")
    host = Host(write_host(folder, queries, models, content | {"sources": sources}))
    (folder / "models" / "python_view.py").write_text(PYTHON)
    (folder / "seeds").mkdir()
    for seed in content["seeds"]:
        (folder / "seeds" / f"{seed['name']}.csv").write_text("id,ts,v\n1,2024-01-01,5\n")
    by_dbt = host.dbt("run", code=2, env={"TZ": "UTC"})
    with pytest.raises(UsageError) as refusal:
        read_registry(host.target / "manifest.json")
    return host, by_dbt, str(refusal.value)


def _snapshot(name: str) -> dict[str, Any]:
    config, changes, more, _ = SNAPSHOTS[name]
    block = {"join_keys": ["id"], "event_timestamp": "ts", "online": True} | changes
    column = {"name": more} if isinstance(more, str) else more
    columns = [*COLUMNS, SEEN_AT, *([{**column, "data_type": "timestamp"}] if more else [])]
    config = {"unique_key": "id", **config, "meta": {"feature_view": block}}
    return {"name": name, "relation": "ref('other')", "config": config, "columns": columns}


@pytest.mark.parametrize("name", WANTED)
def test_dbt_and_the_registry_say_the_same_of_a_block(name: str, said: Said) -> None:
    _, dbt_says, we_say = said
    wanted = WANTED[name]
    by_dbt = re.findall(rf"^ *- {name}: (.*)$", dbt_says, re.MULTILINE)
    assert by_dbt == re.findall(rf"'{name}': (.*)$", we_say.replace("; '", "\n'"), re.MULTILINE)
    assert len(by_dbt) == (1 if wanted else 0)
    assert all(line.startswith(wanted) for line in by_dbt)


def test_the_manifest_has_the_blocks_that_are_refused(said: Said) -> None:
    """So that nothing was refused for another reason, or lost on its way."""
    manifest = said[0].manifest()
    nodes = [*manifest["nodes"].values(), *manifest["sources"].values()]
    metas = {node["name"]: node["config"]["meta"] for node in nodes if node["name"] in CASES}
    for name, (_, meta, _) in CASES.items():
        assert metas[name].keys() >= meta.keys()


def test_a_time_that_dbt_keeps_must_be_utc(said: Said) -> None:
    """Read as UTC, what it writes in New York would be known five hours too early."""
    out = said[0].dbt("snapshot", code=2, env={"TZ": "America/New_York"})
    complained = re.findall(
        r"- (\w+): dbt writes '(\w+)' in the time zone of its session, which is America/New_York",
        out,
    )
    assert sorted(complained) == [
        ("seen_only", "dbt_valid_from"),
        ("seen_since", "since"),
        ("seen_value", "dbt_valid_from"),
    ]
