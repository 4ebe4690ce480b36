"""How to read a service or a view: resolved once, good while its pointers stay the same.

Nothing here talks to Redis. A function that has to ask it is a generator: it yields a command and
is sent the reply. So the sync and the async client share all of it.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Final, NoReturn

import msgspec
import redis

from feature_warehouse.codec.batches import absent_row
from feature_warehouse.codec.rows import decoder_of
from feature_warehouse.errors import DamagedError, FingerprintError, NotPublishedError
from feature_warehouse.redis_store import layout
from feature_warehouse.redis_store.steps import Steps, look_again
from feature_warehouse.serving.on_demand import Computation, Output, computation

__all__ = ["Part", "Plan", "described_plan", "load_plan", "renewed"]

_ATTEMPTS: Final = 5
_SIMILAR: Final = 3
_LISTED: Final = 10


class Part(msgspec.Struct, frozen=True):
    """One view's part of a plan.

    ``keys`` are entity keys with their types, in the order of the row key; ``text`` says which of
    the plan's ``texts`` that is. A row has ``width`` features; ``absent`` stands for one that is
    not there: the defaults of all features, as stored. ``names``, ``types`` and ``decoders`` belong
    to the features in the order of the vector, which ``pick`` takes from a row; it is None if that
    is the whole row as it is. ``ttl``, ``grace`` and the simulated ``clock`` are microseconds.
    """

    view: str
    prefix: str
    keys: tuple[tuple[str, str], ...]
    text: int
    schema: int
    width: int
    absent: bytes
    names: tuple[str, ...]
    types: tuple[str, ...]
    decoders: tuple[Callable[[Any], Any] | None, ...]
    pick: Callable[[Sequence[Any]], tuple[Any, ...]] | None
    ttl: int | None
    grace: int
    clock: int | None


class Plan(msgspec.Struct, frozen=True):
    """How to read one name.

    ``pointers`` are the keys the plan depends on, ``states`` their values when it was made.
    ``texts`` are the different key tuples of its parts, with types. ``index`` and ``part_of`` map a
    feature to its place in the vector and to its part; ``entity`` maps entity keys to their types.
    ``computed`` is there if the vector is not just the stored features, ``asked`` are the entity
    keys and the other columns that a request gives, with their types. ``service`` is what the name
    stands for, None for a view; ``generations`` are those that the parts are read from.
    """

    name: str
    fingerprint: str
    pointers: tuple[str, ...]
    states: list[bytes]
    parts: tuple[Part, ...]
    texts: tuple[tuple[tuple[str, str], ...], ...]
    names: tuple[str, ...]
    types: tuple[str, ...]
    index: dict[str, int]
    part_of: dict[str, int]
    entity: dict[str, str]
    computed: Computation | None = None
    asked: dict[str, str] = {}
    service: layout.Service | None = None
    generations: tuple[layout.Generation, ...] = ()


class _MovedError(Exception):
    """A pointer moved while its descriptions were read."""


class _View(msgspec.Struct, frozen=True):
    """A view that a plan may read: its pointer and the generations behind it, newest first."""

    pointer: layout.Pointer
    generations: tuple[layout.Generation, ...]


def load_plan(names: layout.Names, name: str) -> Steps[Plan]:
    """Resolve a name. Raises NotPublishedError and FingerprintError."""
    for _ in range(_ATTEMPTS):
        try:
            return (yield from _load(names, name))
        except _MovedError:
            continue
    raise NotPublishedError(f"{name!r} was republished {_ATTEMPTS} times during one read")


def described_plan(
    names: layout.Names,
    service: layout.Service,
    generations: Sequence[layout.Generation],
    clocks: Sequence[int | None],
) -> Plan:
    """The plan of a service, given the generation and the simulated clock of each part."""
    return _plan(names, service, {}, list(zip(service.parts, generations, clocks, strict=True)))


def renewed(plan: Plan, states: list[bytes]) -> Plan | None:
    """The plan for pointers that changed in what readers do not care about; None if it is void."""
    if all(map(_same_for_readers, plan.pointers, states, plan.states)):
        return msgspec.structs.replace(plan, states=states)
    return None


def _same_for_readers(key: str, one: bytes, other: bytes) -> bool:
    before, after = (
        msgspec.structs.replace(layout.read_pointer(text, key), claim=0, claimant="")
        for text in (one, other)
    )
    return before == after


def _load(names: layout.Names, name: str) -> Steps[Plan]:
    key = names.pointer(name)
    [state] = yield ("MGET", key)
    pointer = layout.read_pointer(state, key)
    if pointer.version is None:
        yield from look_again([key])
        yield from _unknown(names, name)
    if isinstance(pointer.version, str):
        key = names.description(name, pointer.version)
        [text] = yield ("MGET", key)
        if text is None:
            yield from _lost(names, name, key, state)
        service = layout.read_service(text, key)
        if service.stands_for:
            return _renamed(name, names, state, (yield from _load(names, service.stands_for)))
        states = {name: state}
        fingerprint, parts = service.fingerprint, service.parts
        views = yield from _views(names, name, states, parts)
    else:
        states = {}
        views = yield from _views(names, name, states, (_all_of(name),))
        [generation, *_] = views[name].generations
        fingerprint, parts = f"{generation.schema:08x}", (_all_of(name, generation),)
        service = layout.Service(name, fingerprint, parts)
    chosen = _choose(name, parts, views)
    plan = _plan(
        names,
        service,
        states,
        [
            (part, generation, views[part.view].pointer.clock)
            for part, generation in zip(parts, chosen, strict=True)
        ],
    )
    is_service = isinstance(pointer.version, str)
    return plan if is_service else msgspec.structs.replace(plan, service=None)


def _renamed(name: str, names: layout.Names, state: bytes, plan: Plan) -> Plan:
    """The plan of what a name stands for, as long as it stands for that."""
    return msgspec.structs.replace(
        plan,
        name=name,
        pointers=(names.pointer(name), *plan.pointers),
        states=[state, *plan.states],
    )


def _all_of(view: str, generation: layout.Generation | None = None) -> layout.ServicePart:
    """A view read by its own name is like a service of all its features."""
    features = generation.features if generation else ()
    return layout.ServicePart(
        view=view,
        join_keys={key.name: key.name for key in generation.keys} if generation else {},
        features={feature.name: feature.name for feature in features},
        types={feature.name: feature.type for feature in features},
    )


def _views(
    names: layout.Names,
    name: str,
    states: dict[str, bytes],
    parts: Sequence[layout.ServicePart],
) -> Steps[dict[str, _View]]:
    """All views of the parts; their pointers' values go into ``states``."""
    wanted = list(dict.fromkeys(part.view for part in parts))
    pointer_keys = list(map(names.pointer, wanted))
    found = yield ("MGET", *pointer_keys)
    pointers = list(map(layout.read_pointer, found, pointer_keys))
    for view, pointer, key in zip(wanted, pointers, pointer_keys, strict=True):
        if pointer.version is None:
            yield from look_again([key])
            raise NotPublishedError(f"view {view!r} of {name!r} is not published")
        if isinstance(pointer.version, str):
            raise NotPublishedError(f"{view!r} is a service, not a view; publish again")
    states.update(zip(wanted, found, strict=True))
    keys = [
        names.description(view, number)
        for view, pointer in zip(wanted, pointers, strict=True)
        for number in (pointer.version, pointer.previous)
        if number is not None
    ]
    texts = dict(zip(keys, (yield ("MGET", *keys)), strict=True))
    views: dict[str, _View] = {}
    for view, pointer in zip(wanted, pointers, strict=True):
        found = [
            (key, texts[key])
            for key in (
                names.description(view, number)
                for number in (pointer.version, pointer.previous)
                if number is not None
            )
        ]
        if found[0][1] is None:
            yield from _lost(names, view, found[0][0], states[view])
        views[view] = _View(pointer, tuple(_readable(found)))
    return views


