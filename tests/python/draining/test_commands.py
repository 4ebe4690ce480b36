"""`feature-warehouse requests` and `drain`, as a person and a scheduler use them."""

import json
import subprocess
import sys
from typing import Any

import duckdb
import pytest
import yaml

from feature_warehouse import OnlineStore, RequestLog
from harness.cli_project import AS_OF, mini
from harness.command_line import Fw, one_line
from harness.mini import Mini
from harness.publishers import fw

__all__ = ["fw", "mini"]


@pytest.fixture
def logged(fw: Fw, redis_url: str) -> Fw:
    """A project that is published, and a log of three reads of its service ``risk``."""
    assert fw("materialize", *AS_OF)[0] == 0
    with OnlineStore.from_url(redis_url, request_log=RequestLog()) as store:
        for number in range(3):
            store.get("risk", {"id": number}, request_id=f"r{number}")
    return fw


def table(mini: Mini) -> list[tuple[Any, ...]]:
    with duckdb.connect(mini.database) as connection:
        return connection.execute(
            "select request_id, id, user_score, scores_status from requests_risk order by 1"
        ).fetchall()


PUBLISHED = "drained the publication log: 1 rows into main.feature_warehouse_publications\n"
ROWS = [("r0", 0, None, "missing"), ("r1", 1, 1.5, "found"), ("r2", 2, None, "missing")]


def test_the_ddl_makes_the_table_that_drain_fills(logged: Fw, mini: Mini) -> None:
    code, out, err = logged("drain")
    assert (code, out) == (2, "")
    for line, log in zip(err.splitlines(), ("risk", "the publication log"), strict=True):
        assert line.startswith(f"feature-warehouse: {log}: the table ")
        assert "is not there; pass --create" in line
    for service in (["risk"], []):
        code, ddl, err = logged("requests", *service)
        assert (code, err) == (0, "")
        with duckdb.connect(mini.database) as connection:
            connection.execute(ddl)
    code, out, err = logged("drain")
    assert (code, out, err) == (0, f"drained risk: 3 rows into main.requests_risk\n{PUBLISHED}", "")
    assert table(mini) == ROWS


def test_drain_makes_the_table_on_request(logged: Fw, mini: Mini) -> None:
    assert logged("drain", "risk", "--create")[0] == 0
    assert table(mini) == ROWS
    assert logged("drain", "risk") == (0, "drained risk: 0 rows into main.requests_risk\n", "")
    with duckdb.connect(mini.database) as connection:
        tables = connection.execute("select table_name from duckdb_tables() order by 1").fetchall()
    assert tables == [("requests_risk",), ("scores",)]


def test_as_json(logged: Fw) -> None:
    code, out, _ = logged("drain", "--create", "--json")
    result, published = json.loads(out)["results"]
    names = ("service", "table", "status", "rows", "rows_known", "unreadable")
    assert code == 0
    assert [published[name] for name in names] == [
        None, "feature_warehouse_publications", "success", 1, 0, 0,
    ]  # fmt: skip
    assert [result[name] for name in names] == ["risk", "requests_risk", "success", 3, 0, 0]
    found = json.loads(logged("requests", "risk", "--json")[1])
    assert found["sql"] + ";\n" == logged("requests", "risk")[1]
    assert found["yaml"] == logged("requests", "risk", "--yaml")[1]


def test_the_source_describes_every_column(logged: Fw, mini: Mini) -> None:
    logged("drain", "--create")
    [source] = yaml.safe_load(logged("requests", "risk", "--yaml")[1])["sources"]
    [described] = source["tables"]
    assert (source["schema"], described["name"]) == ("main", "requests_risk")
    with duckdb.connect(mini.database) as connection:
        types = connection.execute("describe requests_risk").fetchall()
    assert [(one["name"], one["data_type"]) for one in described["columns"]] == [
        one[:2] for one in types
    ]
    assert all(one["description"] for one in described["columns"])


def test_the_source_of_the_publication_log_has_a_short_name(logged: Fw) -> None:
    [source] = yaml.safe_load(logged("requests", "--yaml")[1])["sources"]
    [described] = source["tables"]
    assert source["name"] == "feature_warehouse_requests"
    assert (described["name"], described["identifier"]) == (
        "publications",
        "feature_warehouse_publications",
    )
    # What dbt names it in a unit test has to fit into the 63 bytes of PostgreSQL.
    assert len(f"__dbt__cte__{source['name']}__{described['name']}") <= 63


def test_what_is_no_service(logged: Fw) -> None:
    one_line(logged("requests", "scores"), 2, "'scores' is a feature view")
    one_line(logged("requests", "rusk"), 2, "did you mean 'risk'?")


def test_without_a_log(fw: Fw) -> None:
    assert fw("materialize", *AS_OF)[0] == 0
    assert fw("drain", "--create") == (0, PUBLISHED, "")


def test_a_file_that_dbt_holds(logged: Fw, mini: Mini) -> None:
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(mini.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        one_line(logged("drain", "--create"), 4, "is open in another process")
        other.communicate(b"\n")
    assert logged("drain", "--create")[0] == 0
    assert table(mini) == ROWS


def test_a_warehouse_that_was_not_built(logged: Fw, mini: Mini) -> None:
    mini.database.unlink()
    one_line(logged("drain", "--create"), 3, "DuckDB cannot open", "database does not exist")
    assert not mini.database.exists()


def test_a_redis_that_is_not_there(logged: Fw) -> None:
    one_line(logged("drain", "--redis-url", "redis://127.0.0.1:1"), 3, "does not answer")


def test_status_and_metrics_show_the_log(logged: Fw) -> None:
    assert "request log of risk: 1 messages wait" in logged("status")[1]
    assert "3 entities written, 0 dropped" in logged("status")[1]
    text = logged("metrics")[1]
    assert "# TYPE feature_warehouse_request_log_written_total counter" in text
    labels = '{project="mini",environment="dev",service="risk"}'
    assert f"feature_warehouse_request_log_written_total{labels} 3\n" in text
    logged("drain", "--create")
    assert f"feature_warehouse_request_log_waiting_messages{labels} 0\n" in logged("metrics")[1]
