"""What knows on-demand features besides readers: catalog, card, files and tests."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feature_warehouse import UsageError
from feature_warehouse.catalog.describe import describe
from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.declarations.model import OnDemandFeature
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.engines import open_warehouse
from feature_warehouse.engines.profile import load_profile
from feature_warehouse.on_demand.expressions import Node
from feature_warehouse.publishing.equality import difference
from feature_warehouse.training_sets import TrainingSets
from harness.host import Built
from on_demand.known import ODD_ANSWERS, ODD_NAMES, PERSONAL, VERSIONS
from on_demand.payments import HIDDEN, NAMES, ON_DEMAND, PAID_AT, PAYMENTS
from on_demand.test_payments import ANSWERS, GIVEN

LABELS = ["customer_id", "paid_at", "amount", "fee", "country", "rate", "is_refused"]


# The catalog

TYPES = {
    "amount_ratio": "double precision",
    "is_large": "boolean",
    "hours": "double precision",
    "is_domestic": "boolean",
    "points": "bigint",
    "total": "decimal(11,2)",
    "rate_as_double": "double precision",
    "next_day": "timestamp",
}
RATIO = ["customer_orders:amount_avg", "payments:amount"]
INPUTS = {
    "amount_ratio": RATIO,
    "is_large": RATIO,
    "hours": ["customer_orders:ordered_at", "payments:paid_at"],
    "is_domestic": ["payments:country"],
    "points": ["customer_orders:amount_avg", "customer_orders:orders", "payments:amount"],
    "total": ["customer_orders:spent", "payments:fee"],
    "rate_as_double": ["payments:rate"],
    "next_day": ["payments:paid_at"],
}


def expected(name: str, expression: str) -> dict[str, Any]:
    """What a person reads of an on-demand feature of `payment_training` in its YAML."""
    by_view = any(text.startswith("customer_orders:") for text in INPUTS[name])
    is_ratio = name == "amount_ratio"
    return {
        "view": None,
        "feature": name,
        "data_type": TYPES[name],
        "description": "How much larger than usual." if is_ratio else "",
        "view_description": None,
        "entity": "customer_id" if by_view else "",
        "owner": "risk@example.com" if is_ratio else "Payments team",
        "tags": "money, ratio" if is_ratio else "money",
        "is_pii": False,
        "ttl": None,
        "availability_lag": None,
        "default_value": None,
        "tests": "bounds" if is_ratio else "",
        "view_tests": "",
        "services": "payment_model",
        "served_as": "" if name in HIDDEN else f"payment_model:{name}",
        "is_online": True,
        "newest_event": None,
        "training_set": "payment_training",
        "expression": expression,
        "inputs": ", ".join(INPUTS[name]),
    }


EXPECTED = [expected(one["name"], one["expr"]) for one in ON_DEMAND]


def test_the_catalog_has_a_row_for_each(known: Built) -> None:
    rows = known.records("select * from listed where training_set = 'payment_training'")
    assert rows == EXPECTED
    [first, *_] = rows
    assert list(first)[-3:] == ["training_set", "expression", "inputs"]


def test_the_catalog_has_them_of_every_training_set(known: Built) -> None:
    found = known.records("select * from listed where view is null order by training_set, feature")
    declared = {
        "callers": [one["name"] for one in PERSONAL],
        "payment_contract": ["total"],
        "payment_days": ["days"],
        "payment_grown": ["more"],
        "payment_odd": ODD_NAMES,
        "payment_splits": [one["name"] for one in ON_DEMAND],
        "payment_training": [one["name"] for one in ON_DEMAND],
        "payment_versions.v1": ["share"],
        "payment_versions.v2": ["share"],
    }
    assert {(row["training_set"], row["feature"]) for row in found} == {
        (name, feature) for name, features in declared.items() for feature in features
    }
    assert len(found) == sum(map(len, declared.values()))
    by_name = {(row["training_set"], row["feature"]): row for row in found}
    for version in VERSIONS:
        row = by_name[f"payment_versions.{version}", "share"]
        assert row["served_as"] == f"payment_versions.{version}:share"
        assert row["expression"] == VERSIONS[version][0]["expr"]
    # Of the age, whose event timestamp is another column of the view.
    assert by_name["payment_days", "days"]["inputs"] == "customer_since:since"
    odd = by_name["payment_odd", ODD_NAMES[0]]
    assert (odd["served_as"], odd["inputs"]) == (f"payment_odd:{ODD_NAMES[0]}", ", ".join(RATIO))
    assert by_name["payment_odd", "labels"]["inputs"] == ""
    personal = {row["feature"] for row in found if row["is_pii"]}
    assert personal == {"is_caller", "is_asked", "flagged", "from_flagged", "age"}


def test_a_hidden_feature_of_a_view_is_served_under_no_name(known: Built) -> None:
    [row] = known.records(
        "select * from listed where view = 'customer_orders' and feature = 'amount_avg'"
    )
    assert (row["training_set"], row["expression"], row["inputs"]) == (None, None, None)
    assert "payment_model" in row["services"].split(", ")
    assert [name for name in row["served_as"].split(", ") if "payment_v" not in name] == []
    registry = read_registry(known.target / "manifest.json")
    [found] = describe(registry, "customer_orders:amount_avg")
    uses = found.facts["services"].split(", ")
    assert "payment_model (hidden)" in uses
    assert [use for use in uses if "hidden" not in use] == row["served_as"].split(", ")


def test_describe_says_the_same_as_the_catalog(known: Built) -> None:
    registry = read_registry(known.target / "manifest.json")
    for row in known.records("select * from listed where view is null"):
        service = row["services"]
        [found] = describe(registry, f"{service}:{row['feature']}")
        assert (found.kind, found.name) == (
            "on-demand feature",
            f"{service}:{row['feature']}",
        )
        is_hidden = not row["served_as"]
        assert found.facts == {
            "expression": row["expression"],
            "inputs": row["inputs"],
            "data type": row["data_type"],
            "training set": row["training_set"],
            "entity": row["entity"],
            "online": "yes" if row["is_online"] else "no",
            "owner": row["owner"] or "",
            "tags": row["tags"],
            "personal data": "yes" if row["is_pii"] else "no",
            "tests": row["tests"],
            "services": f"{service} (hidden)" if is_hidden else row["served_as"],
        }
        assert " ".join(found.description.split()) == row["description"]
        assert bool(found.samples) is not is_hidden
    names = {one.name for one in describe(registry, "points")}
    assert names == {"payment_model:points", "payment_splits:points"}
    [latest] = describe(registry, "payment_versions:share")
    assert latest.name == "payment_versions.v1:share"


def test_the_sql_of_describe_can_be_run(known: Built) -> None:
    registry = read_registry(known.target / "manifest.json")
    [found] = describe(registry, f"payment_odd:{ODD_NAMES[0]}")
    rows = known.records(found.samples["SQL"])
    assert list(rows[0]) == ["customer_id", "paid_at", ODD_NAMES[0]]
    assert len(rows) == len(PAYMENTS)


def test_the_catalog_is_no_wider_than_a_screen(known: Built) -> None:
    assert [line for line in known.compiled("listed").splitlines() if len(line) > 100] == []


# Training sets, and files of them


@pytest.mark.parametrize("model", ["payment_odd", "odd_scores"])
def test_names_of_the_query_itself_are_names_like_others(known: Built, model: str) -> None:
    rows = known.records(f"select * from {model} order by customer_id")
    assert [tuple(row[name] for name in ODD_NAMES[:-1]) for row in rows] == ODD_ANSWERS
    labels = LABELS if model == "payment_odd" else [*LABELS[:1], *LABELS[2:-1], "scored_at"]
    assert list(rows[0]) == [*labels, *ODD_NAMES[:-1]]


def test_a_card_says_what_is_computed_and_hidden(known: Built) -> None:
    [row] = known.records("select * from payment_card")
    card = json.loads(row["card"])
    assert card["on_demand"] == {
        one["name"]: {"expression": one["expr"], "data_type": TYPES[one["name"]]}
        for one in ON_DEMAND
    }
    assert list(card["on_demand"]) == [one["name"] for one in ON_DEMAND]
    assert card["hidden"] == HIDDEN
    nulls = {one["name"]: one["null_count"] for one in card["columns"]}
    assert [*nulls] == [*LABELS, *NAMES]
    for place, name in enumerate(NAMES):
        assert nulls[name] == [answer[place] for answer in ANSWERS].count(None), name
    registry = read_registry(known.target / "manifest.json")
    assert card["service_fingerprint"] == registry.services["payment_model"].fingerprint
    [row] = known.records("select * from odd_card")
    odd = json.loads(row["card"])
    assert [*odd["on_demand"]] == ODD_NAMES
    assert odd["hidden"] == ["amount_avg", "spent", "labels"]
    [row] = known.records("select * from payment_ages_card")
    assert {"on_demand", "hidden"}.isdisjoint(json.loads(row["card"]))


ARROW = {
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "bigint": pa.int64(),
    "decimal(11,2)": pa.decimal128(11, 2),
    "timestamp": pa.timestamp("us"),
}


@pytest.fixture
def sets(known: Built, monkeypatch: pytest.MonkeyPatch) -> TrainingSets:
    known.enter(monkeypatch)
    return TrainingSets(DbtProject(known.project, target_path=known.target))


def test_a_file_has_them(sets: TrainingSets, tmp_path: Path) -> None:
    file = tmp_path / "payments.parquet"
    card = sets.export("payment_training", file)
    table = pq.read_table(file)
    assert table.column_names == [*LABELS, *NAMES]
    found = [tuple(row[name] for name in NAMES) for row in table.to_pylist()]
    assert [row[:1] + row[2:] for row in found] == [row[:1] + row[2:] for row in ANSWERS]
    # PostgreSQL forgets the digits of a stored feature that has a ttl.
    spent = [row[1] and Decimal(row[1]) for row in found]
    assert spent == [row[1] for row in ANSWERS]
    for name in NAMES[2:]:
        assert table.schema.field(name).type == ARROW[TYPES[name]], name
    assert card["hidden"] == HIDDEN
    assert sets.check(tmp_path / "payments.card.json") == []


def test_a_check_notices_another_value(known: Built, sets: TrainingSets, tmp_path: Path) -> None:
    sets.export("payment_odd", tmp_path / "odd.parquet")
    file = tmp_path / "odd.card.json"
    assert sets.check(file) == []
    known_of_4 = "update payment_odd set known = {} where customer_id = 4"
    with known.open() as session:
        session.ask(known_of_4.format(7))
    try:
        sets.export("payment_odd", tmp_path / "odd.parquet")
    finally:
        with known.open() as session:
            session.ask(known_of_4.format("null"))
    differences = {line.split(" was ")[0] for line in sets.check(file)}
    assert differences == {"content_fingerprint", "columns"}


def test_a_training_set_for_a_file_has_no_hidden_columns(sets: TrainingSets) -> None:
    labels = pa.table(
        {
            "at": pa.array([PAID_AT] * 4, pa.timestamp("us", tz="UTC")),
            "customer_id": [payment["customer_id"] for payment in GIVEN],
            "amount": [payment["amount"] for payment in GIVEN],
        }
    )
    found = sets.build(labels, service="payment_odd", timestamp="at")
    assert found.column_names == ["at", "customer_id", "amount", *ODD_NAMES[:-1]]
    assert [tuple(row.values())[3:] for row in found.to_pylist()] == ODD_ANSWERS
    version = sets.build(labels, service="payment_versions.v2", timestamp="at")
    assert version.column_names[-1] == "share"
    shares = [1.0, 0.4, None, None]
    assert version["share"].to_pylist() == shares


def test_a_file_without_a_request_column_is_a_mistake(sets: TrainingSets) -> None:
    labels = pa.table({"at": pa.array([PAID_AT]), "customer_id": [1]})
    with pytest.raises(UsageError, match="there is no 'amount'"):
        sets.build(labels, service="payment_odd", timestamp="at")


# Generic tests


FAULTS = {
    "amount_ratio": ("amount_ratio = 4", "amount_ratio is 4(.0)? and should be 3(.0)?"),
    "total": ("total = null", "total is NULL and should be 31.10"),
    "is_domestic": ("is_domestic = false", "is_domestic is false and should be true"),
    "points": ("points = 14", "points is 14 and should be 13"),
    "spent": ("spent = 1", r"spent is 1(\.00)? and should be 30.00"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_value_is_found(known: Built, name: str) -> None:
    fault, says = FAULTS[name]
    query = known.test("feature_warehouse_point_in_time_correct_payment_training_")
    assert known.records(query) == []
    with known.changed(f"update payment_training set {fault} where customer_id = 1"):
        [row] = known.records(query)
    assert row["customer_id"] == 1
    assert re.fullmatch(says, row["problem"])


def test_a_wrong_value_of_hidden_inputs_is_found(known: Built) -> None:
    query = known.test("feature_warehouse_point_in_time_correct_payment_odd_")
    assert known.records(query) == []
    with known.changed("update payment_odd set known = 7 where customer_id = 2"):
        [row] = known.records(query)
    assert re.fullmatch(r"known is 7(\.0)? and should be NULL", row["problem"])
    days = known.test("feature_warehouse_point_in_time_correct_payment_days_")
    assert known.records(days) == []
    with known.changed("update payment_days set days = days + 1 where customer_id = 1"):
        [row] = known.records(days)
    assert re.fullmatch(r"days is 118366(\.0)? and should be 118365(\.0)?", row["problem"])


def test_values_of_personal_data_are_in_no_failure(known: Built) -> None:
    query = known.test("feature_warehouse_point_in_time_correct_callers_")
    assert known.records(query) == []
    fault = "is_asked = not is_asked, flagged = 1234.5, from_flagged = 1234.5, hours = 99"
    with known.changed(f"update callers set {fault} where customer_id = 1"):
        [row] = known.records(query)
    assert row["problem"] == (
        "is_asked is wrong; flagged is wrong; from_flagged is wrong; hours is 99 and should be 12"
    )
    assert [row[name] for name in ("phone", "is_asked", "flagged", "from_flagged")] == ["***"] * 4


PERSONAL_DIFFERENCES = {
    "flagged": (
        ('[],"1"]', '[],"3"]'),
        "'flagged' is one value in 'callers' and another for a reader, of amount = 30.0; build",
    ),
    "age": (
        ('[],"2024"]', '[],"2023"]'),
        "'age' is one value in 'callers' and another for a reader, of born = ***; build",
    ),
    "hours": (("hour", "month"), "'hours' is 12 in 'callers' and 3 for a reader, of request_time"),
}


@pytest.mark.parametrize("name", PERSONAL_DIFFERENCES)
def test_values_of_personal_data_are_in_no_refusal(
    known: Built, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    known.enter(monkeypatch)
    service = read_registry(known.target / "manifest.json").services["callers"]
    (before, after), says = PERSONAL_DIFFERENCES[name]

    def changed(one: OnDemandFeature) -> OnDemandFeature:
        text = msgspec.json.encode(one.expression).decode()
        assert one.name != name or before in text
        text = text.replace(before, after) if one.name == name else text
        return msgspec.structs.replace(one, expression=msgspec.json.decode(text, type=Node))

    other = msgspec.structs.replace(service, on_demand=tuple(map(changed, service.on_demand)))
    with open_warehouse(load_profile(known.project, known.project, known.engine)) as warehouse:
        assert difference(service, warehouse) is None
        assert says in str(difference(other, warehouse))


def test_nothing_is_wrong_where_all_is_hidden(known: Built) -> None:
    assert known.records("select * from payment_bare limit 1")[0].keys() == {*LABELS}
    query = known.test("feature_warehouse_point_in_time_correct_payment_bare_")
    assert known.records(query) == []


def test_a_lost_row_is_found(known: Built) -> None:
    query = known.test("feature_warehouse_same_rows_as_payment_odd_")
    assert known.records(query) == []
    with known.changed("delete from payment_odd where customer_id = 2"):
        assert len(known.records(query)) == 1


def test_a_set_that_grows_is_computed_by_one_expression(known: Built, tmp_path: Path) -> None:
    """Rows that are there stay as they are, so another expression needs all of them anew."""

    def build(last: int, factor: int, code: int = 0) -> None:
        env = {
            "DBT_TARGET_PATH": str(tmp_path),
            "KNOWN_LAST": str(last),
            "KNOWN_FACTOR": str(factor),
        }
        known.dbt("build", "--select", "new_payments", "payment_grown", code=code, env=env)

    def rows() -> list[tuple[Any, ...]]:
        with known.open() as session:
            return session.ask("select customer_id, more from payment_grown order by customer_id")

    assert rows() == [(1, 180.0), (2, 40.0)]
    build(3, 2)
    assert rows() == [(1, 180.0), (2, 40.0), (3, None)]
    build(4, 3, code=1)
    assert rows() == [(1, 180.0), (2, 40.0), (3, None), (4, None)]
    name = "feature_warehouse_point_in_time_correct_payment_grown_"
    [query] = (tmp_path / "compiled").rglob(f"{name}.sql")
    with known.open() as session:
        wrong = session.records(query.read_text())
    assert sorted(row["customer_id"] for row in wrong) == [1, 2]
