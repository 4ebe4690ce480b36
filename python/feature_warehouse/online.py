"""The serving client. It needs Redis and nothing else: no dbt, no warehouse, no pandas."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

import msgspec

from feature_warehouse import layout
from feature_warehouse.codec.keys import join_texts, key_text
from feature_warehouse.codec.values import (
    decode_row,
    decoder_of,
    from_microseconds,
    read_header,
    to_microseconds,
)
from feature_warehouse.connection import connect, reachable
from feature_warehouse.errors import EntityError, FingerprintError, NotPublishedError

__all__ = ["FeatureVector", "FeatureVectors", "OnlineStore", "Status", "resolve_names"]

_ATTEMPTS: Final = 5


class Status(StrEnum):
    """Why a feature has the value it has. Zero is simply a value that was found."""

    FOUND = "found"
    NULL = "null"
    """The newest row says NULL; older rows are not consulted."""
    EXPIRED = "expired"
    """The newest row is older than the view's ttl; the value is the feature's default, or None."""
    MISSING = "missing"
    """There is no row; the value is the feature's default, or None."""


class _Part(msgspec.Struct):
    """One view's share of a service, ready for reading. ``ttl`` and ``clock`` in microseconds."""

    view: str
    prefix: str
    keys: list[tuple[str, str]]
    schema: int
    width: int
    positions: list[int]
    decoders: list[Callable[[Any], Any] | None]
    defaults: list[Any]
    ttl: int | None
    clock: int | None


class _Plan(msgspec.Struct):
    """How to read a service or a view, for as long as the pointers stay the same."""

    name: str
    fingerprint: str
    pointers: list[str]
    states: list[bytes | None]
    parts: list[_Part]
    names: tuple[str, ...]
    types: tuple[str, ...]
    part_of: dict[str, int]
    entity: dict[str, str]


_Found = tuple[Status, int | None]


class FeatureVector(Mapping[str, Any]):
    """The features of one entity in the service's order: ``vector["temp"]``, ``vector.items()``."""

    __slots__ = ("_found", "_plan", "_values")

    def __init__(self, plan: _Plan, values: tuple[Any, ...], found: list[_Found]) -> None:
        self._plan, self._values, self._found = plan, values, found

    def __getitem__(self, name: str) -> Any:
        try:
            return self._values[self._plan.names.index(name)]
        except ValueError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._plan.names)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"FeatureVector({dict(self)})"

    def to_tuple(self) -> tuple[Any, ...]:
        """The values alone, in order."""
        return self._values

    def status(self, name: str) -> Status:
        """Found, null, expired or missing; KeyError for an unknown feature."""
        status, _ = self._found[self._plan.part_of[name]]
        if status is Status.FOUND and self[name] is None:
            return Status.NULL
        return status

    def event_timestamp(self, name: str) -> datetime | None:
        """Since when the value is true (aware, UTC), also of an expired row; None if missing."""
        _, event = self._found[self._plan.part_of[name]]
        return None if event is None else from_microseconds(event)