def _readable(descriptions: Sequence[tuple[str, bytes | None]]) -> Iterator[layout.Generation]:
    """The newest, and of those before what is not damaged: few readers need them."""
    for place, (key, text) in enumerate(descriptions):
        if text is not None:
            try:
                yield layout.read_generation(text, key)
            except DamagedError:
                if place == 0:
                    raise


def _lost(names: layout.Names, name: str, key: str, state: bytes) -> Steps[NoReturn]:
    """A description is gone: was it removed because its time was over, or is the server broken."""
    [now] = yield ("MGET", names.pointer(name))
    if now != state:
        raise _MovedError
    yield from look_again([key])
    raise NotPublishedError(f"{name!r} has lost its description; publish again")


def _unknown(names: layout.Names, name: str) -> Steps[NoReturn]:
    """Say that nothing has this name, and which names are like it, or what there is."""
    hint = ""
    try:
        members = yield ("SMEMBERS", names.members)
    except redis.ResponseError:
        members = ()  # a reader need not be allowed to ask this
    if members:
        import difflib  # only here: a reader that works never needs it

        known = sorted(member.decode(errors="backslashreplace") for member in members)
        similar = difflib.get_close_matches(name, known, _SIMILAR)
        hint = f"; published are {', '.join(known[:_LISTED])}{', ...' * (len(known) > _LISTED)}"
        if similar:
            hint = f"; did you mean {' or '.join(map(repr, similar))}?"
    raise NotPublishedError(f"{name!r} is not published in {names.store}{hint}")


