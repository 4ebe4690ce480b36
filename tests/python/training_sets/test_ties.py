"""Rows that tie although a test says that they do not: one answer, whoever asks, in any order."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest

from feature_warehouse import OnlineStore
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.engines import engine_of
from feature_warehouse.engines.queries import newest_rows_query
from harness.support import run
from training_sets.lab import Lab
from training_sets.tables import APART, tied, visits

ORDERS = ("price nulls first, word", "price desc nulls last, word desc", 'word, price, "at"')
"""In which the rows may lie in the table."""

NOW = int(datetime(2025, 1, 1).timestamp()) * 1_000_000


def newest(customer: int | None, at: datetime | None = None) -> tuple[Any, ...]:
    """The rule as a loop: the newest event, then the greatest price, then the greatest word."""
    found: dict[str, Any] | None = None
    for row in tied():
        is_known = at is None or row["at"] <= at
        if row["customer_id"] == customer and is_known and (not found or rank(row) > rank(found)):
            found = row
    return (found["price"], found["word"]) if found else (None, None)


def rank(row: dict[str, Any]) -> tuple[Any, ...]:
    """NULL loses; text by its bytes."""
    return row["at"], row["price"] or 0, (row["word"] or "").encode()


def as_known_to(visit: dict[str, Any]) -> tuple[Any, ...]:
    return newest(visit["customer_id"], visit["at"]) if visit["at"] else (None, None)


def latest() -> list[tuple[Any, ...]]:
    return [(customer, *newest(customer)) for customer in range(8)]


def trained(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=str)


TRAINED = trained((visit["visit_id"], *as_known_to(visit) * 2) for visit in visits())


def test_the_test_that_says_otherwise_fails(lab: Lab) -> None:
    assert lab.results()["tied_ties"]["status"] == "warn"
    assert len({row[1:] for row in TRAINED}) > 5


def test_a_training_set_has_the_answer_of_the_rule(lab: Lab) -> None:
    names = "visit_id, price, word, view_price, view_word"
    assert trained(lab.ask(f"select {names} from tied_set")) == TRAINED
    assert sorted(lab.ask("select customer_id, price, word from tied_latest")) == latest()


def test_labels_that_sample_are_read_once(lab: Lab) -> None:
    """They are others each time they are asked for; whichever they are, they have their answers."""
    names = "visit_id, price, word, view_price, view_word"
    answers = {row[0]: row for row in TRAINED}
    query = lab.compiled("sampled_set")
    built = lab.ask(f"select {names} from sampled_set")
    for found in (built, *(lab.ask(f"select {names} from ({query}) as made") for _ in range(5))):
        assert 0 < len(found) < len(TRAINED)
        assert found == [answers[row[0]] for row in found]


@pytest.mark.parametrize("order", ORDERS)
def test_the_order_of_the_table_changes_nothing(lab: Lab, order: str) -> None:
    """Of the training set, of `latest` and of what is published."""
    view = read_registry(lab.target / "manifest.json").views["tied"]
    published = newest_rows_query(view, NOW, dialect=engine_of(lab.engine).DIALECT)
    names = "visit_id, price, word, view_price, view_word"
    with lab.changed(
        f"create temporary table kept as select * from tied order by {order}",
        "delete from tied",
        f"insert into tied select * from kept order by {order}",
    ):
        found = lab.ask(f"select {names} from ({lab.compiled('tied_set')}) as made")
        assert trained(found) == TRAINED
        again = lab.ask(
            f"select customer_id, price, word from ({lab.compiled('tied_latest')}) as made"
        )
        assert sorted(again) == latest()
        assert sorted(row[:3] for row in lab.ask(published)) == latest()


@pytest.mark.parametrize("order", ["place", "place desc"])
def test_values_that_sort_alike_are_told_apart(lab: Lab, order: str) -> None:
    """In a training set, of a table and of a view, in `latest` and in what is published."""
    view = read_registry(lab.target / "manifest.json").views["alike"]
    published = newest_rows_query(view, NOW, dialect=engine_of(lab.engine).DIALECT)
    place = len(view.join_keys) + [feature.name for feature in view.features].index("place")
    firsts = [(number, "first") for number in range(len(APART))]
    with lab.changed(
        f"create temporary table kept as select * from alike order by {order}",
        "delete from alike",
        f"insert into alike select * from kept order by {order}",
    ):
        trained = f"({lab.compiled('alike_set')}) as made"
        for column in ("place", "view_place"):
            assert sorted(lab.ask(f"select customer_id, {column} from {trained}")) == firsts
        for name in ("alike_named", "alike_latest"):
            found = lab.ask(f"select customer_id, place from ({lab.compiled(name)}) as made")
            assert sorted(found) == firsts
        assert sorted(lab.ask(f"select c0, c{place} from ({published}) as made")) == firsts


def test_redis_serves_the_answer_of_the_rule(lab: Lab, redis_url: str) -> None:
    env = {**lab.env, "DBT_TARGET_PATH": lab.engine, "REDIS_URL": redis_url}
    run("feature-warehouse", "materialize", cwd=lab.project, env=env, check=True)
    with OnlineStore.from_url(redis_url) as store:
        rows = store.get_many("tied", [{"customer_id": customer} for customer in range(8)])
        assert [(n, row["price"], row["word"]) for n, row in enumerate(rows)] == latest()
