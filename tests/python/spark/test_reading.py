"""What the publisher asks Spark, against the rules as a loop over the same rows."""

from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from pathlib import Path

import pyarrow as pa
import pytest

from feature_warehouse.declarations.model import Column, FeatureView
from feature_warehouse.engines.spark import SparkWarehouse, connect_to_append
from feature_warehouse.errors import UnservableError, UsageError
from spark.rows import (
    FEATURES,
    HOUR,
    LOADED,
    NAN,
    START,
    available,
    load,
    micros,
    newest,
    query,
    random_rows,
    shown,
)
from spark.warehouse import Tables, credentials, needs_spark, tables, view, warehouse

__all__ = ["tables", "warehouse"]

pytestmark = needs_spark


@pytest.mark.parametrize(("created", "lag"), list(product([True, False], [0, 2])))
def test_the_newest_rows_are_what_the_rules_say(
    tables: Tables, warehouse: SparkWarehouse, created: bool, lag: int
) -> None:
    rows = random_rows(7 + lag)
    made = view(
        tables.make("random", query(rows)),
        *FEATURES,
        created_timestamp=LOADED if created else None,
        availability_lag=lag * HOUR,
    )
    told: set[int] = set()
    for at, since in ((-1, None), (3, None), (4, 2), (99, None), (99, 4)):
        wanted = newest(rows, at, lag, created=created, since=since)
        told.add(len(wanted))
        with warehouse.newest_rows(
            made, micros(at), None if since is None else micros(since)
        ) as reader:
            table = reader.read_all()
        found = {row["c0"]: row for row in table.to_pylist()}
        assert len(found) == table.num_rows
        assert found.keys() == wanted.keys()
        for key, row in wanted.items():
            assert row.ts is not None
            values = [row.x, row.t, START + timedelta(hours=row.ts)]
            if created:
                loaded = row.loaded
                values.append(None if loaded is None else START + timedelta(hours=loaded))
            assert shown(found[key].values()) == shown([key, *values])
    assert len(told) > 1


def test_what_a_view_holds_is_counted(tables: Tables, warehouse: SparkWarehouse) -> None:
    rows = random_rows(3)
    made = view(tables.make("counted", query(rows)), *FEATURES, created_timestamp=LOADED)
    at, last = 4, 2
    found = warehouse.inspect(made, micros(at), micros(3), (micros(last), micros(last)))
    served = [row for row in rows if row.id is not None and row.ts is not None]
    seen = [available(row, 0, created=True) for row in served]
    assert found.rows == len(rows)
    assert found.without_keys == sum(row.id is None for row in rows)
    assert found.without_event == sum(row.id is not None and row.ts is None for row in rows)
    assert found.not_yet_available == sum(one > at for one in seen)
    assert found.behind == sum(last < one <= at for one in seen)
    for history, clock, mark in ((found.history, at, 3), (found.history_then, last, last)):
        loads = [load(row) for row in served if available(row, 0, created=True) <= clock]
        counts = [sum(one <= mark for one in loads), sum(one > mark for one in loads)]
        assert [int(part.partition(":")[0]) for part in history.split(" ")] == counts
    wanted = max(load(row) for row in served if available(row, 0, created=True) <= at)
    assert warehouse.newest_load(made, micros(at)) == micros(wanted)
    assert warehouse.newest_load(made, micros(-1)) == 0


DIFFERENT: dict[str, list[str]] = {
    "double": ["0", "'-0.0'", "'NaN'", "null"],
    "float": ["0", "'-0.0'"],
    "array<int>": ["array()", "array(null)", "array(null, null)", "null", "array(1, null)"],
    "array<array<int>>": ["array(array(1), array(2))", "array(array(1, 2))"],
    "array<double>": ["array(0)", "array(double('-0.0'))"],
    "array<string>": ["array('a, b')", "array('a', 'b')", "array('null')", "array(null)"],
    "array<timestamp>": ["array(timestamp_micros(1))", "array(timestamp_micros(2))"],
    "struct<a: int, b: int>": [
        "named_struct('a', 1, 'b', null)",
        "named_struct('a', null, 'b', 1)",
        "null",
    ],
    "map<int, double>": ["map(1, 0)", "map(1, double('-0.0'))", "map()", "null"],
    "binary": ["X''", "X'00'", "null"],
    "string collate utf8_lcase": ["'a'", "'A'"],
    "decimal(4,1)": ["1", "1.1"],
}


@pytest.mark.parametrize("kind", DIFFERENT)
def test_rows_that_differ_have_another_history(
    tables: Tables, warehouse: SparkWarehouse, kind: str
) -> None:
    histories = {}
    for value in DIFFERENT[kind]:
        source = (
            "(select 1L as id, timestamp'2026-01-01' as ts, timestamp'2026-01-01' as loaded,"
            f" cast({value} as {kind}) as x)"
        )
        made = view(source, Column("x", kind), created_timestamp=LOADED)
        histories[value] = warehouse.inspect(made, micros(24), micros(24), None).history
        assert histories[value].startswith("1:")
    del tables
    for one, other in combinations(DIFFERENT[kind], 2):
        assert histories[one] != histories[other], (one, other)


def test_a_null_that_moves_is_another_history(tables: Tables, warehouse: SparkWarehouse) -> None:
    del tables
    found = []
    for values in ("null as x, 1L as y", "1L as x, null as y"):
        day = "timestamp'2026-01-01'"
        source = f"(select 1L as id, {day} as ts, {day} as loaded, {values})"
        features = (Column("x", "bigint"), Column("y", "bigint"))
        made = view(source, *features, created_timestamp=LOADED)
        found.append(warehouse.inspect(made, micros(24), micros(24), None).history)
    assert found[0] != found[1]


