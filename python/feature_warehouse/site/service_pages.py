"""Pages of services, training sets and on-demand features."""

from typing import Any

from feature_warehouse.catalog.samples import curl_for, python_for, quoted
from feature_warehouse.declarations.model import Column, OnDemandFeature, Service
from feature_warehouse.site.context import Context, Page, with_thing
from feature_warehouse.site.lineage import Thing
from feature_warehouse.site.model import Use
from feature_warehouse.site.places import Place

__all__ = ["on_demand_page", "service_page", "training_set_page"]


def service_page(context: Context, service: Service) -> Page:
    """The page of a service: its vector, and how to ask for it."""
    asked = _asked(service)
    samples = {}
    if all(part.view.online for part in service.parts):
        fingerprint = service.fingerprint
        samples["Python"] = python_for(context.registry, service.name, asked, expect=fingerprint)
        samples["curl"] = curl_for(service.name, asked, fingerprint)
    place = context.places.service(service)
    return context.page(
        place,
        "service",
        service=service,
        training_set=context.places.training_set(service),
        asked=asked,
        rows=_vector(context, service),
        drift=context.measured.drifts.get(service.name),
        skew=context.measured.skews.get(service.name),
        exposures_found=context.exposures([service.unique_id], [service.name]),
        published=service.name in context.measured.published
        if context.measured.has_status
        else None,
        versions_found=context.versions(service.name),
        samples_found=samples,
        lineage_found=context.drawings(f"service:{service.name}"),
    )


def _vector(context: Context, service: Service) -> list[dict[str, Any]]:
    """What a vector has, in its order."""
    report, log = (
        context.measured.drifts.get(service.name),
        context.measured.skews.get(service.name),
    )
    drift = {one.feature: one for one in (report.features if report else ())}
    skew = {one.feature: one for one in (log.features if log else ())}
    found: list[dict[str, Any]] = []

    def add(name: str, place: Place, data_type: str, said: str, pii: bool, of: str) -> None:
        if name not in service.hidden:
            found.append(
                {"name": name, "place": place, "type": data_type, "description": said,
                 "pii": pii, "of": of, "drift": drift.get(name), "skew": skew.get(name)}
            )  # fmt: skip

    for part in service.parts:
        columns = {column.name: column for column in part.view.features}
        for feature, name in part.features.items():
            column, place = columns[feature], context.places.feature(part.view, feature)
            pii = name in service.personal
            of = f"{part.view.name}:{feature}"
            add(name, place, column.data_type, column.description, pii, of)
        for name, (what, kind) in part.instants.items():
            place = context.places.view(part.view)
            said = f"{what} of the row of {part.view.name}"
            add(name, place, kind, said, name in service.personal, part.view.name)
    for one in service.on_demand:
        place = context.places.on_demand(service, one)
        add(one.name, place, one.data_type, one.description, one.pii, "computed when asked")
    return found


def training_set_page(context: Context, service: Service) -> Page:
    """The page of a training set."""
    model = context.model(service.unique_id)
    samples = {}
    if service.relation:
        samples["SQL"] = f"select *\nfrom {service.relation}\nlimit 10"
    samples["shell"] = (
        f"feature-warehouse training-set export {service.training_set}"
        f" --to {service.training_set}.parquet"
    )
    labels = context.project.graph.label_sets.get(service.labels)
    return context.page(
        context.places.training_set(service),
        "training_set",
        service=service,
        card=context.measured.cards.get(service.training_set),
        service_place=context.places.service(service),
        model=model,
        labels=labels,
        labels_place=context.places.label_set(labels) if labels else None,
        sources_found=context.sources(service.unique_id),
        views=[context.places.view(part.view) for part in service.parts],
        rows=_vector(context, service),
        exposures_found=context.exposures([service.unique_id], []),
        tests_found=context.tests(service.unique_id),
        samples_found=samples,
        definition_found=context.definition(service.unique_id),
        lineage_found=context.drawings(service.unique_id),
    )


def on_demand_page(context: Context, service: Service, one: OnDemandFeature) -> Page:
    """The page of a feature that is computed when asked."""
    place = context.places.on_demand(service, one)
    asked = _asked(service)
    is_hidden = one.name in service.hidden
    is_online = all(part.view.online for part in service.parts)
    samples = {}
    if service.relation and not is_hidden:
        names = ", ".join(map(quoted, dict.fromkeys([*one.keys, service.timestamp, one.name])))
        samples["SQL"] = f"select {names}\nfrom {service.relation}\nlimit 10"
    if is_online and not is_hidden:
        samples["Python"] = python_for(context.registry, service.name, asked, one.name)
        samples["curl"] = curl_for(service.name, asked)
    inputs = [_input(context, text) for text in one.inputs]
    use = Use(service, (one.name,))
    own = f"feature:{place.address}"
    parents = list(dict.fromkeys(key for _, _, key in inputs if key))
    lineage = with_thing(
        context.lineage,
        own,
        Thing(one.name, "on-demand feature", place.address),
        parents,
        [service.unique_id],
    )
    return context.page(
        place,
        "on_demand",
        name=one.name,
        one=one,
        service=context.places.service(service),
        training_set=context.places.training_set(service),
        inputs=[(text, link) for text, link, _ in inputs],
        entity=", ".join(one.keys),
        is_hidden=is_hidden,
        is_online=is_online,
        drifts_found=context.said(context.measured.drifts, [use]),
        skews_found=context.said(context.measured.skews, [use]),
        tests_found=context.tests(service.unique_id, one.name),
        exposures_found=context.exposures([service.unique_id], [service.name]),
        samples_found=samples,
        lineage_found=context.drawings(own, lineage),
    )


def _input(context: Context, text: str) -> tuple[str, Place | None, str]:
    """What an on-demand feature is computed from: its page, and its place in the lineage."""
    owner, _, column = text.rpartition(":")
    view = context.registry.views.get(context.registry.latest.get(owner, owner))
    if view is not None:
        is_feature = any(one.name == column for one in view.features)
        place = context.places.feature(view, column) if is_feature else context.places.view(view)
        return text, place, view.unique_id
    if labels := context.project.graph.label_sets.get(owner):
        return text, context.places.label_set(labels), labels.model.unique_id
    return text, None, ""


def _asked(service: Service) -> dict[str, Column]:
    """What a request gives: columns of on-demand features, then entity keys."""
    found = {one.name: Column(one.name, one.kind) for one in service.request}
    for part in service.parts:
        for key in part.view.join_keys:
            found.setdefault(part.join_keys[key.name], key)
    return found
