"""The feature server beside ``feast serve``: the same values, the same Redis, one worker each.

Clients are connections that are kept, and all send the same request again and again. Entrants take
turns; a ratio is the median of the turns'. CPU is what the server's process takes; that of the
client in the process is a read without any server.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

import msgspec
import redis

from benchmarks.reading import NAMES, Shape, put_shape
from feature_warehouse import OnlineStore
from feature_warehouse.dev.servers import local_valkey

__all__ = ["Served", "run", "table"]

SHAPES = {Shape(views=1, features=31): 1, Shape(views=1, features=50): 100}
"""Each with the number of entities that are asked for."""

CLIENTS = (1, 4, 16)
SECONDS = 3.0
BIN = Path(sys.executable).parent
FEAST = "feast serve"
TICKS = os.sysconf("SC_CLK_TCK")

SETTINGS = """
project: bench
provider: local
registry: {folder}/registry.db
entity_key_serialization_version: 3
offline_store: {{type: duckdb}}
online_store: {{type: redis, connection_string: "127.0.0.1:{port}"}}
"""


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """One entrant with so many clients; times in milliseconds, ``ratio`` is to Feast's rate."""

    asked: str
    clients: int
    name: str
    rate: float
    p50: float
    p99: float
    cpu: float
    ratio: float | None


class Entrant(NamedTuple):
    """A server by the port and the process, and a request as it goes over the wire."""

    port: int
    pid: int
    request: bytes


class Turn(NamedTuple):
    """What one turn came to: requests a second, seconds of each, CPU seconds of each."""

    rate: float
    times: list[float]
    cpu: float


def run(rounds: int, peers: bool = True) -> Iterator[Served]:
    """Fill a server and ask for its values, one shape and number of clients after another."""
    with ExitStack() as stack:
        redis_server = stack.enter_context(local_valkey())
        client = stack.enter_context(redis.Redis.from_url(redis_server.url))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        columns = {shape: put_shape(client, shape) for shape in SHAPES}
        client.sadd(NAMES.members, *(shape.service for shape in SHAPES))
        ours = stack.enter_context(_ours(redis_server.url))
        theirs = None
        if peers:
            theirs = stack.enter_context(_feast(folder, redis_server.port, columns))
        for shape, count in SHAPES.items():
            yield _in_process(redis_server.url, shape, count)
            entrants = _entrants(shape, count, ours, theirs)
            for clients in CLIENTS:
                yield from _race(f"{count} of {shape}", entrants, clients, rounds)


def table(found: Sequence[Served]) -> str:
    """All of them as one Markdown table."""
    lines = [
        "| | clients | | requests/s | ratio | p50 ms | p99 ms | CPU ms |",
        "|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one.asked} | {one.clients or ''} | {one.name} | {one.rate:,.0f}"
        f" | {'' if one.ratio is None else f'{one.ratio:.1f}'} | {one.p50:.2f} | {one.p99:.2f}"
        f" | {one.cpu:.2f} |"
        for one in found
    ]
    return "\n".join(lines) + "\n"


def _entrants(
    shape: Shape, count: int, ours: tuple[int, int], theirs: tuple[int, int] | None
) -> dict[str, Entrant]:
    [view] = shape.view_names
    features = [f"{view}:{name}" for name in shape.feature_names(view)]
    by_feast = _request(
        "/get-online-features", {"features": features, "entities": {"k": list(range(count))}}
    )
    own = _request(
        f"/v1/services/{shape.service}", {"entities": [{"k": number} for number in range(count)]}
    )
    found = {"ours": Entrant(*ours, own), "ours, Feast's API": Entrant(*ours, by_feast)}
    return found if theirs is None else {FEAST: Entrant(*theirs, by_feast), **found}


def _request(path: str, content: Any) -> bytes:
    body = json.dumps(content).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _race(asked: str, entrants: dict[str, Entrant], clients: int, rounds: int) -> Iterator[Served]:
    turns: dict[str, list[Turn]] = {name: [] for name in entrants}
    for _ in range(rounds):
        for name, entrant in entrants.items():
            turns[name].append(_turn(entrant, clients))
    for name, own in turns.items():
        times = [seconds * 1e3 for turn in own for seconds in turn.times]
        ratio = None
        if FEAST in turns:
            pairs = zip(own, turns[FEAST], strict=True)
            ratio = median(mine.rate / feast.rate for mine, feast in pairs)
        served = Served(
            asked=asked,
            clients=clients,
            name=name,
            rate=median(turn.rate for turn in own),
            p50=median(times),
            p99=quantiles(times, n=100)[98],
            cpu=median(turn.cpu for turn in own) * 1e3,
            ratio=ratio,
        )
        print(served)
        yield served