class FeatureVectors(Sequence[FeatureVector]):
    """Vectors of several entities, in the order asked for."""

    def __init__(self, plan: _Plan, vectors: list[FeatureVector]) -> None:
        self._plan, self._vectors = plan, vectors

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return FeatureVectors(self._plan, self._vectors[index])
        return self._vectors[index]

    def __len__(self) -> int:
        return len(self._vectors)

    def to_arrow(self) -> Any:
        """A ``pyarrow.Table``, a column per feature (needs pyarrow)."""
        import pyarrow as pa

        from feature_warehouse.codec.arrow import arrow_type

        columns = list(zip(*[vector.to_tuple() for vector in self], strict=True))
        return pa.table(
            {
                name: pa.array(columns[index] if columns else [], arrow_type(kind))
                for index, (name, kind) in enumerate(
                    zip(self._plan.names, self._plan.types, strict=True)
                )
            }
        )

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame`` (needs pyarrow and pandas)."""
        return self.to_arrow().to_pandas()

    def to_numpy(self) -> Any:
        """A float64 array of shape (entities, features); NULL is NaN (needs numpy).

        Raises ValueError or TypeError where a feature is no number.
        """
        import numpy as np

        return np.array([vector.to_tuple() for vector in self], dtype=np.float64)


class OnlineStore:
    """Reads what `feature-warehouse materialize` published."""

    def __init__(
        self, client: Any, *, project: str | None = None, environment: str | None = None
    ) -> None:
        """``client`` is a ``redis.Redis`` that does not decode responses.

        Project (dbt project's name) and environment (dbt target) may be left out where the server
        holds only one that fits; else NotPublishedError lists them.
        """
        self._client = client
        self._project, self._environment = project, environment
        self._names: layout.Names | None = None
        self._plans: dict[str, _Plan] = {}

    @classmethod
    def from_url(
        cls, url: str, *, project: str | None = None, environment: str | None = None, **options: Any
    ) -> Self:
        """A store at redis://, rediss:// or unix://; ``options`` go to redis-py.

        Timeouts default to one second. The first read connects.
        """
        options = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0, **options}
        return cls(connect(url, **options), project=project, environment=environment)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(
        self,
        name: str,
        entity: Mapping[str, Any],
        *,
        expect: str | None = None,
        at: datetime | None = None,
    ) -> FeatureVector:
        """The feature vector of one entity for a service or a feature view.

        ``entity`` maps entity keys to values: a service takes the label set's column names, a view
        its own. A key that is None has no row. ``expect`` is the fingerprint the model was trained
        with. ``at`` (aware, or naive UTC) is the instant that ttl is measured at; by default now,
        or the simulated clock of the publishing run.

        Raises EntityError, NotPublishedError, FingerprintError, UnreachableError.
        """
        vector: FeatureVector = self.get_many(name, [entity], expect=expect, at=at)[0]
        return vector

    def get_many(
        self,
        name: str,
        entities: Sequence[Mapping[str, Any]],
        *,
        expect: str | None = None,
        at: datetime | None = None,
    ) -> FeatureVectors:
        """The feature vectors of many entities, in one round trip. See ``get``."""
        now = None if at is None else to_microseconds(at)
        with reachable(self._client):
            for _ in range(_ATTEMPTS):
                plan = self._plans.get(name) or self._load(name)
                if expect is not None and plan.fingerprint != expect:
                    raise FingerprintError(
                        f"{name!r} has the fingerprint {plan.fingerprint}, not {expect}: its"
                        " features changed since the model was trained"
                    )
                keys = [_entity_rows(plan, entity) for entity in entities]
                wanted = [key for row in keys for key in row if key is not None]
                replies = self._client.mget([*plan.pointers, *wanted])
                if replies[: len(plan.pointers)] == plan.states:
                    rows = iter(replies[len(plan.pointers) :])
                    return FeatureVectors(
                        plan, [_vector(plan, entity_keys, rows, now) for entity_keys in keys]
                    )
                self._plans.pop(name, None)
        raise NotPublishedError(f"{name!r} was republished {_ATTEMPTS} times during one read")

    def fingerprint(self, name: str) -> str:
        """The fingerprint of a service or view, for ``get(..., expect=)``."""
        with reachable(self._client):
            return self._load(name).fingerprint

    def entity_keys(self, name: str) -> dict[str, str]:
        """The entity keys a service or view takes, with their types."""
        with reachable(self._client):
            return dict(self._load(name).entity)

    def _resolve(self) -> layout.Names:
        if self._names is None:
            self._names = resolve_names(self._client, self._project, self._environment)
        return self._names

    def _load(self, name: str) -> _Plan:
        names = self._resolve()
        pointer = self._client.get(names.pointer(name))
        if pointer is None:
            raise NotPublishedError(f"{name!r} is not published in {names.store}")
        description = self._description(names, name, pointer)
        if isinstance(description, layout.Generation):
            own = {feature.name: feature.name for feature in description.features}
            keys = {key.name: key.name for key in description.keys}
            shares = [layout.ServicePart(name, keys, own)]
            plan = self._plan(names, name, f"{description.schema:08x}", [], [], shares)
        else:
            plan = self._plan(
                names,
                name,
                description.fingerprint,
                [names.pointer(name)],
                [pointer],
                description.parts,
            )
        self._plans[name] = plan
        return plan

    def _description(
        self, names: layout.Names, name: str, pointer: bytes
    ) -> layout.Generation | layout.Service:
        edition = msgspec.json.decode(pointer, type=layout.Pointer).edition
        text = self._client.get(names.description(name, edition))
        if text is None:
            raise NotPublishedError(f"{name!r} has lost its description; publish again")
        if isinstance(edition, int):
            return msgspec.json.decode(text, type=layout.Generation)
        return msgspec.json.decode(text, type=layout.Service)

    def _plan(
        self,
        names: layout.Names,
        name: str,
        fingerprint: str,
        pointers: list[str],
        states: list[bytes | None],
        shares: Sequence[layout.ServicePart],
    ) -> _Plan:
        plan = _Plan(name, fingerprint, pointers, states, [], (), (), {}, {})
        outputs: list[tuple[str, str]] = []
        for share in shares:
            pointer = self._client.get(names.pointer(share.view))
            if pointer is None:
                raise NotPublishedError(f"view {share.view!r} of {name!r} is not published")
            generation = self._description(names, share.view, pointer)
            if not isinstance(generation, layout.Generation):
                raise NotPublishedError(f"{share.view!r} is a service, not a view; publish again")
            plan.pointers.append(names.pointer(share.view))
            plan.states.append(pointer)
            position = {feature.name: index for index, feature in enumerate(generation.features)}
            lost = [feature for feature in share.features if feature not in position]
            if lost:
                raise FingerprintError(
                    f"view {share.view!r} no longer has {', '.join(lost)}, which {name!r} serves"
                )
            used = [generation.features[position[feature]] for feature in share.features]
            decoders = [decoder_of(feature.type) for feature in used]
            plan.parts.append(
                _Part(
                    view=share.view,
                    prefix=names.row_prefix(share.view, generation.number),
                    keys=[(share.join_keys[key.name], key.type) for key in generation.keys],
                    schema=generation.schema,
                    width=len(generation.features),
                    positions=[position[feature.name] for feature in used],
                    decoders=decoders,
                    defaults=[
                        decode(feature.default)
                        if decode and feature.default is not None
                        else feature.default
                        for feature, decode in zip(used, decoders, strict=True)
                    ],
                    ttl=generation.ttl,
                    clock=msgspec.json.decode(pointer, type=layout.Pointer).clock,
                )
            )
            for label_key, kind in plan.parts[-1].keys:
                plan.entity[label_key] = kind
            for feature in used:
                plan.part_of[share.features[feature.name]] = len(plan.parts) - 1
                outputs.append((share.features[feature.name], feature.type))
        plan.names = tuple(output for output, _ in outputs)
        plan.types = tuple(kind for _, kind in outputs)
        return plan


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


def _entity_rows(plan: _Plan, entity: Mapping[str, Any]) -> list[str | None]:
    """The row key of each part; None where a join key is None, which equals nothing."""
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


def _vector(
    plan: _Plan, keys: list[str | None], rows: Iterator[bytes | None], now: int | None
) -> FeatureVector:
    values: list[Any] = []
    found: list[_Found] = []
    for part, key in zip(plan.parts, keys, strict=True):
        row = None if key is None else next(rows)
        if row is None or key is None:
            values += part.defaults
            found.append((Status.MISSING, None))
            continue
        event, _ = read_header(row, part.schema, key)
        if part.ttl is not None and event + part.ttl < _now(now, part.clock):
            values += part.defaults
            found.append((Status.EXPIRED, event))
            continue
        stored = decode_row(row, part.width, key)
        for position, decode in zip(part.positions, part.decoders, strict=True):
            value = stored[position]
            values.append(value if decode is None or value is None else decode(value))
        found.append((Status.FOUND, event))
    return FeatureVector(plan, tuple(values), found)


def _now(asked: int | None, simulated: int | None) -> int:
    if asked is not None:
        return asked
    return time.time_ns() // 1000 if simulated is None else simulated
