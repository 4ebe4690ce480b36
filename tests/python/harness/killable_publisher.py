"""Publishers in processes of their own, which can be stopped or killed at any command."""

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from redis.connection import AbstractConnection

from feature_warehouse import OnlineStore
from feature_warehouse.engines.profile import Profile
from feature_warehouse.publishing import locks
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.redis_store.connection import connect
from harness.mini import NAMES, NOW, Mini
from harness.publishers import (
    PAIRS,
    assert_equal,
    assert_served,
    keys_for,
    keys_of,
    pointer_of,
    profile_of,
    run_one,
)

COUNT = 2_000
PATIENCE = 600.0
_PROCESSES = multiprocessing.get_context("forkserver")
# A child is forked from a process that has imported all this and opened nothing.
_PROCESSES.set_forkserver_preload(
    [
        "dbt.adapters.duckdb.environments",
        "dbt.config.runtime",
        "feature_warehouse.publishing.materialize",
        "feature_warehouse.serving.client",
        "feature_warehouse.publishing.verify",
        "feature_warehouse.engines.duckdb",
        "feature_warehouse.engines.profile",
        "pyarrow.compute",
        "pytest",
        "typer",
    ]
)


class Halt(NamedTuple):
    """The signal that a publisher sends itself before its command of this number, if it does."""

    command: int | None = None
    signal: int = signal.SIGKILL
    lock_seconds: float = 15


NEVER = Halt()


def _child(
    mini: Mini,
    url: str,
    clock: datetime,
    profile: Profile,
    options: dict[str, Any],
    halt: Halt,
    answers: Any,
) -> None:
    sent = 0
    send: Any = AbstractConnection.send_packed_command

    def counted(self: Any, *arguments: Any, **named: Any) -> Any:
        nonlocal sent
        sent += 1
        if sent - 1 == halt.command:
            os.kill(os.getpid(), halt.signal)
        return send(self, *arguments, **named)

    vars(locks)["_LOCK_SECONDS"] = halt.lock_seconds
    with connect(url) as client:
        answers.send("begins")
        # Of this process, which is forked for one run and then gone; types forbid to assign to it.
        AbstractConnection.send_packed_command = counted  # type: ignore[method-assign]
        result = run_one(mini, client, clock, profile=profile, **options)
    answers.send((result.status, result.mode, result.exit_code, sent))


class Site:
    """A warehouse that goes from state to state, and a run of one kind that publishes it."""

    def __init__(self, folder: Path, url: str, mode: str) -> None:
        self.mini, self.url, self.mode = Mini(folder), url, mode
        self.profile = profile_of(self.mini)
        self.state = 0
        self.kills = 0
        block: dict[str, Any] = {"created_timestamp": "loaded"} if mode == "incremental" else {}
        columns = {**PAIRS, "loaded": "timestamp"} if block else PAIRS
        loaded = ", ts as loaded" if block else ""
        self.mini.view(
            "pairs",
            columns,
            f"select i as id, {self._ts} as ts, 0::bigint as a, '0' as b{loaded}"
            f" from range({COUNT}) t(i)",
            **block,
        )

    @property
    def now(self) -> datetime:
        return NOW + timedelta(minutes=self.state)

    @property
    def _ts(self) -> str:
        return f"timestamp '{self.now.replace(tzinfo=None)}'"

    @property
    def options(self) -> dict[str, Any]:
        return {"full_refresh": True} if self.mode == "full" else {}

    def advance(self) -> None:
        """Another value for every entity."""
        self.state += 1
        self.mini.built = self.now
        if self.mode == "incremental":
            self.mini.execute(
                f"insert into pairs select i, {self._ts}, {self.state}, '{self.state}', {self._ts}"
                f" from range({COUNT}) t(i)"
            )
        else:
            self.mini.execute(f"update pairs set a = {self.state}, b = '{self.state}'")

    def here(self, client: Any, **options: Any) -> ViewResult:
        """A run of this process."""
        options = {"rollback_grace": 0, **self.options, **options}
        return run_one(self.mini, client, self.now, profile=self.profile, **options)

    def publish(self, client: Any) -> None:
        """Undisturbed, by this process; afterwards everything is as if nothing had happened."""
        client.delete(NAMES.lock("pairs"))  # as its expiry would
        result = self.here(client)
        assert result.status == "success", result
        # After a run that was cut off, all is compared.
        assert result.mode in {self.mode, "compare"} or self.state == 0, result
        self.assert_settled(client)

    def assert_settled(self, client: Any) -> None:
        assert_equal(self.mini, client)
        with OnlineStore(client) as store:
            assert_served(store, COUNT, self.state)
        number = pointer_of(client).version
        assert isinstance(number, int)
        assert keys_of(client) == keys_for("pairs", [number], range(COUNT))

    @contextlib.contextmanager
    def run(self, halt: Halt = NEVER, **options: Any) -> Iterator[tuple[Any, Any]]:
        """A process that publishes, and the pipe by which it tells how it goes."""
        mine, its = _PROCESSES.Pipe()
        options = {**self.options, **options}
        arguments = (self.mini, self.url, self.now, self.profile, options, halt, its)
        process = _PROCESSES.Process(target=_child, args=arguments)
        process.start()
        its.close()
        try:
            assert mine.poll(PATIENCE), "the publisher did not begin"
            assert mine.recv() == "begins"
            yield process, mine
        finally:
            process.kill()
            process.join()
            mine.close()

    def killed_after(self, seconds: float) -> None:
        with self.run() as (process, answers):
            answers.poll(seconds)
            process.kill()
            process.join()
            self.kills += process.exitcode == -signal.SIGKILL

    def killed_at(self, command: int) -> bool:
        """False if the run had come to its end before that command."""
        with self.run(Halt(command)) as (process, _):
            process.join(PATIENCE)
            assert process.exitcode in (0, -signal.SIGKILL)
            return bool(process.exitcode)

    def undisturbed(self) -> tuple[float, int]:
        """How many seconds a run of another process takes, and how many commands it sends."""
        with self.run() as (_, answers):
            started = time.perf_counter()
            assert answers.poll(PATIENCE)
            status, mode, _, commands = answers.recv()
            assert (status, mode) == ("success", self.mode)
            return time.perf_counter() - started, commands
