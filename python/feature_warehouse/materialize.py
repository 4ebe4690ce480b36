"""The publisher: the newest available row of every entity, from the warehouse into Redis.

A user of Redis for it needs, for the project ``flights`` and the environment ``prod`` (one line)::

    ACL SETUSER publisher on >password resetkeys ~flights.prod:* ~flights.prod!names
    ~feature_warehouse:stores -@all +ping +info +wait +scan +eval +evalsha +script|load +get +mget
    +set +del +getdel +unlink +exists +incrby +expire +pexpire +pexpiretime +sadd +srem +smembers

and in a cluster ``+command +cluster|slots +asking``, elsewhere than in database 0 ``+select``.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import msgspec
import redis

from feature_warehouse import layout
from feature_warehouse.connection import reachable
from feature_warehouse.errors import FeatureWarehouseError
from feature_warehouse.generations import Generations
from feature_warehouse.locks import locked
from feature_warehouse.publication import (
    ROLLBACK_GRACE,
    Clock,
    Progress,
    Publication,
    ViewResult,
)
from feature_warehouse.registry import FeatureView, Registry, Service
from feature_warehouse.warehouse import Warehouse

__all__ = ["Materialization", "ServiceResult"]

_OLD_SERVICE_SECONDS = 86_400


class ServiceResult(msgspec.Struct, frozen=True):
    """A service that was published, or why it was not."""

    service: str
    fingerprint: str
    status: str = "success"
    message: str = ""
    exit_code: int = 0


class Materialization:
    """Publishes all online views of a registry, then the services over them.

    ``environment`` is part of every key. With ``selected`` only views of these unique ids of dbt,
    and services over one of them. ``rollback_grace`` is how long a generation stays after the next
    one, in microseconds. Raises UsageError and UnreachableError for what concerns the whole run;
    what concerns one view is in its result and stops no other.
    """

    def __init__(
        self,
        registry: Registry,
        client: "redis.Redis",
        *,
        environment: str,
        clock: Clock,
        wait: bool = False,
        full_refresh: bool = False,
        selected: Collection[str] | None = None,
        rollback_grace: int = ROLLBACK_GRACE,
    ) -> None:
        self._names = layout.Names(registry.project, environment)
        self._full_refresh, self._rollback_grace = full_refresh, rollback_grace
        self._views = [
            view
            for view in registry.views.values()
            if view.online and (selected is None or view.unique_id in selected)
        ]
        self._registry, self._client, self._clock, self._wait = registry, client, clock, wait
        self._failed: set[str] = set()
        with reachable(client):
            client.ping()

    def views(self, warehouse: Warehouse, progress: Progress) -> Iterator[ViewResult]:
        """Publish view by view."""
        for view in self._views:
            yield self._publish(view, warehouse, progress)

    def preview(self, warehouse: Warehouse) -> Iterator[ViewResult]:
        """What ``views`` would do, and why; nothing is changed, no lock taken."""
        for view in self._views:
            result = ViewResult(view.name)
            with self._reported(result):
                self._publication(view).preview(warehouse, result)
            yield result

    def _publish(self, view: FeatureView, warehouse: Warehouse, progress: Progress) -> ViewResult:
        result = ViewResult(view.name)
        with (
            self._reported(result),
            locked(self._client, self._names, view.name, wait=self._wait),
        ):
            self._publication(view).run(warehouse, result, progress)
        return result

    def _publication(self, view: FeatureView) -> Publication:
        return Publication(
            self._client,
            self._names,
            view,
            self._clock,
            self._registry.invocation_id,
            full_refresh=self._full_refresh,
            rollback_grace=self._rollback_grace,
        )

    @contextmanager
    def _reported(self, result: ViewResult) -> Iterator[None]:
        """Errors and the time it took go into the result."""
        started = perf_counter()
        try:
            with reachable(self._client):
                yield
        except FeatureWarehouseError as error:
            result.status, result.message, result.exit_code = "error", str(error), error.exit_code
            self._failed.add(result.view)
        result.seconds = perf_counter() - started

    def services(self) -> list[ServiceResult]:
        """Publish the services all of whose views are in service, as they are declared now."""
        chosen = {view.name for view in self._views}
        return [
            self._publish_service(service)
            for service in self._registry.services.values()
            if chosen & {part.view.name for part in service.parts}
        ]

    def _publish_service(self, service: Service) -> ServiceResult:
        views = [part.view for part in service.parts]
        if offline := sorted({view.name for view in views if not view.online}):
            message = f"not served: {', '.join(offline)} has no `online: true`"
            return ServiceResult(service.name, service.fingerprint, "skipped", message)
        if failed := sorted({view.name for view in views if view.name in self._failed}):
            message = f"not changed: {', '.join(failed)} failed"
            return ServiceResult(service.name, service.fingerprint, "skipped", message)
        with reachable(self._client):
            found = {view.name: self._generation(view.name) for view in views}
            if unpublished := sorted(name for name, generation in found.items() if not generation):
                message = f"not served: {', '.join(unpublished)} is not published yet"
                return ServiceResult(service.name, service.fingerprint, "skipped", message)
            generations = [generation for view in views if (generation := found[view.name])]
            if conflict := _key_conflict(service, generations):
                return ServiceResult(service.name, service.fingerprint, "error", conflict, 2)
            self._write_service(service, generations)
        return ServiceResult(service.name, service.fingerprint)

    def _write_service(self, service: Service, generations: list[layout.Generation]) -> None:
        names, client = self._names, self._client
        description = layout.Service(
            service=service.name,
            fingerprint=service.fingerprint,
            parts=tuple(
                layout.ServicePart(
                    part.view.name,
                    part.join_keys,
                    part.features,
                    {f.name: f.type for f in generation.features if f.name in part.features},
                )
                for part, generation in zip(service.parts, generations, strict=True)
            ),
        )
        client.set(
            names.description(service.name, service.fingerprint), msgspec.json.encode(description)
        )
        before = layout.read_pointer(client.get(names.pointer(service.name)))
        pointer = layout.Pointer(edition=service.fingerprint)
        client.set(names.pointer(service.name), msgspec.json.encode(pointer))
        client.sadd(names.members, service.name)
        if before.edition is not None and before.edition != service.fingerprint:
            # Not at once: a reader may be between the pointer and the description.
            client.expire(names.description(service.name, before.edition), _OLD_SERVICE_SECONDS)

    def _generation(self, view: str) -> layout.Generation | None:
        generations = Generations(self._client, self._names, view)
        found = generations.find(generations.pointer().value.edition)
        return found.value if found else None

    def undeclared(self) -> list[str]:
        """What is published here and no longer declared as an online view or a service."""
        declared = {view.name for view in self._registry.views.values() if view.online}
        return sorted(self._members() - declared - self._registry.services.keys())

    def prune(self) -> list[str]:
        """Remove what is no longer declared; views that a service in use still reads stay."""
        doomed = self.undeclared()
        services = {name: found for name in self._members() if (found := self._service(name))}
        pruned = [name for name in doomed if name in services]
        in_use = {
            part.view
            for name, service in services.items()
            if name not in pruned
            for part in service.parts
        }
        pruned += [name for name in doomed if name not in services and name not in in_use]
        for name in pruned:
            with reachable(self._client), locked(self._client, self._names, name, wait=self._wait):
                Generations(self._client, self._names, name).remove_view()
        return pruned

    def _members(self) -> set[str]:
        with reachable(self._client):
            members: Any = self._client.smembers(self._names.members)
        return {member.decode() for member in members}

    def _service(self, name: str) -> layout.Service | None:
        with reachable(self._client):
            pointer = layout.read_pointer(self._client.get(self._names.pointer(name)))
            if not isinstance(pointer.edition, str):
                return None
            text: Any = self._client.get(self._names.description(name, pointer.edition))
            return msgspec.json.decode(text, type=layout.Service) if text else None


def _key_conflict(service: Service, generations: list[layout.Generation]) -> str:
    """What is wrong if two views take one entity key with different types: no value would do."""
    types: dict[str, tuple[str, str]] = {}
    for part, generation in zip(service.parts, generations, strict=True):
        for key in generation.keys:
            entity_key = part.join_keys[key.name]
            view, kind = types.setdefault(entity_key, (part.view.name, key.type))
            if kind != key.type:
                return (
                    f"entity key {entity_key!r} is {kind} for {view!r} and {key.type} for"
                    f" {part.view.name!r}; cast it to one type in the models"
                )
    return ""
