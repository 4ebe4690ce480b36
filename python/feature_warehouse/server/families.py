"""The metrics of a server: what each family is called and means. See ``metrics``."""

from typing import Final, NamedTuple

__all__ = ["FAMILIES", "PREFIX", "Family"]

PREFIX: Final = "feature_warehouse_server_"


class Family(NamedTuple):
    """A family of metrics: a counter, gauge or histogram."""

    kind: str
    labels: tuple[str, ...]
    meaning: str


FAMILIES: Final = {
    "requests_total": Family(
        "counter",
        ("path", "name", "status"),
        "Requests by path, service or view, and HTTP status. No name stands for names that are"
        " none, and the status 0 for clients that did not wait.",
    ),
    "request_seconds": Family(
        "histogram", ("path", "name"), "Time from a request's headers to the end of its answer."
    ),
    "entities_total": Family("counter", ("name",), "Entities that were answered."),
    "values_total": Family(
        "counter", ("name", "status"), "Values by status: found, null, expired, missing."
    ),
    "requests_under_way": Family("gauge", (), "Requests that have begun and not ended."),
    "redis_connections_in_use": Family(
        "gauge", (), "Connections to Redis in use when a read ended; 0 with a cluster."
    ),
    "request_log_entities": Family(
        "gauge",
        ("outcome",),
        "Entities that the request log has written or dropped since the workers began.",
    ),
}
"""By their names without ``PREFIX``."""
