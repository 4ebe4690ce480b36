"""Services in Redis: each leads readers to the views it is made of, as they were published."""

import hashlib
import time
from typing import Any, Final

import msgspec

from feature_warehouse.declarations.model import Service
from feature_warehouse.engines import Warehouse
from feature_warehouse.errors import (
    BusyError,
    DamagedError,
    FeatureWarehouseError,
    NotPublishedError,
    UsageError,
)
from feature_warehouse.publishing.equality import difference
from feature_warehouse.publishing.generations import Generations
from feature_warehouse.publishing.locks import locked
from feature_warehouse.publishing.run_plan import declaration
from feature_warehouse.publishing.unserved import unserved
from feature_warehouse.redis_store import cluster, layout
from feature_warehouse.redis_store.connection import reachable
from feature_warehouse.redis_store.find import list_name, listed

__all__ = ["ServiceResult", "Services"]

_OLD_SECONDS: Final = 86_400


class ServiceResult(msgspec.Struct, frozen=True):
    """A service that was published, or why it was not.

    Or a name that ``stands_for`` the latest version of a view or service; it has no fingerprint.
    """

    service: str
    fingerprint: str
    status: str = "success"
    message: str = ""
    exit_code: int = 0
    stands_for: str = ""


class Services:
    """The services of one project and environment."""

    def __init__(self, client: Any, names: layout.Names) -> None:
        self._client, self._names = client, names

    def published(self) -> dict[str, layout.Service]:
        """Those in service, by name; one that is damaged serves nobody until it is published."""
        names = sorted(listed(self._client, self._names))
        return {name: found for name in names if (found := self._find(name))}

    def without_description(self) -> set[str]:
        """Those that only readers can read who have read them before."""
        return {
            name
            for name in listed(self._client, self._names)
            if isinstance(self._generations(name).pointer().value.version, str)
            and not self._find(name)
        }

    def parts(self, view: str) -> dict[str, list[layout.ServicePart]]:
        """What the services in use take from a view, by service."""
        return {
            name: [part for part in service.parts if part.view == view]
            for name, service in self.published().items()
        }

    def publish(self, service: Service, warehouse: Warehouse) -> ServiceResult:
        """Put a service in use as it is declared, if all its views are in service likewise.

        One that changed only if it has all columns of its training set but the labels', and its
        on-demand features have the values there.
        """
        try:
            with reachable(self._client):
                status, message, code = self._publish(service, warehouse)
        except FeatureWarehouseError as error:
            status, message, code = "error", str(error), error.exit_code
        return ServiceResult(service.name, service.fingerprint, status, message, code)

    def publish_latest(self, name: str, stands_for: str) -> ServiceResult:
        """Let a name without a version mean this one, if that is in service."""
        try:
            with reachable(self._client):
                status, message, code = self._publish_latest(name, stands_for)
        except FeatureWarehouseError as error:
            status, message, code = "error", str(error), error.exit_code
        return ServiceResult(name, "", status, message, code, stands_for)

    def _publish_latest(self, name: str, stands_for: str) -> tuple[str, str, int]:
        if self._generations(stands_for).pointer().value.version is None:
            return "skipped", f"not served: {stands_for} is not published yet", 0
        fingerprint = hashlib.md5(stands_for.encode(), usedforsecurity=False).hexdigest()[:16]
        content = layout.Service(name, fingerprint, (), stands_for)
        pointers = self._generations(name)
        if not pointers.known():
            self._write(content)
            return "success", "", 0
        # Of a view without versions, which is still there or was not removed to its end.
        if readers := sorted(reader for reader, parts in self.parts(name).items() if parts):
            return "skipped", f"not changed: {', '.join(readers)} still read it as it was before", 0
        with locked(self._client, self._names, name, wait=False):
            self._write(content)
            for number in pointers.all():
                pointers.remove(number)
        return "success", "", 0

    def meant_by(self, name: str) -> str:
        """The version that a name stands for; the name itself if it stands for none."""
        found = self._find(name)
        return found.stands_for or name if found else name

    def told(self, service: Service) -> tuple[str, layout.Service | str, layout.Service]:
        """The key of what readers are told of a service, what it holds, and what it should.

        ``missing`` or ``damaged`` if it holds no description. Raises NotPublishedError, and
        UsageError if the service or a view of it is in service otherwise than declared.
        """
        version = self._generations(service.name).pointer().value.version
        if not isinstance(version, str):
            raise NotPublishedError(
                f"{service.name!r} is not published in {self._names.store}; run `feature-warehouse"
                " materialize`"
            )
        names = {part.view.name for part in service.parts}
        found = {name: one for name in sorted(names) if (one := self._generation(name))}
        if version != service.fingerprint or len(found) < len(names):
            raise UsageError(
                f"{service.name!r} changed since it was published; run `feature-warehouse"
                " materialize`"
            )
        key = self._names.description(service.name, version)
        text = cluster.value(self._client, key)
        stored: layout.Service | str = "missing"
        if text is not None:
            try:
                stored = layout.read_service(text, key)
            except DamagedError:
                stored = "damaged"
        return key, stored, _described(service, found)

    def _publish(self, service: Service, warehouse: Warehouse) -> tuple[str, str, int]:
        views = {part.view.name: part.view for part in service.parts}
        if offline := sorted(name for name, view in views.items() if not view.online):
            return "skipped", f"not served: {_named(offline, 'has')} no `online: true`", 0
        found = {name: self._generation(name) for name in views}
        if unpublished := sorted(name for name, generation in found.items() if not generation):
            return "skipped", f"not served: {_named(unpublished, 'is')} not published yet", 0
        generations = {name: one for name, one in found.items() if one}
        if other := sorted(
            n for n, one in generations.items() if one.declaration != declaration(views[n])
        ):
            return "skipped", f"not changed: {_named(other, 'is')} not published as declared", 0
        if conflict := _key_conflict(service, generations):
            return "error", conflict, 2
        if self._generations(service.name).pointer().value.version != service.fingerprint and (
            mistake := unserved(service, warehouse) or difference(service, warehouse)
        ):
            return "error", f"not changed: {mistake}", 1
        self._write(_described(service, generations))
        return "success", "", 0

    def _write(self, service: layout.Service) -> None:
        names, client, name = self._names, self._client, service.service
        key = names.description(name, service.fingerprint)
        description = layout.sealed(service, key)
        pointers = self._generations(name)
        found = pointers.pointer()
        before = found.value
        # Of a view that was there, nothing but the name stays.
        was_view = isinstance(before.version, int)
        before = layout.Pointer() if was_view else before
        pointer = msgspec.structs.replace(before, version=service.fingerprint)
        if cluster.value(client, key) != description:
            # The same features, stored otherwise: readers have to look again.
            pointer = msgspec.structs.replace(pointer, published_at=time.time_ns() // 1000)
        client.set(key, description)
        if not pointers.replace_pointer(found, pointer):
            raise BusyError(f"another run published {name!r} meanwhile; run again")
        list_name(client, names, name)
        if before.version is not None and before.version != service.fingerprint:
            # Not at once: a reader may be between the pointer and the description.
            client.expire(names.description(name, before.version), _OLD_SECONDS)

    def _generations(self, name: str) -> Generations:
        return Generations(self._client, self._names, name, repairs=True)

    def _generation(self, view: str) -> layout.Generation | None:
        generations = self._generations(view)
        found = generations.find(generations.pointer().value.version)
        return found.value if found else None

    def _find(self, name: str) -> layout.Service | None:
        version = self._generations(name).pointer().value.version
        if not isinstance(version, str):
            return None
        key = self._names.description(name, version)
        text = cluster.value(self._client, key)
        try:
            return None if text is None else layout.read_service(text, key)
        except DamagedError:
            return None


def _described(service: Service, generations: dict[str, layout.Generation]) -> layout.Service:
    """What readers are told, with the types that the features have now."""
    return layout.Service(
        service=service.name,
        fingerprint=service.fingerprint,
        parts=tuple(
            layout.ServicePart(
                part.view.name,
                part.join_keys,
                part.features,
                {
                    feature.name: feature.type
                    for feature in generations[part.view.name].features
                    if feature.name in part.features
                },
                part.event_timestamp_as,
                part.age_as,
            )
            for part in service.parts
        ),
        on_demand=tuple(layout.OnDemand(one.name, one.expression) for one in service.on_demand),
        hidden=service.hidden,
        request={one.name: one.kind for one in service.request},
        pii=tuple(sorted(service.personal | {one.name for one in service.on_demand if one.pii})),
        deprecation_date=service.deprecation_date,
    )


def _named(views: list[str], verb: str) -> str:
    """The views and the verb, in the plural of several."""
    *first, last = views
    if not first:
        return f"{last} {verb}"
    return f"{', '.join(first)} and {last} {'are' if verb == 'is' else 'have'}"


def _key_conflict(service: Service, generations: dict[str, layout.Generation]) -> str:
    """What is wrong if two views take one entity key with different types: no value would do."""
    types: dict[str, tuple[str, str]] = {}
    for part in service.parts:
        for key in generations[part.view.name].keys:
            entity_key = part.join_keys[key.name]
            view, kind = types.setdefault(entity_key, (part.view.name, key.type))
            if kind != key.type:
                return (
                    f"entity key {entity_key!r} is {kind} for {view!r} and {key.type} for"
                    f" {part.view.name!r}; cast it to one type in the models"
                )
    return ""
