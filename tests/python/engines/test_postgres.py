"""PostgreSQL as a source of rows: one transaction, its own types, its own ways to fail."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import adbc_driver_postgresql.dbapi
import msgspec
import pyarrow as pa
import pytest

from feature_warehouse.codec.arrow import row_keys, stored_type
from feature_warehouse.declarations.model import Column, FeatureView
from feature_warehouse.engines.postgres import PostgresWarehouse
from feature_warehouse.errors import UnservableError, UsageError
from feature_warehouse.publishing.encoder import RowEncoder
from feature_warehouse.publishing.run_plan import Clock, describe
from feature_warehouse.redis_store import layout
from harness.support import credentials_of
from local_postgres import Postgres

NOW = Clock.real().now


@pytest.fixture(scope="module")
def tables(postgres: Postgres) -> None:
    with adbc_driver_postgresql.dbapi.connect(postgres.uri) as connection:
        with connection.cursor() as cursor:
            cursor.execute("create schema if not exists rows")
            cursor.execute(
                "create table rows.good as select i as id, timestamp '2020-01-01' as ts, i as x"
                " from generate_series(1, 30000) i"
            )
            cursor.execute(
                "create view rows.bad as select id, ts, 1 / (id - 20000) as x from rows.good"
            )
            cursor.execute(
                "create table rows.priced as select 'ab' as id,"
                " timestamp '2020-01-01' as ts, '1.5'::money as x"
            )
            cursor.execute(
                "create table rows.nan as select 'NaN'::numeric(12,0) as id,"
                " timestamp '2020-01-01' as ts, 1 as x"
            )
        connection.commit()


@pytest.fixture
def warehouse(postgres: Postgres, tables: None) -> Iterator[PostgresWarehouse]:
    del tables
    with PostgresWarehouse(credentials_of(postgres)) as opened:
        yield opened


def view(name: str, **types: str) -> FeatureView:
    kinds = {"id": "integer", "ts": "timestamp", "x": "integer", **types}
    columns = {column: Column(column, kind) for column, kind in kinds.items()}
    return FeatureView(
        name=name,
        relation=f'"rows"."{name}"',
        description="",
        join_keys=(columns["id"],),
        event_timestamp=columns["ts"],
        created_timestamp=None,
        availability_lag=0,
        ttl=None,
        features=(columns["x"],),
        tie_order=(columns["x"],),
        online=True,
    )


def read(warehouse: PostgresWarehouse, wanted: FeatureView) -> pa.Table:
    with warehouse.newest_rows(wanted, NOW) as reader:
        return reader.read_all()


def test_a_view_that_fails_leaves_the_others_readable(warehouse: PostgresWarehouse) -> None:
    with pytest.raises(UsageError, match="'none' is not in the warehouse as declared") as missing:
        warehouse.schema(view("none"))
    with pytest.raises(UsageError, match=r"'bad' cannot be read: .*division by zero") as broken:
        read(warehouse, view("bad"))
    for error in (missing, broken):
        assert "select" not in str(error.value)
        assert "\n" not in str(error.value)
    assert warehouse.inspect(view("good"), NOW, NOW, None).rows == 30_000
    rows: Any = read(warehouse, view("good"))
    assert rows.num_rows == 30_000
    assert sum(rows.column(1).to_pylist()) == 30_000 * 30_001 // 2


def test_money_cannot_be_served(warehouse: PostgresWarehouse) -> None:
    rows = read(warehouse, view("priced", id="text"))
    assert row_keys("{", ["id"], [rows.column(0).chunk(0)]) == ["{ab}"]
    with pytest.raises(UnservableError, match="'x' is of type money"):
        stored_type("x", rows.schema.field(1))


@pytest.mark.parametrize(("kind", "value"), [("integer", "7"), ("varchar(5)", "ab")])
def test_values_of_another_type_are_held_by_no_row(
    kind: str, value: str, warehouse: PostgresWarehouse
) -> None:
    wanted = view("good" if kind == "integer" else "priced", id=kind)
    assert warehouse.holds(wanted, {"id": value}) == 1
    for other in ("x" * 6, "9" * 30, "abcdefg"):
        assert warehouse.holds(wanted, {"id": other}) == 0
    assert warehouse.holds(wanted, {"id": value}) == 1
    with pytest.raises(UsageError, match="'none' is not in the warehouse"):
        warehouse.holds(view("none"), {"id": "7"})


def test_a_key_that_is_nan_is_found_before_anything_is_written(
    warehouse: PostgresWarehouse,
) -> None:
    for kind, refuses in (("numeric(12,0)", True), ("integer", False)):
        wanted = view("nan" if refuses else "good", id=kind)
        rows = read(warehouse, wanted)
        described = describe(wanted, rows.schema, simulated=False)
        encoder = RowEncoder(layout.Names("p", "e"), wanted, described, run=1, clock=NOW)
        assert encoder.refuses_values is refuses
        if refuses:
            with pytest.raises(UnservableError, match="column 'id' holds NaN"):
                encoder.check(rows.to_batches()[0])
        else:
            encoder.check(rows.to_batches()[0])


def test_the_newest_load_time_that_is_available(warehouse: PostgresWarehouse) -> None:
    """In microseconds since 1970 UTC; what is known later, or since ever, counts for nothing."""
    loads = {
        "early": "timestamptz '2020-01-01 12:00:00.000001+02'",
        "late": "timestamptz '2020-01-03 00:00+00'",
        "never": "null::timestamptz",
        "always": "'-infinity'::timestamptz",
    }
    rows = " union all ".join(
        f"select {number} as id, timestamp '2019-01-01' as ts, {load} as loaded, 1 as x"
        for number, load in enumerate(loads.values())
    )
    created = Column("loaded", "timestamptz")
    wanted = msgspec.structs.replace(
        view("none"), relation=f"({rows}) as loads", created_timestamp=created
    )
    early = int(datetime(2020, 1, 1, 10, tzinfo=UTC).timestamp()) * 1_000_000 + 1
    day = 86_400_000_000
    assert warehouse.newest_load(wanted, early + day) == early
    assert warehouse.newest_load(wanted, early - 1) == early - day * 365 - 10 * 3_600_000_000 - 1
    assert warehouse.newest_load(wanted, 0) == 0


def test_the_snapshot_is_one(postgres: Postgres, warehouse: PostgresWarehouse) -> None:
    before = warehouse.inspect(view("good"), NOW, NOW, None).rows
    with adbc_driver_postgresql.dbapi.connect(postgres.uri) as connection:
        with connection.cursor() as cursor:
            cursor.execute("insert into rows.good values (0, timestamp '2020-01-01', 0)")
        connection.commit()
        assert read(warehouse, view("good")).num_rows == before
        with connection.cursor() as cursor:
            cursor.execute("delete from rows.good where id = 0")
        connection.commit()
