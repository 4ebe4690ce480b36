"""On-demand features of a small project, offline and online, with answers worked out by hand."""

import asyncio
import json
import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from feature_warehouse import AsyncOnlineStore, EntityError, OnlineStore, Status
from feature_warehouse.catalog.describe import describe
from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.declarations.model import Service
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.on_demand import closures, columns
from feature_warehouse.training_sets import TrainingSets
from harness.host import Built
from on_demand.conftest import Published, Publishes, messages
from on_demand.payments import NAMES, PAID_AT, PAYMENTS

SINGLE = 0.10000000149011612
"""0.1 as a REAL has it."""

NEXT_DAY = datetime(2024, 3, 2, 12)

ANSWERS: list[tuple[Any, ...]] = [
    (3, Decimal("30.00"), 3.0, 6.0, True, 13, Decimal("31.10"), SINGLE, NEXT_DAY),
    (4, Decimal("12.50"), None, 24.0, False, 4, Decimal("12.75"), 0.5, NEXT_DAY),
    (None, None, None, None, True, 0, None, 2.0, NEXT_DAY),
    (None, None, None, None, None, 0, None, None, NEXT_DAY),
]
"""By customer, in the order of ``NAMES``."""

GIVEN = [{**payment, "fee": payment["fee"] and Decimal(payment["fee"])} for payment in PAYMENTS]


@pytest.fixture
def store(built: Built, published: Published) -> OnlineStore:
    return OnlineStore.from_url(published(PAID_AT), project=built.project.name, environment="dev")


@pytest.mark.parametrize("model", ["payment_training", "payment_splits", "payment_scores"])
def test_a_training_set_has_them(built: Built, model: str) -> None:
    rows = built.records(f"select * from {model} order by customer_id")
    assert [tuple(row[name] for name in NAMES) for row in rows] == ANSWERS


def test_what_is_hidden_is_no_column(built: Built) -> None:
    [row, *_] = built.records("select * from payment_splits order by customer_id")
    labels = ["customer_id", "paid_at", "amount", "fee", "country", "rate", "is_refused"]
    assert list(row) == [*labels, "train_test_split", *NAMES]


def test_a_read_gives_the_same(store: OnlineStore) -> None:
    assert store.entity_keys("payment_model") == {"customer_id": "int"}
    assert store.request_columns("payment_model") == {
        "amount": "double precision",
        "fee": "numeric(6,2)",
        "country": "text",
        "rate": "real",
    }
    vectors = store.get_many("payment_model", GIVEN, at=PAID_AT)
    assert vectors.to_tuples() == ANSWERS
    assert [tuple(vector) for vector in vectors] == [tuple(NAMES)] * 4
    assert [tuple(vector.values()) for vector in vectors[1:]] == ANSWERS[1:]
    assert vectors.to_arrow().to_pylist() == [dict(zip(NAMES, row, strict=True)) for row in ANSWERS]


def test_both_clients_give_the_same(store: OnlineStore, built: Built, published: Published) -> None:
    async def read() -> Any:
        async with AsyncOnlineStore.from_url(
            published(PAID_AT), project=built.project.name, environment="dev"
        ) as other:
            assert await other.request_columns("payment_model") == store.request_columns(
                "payment_model"
            )
            return (await other.get("payment_model", GIVEN[0], at=PAID_AT)).to_tuple()

    assert asyncio.run(read()) == store.get("payment_model", GIVEN[0], at=PAID_AT).to_tuple()


def test_the_request_time_is_the_clock_of_the_read(store: OnlineStore) -> None:
    later = PAID_AT + timedelta(hours=2, microseconds=3)
    vector = store.get("payment_model", GIVEN[0], at=later)
    assert vector["next_day"] == NEXT_DAY + timedelta(hours=2, microseconds=3)
    assert vector["hours"] == (8 * 3_600_000_000 + 3) / 1e6 / 3600


def test_the_status_is_the_worst_of_the_inputs(store: OnlineStore) -> None:
    found = store.get_many("payment_model", GIVEN, at=PAID_AT)
    ratio = [vector.status("amount_ratio") for vector in found]
    assert ratio == [Status.FOUND, Status.NULL, Status.EXPIRED, Status.MISSING]
    # By way of is_large, amount_ratio and amount_avg, though its value is there.
    assert [vector.status("points") for vector in found] == ratio
    assert [vector.status("hours") for vector in found] == [
        Status.FOUND,
        Status.FOUND,
        Status.EXPIRED,
        Status.MISSING,
    ]
    # Only of the request.
    assert [vector.status("is_domestic") for vector in found] == [*[Status.FOUND] * 3, Status.NULL]
    assert found.statuses()["amount_ratio"].to_pylist() == [str(status) for status in ratio]
    first = found[0]
    assert first.event_timestamp("points") == datetime(2024, 3, 1, 6, tzinfo=UTC)
    assert first.age("points") == timedelta(hours=6)
    assert found[3].event_timestamp("points") is None
    assert first.event_timestamp("is_domestic") is None
    assert found.ages()["points"].to_pylist()[0] == timedelta(hours=6)
    assert found.event_timestamps()["is_domestic"].to_pylist() == [None] * 4


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"amount": ...}, "lacks amount; it takes customer_id, amount, fee, country, rate"),
        ({"amount": ..., "amuont": 1.0}, "lacks amount and has unknown amuont"),
        ({"amount": "30"}, "request column 'amount' takes a float or int, not str '30'"),
        ({"amount": True}, "request column 'amount' takes a float or int, not bool True"),
        (
            {"fee": 1.1},
            "'fee' takes a Decimal or int of at most 6 digits, 2 of them after the point",
        ),
        ({"fee": Decimal("1.001")}, "not Decimal 1.001"),
        ({"fee": Decimal("1e999999999")}, "request column 'fee' takes a Decimal or int"),
        ({"fee": Decimal("1e-999999999")}, "request column 'fee' takes a Decimal or int"),
        ({"fee": Decimal("12345.00")}, "not Decimal 12345.00"),
        ({"country": 5}, "request column 'country' takes a str, not int 5"),
        ({"rate": 1e39}, "request column 'rate' takes a float or int, not float 1e+39"),
        ({"customer_id": "1"}, "entity key 'customer_id' takes an int"),
    ],
    ids=str,
)
def test_a_wrong_request_is_an_error_that_names_it(
    store: OnlineStore, change: dict[str, Any], says: str
) -> None:
    entity = {key: value for key, value in {**GIVEN[0], **change}.items() if value is not ...}
    with pytest.raises(EntityError) as error:
        store.get("payment_model", entity)
    assert says in str(error.value)


