"""verify, forget, rollback and what else is asked of the command line.

Every difference is made by hand in Redis; what is to be found was counted by who made it.
"""

import json
import random
import shutil
import struct
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from feature_warehouse import OnlineStore
from feature_warehouse.monitoring.status import read_status
from feature_warehouse.publishing.locks import locked
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.redis_store.connection import connect
from harness.command_line import Fw, in_process, one_line
from harness.host import Host, write_host
from harness.mini import NAMES, NOW, Columns, Mini
from harness.publishers import (
    assert_equal,
    fw,
    key,
    keys_of,
    pairs,
    run_one,
    verified,
)

__all__ = ["fw"]

AS_OF = ("--as-of", NOW.isoformat())
COUNT = 300
TTL = timedelta(days=3)
GRACE = timedelta(days=1)


def sealed(row: bytes, name: str) -> bytes:
    """A row with the checksum of its key and bytes, as the format says."""
    [schema] = struct.unpack_from(">I", row, 20)
    return row + struct.pack("<I", zlib.crc32(row, zlib.crc32(name.encode(), 0xFFFFFFFF) ^ schema))


class Tampering:
    """Changes rows of the view ``pairs`` behind the publisher's back."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def _rewrite(self, number: int, change: Callable[[bytes], bytes]) -> None:
        name = key(number)
        row = self.client.get(name)
        self.client.set(name, sealed(change(row[:-4]), name), keepttl=True)

    def _shift(self, number: int, microseconds: int) -> None:
        def shifted(row: bytes) -> bytes:
            [event] = struct.unpack_from(">Q", row)
            return struct.pack(">Q", event + microseconds) + row[8:]

        self._rewrite(number, shifted)

    def missing(self, number: int) -> None:
        self.client.delete(key(number))

    def extra(self, number: int) -> None:
        self.client.copy(key(number), key(100_000 + number))

    def older(self, number: int) -> None:
        self._shift(number, -1)

    def newer(self, number: int) -> None:
        self._shift(number, 1)

    def value(self, number: int) -> None:
        self._rewrite(number, lambda row: row[:24] + b"\x92\x07\xa17")

    def damaged(self, number: int) -> None:
        row = self.client.get(key(number))
        self.client.set(key(number), row[:-1] + bytes([row[-1] ^ 1]), keepttl=True)

    def expiry(self, number: int) -> None:
        self.client.persist(key(number))


CAUSES = {
    "missing": "the warehouse has other rows than were published, or Redis lost some",
    "extra": "Redis holds rows that were not published",
    "older": "the warehouse has newer rows than were published",
    "newer": "the warehouse has other rows than were published, or Redis lost some",
    "value": "the warehouse has other rows than were published, or Redis lost some",
    "damaged": "rows in Redis are damaged",
    "expiry": "rows in Redis are damaged",
}
KINDS = tuple(CAUSES)


@pytest.fixture
def tampering(mini: Mini, client: "redis.Redis") -> Tampering:
    """A view with a ttl on a real clock: its rows have expiries."""
    start = datetime.now(UTC).replace(tzinfo=None)
    mini.view(
        "pairs",
        {"id": "bigint", "ts": "timestamp", "a": "bigint", "b": "text"},
        f"select i as id, timestamp '{start}' as ts, 1::bigint as a, '1' as b"
        f" from range({COUNT}) t(i)",
        ttl="3 days",
    )
    mini.built = datetime.now(UTC)
    assert run_one(mini, client, Clock.real()).status == "success"
    due = int((start.replace(tzinfo=UTC) + TTL + GRACE).timestamp() * 1000)
    assert abs(client.pexpiretime(key(1)) - due) <= 1
    assert_equal(mini, client)
    return Tampering(client)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_difference_is_found(kind: str, mini: Mini, tampering: Tampering) -> None:
    for number in (7, 77, 177):
        getattr(tampering, kind)(number)
    result = verified(mini, tampering.client)["pairs"]
    assert (result.status, result.exit_code) == ("difference", 1)
    assert result.differences == {kind: 3}
    shift = 100_000 if kind == "extra" else 0
    assert set(result.examples[kind]) == {key(number + shift) for number in (7, 77, 177)}
    assert result.rows_compared == COUNT
    assert result.message.startswith(f"{CAUSES[kind]}; run `feature-warehouse materialize")
    # The run that is recommended brings all back; a lesser one does not.
    for full_refresh in (False, True):
        run_one(mini, tampering.client, Clock.real(), full_refresh=full_refresh)
        if ("materialize --full-refresh`" in result.message) == full_refresh:
            assert_equal(mini, tampering.client)
            break
        assert verified(mini, tampering.client)["pairs"].status == "difference"


LOADED: Columns = {"id": "bigint", "ts": "timestamp", "loaded": "timestamp", "a": "bigint"}


def test_verify_says_what_is_the_case(mini: Mini, client: "redis.Redis") -> None:
    """Of a view whose rows say when they were loaded: the warehouse went on, or Redis lost rows."""
    mini.view(
        "pairs",
        LOADED,
        "select i as id, timestamp '2025-12-31' as ts, ts as loaded, 1::bigint as a"
        " from range(9) t(i)",
        created_timestamp="loaded",
    )
    assert run_one(mini, client).status == "success"

    def add(entity: int, loaded: str) -> None:
        row = f"{entity}, timestamp '2025-12-31 10:00', timestamp '{loaded}', 2"
        mini.execute(f"insert into pairs values ({row})")

    add(3, "2026-01-01 11:00")  # while dbt was building: after the watermark, before the clock
    newer = verified(mini, client)["pairs"]
    assert (newer.differences, newer.message) == (
        {"older": 1},
        "the warehouse has newer rows than were published; run `feature-warehouse materialize`",
    )
    client.delete(key(5))
    lost = verified(mini, client)["pairs"]
    assert lost.differences == {"missing": 1, "older": 1}
    assert lost.message.startswith("Redis does not hold what was published; run `feature-warehouse")
    assert "--full-refresh" in lost.message
    add(4, "2025-12-31 12:00")
    rewritten = verified(mini, client)["pairs"].message
    assert rewritten == (
        "rows were deleted, rewritten, or added before the watermark; run `feature-warehouse"
        " materialize`"
    )
    assert run_one(mini, client).mode == "full"
    assert_equal(mini, client)


def test_verify_says_that_a_gate_stopped_the_view(fw: Fw, mini: Mini) -> None:
    expectations = [{"expect_column_values_to_be_between": {"column": "a", "max_value": 1}}]
    pairs(mini, 3, 1, expectations=expectations)
    mini.write()
    assert fw("materialize", *AS_OF)[0] == 0
    mini.execute("update pairs set a = 2, b = '2'")
    assert fw("materialize", *AS_OF)[0] == 1
    assert "its gate stopped the last run" in fw("verify")[1]
    pairs(mini, 3, 2)
    mini.write()
    shutil.copytree("target", "elsewhere")  # where nobody looks for the last run
    assert fw("materialize", *AS_OF, "--target-path", "elsewhere")[0] == 0
    mini.execute("update pairs set a = 3, b = '3'")
    code, out, _ = fw("verify")
    assert (code, "gate" in out, "or Redis lost some; run" in out) == (1, False, True)


def test_all_kinds_at_once_are_counted(mini: Mini, tampering: Tampering) -> None:
    dice = random.Random(0)
    numbers = iter(dice.sample(range(COUNT), COUNT))
    made = dict.fromkeys(KINDS, 0)
    for kind in KINDS:
        for _ in range(dice.randint(11, 30)):
            getattr(tampering, kind)(next(numbers))
            made[kind] += 1
    result = verified(mini, tampering.client)["pairs"]
    assert result.differences == made
    assert {kind: len(examples) for kind, examples in result.examples.items()} == dict.fromkeys(
        KINDS, 10
    )


def test_a_sample_finds_some(mini: Mini, tampering: Tampering) -> None:
    for number in range(0, COUNT, 2):
        tampering.value(number)
        tampering.extra(number)  # noqa: S610 - not Django's
    [result] = verified(mini, tampering.client, sample=30).values()
    assert result.rows_compared == 30
    assert 0 < result.differences["value"] < result.rows_compared
    assert result.differences["extra"] > 0
    [again] = verified(mini, tampering.client, sample=30).values()
    assert again.differences["value"] == result.differences["value"]
    [all_of_them] = verified(mini, tampering.client, sample=COUNT + 1).values()
    assert all_of_them.rows_compared == COUNT


def test_a_sample_is_of_the_rows_of_today(mini: Mini, client: "redis.Redis") -> None:
    """Most that were published have expired since; those that are left are looked at."""
    now = datetime.now(UTC)
    old = (now - TTL - GRACE + timedelta(seconds=1)).replace(tzinfo=None)
    new = now.replace(tzinfo=None)
    mini.built = now
    mini.view(
        "pairs",
        {"id": "bigint", "ts": "timestamp", "a": "bigint", "loaded": "timestamp"},
        f"select i as id, case when i < 3 then timestamp '{new}' else timestamp '{old}' end as ts,"
        f" 1::bigint as a, timestamp '{old}' as loaded from range({COUNT}) t(i)",
        created_timestamp="loaded",
        ttl="3 days",
    )
    assert run_one(mini, client, Clock.real()).rows_written == COUNT
    [status] = read_status(client, None, None).views
    assert status.rows == COUNT
    time.sleep(max(0, (old + TTL + GRACE - datetime.now(UTC).replace(tzinfo=None)).total_seconds()))
    [status] = read_status(client, None, None).views
    assert status.rows == 3
    client.delete(key(0), key(1), key(2))
    result = verified(mini, client, sample=2)["pairs"]
    assert (result.status, result.differences) == ("difference", {"missing": 2})
    assert result.rows_compared == 2


def test_another_declaration_is_no_success(mini: Mini, client: "redis.Redis") -> None:
    """A changed default, for one: what Redis serves for missing entities is another."""
    pairs(mini, 3, 1)
    run_one(mini, client)
    default = {"data_type": "bigint", "config": {"meta": {"default": 9}}}
    columns: Columns = {"id": "bigint", "ts": "timestamp", "a": default, "b": "text"}
    mini.view("pairs", columns)
    result = verified(mini, client)["pairs"]
    assert (result.status, result.exit_code) == ("error", 2)
    assert "'pairs': the defaults changed since it was published" in result.message
    run_one(mini, client)
    assert_equal(mini, client)
    mini.view("pairs", columns, availability_lag="1 hour")
    assert verified(mini, client)["pairs"].exit_code == 2


def test_status_says_what_the_last_run_was(mini: Mini, client: "redis.Redis") -> None:
    pairs(mini, 3, 1)
    run_one(mini, client)
    [status] = read_status(client, None, None).views
    now = int(NOW.timestamp()) * 1_000_000
    assert (status.clock_of_last_run, status.clock) == (now, now)
    assert status.watermark == int(mini.built.timestamp()) * 1_000_000
    assert 0 < status.seconds_of_last_run < 60
    assert status.dbt_invocation_id == "00000000-0000-0000-0000-000000000001"


@pytest.mark.parametrize("place", [0, 8, 17, 20, 24, -1])
def test_a_damaged_byte_is_a_difference(place: int, mini: Mini, tampering: Tampering) -> None:
    row = bytearray(tampering.client.get(key(5)))
    row[place] ^= 1
    tampering.client.set(key(5), bytes(row), keepttl=True)
    [(_, count)] = verified(mini, tampering.client)["pairs"].differences.items()
    assert count == 1


def test_verify_on_the_command_line(fw: Fw, mini: Mini, tampering: Tampering) -> None:
    assert fw("verify")[0] == 0
    tampering.missing(3)
    code, out, err = fw("verify")
    assert (code, err) == (1, "")
    assert "differs pairs: 1 missing;" in out
    code, out, _ = fw("verify", "--json", "--sample", "300")
    [result] = json.loads(out)["results"]
    assert (code, result["differences"], result["status"]) == (1, {"missing": 1}, "difference")
    mini.view("pairs", {"id": "bigint", "ts": "timestamp", "a": "bigint"})
    mini.write()
    one_line(fw("verify"), 2, "'pairs': the columns changed since it was published")
    pairs(mini, 1, 1, "unpublished")
    mini.drop("pairs")
    mini.write()
    one_line(fw("verify"), 2, "'unpublished' is not published")


def test_rollback_on_the_command_line(fw: Fw, mini: Mini, client: "redis.Redis") -> None:
    pairs(mini, 3, 1)
    mini.write()
    one_line(fw("rollback", "pairs"), 2)
    assert fw("materialize", *AS_OF)[0] == 0
    one_line(fw("rollback", "pairs"), 2, "no generation of 'pairs' before 1 is kept")
    one_line(fw("rollback", "paris"), 2, "no view 'paris' is published in mini.dev")
    mini.execute("update pairs set a = 2, b = '2'")
    assert fw("materialize", *AS_OF, "--full-refresh")[0] == 0
    with OnlineStore(client) as store:
        assert store.get("pairs", {"id": 1})["a"] == 2
        code, out, err = fw("rollback", "pairs", "--json")
        assert (code, err) == (0, "")
        assert json.loads(out) == {"view": "pairs", "generation": 1, "clock": NOW.isoformat()}
        assert store.get("pairs", {"id": 1})["a"] == 1
        one_line(fw("rollback", "pairs"), 2, "no generation of 'pairs' before 1 is kept")
        assert store.get("pairs", {"id": 1})["a"] == 1
        with locked(client, NAMES, "pairs", wait=False):
            one_line(fw("rollback", "pairs"), 4, "another run is publishing 'pairs'")
    assert fw("materialize", *AS_OF)[0] == 0
    assert_equal(mini, client)


def test_a_dry_run_changes_nothing(fw: Fw, mini: Mini, client: "redis.Redis") -> None:
    pairs(mini, 3, 1)
    mini.write()
    for mode, reason in (("full", "nothing is published yet"), ("compare", "no created timestamp")):
        before = {name: client.dump(name) for name in keys_of(client)}
        code, out, err = fw("materialize", *AS_OF, "--dry-run", "--json")
        assert (code, err) == (0, "")
        [said] = json.loads(out)["results"]
        assert (said["view"], said["mode"]) == ("pairs", mode)
        assert reason in said["reason"]
        assert {name: client.dump(name) for name in keys_of(client)} == before
        assert fw("materialize", *AS_OF)[0] == 0


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A real dbt project of three views, built."""
    view = "select 1::bigint as id, timestamp '2026-01-01' as ts, {}::bigint as a"
    names = ("first", "second", "third")
    columns = {"id": "bigint", "ts": "timestamp", "a": "bigint"}
    block = {"join_keys": ["id"], "event_timestamp": "ts", "online": True}
    properties = [
        {
            "name": name,
            "config": {
                "materialized": "table",
                "contract": {"enforced": True},
                "tags": ["even"] if name == "second" else [],
                "meta": {"feature_view": block},
            },
            "columns": [{"name": c, "data_type": kind} for c, kind in columns.items()],
        }
        for name in names
    ]
    models = {name: view.format(number) for number, name in enumerate(names)}
    models["third"] = models["third"] + " from {{ ref('first') }}"
    folder = write_host(tmp_path_factory.mktemp("host") / "host", models, properties)
    built = Host(folder)
    built.dbt("build")
    return built


def test_select_as_dbt_does(
    host: Host, redis_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host.enter(monkeypatch)
    monkeypatch.delenv("DBT_TARGET_PATH")
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.chdir(host.project)
    fw = in_process(monkeypatch, capsys)

    def views(*options: str) -> list[str]:
        code, out, err = fw(
            "materialize", "--target-path", "duckdb", "--dry-run", "--json", *options
        )
        assert (code, err) == (0, ""), (out, err)
        return sorted(view["view"] for view in json.loads(out)["results"])

    assert views() == ["first", "second", "third"]
    selected = ("--select", "first+", "--select", "tag:even", "--exclude", "first")
    assert views(*selected) == ["second", "third"]
    code, _, err = fw("materialize", "--target-path", "duckdb", "--select", "first")
    assert (code, err) == (0, "")
    with closing(connect(redis_url)) as client:
        assert {name for name in keys_of(client) if b"first" in name}
        assert not {name for name in keys_of(client) if b"second" in name or b"third" in name}
