"""dbt's manifest read as feature views and services. There is no other registry."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from feature_warehouse.codec.rows import to_microseconds
from feature_warehouse.declarations.annotations import (
    column_meta,
    column_tags,
    owner_of,
    owner_text,
    personal_names,
    tests_by_model,
)
from feature_warehouse.declarations.blocks import (
    DECLARABLE,
    misplaced,
    misplacements,
    unknown_keys,
)
from feature_warehouse.declarations.inferred_expectations import checks_of
from feature_warehouse.declarations.key_types import key_mistakes, type_name
from feature_warehouse.declarations.manifest import (
    Manifest,
    ManifestColumn,
    Node,
    read_build_times,
    read_manifest,
)
from feature_warehouse.declarations.model import (
    Column,
    FeatureView,
    Registry,
    Service,
    ServicePart,
    WrittenFor,
)
from feature_warehouse.declarations.on_demand import (
    OnDemandBlock,
    annotated,
    on_demand_features,
    request_columns,
)
from feature_warehouse.declarations.staleness import refuse_stale
from feature_warehouse.declarations.window_views import completed
from feature_warehouse.errors import UsageError
from feature_warehouse.util.durations import microseconds
from feature_warehouse.util.spelling import hint

__all__ = ["read_registry"]


class _ViewBlock(msgspec.Struct):
    join_keys: list[str]
    event_timestamp: str
    created_timestamp: str | None = None
    availability_lag: str | None = None
    ttl: str | None = None
    online: bool = False
    tie_breaker: str | None = None
    drift: dict[str, Any] | None = None  # the macros check and use it
    expectations: Any = None


class _PartBlock(msgspec.Struct):
    view: str
    features: list[str] | dict[str, str] | None
    join_keys: dict[str, str]
    prefix: str
    event_timestamp_as: str | None = None
    age_as: str | None = None


class _ServiceBlock(msgspec.Struct):
    name: str | None
    labels: str
    features: list[_PartBlock]
    on_demand: list[OnDemandBlock] = []
    hidden: list[str] = []


def read_registry(manifest: Path, project_dir: Path | None = None) -> Registry:
    """Read ``target/manifest.json``; with a project directory, refuse one older than the models.

    Raises UsageError when the file is missing, no manifest, older than a model or its properties,
    or when a declaration is wrong. Every mistake is in the message.
    """
    content = read_manifest(manifest)
    models = [
        node
        for node in content.nodes.values()
        if node.resource_type in DECLARABLE and not misplaced(node)
    ]
    kinds = {"feature_view", "window_features", "feature_service"}
    declared = [node for node in models if kinds & node.config.meta.keys()]
    if project_dir is not None:
        refuse_stale(manifest, content.metadata.generated_at, project_dir, declared)
    declared = [completed(node, content) for node in declared]
    built_at = read_build_times(manifest, content)
    tests = tests_by_model(content)
    noted = content.written_for
    mistakes = misplacements(content)
    views = {
        view.name: msgspec.structs.replace(
            view, owner=owner_of(node, content), tests=tests.get(node.unique_id, {})
        )
        for node in declared
        if "feature_view" in node.config.meta
        and (view := _view(node, built_at(node.unique_id), noted, mistakes))
        and (view := _gated(view, node, content, mistakes))
    }
    latest = {
        node.name: node.full_name
        for node in declared
        if node.full_name in views and node.is_latest and node.version is not None
    }
    known = views | {name: views[full] for name, full in latest.items()}
    labels = {
        name: node for node in models if "label_set" in node.config.meta for name in node.names
    }
    spellings = noted.spellings if noted else {}
    read = [
        service
        for node in declared
        if "feature_service" in node.config.meta
        and (service := _service(node, known, labels, noted, mistakes))
    ]
    nodes = {node.unique_id: node for node in declared}
    read = [
        msgspec.structs.replace(
            service,
            on_demand=annotated(
                service,
                nodes[service.unique_id],
                labels.get(service.labels),
                owner_of(nodes[service.unique_id], content),
                tests.get(service.unique_id, {}),
            ),
        )
        for service in read
    ]
    services = {service.name: service for service in read}
    of_latest = _latest_services(declared, services)
    owners = services | {name: services[full] for name, full in of_latest.items()}
    mistakes += [
        f"service {service.name!r} is that of {service.training_set!r} and of"
        f" {owners[service.name].training_set!r}"
        for service in read
        if service is not owners[service.name]
    ]
    mistakes += [
        f"service {name!r} has the name of a feature view" for name in owners if name in known
    ]
    # Without the names of types, those of two views are not compared; such a manifest is refused.
    mistakes += key_mistakes(views.values(), read if noted else [], spellings)
    if mistakes:
        raise UsageError("; ".join(mistakes))
    metadata = content.metadata
    return Registry(
        project=metadata.project_name,
        adapter=metadata.adapter_type,
        invocation_id=metadata.invocation_id,
        generated_at=metadata.generated_at,
        views=dict(sorted(views.items())),
        services=dict(sorted(services.items())),
        label_sets={name: tuple(node.columns) for name, node in labels.items()},
        written_for=noted,
        latest=of_latest | latest,
    )


def _latest_services(declared: list[Node], services: dict[str, Service]) -> dict[str, str]:
    """The services of the latest versions, by their names without a version."""
    nodes = {node.unique_id: node for node in declared}
    return {
        service.name.removesuffix(f".v{node.version}"): service.name
        for service in services.values()
        if (node := nodes[service.unique_id]).is_latest and node.version is not None
    }


def _view(
    node: Node, built_at: datetime | None, noted: WrittenFor | None, mistakes: list[str]
) -> FeatureView | None:
    where = f"feature view {node.full_name!r}"
    declared = node.config.meta["feature_view"]
    if unknown := unknown_keys(declared, _ViewBlock.__struct_fields__):
        mistakes.extend(f"{where}: {mistake}" for mistake in unknown)
        return None
    try:
        block = msgspec.convert(declared, _ViewBlock)
    except msgspec.ValidationError as error:
        mistakes.append(f"{where}: {error}")
        return None
    roles = [block.event_timestamp, block.created_timestamp, block.tie_breaker]
    missing = [name for name in [*block.join_keys, *roles] if name and name not in node.columns]
    lengths = {"ttl": block.ttl, "availability_lag": block.availability_lag}
    found = [f"column {name!r} is not declared" for name in missing]
    found += [
        f"{role} {text!r} is not a fixed length of time"
        for role, text in lengths.items()
        if text is not None and _length(text) is None
    ]
    if not found:
        found = _contradictions(node, block)
    if found:
        mistakes.extend(f"{where}: {mistake}" for mistake in found)
        return None

    columns = {name: _column(column, noted) for name, column in node.columns.items()}
    features = tuple(columns[name] for name in _features(node, block))
    return FeatureView(
        name=node.full_name,
        relation=node.relation_name or "",
        description=node.description.strip(),
        join_keys=tuple(columns[name] for name in block.join_keys),
        event_timestamp=columns[block.event_timestamp],
        created_timestamp=columns[block.created_timestamp] if block.created_timestamp else None,
        availability_lag=_length(block.availability_lag) or 0,
        ttl=_length(block.ttl),
        features=features,
        tie_order=_tie_order(block.tie_breaker, columns, features),
        online=block.online,
        unique_id=node.unique_id,
        checksum=node.checksum.checksum,
        built_at=to_microseconds(built_at) if built_at else None,
        tags=tuple(sorted(set(node.tags))),
        has_windows="window_features" in node.config.meta,
        is_held_to_types=node.resource_type == "model",
        # A model that gets versions becomes its first, and what was trained on it need not change.
        name_in_fingerprints=node.name if str(node.version) == "1" else "",
        deprecation_date=_date(node),
    )


def _date(node: Node) -> str | None:
    """Of the text, which is an instant in a manifest of dbt 1."""
    return node.deprecation_date and node.deprecation_date[:10]


def _tie_order(
    declared: str | None, columns: dict[str, Column], features: tuple[Column, ...]
) -> tuple[Column, ...]:
    """The tie-breaker, then the features, as the macro ``_tie_columns`` has them."""
    first = (columns[declared],) if declared else ()
    return (*first, *(feature for feature in features if feature.name != declared))


def _gated(
    view: FeatureView, node: Node, manifest: Manifest, mistakes: list[str]
) -> FeatureView | None:
    """The view with its checks, where its block has the key."""
    block = node.config.meta["feature_view"]
    if "expectations" not in block:
        return view
    types = {column.name: column.data_type for column in view.columns}
    keys = [key.name for key in view.join_keys]
    times = [column.name for column in (view.event_timestamp, view.created_timestamp) if column]
    checks, found = checks_of(block["expectations"], node, manifest, types, keys, times)
    if found:
        mistakes.extend(f"feature view {view.name!r}: {mistake}" for mistake in found)
        return None
    return msgspec.structs.replace(view, checks=checks)


def _features(node: Node, block: _ViewBlock) -> list[str]:
    structure = {*block.join_keys, block.event_timestamp, block.created_timestamp}
    return [
        name
        for name, column in node.columns.items()
        if name not in structure and column_meta(column).get("feature", True)
    ]


def _contradictions(node: Node, block: _ViewBlock) -> list[str]:
    """What stops `dbt build`, and comes here only in a manifest of `dbt parse` or the like."""
    keys, ttl = block.join_keys, _length(block.ttl)
    times = [name for name in (block.event_timestamp, block.created_timestamp) if name]
    types = {name: (column.data_type or "").lower() for name, column in node.columns.items()}
    found = [f"{name!r} is both a join key and a timestamp" for name in times if name in keys]
    found += [
        f"timestamp {name!r} is of type {types[name]}"
        for name in times
        if not types[name].startswith(("date", "timestamp"))
    ]
    found += [f"column {name!r} has no data_type" for name in types if not types[name]]
    found += [
        f"column {name!r}: meta.{key} must be true or false"
        for name, column in node.columns.items()
        for key in ("feature", "pii")
        if not isinstance(column_meta(column).get(key, True), bool)
    ]
    if len(set(keys)) < len(keys):
        found.append("join_keys names a column twice")
    if ttl is not None and ttl <= (_length(block.availability_lag) or 0):
        found.append(f"ttl {block.ttl!r} is not above the availability lag")
    if not _features(node, block):
        found.append("it has no feature")
    # dbt holds no seed and no snapshot to one, so the warehouse is asked for their types.
    has_types = node.resource_type != "model" or "window_features" in node.config.meta
    if not has_types and not node.config.contract.enforced:
        found.append("the model has no enforced contract")
    return found


def _length(text: str | None) -> int | None:
    return None if text is None else microseconds(text)


def _column(column: ManifestColumn, noted: WrittenFor | None) -> Column:
    data_type = (column.data_type or "").lower()
    name = type_name(data_type, noted)
    return Column(
        name=column.name,
        data_type=data_type,
        type_name="" if name == data_type else name,
        description=column.description.strip(),
        default=column_meta(column).get("default"),
        pii=column_meta(column).get("pii") is True,
        owner=owner_text(column_meta(column).get("owner")),
        tags=column_tags(column),
    )


def _service(
    node: Node,
    views: dict[str, FeatureView],
    labels: dict[str, Node],
    noted: WrittenFor | None,
    mistakes: list[str],
) -> Service | None:
    where = f"training set {node.full_name!r}"
    try:
        block = msgspec.convert(node.config.meta["feature_service"], _ServiceBlock)
    except msgspec.ValidationError as error:
        mistakes.append(f"{where}: {error}")
        return None
    parts: list[ServicePart] = []
    for part in block.features:
        view = views.get(part.view)
        if view is None:
            mistakes.append(f"{where}: {part.view!r} is not a feature view{hint(part.view, views)}")
            continue
        names = [feature.name for feature in view.features]
        wanted = names if part.features is None else part.features
        unknown = [name for name in wanted if name not in names]
        mistakes += [f"{where}: {part.view} has no feature {n!r}{hint(n, names)}" for n in unknown]
        renamed = part.features if isinstance(part.features, dict) else {}
        parts.append(
            ServicePart(
                view=view,
                join_keys={
                    key.name: part.join_keys.get(key.name, key.name) for key in view.join_keys
                },
                features={name: renamed.get(name, part.prefix + name) for name in wanted},
                event_timestamp_as=part.event_timestamp_as,
                age_as=part.age_as,
            )
        )
    version = "" if node.version is None else f".v{node.version}"
    label_set = labels.get(block.labels)
    try:
        computed = on_demand_features(block.on_demand, parts, label_set, noted)
    except UsageError as error:
        mistakes.append(f"{where}: {error}")
        return None
    request = request_columns(computed, label_set, noted)
    return Service(
        name=(block.name or node.name) + version,
        training_set=node.full_name,
        parts=tuple(parts),
        labels=block.labels,
        relation=node.relation_name,
        description=node.description.strip(),
        unique_id=node.unique_id,
        deprecation_date=_date(node),
        on_demand=computed,
        hidden=tuple(block.hidden),
        request=request,
        timestamp=label_set.config.meta["label_set"].get("timestamp", "") if label_set else "",
        label_columns=_label_columns(node, label_set),
        sql=node.compiled_code or "",
        pii=personal_names(parts, [one.name for one in request], label_set, node),
    )


def _label_columns(node: Node, labels: Node | None) -> tuple[str, ...]:
    """Those that a training set has of its labels, and of its split; none if they are not known."""
    if labels is None or not labels.config.contract.enforced:
        return ()
    split = (node.config.meta.get("training_set") or {}).get("split")
    # A split that is no mapping is one of the mistakes that are told.
    name = (split.get("column") if isinstance(split, dict) else None) or "train_test_split"
    return (*labels.columns, *([name] if split else []))
