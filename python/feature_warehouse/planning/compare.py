"""The plan: each name that readers may ask for, before and after."""

from collections.abc import Collection, Iterable
from itertools import chain

import msgspec

from feature_warehouse.errors import UsageError
from feature_warehouse.planning.changes import Breaks, Change, Plan, Severity
from feature_warehouse.planning.in_service import InService
from feature_warehouse.planning.label_sets import label_set_changes
from feature_warehouse.planning.project import Project
from feature_warehouse.planning.service_changes import ServiceChanges
from feature_warehouse.planning.view_changes import ViewChanges

__all__ = ["compare"]

_ORDER = [Severity.BREAKING, Severity.REPUBLISH, Severity.SAFE]


def compare(
    before: Project,
    after: Project,
    *,
    in_service: InService | None = None,
    allowed: Collection[str] = (),
) -> Plan:
    """What becomes of readers of ``before`` when ``after`` is published.

    ``allowed`` are names that may break. UsageError for two manifests of different projects.
    """
    if before.registry.project != after.registry.project:
        raise UsageError(
            f"{before.manifest} is of project {before.registry.project!r}, and {after.manifest} of"
            f" {after.registry.project!r}; compare two manifests of one project"
        )
    views = ViewChanges(before, after, in_service)
    services = ServiceChanges(before, after, in_service, views).changes()
    changes = [
        msgspec.structs.replace(change, allowed=change.name in allowed)
        for change in (
            *services,
            *(_with_readers(one, services, before, views) for one in views.changes()),
            *label_set_changes(before, after),
        )
    ]
    return Plan(
        project=after.registry.project,
        against=str(before.manifest),
        changes=tuple(sorted(changes, key=lambda one: _ORDER.index(one.severity))),
        store=in_service.store if in_service else None,
    )


def _with_readers(
    change: Change, services: list[Change], before: Project, views: ViewChanges
) -> Change:
    """Whom a view's change breaks, and what to do instead."""
    old = before.view(change.name)
    if old is None or change.severity is not Severity.BREAKING:
        return change
    reading = [
        one
        for one in services
        if one.severity is Severity.BREAKING
        and (service := before.service(one.name))
        and any(part.view.name == old.name for part in service.parts)
    ]
    exposures = (
        before.exposures(old.unique_id, directly=True),
        *(one.breaks.exposures for one in reading),
    )
    breaks = Breaks(
        services=_merged(one.breaks.services for one in reading),
        training_sets=_merged(one.breaks.training_sets for one in reading),
        exposures=_merged(exposures),
        deployed=_merged(one.breaks.deployed for one in reading),
    )
    return msgspec.structs.replace(change, breaks=breaks, instead=views.instead(change, old))


def _merged(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(sorted(set(chain.from_iterable(groups))))
