"""What search finds: an entry for each page about a thing."""

from collections.abc import Iterator, Sequence

from feature_warehouse.site.context import Context
from feature_warehouse.site.places import entity_of
from feature_warehouse.site.search import Entry

__all__ = ["entries_of"]


def entries_of(context: Context) -> Iterator[Entry]:
    """Views, features, services, training sets, label sets and entities of a project."""
    project, places, registry = context.project, context.places, context.registry
    for view in registry.views.values():
        place, keys = places.view(view), entity_of(view)
        common = [*_tagged("entity", keys), *_tagged("project", [project.name])]
        yield Entry(
            view.name, "feature view", ", ".join(keys), view.description,
            (*common, *_tagged("owner", [view.owner]), *_tagged("tag", view.tags)),
            place.address, context.severity(place),
        )  # fmt: skip
        for feature in view.features:
            place = places.feature(view, feature.name)
            tags = sorted({*view.tags, *feature.tags})
            owner = feature.owner or view.owner
            yield Entry(
                feature.name, "feature", view.name, feature.description,
                (*common, *_tagged("owner", [owner]), *_tagged("tag", tags)),
                place.address, context.severity(place),
            )  # fmt: skip
    for service in registry.services.values():
        place = places.service(service)
        words = tuple(_tagged("project", [project.name]))
        yield Entry(
            service.name, "service", service.training_set, service.description, words,
            place.address, context.severity(place),
        )  # fmt: skip
        place = places.training_set(service)
        yield Entry(
            service.training_set, "training set", service.labels, service.description, words,
            place.address, context.severity(place),
        )  # fmt: skip
        for one in service.on_demand:
            place = places.on_demand(service, one)
            yield Entry(
                one.name, "on-demand feature", service.name, one.description or one.declared,
                (*words, *_tagged("owner", [one.owner]), *_tagged("tag", one.tags)),
                place.address, context.severity(place),
            )  # fmt: skip
    for label_set in project.graph.each_label_set:
        place = places.label_set(label_set)
        yield Entry(
            label_set.name, "label set", label_set.label, label_set.model.description,
            (*_tagged("project", [project.name]), *_tagged("owner", [label_set.model.owner])),
            place.address, context.severity(place),
        )  # fmt: skip
    for keys, views in context.by_entity.items():
        place, names = places.entity(keys), ", ".join(view.name for view in views)
        yield Entry(
            place.name, "entity", "", f"{len(views)} feature views: {names}",
            tuple(_tagged("project", [project.name])), place.address,
        )  # fmt: skip


def _tagged(what: str, texts: Sequence[str | None]) -> Iterator[str]:
    """``owner:anna``, for each text that is one."""
    for text in texts:
        if text:
            yield f"{what}:{text}"
