"""What ``/metrics`` tells of a server, by ``prometheus_client``.

With several workers each writes its figures to files in a folder of their own, and whoever is asked
adds them up. prometheus_client looks for that folder when it is imported, so this module is
imported late.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from feature_warehouse.server.families import FAMILIES, PREFIX, Family
from feature_warehouse.server.settings import METRICS_FOLDER

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

_SECONDS: Final = (
    *(0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01),
    *(0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
_KINDS: Final[dict[str, tuple[Any, dict[str, Any]]]] = {
    "counter": (Counter, {}),
    "gauge": (Gauge, {"multiprocess_mode": "livesum"}),
    "histogram": (Histogram, {"buckets": _SECONDS}),
}


class Metrics:
    """The figures of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._families = {name: self._family(name, one) for name, one in FAMILIES.items()}
        self._known: dict[tuple[str, ...], Any] = {}

    def _family(self, name: str, family: Family) -> Any:
        kind, more = _KINDS[family.kind]
        own = f"{PREFIX}{name}"
        return kind(own, family.meaning, family.labels, registry=self.registry, **more)

    def began(self) -> None:
        """Count a request that is under way."""
        self._families["requests_under_way"].inc()

    def ended(self, path: str, name: str, status: int, seconds: float) -> None:
        """Count a request that was under way."""
        self._families["requests_under_way"].dec()
        self._of("requests_total", path, name, str(status)).inc()
        self._of("request_seconds", path, name).observe(seconds)

    def refused(self, status: int) -> None:
        """Count what was refused before it was a request."""
        self._of("requests_total", "other", "", str(status)).inc()

    def answered(self, name: str, entities: int, values: Mapping[str, int]) -> None:
        """Count what an answer has."""
        self._of("entities_total", name).inc(entities)
        for status, number in values.items():
            self._of("values_total", name, status).inc(number)

    def lent(self, connections: int) -> None:
        """Note how many connections are in use."""
        self._families["redis_connections_in_use"].set(connections)

    def logged(self, written: int, dropped: int) -> None:
        """Note what the request log of this process has done."""
        self._of("request_log_entities", "written").set(written)
        self._of("request_log_entities", "dropped").set(dropped)

    def text(self) -> bytes:
        """All of them, of all workers."""
        registry = self.registry
        if os.environ.get(METRICS_FOLDER):
            registry = CollectorRegistry()
            collect: Callable[[Any], Any] = MultiProcessCollector
            collect(registry)
        return generate_latest(registry)

    def _of(self, family: str, *labels: str) -> Any:
        """A family's metric with its labels; looking it up takes prometheus_client a lock."""
        key = (family, *labels)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._families[family].labels(*labels)
        return found
