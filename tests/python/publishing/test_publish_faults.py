"""What can happen to a server while a run publishes: one line, or retried; the next run converges.

Expected rows come from the test; what must be in the server afterwards is listed key by key.
"""

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from feature_warehouse import UnreachableError
from feature_warehouse.dev.servers import Valkey, local_valkey
from feature_warehouse.redis_store.connection import close, connect
from harness.line import Line
from harness.mini import Mini
from harness.publishers import (
    Options,
    in_the_middle,
    keys_of,
    materialize,
    pairs,
    run_one,
)
from harness.redis_servers import (
    Certificates,
    certificates,
    client_of,
    eventually,
    tls_proxy,
    tls_redis,
)
from harness.troubled import (
    COUNT,
    NEEDS_REDIS,
    change,
    clean,
    in_service,
    one_line,
    opened,
    patience,
    program,
    settled,
    small_batches,
)

__all__ = ["certificates", "patience", "program", "small_batches"]

pytestmark = pytest.mark.usefixtures("small_batches")


@pytest.mark.parametrize("batch", [0, 2])
@pytest.mark.parametrize("mode", ["full", "compare"])
def test_memory_is_full(mode: str, batch: int, mini: Mini, program: Path | None) -> None:
    with local_valkey(executable=program) as server, opened(server) as client:
        pairs(mini, COUNT, 1)
        run_one(mini, client)
        change(mini, 2)

        def fill() -> None:
            client.config_set("maxmemory", "1mb")

        options: Options = {"full_refresh": mode == "full"}
        result = run_one(mini, client, progress=in_the_middle(fill, batch), **options)
        one_line(result, 3, f"Redis at 127.0.0.1:{server.port} is full: ", "maxmemory")
        if mode == "full":
            in_service(client, 1)
        one_line(run_one(mini, client, **options), 3, "is full: ")
        client.config_set("maxmemory", 0)
        settled(mini, client, 2)


def test_a_read_only_replica(mini: Mini, program: Path | None) -> None:
    pairs(mini, 10, 1)
    with local_valkey(executable=program) as master:
        following = {"replicaof": (master.host, str(master.port))}
        with (
            local_valkey(executable=program, config=following) as server,
            opened(server) as client,
        ):
            one_line(run_one(mini, client), 3, "is a read-only replica", "name the master")
            assert keys_of(client) == set()


def test_a_master_that_becomes_a_replica_in_the_middle(mini: Mini, patience: None) -> None:
    del patience
    pairs(mini, COUNT, 1)
    with local_valkey() as server, opened(server) as client:
        run_one(mini, client)
        change(mini, 2)

        def demote() -> None:
            client.execute_command("REPLICAOF", "127.0.0.1", "1")

        result = run_one(mini, client, progress=in_the_middle(demote), full_refresh=True)
        one_line(result, 3, "Redis")
        client.execute_command("REPLICAOF", "NO", "ONE")
        in_service(client, 1)
        settled(mini, client, 2)


def test_the_disk_is_full(mini: Mini, tmp_path: Path, program: Path | None) -> None:
    """A failed save stops all writes, in the middle of a run and before the next."""
    pairs(mini, COUNT, 1)
    folder = tmp_path / "disk"
    with local_valkey(executable=program, data_dir=folder) as server, opened(server) as client:
        run_one(mini, client)
        change(mini, 2)

        def fill() -> None:
            shutil.rmtree(folder)
            with suppress(redis.ResponseError):
                client.bgsave()
            eventually(lambda: client.info()["rdb_last_bgsave_status"] == "err", "an error")

        result = run_one(mini, client, progress=in_the_middle(fill), full_refresh=True)
        one_line(result, 3, "refuses a command: MISCONF")
        with pytest.raises(UnreachableError, match="refuses a command: MISCONF"):
            run_one(mini, client)
        in_service(client, 1)
        client.config_set("save", "")
        settled(mini, client, 2)


class Restarts:
    """A server that can be killed with kill -9 and started again at the same port."""

    def __init__(self, stack: ExitStack, folder: Path, program: Path | None, *, aof: bool) -> None:
        self._stack, self._folder, self._program = stack, folder, program
        self._config = {"appendonly": "yes", "appendfsync": "always"} if aof else {"save": ""}
        self.server = self._start(None)

    def _start(self, port: int | None) -> Valkey:
        return self._stack.enter_context(
            local_valkey(
                port=port, data_dir=self._folder, executable=self._program, config=self._config
            )
        )

    def restart(self, *, empty: bool = False) -> None:
        os.kill(self.server.pid, signal.SIGKILL)
        if empty:
            shutil.rmtree(self._folder)
        self.server = self._start(self.server.port)


