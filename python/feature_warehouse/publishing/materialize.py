"""The publisher: the newest available row of every entity, from the warehouse into Redis.

A user of Redis for it needs, for the project ``flights`` and the environment ``prod`` (one line)::

    ACL SETUSER publisher on >password resetkeys ~flights.prod:* ~flights.prod!names
    ~feature_warehouse:stores -@all +ping +info +wait +scan +eval +evalsha +script|load +get +mget
    +set +del +unlink +exists +expire +pexpire +pexpiretime +sadd +srem +smembers +time +xadd +hset
    +hget

and in a cluster ``+command +cluster|slots +asking``, elsewhere than in database 0 ``+select``. For
`forget`, where there is a request log, ``+xrange +xdel``.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from time import perf_counter

import redis

from feature_warehouse.declarations.model import FeatureView, Registry
from feature_warehouse.engines import Warehouse
from feature_warehouse.errors import FeatureWarehouseError
from feature_warehouse.publishing.generations import Inventory
from feature_warehouse.publishing.locks import locked
from feature_warehouse.publishing.prune import Pruning, not_declared
from feature_warehouse.publishing.publish_view import (
    ROLLBACK_GRACE,
    Progress,
    Publication,
    ViewResult,
)
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.publishing.services import ServiceResult, Services
from feature_warehouse.redis_store import cluster, layout
from feature_warehouse.redis_store.connection import reachable
from feature_warehouse.redis_store.find import listed
from feature_warehouse.redis_store.read_marks import UNREAD_DAYS
from feature_warehouse.util.deprecation import deprecated
from feature_warehouse.validation.gate import Gate

__all__ = ["Materialization"]


class Materialization:
    """Publishes all online views of a registry, then the services over them.

    ``environment`` is part of every key. With ``selected`` only views of these unique ids of dbt,
    and services over one of them. ``rollback_grace`` is how long a generation stays after the next
    one, in microseconds; ``gate`` checks the views that declare expectations. Raises UsageError and
    UnreachableError for what concerns the whole run; what concerns one view is in its result and
    stops no other.
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
        gate: Gate | None = None,
    ) -> None:
        self._gate = gate or Gate()
        self._names = layout.Names(registry.project, environment)
        self._services = Services(client, self._names)
        self._inventory = Inventory(client, self._names)
        self._full_refresh, self._rollback_grace = full_refresh, rollback_grace
        self._views = [
            view
            for view in registry.views.values()
            if view.online and (selected is None or view.unique_id in selected)
        ]
        self._registry, self._client, self._clock, self._wait = registry, client, clock, wait
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
            locked(self._client, self._names, view.name, wait=self._wait) as lock,
        ):
            self._publication(view).run(lock, warehouse, result, progress)
        return result

    def _publication(self, view: FeatureView) -> Publication:
        return Publication(
            self._client,
            self._names,
            view,
            self._clock,
            self._registry.invocation_id,
            services=self._services,
            inventory=self._inventory,
            gate=self._gate,
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
        result.seconds = perf_counter() - started

    def services(self, warehouse: Warehouse) -> list[ServiceResult]:
        """Publish the services all of whose views are in service, as they are declared now."""
        chosen = {view.name for view in self._views}
        services = [
            service
            for service in self._registry.services.values()
            if chosen & {part.view.name for part in service.parts}
        ]
        chosen |= {service.name for service in services}
        return [self._services.publish(service, warehouse) for service in services] + [
            self._services.publish_latest(name, stands_for)
            for name, stands_for in self._registry.served_names.items()
            if stands_for in chosen
        ]

    def undeclared(self) -> list[str]:
        """What is published here and no longer declared as an online view or a service."""
        with reachable(self._client):
            return not_declared(self._registry, listed(self._client, self._names))

    def pruning(self, *, keep: Collection[str] = (), unread_days: int = UNREAD_DAYS) -> Pruning:
        """What of that nobody needs; see ``Pruning.planned``."""
        return Pruning.planned(
            self._client, self._names, self._registry, keep=keep, unread_days=unread_days
        )

    def prune(self, pruning: Pruning, agreed: Collection[str]) -> Iterator[str]:
        """Remove what nobody needs and is ``agreed``, and say what that is, one by one."""
        return pruning.carry_out(self._client, self._names, agreed=agreed, wait=self._wait)

    def warnings(self) -> list[str]:
        """What is wrong and stops no run: of the server, and deprecated views that are read."""
        with reachable(self._client):
            found = cluster.policies(self._client) - {"noeviction"}
        return self._deprecations() + [
            f"Redis evicts keys when its memory is full (maxmemory-policy {policy}), which only"
            " `verify` notices; set it to noeviction"
            for policy in sorted(found)
        ]

    def _deprecations(self) -> list[str]:
        """Views with a deprecation date that services read, declared ones or others in use."""
        dated = {
            view.name: view.deprecation_date
            for view in self._registry.views.values()
            if view.deprecation_date
        }
        if not dated:
            return []
        with reachable(self._client):
            in_use = self._services.published().items()
        read = {(part.view, name) for name, service in in_use for part in service.parts}
        for name, service in self._registry.services.items():
            read |= {(part.view.name, name) for part in service.parts}
        readers = {
            name: sorted(service for view, service in read if view == name) for name in dated
        }
        return [
            f"{name} {deprecated(dated[name], self._clock.now)} and is read by"
            f" {', '.join(services)}; let a new version of {'them' if services[1:] else 'it'} read"
            " another one"
            for name, services in readers.items()
            if services
        ]
