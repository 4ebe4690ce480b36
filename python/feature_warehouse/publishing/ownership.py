"""Which warehouse a store in Redis belongs to: two that share one overwrite and prune each other.

    project.environment:!warehouse     hashes of what tells the warehouse, separated by blanks

A warehouse is told by several things, and is the same as long as one of them is: a DuckDB file by
its place and by the identifier within it, so that it may be moved, or built anew in its place; a
PostgreSQL database by its address and by the identifier of the server's data, each with database
and schema. Hashes, because a path names people.
"""

import hashlib
from typing import Any, Final

from feature_warehouse.engines import Warehouse
from feature_warehouse.errors import UsageError
from feature_warehouse.redis_store import cluster, layout

__all__ = ["refuse_another"]

_DIGITS: Final = 16


def refuse_another(
    client: Any, names: layout.Names, warehouse: Warehouse, *, keep: bool, take_over: bool = False
) -> None:
    """Raise UsageError if another warehouse has published in this project and environment.

    ``keep`` notes ours; ``take_over`` lets the store be ours from now on.
    """
    own = {_hash(text) for text in warehouse.identity()}
    found = _found(client, names)
    if found and not found & own and not take_over:
        raise UsageError(
            f"{names.store} in this Redis was published from another warehouse; publish under"
            " another --environment, or pass --take-over to `feature-warehouse materialize` if it"
            " was moved or is to be replaced"
        )
    if keep and found != own:
        client.set(names.warehouse, " ".join(sorted(own)))


def _found(client: Any, names: layout.Names) -> set[str]:
    """None where nothing was published, or the key is damaged."""
    text = cluster.value(client, names.warehouse) or b""
    hashes = set(text.decode(errors="replace").split())
    return {one for one in hashes if len(one) == _DIGITS and one.isalnum() and one.isascii()}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
