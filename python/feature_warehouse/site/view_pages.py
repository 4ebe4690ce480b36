"""Pages of feature views, features and entities."""

from collections.abc import Iterator, Sequence
from typing import Any

from feature_warehouse.catalog.samples import curl_for, python_for, rows_of, training_set_with
from feature_warehouse.declarations.annotations import default_text
from feature_warehouse.declarations.model import Column, FeatureView
from feature_warehouse.site.context import ROWS, Context, Page, in_parts, said_of, with_thing
from feature_warehouse.site.lineage import Thing
from feature_warehouse.site.model import Use
from feature_warehouse.site.places import Place, entity_of
from feature_warehouse.util.durations import readable

__all__ = ["entity_page", "feature_page", "view_pages"]


def view_pages(context: Context, view: FeatureView) -> Iterator[Page]:
    """The page of a view, and further ones for features that have no room on it."""
    rows = [context.feature_row(view, column) for column in view.features]
    parts = in_parts(rows)
    places = [context.places.view(view, number) for number in range(1, len(parts) + 1)]
    services = context.project.services_of.get(view.name, ())
    samples = {"SQL": rows_of(view), "dbt": training_set_with(context.registry, view)}
    if view.online:
        keys = {key.name: key for key in view.join_keys}
        samples["Python"] = python_for(context.registry, view.name, keys)
        samples["curl"] = curl_for(view.name, keys)
    values: dict[str, Any] = {
        "view": view,
        "entity": context.places.entity(entity_of(view)),
        "ttl": "" if view.ttl is None else readable(view.ttl),
        "lag": readable(view.availability_lag) if view.availability_lag else "",
        "status": context.measured.status.get(view.name),
        "runs": context.measured.runs.get(view.name, ()),
        "gates": context.measured.gates.get(view.name, ()),
        "services": [(context.places.service(one), one) for one in services],
        "training_sets": [context.places.training_set(one) for one in services],
        "exposures_found": context.exposures(
            [view.unique_id, *(one.unique_id for one in services)],
            [one.name for one in services],
        ),
        "versions_found": context.versions(view.name),
        "tests_found": context.tests(view.unique_id, ""),
        "sources_found": context.sources(view.unique_id),
        "samples_found": samples,
        "definition_found": context.definition(view.unique_id),
        "model": context.model(view.unique_id),
        "lineage_found": context.drawings(view.unique_id),
        "page_addresses": [one.address for one in places],
    }
    for number, (place, part) in enumerate(zip(places, parts, strict=True), 1):
        yield context.page(place, "view", **values, rows=part, number=number)


def feature_page(context: Context, view: FeatureView, column: Column) -> Page:
    """The page of a feature."""
    place = context.places.feature(view, column.name)
    uses = context.project.uses.get((view.name, column.name), ())
    keys = {key.name: key for key in view.join_keys}
    samples = {
        "SQL": rows_of(view, column.name),
        "dbt": training_set_with(context.registry, view, column.name),
    }
    if view.online:
        samples["Python"] = python_for(context.registry, view.name, keys, column.name)
        samples["curl"] = curl_for(view.name, keys)
    return context.page(
        place,
        "feature",
        name=column.name,
        column=column,
        view=view,
        owner_place=context.places.view(view),
        entity=context.places.entity(entity_of(view)),
        ttl="" if view.ttl is None else readable(view.ttl),
        lag=readable(view.availability_lag) if view.availability_lag else "",
        owner=column.owner or view.owner or "",
        tags=sorted({*view.tags, *column.tags}),
        default=None if column.pii else default_text(column.default),
        status=context.measured.status.get(view.name),
        history=context.measured.statistics.get((view.name, column.name), ()),
        drifts_found=context.said(context.measured.drifts, uses),
        skews_found=context.said(context.measured.skews, uses),
        uses=_used_by(context, uses),
        exposures_found=context.exposures(
            [view.unique_id, *(use.service.unique_id for use in uses)],
            [use.service.name for use in uses],
        ),
        versions_found=context.versions(view.name),
        tests_found=context.tests(view.unique_id, column.name),
        samples_found=samples,
        definition_found=context.definition(view.unique_id, compiled=False),
        lineage_found=_drawings_of_feature(context, view, place, column.name, uses),
    )


def _used_by(context: Context, uses: Sequence[Use]) -> list[dict[str, Any]]:
    return [
        {
            "service": context.places.service(use.service),
            "training_set": context.places.training_set(use.service),
            "names": use.names,
        }
        for use in uses
    ]


def _drawings_of_feature(
    context: Context, view: FeatureView, place: Place, name: str, uses: Sequence[Use]
) -> dict[str, Any]:
    """Of a feature: its view, what that comes from, and the training sets that have it."""
    own = f"feature:{place.address}"
    sets = [use.service.unique_id for use in uses]
    lineage = with_thing(
        context.lineage, own, Thing(name, "feature", place.address), [view.unique_id], sets
    )
    return context.drawings(own, lineage)


def entity_page(context: Context, keys: tuple[str, ...], views: list[FeatureView]) -> Page:
    """The page of an entity: its views, and the services that ask for it."""
    services = {
        service.name: service
        for view in views
        for service in context.project.services_of.get(view.name, ())
    }
    return context.page(
        context.places.entity(keys),
        "entity",
        keys=list(views[0].join_keys),
        description=said_of(keys, views),
        rows=[context.view_row(view) for view in views[:ROWS]],
        views_left=max(0, len(views) - ROWS),
        all_views=context.places.listing("views"),
        services=[context.places.service(one) for one in services.values()],
    )
