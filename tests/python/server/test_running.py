"""The server as a process: signals, workers, TLS, and a Redis that hangs."""

import json
import os
import resource
import signal
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import redis

from feature_warehouse.dev.servers import local_valkey
from harness.command_line import in_process, one_line
from harness.redis_fixture import shelve_scores
from harness.redis_servers import Certificates, certificates, eventually
from harness.support import clear_environment
from server.running import (
    BODY,
    HEAD,
    Client,
    Running,
    ask,
    running,
    statuses,
    talking,
    until_the_end,
)

__all__ = ["certificates"]

DRAIN = ("--drain", "1")


@pytest.fixture(params=[1, 2], ids=["one worker", "two workers"])
def server(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Iterator[Running]:
    workers = ("--workers", str(request.param))
    with running(url, tmp_path / "log", *DRAIN, *workers, "--request-log") as found:
        yield found


def test_no_request_is_lost_when_it_stops(server: Running, client: Any, tmp_path: Path) -> None:
    clients = [Client(server) for _ in range(4)]
    for one in clients:
        one.start()
    eventually(lambda: all(one.answered > 20 for one in clients), "answers")
    assert server.stop() == 0
    for one in clients:
        one.join(60)
    assert [one.fault for one in clients] == [None] * 4
    # All that was answered is in the log of requests.
    answered = sum(one.answered for one in clients)
    counts = client.hgetall("mini.dev:!requests:{mini.dev:risk}!counts")
    assert int(counts[b"written"]) == answered
    assert (tmp_path / "log").read_text() == ""


def test_what_it_says_while_it_stops(url: str, tmp_path: Path) -> None:
    with running(url, tmp_path / "log", "--drain", "60") as server:
        kept = server.connect()
        kept.request("GET", "/ready")
        response = kept.getresponse()
        assert (response.status, response.getheader("connection")) == (200, None)
        response.read()
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: server.get("/ready")[0] == 503, "a server that is not ready")
        kept.request("POST", "/v1/services/risk", BODY)
        response = kept.getresponse()
        assert (response.status, response.getheader("connection")) == (200, "close")
        kept.close()
        assert server.get("/health")[0] == 200
        # The second signal does not wait.
        assert server.stop(signal.SIGINT) == 0


def test_a_second_signal_stops_all_workers(url: str, tmp_path: Path) -> None:
    arguments = ("--drain", "600", "--max-seconds", "60", "--workers", "2")
    with running(url, tmp_path / "log", *arguments) as server:
        with talking(server) as held:
            held.sendall(HEAD.replace(b"90", b"%d" % len(BODY)) + b"\r\n")
            under_way = b"\nfeature_warehouse_server_requests_under_way 2.0\n"
            eventually(lambda: under_way in server.get("/metrics")[1], "a request under way")
            server.process.send_signal(signal.SIGTERM)
            eventually(lambda: server.get("/ready")[0] == 503, "a server that is not ready")
            server.process.send_signal(signal.SIGINT)
            # Though a worker has still to answer, nobody is let in to wait.
            eventually(lambda: is_refused(server), "a server that does not listen")
            held.sendall(BODY.encode())
            assert statuses(until_the_end(held)) == [200]
        assert server.process.wait(60) == 0


