"""What there is of a name: views, features, entities and services, out of the registry."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from feature_warehouse.catalog.samples import python_for, quoted, rows_of, training_set_with
from feature_warehouse.declarations.annotations import default_text
from feature_warehouse.declarations.model import (
    Column,
    FeatureView,
    OnDemandFeature,
    Registry,
    Service,
    ServicePart,
)
from feature_warehouse.errors import UsageError
from feature_warehouse.util.durations import readable
from feature_warehouse.util.spelling import hint

__all__ = ["ColumnDescription", "Description", "describe"]


class ColumnDescription(msgspec.Struct, frozen=True):
    """A column; ``served_as`` are a feature's names in services, as ``service:name``.

    A column of a service has the name that it is served with; ``feature`` is the one in its view.
    """

    name: str
    role: Literal[
        "join key", "event timestamp", "created timestamp", "feature", "age", "on-demand feature"
    ]
    data_type: str
    description: str
    pii: bool
    view: str = ""
    feature: str = ""
    default: str | None = None
    tests: tuple[str, ...] = ()
    served_as: tuple[str, ...] = ()


class Description(msgspec.Struct, frozen=True):
    """One thing of a name. ``facts`` are texts by their heading; ``samples`` can be pasted."""

    kind: Literal["feature view", "feature", "on-demand feature", "entity", "service"]
    name: str
    description: str
    facts: dict[str, str]
    columns: tuple[ColumnDescription, ...] = ()
    samples: dict[str, str] = {}


def describe(registry: Registry, name: str) -> list[Description]:
    """All that the name means; UsageError with the closest names if it means nothing.

    A name is that of a feature view, a service, a feature (as in its view, or as in a service, or
    as ``view:feature``; an on-demand one also as ``service:feature``), or of an entity: a join key,
    or all of them with commas between. Without a version it is that of the latest one.
    """
    full = registry.latest.get(name, name)
    found = [
        *(_view(registry, view) for view in registry.views.values() if view.name == full),
        *(_service(registry, one) for one in registry.services.values() if one.name == full),
        *_features(registry, name),
        *_on_demand_features(registry, name),
        *_entities(registry, name),
    ]
    if not found:
        raise UsageError(
            f"{name!r} is not a feature view, feature, entity or service of {registry.project}"
            f"{_hint(registry, name)}"
        )
    return found


def _view(registry: Registry, view: FeatureView) -> Description:
    created = view.created_timestamp
    features = tuple(_feature_column(registry, view, column) for column in view.features)
    samples = {"SQL": rows_of(view), "dbt": training_set_with(registry, view)}
    if view.online:
        samples["Python"] = python_for(
            registry, view.name, {key.name: key for key in view.join_keys}
        )
    return Description(
        kind="feature view",
        name=view.name,
        description=view.description,
        facts={
            **_view_facts(view),
            **_versions(registry, view.name, view.deprecation_date),
            "tests": ", ".join(view.tests.get("", ())),
            "services": ", ".join(name for name, _ in _services_of(registry, view)),
        },
        columns=(
            *(_column(view, key, "join key") for key in view.join_keys),
            _column(view, view.event_timestamp, "event timestamp"),
            *((_column(view, created, "created timestamp"),) if created else ()),
            *features,
        ),
        samples=samples,
    )


def _view_facts(view: FeatureView) -> dict[str, str]:
    return {
        "entity": _entity(view),
        "relation": view.relation,
        "ttl": "none" if view.ttl is None else readable(view.ttl),
        "availability lag": readable(view.availability_lag) if view.availability_lag else "none",
        "online": "yes" if view.online else "no",
        "owner": view.owner or "",
        "tags": ", ".join(view.tags),
    }


def _versions(registry: Registry, name: str, deprecation_date: str | None) -> dict[str, str]:
    """The versions of a view or service that has some, and until when this one should be used."""
    found = {} if deprecation_date is None else {"deprecation date": deprecation_date}
    base, _, version = name.partition(".v")
    if not version:
        return found
    known = [*registry.views, *registry.services]
    return {
        "versions": ", ".join(
            f"{one} (latest)" if registry.latest.get(base) == one else one
            for one in known
            if one.startswith(f"{base}.v")
        ),
        **found,
    }


def _features(registry: Registry, name: str) -> Iterator[Description]:
    for view in registry.views.values():
        for column in view.features:
            served = _served_as(registry, view, column.name)
            called = {view.name, *(n for n, full in registry.latest.items() if full == view.name)}
            names = {column.name, *(f"{n}{mark}{column.name}" for n in called for mark in ":.")}
            if name in names or name in served or name in {s.partition(":")[2] for s in served}:
                yield _feature(registry, view, column)


def _feature(registry: Registry, view: FeatureView, column: Column) -> Description:
    tags = sorted({*view.tags, *column.tags})
    samples = {"SQL": rows_of(view, column.name)}
    samples["dbt"] = training_set_with(registry, view, column.name)
    if view.online:
        keys = {key.name: key for key in view.join_keys}
        samples["Python"] = python_for(registry, view.name, keys, column.name)
    return Description(
        kind="feature",
        name=f"{view.name}:{column.name}",
        description=column.description,
        facts={
            "data type": column.data_type,
            "view": ": ".join(filter(None, (view.name, " ".join(view.description.split())))),
            **_view_facts(view),
            "owner": column.owner or view.owner or "",
            "tags": ", ".join(tags),
            "personal data": "yes" if column.pii else "no",
            "default": "none" if column.default is None else default_text(column.default) or "''",
            "tests": ", ".join(view.tests.get(column.name, ())),
            "services": ", ".join(_used_as(registry, view, column.name)),
        },
        samples=samples,
    )


def _on_demand_features(registry: Registry, name: str) -> Iterator[Description]:
    for service in registry.services.values():
        called = {service.name, service.training_set}
        called |= {n for n, full in registry.latest.items() if full in called}
        for one in service.on_demand:
            if name in {one.name, *(f"{n}{mark}{one.name}" for n in called for mark in ":.")}:
                yield _on_demand_feature(registry, service, one)


def _on_demand_feature(registry: Registry, service: Service, one: OnDemandFeature) -> Description:
    samples = {}
    is_hidden = one.name in service.hidden
    if service.relation and not is_hidden:
        names = ", ".join(map(quoted, dict.fromkeys([*one.keys, service.timestamp, one.name])))
        samples["SQL"] = f"select {names}\nfrom {service.relation}\nlimit 10"
    is_online = all(part.view.online for part in service.parts)
    if is_online and not is_hidden:
        asked, keys = _asked(service)
        samples["Python"] = python_for(registry, service.name, {**asked, **keys}, one.name)
    return Description(
        kind="on-demand feature",
        name=f"{service.name}:{one.name}",
        description=one.description,
        facts={
            "expression": " ".join(one.declared.split()),
            "inputs": ", ".join(one.inputs),
            "data type": one.data_type,
            "training set": service.training_set,
            "entity": ", ".join(one.keys),
            "online": "yes" if is_online else "no",
            "owner": one.owner or "",
            "tags": ", ".join(one.tags),
            "personal data": "yes" if one.pii else "no",
            "tests": ", ".join(one.tests),
            "services": f"{service.name} (hidden)" if is_hidden else f"{service.name}:{one.name}",
        },
        samples=samples,
    )


def _asked(service: Service) -> tuple[dict[str, Column], dict[str, Column]]:
    """The request columns and the entity keys of a service."""
    keys: dict[str, Column] = {}
    for part in service.parts:
        for key in part.view.join_keys:
            keys.setdefault(part.join_keys[key.name], key)
    return {one.name: Column(one.name, one.kind) for one in service.request}, keys


def _entities(registry: Registry, name: str) -> Iterator[Description]:
    wanted = {key.strip() for key in name.split(",")}
    views = [
        view
        for view in registry.views.values()
        if wanted <= {key.name for key in view.join_keys} and wanted
    ]
    if not views:
        return
    # The join key itself is described where a view has no other.
    first = next((view for view in views if len(view.join_keys) == len(wanted)), views[0])
    keys = [key for key in first.join_keys if key.name in wanted]
    services = {name for view in views for name, _ in _services_of(registry, view)}
    yield Description(
        kind="entity",
        name=", ".join(key.name for key in keys),
        description="; ".join(filter(None, (_said_of(key.name, views) for key in keys))),
        facts={
            "views": ", ".join(view.name for view in views),
            "services": ", ".join(sorted(services)),
            **{f"{view.name} has": ", ".join(one.name for one in view.features) for view in views},
        },
        columns=tuple(_column(first, key, "join key") for key in keys),
        samples={"SQL": "\n\n".join(rows_of(view) + ";" for view in views)},
    )


def _said_of(key: str, views: list[FeatureView]) -> str:
    """The first description of a join key in one of the views."""
    columns = (column for view in views for column in view.join_keys if column.name == key)
    return next((column.description for column in columns if column.description), "")


def _service(registry: Registry, service: Service) -> Description:
    asked, keys = _asked(service)
    columns = [column for part in service.parts for column in _part_columns(part)]
    columns += [
        ColumnDescription(
            one.name,
            "on-demand feature",
            one.data_type,
            " ".join(one.declared.split()),
            one.pii,
            tests=one.tests,
        )
        for one in service.on_demand
    ]
    columns = [column for column in columns if column.name not in service.hidden]
    samples = {}
    if service.relation:
        samples["SQL"] = f"select *\nfrom {service.relation}\nlimit 10"
    if all(part.view.online for part in service.parts):
        samples["Python"] = python_for(
            registry, service.name, {**asked, **keys}, expect=service.fingerprint
        )
    return Description(
        kind="service",
        name=service.name,
        description=service.description,
        facts={
            "training set": service.training_set,
            "label set": service.labels,
            "entity": ", ".join(keys),
            **({"request columns": ", ".join(asked)} if asked else {}),
            **({"hidden": ", ".join(service.hidden)} if service.hidden else {}),
            "views": ", ".join(dict.fromkeys(part.view.name for part in service.parts)),
            "fingerprint": service.fingerprint,
            **_versions(registry, service.name, service.deprecation_date),
        },
        columns=tuple(columns),
        samples=samples,
    )


def _part_columns(part: ServicePart) -> Iterator[ColumnDescription]:
    """What a vector has of a view."""
    columns = {column.name: column for column in part.view.features}
    for name, output in part.features.items():
        column = _column(part.view, columns[name], "feature")
        yield msgspec.structs.replace(column, name=output, feature=name)
    event = _column(part.view, part.view.event_timestamp, "event timestamp")
    for name, (what, data_type) in part.instants.items():
        is_age = what == "age"
        description = "Seconds since the event timestamp." if is_age else event.description
        yield ColumnDescription(
            name, "age" if is_age else event.role, data_type, description, event.pii, event.view
        )


def _column(view: FeatureView, column: Column, role: Any) -> ColumnDescription:
    return ColumnDescription(
        name=column.name,
        role=role,
        data_type=column.data_type,
        description=column.description,
        pii=column.pii,
        view=view.name,
        default=default_text(column.default),
        tests=view.tests.get(column.name, ()),
    )


def _feature_column(registry: Registry, view: FeatureView, column: Column) -> ColumnDescription:
    served = _served_as(registry, view, column.name)
    return msgspec.structs.replace(_column(view, column, "feature"), served_as=served)


def _entity(view: FeatureView) -> str:
    return ", ".join(key.name for key in view.join_keys) or "one for all"


def _services_of(registry: Registry, view: FeatureView) -> list[tuple[str, Service]]:
    return [
        (service.name, service)
        for service in registry.services.values()
        if any(part.view.name == view.name for part in service.parts)
    ]


def _served_as(registry: Registry, view: FeatureView, feature: str) -> tuple[str, ...]:
    """As ``service:name``, where it is not hidden."""
    found = _uses(registry, view, feature)
    return tuple(sorted({f"{service.name}:{n}" for service, n in found if n not in service.hidden}))


def _used_as(registry: Registry, view: FeatureView, feature: str) -> tuple[str, ...]:
    """The same and the services that use it without serving it."""
    found = {
        f"{service.name} (hidden)"
        for service, name in _uses(registry, view, feature)
        if name in service.hidden
    }
    return tuple(sorted({*_served_as(registry, view, feature), *found}))


def _uses(registry: Registry, view: FeatureView, feature: str) -> list[tuple[Service, str]]:
    return [
        (service, part.features[feature])
        for _, service in _services_of(registry, view)
        for part in service.parts
        if part.view.name == view.name and feature in part.features
    ]


def _hint(registry: Registry, name: str) -> str:
    known = [*registry.views, *registry.services]
    for view in registry.views.values():
        known += [key.name for key in view.join_keys]
        known += [feature.name for feature in view.features]
        known += [f"{view.name}:{feature.name}" for feature in view.features]
    for service in registry.services.values():
        known += [one.name for one in service.on_demand]
    if meant := hint(name, dict.fromkeys(known)):
        return meant
    views = ", ".join(registry.views)
    return f"; its views are {views}" if views else "; it has no feature view"
