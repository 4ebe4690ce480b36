"""Event timestamps and ages of a training set: they are served as they were trained on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pytest
import redis

from feature_warehouse import OnlineStore, Status
from feature_warehouse.catalog.describe import describe
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.monitoring.status import read_status
from feature_warehouse.planning.services import service_details
from harness.host import Built
from on_demand.conftest import Published, Publishes
from on_demand.payments import AGED_NAMES, ORDERS, PAID_AT, PAYMENTS, SINCE, WEIGHTED

AT = PAID_AT.replace(tzinfo=None)
TTL = timedelta(days=30)


def seconds(length: timedelta) -> float:
    """Whole microseconds as a double, then divided: each is rounded once."""
    return float(length // timedelta(microseconds=1)) / 1e6


def answers(at: datetime) -> list[tuple[Any, ...]]:
    """What each customer has at an instant, in the order of ``AGED_NAMES``."""
    found = []
    for payment in PAYMENTS:
        row: list[Any] = []
        for rows, place, ttl in ((SINCE, 2, None), (ORDERS, 3, TTL)):
            values: list[Any] = [None, None, None]
            for known in rows:
                event = datetime.fromisoformat(known[1]).replace(tzinfo=None)
                if known[0] == payment["customer_id"] and (ttl is None or at <= event + ttl):
                    text = known[place]
                    values = [text and int(text), event, seconds(at - event)]
            row += values
        found.append(tuple(row))
    return found


@pytest.fixture
def store(built: Built, published: Published) -> OnlineStore:
    return OnlineStore.from_url(published(PAID_AT), project=built.project.name, environment="dev")


@pytest.mark.parametrize("model", ["payment_ages", "payment_age_scores"])
def test_the_warehouse_has_them(built: Built, model: str) -> None:
    rows = built.records(f"select * from {model} order by customer_id")
    assert [tuple(row[name] for name in AGED_NAMES) for row in rows] == answers(AT)
    # An age of which a double does not hold the microseconds.
    assert rows[0]["since_age"] > 2**53 / 1e6


@pytest.mark.parametrize("later", [timedelta(0), timedelta(microseconds=1), TTL * 2])
def test_a_reader_has_the_same(store: OnlineStore, later: timedelta) -> None:
    keys = [{"customer_id": payment["customer_id"]} for payment in PAYMENTS]
    found = store.get_many("payment_ages", keys, at=PAID_AT + later)
    wanted = answers(AT + later)
    assert found.to_tuples() == wanted
    assert [tuple(vector.items()) for vector in found] == [
        tuple(zip(AGED_NAMES, row, strict=True)) for row in wanted
    ]
    table = found.to_arrow()
    assert table.to_pylist() == [dict(zip(AGED_NAMES, row, strict=True)) for row in wanted]
    assert table.schema.field("since").type == pa.timestamp("us")
    assert table.schema.field("since_age").type == pa.float64()


def test_their_status_is_that_of_the_row(store: OnlineStore) -> None:
    assert store.request_columns("payment_ages") == {}
    keys = [{"customer_id": payment["customer_id"]} for payment in PAYMENTS]
    vectors = store.get_many("payment_ages", keys, at=PAID_AT)
    name = "customer_orders_age_seconds"
    found = [Status.FOUND, Status.FOUND, Status.EXPIRED, Status.MISSING]
    assert [vector.status(name) for vector in vectors] == found
    # The row is there, though its only feature is NULL.
    assert [vectors[1].status(each) for each in AGED_NAMES[:3]] == [
        Status.NULL,
        Status.FOUND,
        Status.FOUND,
    ]
    assert vectors.statuses()[name].to_pylist() == [str(status) for status in found]
    assert vectors[1].event_timestamp("since_age") == PAID_AT
    assert vectors[2].age("customer_orders_event_timestamp") == PAID_AT - datetime(
        2024, 1, 31, 6, tzinfo=UTC
    )


def test_expressions_name_them_and_may_hide_them(built: Built, store: OnlineStore) -> None:
    wanted = [None if row[2] is None else float(row[2] // 86400) for row in answers(AT)]
    assert wanted[:2] == [118365.0, 0.0]
    rows = built.records("select * from payment_days order by customer_id")
    assert [row["days"] for row in rows] == wanted
    names = ["level", "since", "orders", "customer_orders_age_seconds", "days"]
    assert list(rows[0])[-5:] == names
    vectors = store.get_many(
        "payment_days",
        [{"customer_id": payment["customer_id"]} for payment in PAYMENTS],
        at=PAID_AT,
    )
    assert [list(vector) for vector in vectors] == [names] * 4
    assert vectors.to_tuples() == [
        (level, since, orders, age, days)
        for (level, since, _, orders, _, age), days in zip(answers(AT), wanted, strict=True)
    ]


def test_all_that_know_a_service_know_them(
    built: Built, store: OnlineStore, published: Published
) -> None:
    registry = read_registry(built.target / "manifest.json")
    service = registry.services["payment_ages"]
    assert list(service.outputs) == AGED_NAMES
    [card] = built.records("select service_fingerprint from payment_ages_card")
    assert card["service_fingerprint"] == service.fingerprint == store.fingerprint("payment_ages")
    assert service.fingerprint != registry.services["payment_days"].fingerprint
    [described] = describe(registry, "payment_ages")
    assert [(column.name, column.role) for column in described.columns] == [
        (name, role)
        for name, role in zip(AGED_NAMES, ["feature", "event timestamp", "age"] * 2, strict=True)
    ]
    first, *others = service.parts
    renamed = msgspec.structs.replace(first, age_as="years")
    changed = msgspec.structs.replace(service, parts=(renamed, *others))
    assert changed.fingerprint != service.fingerprint
    assert [detail.text for detail in service_details(service, changed)] == [
        "since_age is gone",
        "years is new: age of customer_since by customer_id",
    ]
    with redis.Redis.from_url(published(PAID_AT)) as client:
        status = read_status(client, built.project.name, "dev")
    assert {one.service: one.features for one in status.services}["payment_ages"] == 6


def test_a_service_without_all_columns_of_its_training_set_does_not_go_into_use(
    publish: Publishes,
) -> None:
    [refused] = [result for result in publish(PAID_AT) if result.service == WEIGHTED]
    assert (refused.status, refused.exit_code) == ("error", 1)
    assert refused.message == (
        "not changed: 'payment_weights' has 'weight', 'fold', which no reader can be given; make"
        " on-demand features or columns of the label set of them, or a model of their own that"
        " reads the training set"
    )


@pytest.mark.parametrize("built", ["postgres"], indirect=True)
def test_a_table_of_nearly_the_same_name_is_another(built: Built, publish: Publishes) -> None:
    with built.open() as session:
        session.ask('create table "Payment_Ages" (weight integer)')
        try:
            found = {one.service: one.message for one in publish(PAID_AT)}
        finally:
            session.ask('drop table "Payment_Ages"')
    assert found["payment_ages"] == ""
