"""Projects, read: their manifests, and what was measured of them in warehouse, Redis and files."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import redis

from feature_warehouse.declarations.manifest import read_manifest
from feature_warehouse.declarations.model import Registry, Service
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.engines import Warehouse
from feature_warehouse.errors import NotPublishedError, UsageError
from feature_warehouse.monitoring.status import read_status
from feature_warehouse.redis_store.connection import reachable
from feature_warehouse.redis_store.layout import Names
from feature_warehouse.redis_store.publication_log import latest_notes
from feature_warehouse.site.artifacts import read_artifacts
from feature_warehouse.site.cards import read_cards
from feature_warehouse.site.graph import Graph, graph_of
from feature_warehouse.site.model import Measured, Project, Run, Use
from feature_warehouse.site.statistics import read_statistics

__all__ = ["read_project"]

_RUNS = 40


def read_project(
    manifest: Path,
    now: int,
    *,
    warehouse: Callable[[], AbstractContextManager[Warehouse]] | None = None,
    client: Any = None,
    environment: str | None = None,
) -> Project:
    """A project with what there is of it beside its manifest.

    ``warehouse`` is opened if a model calls ``feature_statistics`` or ``dataset_card``. ``client``
    is of the Redis that holds the project's ``environment``, by default the target of the manifest.
    Both are left out where they are None. Raises UsageError, UnreachableError or BusyError.
    """
    registry, graph = read_registry(manifest), graph_of(read_manifest(manifest))
    measured = Measured()
    read_artifacts(manifest.parent, registry, measured)
    if warehouse is not None:
        _add_figures(warehouse, registry, graph, measured)
    if client is not None:
        noted = registry.written_for
        place = environment or (noted.target if noted else None)
        _add_status(client, registry.project, place, measured)
    return Project(
        registry=registry,
        graph=graph,
        measured=measured,
        uses=uses_of(registry),
        services_of=_services_of(registry),
        now=now,
    )


def _add_figures(
    warehouse: Callable[[], AbstractContextManager[Warehouse]],
    registry: Registry,
    graph: Graph,
    measured: Measured,
) -> None:
    statistics, cards = map(graph.calling, ("feature_statistics", "dataset_card"))
    if not (statistics or cards):
        return
    shown = [
        (view.name, feature.name)
        for view in registry.views.values()
        for feature in view.features
        if not feature.pii
    ]
    with warehouse() as connection:
        for model in statistics:
            with _noted(measured, f"statistics of {model.name}"):
                measured.statistics |= read_statistics(connection, model.relation, shown)
        for model in cards:
            with _noted(measured, f"card of {model.name}"):
                measured.cards |= read_cards(connection, model.relation)


@contextmanager
def _noted(measured: Measured, what: str) -> Iterator[None]:
    """Notes that it is left out, where it is not built or holds something else."""
    try:
        yield
    except UsageError as error:
        measured.notes.append(f"no {what}: {error}")


def _add_status(client: Any, project: str, environment: str | None, measured: Measured) -> None:
    try:
        status = read_status(client, project, environment)
    except NotPublishedError as error:
        measured.notes.append(str(error))
        return
    measured.has_status = True
    measured.status = {view.view: view for view in status.views}
    measured.published = frozenset(service.service for service in status.services)
    runs: dict[str, list[Run]] = {}
    with reachable(client):
        try:
            notes = latest_notes(client, Names(status.project, status.environment))
        except redis.exceptions.NoPermissionError:
            measured.notes.append("runs are left out: this user of Redis needs +xrevrange")
            notes = []
    for note in notes:
        run = Run(note.mode, note.started_at, note.finished_at, note.clock)
        runs.setdefault(note.view, []).append(run)
    measured.runs = {view: tuple(found[:_RUNS][::-1]) for view, found in runs.items()}


def uses_of(registry: Registry) -> Mapping[tuple[str, str], tuple[Use, ...]]:
    """By view and feature, the services that use it; hidden inputs are uses without a name."""
    found: dict[tuple[str, str], dict[str, tuple[Service, list[str]]]] = {}
    for service in registry.services.values():
        for part in service.parts:
            for feature, name in part.features.items():
                uses = found.setdefault((part.view.name, feature), {})
                _, names = uses.setdefault(service.name, (service, []))
                if name not in service.hidden:
                    names.append(name)
    return {
        key: tuple(Use(service, tuple(sorted(set(names)))) for service, names in uses.values())
        for key, uses in found.items()
    }


def _services_of(registry: Registry) -> Mapping[str, tuple[Service, ...]]:
    found: dict[str, dict[str, Service]] = {}
    for service in registry.services.values():
        for part in service.parts:
            found.setdefault(part.view.name, {})[service.name] = service
    return {view: tuple(services.values()) for view, services in found.items()}
