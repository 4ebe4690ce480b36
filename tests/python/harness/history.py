"""Views with a load time, and what Redis has of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import redis

from feature_warehouse import OnlineStore
from harness.mini import NAMES, SCORES, Columns, Mini

LOADED: Columns = {**SCORES, "loaded": "timestamp"}
HOUR = timedelta(hours=1)


def loaded(mini: Mini, values: str, **block: Any) -> None:
    """A view ``scores`` of rows (id, ts, score, loaded), built at five."""
    mini.built = at(5)
    query = (
        f"from (values {values}) as t(id, ts, score, loaded)"
        " select * replace (score::double as score)"
    )
    mini.view("scores", LOADED, query, created_timestamp="loaded", **block)


def insert(mini: Mini, values: str) -> None:
    mini.execute(f"insert into scores values {values}")
    mini.built += timedelta(days=1)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 1, 1, hour, minute, tzinfo=UTC)


def values(store: OnlineStore, *ids: int) -> list[Any]:
    return [vector["score"] for vector in store.get_many("scores", [{"id": n} for n in ids])]


def versions(client: "redis.Redis") -> dict[bytes, Any]:
    """All rows as they lie there, run numbers included."""
    return {key: client.get(key) for key in client.scan_iter(NAMES.pointer("scores") + "@*:{*")}


THREE = (
    "(1, timestamp '2026-01-01 01:00', 1.0, timestamp '2026-01-01 01:00'),"
    " (2, timestamp '2026-01-01 01:00', 2.0, timestamp '2026-01-01 01:00'),"
    " (3, timestamp '2026-01-01 01:00', 3.0, timestamp '2026-01-01 01:00')"
)
