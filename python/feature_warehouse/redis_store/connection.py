"""Connecting to Redis, and saying in one line why that failed, without the password.

An address is one of::

    redis://user:password@host:6379/0             rediss:// for TLS
    unix:///path/to/socket
    redis+cluster://user:password@host:6379       any node of a Redis Cluster; rediss+cluster://
    redis+sentinel://user:password@host1:26379,host2:26379/master/0     rediss+sentinel://

Special characters are percent-encoded; options of redis-py may follow as ``?socket_timeout=0.5``.
With Sentinels user and password are those of the master; ``?sentinel_password=`` and
``?sentinel_username=`` are the Sentinels' own.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import redis
import redis.asyncio
from redis import exceptions
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.connection import parse_url as _untyped_parse_url
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError

from feature_warehouse.errors import (
    DamagedError,
    FeatureWarehouseError,
    UnreachableError,
    UsageError,
)
from feature_warehouse.redis_store.pools import (
    AsyncPool,
    AsyncSentinelPool,
    Pool,
    SentinelPool,
    guarded_async,
)
from feature_warehouse.util.secrets_in_text import masked

__all__ = [
    "ERRORS",
    "close",
    "close_async",
    "connect",
    "connect_async",
    "from_replicas",
    "is_cluster",
    "reachable",
    "unreachable",
]

RETRIES: Final = 2
_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.2
_SENTINEL_PORT: Final = 26_379
_SHOWN: Final = 3
# Redis Cloud tells of its maintenance in between replies; redis-py then lends connections without a
# look at what has arrived on them, and in a circle that keeps them alive.
_NO_NOTICES: Final = {"maint_notifications_config": MaintNotificationsConfig(enabled=False)}
_CLUSTER_OPTIONS: Final = {
    *("read_from_replicas", "require_full_coverage", "dynamic_startup_nodes"),
    *("cluster_error_retry_attempts", "reinitialize_steps", "load_balancing_strategy"),
    *("address_remap", "policy_resolver", "url", "startup_nodes"),
}
_URL_OPTIONS: Final = {
    *("db", "username", "password", "client_name", "lib_name", "lib_version", "protocol"),
    *("socket_timeout", "socket_connect_timeout", "socket_keepalive", "socket_read_size"),
    *("health_check_interval", "max_connections", "retry_on_timeout"),
    *("decode_responses", "sentinel_username", "sentinel_password"),
    *("read_from_replicas", "require_full_coverage", "dynamic_startup_nodes"),
    *("cluster_error_retry_attempts", "reinitialize_steps"),
}
"""What can be said in text; options beginning with ``ssl_`` as well."""

_DATABASE: Final = re.compile("/?[0-9]*")
_INVALID: Final = re.compile('Invalid value for \'?(\\w+)|"(max_connections)" must')
_parse_url: Final[Any] = _untyped_parse_url
ERRORS: Final = (redis.RedisError, redis.RedisClusterException)
"""All that redis-py raises."""


class _Kit(NamedTuple):
    """What redis-py has twice, with our pools."""

    client: Any
    cluster: Any
    sentinel: Any
    retry: Any
    connection: Any
    tls_connection: Any
    pool: Any
    sentinel_pool: Any


_SYNC: Final = _Kit(
    redis.Redis,
    redis.RedisCluster,
    redis.Sentinel,
    Retry,
    redis.Connection,
    redis.SSLConnection,
    Pool,
    SentinelPool,
)
_ASYNC: Final = _Kit(
    redis.asyncio.Redis,
    redis.asyncio.RedisCluster,
    redis.asyncio.Sentinel,
    AsyncRetry,
    redis.asyncio.Connection,
    redis.asyncio.SSLConnection,
    AsyncPool,
    AsyncSentinelPool,
)


def connect(url: str, *, retries: int = RETRIES, **options: Any) -> Any:
    """A ``redis.Redis``, or ``redis.RedisCluster``; see above for ``url``.

    It connects at the first command, a cluster at once. ``options`` go to redis-py. After lost
    connections and timeouts a command is tried again ``retries`` times, after pauses of up to
    0.02, 0.04, ... 0.2 seconds; ``retry`` is redis-py's own object for that.

    UsageError if the URL is none; it does not repeat the URL, since a mistyped one shows its
    password in unforeseen places. UnreachableError if a cluster does not answer.
    """
    return _open(_SYNC, url, retries, options)


def connect_async(url: str, *, retries: int = RETRIES, **options: Any) -> Any:
    """The same of ``redis.asyncio``; also a cluster is asked at the first command."""
    return _open(_ASYNC, url, retries, options)


def close(client: Any) -> None:
    """Close the connections of a client, those to Sentinels included."""
    client.close()
    if sentinels := _sentinels(client):
        sentinels.close()


async def close_async(client: Any) -> None:
    """The same of ``redis.asyncio``."""
    await client.aclose()
    if sentinels := _sentinels(client):
        await sentinels.aclose()


def is_cluster(client: Any) -> bool:
    """Whether commands of several keys have to be split by node."""
    return isinstance(client, redis.RedisCluster | redis.asyncio.RedisCluster)


def from_replicas(client: Any) -> bool:
    """Whether reads of a cluster go to servers that take no writes."""
    return is_cluster(client) and bool(client.read_from_replicas or client.load_balancing_strategy)


@contextmanager
def reachable(client: Any) -> Iterator[None]:
    """Turns redis-py's errors into ours: one line, with the address, without the password."""
    try:
        yield
    except ERRORS as error:
        raise unreachable(client, error) from None


