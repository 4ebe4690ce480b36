"""Runs one server process and ends it when the process that asked for it is gone.

Started by :mod:`feature_warehouse.dev.servers` as a script of its own, with the standard library
only. Standard input is the leash: first comes one line of JSON, the :class:`Job`; a byte after it
or the end of the stream ends the server. A parent that is killed closes the stream too, so no
signal handler, exit hook or death signal is needed, and the temporary data goes away as well.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TypedDict

STOP_SECONDS = 30.0


class Job(TypedDict):
    """What to run, as whom, and what to remove in the end."""

    command: list[str]
    stdin: str
    """Written to the server's standard input, which is then closed."""
    log: str
    """File that the server's output is appended to."""
    user: int | None
    group: int | None
    stop_signal: int
    """Number of the signal that makes the server shut down in order."""
    remove: list[str]
    """Folders to remove after the leash was let go, but not when the server ends by itself."""


def main() -> None:
    """Serve one job: print the server's process id, or why it could not be started, and wait."""
    os.umask(0o077)
    # Unbuffered, so that nothing of the leash is swallowed together with the first line.
    with open(0, "rb", buffering=0, closefd=False) as leash:
        line = leash.readline()
    if line:
        _serve(json.loads(line))


def _serve(job: Job) -> None:
    try:
        server = _spawn(job)
    except OSError as error:
        _report(f"error: {error}")
        return
    _report(str(server.pid))
    let_go = threading.Event()
    threading.Thread(target=_hold, args=(server, job, let_go), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: server.send_signal(job["stop_signal"]))
    server.communicate(os.fsencode(job["stdin"]))
    if let_go.is_set():
        for folder in job["remove"]:
            shutil.rmtree(folder, ignore_errors=True)


def _spawn(job: Job) -> "subprocess.Popen[bytes]":
    with Path(job["log"]).open("ab") as log:
        return subprocess.Popen(
            job["command"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            user=job["user"],
            group=job["group"],
            extra_groups=None if job["user"] is None else [],
        )


def _report(message: str) -> None:
    # The parent may be gone already; then the leash has been let go, and that is enough.
    with contextlib.suppress(OSError):
        sys.stdout.write(message + "\n")
        sys.stdout.flush()


def _hold(server: "subprocess.Popen[bytes]", job: Job, let_go: threading.Event) -> None:
    os.read(0, 1)
    let_go.set()
    server.send_signal(job["stop_signal"])
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    main()
