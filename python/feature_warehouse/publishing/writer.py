"""Rows into Redis, many at a time, each one whole and only if it is newer (rule 6, docs/rules.md).

Commands go out packed on the connections themselves, several ahead of the answers. To send a row
twice does no harm, so whatever is not confirmed when a connection fails is simply sent again.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, Self

import redis
from hiredis import pack_command
from redis.exceptions import (
    AskError,
    AuthorizationError,
    ClusterDownError,
    MovedError,
    NoScriptError,
    ReadOnlyError,
    TryAgainError,
)

from feature_warehouse.errors import UnreachableError
from feature_warehouse.publishing.locks import Lock
from feature_warehouse.redis_store import cluster, replicas
from feature_warehouse.redis_store.connection import is_cluster

__all__ = ["WRITE_NEWER", "WRITE_NEWER_IN_CLUSTER", "RestartedError", "RowWriter", "Rows"]

# KEYS: rows, and on a single server the lock. ARGV: all values, then all expiries in ms if there
# are any, then our token or, in a cluster, the end of the lock in ms (see ``locks``). Returns how
# many were [new, newer than what was there, the same but for the run, older].
# Versions are compared as numbers of 32 bits: exact as doubles, and free of the server's locale.
# Bytes of a row (see ``codec.rows``): 1 to 16 event and created, 17 to 20 run, 21 to 24 schema,
# then the features; the last four are the checksum. Fewer than a header's 24 are no row.
_LOCK_IS_OURS: Final = """
local rows = #KEYS - 1
local held = redis.pcall('GET', KEYS[#KEYS]) == ARGV[#ARGV]
"""
_IT_IS_TIME: Final = """
local rows = #KEYS
local now = redis.call('TIME')
local held = now[1] * 1000 + math.floor(now[2] / 1000) < tonumber(ARGV[#ARGV])
"""
_WRITE: Final = """
if not held then return redis.error_reply('LAPSED the lock is not ours') end
local function outcome(new, old)
    if not old or #old < 24 then return 1 end
    if new:sub(1, 16) == old:sub(1, 16) and new:sub(21, -5) == old:sub(21, -5) then return 3 end
    local n = {struct.unpack('>I4I4I4I4I4', new)}
    local o = {struct.unpack('>I4I4I4I4I4', old)}
    for i = 1, 5 do
        if n[i] > o[i] then return 2 elseif n[i] < o[i] then return 4 end
    end
    return 4
end
local function stored(key)
    local found = redis.pcall('GET', key)
    if type(found) ~= 'table' then return found end
    -- A list, say, is damage, and goes; any other error is raised.
    return found.err:sub(1, 9) ~= 'WRONGTYPE' and redis.call('GET', key)
end
local tally = {0, 0, 0, 0}
for i = 1, rows do
    local key, value, expiry = KEYS[i], ARGV[i], nil
    if #ARGV > rows + 1 then expiry = ARGV[rows + i] end
    local found = outcome(value, stored(key))
    if found < 3 and expiry then
        redis.call('SET', key, value, 'PXAT', expiry)
    elseif found < 3 then
        redis.call('SET', key, value)
    end
    tally[found] = tally[found] + 1
end
return tally
"""
WRITE_NEWER: Final = _LOCK_IS_OURS + _WRITE
WRITE_NEWER_IN_CLUSTER: Final = _IT_IS_TIME + _WRITE

_OUTCOMES: Final = ("new", "newer", "same", "older")
_ROWS_PER_COMMAND: Final = 250
_COMMANDS_AHEAD: Final = 16
_PAUSE: Final = 0.05

# What a moment later may be well: a restart, a failover, slots on the move.
_PASSING: Final = (
    redis.ConnectionError,
    redis.TimeoutError,
    ReadOnlyError,
    NoScriptError,
    AskError,  # MovedError is one
    TryAgainError,
    ClusterDownError,
    redis.RedisClusterException,  # no node answers, or a slot has none
)
_LAPSED: Final = "LAPSED"
_LASTING: Final = (redis.AuthenticationError, AuthorizationError)


class Rows(NamedTuple):
    """Row keys, row values and, where rows may vanish, their expiries in ms since 1970 as text."""

    keys: list[bytes]
    values: list[bytes]
    expiries: list[bytes]

    def cut(self, size: int) -> "Iterator[Rows]":
        for start in range(0, len(self.keys), size):
            yield Rows(*(part[start : start + size] for part in self))

    def at(self, places: list[int]) -> "Rows":
        return Rows(*([part[place] for place in places] if part else [] for part in self))


class RestartedError(UnreachableError):
    """Rows that were confirmed may be lost; to write all of them anew may help."""


class RowWriter:
    """Writes rows until ``finish``, while the lock is ours.

    ``tally`` counts outcomes: new, newer, same, older.
    Where a connection failed, rows may have been counted twice, or as same although they were new:
    then it is ``uncertain``. Raises redis-py's errors when ``patience`` seconds passed without
    progress, RestartedError if other servers answer than at the beginning, LapsedError if the lock
    is no longer ours, UnreachableError if a replica does not confirm.
    """

    def __init__(self, client: Any, lock: Lock, *, patience: float = 30.0) -> None:
        self._client, self._lock, self._patience = client, lock, patience
        self._clustered = is_cluster(client)
        self._connections: dict[str, _Connection] = {}
        self._waiting: deque[Rows] = deque()
        self._processes: set[str] = set()
        self.tally: Counter[str] = Counter()
        self.uncertain = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close_lanes()

    def write(self, rows: Rows) -> None:
        """Send rows; their outcomes are added to ``tally`` later."""
        self._waiting.append(rows)
        self._persist(self._send)

    def finish(self) -> None:
        """Wait until every row is confirmed, by replicas too where there are any."""
        self._persist(self._settle)
        self._persist(self._await_replicas)

    def _persist(self, step: Callable[[], None]) -> None:
        """Take a step; if it fails for a passing reason, anew with all that is unconfirmed."""
        pause, deadline = _PAUSE, time.monotonic() + self._patience
        while True:
            confirmed = self.tally.total()
            try:
                return step()
            except _PASSING as error:
                if self.tally.total() > confirmed:
                    pause, deadline = _PAUSE, time.monotonic() + self._patience
                if isinstance(error, _LASTING) or time.monotonic() > deadline:
                    raise
            except redis.ResponseError as error:
                if not str(error).startswith(_LAPSED):
                    raise
                self._lock.confirm()  # in a cluster we may just have been slow
                if time.monotonic() > deadline:
                    raise UnreachableError(
                        "the clocks of the Redis Cluster's servers differ too much; synchronize"
                        " them"
                    ) from None
            self.uncertain = True
            for connection in self._connections.values():
                self._waiting.extend(connection.unconfirmed)
            self._close_lanes()
            time.sleep(pause)
            pause = min(2 * pause, 2.0)

    def _close_lanes(self) -> None:
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _send(self) -> None:
        if not self._connections:
            self._recognise_servers()
        while self._waiting:
            for connection, share in self._shares(self._waiting[0]):
                for part in share.cut(_ROWS_PER_COMMAND):
                    connection.send(part)
                    while len(connection.unconfirmed) > _COMMANDS_AHEAD:
                        self._confirm(connection)
            self._waiting.popleft()

    def _settle(self) -> None:
        self._send()
        for connection in self._connections.values():
            while connection.unconfirmed:
                self._confirm(connection)

    def _recognise_servers(self) -> None:
        """A restart or a failover may have lost rows that were confirmed."""
        found = cluster.processes(self._client)
        if self._processes and found != self._processes:
            raise RestartedError(
                "Redis was restarted, or failed over, while rows were written; run again"
            )
        self._processes = found

    def _await_replicas(self) -> None:
        """Until all replicas have what was written."""
        replicas.await_all(
            self._client, [connection.hurry_replicas for connection in self._connections.values()]
        )
        self._recognise_servers()

    def _confirm(self, connection: "_Connection") -> None:
        answers, elsewhere = connection.receive()
        # Rows of a slot that is just moving: redis-py knows the way.
        answers += [
            self._client.eval(
                WRITE_NEWER_IN_CLUSTER, 1, *row.keys, *row.values, *row.expiries, self._lock.guard
            )
            for row in elsewhere
        ]
        connection.unconfirmed.popleft()
        for answer in answers:
            self.tally.update(dict(zip(_OUTCOMES, answer, strict=True)))

    def _shares(self, rows: Rows) -> "Iterator[tuple[_Connection, Rows]]":
        if not self._clustered:
            yield self._connection(self._client, ""), rows
            return
        places: dict[str, list[int]] = {}
        servers: dict[str, Any] = {}
        for place, key in enumerate(rows.keys):
            node = self._client.get_node_from_key(key)
            places.setdefault(node.name, []).append(place)
            servers[node.name] = node
        for name, its_places in places.items():
            server = self._client.get_redis_connection(servers[name])
            yield self._connection(server, name), rows.at(its_places)

    def _connection(self, server: Any, name: str) -> "_Connection":
        if name not in self._connections:
            self._connections[name] = _Connection(server, self._lock, clustered=self._clustered)
        return self._connections[name]


class _Connection:
    """A connection to one server, and the rows it has not confirmed yet."""

    def __init__(self, server: Any, lock: Lock, *, clustered: bool) -> None:
        self._server, self._lock, self._clustered = server, lock, clustered
        self._pool = server.connection_pool
        self._script = server.script_load(WRITE_NEWER_IN_CLUSTER if clustered else WRITE_NEWER)
        self._connection = self._pool.get_connection()
        self.unconfirmed: deque[Rows] = deque()

    def send(self, rows: Rows) -> None:
        self.unconfirmed.append(rows)
        # hiredis at once: redis-py would look at the type of each of these bytes first.
        lock, guard = self._lock.keys, self._lock.guard
        packed = []
        for part in self._commands(rows):
            keys = (*part.keys, *lock)
            arguments = (*part.values, *part.expiries, guard)
            packed.append(pack_command((b"EVALSHA", self._script, len(keys), *keys, *arguments)))
        self._connection.send_packed_command(packed)

    def receive(self) -> tuple[list[list[int]], list[Rows]]:
        """The outcomes of the rows that were sent first, and those that belong elsewhere now."""
        answers: list[list[int]] = []
        elsewhere: list[Rows] = []
        for rows in self._commands(self.unconfirmed[0]):
            try:
                answers.append(self._connection.read_response())
            except AskError as error:
                if isinstance(error, MovedError):
                    raise
                elsewhere.append(rows)
        return answers, elsewhere

    def _commands(self, rows: Rows) -> Iterator[Rows]:
        return rows.cut(1 if self._clustered else len(rows.keys))

    def hurry_replicas(self) -> None:
        """Makes them report now what they have, and not within a second."""
        if wanted := replicas.count(self._server):
            self._connection.send_command("WAIT", wanted, 1000)
            self._connection.read_response()

    def close(self) -> None:
        # An answer may still be on its way.
        self._connection.disconnect()
        self._pool.release(self._connection)
