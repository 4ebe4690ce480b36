"""The command on real warehouses: it agrees, notices a broken macro, and leaves nothing behind."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.conftest import MakeHost
from feature_warehouse.conformance.run import SCHEMA
from harness.command_line import Fw, one_line
from harness.engines import execute
from harness.host import Host
from harness.mutation import Mutation, mutated_package
from harness.support import BIN, dbt_environment

Of = Callable[[Host], Fw]

PARTS = ["joins", "newest rows", "published rows", "windows", "growth", "cards"]


def test_both_warehouses_agree_with_the_rules(host: Host, conformance: Of, tmp_path: Path) -> None:
    """What a run has left that was killed is removed, too."""
    before = contents(host)
    host.ask(
        f"create schema {SCHEMA};"
        f" create table {SCHEMA}.fwc_run as select 'another' as run_id, 1 as made_schema;"
        f" create table {SCHEMA}.fwc_plain as select 1 as x;"
        f" create view {SCHEMA}.fwc_reads as select x from {SCHEMA}.fwc_plain"
    )
    report = tmp_path / "report.json"
    code, out, err = conformance(host)("--cases", "12", "--seed", "3", "--report", report)
    assert (code, err) == (0, ""), out
    assert out.startswith("removed 3 relations of an earlier run\n")
    assert "all agree: 12 cases of seed 3 in " in out
    found = json.loads(report.read_text())
    assert found["agrees"] is True
    assert [part["name"] for part in found["parts"]] == PARTS
    assert {part["verdict"] for part in found["parts"]} == {"agrees"}
    assert all(part["rows"] > 0 for part in found["parts"])
    assert (found["cases"], found["seed"]) == (12, 3)
    assert found["versions"]["adapter"].startswith(host.engine)
    assert "fwc_as_of_zoned" in {finding["relation"] for finding in found["findings"]}
    assert contents(host) == before
    assert schemas(host) == []


def contents(host: Host) -> list[str]:
    """All files of the project but the database's own, and all tables of the warehouse."""
    files = [
        str(file.relative_to(host.project))
        for file in host.project.rglob("*")
        if ".duckdb" not in file.name
    ]
    tables = host.ask("select table_schema || '.' || table_name from information_schema.tables")
    return sorted(files) + sorted(name for (name,) in tables if not name.startswith("pg_"))


def schemas(host: Host, like: str = "feature_warehouse_conf%") -> list[str]:
    query = f"select schema_name from information_schema.schemata where schema_name like '{like}'"
    return [name for (name,) in host.ask(query)]


LATE = Mutation(
    name="rows are known before they are loaded",
    file="internal/joins/_join_specs.sql",
    old="greatest",
    new="least",
)


def test_a_broken_macro_is_found(make_host: MakeHost, conformance: Of, tmp_path: Path) -> None:
    host = make_host("duckdb", mutated_package(tmp_path / "package", LATE))
    report = tmp_path / "report.md"
    code, out, err = conformance(host)("--cases", "12", "--report", report, "--keep")
    assert code == 1
    assert err == f"feature-warehouse: schema '{SCHEMA}' of target 'duckdb' was kept\n"
    assert schemas(host) == [SCHEMA]
    text = report.read_text()
    for said in (out, text):
        assert "### fwc_set\n" in said
        assert "labels='fwc_labels'" in said
        assert "By the rules there should be:" in said
        assert "The warehouse gave instead:" in said
    assert "relations are not what the rules say: 12 cases of seed 1" in out
    assert str(host.project) not in text
    # Windows do not join, and so are not to blame.
    assert re.search(r"^\| windows \| 3 \| [0-9,]+ \| agrees \|$", text, re.MULTILINE)


def test_a_schema_with_the_tables_of_others_is_left_alone(host: Host, conformance: Of) -> None:
    host.ask(
        "create schema theirs; create table theirs.fwc_plain as select 1 as x;"
        " create table theirs.sales as select 2 as x"
    )
    result = conformance(host)("--cases", "1", "--schema", "theirs")
    one_line(result, 2, "schema 'theirs' holds what no conformance run has made (fwc_plain, sales)")
    assert host.ask("select x from theirs.fwc_plain") == [(1,)]
    assert host.ask("select x from theirs.sales") == [(2,)]
    host.ask("drop table theirs.fwc_plain; drop table theirs.sales")


