"""How to read a service or a view: resolved once, good while its pointers stay the same."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from feature_warehouse import layout
from feature_warehouse.codec.keys import join_texts, key_text
from feature_warehouse.codec.values import decoder_of
from feature_warehouse.errors import EntityError, FingerprintError, NotPublishedError

__all__ = ["Part", "Plan", "load_plan", "resolve_names", "row_keys"]


class Part(msgspec.Struct, frozen=True):
    """One view's share of a plan.

    ``keys`` are entity keys with their types, in the order of the row key. ``positions``,
    ``decoders`` and ``defaults`` (as Python values) belong to the features, in the order of the
    vector. ``ttl`` and the simulated ``clock`` are microseconds.
    """

    view: str
    prefix: str
    keys: tuple[tuple[str, str], ...]
    schema: int
    width: int
    positions: tuple[int, ...]
    decoders: tuple[Callable[[Any], Any] | None, ...]
    defaults: tuple[Any, ...]
    ttl: int | None
    clock: int | None


class Plan(msgspec.Struct, frozen=True):
    """How to read one name.

    ``pointers`` and ``states`` are the keys the plan depends on and their values when it was made;
    ``types`` the stored types of the features; ``part_of`` maps a feature to its part; ``entity``
    maps the entity keys to their types.
    """

    name: str
    fingerprint: str
    pointers: tuple[str, ...]
    states: tuple[bytes, ...]
    parts: tuple[Part, ...]
    names: tuple[str, ...]
    types: tuple[str, ...]
    part_of: dict[str, int]
    entity: dict[str, str]


def resolve_names(client: Any, project: str | None, environment: str | None) -> layout.Names:
    """The one store that fits; NotPublishedError if there is none, or several."""
    if project and environment:
        return layout.Names(project, environment)
    stores = sorted(member.decode() for member in client.smembers(layout.STORES))
    fitting = [
        (its_project, its_environment)
        for its_project, _, its_environment in (store.partition(".") for store in stores)
        if project in (None, its_project) and environment in (None, its_environment)
    ]
    if len(fitting) == 1:
        return layout.Names(*fitting[0])
    if not fitting:
        raise NotPublishedError(
            "nothing is published here; run `feature-warehouse materialize` first"
        )
    raise NotPublishedError(
        f"several stores are published here ({', '.join(stores)}); name project and environment"
    )


def load_plan(client: Any, names: layout.Names, name: str) -> Plan:
    """Resolve a name from Redis. Raises NotPublishedError and FingerprintError."""
    pointer = client.get(names.pointer(name))
    if layout.read_pointer(pointer).edition is None:
        raise NotPublishedError(f"{name!r} is not published in {names.store}")
    found = _description(client, names, name, pointer)
    if isinstance(found, layout.Service):
        shares = found.parts
        states = {names.pointer(name): pointer}
        fingerprint = found.fingerprint
    else:
        own = {feature.name: feature.name for feature in found.features}
        keys = {key.name: key.name for key in found.keys}
        types = {feature.name: feature.type for feature in found.features}
        shares = (layout.ServicePart(name, keys, own, types),)
        states = {}
        fingerprint = f"{found.schema:08x}"

    parts: list[Part] = []
    outputs: list[tuple[str, str, int]] = []
    for share in shares:
        pointer = client.get(names.pointer(share.view))
        if layout.read_pointer(pointer).edition is None:
            raise NotPublishedError(f"view {share.view!r} of {name!r} is not published")
        states[names.pointer(share.view)] = pointer
        generation = _description(client, names, share.view, pointer)
        if not isinstance(generation, layout.Generation):
            raise NotPublishedError(f"{share.view!r} is a service, not a view; publish again")
        features = _features(share, generation, name)
        state = layout.read_pointer(pointer)
        clock = state.clock if state.simulated else None
        parts.append(_part(names, share, generation, features, clock))
        outputs += [(share.features[f.name], f.type, len(parts) - 1) for f in features]
    return Plan(
        name=name,
        fingerprint=fingerprint,
        pointers=tuple(states),
        states=tuple(states.values()),
        parts=tuple(parts),
        names=tuple(output for output, _, _ in outputs),
        types=tuple(kind for _, kind, _ in outputs),
        part_of={output: index for output, _, index in outputs},
        entity={key: kind for part in parts for key, kind in part.keys},
    )


def _description(
    client: Any, names: layout.Names, name: str, pointer: bytes
) -> layout.Generation | layout.Service:
    edition = layout.read_pointer(pointer).edition or 0
    text = client.get(names.description(name, edition))
    if text is None:
        raise NotPublishedError(f"{name!r} has lost its description; publish again")
    if isinstance(edition, int):
        return msgspec.json.decode(text, type=layout.Generation)
    return msgspec.json.decode(text, type=layout.Service)


def _features(
    share: layout.ServicePart, generation: layout.Generation, name: str
) -> list[layout.Feature]:
    known = {feature.name: feature for feature in generation.features}
    if lost := [feature for feature in share.features if feature not in known]:
        raise FingerprintError(
            f"view {share.view!r} no longer has {', '.join(lost)}, which {name!r} serves"
        )
    features = [known[feature] for feature in share.features]
    if changed := [f.name for f in features if f.type != share.types[f.name]]:
        raise FingerprintError(
            f"view {share.view!r} has another type of {', '.join(changed)} than {name!r} serves"
        )
    return features


def _part(
    names: layout.Names,
    share: layout.ServicePart,
    generation: layout.Generation,
    features: list[layout.Feature],
    clock: int | None,
) -> Part:
    decoders = tuple(decoder_of(feature.type) for feature in features)
    return Part(
        view=share.view,
        prefix=names.row_prefix(share.view, generation.number),
        keys=tuple((share.join_keys[key.name], key.type) for key in generation.keys),
        schema=generation.schema,
        width=len(generation.features),
        positions=tuple(generation.features.index(feature) for feature in features),
        decoders=decoders,
        defaults=tuple(
            feature.default
            if decode is None or feature.default is None
            else decode(feature.default)
            for feature, decode in zip(features, decoders, strict=True)
        ),
        ttl=generation.ttl,
        clock=clock,
    )


def row_keys(
    plan: Plan, entities: Sequence[Mapping[str, Any]], expect: str | None
) -> list[list[str | None]]:
    """The row keys of each entity, one a part; None where a join key is None, which equals nothing.

    Raises FingerprintError if the plan is not the expected one, EntityError for a wrong entity.
    """
    if expect is not None and plan.fingerprint != expect:
        raise FingerprintError(
            f"{plan.name!r} has the fingerprint {plan.fingerprint}, not {expect}: its features"
            " changed since the model was trained"
        )
    return [_entity_row(plan, entity) for entity in entities]


def _entity_row(plan: Plan, entity: Mapping[str, Any]) -> list[str | None]:
    if len(entity) != len(plan.entity) or any(key not in entity for key in plan.entity):
        missing = [key for key in plan.entity if key not in entity]
        unknown = [key for key in entity if key not in plan.entity]
        problem = f"lacks {', '.join(missing)}" if missing else f"has unknown {', '.join(unknown)}"
        raise EntityError(
            f"the entity for {plan.name!r} {problem};"
            f" it takes {', '.join(plan.entity) or 'no keys'}"
        )
    rows: list[str | None] = []
    for part in plan.parts:
        if any(entity[key] is None for key, _ in part.keys):
            rows.append(None)
            continue
        texts = [key_text(key, entity[key], kind) for key, kind in part.keys]
        rows.append(f"{part.prefix}{join_texts(texts)}}}")
    return rows
