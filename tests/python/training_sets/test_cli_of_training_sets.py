"""`feature-warehouse training-set`: exit codes, one line for each failure, nothing half-written."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from harness.command_line import Fw, Result, in_process
from harness.host import Host
from harness.support import BIN
from training_sets.ad_hoc import simple
from training_sets.conftest import Plans, remember_plans
from training_sets.lab import Lab, state
from training_sets.tables import visits


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command runs: not the project, and with a blank in its name."""
    folder = tmp_path / "my files"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run_cli(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Fw:
    """Run the command in this process."""
    del folder
    return in_process(monkeypatch, capsys, "training-set")


@pytest.fixture
def fw(lab: Lab, plans: Plans, run_cli: Fw, monkeypatch: pytest.MonkeyPatch) -> Fw:
    """The command on the laboratory; dbt is asked once for each plan."""
    lab.enter(monkeypatch)
    remember_plans(plans, monkeypatch)
    monkeypatch.setenv("DBT_PROJECT_DIR", str(lab.project))
    return run_cli


def one_line(result: Result, code: int, *fragments: str) -> None:
    assert result[0] == code, result
    assert result[1] == "", result
    assert result[2].count("\n") == 1, result
    assert "Traceback" not in result[2]
    for fragment in fragments:
        assert fragment in result[2], result


@contextmanager
def really(lab: Lab, change: str, back: str) -> Iterator[None]:
    """A change of what everybody sees."""
    for statement in (change, back):
        with lab.open() as session:
            session.ask(statement)
        if statement is change:
            yield


def test_export_and_check(lab: Lab, fw: Fw, folder: Path) -> None:
    code, out, err = fw("export", "main_set", "--to", "main set.parquet")
    assert (code, err) == (0, "")
    assert "wrote main set.parquet: 64 rows, " in out
    assert sorted(path.name for path in folder.iterdir()) == [
        "main set.card.json",
        "main set.parquet",
    ]
    table = pq.read_table("main set.parquet")
    card = json.loads(Path("main set.card.json").read_text())
    assert [column["name"] for column in card["columns"]] == table.column_names
    assert card["row_count"] == table.num_rows == len(visits()) - 1
    assert [c["null_count"] for c in card["columns"]] == [c.null_count for c in table.columns]
    built = lab.ask("select visit_id, rate, amount, level from main_set")
    names = ["visit_id", "rate", "amount", "level"]
    rows = [tuple(row.values()) for row in table.select(names).to_pylist()]
    assert sorted(map(str, rows)) == sorted(map(str, built))
    order = [
        (row["at"] is None, row["at"] and str(row["at"]), row["visit_id"])
        for row in table.to_pylist()
    ]
    assert order == sorted(order, key=str) or order == sorted(order)

    before = state(lab)
    same = fw("check", "main set.card.json")
    assert same == (0, "main set.card.json: rebuilt the same\n", "")
    assert state(lab) == before
    with really(
        lab,
        "update rate set rate = rate + 1 where day = date '2024-01-05'",
        "update rate set rate = rate - 1 where day = date '2024-01-05'",
    ):
        code, out, err = fw("check", "main set.card.json", "--json")
    [difference] = json.loads(out)["differences"]
    assert (code, err) == (1, "")
    assert difference.startswith('content_fingerprint was "')
    with really(lab, "delete from visits where visit_id = 9", "select 1"):
        code, out, _ = fw("check", "main set.card.json")
    really_back(lab)
    assert code == 1
    assert "row_count was 64 and is now 63" in out
    assert out.endswith("main set.card.json: rebuilt otherwise\n")

    Path("tampered.card.json").write_text(json.dumps({**card, "label_count": 1, "sql_hash": ""}))
    code, out, _ = fw("check", "tampered.card.json")
    assert code == 1
    assert [line.split()[0] for line in out.splitlines()] == [
        "sql_hash",
        "label_count",
        "tampered.card.json:",
    ]


def really_back(lab: Lab) -> None:
    back = "insert into visits select * from loose where visit_id = 9"
    with really(lab, back, "select 1"):
        pass


def test_build(lab: Lab, fw: Fw, folder: Path) -> None:
    labels = simple()
    pq.write_table(labels, "my labels.parquet")
    before = state(lab)
    odd = json.dumps({"view": "odd", "features": {"order": "my order"}})
    code, out, err = fw(
        "build",
        "--labels",
        "my labels.parquet",
        "--to",
        "out.parquet",
        "--features",
        "rate",
        "status:level, score",
        odd,
        "--json",
    )
    assert (code, err) == (0, "")
    table = pq.read_table("out.parquet")
    names = [*labels.column_names, "rate", "level", "score", "my order"]
    assert table.column_names == names
    assert json.loads(out) == {"file": "out.parquet", "rows": 65, "columns": names}
    assert table.select(labels.column_names).equals(labels)
    rows = lab.ask('select visit_id, rate, level, score, "order" from main_set')
    expected = {row[0]: row for row in rows}
    for row in table.select(["visit_id", *names[5:]]).to_pylist():
        if row["visit_id"] != 7:
            assert tuple(row.values()) == expected[row["visit_id"]]
    assert state(lab) == before
    assert sorted(path.name for path in folder.iterdir()) == ["my labels.parquet", "out.parquet"]


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (
            ("export", "main_set", "--to", "main.csv"),
            ("not the name of a Parquet file", "end with"),
        ),
        (("export", "main_set", "--to", "no/main.parquet"), ("there is no folder", "create it")),
        (("export", "main_set"), ("--to",)),
        (("export", "main_set", "--too", "x"), ("--too",)),
        (("check", "no.card.json"), ("there is no file no.card.json",)),
        (("check", "."), (". cannot be read",)),
        (("check", "empty.json"), ("empty.json is not a card", "export` writes one")),
        (("check", "list.json"), ("list.json is not a card",)),
        (("check", "bytes.json"), ("bytes.json is not a card",)),
        (("build", "--labels", "no.parquet", "--to", "o.parquet", "rate"), ("there is no file",)),
        (("build", "--labels", "l.parquet", "--to", "o.parquet"), ("give either features",)),
        (
            ("build", "--labels", "l.parquet", "--to", "o.parquet", "{'view': 1}"),
            ("\"{'view': 1}\" is not JSON",),
        ),
        (
            ("build", "--labels", "l.parquet", "--to", "o.parquet", "rate", "--served", "1 hour"),
            ("'1 hour' is not JSON",),
        ),
        (
            ("build", "--labels", "list.json", "--to", "o.parquet", "rate"),
            ("list.json cannot be read as Parquet",),
        ),
    ],
    ids=lambda value: value[-1] if value[0] in ("export", "check", "build") else "",
)
def test_wrong_use(
    run_cli: Fw, folder: Path, arguments: tuple[str, ...], fragments: tuple[str, ...]
) -> None:
    files = {"empty.json": b"", "list.json": b"[1]", "bytes.json": b"\xff{}"}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    pq.write_table(simple(), "l.parquet")
    one_line(run_cli(*arguments), 2, *fragments)
    assert {path.name for path in folder.iterdir()} == {*files, "l.parquet"}