def test_a_worker_that_is_killed_is_replaced(url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(url, log, *DRAIN, "--workers", "2") as server:
        eventually(lambda: len(children(server.process.pid)) == 2, "two workers")
        for _ in range(10):
            assert server.get("/ready")[0] == 200
        before = children(server.process.pid)
        os.kill(before[0], signal.SIGKILL)
        eventually(lambda: set(children(server.process.pid)) - set(before), "another worker")
        # Each worker answers for all: nothing that was counted is lost with one of them.
        eventually(
            lambda: b'{name="",path="/ready",status="200"} 10.0' in server.get("/metrics")[1],
            "the counts of all workers",
        )
        workers = children(server.process.pid)
        server.process.kill()
        eventually(lambda: not any(map(is_alive, workers)), "workers that end with their parent")
    assert f"worker {before[0]} ended with -9" in log.read_text()


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return list(map(int, text.split()))


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_redis_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clear_environment(monkeypatch)
    with local_valkey() as valkey:
        with redis.Redis.from_url(valkey.url) as client:
            shelve_scores(client)
        with running(f"{valkey.url}?socket_timeout=0.2", tmp_path / "log") as server:
            assert ask(server) == 200
            os.kill(valkey.pid, signal.SIGSTOP)
            try:
                with ThreadPoolExecutor(8) as pool:
                    assert set(pool.map(ask, [server] * 8)) == {503}
                assert server.get("/health")[0] == 200
                assert server.get("/ready")[0] == 503
            finally:
                os.kill(valkey.pid, signal.SIGCONT)
            eventually(lambda: ask(server) == 200, "an answer")
            assert server.get("/ready")[0] == 200
        # What was begun before a signal is answered after it.
        with (
            running(
                f"{valkey.url}?socket_timeout=60", tmp_path / "log", "--max-seconds", "60"
            ) as server,
            ThreadPoolExecutor() as pool,
        ):
            assert ask(server) == 200
            os.kill(valkey.pid, signal.SIGSTOP)
            asked = pool.submit(ask, server)
            under_way = b"\nfeature_warehouse_server_requests_under_way 2.0\n"
            eventually(lambda: under_way in server.get("/metrics")[1], "a read under way")
            server.process.send_signal(signal.SIGINT)
            eventually(lambda: is_refused(server), "a server that does not listen")
            os.kill(valkey.pid, signal.SIGCONT)
            assert asked.result(60) == 200
            assert server.process.wait(60) == 0


def is_refused(server: Running) -> bool:
    try:
        talking(server).close()
    except ConnectionRefusedError:
        return True
    return False


def test_tokens_and_tls(url: str, tmp_path: Path, certificates: Certificates) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"sha256:{sha256(b'let me in, please').hexdigest()} risk\n")
    pems = ("--tls-certificate", certificates.certificate, "--tls-key", certificates.key)
    more = ("--tokens", tokens, "--host", "0.0.0.0", "--max-seconds", "2")  # noqa: S104
    arguments = map(str, (*pems, *more))
    with running(url, tmp_path / "log", *arguments) as server:
        assert server.address.startswith("https://0.0.0.0:")
        context = ssl.create_default_context(cafile=certificates.ca)
        request = urllib.request.Request(
            f"https://127.0.0.1:{server.port}/v1/services/risk",
            BODY.encode(),
            {"authorization": "Bearer let me in, please", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, context=context) as response:  # noqa: S310
            assert json.load(response)["statuses"] == [
                {"scores_score": "found", "names_name": "found"}
            ]
        # Who speaks no TLS is not heard.
        some = talking(server)
        some.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"HTTP" not in until_the_end(some)
        # Nor is who says nothing waited for.
        assert until_the_end(talking(server)) == b""
        assert server.stop(signal.SIGINT) == 0


def test_what_cannot_be_served(
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clear_environment(monkeypatch)
    fw = in_process(monkeypatch, capsys, "serve", "--port", "0")
    one_line(fw(), 2, "no Redis address is given")
    monkeypatch.setenv("REDIS_URL", url)
    one_line(fw("--host", "0.0.0.0"), 2, "without tokens")  # noqa: S104
    one_line(fw("--tokens", tmp_path / "none"), 2, "cannot be read")
    one_line(fw("--tls-key", "x"), 2, "--tls-certificate")
    one_line(fw("--tls-key", "x", "--tls-certificate", "y"), 2, "TLS cannot be set up")
    one_line(fw("--workers", "2", "--redis-url", "http://x"), 2, "not a Redis URL")
    one_line(fw("--request-log-to", ""), 2, "the request log goes to an address such as")
    one_line(fw("--workers", "2", "--request-log-to", "s3://x"), 2, "or name a folder")
    with monkeypatch.context() as patch:
        patch.setattr(resource, "getrlimit", lambda _: (256, 256))
        one_line(fw(), 2, "the system allows 256 open files, and a server needs more than 256")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        one_line(
            fw("--port", port), 2, f"cannot listen at 127.0.0.1:{port}: Address already in use"
        )
