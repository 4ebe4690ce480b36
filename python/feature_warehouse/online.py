"""The serving client. It needs Redis and nothing else: no dbt, no warehouse, no pandas."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Self

from feature_warehouse import layout
from feature_warehouse.codec.values import to_microseconds
from feature_warehouse.connection import connect, reachable
from feature_warehouse.errors import EntityError, FingerprintError, NotPublishedError
from feature_warehouse.plans import Plan, load_plan, resolve_names, row_keys
from feature_warehouse.vectors import FeatureVector, FeatureVectors, Status, read_vector

__all__ = ["FeatureVector", "FeatureVectors", "OnlineStore", "Status"]

_ATTEMPTS: Final = 5


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
        self._plans: dict[str, Plan] = {}

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
                known = self._plans.get(name)
                plan = known or self._load(name)
                try:
                    keys = row_keys(plan, entities, expect)
                except (EntityError, FingerprintError):
                    if known is None:
                        raise
                    # What we know may be out of date: look before we refuse.
                    self._plans.pop(name, None)
                    continue
                wanted = [key for row in keys for key in row if key is not None]
                replies = self._client.mget([*plan.pointers, *wanted])
                if tuple(replies[: len(plan.pointers)]) == plan.states:
                    rows = iter(replies[len(plan.pointers) :])
                    return FeatureVectors(
                        plan, [read_vector(plan, entity_keys, rows, now) for entity_keys in keys]
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

    def _load(self, name: str) -> Plan:
        if self._names is None:
            self._names = resolve_names(self._client, self._project, self._environment)
        plan = self._plans[name] = load_plan(self._client, self._names, name)
        return plan
