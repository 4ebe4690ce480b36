"""`feature-warehouse forget` and the logged requests of the entity, as a person uses it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from feature_warehouse import OnlineStore, RequestLog
from harness.cli_project import AS_OF, SCORES
from harness.command_line import Fw, one_line
from harness.mini import Mini
from harness.publishers import fw

__all__ = ["fw"]

STREAM = "requests in mini.dev:!requests:{mini.dev:risk}"
TABLE = 'requests in "mini"."main"."requests_risk"'
VARIABLE = "FEATURE_WAREHOUSE_LOG_KEY"
SECRET = "0123456789abcdef"


@pytest.fixture
def mini(tmp_path: Path) -> Mini:
    """A view by id, and a service that calls it a customer."""
    folder = tmp_path / "a project"
    folder.mkdir()
    project = Mini(folder)
    rows = "select i::bigint as id, timestamp '2026-01-01' as ts, i / 2 as score"
    project.view("scores", SCORES, f"{rows} from range(4) t(i)")
    project.service("risk", {"view": "scores", "join_keys": {"id": "customer"}})
    return project


def flag(mini: Mini) -> None:
    """The key holds personal data from now on."""
    columns: Any = {**SCORES, "id": {"data_type": "bigint", "config": {"meta": {"pii": True}}}}
    mini.view("scores", columns)
    mini.write()


@pytest.fixture
def published(fw: Fw, mini: Mini) -> Fw:
    mini.write()
    assert fw("materialize", *AS_OF)[0] == 0
    return fw


def read(redis_url: str, *customers: int | None, **options: Any) -> None:
    log = RequestLog(**options)
    with OnlineStore.from_url(redis_url, request_log=log) as store:
        for number in customers:
            store.get("risk", {"customer": number}, request_id=f"r{number}")
        assert log.flush(60)


def gone(mini: Mini) -> None:
    """What the person must do first."""
    mini.execute("delete from scores where id = 1")


def customers(mini: Mini) -> list[Any]:
    with duckdb.connect(mini.database) as connection:
        return [
            row[0] for row in connection.execute("select customer from requests_risk").fetchall()
        ]


def forgotten(fw: Fw, *words: str) -> tuple[int, dict[str, Any], str]:
    code, out, err = fw("forget", "id=1", "--json", *words)
    return code, json.loads(out), err


def test_the_log_is_erased_too(published: Fw, mini: Mini, redis_url: str, client: Any) -> None:
    read(redis_url, 1, 2)
    assert published("drain", "--create")[0] == 0
    read(redis_url, 1, 1, 3, None)
    waiting = client.xrange("mini.dev:!requests:{mini.dev:risk}")
    one_line(published("forget", "id=1"), 1, "the warehouse still holds", "nothing was erased")
    assert client.xrange("mini.dev:!requests:{mini.dev:risk}") == waiting
    gone(mini)
    code, out, err = published("forget", "id=1")
    assert (code, err) == (0, "")
    assert out.splitlines()[:3] == [
        "scores, generation 1: 1 rows erased, 0 left",
        f"{STREAM}: 2 rows erased, 0 left",
        f"{TABLE}: 1 rows erased, 0 left",
    ]
    assert customers(mini) == [2]
    published("drain")
    assert sorted(customers(mini), key=str) == [2, 3, None]
    one_line(published("explain", "r1"), 2, "no request 'r1'", "or was erased by `forget`")
    assert published("explain", "r3")[0] == 0
    code, found, err = forgotten(published)
    assert (code, err) == (0, "")
    assert [one["rows_erased"] for one in found["requests"]] == [0, 0]
    assert found["failed"] == []


def test_a_key_that_is_no_stream(published: Fw, mini: Mini, redis_url: str, client: Any) -> None:
    """It is named, and holds nothing else up."""
    read(redis_url, 1, 2)
    assert published("drain", "--create")[0] == 0
    key = "mini.dev:!requests:{mini.dev:risk}"
    client.set(key, "not ours")
    told = (f"the key {key} in Redis is no stream", "rename or delete it, then run again")
    code, out, err = published("drain")
    one_line((code, out, err), 2, "risk: ", *told)
    assert "drained the publication log" in out
    gone(mini)
    code, out, err = published("forget", "id=1")
    assert code == 2
    assert all(text in out + err for text in told)
    assert client.get("mini.dev:scores@1:{1}") is None
    assert customers(mini) == [2]
    assert client.get(key) == b"not ours"


def test_a_log_whose_view_is_gone(published: Fw, mini: Mini, redis_url: str, client: Any) -> None:
    """Its requests are still somebody's."""
    read(redis_url, 1, 2)
    for key in client.keys("mini.dev:*"):
        if b"!requests" not in key:
            client.delete(key)
    mini.drop("scores")
    mini.drop("risk_training")
    mini.write()
    one_line(published("forget", "colour=red"), 2, "no online feature view has the join keys")
    code, out, err = published("forget", "id=1")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"{STREAM}: 1 rows erased, 0 left"


def test_a_project_without_a_log(published: Fw, mini: Mini) -> None:
    gone(mini)
    code, found, err = forgotten(published)
    assert (code, found["requests"], err) == (0, [], "")


