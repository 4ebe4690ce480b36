"""What pages of a project have in common: rows of tables, tests, definitions, lineage."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from feature_warehouse.declarations.model import Column, FeatureView, Service
from feature_warehouse.site.graph import Model, Test
from feature_warehouse.site.lineage import Lineage, Thing, drawn
from feature_warehouse.site.model import Problem, Project, Use
from feature_warehouse.site.places import Place, Places, entity_of

__all__ = ["ROWS", "Context", "Page", "in_parts", "said_of", "with_thing"]

ROWS: Final = 200
"""Of a table; what comes after stands on a further page."""

_Row = TypeVar("_Row")

_RAW, _COMPILED = 20_000, 60_000

Page = tuple[str, str, dict[str, Any]]
"""Address, template, and what it is given."""


class Context:
    """A project, and where its things have their pages."""

    def __init__(self, project: Project, places: Places, problems: Sequence[Problem]) -> None:
        self.project, self.places = project, places
        self.registry, self.measured = project.registry, project.measured
        self.lineage = places.lineage()
        self.problems: dict[str, list[Problem]] = {}
        for problem in problems:
            self.problems.setdefault(problem.address, []).append(problem)
        self.by_entity: dict[tuple[str, ...], list[FeatureView]] = {}
        for view in self.registry.views.values():
            self.by_entity.setdefault(entity_of(view), []).append(view)

    def page(self, place: Place, template: str, **values: Any) -> Page:
        problems = self.problems.get(place.address, [])
        given = {"place": place, "problems": problems, **values}
        return place.address, f"site/{template}.html", given

    def severity(self, place: Place) -> str:
        found = self.problems.get(place.address, ())
        return found[0].severity if found else ""

    def view_row(self, view: FeatureView) -> dict[str, Any]:
        """A view as tables have it."""
        place = self.places.view(view)
        return {
            "place": place,
            "severity": self.severity(place),
            "problems": self.problems.get(place.address, ()),
            "description": view.description,
            "entity": self.places.entity(entity_of(view)),
            "features": len(view.features),
            "owner": view.owner or "",
            "services": len(self.project.services_of.get(view.name, ())),
            "online": view.online,
        }

    def service_row(self, service: Service) -> dict[str, Any]:
        """A service as tables have it."""
        place = self.places.service(service)
        return {
            "place": place,
            "severity": self.severity(place),
            "training_set": self.places.training_set(service),
            "description": service.description,
            "features": len(service.outputs),
            "fingerprint": service.fingerprint,
        }

    def entity_rows(self) -> list[dict[str, Any]]:
        """All entities as tables have them."""
        return [
            {
                "place": self.places.entity(keys),
                "description": said_of(keys, views),
                "views": len(views),
                "features": sum(len(view.features) for view in views),
            }
            for keys, views in sorted(self.by_entity.items())
        ]

    def feature_row(self, view: FeatureView, column: Column) -> dict[str, Any]:
        place = self.places.feature(view, column.name)
        history = self.measured.statistics.get((view.name, column.name), ())
        uses = self.project.uses.get((view.name, column.name), ())
        return {
            "place": place,
            "name": column.name,
            "severity": self.severity(place),
            "type": column.data_type,
            "description": column.description,
            "pii": column.pii,
            "uses": len(uses),
            "last": history[-1] if history else None,
        }

    def said(self, reports: Mapping[str, Any], uses: Iterable[Use]) -> list[tuple[Place, Any]]:
        """What reports on drift or skew say of a feature, by the page of each service."""
        return [
            (self.places.service(use.service), one)
            for use in uses
            if use.service.name in reports
            for one in reports[use.service.name].features
            if one.feature in use.names
        ]

    def sources(self, unique_id: str) -> list[dict[str, Any]]:
        """The sources that a model is made of, with what dbt last said of their freshness."""
        return [
            {"source": source, "freshness": self.measured.sources.get(source.unique_id)}
            for source in self.project.graph.sources_of(unique_id)
        ]

    def tests(self, unique_id: str, column: str | None = None) -> list[dict[str, Any]]:
        """Tests of a model, or of one of its columns, with what the last run said of them."""
        found: list[Test] = [
            test
            for test in self.project.graph.tests.get(unique_id, ())
            if column is None or test.column == column
        ]
        return [
            {
                "test": test,
                "result": result,
                "has_passed": bool(result and result.verdict == "passed"),
            }
            for test in found
            for result in [self.measured.tests.get(test.unique_id)]
        ]

    def definition(self, unique_id: str, *, compiled: bool = True) -> dict[str, Any] | None:
        model = self.project.graph.models.get(unique_id)
        if model is None or not (model.raw or model.compiled):
            return None
        raw = model.raw or model.compiled
        return {
            "file": model.file,
            "raw": raw[:_RAW],
            "raw_left": max(0, len(raw) - _RAW),
            "compiled": model.compiled[:_COMPILED] if compiled and model.raw else "",
            "compiled_left": max(0, len(model.compiled) - _COMPILED),
        }

    def model(self, unique_id: str) -> Model | None:
        return self.project.graph.models.get(unique_id)

    def versions(self, name: str) -> list[dict[str, Any]]:
        """All versions of a view or service that has some."""
        base, mark, version = name.rpartition(".v")
        if not mark or not version:
            return []
        known: dict[str, FeatureView | Service] = {
            **self.registry.views,
            **self.registry.services,
        }
        return [
            {
                "place": self.places.view(one)
                if isinstance(one, FeatureView)
                else self.places.service(one),
                "latest": self.registry.latest.get(base) == one.name,
                "deprecated": one.deprecation_date or "",
            }
            for one in known.values()
            if one.name.rpartition(".v")[0] == base
        ]

    def drawings(self, start: str, lineage: Lineage | None = None) -> dict[str, Any]:
        lineage = lineage or self.lineage
        near, far = drawn(lineage, start, hops=1), drawn(lineage, start, hops=None)
        is_more = len(far.boxes) > len(near.boxes) or bool(far.omitted)
        return {"near": near, "far": far if is_more else None}

    def exposures(self, unique_ids: Sequence[str], services: Sequence[str]) -> list[Any]:
        """The exposures that read one of these, or that name one of these services."""
        direct = self.project.graph.readers(unique_ids)
        wanted = set(services)
        latest = self.registry.latest
        named = [
            one
            for one in self.project.graph.exposures
            if wanted & {latest.get(name, name) for name in one.services} and one not in direct
        ]
        return [*direct, *named]


def in_parts(rows: Sequence[_Row]) -> list[Sequence[_Row]]:
    """The rows of each page: one page, even without any."""
    return [rows[start : start + ROWS] for start in range(0, len(rows) or 1, ROWS)]


def with_thing(
    lineage: Lineage, key: str, thing: Thing, parents: list[str], children: list[str]
) -> Lineage:
    """The lineage with one thing more, which alone has these parents and children."""
    return Lineage(
        {**lineage.things, key: thing},
        _More(lineage.parents, {key: parents, **{child: [key] for child in children}}),
        _More(lineage.children, {key: children}),
    )


class _More(dict[str, list[str]]):
    """A mapping with a few entries of its own before those of another."""

    def __init__(self, other: Any, own: dict[str, list[str]]) -> None:
        super().__init__(own)
        self._other = other

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else self._other.get(key, default)


def said_of(keys: tuple[str, ...], views: list[FeatureView]) -> str:
    """The first description of each join key."""
    texts = []
    for key in keys:
        columns = (one for view in views for one in view.join_keys if one.name == key)
        texts.append(next((one.description for one in columns if one.description), ""))
    return " ".join(filter(None, texts))
