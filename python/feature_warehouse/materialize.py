"""The publisher: the newest available row of every entity, from the warehouse into Redis."""

from collections.abc import Iterator
from time import perf_counter
from typing import Any

import msgspec
import redis

from feature_warehouse import layout
from feature_warehouse.connection import reachable
from feature_warehouse.errors import FeatureWarehouseError, UsageError
from feature_warehouse.publication import (
    Clock,
    Progress,
    Publication,
    ViewResult,
    locked,
    remove_view,
)
from feature_warehouse.registry import FeatureView, Registry, Service
from feature_warehouse.warehouse import Warehouse

__all__ = ["Materialization", "ServiceResult"]


class ServiceResult(msgspec.Struct, frozen=True):
    """A service that was published, or why it was not."""

    service: str
    fingerprint: str
    status: str = "success"
    message: str = ""


class Materialization:
    """Publishes all online views of a registry, then the services over them.

    ``environment`` is part of every key. Raises UsageError and UnreachableError for what concerns
    the whole run; what concerns one view is in its result and stops no other.
    """

    def __init__(
        self,
        registry: Registry,
        client: "redis.Redis",
        *,
        environment: str,
        clock: Clock,
        wait: bool = False,
    ) -> None:
        try:
            self._names = layout.Names(registry.project, environment)
        except ValueError as error:
            raise UsageError(str(error)) from None
        self._registry, self._client, self._clock, self._wait = registry, client, clock, wait
        self._failed: set[str] = set()
        with reachable(client):
            client.sadd(layout.STORES, self._names.store)

    def views(self, warehouse: Warehouse, progress: Progress) -> Iterator[ViewResult]:
        """Publish view by view."""
        for view in self._registry.views.values():
            if view.online:
                yield self._publish(view, warehouse, progress)

    def _publish(self, view: FeatureView, warehouse: Warehouse, progress: Progress) -> ViewResult:
        result = ViewResult(view.name)
        started = perf_counter()
        try:
            with (
                reachable(self._client),
                locked(self._client, self._names, view.name, wait=self._wait),
            ):
                run = Publication(
                    self._client, self._names, view, self._clock, self._registry.invocation_id
                )
                run.publish(warehouse, result, progress)
        except FeatureWarehouseError as error:
            result.status, result.message, result.exit_code = "error", str(error), error.exit_code
            self._failed.add(view.name)
        result.seconds = perf_counter() - started
        return result

    def services(self) -> list[ServiceResult]:
        """Publish the services all of whose views are in service, as they are declared now."""
        return [self._publish_service(service) for service in self._registry.services.values()]

    def _publish_service(self, service: Service) -> ServiceResult:
        views = [part.view for part in service.parts]
        if offline := sorted({view.name for view in views if not view.online}):
            message = f"not served: {', '.join(offline)} has no `online: true`"
            return ServiceResult(service.name, service.fingerprint, "skipped", message)
        if failed := sorted({view.name for view in views if view.name in self._failed}):
            message = f"not changed: {', '.join(failed)} failed"
            return ServiceResult(service.name, service.fingerprint, "skipped", message)
        description = layout.Service(
            service=service.name,
            fingerprint=service.fingerprint,
            parts=tuple(
                layout.ServicePart(part.view.name, part.join_keys, part.features)
                for part in service.parts
            ),
        )
        names, client = self._names, self._client
        pointer = layout.Pointer(edition=service.fingerprint)
        with reachable(client):
            client.set(
                names.description(service.name, service.fingerprint),
                msgspec.json.encode(description),
            )
            client.set(names.pointer(service.name), msgspec.json.encode(pointer))
            client.sadd(names.members, service.name)
        return ServiceResult(service.name, service.fingerprint)

    def undeclared(self) -> list[str]:
        """What is published here and no longer declared as an online view or a service."""
        declared = {view.name for view in self._registry.views.values() if view.online}
        declared |= self._registry.services.keys()
        with reachable(self._client):
            members: Any = self._client.smembers(self._names.members)
        return sorted({member.decode() for member in members} - declared)

    def prune(self, name: str) -> None:
        """Remove a view with all its generations, or a service."""
        with reachable(self._client), locked(self._client, self._names, name, wait=self._wait):
            remove_view(self._client, self._names, name)
