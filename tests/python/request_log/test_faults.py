"""A read never waits for the log and never fails because of it, whatever happens to the log."""

import copy
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

from feature_warehouse import OnlineStore, RequestLog, UsageError
from feature_warehouse.dev.servers import Valkey, local_valkey
from feature_warehouse.redis_store.connection import connect
from feature_warehouse.request_log import stream
from harness.redis_servers import client_of, eventually
from request_log.shop import PLACE, STREAM, entity, logged, opened, put_shop, seen

COUNTS = f"{STREAM}!counts"
HOUR = 3600.0
READER = ("%R~mini.dev:*", "-@all", "+mget", "+exists")
RIGHTS = ("~mini.dev:!requests*", "+xadd", "+xtrim", "+set", "+sadd", "+hincrby", "+pexpire")


@pytest.fixture
def url(valkey_server: Valkey, client: Any) -> Iterator[str]:
    put_shop(client)
    yield valkey_server.url
    client.acl_deluser("reader")


@contextmanager
def another(**config: str) -> Iterator[Valkey]:
    """A server of the log's own."""
    with local_valkey(config=config) as server:
        yield server


def read(store: OnlineStore, count: int = 1) -> None:
    for number in range(count):
        assert store.get("shop", entity(number % 10))["count"] == number % 10


def counts(client: Any) -> dict[str, int]:
    return {name.decode(): int(value) for name, value in client.hgetall(COUNTS).items()}


def test_the_least_that_a_log_needs(url: str, client: Any) -> None:
    """As the docstring of ``request_log.stream`` says."""
    client.execute_command("ACL", "SETUSER", "reader", "reset", "on", "nopass", *READER, *RIGHTS)
    log = RequestLog()
    with opened(url.replace("//", "//reader:any@"), log) as store:
        read(store, 3)
    assert (log.written, log.dropped, log.last_error) == (3, 0, "")
    assert client.smembers("mini.dev:!requests") == {b"shop"}
    assert counts(client) == {"written": 3}
    assert client.pttl(STREAM) > 0


