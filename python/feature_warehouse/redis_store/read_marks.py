"""When each service, feature view or other name was last read: marks that readers leave.

A reader sets the mark of a name together with a read of it: in the same round trip, at most once in
ten minutes for each store object and name. The mark holds the fingerprint that was read and expires
90 days later, so the server's clock alone says when that was. It lies in the slot of the name's
pointer, which the same read asks for. Whoever may not write leaves none.
"""

from collections.abc import Sequence
from typing import Any, Final

from feature_warehouse.redis_store import cluster, layout

__all__ = ["AFTER_REFUSAL", "INTERVAL", "KEPT_DAYS", "UNREAD_DAYS", "last_read", "mark"]

INTERVAL: Final = 600
"""Seconds between two marks of a name by one reader."""

AFTER_REFUSAL: Final = 86_400
"""Seconds until a reader whose mark was refused tries again: rights and replicas change."""

UNREAD_DAYS: Final = 30
"""For how long nobody has read what is removed when it is no longer declared."""

KEPT_DAYS: Final = 90
_KEPT_MS: Final = KEPT_DAYS * 86_400_000


def mark(names: layout.Names, name: str, fingerprint: str) -> tuple[str, ...]:
    """The command that sets a mark."""
    return ("SET", names.read_mark(name), fingerprint, "PX", str(_KEPT_MS))


def last_read(client: Any, names: layout.Names, wanted: Sequence[str]) -> dict[str, int]:
    """When each of these was read, in ms since 1970 UTC on the server's clock, if it has a mark."""
    times = cluster.expiries(client, [names.read_mark(name).encode() for name in wanted])
    return {name: at - _KEPT_MS for name, at in zip(wanted, times, strict=True) if at > 0}
