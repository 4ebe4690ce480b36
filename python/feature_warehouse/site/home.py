"""The first page: what needs a look, then the greatest lists."""

from collections.abc import Sequence
from typing import Any, Final

from feature_warehouse.site.context import Context
from feature_warehouse.site.model import Problem, Project

__all__ = ["SHOWN_PROBLEMS", "TITLES", "home"]

SHOWN_PROBLEMS: Final = 40
"""Of what needs a look; if there is more, a list of its own has all."""

_SHOWN, _SHOWN_VIEWS = 20, 40

TITLES: Final = {
    "views": "Feature views",
    "features": "Features",
    "services": "Services",
    "entities": "Entities",
    "label-sets": "Label sets",
}
"""Of the lists of all things of a kind."""


def home(contexts: Sequence[Context], worst: Sequence[Problem]) -> dict[str, Any]:
    """What the template of the first page is given."""
    projects = [context.project for context in contexts]
    return {
        "is_home": True,
        "problems": worst[:SHOWN_PROBLEMS],
        "problem_count": len(worst),
        "all_problems": "health.html",
        "looked_at": _looked_at(projects),
        "notes": [note for project in projects for note in project.measured.notes],
        "projects": list(map(_summary, contexts)),
    }


def _looked_at(projects: Sequence[Project]) -> list[str]:
    """What was measured of any project, in words."""
    measured = [project.measured for project in projects]
    parts = {
        "freshness": any(one.has_status for one in measured),
        "sources": any(one.sources for one in measured),
        "the gate": any(one.gates for one in measured),
        "drift": any(one.drifts for one in measured),
        "skew": any(one.skews for one in measured),
        "dbt's tests": any(one.tests for one in measured),
    }
    return [name for name, known in parts.items() if known]


def _summary(context: Context) -> dict[str, Any]:
    registry = context.registry
    views, services = list(registry.views.values()), list(registry.services.values())
    entities = context.entity_rows()
    features = sum(len(view.features) for view in views)
    features += sum(len(service.on_demand) for service in services)
    counts = [(features, "features"), (len(views), "views")]
    counts += [(len(entities), "entities"), (len(services), "services")]
    counts += [(len(context.project.graph.each_label_set), "label sets")]
    lists = {kind: context.places.listing(kind) for kind in TITLES}
    return {
        "name": context.project.name,
        "lists": lists,
        "counts": [
            (count, what if count != 1 else _one(what), lists[what.replace(" ", "-")])
            for count, what in counts
        ],
        "services": [context.service_row(one) for one in services[:_SHOWN]],
        "services_left": max(0, len(services) - _SHOWN),
        "views": [context.view_row(one) for one in views[:_SHOWN_VIEWS]],
        "views_left": max(0, len(views) - _SHOWN_VIEWS),
        "entities": entities[:_SHOWN],
        "entities_left": max(0, len(entities) - _SHOWN),
    }


def _one(what: str) -> str:
    return "entity" if what == "entities" else what.removesuffix("s")