def test_a_message_has_its_description_however_short_the_machine_is_up(
    url: str, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So soon after its start that an hour before now is no exact number of seconds."""
    up = next(tenths / 10 for tenths in range(99) if (tenths / 10 - HOUR) + HOUR > tenths / 10)
    monkeypatch.setattr(stream, "time", SimpleNamespace(monotonic=lambda: up))
    with opened(url, RequestLog()) as store:
        read(store)
    assert len(logged(client)) == 1


@pytest.mark.parametrize("denied", ["+xadd", "+sadd", "+set", "+hincrby", RIGHTS[0]])
def test_a_log_that_may_not_be_written_is_dropped_and_counted(
    url: str, client: Any, denied: str
) -> None:
    rules = [rule for rule in RIGHTS if rule != denied]
    client.execute_command("ACL", "SETUSER", "reader", "reset", "on", "nopass", *READER, *rules)
    log = RequestLog()
    with opened(url.replace("//", "//reader:any@"), log) as store:
        read(store, 3)
    assert (log.written, log.dropped) == (0, 3)
    assert "no permissions" in log.last_error.lower()


def test_a_replica_reads_and_its_primary_has_the_log(
    url: str, client: Any, valkey_server: Valkey
) -> None:
    with another(replicaof=f"127.0.0.1 {valkey_server.port}") as replica:
        with client_of(replica) as there:
            eventually(lambda: there.exists("mini.dev:shop"), "a copy")
        log = RequestLog(url)
        with opened(replica.url, log) as store:
            read(store, 2)
        assert (log.written, log.dropped) == (2, 0)
    assert len(logged(client)) == 2


def test_a_server_that_is_away_gets_all_when_it_is_back(url: str) -> None:
    with another() as first:
        pass
    log = RequestLog(first.url, interval=0.01)
    with opened(url, log) as store:
        read(store, 5)
        eventually(lambda: "111" in log.last_error, "an error")
        read(store, 5)
        with local_valkey(port=first.port) as server, client_of(server) as there:
            eventually(lambda: log.written == 10, "a log")
            assert len(logged(there)) == 10
        assert log.dropped == 0


def test_memory_is_bounded_and_what_is_dropped_is_counted(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with another() as first:
        pass
    log = RequestLog(first.url, interval=0.01, max_pending_bytes=20_000)
    with opened(url, log) as store, caplog.at_level(logging.WARNING):
        read(store, 200)
        assert 0 < log.dropped < 200
        dropped = log.dropped
        assert [one.name for one in caplog.records] == ["feature_warehouse.request_log"] * len(
            caplog.records
        )
        with local_valkey(port=first.port) as server, client_of(server) as there:
            eventually(lambda: log.written == 200 - dropped, "a log")
            eventually(lambda: counts(there).get("dropped") == dropped, "a count")
            assert counts(there) == {"written": 200 - dropped, "dropped": dropped}
            read(store)
            eventually(lambda: log.written == 201 - dropped, "a log")


def test_a_server_that_hangs_holds_up_no_read(url: str) -> None:
    with another() as server:
        log = RequestLog(server.url, interval=0.01)
        with opened(url, log) as store:
            read(store)
            assert log.flush(60)
            os.kill(server.pid, signal.SIGSTOP)
            try:
                read(store, 100)
                assert not log.flush(0.05)
                assert log.written == 1
            finally:
                os.kill(server.pid, signal.SIGCONT)
            eventually(lambda: log.written == 101, "a log")


def test_a_server_that_was_emptied_gets_the_description_again(url: str) -> None:
    with another() as first, opened(url, log := RequestLog(first.url, interval=0.01)) as store:
        read(store)
        assert log.flush(60)
        os.kill(first.pid, signal.SIGKILL)
        read(store)
        eventually(lambda: log.last_error, "an error")
        with local_valkey(port=first.port) as server, client_of(server) as there:
            eventually(lambda: log.written == 2, "a log")
            assert len(logged(there)) == 1


def test_a_stream_does_not_grow_beyond_its_bytes(url: str, client: Any) -> None:
    log = RequestLog(max_bytes=150_000)
    with opened(url, log) as store:
        for _ in range(600):
            store.get_many("shop", [entity(number) for number in range(10)])
            assert log.flush(60)
    assert log.written == 6_000
    assert client.memory_usage(STREAM, samples=0) < 600_000
    assert 100 <= client.xlen(STREAM) < 250


def test_what_is_old_goes(url: str, client: Any) -> None:
    """On the server's clock, when a description is written; entries are made old by their ids."""
    for number in range(1, 300):
        client.xadd(STREAM, {"m": b"x"}, id=f"{number}-0")
    with opened(url, RequestLog(retention=timedelta(hours=1))) as store:
        read(store)
    assert client.xlen(STREAM) < 200
    assert client.xrange(STREAM)[-1][1] != {b"m": b"x"}
    assert 3_600_000 < client.pttl(STREAM) <= 7_200_000


def test_a_sample_has_all_reads_of_an_entity_or_none(url: str, client: Any) -> None:
    def sampled(sample: Any, *, together: bool) -> set[Any]:
        client.delete(STREAM)
        with opened(url, log := RequestLog(sample=sample)) as store:
            for _ in range(2):
                many = [entity(number) for number in range(200)]
                if together:
                    store.get_many("shop", many)
                else:
                    for one in many:
                        store.get("shop", one)
        rows = logged(client)
        assert log.written == len(rows)
        for row in rows:
            assert row["position"] == (row["customer"] if together else 0)
        numbers = [row["customer"] for row in rows]
        assert all(numbers.count(number) == 2 for number in numbers)
        return set(numbers)

    half, tenth = sampled(0.5, together=True), sampled(0.1, together=True)
    assert sampled(0.5, together=False) == sampled({"shop": 0.5}, together=True) == half
    assert 60 < len(half) < 140
    assert 5 < len(tenth) < 40
    assert tenth < half
    assert not sampled(0, together=True)
    assert not sampled({"another": 1}, together=True)


@pytest.mark.parametrize("sample", [-1, 1.5, {"shop": 2}, "half"])
def test_a_share_that_is_none_is_refused(sample: Any) -> None:
    with pytest.raises(UsageError, match="a share from 0 to 1"):
        RequestLog(sample=sample)


def test_a_store_with_a_log_can_be_pickled(url: str, client: Any) -> None:
    log = RequestLog(tag="T", pii_key=b"0" * 16)
    with OnlineStore.from_url(url, request_log=log, **PLACE) as store:
        again = copy.deepcopy(store)
    with again:
        read(again)
    assert [row["tag"] for row in logged(client)] == ["T"]


def _child(store: OnlineStore, log: RequestLog) -> None:
    read(store, 3)
    assert log.flush(60)
    assert (log.written, log.dropped) == (3, 0)
    os._exit(0)


def test_a_fork_writes_its_own_and_nothing_twice(url: str, client: Any) -> None:
    fork = multiprocessing.get_context("fork")
    log = RequestLog(interval=60.0)
    with opened(url, log) as store:
        read(store, 2)
        children = [fork.Process(target=_child, args=(store, log)) for _ in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join()
        assert [child.exitcode for child in children] == [0, 0, 0]
        read(store)
    assert log.written == 3
    rows = logged(client)
    assert len(rows) == len({row["read_id"] for row in rows}) == 3 + 9


PROGRAM = """
    import sys
    from feature_warehouse import OnlineStore, RequestLog
    from request_log.shop import PLACE, entity
    store = OnlineStore.from_url(sys.argv[1], request_log=RequestLog(sys.argv[2]), **PLACE)
    for number in range(7):
        store.get("shop", entity(number))
"""


@pytest.mark.parametrize("ending", ["", "    raise SystemExit(3)", "    1 / 0"])
def test_what_is_pending_is_written_at_exit(url: str, client: Any, ending: str) -> None:
    code = textwrap.dedent(PROGRAM + ending)
    done = subprocess.run([sys.executable, "-c", code, url, url], check=False, env=_env())
    assert bool(done.returncode) == bool(ending)
    assert len(logged(client)) == 7


def test_the_end_of_a_program_waits_for_no_server(url: str) -> None:
    with another() as server:
        pass
    code = textwrap.dedent(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-c", code, url, server.url], check=False, env=_env(), timeout=60
    )
    assert done.returncode == 0


def _env() -> dict[str, str]:
    folder = str(Path(__file__).parents[1])
    return {**os.environ, "PYTHONPATH": folder}


def test_several_stores_and_threads_share_a_log(url: str, client: Any) -> None:
    log = RequestLog(interval=0.01)
    with another() as server, client_of(server) as there:
        put_shop(there)
        with opened(url, log) as one, opened(server.url, log) as other:
            threads = [
                threading.Thread(target=read, args=(store, 50)) for store in (one, other) * 4
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert (log.written, log.dropped) == (400, 0)
        for server_client in (client, there):
            rows = logged(server_client)
            assert len({row["read_id"] for row in rows}) == len(rows) == 200


def test_files(url: str, client: Any, tmp_path: Path) -> None:
    folder = tmp_path / "a log"
    log = RequestLog(folder, tag="T")
    with opened(url, log) as store:
        asked = [entity(number) for number in range(30)]
        vectors = store.get_many("shop", asked)
    assert (log.written, log.dropped) == (30, 0)
    [file] = (folder / "shop").rglob("*.parquet")
    rows = pq.read_table(file).to_pylist()
    wanted = [seen(one, vector) for one, vector in zip(asked, vectors, strict=True)]
    assert [{name: row[name] for name in wanted[0]} for row in rows] == wanted
    assert not client.exists(STREAM)


def test_a_folder_that_cannot_be_written_to(url: str, tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("in the way")
    log = RequestLog(tmp_path)
    with opened(url, log) as store:
        read(store, 4)
    assert (log.written, log.dropped) == (0, 4)
    assert "shop" in log.last_error


def test_no_client_of_ours_is_left_behind(url: str, client: Any) -> None:
    before = len(client.client_list())
    with opened(url, RequestLog(interval=0.01)) as store:
        read(store)
    eventually(lambda: len(client.client_list()) <= before + 1, "closed connections")
    assert connect(url) is not None


def test_a_reader_without_a_log_does_not_import_it() -> None:
    code = (
        "import sys, feature_warehouse; name = 'feature_warehouse.request_log'\n"
        "assert name not in sys.modules\n"
        "feature_warehouse.RequestLog\n"
        "assert name in sys.modules\n"
        "print(*{'pyarrow', 'numpy', 'pandas', 'dbt', 'duckdb', 'typer'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
