"""What is published, for people and monitors.

A user of Redis for `status` and `metrics` needs, for the project ``flights`` and the environment
``prod`` (one line)::

    ACL SETUSER monitor on >password resetkeys %R~flights.prod:* %R~flights.prod!names
    -@all +get +smembers +scan +memory|usage +pexpiretime +xlen +hmget

and ``%R~feature_warehouse:stores``, if neither is named on the command line; in a cluster
``+command +cluster|slots``, elsewhere than in database 0 ``+select``.
"""

import time
from contextlib import suppress
from itertools import chain, islice
from typing import Any

import msgspec
import redis

from feature_warehouse.errors import NotPublishedError
from feature_warehouse.redis_store import cluster, layout, read_marks
from feature_warehouse.redis_store.connection import reachable
from feature_warehouse.redis_store.find import listed, resolve_names

__all__ = ["LoggedStatus", "ServiceStatus", "Status", "ViewStatus", "read_status"]

_SAMPLE = 50


class ViewStatus(msgspec.Struct, frozen=True):
    """A view in service.

    ``age`` is the time from its newest event to now (or to the simulated clock), ``ttl`` how long a
    row may be used, both in microseconds; ``memory`` is estimated from a sample of rows, in bytes.
    ``clock`` is there if it is simulated. The rest is of the last run: at ``clock_of_last_run`` it
    saw all rows that were loaded up to ``watermark``, and it took ``seconds_of_last_run``. Instants
    are microseconds since 1970 UTC. ``deprecation_date`` is an ISO date;
    ``services`` read the view.
    """

    view: str
    generation: int
    rows: int
    newest_event: int | None
    age: int | None
    ttl: int | None
    memory: int
    published_at: int
    clock: int | None
    clock_of_last_run: int
    watermark: int
    seconds_of_last_run: float
    dbt_invocation_id: str
    deprecation_date: str | None = None
    services: list[str] = []


class ServiceStatus(msgspec.Struct, frozen=True):
    """A service and the number of its features."""

    service: str
    fingerprint: str
    features: int
    deprecation_date: str | None = None


class LoggedStatus(msgspec.Struct, frozen=True):
    """The request log of a service, where it is a stream.

    ``waiting`` messages are in the stream, of one or more entities each; entities were ``written``
    and, for want of room or of rights, ``dropped`` since there is a log.
    """

    service: str
    waiting: int
    written: int
    dropped: int


class Status(msgspec.Struct, frozen=True):
    """One project and environment; ``latest`` maps names without a version to what they mean.

    ``last_read`` says when each name was last read by a reader that may leave marks, give or take
    ten minutes, in microseconds since 1970 UTC. A view counts under its name alone, not with the
    services that read it.
    """

    project: str
    environment: str
    views: list[ViewStatus]
    services: list[ServiceStatus]
    latest: dict[str, str] = {}
    last_read: dict[str, int] = {}
    request_logs: list[LoggedStatus] = []


def read_status(client: Any, project: str | None, environment: str | None) -> Status:
    """Read it from Redis alone. Raises NotPublishedError, DamagedError and UnreachableError."""
    with reachable(client):
        names = resolve_names(client, project, environment)
        views: list[ViewStatus] = []
        services: list[ServiceStatus] = []
        latest: dict[str, str] = {}
        readers: dict[str, list[str]] = {}
        known = sorted(listed(client, names))
        for name in known:
            pointer, description, key = _read(client, names, name)
            if isinstance(pointer.version, int):
                generation = layout.read_generation(description, key)
                views.append(_view(client, names, generation, pointer))
            else:
                service = layout.read_service(description, key)
                if service.stands_for:
                    latest[name] = service.stands_for
                    continue
                served = {name for part in service.parts for name in part.features.values()}
                served |= {name for part in service.parts for name in part.instants}
                served |= {one.name for one in service.on_demand}
                features = len(served - set(service.hidden))
                date = service.deprecation_date
                services.append(ServiceStatus(name, service.fingerprint, features, date))
                for view in {part.view for part in service.parts}:
                    readers.setdefault(view, []).append(name)
        if not views and not services:
            stores: list[str] = []
            with suppress(redis.ResponseError):  # a user need not be allowed to ask this
                stores = sorted(member.decode() for member in client.smembers(layout.STORES))
            others = f"; published here are {', '.join(stores)}" if stores else ""
            raise NotPublishedError(f"nothing is published in {names.store}{others}")
        marks = read_marks.last_read(client, names, known)
        last_read = {name: at * 1000 for name, at in marks.items()}
        logging = sorted(cluster.members(client, names.logged_services))
        logs = [_logged(client, names, name) for name in logging]
    views = [msgspec.structs.replace(one, services=readers.get(one.view, [])) for one in views]
    return Status(names.project, names.environment, views, services, latest, last_read, logs)


def _logged(client: Any, names: layout.Names, service: str) -> LoggedStatus:
    key = names.request_counts(service)
    written, dropped = client.hmget(key, ["written", "dropped"])
    waiting = client.xlen(names.requests(service))
    return LoggedStatus(service, waiting, int(written or 0), int(dropped or 0))


def _read(client: Any, names: layout.Names, name: str) -> tuple[layout.Pointer, bytes, str]:
    """A pointer, and the description that it leads to with its key."""
    pointer = _pointer(client, names, name)
    while pointer.version is not None:
        key = names.description(name, pointer.version)
        if description := cluster.value(client, key):
            return pointer, description, key
        before, pointer = pointer, _pointer(client, names, name)
        if pointer == before:  # it did not just move
            break
    raise NotPublishedError(
        f"{name!r} is listed in {names.store} but has lost its"
        f" {'pointer' if pointer.version is None else 'description'};"
        " run `feature-warehouse materialize --prune`"
    )


def _pointer(client: Any, names: layout.Names, name: str) -> layout.Pointer:
    key = names.pointer(name)
    return layout.read_pointer(cluster.value(client, key), key)


def _view(
    client: Any, names: layout.Names, generation: layout.Generation, pointer: layout.Pointer
) -> ViewStatus:
    now = time.time_ns() // 1000 if pointer.clock is None else pointer.clock
    newest = generation.newest_event
    prefix = names.row_prefix(generation.view, generation.number)
    rows = generation.entities
    expires = generation.ttl is not None and not generation.simulated
    if rows is None or expires:  # or: a run was cut off, or an entity forgotten
        rows = sum(map(len, cluster.scan(client, prefix)))
    return ViewStatus(
        view=generation.view,
        generation=generation.number,
        rows=rows,
        newest_event=newest,
        age=None if newest is None else now - newest,
        ttl=generation.ttl,
        memory=_memory(client, prefix, rows),
        published_at=generation.published_at,
        clock=pointer.clock,
        clock_of_last_run=generation.clock,
        watermark=generation.watermark,
        seconds_of_last_run=generation.seconds,
        dbt_invocation_id=generation.invocation_id,
        deprecation_date=generation.deprecation_date,
    )


def _memory(client: Any, prefix: str, rows: int) -> int:
    keys = islice(chain.from_iterable(cluster.scan(client, prefix)), _SAMPLE)
    sizes = [client.memory_usage(key) or 0 for key in keys]
    return round(sum(sizes) / len(sizes) * rows) if sizes else 0
