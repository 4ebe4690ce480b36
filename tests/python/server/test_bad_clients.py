"""Clients that mean no good, and more of them than there are files."""

import errno
import json
import resource
import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse.server import workers
from feature_warehouse.server.settings import Settings
from harness.redis_fixture import HOUR, Shelf
from harness.redis_servers import eventually
from server.running import BODY, HEAD, Running, ask, running, statuses, talking, until_the_end

HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
CHUNKED = HEAD.replace(b"Content-Length: 90", b"Transfer-Encoding: chunked") + b"\r\n"


def test_clients_that_mean_no_good(url: str, client: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    shelf = Shelf(client)
    shelf.view("texts", {"text": "string"}, {1: (HOUR, ["x" * 1_000_000])})
    shelf.flip("texts", 1)
    with running(url, log, "--max-seconds", "0.5", "--max-connections", "12") as server:
        assert_the_slow_are_closed(server)
        assert_garbage_is_refused(server)
        assert_heads_have_an_end(server)
        assert_no_body_is_a_request(server)
        # Twenty megabytes of an answer that nobody takes.
        body = json.dumps({"entities": [{"id": 1}] * 20}).encode()
        with talking(server) as some:
            some.sendall(HEAD.replace(b"risk", b"texts").replace(b"90", b"%d" % len(body)))
            some.sendall(b"\r\n" + body)
            eventually(lambda: is_reset(some), "the end of the connection")
        with ExitStack() as many:
            for _ in range(12):
                many.enter_context(talking(server))
            assert server.get("/health")[0] == 200
            status, body = server.get("/v1/services")
            assert (status, json.loads(body)["code"]) == (503, "busy")
            for _ in range(64):
                many.enter_context(talking(server))
            # Who comes now is not even asked what it wants.
            with talking(server) as some:
                assert b'"code":"busy"' in some.recv(1000)
        eventually(lambda: ask(server) == 200, "room")
        counts = server.get("/metrics")[1]
        for refused in (400, 431, 503):
            assert b'{name="",path="other",status="%d"}' % refused in counts
        assert server.stop(signal.SIGINT) == 0
    # None of them has something to say in the log.
    assert log.read_text() == ""


def test_no_more_connections_than_files(url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(url, log, files=260) as server, ExitStack() as many:
        assert log.read_text() == (
            "feature-warehouse: the system allows 260 open files, so a worker takes 4 connections,"
            " not 1000; raise the limit (ulimit -n) for more\n"
        )
        for _ in range(3):
            many.enter_context(talking(server))
        eventually(lambda: ask(server) == 200, "an answer")
        many.enter_context(talking(server))
        eventually(lambda: ask(server) == 503, "a refusal")


LIMITS: dict[tuple[int, int], tuple[int, int | None]] = {
    (1024, 1024): (768, None),
    (1024, 4096): (1000, 1256),
    (256, resource.RLIM_INFINITY): (1000, 1256),
    (resource.RLIM_INFINITY, resource.RLIM_INFINITY): (1000, None),
    (100, 257): (1, 257),
}
"""By the soft and the hard limit of files: the connections, and the soft limit that is set."""


@pytest.mark.parametrize("found", LIMITS)
def test_limits_of_files(found: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    changes: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: found)
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: changes.append(pair))
    connections, soft = LIMITS[found]
    assert workers._fitting(Settings("redis://any")).limits.connections == connections
    assert changes == ([] if soft is None else [(soft, found[1])])


def assert_the_slow_are_closed(server: Running) -> None:
    slow = {
        "nothing": b"",
        "half a line": b"POST /v1",
        "half of the headers": HEAD,
        "half a body": HEAD + b'\r\n{"entities":',
    }
    sockets = {name: talking(server) for name in slow}
    for name, some in sockets.items():
        some.sendall(slow[name])
    ends = {name: until_the_end(some) for name, some in sockets.items()}
    assert ends.pop("half a body").startswith(b"HTTP/1.1 408 ")
    assert ends == {"nothing": b"", "half a line": b"", "half of the headers": b""}
    # A second request on a connection that had a good one.
    for rest in (b"GET", b"POST /v1 HTTP/1.1\r\nHost: "):
        some = talking(server)
        some.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        found = b""
        while not found.endswith(b"}"):
            found += some.recv(1000)
        some.sendall(rest)
        assert until_the_end(some) == b""


def assert_garbage_is_refused(server: Running) -> None:
    garbage = {
        b"\x16\x03\x01\x02\x00\x01": b"HTTP/1.1 400",
        b"GET / HTTP/1.1\r\n\x00: x\r\n\r\n": b"HTTP/1.1 400",
        HEAD + b"Content-Length: 9\r\n\r\n": b"HTTP/1.1 400",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n": b"HTTP/1.1 400",
        b"\r\n" * 9: b"",
    }
    for sent, answered in garbage.items():
        some = talking(server)
        some.sendall(sent)
        assert until_the_end(some)[:12] == answered, sent
    # Chunks without an end.
    some = talking(server)
    some.sendall(CHUNKED)
    for _ in range(20):
        try:
            some.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except OSError:
            break
    # Nothing, if the connection was reset before the answer was read.
    assert until_the_end(some)[:13] in (b"HTTP/1.1 413 ", b"")


def assert_heads_have_an_end(server: Running) -> None:
    beginnings = {
        "a header": b"GET /health HTTP/1.1\r\nX: ",
        "a path": b"GET /health?",
        "headers": b"GET /health HTTP/1.1\r\n" + b"a: b\r\n" * 20_000,
        "a trailer": CHUNKED + b"0\r\nX: ",
    }
    for what, beginning in beginnings.items():
        some = talking(server)
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            some.sendall(beginning + b"x" * 32_000_000)
        # Nothing, if the connection was reset before the answer was read.
        assert until_the_end(some)[:13] in (b"HTTP/1.1 431 ", b""), what
    # One that is whole.
    some = talking(server)
    some.sendall(b"GET /health HTTP/1.1\r\nX: " + b"x" * 66_000 + b"\r\n\r\n")
    assert b'"code":"headers"' in until_the_end(some)


def assert_no_body_is_a_request(server: Running) -> None:
    hidden = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
    for body, status in ((BODY.encode(), 200), (hidden, 400)):
        head = HEAD.replace(b"90", b"%d" % len(body)) + upgrade + b"\r\n"
        for pieces in (
            [head + body + HEALTH],
            [head, body + HEALTH],
            [head[:-9], head[-9:] + body, HEALTH],
        ):
            some = talking(server)
            for piece in pieces:
                some.sendall(piece)
            assert statuses(until_the_end(some)) == [status, 200]
    some = talking(server)
    some.sendall(b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n" + HEALTH)
    assert statuses(until_the_end(some)) == [400]


def is_reset(some: socket.socket) -> bool:
    return some.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET
