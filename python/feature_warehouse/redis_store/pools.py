"""Connections that never give a reply to another command, and pools that wait and do not fill up.

A read may be cut off at any instant: by a signal handler, a timeout, a cancelled task. redis-py
then gives the connection back with the reply still to come, and the next command gets it. A
connection of ours counts the replies it has to read. As long as there is one, or the handshake is
not over, it says that it has to connect again; pools ask for that before they keep it.

Whoever is cut off may also never give a connection back. So a pool does not hold on to what it has
lent: a connection that nobody has any more makes room for another.
"""

import asyncio
import gc
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from queue import Empty, SimpleQueue
from types import SimpleNamespace
from typing import Any, Final
from weakref import WeakSet

import redis
import redis.asyncio
from redis._defaults import DEFAULT_SOCKET_TIMEOUT
from redis.asyncio.sentinel import SentinelConnectionPool as _AsyncSentinelPool
from redis.exceptions import MaxConnectionsError
from redis.sentinel import SentinelConnectionPool as _SentinelPool

__all__ = ["AsyncPool", "AsyncSentinelPool", "Pool", "SentinelPool", "guarded", "guarded_async"]

_GLANCE: Final = 0.05
"""After so many seconds a waiting thread looks by itself, should nobody have woken it."""

_LOST: Final = 0.2
"""After so many seconds without any coming back, connections may have been lost."""


class _Packed(list[bytes]):
    """Packed commands, and how many replies they will get."""

    replies = 1


def _replies(packed: Any) -> int:
    """Whoever packs commands without us puts each of them into a list."""
    if isinstance(packed, _Packed):
        return packed.replies
    return len(packed) if isinstance(packed, list) else 1


_Connection: Any = object
"""Stands for redis-py's class of connections, which comes second among the bases."""


class _Packing(_Connection):  # type: ignore[misc]  # as all below: mypy cannot know
    """What sync and async connections have in common."""

    unread = 0
    patience: Any = SimpleNamespace(moves=0)
    """Of those who wait for a connection of this pool: as long as replies come, they wait on."""

    def pack_command(self, *args: Any) -> _Packed:
        return _Packed(super().pack_command(*args))

    def pack_commands(self, commands: Any) -> _Packed:
        commands = list(commands)
        packed = _Packed(super().pack_commands(commands))
        packed.replies = len(commands)
        return packed

    def should_reconnect(self) -> bool:
        return self.unread > 0 or super().should_reconnect()


class _Guarded(_Packing):
    """A connection that counts the replies it has not read."""

    def connect(self) -> None:
        if self.unread:
            self.disconnect()
        super().connect()

    def _connect(self) -> Any:
        self.unread = 1  # until the handshake is over
        return super()._connect()

    def connect_check_health(self, *args: Any, **options: Any) -> None:
        if not self.is_connected:
            super().connect_check_health(*args, **options)
            self.unread = 0

    def disconnect(self, *args: Any, **options: Any) -> None:
        super().disconnect(*args, **options)
        self.unread = 0

    def send_command(self, *args: Any, **options: Any) -> None:
        self.send_packed_command(self.pack_command(*args), options.get("check_health", True))

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        if not self.is_connected:
            self.connect_check_health(check_health=False)
        if check_health:
            self.check_health()
        self.unread += _replies(command)
        super().send_packed_command(command, check_health=False)

    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            reply = super().read_response(*args, **options)
        except redis.ResponseError:
            self.unread -= 1
            raise
        self.unread -= 1
        self.patience.moves += 1
        return reply


class _AsyncGuarded(_Packing):
    """The same of ``redis.asyncio``."""

    async def connect(self) -> None:
        if self.unread:
            await self.disconnect(nowait=True)
        await super().connect()

    async def _connect(self) -> None:
        self.unread = 1
        await super()._connect()

    async def connect_check_health(self, *args: Any, **options: Any) -> None:
        if not self.is_connected:
            await super().connect_check_health(*args, **options)
            self.unread = 0

    async def disconnect(self, *args: Any, **options: Any) -> None:
        await super().disconnect(*args, **options)
        self.unread = 0

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        if not self.is_connected:
            await self.connect_check_health(check_health=False)
        if check_health:
            await self.check_health()
        self.unread += _replies(command)
        if isinstance(command, list) and not self._writer.transport.is_closing():
            # redis-py makes a task to wait in for what is nearly always sent at once.
            self._writer.writelines(command)
            if not self._writer.transport.get_write_buffer_size():
                return
            command = ()
        await super().send_packed_command(command, check_health=False)

    async def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            reply = await super().read_response(*args, **options)
        except redis.ResponseError:
            self.unread -= 1
            raise
        self.unread -= 1
        self.patience.moves += 1
        return reply


@lru_cache
def guarded(base: Any) -> Any:
    """The guarded form of a class of redis-py's connections."""
    return type(f"Guarded{base.__name__}", (_Guarded, base), {})