def unreachable(client: Any, error: Exception) -> FeatureWarehouseError:
    """What ``reachable`` raises instead of one of ERRORS."""
    secret = client.get_connection_kwargs().get("password")
    return _unreachable(error, _address(client), is_cluster(client), secret)


def _open(kit: _Kit, url: str, retries: int, options: dict[str, Any]) -> Any:
    scheme, _, rest = url.partition("://")
    scheme, _, way = scheme.partition("+")
    backoff = ExponentialWithJitterBackoff(base=_FIRST_PAUSE, cap=_LONGEST_PAUSE)
    options = {"retry": kit.retry(backoff, retries), **_NO_NOTICES, **options}
    _refuse_options(url, options)
    try:
        _refuse_database(scheme, way, url)
        if way and scheme not in ("redis", "rediss"):
            raise ValueError
        if way == "cluster":
            client = _cluster(kit, f"{scheme}://{rest}", options)
        elif way == "sentinel":
            client = _master(kit, scheme, rest, options)
        else:
            client = kit.client.from_pool(kit.pool.from_url(url, **options))
            _try_options(client.connection_pool)
    except ValueError as error:
        if option := _INVALID.search(str(error)):
            raise UsageError(
                f"{option[1] or option[2]} of the Redis connection has an impossible value;"
                " correct the Redis URL or the call"
            ) from None
        raise UsageError(
            "the given address is not a Redis URL; write it as redis://user:password@host:6379/0"
            " (percent-encode special characters), rediss://..., unix:///path,"
            " redis+cluster://host:6379 or redis+sentinel://host1:26379,host2:26379/master"
        ) from None
    except TypeError as error:
        option = re.search("'.*'", str(error))
        raise UsageError(
            f"redis-py has no option {option.group() if option else 'of that kind'};"
            " correct the Redis URL or the call"
        ) from None
    except redis.RedisError as error:
        raise UsageError(f"{error}; correct the Redis URL or the call") from None
    if client.get_connection_kwargs().get("decode_responses"):
        raise UsageError("rows are bytes: remove decode_responses from the Redis URL")
    return client


def _refuse_options(url: str, options: dict[str, Any]) -> None:
    """UsageError for what no URL can say, and for values that redis-py looks at too late."""
    in_url = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    for name in in_url:
        if name not in _URL_OPTIONS and not name.startswith("ssl_"):
            # Not by its name: behind a question mark in a password stands the rest of it.
            raise UsageError(
                "the Redis URL has an unknown option after its question mark; correct it (write a"
                " question mark in a password as %3F)"
            )
    given = {**options, **in_url}
    for name in ("socket_timeout", "socket_connect_timeout"):
        with suppress(TypeError, ValueError):
            if float(given.get(name, 0)) < 0:
                raise UsageError(f"{name} of the Redis connection is less than 0; correct it")


def _refuse_database(scheme: str, way: str, url: str) -> None:
    """ValueError for a path that is none: redis-py takes /x for database 0, and /1/2 for 12."""
    database = urlsplit(url).path
    if way == "sentinel":
        database = "/" + database[1:].partition("/")[2]
    if scheme in ("redis", "rediss") and way != "cluster" and not _DATABASE.fullmatch(database):
        raise ValueError


def _cluster(kit: _Kit, url: str, options: dict[str, Any]) -> Any:
    parts = urlsplit(url)
    if parts.path not in ("", "/", "/0"):
        raise UsageError("a Redis Cluster has only database 0; leave it out of the URL")
    if not parts.hostname:
        raise ValueError
    address = f"{parts.hostname}:{parts.port or 6379}"
    own = {name: value for name, value in options.items() if name not in _CLUSTER_OPTIONS}
    _try_options(kit.pool.from_url(urlunsplit(parts._replace(query=_without(parts.query))), **own))
    try:
        if kit is _SYNC:
            return kit.cluster.from_url(url, connection_pool_class=Pool, **options)
        client = kit.cluster.from_url(url, **options)
    except ERRORS as error:
        raise _unreachable(error, address, True, _parse_url(url).get("password")) from None
    # It takes no class of connections; all nodes have the one that stands here.
    kind = guarded_async(client.connection_kwargs["connection_class"])
    client.connection_kwargs["connection_class"] = kind
    for node in client.startup_nodes:
        node.connection_class = kind
    return client