def test_a_place_that_cannot_be_written_to(lab: Lab, fw: Fw, folder: Path) -> None:
    Path("taken.parquet").mkdir()
    places = ["/proc/x.parquet", "taken.parquet", f"{'x' * 244}.parquet"]
    for place in places:
        one_line(fw("export", "main_set", "--to", place), 2, "cannot be written: ")
    assert [path.name for path in folder.iterdir()] == ["taken.parquet"]
    del lab


def test_names_that_are_no_training_set(
    lab_duckdb: Lab, plans: Plans, run_cli: Fw, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab_duckdb.enter(monkeypatch)
    remember_plans(plans, monkeypatch)
    monkeypatch.setenv("DBT_PROJECT_DIR", str(lab_duckdb.project))
    Path("a.json").write_text('{"training_set": "gone_set"}')
    remedy = "'gone_set' is not a training set; name a model that is made by training_set()"
    one_line(run_cli("check", "a.json"), 2, "training-set check: ", remedy)
    one_line(run_cli("export", "visits", "--to", "a.parquet"), 2, "'visits' is not a training set")


def test_a_file_that_another_process_holds(
    lab_duckdb: Lab, plans: Plans, run_cli: Fw, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab_duckdb.enter(monkeypatch)
    monkeypatch.setenv("DBT_PROJECT_DIR", str(lab_duckdb.project))
    pq.write_table(simple(), "labels.parquet")
    build = ("build", "--labels", "labels.parquet", "--to", "o.parquet", "--service", "main_set")
    export = ("export", "main_set", "--to", "o.parquet")
    with held(lab_duckdb.project / "lab.duckdb"):
        one_line(run_cli(*export), 4, "open in another process", "--wait")
        remember_plans(plans, monkeypatch)
        one_line(run_cli(*build), 4, "open in another process", "--wait")
    with held(lab_duckdb.project / "lab.duckdb", seconds=1):
        assert run_cli(*build, "--wait")[0] == 0


@contextmanager
def held(database: Path, seconds: float = 600) -> Iterator[None]:
    code = (
        "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print(1, flush=True);"
        " time.sleep(float(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(database), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


@pytest.mark.dbt_1
@pytest.mark.parametrize("lab", ["postgres"], indirect=True)
def test_a_server_that_is_down(
    lab: Lab, plans: Plans, run_cli: Fw, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.enter(monkeypatch)
    monkeypatch.setenv("DBT_PROJECT_DIR", str(lab.project))
    monkeypatch.setenv("FEATURE_WAREHOUSE_PG_PORT", "1")
    monkeypatch.setenv("FEATURE_WAREHOUSE_PG_PASSWORD", "hunter2")
    export = run_cli("export", "main_set", "--to", "o.parquet")
    remember_plans(plans, monkeypatch)
    pq.write_table(simple(), "labels.parquet")
    build = run_cli(
        "build", "--labels", "labels.parquet", "--to", "o.parquet", "--service", "main_set"
    )
    one_line(export, 3)
    one_line(build, 3, "PostgreSQL at 127.0.0.1:1 refused the connection")
    assert "hunter2" not in "".join(map(str, [*export, *build]))
    assert [path.name for path in Path().iterdir()] == ["labels.parquet"]


def test_a_project_without_the_package(
    tmp_path: Path, run_cli: Fw, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "bare"
    project.mkdir()
    (project / "dbt_project.yml").write_text("{name: bare, version: 1.0.0, profile: host}")
    Host(project).enter(monkeypatch)
    duckdb.connect(project / "bare.duckdb").close()
    files = sorted(project.iterdir())
    result = run_cli("export", "main_set", "--to", "o.parquet", "--project-dir", project)
    one_line(result, 2, "has no package feature_warehouse; name it in packages.yml")
    assert sorted(project.iterdir()) == files


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_while_dbt_compiles(
    lab_duckdb: Lab, folder: Path, sent: signal.Signals, code: int
) -> None:
    env = {**lab_duckdb.env, "PATH": os.environ["PATH"], "TMPDIR": str(folder / "scratch")}
    (folder / "scratch").mkdir()
    command = [str(BIN / "feature-warehouse"), "training-set", "export", "main_set"]
    options = ["--to", "o.parquet", "--project-dir", str(lab_duckdb.project)]
    with subprocess.Popen(
        [*command, *options], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 600
        while not list((folder / "scratch").iterdir()):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(0.3)
        sent_at = time.monotonic()
        process.send_signal(sent)
        out, err = process.communicate(timeout=600)
        waited = time.monotonic() - sent_at
    assert (process.returncode, out) == (code, "")
    assert err.startswith("feature-warehouse: interrupted")
    assert err.count("\n") == 1
    assert waited < 20
    assert list((folder / "scratch").iterdir()) == []
    assert [path.name for path in folder.iterdir()] == ["scratch"]


def test_without_a_warehouse_file_none_is_made(
    tmp_path: Path, lab_duckdb: Lab, run_cli: Fw, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab_duckdb.enter(monkeypatch)
    gone: Any = tmp_path / "gone.duckdb"
    monkeypatch.setenv("FEATURE_WAREHOUSE_DUCKDB_PATH", str(gone))
    monkeypatch.setenv("DBT_PROJECT_DIR", str(lab_duckdb.project))
    one_line(run_cli("export", "main_set", "--to", "o.parquet"), 3, "does not exist")
    assert not gone.exists()
