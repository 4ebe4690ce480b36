"""What Redis has in service, as far as a plan asks for it."""

from typing import Any

import msgspec

from feature_warehouse.errors import NotPublishedError
from feature_warehouse.monitoring.status import read_status

__all__ = ["InService", "read_in_service"]


class InService(msgspec.Struct, frozen=True):
    """Fingerprints by the names that readers ask for, rows and memory (bytes) by view."""

    store: str
    fingerprints: dict[str, str]
    sizes: dict[str, tuple[int, int]]


def read_in_service(client: Any, project: str, environment: str | None) -> InService:
    """Raises DamagedError and UnreachableError, and NotPublishedError for several stores."""
    try:
        status = read_status(client, project, environment)
    except NotPublishedError:
        if environment is None:
            raise
        return InService(f"{project}.{environment}", {}, {})
    own = {service.service: service.fingerprint for service in status.services}
    latest = {name: own[full] for name, full in status.latest.items() if full in own}
    return InService(
        store=f"{status.project}.{status.environment}",
        fingerprints=own | latest,
        sizes={view.view: (view.rows, view.memory) for view in status.views},
    )