@lru_cache
def guarded_async(base: Any) -> Any:
    """The same of ``redis.asyncio``."""
    return type(f"Guarded{base.__name__}", (_AsyncGuarded, base), {})


class Pool(redis.ConnectionPool):
    """Lends ``max_connections``, by default 100; then a thread waits until one comes back.

    MaxConnectionsError if none does, and no reply comes, for as long as one may take
    (``socket_timeout``).
    """

    def __init__(self, connection_class: Any = redis.Connection, **options: Any) -> None:
        super().__init__(connection_class=guarded(connection_class), **options)

    def reset(self) -> None:
        super().reset()
        self._in_use_connections: Any = WeakSet()
        self._patience = _Patience(self)
        # Made in C: an exception at any instant leaves no lock behind.
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._waiting: deque[None] = deque()

    def make_connection(self) -> Any:
        if len(self._in_use_connections) >= self.max_connections:
            raise MaxConnectionsError
        connection = self.connection_class(**self.connection_kwargs)
        connection.patience = self._patience
        return connection

    def get_connection(self, *_: Any, **__: Any) -> Any:
        try:
            return self._lend()
        except MaxConnectionsError:
            return self._wait()

    def _lend(self) -> Any:
        connection = super().get_connection()
        self._patience.moves += 1
        return connection

    def _wait(self) -> Any:
        since = self._patience.begin()
        self._waiting.append(None)
        try:
            while True:
                with suppress(Empty):
                    self._wake.get(timeout=_GLANCE)
                with suppress(MaxConnectionsError):
                    return self._lend()
                since = self._patience.go_on(since)
        finally:
            self._waiting.pop()

    def release(self, connection: Any) -> None:
        super().release(connection)
        self._patience.moves += 1
        if self._waiting:
            self._wake.put(None)


class AsyncPool(redis.asyncio.ConnectionPool):
    """The same for the tasks of an event loop."""

    def __init__(self, connection_class: Any = redis.asyncio.Connection, **options: Any) -> None:
        super().__init__(connection_class=guarded_async(connection_class), **options)
        self._in_use_connections: Any = WeakSet()
        self._patience = _Patience(self)
        self._waiting: deque[asyncio.Future[None]] = deque()

    def make_connection(self) -> Any:
        connection = super().make_connection()  # type: ignore[no-untyped-call]  # by redis-py
        connection.patience = self._patience
        return connection

    @property
    def lent(self) -> int:
        """Connections that somebody has now."""
        return len(self._in_use_connections)

    async def get_connection(self, *_: Any, **__: Any) -> Any:
        try:
            return await self._lend()
        except MaxConnectionsError:
            return await self._wait()

    async def _lend(self) -> Any:
        connection = await super().get_connection()  # type: ignore[no-untyped-call]  # by redis-py
        self._patience.moves += 1
        return connection

    async def _wait(self) -> Any:
        since = self._patience.begin()
        queue: Callable[[Any], None] = self._waiting.append
        while True:
            turn = asyncio.get_running_loop().create_future()
            queue(turn)
            await asyncio.wait([turn], timeout=max(self._patience.seconds or 0, _LOST))
            turn.cancel()
            with suppress(MaxConnectionsError):
                return await self._lend()
            since = self._patience.go_on(since)
            queue = self._waiting.appendleft

    async def release(self, connection: Any) -> None:
        try:
            await super().release(connection)
        finally:
            self._patience.moves += 1
            while self._waiting:
                turn = self._waiting.popleft()
                if not turn.done():
                    turn.set_result(None)
                    break


class _Patience:
    """How long those wait whom a pool has no connection for, while nothing happens to any.

    ``moves`` counts connections that go or come back, and replies. A waiter keeps that count and
    when it looked.
    """

    def __init__(self, pool: Any) -> None:
        self._most = pool.max_connections
        self.seconds = pool.connection_kwargs.get("socket_timeout", DEFAULT_SOCKET_TIMEOUT)
        self.moves = 0
        self._collected = (-1, 0.0)

    def begin(self) -> tuple[int, float]:
        return self.moves, time.monotonic()

    def go_on(self, since: tuple[int, float]) -> tuple[int, float]:
        """From when to wait on; MaxConnectionsError if it has taken too long."""
        moves, start = since
        if moves != self.moves:
            return self.begin()
        collected, at = self._collected
        if collected != moves and time.monotonic() - start > _LOST:
            # What was cut off may hang in a circle with its exception.
            gc.collect()
            collected, at = self._collected = self.begin()
        if collected == moves:
            # An event loop that stood still has not looked whether replies came, either.
            start = max(start, at)
        if self.seconds is not None and time.monotonic() - start > self.seconds:
            raise MaxConnectionsError(
                f"all {self._most} connections are in use and none came back within"
                f" {self.seconds:g} s"
            )
        return moves, start


class SentinelPool(_SentinelPool, Pool):
    """Its connections are those to the master that Sentinels name."""


class AsyncSentinelPool(_AsyncSentinelPool, AsyncPool):
    """The same of ``redis.asyncio``."""