def test_numbers_are_taken_as_the_warehouse_holds_them(store: OnlineStore) -> None:
    request = {**GIVEN[0], "amount": 30, "fee": 2, "rate": float("inf")}
    vector = store.get("payment_model", request, at=PAID_AT)
    assert (vector["amount_ratio"], vector["total"]) == (3.0, Decimal("32.00"))
    assert vector["rate_as_double"] is None


def test_one_registry_and_one_fingerprint(built: Built, store: OnlineStore) -> None:
    registry = read_registry(built.target / "manifest.json")
    service = registry.services["payment_model"]
    [card] = built.records("select service_fingerprint, card from payment_card")
    assert card["service_fingerprint"] == service.fingerprint == store.fingerprint("payment_model")
    assert [column["name"] for column in json.loads(card["card"])["columns"]][-9:] == NAMES
    [described] = describe(registry, "payment_model")
    assert [column.name for column in described.columns] == NAMES
    assert described.facts["request columns"] == "amount, fee, country, rate"
    assert described.columns[2].description == "amount / amount_avg"


def test_training_sets_of_files_have_them(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    built.enter(monkeypatch)
    labels = pa.table(
        {
            "at": pa.array([PAID_AT] * 4, pa.timestamp("us", tz="UTC")),
            **{
                name: [payment[name] for payment in GIVEN]
                for name in ("customer_id", "amount", "fee", "country", "rate")
            },
        }
    )
    sets = TrainingSets(DbtProject(built.project, target_path=built.engine))
    found = sets.build(labels, service="payment_model", timestamp="at")
    assert found.column_names == [*labels.column_names, *NAMES]
    assert [tuple(row[name] for name in NAMES) for row in found.to_pylist()] == ANSWERS


def nearly(value: float | None) -> float | None:
    """The next double."""
    return None if value is None else math.nextafter(value, math.inf)


@pytest.mark.parametrize("form", ["closures", "columns", "columns at once"])
def test_a_service_that_would_say_another_bit_does_not_go_into_use(
    built: Built,
    publish: Publishes,
    redis_url: str,
    form: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert messages(publish(PAID_AT)) == {""}
    store = OnlineStore.from_url(redis_url, project=built.project.name, environment="dev")
    before = store.get("payment_model", GIVEN[0], at=PAID_AT).to_dict()
    whole = columns._COMMON["/"]
    quotient = closures._OF_DOUBLES["/"]
    if form == "columns":
        monkeypatch.setitem(
            columns._COMMON,
            "/",
            whole._replace(one_by_one=lambda *two: [*map(nearly, whole.one_by_one(*two))]),
        )
    elif form == "columns at once":
        monkeypatch.setitem(
            columns._COMMON,
            "/",
            whole._replace(function=lambda one, other: nearly(one / other)),
        )
    else:
        monkeypatch.setitem(
            closures._OF_DOUBLES, "/", lambda *two: lambda row: nearly(quotient(*two)(row))
        )
    # What is in use already is not looked at again.
    assert messages(publish(PAID_AT)) == {""}
    monkeypatch.setattr(
        Service, "fingerprint", property(lambda service: f"another {service.training_set}")
    )
    found = {result.service: result for result in publish(PAID_AT)}
    refused = found["payment_model"]
    assert (refused.status, refused.exit_code) == ("error", 1)
    assert re.fullmatch(
        r"not changed: on-demand feature 'amount_ratio' is 3.0 in 'payment_training' and"
        r" 3.000000000000000\d for a reader, of (amount = 30.0|amount_avg = 10.0|, )+; build the"
        r" training set again",
        refused.message,
    )
    monkeypatch.undo()
    assert store.get("payment_model", GIVEN[0], at=PAID_AT).to_dict() == before


def test_what_is_hidden_is_compared_by_compiled_sql_only(built: Built, publish: Publishes) -> None:
    manifest = built.manifest()
    node = manifest["nodes"][f"model.{built.project.name}.payment_training"]
    del node["compiled_code"]
    kept = (built.target / "manifest.json").read_text()
    (built.target / "manifest.json").write_text(json.dumps(manifest))
    try:
        found = {result.service: result for result in publish(PAID_AT)}
    finally:
        (built.target / "manifest.json").write_text(kept)
    assert found["payment_model"].exit_code == 2
    assert "'payment_training' is not compiled in this manifest" in found["payment_model"].message
    assert found["payment_splits"].message == ""
