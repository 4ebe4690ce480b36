"""All pages of a project."""

from collections.abc import Iterator
from typing import Any

from feature_warehouse.site.context import Context, Page, in_parts
from feature_warehouse.site.label_pages import label_set_page, label_set_row
from feature_warehouse.site.service_pages import on_demand_page, service_page, training_set_page
from feature_warehouse.site.view_pages import entity_page, feature_page, view_pages

__all__ = ["pages_of"]


def pages_of(context: Context) -> Iterator[Page]:
    """Every page of the project but the first one of the site."""
    for view in context.registry.views.values():
        yield from view_pages(context, view)
        for feature in view.features:
            yield feature_page(context, view, feature)
    for service in context.registry.services.values():
        yield service_page(context, service)
        yield training_set_page(context, service)
        for one in service.on_demand:
            yield on_demand_page(context, service, one)
    for label_set in context.project.graph.each_label_set:
        yield label_set_page(context, label_set)
    for keys, views in context.by_entity.items():
        yield entity_page(context, keys, views)
    yield from _listings(context)


def _listings(context: Context) -> Iterator[Page]:
    features: list[dict[str, Any]] = [
        {
            "place": context.places.feature(view, column.name),
            "name": column.name,
            "of": context.places.view(view),
            "description": column.description,
            "type": column.data_type,
        }
        for view in context.registry.views.values()
        for column in view.features
    ]
    features += [
        {
            "place": context.places.on_demand(service, one),
            "name": one.name,
            "of": context.places.service(service),
            "description": one.description or one.declared,
            "type": one.data_type,
        }
        for service in context.registry.services.values()
        for one in service.on_demand
    ]
    features.sort(key=lambda row: (row["name"].lower(), row["place"].name))
    services = context.registry.services.values()
    rows: dict[str, list[dict[str, Any]]] = {
        "views": [context.view_row(view) for view in context.registry.views.values()],
        "features": features,
        "services": [context.service_row(service) for service in services],
        "entities": context.entity_rows(),
        "label-sets": [label_set_row(context, one) for one in context.project.graph.each_label_set],
    }
    for kind, found in rows.items():
        parts = in_parts(found)
        addresses = [context.places.listing(kind, number + 1) for number in range(len(parts))]
        for number, (at, part) in enumerate(zip(addresses, parts, strict=True), 1):
            yield at, "site/listing.html", {
                "kind": kind,
                "project": context.registry.project,
                "rows": part,
                "count": len(found),
                "number": number,
                "page_addresses": addresses,
            }  # fmt: skip
