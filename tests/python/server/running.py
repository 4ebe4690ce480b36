"""``feature-warehouse serve`` as a process, and clients that count what they got."""

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.redis_fixture import NAMES
from harness.support import BIN

BODY = json.dumps({"entities": [{"id": 1}]})
HEAD = b"POST /v1/services/risk HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90\r\n"


class Running:
    """A server that listens."""

    def __init__(self, process: "subprocess.Popen[str]", address: str) -> None:
        self.process, self.address = process, address
        self.port = urlsplit(address).port or 0

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def get(self, path: str) -> tuple[int, bytes]:
        connection = self.connect()
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def running(url: str, log: Path, *arguments: str, files: int | None = None) -> Iterator[Running]:
    """The address is on the first line of its output; the log has the rest.

    ``files`` are those that it may have open at most.
    """
    command = [str(BIN / "feature-warehouse"), "serve", "--port", "0", *arguments]
    if files is not None:
        command = ["sh", "-c", f'ulimit -n {files} && exec "$0" "$@"', *command]
    place = {"FEATURE_WAREHOUSE_PROJECT": NAMES.project}
    place |= {"FEATURE_WAREHOUSE_ENVIRONMENT": NAMES.environment, "REDIS_URL": url}
    with log.open("w") as errors:
        process = subprocess.Popen(
            command,
            env=os.environ | place,
            cwd=log.parent,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("serving at http"), log.read_text()
        yield Running(process, line.split()[-1])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Client(threading.Thread):
    """Asks on one connection, again and again, until the server closes it."""

    def __init__(self, server: Running) -> None:
        super().__init__(daemon=True)
        self._connection = server.connect()
        self.answered = 0
        self.fault: Any = None

    def run(self) -> None:
        headers = {"content-type": "application/json"}
        try:
            while True:
                self._connection.request("POST", "/v1/services/risk", BODY, headers)
                response = self._connection.getresponse()
                values = json.loads(response.read())["values"]
                assert values == [{"scores_score": 0.5, "names_name": "n1"}]
                self.answered += 1
                if response.getheader("connection") == "close":
                    return
        except Exception as error:
            self.fault = error
        finally:
            self._connection.close()


def talking(server: Running) -> socket.socket:
    """A connection on which bytes are sent as they are."""
    return socket.create_connection(("127.0.0.1", server.port))


def ask(server: Running) -> int:
    """The status of one read on a connection of its own."""
    connection = server.connect()
    connection.request("POST", "/v1/services/risk", BODY)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def until_the_end(some: socket.socket) -> bytes:
    """All that still comes on a connection."""
    some.settimeout(60)
    found = b""
    try:
        while piece := some.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    some.close()
    return found


def statuses(answers: bytes) -> list[int]:
    return [int(each[:3]) for each in answers.split(b"HTTP/1.1 ")[1:]]
