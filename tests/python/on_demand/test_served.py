"""On-demand features as they are served."""

from datetime import UTC, datetime
from typing import Any

import pytest

from feature_warehouse import OnlineStore
from harness.host import Built
from on_demand.conftest import CLOCK, ROWS, SETS, Published
from on_demand.evaluators import bits
from on_demand.oracle import Row
from on_demand.rows import COLUMNS


@pytest.fixture
def store(built: Built, published: Published) -> OnlineStore:
    return OnlineStore.from_url(published(CLOCK), project=built.project.name, environment="dev")


def given(row: Row, name: str) -> Any:
    """A value as a caller has it."""
    value = row[name]
    if isinstance(value, datetime):
        return {"date": value.date(), "timestamptz": value.replace(tzinfo=UTC)}.get(
            COLUMNS[name], value
        )
    return value


@pytest.mark.parametrize("name", SETS)
def test_what_is_served_is_what_the_expressions_say(store: OnlineStore, name: str) -> None:
    columns = store.request_columns(name)
    assert set(columns) <= set(COLUMNS)
    at = datetime(2091, 2, 3, 4, 5, 6, 789)
    entities = [
        {"id": number, **{column: given(row, column) for column in columns}}
        for number, row in enumerate(ROWS)
    ]
    served = store.get_many(name, entities, at=at).to_dicts()
    # A few are evaluated otherwise than many.
    by_few = [
        vector.to_dict()
        for start in range(0, len(entities), 7)
        for vector in store.get_many(name, entities[start : start + 7], at=at)
    ]
    assert [list(map(bits, row.values())) for row in by_few] == [
        list(map(bits, row.values())) for row in served
    ]
    for place, made in enumerate(SETS[name]):
        wanted = [made.value({**row, "request_time": at}) for row in ROWS]
        found = [vector[f"x{place}"] for vector in served]
        wrong = [
            (row, one, other)
            for row, one, other in zip(ROWS, found, wanted, strict=True)
            if bits(one) != bits(other)
        ]
        assert not wrong, (made.text, len(wrong), wrong[0])