def test_the_hash_of_a_history_does_not_wrap(tables: Tables, warehouse: SparkWarehouse) -> None:
    """Rows of one hash, so many that a sum of BIGINT would have begun anew."""
    source = (
        "(select 1L as id, timestamp'2026-01-01' as ts, timestamp'2026-01-01' as loaded, 1 as x"
        " from range(1000))"
    )
    made = view(source, Column("x", "int"), created_timestamp=LOADED)
    values = "1L, false, timestamp'2026-01-01', false, timestamp'2026-01-01', false, 1, false"
    [(one,)] = tables.ask(f"select xxhash64({values})")
    assert abs(one) * 1000 > 2**63
    history = warehouse.inspect(made, micros(24), micros(24), None).history
    assert history == f"1000:{one * 1000} 0:"


def test_rows_come_in_the_order_of_the_query(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many files, in whatever order the system lists them."""
    del tables
    found = "select id, id % 7 as x from range(0, 50000, 1, 8) order by x desc, id"
    settings = {"spark__sql__adaptive__coalescePartitions__enabled": "false"}
    listed = Path.glob
    monkeypatch.setattr(Path, "glob", lambda *given: sorted(listed(*given), reverse=True))
    with (
        SparkWarehouse(credentials(**settings, spark__sql__shuffle__partitions="12")) as warehouse,
        warehouse.rows(found, "numbers") as reader,
    ):
        batches = list(reader)
    assert len(batches) > 7
    assert [tuple(row.values()) for row in pa.Table.from_batches(batches).to_pylist()] == sorted(
        ((number, number % 7) for number in range(50000)), key=lambda row: (-row[1], row[0])
    )


def test_columns_may_have_any_name_and_none_at_all(warehouse: SparkWarehouse) -> None:
    with warehouse.rows("select 1 as `a.b``c`, 2 as `a.b``c`, null as ` `", "names") as reader:
        table = reader.read_all()
    assert table.column_names == ["a.b`c", "a.b`c", " "]
    assert [column.to_pylist() for column in table.columns] == [[1], [2], [None]]


def test_values_are_bound_not_pasted(warehouse: SparkWarehouse) -> None:
    values = ["it's :p2 \\ `x`", "2"]
    with warehouse.rows("select cast(:p1 as string) as a, :p2 as b", "values", values) as reader:
        assert reader.read_all().to_pylist() == [{"a": values[0], "b": "2"}]


def keyed(kind: str, relation: str) -> FeatureView:
    return view(relation, join_keys=(Column("k", kind),))


def test_rows_of_an_entity_are_found_by_its_text(tables: Tables, warehouse: SparkWarehouse) -> None:
    relation = tables.make(
        "keyed",
        "select * from values (12L, 'x', date'2026-01-01'), (12L, 'y', null) as t (k, s, d)",
    )
    assert warehouse.holds(keyed("bigint", relation), {"k": "12"}) == 2
    for text in ("12.7", "x", "9" * 30, "1"):
        assert warehouse.holds(keyed("bigint", relation), {"k": text}) == 0
    named = view(relation, join_keys=(Column("s", "string"), Column("d", "date")))
    assert warehouse.holds(named, {"s": "x", "d": "2026-01-01"}) == 1
    assert warehouse.holds(named, {"s": "y", "d": "2026-01-01"}) == 0
    with pytest.raises(UsageError, match="'none' is not in the warehouse as declared"):
        warehouse.holds(keyed("bigint", "`reading`.`none`"), {"k": "1"})


def test_columns_of_a_relation(tables: Tables, warehouse: SparkWarehouse) -> None:
    relation = tables.make("columns", "select 1 as b, 2 as `A c`")
    assert warehouse.column_names(relation) == ["b", "A c"]
    assert warehouse.column_names("`reading`.`none`") == []


def test_a_seed_of_other_types_is_refused(tables: Tables, warehouse: SparkWarehouse) -> None:
    relation = tables.make("seed", "select 1 as id, timestamp'2026-01-01' as ts, 1.5D as x")
    made = view(relation, Column("x", "double"), is_held_to_types=False)
    with pytest.raises(UnservableError, match="column 'id' is declared as bigint and is int: "):
        warehouse.schema(made)


def test_targets_that_cannot_be_read_are_refused_in_one_line(tables: Tables) -> None:
    del tables
    for given, words in (
        (credentials(method="thrift"), "the target's method is thrift; rows are read from Spark"),
        (
            credentials(spark__sql__session__timeZone="Europe/Berlin"),
            "spark.sql.session.timeZone is Europe/Berlin; set it to UTC",
        ),
    ):
        with pytest.raises(UsageError, match=words) as refused:
            SparkWarehouse(given, Path())
        assert "\n" not in str(refused.value)
    with pytest.raises(UsageError, match="Spark takes no logged requests"):
        connect_to_append(credentials())


def test_labels_are_loaded_as_they_are(warehouse: SparkWarehouse) -> None:
    at = datetime(2026, 3, 29, 2, 30)
    labels = pa.table(
        {
            "at": pa.array([at, None], pa.timestamp("us")),
            "seen": pa.array(
                [at.replace(tzinfo=UTC), None], pa.timestamp("us", "America/New_York")
            ),
            "k": pa.array([2**64 - 1, None], pa.uint64()),
            "x": [-0.0, NAN],
            "s": ["a'b", None],
        }
    )
    warehouse.load("some_labels", labels)
    with warehouse.rows("select * from some_labels order by k", "the labels") as reader:
        none, row = reader.read_all().to_pylist()
    instant = at.replace(tzinfo=UTC)
    assert shown(row.values()) == shown([instant, instant, row["k"], -0.0, "a'b"])
    assert int(row["k"]) == 2**64 - 1
    assert shown(none.values()) == shown([None, None, None, NAN, None])
