"""A project that dbt builds on Spark, and what is refused there."""

from pathlib import Path
from typing import Any

import pytest

from engines import toy
from harness.host import macro_call, write_host
from spark.host import SparkHost


@pytest.fixture(scope="module")
def built(session: Any, tmp_path_factory: pytest.TempPathFactory) -> SparkHost:
    """Feature views, a window view, a training set with its card, and their generic tests."""
    del session
    models = toy.models() | {"card": macro_call("dataset_card('learned')")}
    folder = tmp_path_factory.mktemp("spark project") / "cards"
    host = SparkHost(write_host(folder, models, toy.properties()), schema="cards")
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
