"""The serving clients. They need Redis and nothing else: no dbt, no warehouse, no pandas."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol, Self, TypeVar
from weakref import WeakKeyDictionary

import redis

from feature_warehouse.errors import UsageError
from feature_warehouse.redis_store.connection import (
    ERRORS,
    close,
    close_async,
    connect,
    connect_async,
    from_replicas,
    unreachable,
)
from feature_warehouse.redis_store.steps import ReadSteps
from feature_warehouse.serving.exchange import execute_async, result_of
from feature_warehouse.serving.reader import Reader
from feature_warehouse.serving.reads import ReadLog, RequestIds
from feature_warehouse.serving.vectors import FeatureVector, FeatureVectors, Status

__all__ = ["AsyncOnlineStore", "FeatureVector", "FeatureVectors", "OnlineStore", "Status"]

_Result = TypeVar("_Result")

_TIMEOUTS: Final = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0}


class RequestLog(Protocol):
    """What ``feature_warehouse.RequestLog`` does for a store."""

    def opened(self, url: str, options: Mapping[str, Any]) -> ReadLog:
        """The log of a store at an address; raises UsageError."""


class _Origin(NamedTuple):
    """What ``from_url`` was called with."""

    url: str
    project: str | None
    environment: str | None
    mark_reads: bool
    request_log: RequestLog | None
    options: dict[str, Any]


class OnlineStore:
    """Reads what `feature-warehouse materialize` published.

    One store serves all threads of a process, and its children after a fork. A read is one round
    trip, or two if a row is missing. Descriptions of services and views are kept until their
    pointers in Redis move.

    A Redis user that may only read needs, for the project ``flights`` and the environment
    ``prod``::

        ACL SETUSER reader on >password resetkeys %R~flights.prod:* -@all +mget +exists

    With ``+set %W~flights.prod:!read:*``, readers note, at most once in ten minutes and within a
    read, that a name is in use, which keeps `materialize --prune` from removing it. Without it, or
    on a replica, the server refuses the note and nothing else.

    With ``+smembers %R~flights.prod!names``, errors suggest similar names. With
    ``%R~feature_warehouse:stores``, project and environment may be left out. A database other than
    0 needs ``+select``; a cluster needs ``+get +command +cluster|slots`` instead of ``+mget``;
    Sentinels are asked ``SENTINEL MASTERS``.
    """

    def __init__(
        self,
        client: Any,
        *,
        project: str | None = None,
        environment: str | None = None,
        mark_reads: bool = True,
    ) -> None:
        """``client`` is a ``redis.Redis`` or ``RedisCluster`` that does not decode responses.

        Project (the dbt project's name) and environment (the dbt target) default to
        FEATURE_WAREHOUSE_PROJECT and FEATURE_WAREHOUSE_ENVIRONMENT. Without these, they may be left
        out while only one store on the server fits; otherwise NotPublishedError lists the stores.

        ``mark_reads=False`` leaves no note of what is read. A client that reads from the replicas
        of a cluster leaves none either.

        redis-py's own pools may reuse a connection whose reply was not read; the pools of
        ``from_url`` do not.
        """
        self._client = client
        self._origin: _Origin | None = None
        self._reader = Reader(project, environment, marks=mark_reads and not from_replicas(client))
        # Not if somebody watches or changes commands, or has given it one connection only.
        way = getattr(type(client), "execute_command", None)
        self._bare = way is redis.Redis.execute_command and client.connection is None

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        project: str | None = None,
        environment: str | None = None,
        mark_reads: bool = True,
        request_log: RequestLog | None = None,
        **options: Any,
    ) -> Self:
        """A store at an address.

        That is one of::

            redis://user:password@host:6379/0             rediss:// for TLS
            unix:///path/to/socket
            redis+cluster://user:password@host:6379       rediss+cluster:// for TLS
            redis+sentinel://user:password@host1:26379,host2:26379/master/0

        ``options`` go to redis-py: ``ssl_ca_certs``, ``socket_timeout`` and
        ``socket_connect_timeout`` (seconds, by default 1) and many more. ``max_connections`` (by
        default 100) limits the connections to each server; further reads wait, and UnreachableError
        is raised if no connection is returned within ``socket_timeout``. ``retries`` (by default 2)
        is how often a read is repeated after a timeout or a lost connection. The first read
        connects; a cluster is connected at once.

        ``request_log`` is a ``RequestLog``, which keeps what each read of a service got.

        Such a store can be pickled for worker processes: the pickle holds the arguments given here,
        with the password if the URL has one, and no connection.

        Raises UsageError, and for a cluster UnreachableError.
        """
        options_now = {**_TIMEOUTS, **options}
        client = connect(url, **options_now)
        store = cls(client, project=project, environment=environment, mark_reads=mark_reads)
        store._origin = _Origin(url, project, environment, mark_reads, request_log, options)
        if request_log is not None:
            store._reader.log = request_log.opened(url, options_now)
        return store

    def __reduce__(self) -> Any:
        return _reopen, (type(self), _origin_of(self._origin))

    def close(self) -> None:
        """Write what the request log has yet to write, for at most 2 s; close the connections."""
        if self._reader.log is not None:
            self._reader.log.close()
        close(self._client)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(
        self,
        name: str,
        entity: Mapping[str, Any],
        *,
        expect: str | None = None,
        at: datetime | None = None,
        request_id: RequestIds = None,
        tag: str | None = None,
    ) -> FeatureVector:
        """The feature vector of one entity for a service or a feature view.

        ``entity`` maps entity keys to values. A service takes the column names of the label set, a
        view its own. A key that is None has no row. A service with on-demand features takes the
        columns of the label set that they name, too (``request_columns``). ``expect`` is the
        fingerprint that the model was trained with. ``at`` (aware, or naive UTC) is the instant of
        the request, at which ttl and age are measured; by default now, or the simulated clock of
        the publishing run. ``request_id`` and ``tag`` go into the request log, if there is one: a
        text or UUID that the caller knows the request by, else a new UUIDv7 is made; and what the
        caller likes to say, such as the version of the model. They are ignored without one.

        Raises EntityError, NotPublishedError, FingerprintError, UnreachableError.
        """
        vectors = self.get_many(
            name, [entity], expect=expect, at=at, request_id=request_id, tag=tag
        )
        return FeatureVector(vectors, 0)

    def get_many(
        self,
        name: str,
        entities: Sequence[Mapping[str, Any]],
        *,
        expect: str | None = None,
        at: datetime | None = None,
        request_id: RequestIds = None,
        tag: str | None = None,
    ) -> FeatureVectors:
        """The feature vectors of many entities, in one round trip. See ``get``.

        ``request_id`` may be a list, too, with one for each entity.
        """
        return self._run(self._reader.get_many(name, entities, expect, at, request_id, tag))

    def fingerprint(self, name: str) -> str:
        """The fingerprint of a service or view, for ``get(..., expect=)``."""
        return self._run(self._reader.plan(name)).fingerprint

    def entity_keys(self, name: str) -> dict[str, str]:
        """The entity keys that a service or view takes, with their types."""
        return dict(self._run(self._reader.plan(name)).entity)

    def request_columns(self, name: str) -> dict[str, str]:
        """The columns besides entity keys that a request gives to a service, with their types."""
        plan = self._run(self._reader.plan(name))
        return {key: kind for key, kind in plan.asked.items() if key not in plan.entity}

    def _run(self, steps: ReadSteps[_Result]) -> _Result:
        try:
            return result_of(self._client, steps, bare=self._bare)
        except ERRORS as error:
            raise unreachable(self._client, error) from None


class AsyncOnlineStore:
    """``OnlineStore`` for asyncio: the same methods, as coroutines.

    One store serves all tasks. A store made by ``from_url`` serves any event loop, with connections
    for each. A store made from a client serves the loop of its first read, and raises UsageError in
    another.
    """

    def __init__(
        self,
        client: Any,
        *,
        project: str | None = None,
        environment: str | None = None,
        mark_reads: bool = True,
    ) -> None:
        """``client`` is one of ``redis.asyncio`` that does not decode responses."""
        self._spare = [client]
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()
        self._reader = Reader(project, environment, marks=mark_reads and not from_replicas(client))
        self._origin: _Origin | None = None

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        project: str | None = None,
        environment: str | None = None,
        mark_reads: bool = True,
        request_log: RequestLog | None = None,
        **options: Any,
    ) -> Self:
        """A store at an address; the first read connects, to a cluster too."""
        options_now = {**_TIMEOUTS, **options}
        client = connect_async(url, **options_now)
        store = cls(client, project=project, environment=environment, mark_reads=mark_reads)
        store._origin = _Origin(url, project, environment, mark_reads, request_log, options)
        if request_log is not None:
            store._reader.log = request_log.opened(url, options_now)
        return store

    def __reduce__(self) -> Any:
        return _reopen, (type(self), _origin_of(self._origin))

    async def close(self) -> None:
        """The same, with the connections of this event loop."""
        if self._reader.log is not None:
            await asyncio.to_thread(self._reader.log.close)
        await close_async(self._client())

    def _client(self) -> Any:
        """That of the running event loop: connections belong to the loop that made them."""
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            try:
                client = self._spare.pop()
            except IndexError:
                client = self._another()
            self._clients[loop] = client
        return client

    def _another(self) -> Any:
        if self._origin is None:
            raise UsageError(
                "this store's client belongs to another event loop; create a store in each loop, or"
                " one with AsyncOnlineStore.from_url for all"
            )
        return connect_async(self._origin.url, **{**_TIMEOUTS, **self._origin.options})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def get(
        self,
        name: str,
        entity: Mapping[str, Any],
        *,
        expect: str | None = None,
        at: datetime | None = None,
        request_id: RequestIds = None,
        tag: str | None = None,
    ) -> FeatureVector:
        """The feature vector of one entity."""
        vectors = await self.get_many(
            name, [entity], expect=expect, at=at, request_id=request_id, tag=tag
        )
        return FeatureVector(vectors, 0)

    async def get_many(
        self,
        name: str,
        entities: Sequence[Mapping[str, Any]],
        *,
        expect: str | None = None,
        at: datetime | None = None,
        request_id: RequestIds = None,
        tag: str | None = None,
    ) -> FeatureVectors:
        """The feature vectors of many entities, in one round trip."""
        return await self._run(self._reader.get_many(name, entities, expect, at, request_id, tag))

    async def fingerprint(self, name: str) -> str:
        """The fingerprint of a service or view."""
        return (await self._run(self._reader.plan(name))).fingerprint

    async def entity_keys(self, name: str) -> dict[str, str]:
        """The entity keys that a service or view takes, with their types."""
        return dict((await self._run(self._reader.plan(name))).entity)

    async def request_columns(self, name: str) -> dict[str, str]:
        """The columns besides entity keys that a request gives to a service, with their types."""
        plan = await self._run(self._reader.plan(name))
        return {key: kind for key, kind in plan.asked.items() if key not in plan.entity}

    async def _run(self, steps: ReadSteps[_Result]) -> _Result:
        client = self._client()
        try:
            command = next(steps)
            while True:
                try:
                    reply = await execute_async(client, command)
                except redis.ResponseError as error:
                    command = steps.throw(error)
                else:
                    command = steps.send(reply)
        except StopIteration as end:
            result: _Result = end.value
            return result
        except ERRORS as error:
            raise unreachable(client, error) from None


def _reopen(kind: Any, origin: _Origin) -> Any:
    """A store at the address that another one, perhaps in another process, was made with."""
    return kind.from_url(
        origin.url,
        project=origin.project,
        environment=origin.environment,
        mark_reads=origin.mark_reads,
        request_log=origin.request_log,
        **origin.options,
    )


def _origin_of(origin: _Origin | None) -> _Origin:
    if origin is None:
        raise UsageError("a store made from a client cannot be pickled; create it with from_url")
    return origin