def _without(query: str) -> str:
    """A URL's query without what only a cluster knows."""
    return urlencode([pair for pair in parse_qsl(query) if pair[0] not in _CLUSTER_OPTIONS])


def _try_options(pool: Any) -> None:
    """Does not connect; tells whether all options are known."""
    pool.connection_class(**pool.connection_kwargs)


def _master(kit: _Kit, scheme: str, rest: str, options: dict[str, Any]) -> Any:
    where, _, query = rest.partition("?")
    authority, _, path = where.partition("/")
    login, at, hosts = authority.rpartition("@")
    service, _, database = path.partition("/")
    nodes = [urlsplit(f"//{host}") for host in hosts.split(",")]
    if not service or not all(node.hostname for node in nodes):
        raise ValueError
    found = {**options, **_parse_url(f"{scheme}://{login}{at}host/{database}?{query}")}
    del found["host"]
    tls = bool(found.pop("connection_class", None))
    own = {
        option: found.pop(f"sentinel_{option}")
        for option in ("username", "password")
        if f"sentinel_{option}" in found
    }
    # A Sentinel that does not answer is not asked again: there are others.
    own |= {"retry": kit.retry(NoBackoff(), 0), **_NO_NOTICES}
    own |= {name: found[name] for name in found if name.startswith(("socket_", "ssl"))}
    own |= found.pop("sentinel_kwargs", {})
    kind = kit.tls_connection if tls else kit.connection
    _try_options(kit.pool(connection_class=kind, **found))
    sentinels = kit.sentinel([])
    sentinels.sentinels = [
        kit.client.from_pool(
            kit.pool(
                connection_class=kind,
                host=node.hostname,
                port=node.port or _SENTINEL_PORT,
                **own,
            )
        )
        for node in nodes
    ]
    if tls:
        found["ssl"] = True
    return sentinels.master_for(service, connection_pool_class=kit.sentinel_pool, **found)


def _sentinels(client: Any) -> Any:
    return getattr(getattr(client, "connection_pool", None), "sentinel_manager", None)


def _address(client: Any) -> str:
    if is_cluster(client):
        return _some(list(client.nodes_manager.startup_nodes))
    if sentinels := _sentinels(client):
        nodes = [sentinel.get_connection_kwargs() for sentinel in sentinels.sentinels]
        return _some([f"{node['host']}:{node['port']}" for node in nodes])
    options = client.get_connection_kwargs()
    if path := options.get("path"):
        return str(path)
    return f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"


def _some(addresses: list[str]) -> str:
    more = ", ..." if len(addresses) > _SHOWN else ""
    return ", ".join(addresses[:_SHOWN]) + more


def _unreachable(
    error: Exception, address: str, cluster: bool, secret: str | None
) -> FeatureWarehouseError:
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, MasterNotFoundError):
        text = text.partition(" : ")[0]  # what follows are objects of redis-py
    text = masked(text, secret)
    where = f"the Redis Cluster at {address}" if cluster else f"Redis at {address}"
    message = next(
        (message for kind, message in _MESSAGES if isinstance(error, kind)), "{where} fails: {text}"
    )
    if isinstance(error, exceptions.AskError | exceptions.ClusterCrossSlotError) and not cluster:
        message = (
            "{where} is a node of a Redis Cluster ({text}); write the address as redis+cluster://"
        )
    if isinstance(error, redis.ResponseError) and text.startswith("WRONGTYPE"):
        return DamagedError(
            f"{where} is damaged: a key of ours is of another type; run"
            " `feature-warehouse materialize`"
        )
    message = message.format(where=where, text=text, address=address)
    return UnreachableError(message[0].upper() + message[1:])


# The first that fits; a class stands before its bases.
_MESSAGES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (exceptions.AuthenticationError, "{where} refuses the login: {text}"),
    (exceptions.AuthenticationWrongNumberOfArgsError, "{where} refuses the login: {text}"),
    (exceptions.AuthorizationError, "{where} refuses the login: {text}"),
    (exceptions.BusyLoadingError, "{where} is still loading its data ({text}); try again"),
    (exceptions.MaxConnectionsError, "{where}: {text}; raise max_connections"),
    (
        MasterNotFoundError,
        "the Sentinels at {address} know no working master ({text}); is its name right?",
    ),
    (redis.ConnectionError, "{where} does not answer ({text}); is the address right?"),
    (redis.TimeoutError, "{where} does not answer ({text}); is the address right?"),
    (redis.ReadOnlyError, "{where} is a read-only replica ({text}); name the master"),
    (redis.OutOfMemoryError, "{where} is full: {text}"),
    (exceptions.ClusterError, "{where} cannot answer now: {text}"),
    (redis.ResponseError, "{where} refuses a command: {text}"),
    (redis.RedisClusterException, "{where} cannot answer now: {text}"),
)
