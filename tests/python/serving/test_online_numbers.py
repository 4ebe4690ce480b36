"""Tables of exact values: none becomes another one on its way into Arrow, pandas or NumPy."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
import redis

from feature_warehouse import OnlineStore, UsageError
from harness.redis_fixture import HOUR, Shelf

BIG = 2**53 + 1
LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

# Kind, value in stored form, and what everybody has to get.
VALUES: dict[str, tuple[Any, Any]] = {
    "int": (-BIG, -BIG),
    "uint": (2**64 - 1, 2**64 - 1),
    "bigint": (str(2**127 + 1), 2**127 + 1),
    "bool": (True, True),
    "decimal(38,2)": ("12345678901234567.89", Decimal("12345678901234567.89")),
    "decimal(20,0)": ("12345678901234567891", 12345678901234567891),
    "date": (-719_162, date(1, 1, 1)),
    "timestamp": (253_402_300_799_999_999, LAST.replace(tzinfo=None)),
    "timestamptz": (253_402_300_799_999_999, LAST),
    "list<int>": ([BIG, None], [BIG, None]),
    "list<uint>": ([2**64 - 1, None], [2**64 - 1, None]),
    'struct<"a":int,"b":uint>': ([BIG, 2**64 - 1], {"a": BIG, "b": 2**64 - 1}),
    "map<string,int>": ({"k": BIG, "n": None}, [("k", BIG), ("n", None)]),
}


@pytest.fixture
def store(redis_url: str, client: "redis.Redis") -> Iterator[OnlineStore]:
    shelf = Shelf(client)
    kinds = {f"f{place}": kind for place, kind in enumerate(VALUES)}
    # The second entity is all NULL, the third is missing.
    stored = [value for value, _ in VALUES.values()]
    shelf.view("all", kinds, {1: (HOUR, stored), 2: (HOUR, [None] * len(kinds))})
    for place, (kind, (value, _)) in enumerate(VALUES.items()):
        shelf.view(f"v{place}", {"x": kind}, {1: (HOUR, [value])})
        shelf.flip(f"v{place}", 1)
    shelf.view(
        "small", {"i": "int", "d": "decimal(9,2)", "b": "bool"}, {1: (HOUR, [7, "0.1", True])}
    )
    shelf.flip("all", 1)
    shelf.flip("small", 1)
    with OnlineStore.from_url(redis_url, project="mini", environment="dev") as opened:
        yield opened


@pytest.mark.parametrize("ids", [[1], [1, 2, 3], [3, 2, 1] * 50])
def test_a_gap_changes_no_value(ids: list[int], store: OnlineStore) -> None:
    vectors = store.get_many("all", [{"id": number} for number in ids])
    table, frame = vectors.to_arrow(), vectors.to_pandas()
    assert list(frame.columns) == table.column_names
    for place, (_, expected) in enumerate(VALUES.values()):
        column, series = table.column(place).to_pylist(), frame[f"f{place}"]
        for number, from_arrow, from_pandas in zip(ids, column, series, strict=True):
            if number == 1:
                assert from_arrow == expected
                assert from_pandas == expected
            else:
                assert from_arrow is None
                assert from_pandas is None or pd.isna(from_pandas)


def test_types_do_not_depend_on_the_values(store: OnlineStore) -> None:
    entities = [[{"id": 1}], [{"id": 1}, {"id": 3}], [{"id": 3}], []]
    found = [
        store.get_many("all", some).to_pandas().dtypes.astype(str).tolist() for some in entities
    ]
    assert found == [found[0]] * len(entities)
    assert found[0][:4] == ["Int64", "UInt64", "object", "boolean"]


@pytest.mark.parametrize("count", [1, 300])
@pytest.mark.parametrize("place", [0, 1, 2, 4, 5])
def test_numpy_refuses_what_it_would_round(place: int, count: int, store: OnlineStore) -> None:
    with pytest.raises(UsageError, match=r"feature 'x' .*which a float64 cannot hold; use"):
        store.get_many(f"v{place}", [{"id": 1}] * count).to_numpy()


@pytest.mark.parametrize("count", [1, 300])
def test_numpy_takes_what_it_can_hold(count: int, store: OnlineStore) -> None:
    found = store.get_many("small", [{"id": 1}] * count).to_numpy()
    assert found.dtype == np.float64
    assert found.tolist() == [[7.0, 0.1, 1.0]] * count
    assert np.isnan(store.get_many("v0", [{"id": 9}]).to_numpy()).all()


@pytest.mark.parametrize("whole", [2**53, -(2**53), 2**54, 2**63])
def test_whole_numbers_that_a_double_holds(
    whole: int, store: OnlineStore, client: "redis.Redis"
) -> None:
    shelf = Shelf(client)
    shelf.view("w", {"x": "bigint"}, {1: (HOUR, [str(whole)])})
    shelf.flip("w", 1)
    assert store.get_many("w", [{"id": 1}]).to_numpy().tolist() == [[float(whole)]]


def test_arrow_names_what_it_cannot_type(store: OnlineStore, client: "redis.Redis") -> None:
    shelf = Shelf(client)
    kind = 'struct<"a":uint,"b":decimal>'
    shelf.view("n", {"x": kind}, {1: (HOUR, [[2**64 - 1, "1.5"]])})
    shelf.flip("n", 1)
    vectors = store.get_many("n", [{"id": 1}])
    assert vectors.to_tuples() == [({"a": 2**64 - 1, "b": Decimal("1.5")},)]
    with pytest.raises(UsageError, match="feature 'x' has values"):
        vectors.to_arrow()