def test_a_schema_in_other_letters_is_left_alone(make_host: MakeHost, conformance: Of) -> None:
    """DuckDB takes both for one."""
    host = make_host("duckdb")
    host.ask('create schema "Theirs"; create table "Theirs".sales as select 1 as x')
    result = conformance(host)("--cases", "1", "--schema", "theirs")
    one_line(result, 2, "schema 'theirs' holds what no conformance run has made (sales)")
    assert host.ask('select x from "Theirs".sales') == [(1,)]


@pytest.mark.parametrize(
    "is_made",
    [
        pytest.param(True, id="its own schema"),
        pytest.param(False, id="somebody's", marks=pytest.mark.long),
    ],
)
def test_a_run_that_is_interrupted(make_host: MakeHost, is_made: bool) -> None:
    """Nothing stays but a schema that was there before."""
    host = make_host("postgres")
    schema = f"interrupted_{is_made}".lower()
    if not is_made:
        host.ask(f"create schema {schema}")
    marked = f"select 1 from information_schema.tables where table_schema = '{schema}'"
    environment = {**dbt_environment(host.env), "PATH": os.environ["PATH"]}
    command: list[str | Path] = [
        BIN / "feature-warehouse",
        "conformance",
        "--cases",
        "1",
        "--schema",
        schema,
    ]
    with subprocess.Popen(
        command,
        cwd=host.project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            deadline = time.monotonic() + 300
            while not host.ask(marked):
                assert time.monotonic() < deadline
                assert process.poll() is None, process.communicate()
                time.sleep(0.1)
            process.send_signal(signal.SIGINT if is_made else signal.SIGTERM)
            _, err = process.communicate(timeout=300)
        finally:
            process.kill()
    assert process.returncode == (130 if is_made else 143), err
    assert err == "feature-warehouse: interrupted; what was in service stays in service\n"
    assert not host.ask(marked)
    assert schemas(host, schema) == ([] if is_made else [schema])


def test_a_login_that_may_only_read(make_host: MakeHost, conformance: Of) -> None:
    host = make_host("postgres")
    assert host.server
    execute(host.server.uri, "create role only_reads login password 'hidden_x'")
    host.env |= {
        "FEATURE_WAREHOUSE_PG_USER": "only_reads",
        "FEATURE_WAREHOUSE_PG_PASSWORD": "hidden_x",
    }
    try:
        result = conformance(host)("--cases", "1")
    finally:
        execute(host.server.uri, "drop role only_reads")
    one_line(result, 3, f"cannot make schema '{SCHEMA}': permission denied", "--schema")
    assert "hidden_x" not in result[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--report", "report.txt"), "report.txt is neither .json nor .md"),
        (("--report", "nowhere/report.md"), "there is no folder nowhere"),
        (("--cases", "0"), "should be greater than or equal to 1"),
        (("--schema", "Sales"), "'Sales' cannot be a schema of conformance"),
        (("--schema", "x; drop schema main"), "cannot be a schema of conformance"),
        (("--target", "nothing"), "does not have a target named 'nothing'"),
    ],
)
def test_wrong_use(
    make_host: MakeHost, conformance: Of, arguments: tuple[str, ...], said: str
) -> None:
    one_line(conformance(make_host("duckdb"))(*arguments), 2, said)


def test_a_project_without_the_package(make_host: MakeHost, conformance: Of) -> None:
    host = make_host("duckdb")
    (host.project / "dbt_packages" / "feature_warehouse").unlink()
    one_line(conformance(host)(), 2, "the project has no package feature_warehouse")


def test_a_file_that_is_not_there_is_not_made(make_host: MakeHost, conformance: Of) -> None:
    host = make_host("duckdb")
    file = Path(host.env["FEATURE_WAREHOUSE_DUCKDB_PATH"])
    file.unlink()
    one_line(conformance(host)(), 3, "DuckDB cannot open")
    assert not file.exists()
