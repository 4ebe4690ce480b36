"""A project that dbt builds on Spark as it does on DuckDB, and what is refused there."""

import json
from pathlib import Path
from typing import Any

import pytest

from engines import toy
from harness.host import Host, macro_call, write_host
from spark.host import SparkHost

CARD = {"card_of_learned": macro_call("dataset_card('learned')")}

GROWING = {
    "grown": "{{ config(materialized='incremental') }}"
    + macro_call(
        "window_features(events='spent', join_keys=['card'], event_timestamp='seen_at',"
        " windows=['2 days'], aggregates=[{'count': '*'}])"
    ),
    "appended": macro_call("append_only('balance')"),
}


@pytest.fixture(scope="module")
def built(session: Any, tmp_path_factory: pytest.TempPathFactory) -> SparkHost:
    """Feature views, a window view, a training set with its card, and their generic tests."""
    del session
    folder = tmp_path_factory.mktemp("on spark") / "cards"
    host = SparkHost(write_host(folder, toy.models() | CARD, toy.properties()), schema="cards")
    host.dbt("build")
    return host


def test_a_training_set_is_what_was_known_at_each_label(built: SparkHost, session: Any) -> None:
    expected = {
        (row["card"], row["asked_at"], row["outcome"]): toy.answer(row["card"], row["asked_at"])
        for row in toy.ASKED
    }
    found = {}
    for row in session.table("cards.learned").collect():
        values = row.asDict()
        key = (values.pop("card"), values.pop("asked_at"), values.pop("outcome"))
        assert key not in found
        found[key] = values
    assert found == expected
    assert {result["status"] for result in built.results().values()} == {"success", "pass"}


def test_a_join_is_a_running_maximum(built: SparkHost) -> None:
    compiled = built.compiled("learned")
    assert "max(known_row) over (" in compiled
    assert "join" not in compiled


def test_contents_have_the_fingerprint_that_they_have_on_duckdb(
    built: SparkHost, session: Any, tmp_path: Path
) -> None:
    host = Host(write_host(tmp_path / "cards", toy.models() | CARD, toy.properties()))
    host.dbt("build")
    names = "service_fingerprint, content_fingerprint, row_count, label_count"
    found = session.sql(f"select {names} from {built.schema}.card_of_learned").collect()
    assert [tuple(row) for row in found] == host.ask(f"select {names} from card_of_learned")


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        (
            "spark.sql.session.timeZone",
            "Europe/Berlin",
            "the time zone of target 'spark' is Europe/Berlin, in which its instants would be"
            " others; set spark.sql.session.timeZone to UTC",
        ),
        (
            "spark.sql.parser.escapedStringLiterals",
            "true",
            "target 'spark' takes backslashes in literals as they are; set"
            " spark.sql.parser.escapedStringLiterals to false",
        ),
    ],
)
def test_a_session_in_which_sql_means_something_else_is_refused(
    session: Any, tmp_path: Path, setting: str, value: str, said: str
) -> None:
    host = SparkHost(write_host(tmp_path / "shop", {"one": "select 1 as id"}, []), schema="shop")
    profiles = host.project / "profiles.yml"
    text = profiles.read_text()
    before = session.conf.get(setting)
    zone = "        spark.sql.session.timeZone: UTC\n"
    assert zone in text
    added = f'        {setting}: "{value}"\n'
    profiles.write_text(text.replace(zone, added if "timeZone" in setting else zone + added))
    try:
        output = host.dbt("run", code=2)
    finally:
        session.conf.set(setting, before)
    assert f"  feature_warehouse: {said}\n" in output


def test_what_would_have_other_rows_is_refused_by_name(session: Any, tmp_path: Path) -> None:
    del session
    view = {"join_keys": ["card"], "event_timestamp": "seen_at", "created_timestamp": "known"}
    balance = next(model for model in toy.properties() if model["name"] == "balance")
    appended = {
        "name": "appended",
        "config": {"contract": {"enforced": True}, "meta": {"feature_view": view}},
        "columns": balance["columns"],
    }
    folder = tmp_path / "grows"
    models = toy.models() | GROWING
    host = SparkHost(write_host(folder, models, [*toy.properties(), appended]), schema="grows")
    (folder / "seeds").mkdir()
    (folder / "seeds" / "seeded.csv").write_text("card,asked_at\n9007199254740993,2026-01-01\n")
    seeds = [{"name": "seeded", "config": {"meta": {"label_set": {"timestamp": "asked_at"}}}}]
    (folder / "seeds" / "seeds.yml").write_text(json.dumps({"version": 2, "seeds": seeds}))
    lines = [line.strip() for line in host.dbt("run", code=2).splitlines()]
    assert any(
        line.startswith("- seeded: it is a seed, which dbt-spark loads with") for line in lines
    )
    why = "it is incremental, which on spark would repeat rows or lose them; make it a table"
    assert [line for line in dict.fromkeys(lines) if why in line] == [
        f"- appended: {why}",
        f"- grown: {why}",
    ]
