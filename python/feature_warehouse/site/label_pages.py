"""Pages of label sets."""

from typing import Any

from feature_warehouse.declarations.model import Service
from feature_warehouse.site.context import Context, Page
from feature_warehouse.site.graph import LabelSet

__all__ = ["label_set_page", "label_set_row"]


def label_set_row(context: Context, label_set: LabelSet) -> dict[str, Any]:
    """A label set as tables have it."""
    place = context.places.label_set(label_set)
    return {
        "place": place,
        "severity": context.severity(place),
        "description": label_set.model.description,
        "label": label_set.label,
        "training_sets": len(_used_by(context, label_set)),
        "owner": label_set.model.owner,
    }


def label_set_page(context: Context, label_set: LabelSet) -> Page:
    """The page of a label set. It shows columns and no value."""
    model = label_set.model
    uses = _used_by(context, label_set)
    return context.page(
        context.places.label_set(label_set),
        "label_set",
        label_set=label_set,
        model=model,
        uses=[(context.places.training_set(one), context.places.service(one)) for one in uses],
        asked={column.name for one in uses for column in one.request},
        keys={key for one in uses for part in one.parts for key in part.join_keys.values()},
        exposures_found=context.exposures([model.unique_id], []),
        sources_found=context.sources(model.unique_id),
        tests_found=context.tests(model.unique_id),
        samples_found={"SQL": f"select *\nfrom {model.relation}\nlimit 10"}
        if model.relation
        else {},
        definition_found=context.definition(model.unique_id),
        lineage_found=context.drawings(model.unique_id),
    )


def _used_by(context: Context, label_set: LabelSet) -> list[Service]:
    """The services whose training sets have its rows."""
    named = context.project.graph.label_sets
    return [
        service
        for service in context.registry.services.values()
        if (found := named.get(service.labels)) and found.name == label_set.name
    ]