def _turn(entrant: Entrant, clients: int) -> Turn:
    """All clients in one thread: what they cost is taken from the servers on the same machine."""
    times: list[float] = []
    with ExitStack() as stack, selectors.DefaultSelector() as ready:
        cpu, started = _cpu(entrant.pid), time.perf_counter()
        end = started + SECONDS
        for _ in range(clients):
            client = _Client(stack, entrant)
            ready.register(client.connection, selectors.EVENT_READ, client)
        while ready.get_map():
            for key, _ in ready.select():
                seconds = key.data.hear()
                if seconds is None:
                    continue
                times.append(seconds)
                if time.perf_counter() < end:
                    key.data.ask()
                else:
                    ready.unregister(key.fileobj)
        seconds, cpu = time.perf_counter() - started, _cpu(entrant.pid) - cpu
    return Turn(len(times) / seconds, times, cpu / len(times))


class _Client:
    """A connection that has one request under way."""

    def __init__(self, stack: ExitStack, entrant: Entrant) -> None:
        connection = socket.create_connection(("127.0.0.1", entrant.port))
        self.connection = stack.enter_context(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = entrant.request
        self.ask()

    def ask(self) -> None:
        self._head, self._left = b"", 0
        self._started = time.perf_counter()
        self.connection.sendall(self._request)

    def hear(self) -> float | None:
        """Take what has come; the seconds from the request on if that was all."""
        found = self.connection.recv(1_048_576)
        assert found, "the server has closed the connection"
        if self._left:
            self._left -= len(found)
        else:
            self._head += found
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return None
            status, _, length = head.lower().partition(b"\r\ncontent-length:")
            assert status.startswith(b"http/1.1 200"), head
            self._left = int(length.partition(b"\r\n")[0]) - len(body)
        return None if self._left else time.perf_counter() - self._started


def _cpu(pid: int) -> float:
    """CPU seconds of a process and of its children."""
    found = _own_cpu(pid)
    with suppress(FileNotFoundError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        found += sum(_cpu(int(child)) for child in text.split())
    return found


def _own_cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _in_process(url: str, shape: Shape, count: int) -> Served:
    """The client alone, as dicts, in CPU of this process."""
    place: dict[str, Any] = {"project": NAMES.project, "environment": NAMES.environment}
    entities = [{"k": number} for number in range(count)]
    times: list[float] = []
    with OnlineStore.from_url(url, **place) as store:
        store.get_many(shape.service, entities)
        cpu, end = time.process_time(), time.perf_counter() + SECONDS
        while (started := time.perf_counter()) < end:
            store.get_many(shape.service, entities).to_dicts()
            times.append((time.perf_counter() - started) * 1e3)
        cpu = time.process_time() - cpu
    return Served(
        asked=f"{count} of {shape}",
        clients=0,
        name="the client, in the process",
        rate=len(times) / SECONDS,
        p50=median(times),
        p99=quantiles(times, n=100)[98],
        cpu=cpu / len(times) * 1e3,
        ratio=None,
    )


@contextmanager
def _ours(url: str) -> Iterator[tuple[int, int]]:
    port = _free_port()
    command = [str(BIN / "feature-warehouse"), "serve", "--port", str(port)]
    command += ["--project", NAMES.project, "--environment", NAMES.environment]
    with _running([*command, "--drain", "0"], port, {"REDIS_URL": url}) as pid:
        yield port, pid


@contextmanager
def _feast(folder: Path, redis_port: int, columns: Any) -> Iterator[tuple[int, int]]:
    # Its import takes seconds.
    from benchmarks.feast_reading import FeastReader

    FeastReader(folder, redis_port, columns)
    (folder / "feature_store.yaml").write_text(SETTINGS.format(folder=folder, port=redis_port))
    port = _free_port()
    command = [str(BIN / "feast"), "--chdir", str(folder), "serve", "--port", str(port)]
    # It would start its worker anew after every thousand requests, which takes it seconds.
    command += ["--no-access-log", "--max-requests", "0", "--max-requests-jitter", "0"]
    with _running(command, port, {}) as pid:
        yield port, pid


@contextmanager
def _running(command: Sequence[str], port: int, env: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen(
        command,
        env=os.environ | env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        address = f"http://127.0.0.1:{port}/health"
        _until(lambda: process.poll() is not None or _answers(address))
        assert process.poll() is None, f"{command} has ended"
        yield process.pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _answers(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(address):  # noqa: S310 - of this machine
        return True
    return False


def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
