"""Ad-hoc training sets have the features of those that dbt builds, beside unchanged labels."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from feature_warehouse.dbt_project import DbtProject, _literal
from feature_warehouse.errors import UsageError
from feature_warehouse.training_sets import TrainingSets
from harness.engines import quote
from training_sets.ad_hoc import (
    ASKED,
    BUILDS,
    NUMBERS,
    TEXTS,
    nameless,
    numbered,
    rich,
    simple,
    worded,
)
from training_sets.conftest import Plans, remember_plans
from training_sets.lab import Lab, state
from training_sets.project import PARTS
from training_sets.tables import visits


class AskedError(Exception):
    """Stands for a plan that dbt has yet to compile."""


@pytest.fixture
def learned(lab: Lab, plans: Plans, monkeypatch: pytest.MonkeyPatch) -> TrainingSets:
    """All plans of `ASKED` are compiled by one run of dbt."""
    lab.enter(monkeypatch)
    project = DbtProject(lab.project, target_path=lab.engine)
    asked: list[tuple[str, ...]] = []

    def call(_: DbtProject, macro: str, request: Any) -> Any:
        asked.append((macro, request))
        raise AskedError

    if f"{lab.engine} learned" not in plans:
        with monkeypatch.context() as recording:
            recording.setattr(DbtProject, "call", call)
            for labels, options in ASKED:
                with pytest.raises(AskedError):
                    TrainingSets(project).build(labels, **options)
        calls = [
            f"fromjson(feature_warehouse.{macro}({_literal(request)}))" for macro, request in asked
        ]
        answers = project._compiled(f"{{{{ tojson([{', '.join(calls)}]) }}}}")
        for (macro, request), answer in zip(asked, answers, strict=True):
            plans[json.dumps([str(project.folder), lab.engine, macro, request])] = answer
        plans[f"{lab.engine} learned"] = True
    remember_plans(plans, monkeypatch)
    return TrainingSets(project)


def built(sets: TrainingSets, name: str, labels: pa.Table | None = None) -> pa.Table:
    table, options = BUILDS[name]
    labels = table if labels is None else labels
    result = sets.build(labels, **options)
    assert result.select(labels.column_names).equals(labels)
    return result


def features(lab: Lab, table: str, names: list[str]) -> dict[int, tuple[Any, ...]]:
    columns = ", ".join(map(quote, ["visit_id", *names]))
    return {row[0]: row[1:] for row in lab.ask(f"select {columns} from {table}")}


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("service", "main_set"),
        ("rich", "main_set"),
        ("zoned", "main_set"),
        ("event_time", "early_set"),
        ("served", "logged_runs_set"),
    ],
)
def test_features_are_those_of_the_training_set_that_dbt_built(
    lab: Lab, learned: TrainingSets, name: str, like: str
) -> None:
    result = built(learned, name)
    names = result.column_names[len(BUILDS[name][0].column_names) :]
    expected = features(lab, like, names)
    rows = result.select(["visit_id", *names]).to_pylist()
    assert len(rows) == len(visits())
    for row in rows:
        if row["visit_id"] != 7:
            assert tuple(row.values())[1:] == expected[row["visit_id"]]


def test_as_of_leaves_later_labels_out(lab: Lab, learned: TrainingSets) -> None:
    labels, options = BUILDS["as_of"]
    result = learned.build(labels, **options)
    at = datetime(2024, 1, 15, 12)
    kept = [row for row in labels.to_pylist() if row["at"] and row["at"] <= at]
    assert result.select(labels.column_names).to_pylist() == kept
    names = result.column_names[labels.num_columns :]
    expected = features(lab, "past_set", names)
    found = {row["visit_id"]: tuple(row[n] for n in names) for row in result.to_pylist()}
    assert expected
    assert {visit: found[visit] for visit in expected} == expected


def test_splits_json_and_ids(lab: Lab, learned: TrainingSets) -> None:
    result = built(learned, "split")
    names = ["train_test_split", "document", "uid"]
    texts = "cast(document as text), cast(uid as text)"
    rows = lab.ask(f"select visit_id, train_test_split, {texts} from split_set")
    expected = {row[0]: row[1:] for row in rows}
    for row in result.to_pylist():
        assert tuple(row[name] for name in names) == expected[row["visit_id"]]
    assert {"train", "test"} == set(result["train_test_split"].to_pylist())


def test_a_date_is_its_midnight(learned: TrainingSets) -> None:
    names = ["rate", "amount"]
    assert built(learned, "dates").select(names).equals(built(learned, "midnights").select(names))


def test_one_view_needs_no_list(learned: TrainingSets) -> None:
    assert built(learned, "one").column_names == [*simple().column_names, "rate"]


def test_a_label_column_may_be_named_as_our_own_are(learned: TrainingSets) -> None:
    result = built(learned, "odd")
    assert result.column_names == ["feature_warehouse_row", "Order", "New Level", "rate", "Age"]


def test_types_are_as_declared(learned: TrainingSets) -> None:
    types = {field.name: field.type for field in built(learned, "service").schema}
    assert types["amount"] == pa.decimal128(12, 2)
    assert types["rate"] == pa.decimal128(10, 4)
    assert types["score"] == pa.int32()
    assert types["status_event_timestamp"] == pa.timestamp("us")
    assert types["status_age_seconds"] == pa.float64()


def test_no_labels_give_no_rows(learned: TrainingSets) -> None:
    result = built(learned, "service", simple().slice(0, 0))
    assert result.num_rows == 0
    assert result.schema == built(learned, "service").schema


def test_keys_that_are_all_null(learned: TrainingSets) -> None:
    labels = nameless()
    result = built(learned, "service", labels)
    assert set(result["friend_score"].to_pylist()) == {-1}
    assert result["amount"].null_count == labels.num_rows
    assert result["rate"].equals(built(learned, "service")["rate"])


@pytest.mark.parametrize("kind", NUMBERS, ids=str)
def test_keys_of_other_numeric_types(learned: TrainingSets, kind: pa.DataType) -> None:
    names = ["level", "score", "amount"]
    expected = built(learned, "service").select(names)
    assert built(learned, "service", numbered(kind)).select(names).equals(expected)


@pytest.mark.parametrize("kind", TEXTS, ids=str)
def test_keys_of_other_text_types(learned: TrainingSets, kind: pa.DataType) -> None:
    names = ["order", "choice"]
    expected = built(learned, "service").select(names)
    assert expected["order"].null_count < simple().num_rows
    assert built(learned, "service", worded(kind)).select(names).equals(expected)


def test_a_frame_of_pandas_and_a_file(learned: TrainingSets, tmp_path: Path) -> None:
    labels = simple()
    frame = labels.to_pandas().set_index(pd.Index(range(500, 500 + labels.num_rows))[::-1])
    options = BUILDS["service"][1]
    expected = built(learned, "service")
    names = expected.column_names[5:]
    result = learned.build(frame, **options)
    assert frame["customer_id"].dtype == float  # so that it may hold NULL
    assert result.select(names).equals(expected.select(names))
    assert result["visit_id"].equals(labels["visit_id"])

    file = tmp_path / "my labels.parquet"
    pq.write_table(labels, file)
    assert learned.build(file, **options).equals(expected)
    assert learned.build(str(file), **options).equals(expected)


def test_nanoseconds_that_are_none_are_fine_and_others_are_not(learned: TrainingSets) -> None:
    exact = simple(pa.timestamp("ns"))
    assert built(learned, "service", exact)["rate"].equals(built(learned, "service")["rate"])
    inexact = exact.set_column(4, "at", pa.array([1] * exact.num_rows, pa.timestamp("ns")))
    message = "label column 'at' has nanoseconds; round it to microseconds"
    with pytest.raises(UsageError, match=message):
        built(learned, "service", inexact)


def test_nothing_is_left_behind(
    lab: Lab, learned: TrainingSets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = state(lab)
    built(learned, "rich")
    assert state(lab) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (simple(), {}, "give either features, such as origin_weather:temp, or a service"),
        (simple(), {"features": ["rate"], "service": "main_set"}, "give either features"),
        (
            simple(),
            {"service": "main_set", "timestamp": "then"},
            "has no column 'then'; it has visit_id, customer_id",
        ),
        (
            simple(),
            {"service": "main_set", "timestamp": "Group"},
            "label column 'Group' is of type string; it must be a timestamp",
        ),
        (
            simple(pa.date32()),
            {"service": "main_set"},
            "has no column of timestamps; name the one to predict at with --timestamp",
        ),
        (rich(), {"service": "main_set"}, "the label table has at, when; name the one"),
        (
            pa.table([[1], [2]], names=["a", "a"]),
            {"service": "main_set", "timestamp": "a"},
            "two columns 'a'; rename one of them",
        ),
        ([1], {"service": "main_set"}, "labels are a list; give a pyarrow Table"),
        ("no/such.parquet", {"service": "main_set"}, "there is no file no/such.parquet"),
    ],
)
def test_mistakes_that_need_no_dbt(labels: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as error:
        TrainingSets("nowhere").build(labels, **options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_parquet(tmp_path: Path) -> None:
    file = tmp_path / "labels.parquet"
    file.write_text("a,b")
    with pytest.raises(UsageError, match="cannot be read as Parquet: ") as error:
        TrainingSets("nowhere").build(file, service="main_set")
    assert "\n" not in str(error.value)


def test_all_mistakes_of_a_request_at_once(
    lab_duckdb: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab_duckdb.enter(monkeypatch)
    sets = TrainingSets(DbtProject(lab_duckdb.project, target_path="duckdb"))
    labels = simple().append_column("Rate", pa.nulls(65)).drop_columns("friend_id")
    labels = labels.set_column(1, "customer_id", pc.add(labels["customer_id"], 0.5))
    parts: Any = [
        "rate",
        "visits",
        "ratte",
        "status:lvl",
        PARTS[1],
        {"view": "odd", "join_keys": {"g": "Group"}},
    ]
    with pytest.raises(UsageError) as error:
        sets.build(labels, parts, as_of="noon", knowledge="all", split={"by": "x"})
    message = str(error.value)
    assert "\n" not in message
    for words in [
        "training-set build: as_of 'noon' is not an instant",
        "knowledge is 'all'",
        "split has neither fractions",
        "two columns are named 'rate': label column 'labels.Rate' and feature 'rate.rate'",
        "'visits' is not a feature view",
        "there is no model 'ratte'; did you mean 'rate'?",
        "view 'status' has no feature 'lvl'; it has level, score, ratio",
        "join key 'status.customer_id' is of type bigint and label column 'labels.customer_id' of"
        " type double precision, which do not hold the same values; cast one of them",
        "looks for label column 'friend_id', which 'labels' does not declare",
        "view 'odd' has no join key 'g'; it has Group",
    ]:
        assert words in message


def test_decimal_values_are_exact(lab: Lab, learned: TrainingSets) -> None:
    amounts = [value for value in built(learned, "service")["amount"].to_pylist() if value]
    assert {type(value) for value in amounts} == {Decimal}
    del lab
