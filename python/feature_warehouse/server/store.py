"""The store that a server reads: the client for asyncio, with requests in JSON's values."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from feature_warehouse.errors import (
    EntityError,
    FeatureWarehouseError,
    NotPublishedError,
    UnreachableError,
)
from feature_warehouse.redis_store import layout
from feature_warehouse.redis_store.find import find_store
from feature_warehouse.redis_store.steps import Steps
from feature_warehouse.server.json_values import Reader, key_readers, request_readers
from feature_warehouse.serving.client import AsyncOnlineStore
from feature_warehouse.serving.plan import Plan
from feature_warehouse.serving.vectors import FeatureVectors

__all__ = ["Entities", "Question", "ServedStore"]

_LONGEST_NAME: Final = 256
_IN_KEYS: Final = frozenset("@!:{}")
"""What no name has: the keys of Redis are made with these."""

_MANY: Final = 500

Entities = Callable[[Mapping[str, str]], list[dict[str, Any]]]
"""The entities as JSON has them, given what the name takes.

A new list at each call, for its values are replaced. May raise EntityError.
"""


class Question(NamedTuple):
    """What a read asks for besides entities."""

    name: str
    expect: str | None = None
    at: datetime | None = None
    request_id: str | list[str] | None = None
    tag: str | None = None


class Known(NamedTuple):
    """What a name takes, as last seen."""

    asked: Mapping[str, str]
    readers: tuple[Reader, ...]


class ServedStore(AsyncOnlineStore):
    """Reads with values from JSON, and says what there is."""

    def __init__(self, client: Any, **options: Any) -> None:
        """As of ``AsyncOnlineStore``."""
        super().__init__(client, **options)
        self._known: dict[str, Known] = {}

    async def plan(self, name: str) -> Plan:
        """How a service or view is read now. Raises NotPublishedError, FingerprintError."""
        plan = await self._run(self._reader.plan(_checked(name)))
        self._learned(name, plan)
        return plan

    async def known(self, name: str) -> Known:
        """What a name takes, asked for once. Raises as ``plan``."""
        return self._known.get(name) or self._learned(name, await self.plan(name))

    async def read(self, question: Question, entities: Entities) -> FeatureVectors:
        """The vectors of entities, in values of JSON. Raises what ``get_many`` raises."""
        name = question.name
        known = await self.known(name)
        try:
            return await self._read(question, _converted(entities(known.asked), known.readers))
        except EntityError:
            # The types may have changed since: look before refusing.
            asked = known.asked
            known = self._learned(name, await self.plan(name))
            if known.asked == asked:
                raise
            return await self._read(question, _converted(entities(known.asked), known.readers))
        except NotPublishedError:
            self._known.pop(name, None)
            await self.plan(name)
            # It is there: it has only changed faster than it can be read.
            raise UnreachableError(f"{name!r} is published again and again; try again") from None

    async def names(self) -> list[str]:
        """All that is published, sorted. Raises UnreachableError where Redis refuses to say."""
        return await self._run(_listed(*self._reader.place))

    async def is_ready(self) -> bool:
        """Whether a pointer can be read: of what is published, or was read before."""
        try:
            names = await self.names()
        except UnreachableError:
            # The user may lack the right to ask for the list.
            names = list(self._known)
        return await self._run(_readable(*self._reader.place, names))

    @property
    def lent(self) -> int:
        """Connections that are in use now; 0 of a cluster, which has many pools."""
        pool = getattr(self._client(), "connection_pool", None)
        return 0 if pool is None else int(pool.lent)

    async def _read(self, question: Question, entities: list[dict[str, Any]]) -> FeatureVectors:
        name, expect, at, request_id, tag = question
        return await self.get_many(
            name, entities, expect=expect, at=at, request_id=request_id, tag=tag
        )

    def _learned(self, name: str, plan: Plan) -> Known:
        given = {key: kind for key, kind in plan.asked.items() if key not in plan.entity}
        readers = (*key_readers(plan.entity), *request_readers(given))
        known = self._known[name] = Known(plan.asked, readers)
        return known


def _checked(name: str) -> str:
    """A name that cannot lead to any other key of Redis than a pointer."""
    if not name or len(name) > _LONGEST_NAME or not _IN_KEYS.isdisjoint(name):
        raise NotPublishedError(f"{name[:_LONGEST_NAME]!r} is not the name of a service or view")
    return name


def _converted(entities: Sequence[Any], readers: Sequence[Reader]) -> list[dict[str, Any]]:
    """The same entities with the values that the client takes; the rest it says itself."""
    for entity in entities:
        for name, ready, read in readers:
            value = entity.get(name)
            if value is not None and type(value) is not ready:
                entity[name] = read(value)
    return list(entities)


def _listed(project: str | None, environment: str | None) -> Steps[list[str]]:
    names = yield from find_store(project, environment)
    members = yield ("SMEMBERS", names.members)
    return sorted(member.decode(errors="backslashreplace") for member in members)


def _readable(
    project: str | None, environment: str | None, published: Sequence[str]
) -> Steps[bool]:
    names = yield from find_store(project, environment)
    keys = list(map(names.pointer, published[:_MANY]))
    if not keys:
        return False
    states = yield ("MGET", *keys)
    return any(_is_pointer(state, key) for state, key in zip(states, keys, strict=True))


def _is_pointer(state: bytes | None, key: str) -> bool:
    try:
        return layout.read_pointer(state, key).version is not None
    except FeatureWarehouseError:
        return False
