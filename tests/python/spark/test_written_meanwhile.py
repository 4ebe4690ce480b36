"""Tables without versions, which somebody writes while they are read."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from feature_warehouse.engines import spark, spark_arrow
from feature_warehouse.engines.spark import SparkWarehouse
from feature_warehouse.errors import BusyError, UsageError
from spark.rows import FEATURES, Row, micros, query
from spark.warehouse import Tables, needs_spark, tables, view, warehouse

__all__ = ["tables", "warehouse"]

pytestmark = needs_spark


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
