"""What the publisher asks Spark, against the rules as a loop over the same rows."""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from feature_warehouse.declarations.model import Column, FeatureView
from feature_warehouse.engines import spark, spark_arrow
from feature_warehouse.engines.spark import SparkWarehouse, connect_to_append
from feature_warehouse.errors import BusyError, UnservableError, UsageError
from spark.warehouse import Tables, credentials, needs_spark, tables, view, warehouse

__all__ = ["tables", "warehouse"]

pytestmark = needs_spark

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
NAN = float("nan")


class Row(NamedTuple):
    """Instants are hours since ``START``."""

    id: int | None
    ts: int | None
    loaded: int | None
    x: float | None
    t: str | None


def micros(hours: int) -> int:
    return (int(START.timestamp()) + 3600 * hours) * 1_000_000


def literal(value: Any, kind: str) -> str:
    if value is None:
        return f"cast(null as {kind})"
    if kind == "timestamp":
        return f"timestamp_micros({micros(value)})"
    return f"cast('{value}' as {kind})"


KINDS = {"id": "bigint", "ts": "timestamp", "loaded": "timestamp", "x": "double", "t": "string"}
LOADED = Column("loaded", "timestamp")
FEATURES = (Column("x", "double"), Column("t", "string"))


def query(rows: Iterable[Row]) -> str:
    values = ", ".join(f"({', '.join(map(literal, row, KINDS.values()))})" for row in rows)
    return f"select * from values {values} as given ({', '.join(KINDS)})"


def random_rows(seed: int) -> list[Row]:
    random = Random(seed)
    texts = [None, "", "B", "a", "é", "z"]
    numbers = [None, -0.0, 0.0, 1.0, NAN, -math.inf]
    return [
        Row(
            random.choice([None, 1, 2, 3, 4, 5]),
            random.choice([None, *range(6)]),
            random.choice([None, *range(8)]),
            random.choice(numbers),
            random.choice(texts),
        )
        for _ in range(120)
    ]


def available(row: Row, lag: int, *, created: bool) -> int:
    assert row.ts is not None
    known = row.ts + lag
    return max(known, row.loaded) if created and row.loaded is not None else known


def load(row: Row) -> int:
    """An event that does not say when it was loaded was so when it happened."""
    found = row.ts if row.loaded is None else row.loaded
    assert found is not None
    return found


def number_rank(value: float | None) -> tuple[float, ...]:
    """NULL is the least, NaN the greatest, and 0.0 greater than -0.0."""
    if value is None:
        return (0,)
    if math.isnan(value):
        return (2,)
    return (1, value, math.copysign(1, value))


def rank(row: Row, *, created: bool) -> tuple[Any, ...]:
    loaded = -1 if row.loaded is None else row.loaded
    text = (0, b"") if row.t is None else (1, row.t.encode())
    return (row.ts, loaded if created else 0, number_rank(row.x), text)


def newest(
    rows: list[Row], at: int, lag: int, *, created: bool, since: int | None = None
) -> dict[int, Row]:
    served = [row for row in rows if row.id is not None and row.ts is not None]
    seen = [row for row in served if available(row, lag, created=created) <= at]
    found: dict[int, Row] = {}
    for row in seen:
        assert row.id is not None
        if row.id not in found or rank(row, created=created) > rank(found[row.id], created=created):
            found[row.id] = row
    if since is None:
        return found
    touched = {row.id for row in seen if available(row, lag, created=created) > since}
    return {key: row for key, row in found.items() if key in touched}


def shown(values: Iterable[Any]) -> list[Any]:
    """Values that can be compared: NaN is NaN, and the sign of a zero counts."""
    return [
        repr(value.astimezone(UTC) if isinstance(value, datetime) else value) for value in values
    ]


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


def test_a_view_that_is_written_meanwhile_is_not_read(
    tables: Tables, warehouse: SparkWarehouse
) -> None:
    rows = [Row(1, 1, 1, 1.0, "a"), Row(2, 2, 2, 2.0, "b")]
    relation = tables.make("written", query(rows))
    tables.ask(f"create or replace view reading.over as select * from {relation}")
    made = view("`reading`.`over`", *FEATURES)
    for change in (f"insert overwrite {relation} {query(rows)}", f"drop table {relation}"):
        assert warehouse.inspect(made, micros(9), micros(9), None).rows == 2
        tables.ask(change)
        with (
            pytest.raises(BusyError, match=r"'over' was written while it was read"),
            warehouse.newest_rows(made, micros(9)),
        ):
            pass
        if change.startswith("drop"):
            tables.make("written", query(rows))
        warehouse.refresh()
    with warehouse.newest_rows(made, micros(9)) as reader:
        assert reader.read_all().num_rows == 2


def test_a_table_that_is_written_while_it_is_read_is_not_sent(
    tables: Tables, warehouse: SparkWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    relation = tables.make("overtaken", query([Row(1, 1, 1, 1.0, "a")]))
    made = view(relation, *FEATURES)
    read = spark_arrow.read_batches

    @contextmanager
    def overtaken(*given: Any) -> Iterator[Any]:
        with read(*given) as reader:
            tables.make("overtaken", query([Row(1, 1, 1, 2.0, "b")]))
            yield reader

    monkeypatch.setattr(spark, "read_batches", overtaken)
    with (
        pytest.raises(BusyError, match="'overtaken' was written while it was read"),
        warehouse.newest_rows(made, micros(9)),
    ):
        pytest.fail("rows are there")


def test_rows_that_are_added_meanwhile_are_not_read(
    tables: Tables, warehouse: SparkWarehouse
) -> None:
    """Or the view is refused; what is read is what was inspected."""
    relation = tables.make("added", query([Row(1, 1, 1, 1.0, "a")]))
    made = view(relation, *FEATURES)
    assert warehouse.inspect(made, micros(9), micros(9), None).rows == 1
    tables.ask(f"insert into {relation} {query([Row(2, 1, 1, 2.0, 'b')])}")
    with suppress(BusyError), warehouse.newest_rows(made, micros(9)) as reader:
        assert reader.read_all().column("c0").to_pylist() == [1]
    warehouse.refresh()
    assert warehouse.inspect(made, micros(9), micros(9), None).rows == 2


def test_a_table_that_was_written_anew_is_read_after_a_refresh(
    tables: Tables, warehouse: SparkWarehouse
) -> None:
    relation = tables.make("anew", query([Row(1, 1, 1, 1.0, "a")]))
    made = view(relation, *FEATURES)
    for count in (1, 2, 3):
        rows = [Row(number, 1, 1, float(count), "a") for number in range(count)]
        tables.make("anew", query(rows))
        warehouse.refresh()
        assert warehouse.inspect(made, micros(9), micros(9), None).rows == count
        with warehouse.newest_rows(made, micros(9)) as reader:
            assert reader.read_all().column("c1").to_pylist() == [float(count)] * count


def test_what_has_no_files_is_refused_by_name(tables: Tables, warehouse: SparkWarehouse) -> None:
    tables.session.range(3).createOrReplaceGlobalTempView("numbers")
    fine = view("(select id, current_timestamp() as ts from global_temp.numbers)")
    assert warehouse.inspect(fine, micros(0), micros(0), None).rows == 3
    pairs = tables.session.sparkContext.parallelize([(1, 2)]).toDF(["id", "x"])
    pairs.createOrReplaceGlobalTempView("pairs")
    made = view("(select id, x, current_timestamp() as ts from global_temp.pairs)")
    with pytest.raises(UsageError, match=r"reads no table of Parquet files \(LogicalRDD\)"):
        warehouse.inspect(made, micros(0), micros(0), None)


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
