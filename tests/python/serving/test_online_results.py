"""What readers get: exact expiry, ages, tables; expected values are written out."""

import asyncio
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from feature_warehouse import (
    AsyncOnlineStore,
    DamagedError,
    EntityError,
    FingerprintError,
    OnlineStore,
    Status,
    UsageError,
)
from feature_warehouse.codec.rows import HEADER
from feature_warehouse.serving import columnar
from harness.redis_fixture import HOUR, NAMES, Row, Shelf, shelve_scores

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
F, N, E, M = Status.FOUND, Status.NULL, Status.EXPIRED, Status.MISSING


def at(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


@pytest.fixture
def shelf(client: Any) -> Shelf:
    return Shelf(client)


@pytest.mark.parametrize(
    ("after", "status"),
    [(0, F), (10, F), (11, E), (15, E), (16, M), (10**12, M), (-5, F)],
)
def test_expired_then_missing_to_the_microsecond(
    after: int, status: Status, shelf: Shelf, store: OnlineStore
) -> None:
    """The ttl is 10 and the grace 5 microseconds; both ends belong to what ends there."""
    shelf.view("v", {"x": "int"}, {1: (HOUR, [7])}, ttl=10, grace=5, defaults={"x": 3})
    shelf.flip("v", 1)
    vector = store.get("v", {"id": 1}, at=at(HOUR + after))
    assert vector.status("x") is status
    assert vector["x"] == (7 if status is F else 3)
    assert vector.event_timestamp("x") == (None if status is M else at(HOUR))
    assert vector.age("x") == (None if status is M else timedelta(microseconds=after))


def test_a_simulated_clock_is_the_clock(shelf: Shelf, store: OnlineStore) -> None:
    shelf.view("v", {"x": "int"}, {1: (HOUR, [7])}, ttl=10)
    shelf.flip("v", 1, clock=HOUR + 4)
    assert store.get("v", {"id": 1}).age("x") == timedelta(microseconds=4)
    shelf.flip("v", 1)
    assert store.get("v", {"id": 1}).status("x") is M


def test_no_instant_is_too_far(shelf: Shelf, store: OnlineStore) -> None:
    shelf.view("v", {"x": "int"}, {1: (-(2**62), [7]), 2: (2**62, [8])}, ttl=2**62)
    shelf.flip("v", 1)
    assert store.get("v", {"id": 1}, at=FIRST).status("x") is F
    assert store.get("v", {"id": 1}, at=LAST).status("x") is M
    assert store.get("v", {"id": 2}, at=FIRST).status("x") is F


MIXED = {"n": "int", "s": "string", "d": "decimal(4,2)", "day": "date", "ok": "bool"}
ROWS: dict[int, Row] = {
    1: (HOUR, [5, "five", "0.25", 1, True]),
    2: (2 * HOUR, [None, "", "12.00", None, False]),
    3: (HOUR - 20, [9, "old", None, 2, None]),
}
ENTITIES = [{"id": number} for number in (2, 1, 3, 4)]
DAY = date(1970, 1, 2)


@pytest.fixture
def mixed(shelf: Shelf, store: OnlineStore) -> Any:
    """Found, found, expired, missing; read one and a half hours after 1970."""
    shelf.view("v", MIXED, ROWS, ttl=HOUR // 2 + 10, grace=100, defaults={"n": 0, "d": "1.50"})
    shelf.flip("v", 1)
    return store.get_many("v", ENTITIES, at=at(HOUR + HOUR // 2))


def test_tuples_and_dicts(mixed: Any) -> None:
    absent = (0, None, Decimal("1.50"), None, None)
    rows = [(None, "", Decimal("12.00"), None, False), (5, "five", Decimal("0.25"), DAY, True)]
    assert mixed.to_tuples() == [*rows, absent, absent]
    assert mixed.to_dicts()[1] == dict(zip(MIXED, rows[1], strict=True)) == dict(mixed[1])
    assert [vector.to_tuple() for vector in mixed] == mixed.to_tuples()
    assert mixed[-1].to_tuple() == absent == mixed[1:][2].to_tuple()
    assert mixed[1:3].to_tuples() == [rows[1], absent]
    assert repr(mixed[:1]).startswith("FeatureVectors([{'n': None")
    assert "n" in mixed[0]
    with pytest.raises(IndexError):
        mixed[4]


def test_arrow_tables(mixed: Any) -> None:
    table = mixed.to_arrow()
    assert table.schema.types == [
        pa.int64(),
        pa.string(),
        pa.decimal128(4, 2),
        pa.date32(),
        pa.bool_(),
    ]
    assert [tuple(row.values()) for row in table.to_pylist()] == mixed.to_tuples()
    statuses = mixed.statuses().to_pylist()
    assert statuses[0] == {"n": "null", "s": "found", "d": "found", "day": "null", "ok": "found"}
    assert [row["s"] for row in statuses] == ["found", "found", "expired", "missing"]
    assert [{name: str(vector.status(name)) for name in vector} for vector in mixed] == statuses
    events = mixed.event_timestamps()
    assert set(events.schema.types) == {pa.timestamp("us", tz="UTC")}
    assert events.column("n").to_pylist() == [at(2 * HOUR), at(HOUR), at(HOUR - 20), None]
    half = timedelta(hours=0.5)
    twenty = timedelta(microseconds=20)
    assert mixed.ages().column("ok").to_pylist() == [-half, half, half + twenty, None]
    assert list(mixed.to_pandas().columns) == list(MIXED)
    assert mixed[:0].to_arrow().schema == table.schema
    assert mixed[:0].statuses().num_rows == mixed[:0].ages().num_rows == 0


@pytest.mark.parametrize("kind", ["decimal(4,2)", "decimal", "list<decimal(4,2)>"])
@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_a_decimal_that_arrow_has_not(
    kind: str, value: str, shelf: Shelf, store: OnlineStore
) -> None:
    stored = [value] if kind.startswith("list") else value
    shelf.view("v", {"x": "int", "d": kind}, {1: (HOUR, [7, stored]), 2: (HOUR, [None, None])})
    shelf.flip("v", 1)
    vectors = store.get_many("v", [{"id": 1}, {"id": 2}, {"id": 3}], at=at(HOUR))
    found = vectors.to_tuples()[0][1]
    assert str(found[0] if isinstance(found, list) else found) == value
    for table in (vectors.to_arrow, vectors.to_pandas):
        with pytest.raises(UsageError, match="feature 'd' has values"):
            table()
    assert vectors.statuses().to_pylist() == [
        {"x": "found", "d": "found"},
        {"x": "null", "d": "null"},
        {"x": "missing", "d": "missing"},
    ]
    assert vectors.event_timestamps().column("d").to_pylist() == [at(HOUR), at(HOUR), None]
    assert vectors.ages().column("d").to_pylist() == [timedelta(0), timedelta(0), None]


def test_no_number_is_no_number(mixed: Any) -> None:
    with pytest.raises(UsageError, match="feature 's' is a string, which is not a number"):
        mixed.to_numpy()


@pytest.fixture
def _no_cells_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that small arrays are made as large ones are."""
    monkeypatch.setattr(columnar, "_FEW_CELLS", 0)


@pytest.mark.usefixtures("_no_cells_are_few")
def test_a_row_as_long_as_one_of_doubles(shelf: Shelf, store: OnlineStore) -> None:
    """NULL and 16 letters take the 18 bytes of two doubles; the letters are not served."""
    shelf.view("v", {"x": "float", "s": "string"}, {1: (HOUR, [None, "a" * 16])})
    shelf.flip("v", 1)
    shelf.service("s", "ab", {"v": {"x": "float"}})
    assert np.isnan(store.get_many("s", [{"id": 1}] * 3).to_numpy()).all()


@pytest.mark.usefixtures("_no_cells_are_few")
@pytest.mark.parametrize("width", [1, 2, 15, 16, 40])
def test_arrays_of_doubles(width: int, shelf: Shelf, store: OnlineStore) -> None:
    kinds = {f"f{place}": "float" for place in range(width)}
    special = [math.inf, -0.0, 5e-324, -math.inf, 0.1]
    rows = {i: (HOUR, [special[(i + p) % 5] for p in range(width)]) for i in range(6)}
    shelf.view("v", kinds, rows, ttl=10)
    shelf.flip("v", 1)
    now = at(HOUR)
    ids = [3, 0, 5, 5, 1]
    vectors = store.get_many("v", [{"id": i} for i in ids], at=now)
    found = vectors.to_numpy()
    assert found.dtype == np.float64
    assert found.tolist() == [rows[i][1] for i in ids] == [list(t) for t in vectors.to_tuples()]
    assert np.signbit(found).tolist() == np.signbit(np.array([rows[i][1] for i in ids])).tolist()
    assert vectors.to_arrow().to_pylist() == vectors.to_dicts()
    with_gap = store.get_many("v", [{"id": 1}, {"id": 99}, {"id": None}, {"id": 2}], at=now)
    array = with_gap.to_numpy()
    assert np.isnan(array[1:3]).all()
    assert array[[0, 3]].tolist() == [rows[1][1], rows[2][1]]
    assert with_gap.to_arrow().to_pylist() == with_gap.to_dicts()
    assert np.isnan(store.get_many("v", [{"id": 99}], at=now).to_numpy()).all()
    assert store.get_many("v", [], at=now).to_numpy().shape == (0, width)


@pytest.mark.usefixtures("_no_cells_are_few")
def test_arrays_of_other_numbers(shelf: Shelf, store: OnlineStore) -> None:
    kinds = {"a": "float", "b": "int", "c": "bool", "d": "decimal(4,2)"}
    shelf.view("v", kinds, {1: (HOUR, [0.5, 2, True, "0.25"]), 2: (HOUR, [None] * 4)})
    shelf.view("w", {"e": "float"}, {1: (HOUR, [1.5])}, defaults={"e": 9.0})
    shelf.view("x", {"f": "float", "g": "float"}, {1: (HOUR, [None, 2.5]), 2: (HOUR, [3.5, 4.5])})
    for view in ("v", "w", "x"):
        shelf.flip(view, 1)
    # Reordered, and only a part of a view.
    shelf.service("s", "ab", {"v": kinds, "w": {"e": "float"}, "x": {"g": "float", "f": "float"}})
    vectors = store.get_many("s", [{"id": 1}, {"id": 2}])
    array = vectors.to_numpy()
    assert array[0].tolist()[:6] == [0.5, 2.0, 1.0, 0.25, 1.5, 2.5]
    assert np.isnan(array[0, 6])
    assert np.isnan(array[1, :4]).all()
    assert array[1, 4:].tolist() == [9.0, 4.5, 3.5]
    assert vectors.to_arrow().to_pylist() == vectors.to_dicts()
    assert vectors[0].to_tuple()[5:] == (2.5, None)


def test_a_default_cannot_be_spoilt(shelf: Shelf, store: OnlineStore) -> None:
    shelf.view("v", {"x": "list<int>"}, {}, defaults={"x": [1, 2]})
    shelf.flip("v", 1)
    store.get("v", {"id": 1})["x"].append(3)
    assert store.get("v", {"id": 1})["x"] == [1, 2]


@pytest.mark.parametrize("count", [1, 7])
def test_no_damage_goes_unseen(count: int, shelf: Shelf, store: OnlineStore) -> None:
    """Any byte changed or cut off, but of the run number, which no reader looks at."""
    shelf.view("v", {"x": "float", "s": "string"}, {i: (HOUR, [1.5, "abc"]) for i in range(7)})
    shelf.flip("v", 1)
    entities = [{"id": number} for number in range(count)]
    key = f"{NAMES.row_prefix('v', 1)}0}}"
    row: bytes = shelf.client.get(key)
    for place in set(range(len(row))) - set(range(16, 20)):
        damaged = bytearray(row)
        damaged[place] ^= 1 << place % 8
        for stored in (bytes(damaged), row[:place]):
            if not stored:
                continue
            shelf.client.set(key, stored)
            with pytest.raises((DamagedError, FingerprintError), match=r"v@1:\{0\} (is|holds|has)"):
                store.get_many("v", entities)
    assert len(row) > HEADER.size
    shelf.client.set(key, row + b"\0")
    with pytest.raises(DamagedError):
        store.get_many("v", entities)
    shelf.client.copy(f"{NAMES.row_prefix('v', 1)}6}}", key, replace=True)
    with pytest.raises(DamagedError, match=r"v@1:\{0\} is damaged \(its checksum differs\)"):
        store.get_many("v", entities)


def test_keys_of_every_type_and_none(shelf: Shelf, store: OnlineStore) -> None:
    tricky = ["", "a,b", "{x}", "100%", "two\nlines", "naïve", "plain", "7"]
    shelf.view(
        "t", {"x": "int"}, {k: (HOUR, [i]) for i, k in enumerate(tricky)}, keys={"k": "string"}
    )
    shelf.view("n", {"x": "int"}, {k: (HOUR, [k % 7]) for k in (-1, 0, 2**70)})
    shelf.flip("t", 1)
    shelf.flip("n", 1)
    for keys in (tricky, tricky[-2:], *([key, "plain"] for key in tricky)):
        found = store.get_many("t", [{"k": key} for key in keys])
        assert [vector["x"] for vector in found] == [tricky.index(key) for key in keys]
    kinds: list[list[Any]] = [[-1, 0, 2**70], [np.int64(-1), 0], [0, 0]]
    for numbers in kinds:
        found = store.get_many("n", [{"id": number} for number in numbers])
        assert [vector["x"] for vector in found] == [int(number) % 7 for number in numbers]
    mixed = store.get_many("n", [{"id": None}, {"id": 0}, {"id": None}])
    assert [vector.status("x") for vector in mixed] == [M, F, M]
    for wrong in (True, 1.0, "1"):
        with pytest.raises(EntityError, match="entity key 'id' takes an int"):
            store.get_many("n", [{"id": 0}, {"id": wrong}])
    with pytest.raises(EntityError, match="half a surrogate pair"):
        store.get("t", {"k": "\ud800"})
    with pytest.raises(EntityError, match="lacks id and has unknown ids; it takes id"):
        store.get_many("n", [{"id": 0}, {"ids": 0}])


def test_the_async_store_gives_the_same(client: Any, redis_url: str, store: OnlineStore) -> None:
    shelf = shelve_scores(client)
    entities = [{"id": number} for number in range(50)]

    async def work() -> None:
        async with AsyncOnlineStore.from_url(redis_url) as other:
            assert await other.entity_keys("risk") == store.entity_keys("risk") == {"id": "int"}
            assert await other.fingerprint("risk") == store.fingerprint("risk") == "abcd"
            one = await other.get("risk", {"id": 3}, expect="abcd", at=at(2 * HOUR))
            assert one.to_tuple() == (1.5, "n3")
            assert one.age("scores_score") == timedelta(hours=1)
            with pytest.raises(FingerprintError, match="its features changed"):
                await other.get("risk", {"id": 3}, expect="dcba")
            before = client.info("commandstats")["cmdstat_mget"]["calls"]
            tasks = [other.get_many("risk", entities) for _ in range(20)]
            for vectors in await asyncio.gather(*tasks):
                assert vectors.to_tuples() == store.get_many("risk", entities).to_tuples()
            # Those of the sync store make as many again; each is one round trip.
            assert client.info("commandstats")["cmdstat_mget"]["calls"] == before + 40
            shelf.view("scores", {"score": "float"}, {3: (HOUR, [99.0])}, number=2)
            shelf.flip("scores", 2)
            assert (await other.get("risk", {"id": 3}))["scores_score"] == 99.0

    asyncio.run(work())
