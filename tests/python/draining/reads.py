"""Reads of the shop that are logged, and what the warehouse must have of them."""

import random
from typing import Any

from draining.places import SCHEMA, Place
from feature_warehouse import RequestLog
from request_log.shop import entity, opened, seen

TABLE = f"{SCHEMA}.requests_shop"


def served(url: str, seed: int = 0) -> list[dict[str, Any]]:
    """What callers got of some reads that were logged."""
    choose = random.Random(seed)
    told: list[dict[str, Any]] = []
    log = RequestLog(interval=0.001)
    with opened(url, log) as store:
        for turn in range(15):
            asked = [
                entity(choose.choice((*range(30), None)), choose.choice(("x,y%", None)))
                for _ in range(choose.choice((1, 3, 12)))
            ]
            ids = [f"{seed}.{turn}.{number}" for number in range(len(asked))]
            vectors = store.get_many("shop", asked, request_id=ids)
            told += [seen(*pair) for pair in zip(asked, vectors, strict=True)]
            assert log.flush(60)
    return told


def ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["request_id"]))


def assert_drained(place: Place, told: list[dict[str, Any]]) -> None:
    """The table has what callers were told, row by row."""
    rows = ordered(place.rows(f"select * from {TABLE}"))
    assert len(rows) == len(told)
    for row, wanted in zip(rows, ordered(told), strict=True):
        assert {name: row[name] for name in wanted} == wanted
    assert len({(row["read_id"], row["position"]) for row in rows}) == len(rows)