def _choose(
    name: str, parts: Sequence[layout.ServicePart], views: dict[str, _View]
) -> list[layout.Generation]:
    """The newest generation of each part's view that has what the service was published with.

    Views flip one after another and the service last, so for a moment the generation before is the
    one that fits. FingerprintError if none does.
    """
    fitting: list[list[layout.Generation]] = []
    for part in parts:
        generations = views[part.view].generations
        fitting.append([each for each in generations if layout.incompatibility(part, each) is None])
        if not fitting[-1]:
            raise FingerprintError(
                f"view {part.view!r} {layout.incompatibility(part, generations[0])} "
                f"{name!r} serves; run"
                " `feature-warehouse materialize` for both"
            )
    types = _agreed_key_types(parts, fitting)
    chosen: list[layout.Generation] = []
    for part, candidates in zip(parts, fitting, strict=True):
        found = [each for each in candidates if types.items() >= _key_types(part, each).items()]
        if not found:
            raise FingerprintError(
                f"the views of {name!r} disagree on the types of the join keys of {part.view!r};"
                " run `feature-warehouse materialize` for all of them"
            )
        chosen.append(found[0])
    return chosen


def _agreed_key_types(
    parts: Sequence[layout.ServicePart], fitting: Sequence[Sequence[layout.Generation]]
) -> dict[str, str]:
    """The type of each entity key that all parts can agree on, the newest if there are several."""
    agreed: dict[str, list[str]] = {}
    for part, candidates in zip(parts, fitting, strict=True):
        options = [_key_types(part, each) for each in candidates]
        for key in options[0]:
            own = list(dict.fromkeys(option[key] for option in options))
            agreed[key] = [kind for kind in agreed.get(key, own) if kind in own]
    return {key: kinds[0] for key, kinds in agreed.items() if kinds}


def _key_types(part: layout.ServicePart, generation: layout.Generation) -> dict[str, str]:
    return {part.join_keys[key.name]: key.type for key in generation.keys}


def _plan(
    names: layout.Names,
    service: layout.Service,
    states: dict[str, bytes],
    found: Sequence[tuple[layout.ServicePart, layout.Generation, int | None]],
) -> Plan:
    texts: list[tuple[tuple[str, str], ...]] = []
    parts: list[Part] = []
    for part, generation, clock in found:
        keys = tuple((part.join_keys[key.name], key.type) for key in generation.keys)
        if keys not in texts:
            texts.append(keys)
        parts.append(_part(names, part, generation, keys, texts.index(keys), clock))
    features = [
        Output(name, kind, index)
        for index, part in enumerate(parts)
        for name, kind in zip(part.names, part.types, strict=True)
    ]
    computed = computation(service, features)
    outputs = computed.outputs if computed else features
    entity = {key: kind for part in parts for key, kind in part.keys}
    return Plan(
        name=service.service,
        fingerprint=service.fingerprint,
        pointers=tuple(map(names.pointer, states)),
        states=list(states.values()),
        parts=tuple(parts),
        texts=tuple(texts),
        names=tuple(output.name for output in outputs),
        types=tuple(output.type for output in outputs),
        index={output.name: place for place, output in enumerate(outputs)},
        part_of={output.name: output.part for output in outputs if output.part is not None},
        entity=entity,
        computed=computed,
        asked={
            **entity,
            **{key: kind for key, kind in service.request.items() if key not in entity},
        },
        service=service,
        generations=tuple(generation for _, generation, _ in found),
    )


def _part(
    names: layout.Names,
    part: layout.ServicePart,
    generation: layout.Generation,
    keys: tuple[tuple[str, str], ...],
    text: int,
    clock: int | None,
) -> Part:
    stored = [feature.name for feature in generation.features]
    kinds = {feature.name: feature.type for feature in generation.features}
    return Part(
        view=part.view,
        prefix=names.row_prefix(part.view, generation.number),
        keys=keys,
        text=text,
        schema=generation.schema,
        width=len(stored),
        absent=absent_row([feature.default for feature in generation.features]),
        names=tuple(part.features.values()),
        types=tuple(kinds[feature] for feature in part.features),
        decoders=tuple(decoder_of(kinds[feature]) for feature in part.features),
        pick=_picker([stored.index(feature) for feature in part.features], len(stored)),
        ttl=generation.ttl,
        grace=generation.grace,
        clock=clock,
    )


def _picker(positions: list[int], width: int) -> Callable[[Sequence[Any]], tuple[Any, ...]] | None:
    if positions == list(range(width)):
        return None
    if len(positions) > 1:
        return itemgetter(*positions)
    return lambda row: tuple([row[position] for position in positions])
