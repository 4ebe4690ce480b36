"""Where each thing of a project has its page, and how things hang together."""

from typing import Literal

import msgspec

from feature_warehouse.declarations.model import FeatureView, OnDemandFeature, Registry, Service
from feature_warehouse.site.graph import Exposure, Graph, LabelSet
from feature_warehouse.site.lineage import Lineage, Thing
from feature_warehouse.site.model import Problem
from feature_warehouse.site.names import address, slug

__all__ = ["Place", "Places", "entity_of"]


class Place(msgspec.Struct, frozen=True):
    """A page: what kind of thing it is about, its name, and where it is below the site."""

    kind: str
    name: str
    address: str
    project: str

    def problem(self, severity: Literal["bad", "warn"], what: str, detail: str) -> Problem:
        """Something to look at on this page."""
        return Problem(severity, what, self.kind, self.name, self.address, detail, self.project)


def entity_of(view: FeatureView) -> tuple[str, ...]:
    """The join keys of a view; none of a view of one entity."""
    return tuple(key.name for key in view.join_keys)


class Places:
    """The pages of one project."""

    def __init__(self, registry: Registry, graph: Graph) -> None:
        self._registry, self._graph = registry, graph
        self._folder = slug(registry.project)
        self._views = {view.unique_id: view for view in registry.views.values()}
        self._services = {one.unique_id: one for one in registry.services.values()}
        self._label_sets = {one.model.unique_id: one for one in graph.each_label_set}
        self._sources: dict[tuple[str, str], tuple[str, str]] = {}
        for service in registry.services.values():
            for part in service.parts:
                for feature, name in part.features.items():
                    self._sources[service.name, name] = (part.view.name, feature)

    def listing(self, kind: str, number: int = 1) -> str:
        """The page that lists all of a kind, such as views."""
        return f"{self._folder}/{kind}{'' if number == 1 else f'~{number}'}.html"

    def view(self, view: FeatureView, number: int = 1) -> Place:
        at = address(self._folder, "views", view.name)
        if number > 1:
            at = f"{at.removesuffix('.html')}~{number}.html"
        return Place("feature view", view.name, at, self._registry.project)

    def feature(self, view: FeatureView, feature: str) -> Place:
        return self._feature("feature", view.name, feature)

    def on_demand(self, service: Service, feature: OnDemandFeature) -> Place:
        return self._feature("on-demand feature", service.name, feature.name)

    def _feature(self, kind: str, owner: str, feature: str) -> Place:
        at = address(self._folder, "features", owner, feature)
        return Place(kind, f"{owner}:{feature}", at, self._registry.project)

    def service(self, service: Service) -> Place:
        at = address(self._folder, "services", service.name)
        return Place("service", service.name, at, self._registry.project)

    def training_set(self, service: Service) -> Place:
        at = address(self._folder, "training-sets", service.training_set)
        return Place("training set", service.training_set, at, self._registry.project)

    def label_set(self, label_set: LabelSet) -> Place:
        at = address(self._folder, "label-sets", label_set.name)
        return Place("label set", label_set.name, at, self._registry.project)

    def entity(self, keys: tuple[str, ...]) -> Place:
        """Of no join key at all it is the page of global views."""
        name = ", ".join(keys) or "one for all"
        at = address(self._folder, "entities", name)
        return Place("entity", name, at, self._registry.project)

    def problem(
        self,
        severity: Literal["bad", "warn"],
        what: str,
        one: FeatureView | Service,
        detail: str,
    ) -> Problem:
        """Something to look at on the page of a view or service."""
        place = self.view(one) if isinstance(one, FeatureView) else self.service(one)
        return place.problem(severity, what, detail)

    def of_model(self, unique_id: str) -> Place | None:
        """The page of a view, training set or label set; other models have none."""
        if unique_id in self._views:
            return self.view(self._views[unique_id])
        if unique_id in self._services:
            return self.training_set(self._services[unique_id])
        if unique_id in self._label_sets:
            return self.label_set(self._label_sets[unique_id])
        return None

    def of_column(self, unique_id: str, column: str) -> Place | None:
        """The page of a feature, where the column is one; else that of its model."""
        view = self._views.get(unique_id)
        if view is not None and any(one.name == column for one in view.features):
            return self.feature(view, column)
        service = self._services.get(unique_id)
        for one in service.on_demand if service else ():
            if one.name == column and service:
                return self.on_demand(service, one)
        return self.of_model(unique_id)

    def served(self, service: str, name: str) -> Place:
        """The page of the feature that a service serves under a name; else that of the service."""
        owner = self._registry.services[service]
        if source := self._sources.get((service, name)):
            return self.feature(self._registry.views[source[0]], source[1])
        for one in owner.on_demand:
            if one.name == name:
                return self.on_demand(owner, one)
        return self.service(owner)

    def lineage(self) -> Lineage:
        """Models, services and exposures; features are put in by ``with_thing``."""
        things = {
            unique_id: Thing(model.name, place.kind if place else model.kind,
                             place.address if place else "")
            for unique_id, model in self._graph.models.items()
            for place in [self.of_model(unique_id)]
        }  # fmt: skip
        parents = {each: list(model.parents) for each, model in self._graph.models.items()}
        children = {each: list(found) for each, found in self._graph.children.items()}
        for service in self._registry.services.values():
            place = self.service(service)
            key = f"service:{service.name}"
            things[key] = Thing(service.name, "service", place.address)
            parents[key] = [service.unique_id]
            children.setdefault(service.unique_id, []).append(key)
        for exposure in self._graph.exposures:
            key = f"exposure:{exposure.name}"
            things[key] = Thing(exposure.label, exposure.kind or "exposure")
            parents[key] = list(self._read_by(exposure))
            for parent in parents[key]:
                children.setdefault(parent, []).append(key)
        return Lineage(things, parents, children)

    def _read_by(self, exposure: Exposure) -> tuple[str, ...]:
        """The services that it names, or what dbt knows it to read."""
        named = (self._registry.latest.get(name, name) for name in exposure.services)
        services = tuple(f"service:{name}" for name in named if name in self._registry.services)
        return services or exposure.parents