def test_hashes_are_searched_with_their_secret(
    fw: Fw, mini: Mini, redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = ("--log-folder", str(tmp_path / "log"))
    flag(mini)
    assert fw("materialize", *AS_OF)[0] == 0
    read(redis_url, 1, 2, pii_key=SECRET.encode())
    assert fw("drain", "--create")[0] == 0
    read(redis_url, 1, pii_key=SECRET.encode())
    read(redis_url, 1)
    read(redis_url, 1, 2, 1, pii_key=SECRET.encode(), to=folder[1])
    gone(mini)
    code, found, err = forgotten(fw, *folder)
    assert code == 2
    assert [line.partition(" have a hash")[0] for line in err.splitlines()] == [
        f"feature-warehouse: 1 rows in {STREAM.removeprefix('requests in ')}",
        f"feature-warehouse: 2 rows in {TABLE.removeprefix('requests in ')}",
        f"feature-warehouse: 3 rows in {tmp_path / 'log' / 'risk'}",
    ]
    assert all(f"set {VARIABLE} to the secret of the log" in line for line in err.splitlines())
    monkeypatch.setenv(VARIABLE, "short")
    one_line(fw("forget", "id=1"), 2, f"{VARIABLE} has fewer than 16 bytes")
    monkeypatch.setenv(VARIABLE, SECRET)
    code, found, err = forgotten(fw, *folder)
    assert (code, err) == (0, "")
    assert [one["rows_erased"] for one in found["requests"]] == [1, 1, 2]
    assert len(customers(mini)) == 1
    # The last read has no key at all, and is told of.
    assert [one["without_key"] for one in found["requests"]] == [1, 0, 0]
    code, out, err = fw("forget", "id=1")
    assert "- 1 rows in mini.dev:!requests:{mini.dev:risk} without the key, which is" in out


def test_what_cannot_be_searched_or_is_left_is_no_success(
    published: Fw, mini: Mini, redis_url: str, client: Any
) -> None:
    read(redis_url, 1)
    assert published("drain", "--create")[0] == 0
    client.xadd("mini.dev:!requests:{mini.dev:risk}", {"m": b"\xc1"})
    mini.execute("alter table requests_risk alter column customer type double")
    gone(mini)
    code, found, err = forgotten(published)
    assert code == 2
    first, second = err.splitlines()
    assert first.startswith(f"feature-warehouse: {TABLE} were not erased: column 'customer' of ")
    assert "then forget again (what Redis had is erased)" in first
    assert "1 messages or files in mini.dev:!requests:{mini.dev:risk} cannot be read" in second
    [failed] = found["failed"]
    assert failed["exit_code"] == 2
    mini.execute("alter table requests_risk alter column customer type bigint")
    code, found, err = forgotten(published)
    assert (code, err.count("\n")) == (1, 1)
    assert customers(mini) == []


def test_what_nothing_explains_is_named(published: Fw, mini: Mini, redis_url: str) -> None:
    read(redis_url, 1)
    assert published("drain", "--create")[0] == 0
    mini.execute("alter table requests_risk add column buyer bigint")
    gone(mini)
    source = "source.mini.log.requests_risk"
    mini.model("decisions", "decisions")
    mini.nodes["model.mini.decisions"]["depends_on"]["nodes"].append(source)
    file = mini.write()
    node = {
        "unique_id": source,
        "name": "requests_risk",
        "resource_type": "source",
        "relation_name": '"mini"."main"."requests_risk"',
    }
    file.write_text(json.dumps({**json.loads(file.read_text()), "sources": {source: node}}))
    code, found, err = forgotten(published)
    assert (code, err) == (0, "")
    assert "decisions" in found["not_reached"]["models"]
    assert found["not_reached"]["columns"] == {'"mini"."main"."requests_risk"': ["buyer"]}
    assert (
        'requests_risk": no service has the columns buyer any more'
        in published("forget", "id=1")[1]
    )


def test_files_of_a_folder(published: Fw, mini: Mini, redis_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    read(redis_url, 1, 2, None, to=folder)
    read(redis_url, 1, 1, to=folder)
    gone(mini)
    before = {file: pq.read_table(file) for file in folder.rglob("*.parquet")}
    assert sorted(table.num_rows for table in before.values()) == [2, 3]
    code, out, err = published("forget", "id=1", "--log-folder", str(folder))
    assert (code, err) == (0, "")
    assert f"requests in {folder / 'risk'}: 3 rows erased, 0 left" in out
    [file] = folder.rglob("*.parquet")
    after = pq.read_table(file)
    assert after.schema == before[file].schema
    kept = [row for row in before[file].to_pylist() if row["customer"] != 1]
    assert after.to_pylist() == kept
    assert [row["customer"] for row in kept] == [2, None]
    # What an erasure that was killed has left goes, but not what a writer may be about to finish.
    half = file.with_name(f".{file.name}.0a1b2c3d")
    half.write_bytes(b"1")
    file.with_name("damaged.parquet").write_bytes(b"PAR1")
    file.with_name(".half.parquet.0a1b2c3d").write_bytes(b"1")
    code, found, err = forgotten(published, "--log-folder", str(folder))
    assert (code, [one["unreadable"] for one in found["requests"]]) == (1, [2])
    assert not half.exists()
    code, found, err = forgotten(published, "--log-folder", str(tmp_path / "none"))
    assert (code, found["failed"][0]["message"]) == (
        2, f"there is no folder {tmp_path / 'none'}; name one that a request log writes to",
    )  # fmt: skip


def test_two_erasures_of_one_folder(
    published: Fw, mini: Mini, redis_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "log"
    read(redis_url, 1, 2, to=folder)
    gone(mini)
    code = (
        "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX);"
        " print(1, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        done, found, _ = forgotten(published, "--log-folder", str(folder))
        assert (done, found["failed"][0]["exit_code"]) == (4, 4)
        other.communicate(b"\n")
    assert forgotten(published, "--log-folder", str(folder))[0] == 0