@pytest.mark.parametrize("mode", ["full", "compare"])
@pytest.mark.parametrize("kept", ["everything", "nothing", "half"])
def test_a_restart_in_the_middle(
    kept: str, mode: str, mini: Mini, tmp_path: Path, program: Path | None
) -> None:
    """Also when the server comes back without rows that it had confirmed."""
    pairs(mini, COUNT, 1)
    options: Options = {"full_refresh": mode == "full", "rollback_grace": 0}
    with ExitStack() as stack:
        place = Restarts(stack, tmp_path / "data", program, aof=kept == "everything")
        client = stack.enter_context(opened(place.server))
        run_one(mini, client)
        change(mini, 2)

        def progress(_: str, rows: int) -> None:
            batches.append(rows)
            if len(batches) == 1 and kept == "half":
                client.save()
            if len(batches) == 2:
                place.restart(empty=kept == "nothing")

        batches: list[int] = []
        result = run_one(mini, client, progress=progress, **options)
        assert result.status == "success", result
        clean(mini, client, 2)


def test_a_server_that_loads_its_data(mini: Mini, program: Path | None) -> None:
    config = {"enable-debug-command": "yes", "loading-process-events-interval-bytes": "1024"}
    pairs(mini, COUNT, 1)
    with local_valkey(executable=program, config=config) as server, opened(server) as client:
        run_one(mini, client)
        change(mini, 2)
        once = connect(server.url, retries=0)

        def reload() -> None:
            with client_of(server) as other:
                other.config_set("key-load-delay", 100)
                other.execute_command("DEBUG", "RELOAD")

        def is_loading() -> bool:
            try:
                once.ping()
            except redis.exceptions.BusyLoadingError:
                return True
            return False

        def begin() -> None:
            thread.start()
            eventually(is_loading, "loading")

        thread = threading.Thread(target=reload)
        begin()
        with pytest.raises(UnreachableError, match=r"is still loading its data .*; try again$"):
            run_one(mini, once)
        thread.join()
        in_service(client, 1)
        thread = threading.Thread(target=reload)
        result = run_one(mini, client, progress=in_the_middle(begin), rollback_grace=0)
        thread.join()
        assert result.status == "success", result
        clean(mini, client, 2)
        close(once)


def _kill_connections(client: Any) -> None:
    client.client_kill_filter(_type="normal", skipme=False)


def _flush_scripts(client: Any) -> None:
    client.script_flush()


@pytest.mark.parametrize("mode", ["full", "compare"])
@pytest.mark.parametrize("trouble", [_kill_connections, _flush_scripts])
def test_what_is_retried(
    trouble: Any, mode: str, mini: Mini, redis_url: str, client: "redis.Redis"
) -> None:
    pairs(mini, COUNT, 1)
    with closing(connect(redis_url)) as own:
        run_one(mini, own)
        change(mini, 2)

        def work(*_: Any) -> None:
            with suppress(redis.ConnectionError):
                trouble(client)

        options: Options = {"full_refresh": mode == "full", "rollback_grace": 0}
        result = run_one(mini, own, progress=work, **options)
        assert (result.status, result.rows_read) == ("success", COUNT), result
        clean(mini, own, 2)
        # The number of entities was lost count of, and is found again.
        assert run_one(mini, own, full_refresh=True, rollback_grace=0).rows_written == COUNT


@pytest.fixture
def line(valkey_server: Valkey) -> Iterator[Line]:
    with closing(Line(valkey_server)) as line:
        yield line


@pytest.mark.parametrize("mode", ["full", "compare"])
@pytest.mark.parametrize("for_good", [True, False])
def test_the_network_is_cut(
    for_good: bool, mode: str, mini: Mini, line: Line, client: "redis.Redis", patience: None
) -> None:
    del patience
    pairs(mini, COUNT, 1)
    run_one(mini, client)
    change(mini, 2)
    options: Options = {"full_refresh": mode == "full", "rollback_grace": 0}
    with closing(connect(f"redis://:unused@127.0.0.1:{line.port}")) as far:
        far.connection_pool.connection_kwargs.pop("password")
        result = run_one(
            mini, far, progress=in_the_middle(lambda: line.cut(for_good=for_good), 1), **options
        )
    if for_good:
        one_line(result, 3, f"Redis at 127.0.0.1:{line.port} does not answer")
        if mode == "full":
            in_service(client, 1)
        settled(mini, client, 2)
    else:
        assert result.status == "success", result
        clean(mini, client, 2)


@contextmanager
def tls_server(kind: str, files: Certificates) -> Iterator[int]:
    if kind == "redis":
        with tls_redis(files) as (_, port):
            yield port
    else:
        with local_valkey() as server, tls_proxy(server, files) as port:
            yield port


@pytest.mark.parametrize("kind", ["proxy", pytest.param("redis", marks=NEEDS_REDIS)])
def test_tls(kind: str, mini: Mini, certificates: Certificates) -> None:
    pairs(mini, 1_000, 1)
    with tls_server(kind, certificates) as port:
        url = f"rediss://127.0.0.1:{port}"
        with closing(connect(f"{url}?ssl_ca_certs={certificates.ca}")) as client:
            settled(mini, client, 1, 1_000)
        with closing(connect(url)) as client, pytest.raises(UnreachableError) as error:
            materialize(mini, client)
        assert "certificate verify failed" in str(error.value)
