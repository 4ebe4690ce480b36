"""Time and peak memory of a block of code."""

import resource
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

__all__ = ["Clock", "ServerMemory"]

POLL_SECONDS = 0.02


class Clock:
    """Times a ``with`` block, and notes at its end the peak memory of this process so far."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.peak = 0
        self._started = 0.0

    def __enter__(self) -> "Clock":
        self._started = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.seconds = time.perf_counter() - self._started
        self.peak = _peak_bytes()


class ServerMemory:
    """Watches the private memory of all processes of a PostgreSQL server during a ``with`` block.

    Shared buffers are not in it. Where there is no /proc, the peak stays 0.
    """

    def __init__(self, postmaster: int) -> None:
        self.peak = 0
        self._children = Path(f"/proc/{postmaster}/task/{postmaster}/children")
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "ServerMemory":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while self._children.exists() and not self._done.wait(POLL_SECONDS):
            processes = self._children.read_text(encoding="ascii").split()
            self.peak = max(self.peak, sum(map(_private_bytes, processes)))


def _peak_bytes() -> int:
    # Linux hands the parent's ru_maxrss down to a child, and VmHWM not.
    unit = 1 if sys.platform == "darwin" else 1024
    maximum = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return _status_bytes("self", "VmHWM") or maximum


def _private_bytes(process: str) -> int:
    return _status_bytes(process, "RssAnon")


def _status_bytes(process: str, name: str) -> int:
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    numbers = [line.split()[1] for line in status.splitlines() if line.startswith(f"{name}:")]
    return int(numbers[0]) * 1024 if numbers else 0
