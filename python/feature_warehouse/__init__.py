"""Feature Warehouse: a feature store that is nothing but dbt, SQL and Redis.

This module is the serving side. It imports redis, hiredis and msgspec, nothing else::

    from feature_warehouse import OnlineStore

    store = OnlineStore.from_url("redis://localhost:6379/0", project="flights", environment="prod")
    vector = store.get("flight_delay", {"origin": "JFK", "tailnum": "N14228"})
"""

from typing import TYPE_CHECKING, Any

from feature_warehouse.errors import (
    BusyError,
    DamagedError,
    EntityError,
    FeatureWarehouseError,
    FingerprintError,
    NotPublishedError,
    UnreachableError,
    UnservableError,
    UsageError,
)
from feature_warehouse.serving.client import (
    AsyncOnlineStore,
    FeatureVector,
    FeatureVectors,
    OnlineStore,
    Status,
)

if TYPE_CHECKING:
    from feature_warehouse.request_log import RequestLog

__all__ = [
    "AsyncOnlineStore",
    "BusyError",
    "DamagedError",
    "EntityError",
    "FeatureVector",
    "FeatureVectors",
    "FeatureWarehouseError",
    "FingerprintError",
    "NotPublishedError",
    "OnlineStore",
    "RequestLog",
    "Status",
    "UnreachableError",
    "UnservableError",
    "UsageError",
    "__version__",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """A reader without a log does not import it."""
    if name == "RequestLog":
        from feature_warehouse.request_log import RequestLog

        return RequestLog
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
