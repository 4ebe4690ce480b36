"""What had become of flights at some instants, by numpy on sorted integers: an oracle."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

Frame = Any
"""pandas ships no types."""

DAYS = (1, 7, 30)
FEATURES = tuple(
    f"{name}_{days}d"
    for name in ("flights", "mean_delay", "late_share", "cancellations")
    for days in DAYS
)

AIRPORT = ("flights_1d", "mean_delay_1d", "late_share_7d", "cancellations_1d")
IN_TRAINING_SET = {
    "aircraft": (
        *("flights_1d", "flights_7d", "flights_30d", "mean_delay_1d", "mean_delay_7d"),
        *("late_share_30d", "cancellations_30d"),
    ),
    "carrier": ("mean_delay_1d", "late_share_7d", "late_share_30d", "cancellations_1d"),
    "origin": AIRPORT,
    "dest": AIRPORT,
}


def outcomes(flights: Frame, entity: Sequence[str]) -> Frame:
    """A landed flight from its landing on, a cancelled one from its scheduled arrival; a flight
    belongs to every entity that one of these columns names."""
    landed = flights["arr_delay"].notna()
    cancelled = flights["dep_time"].isna()
    known = pd.DataFrame(
        {
            "known_at": flights["arr_ts"].where(landed, flights["sched_arr_ts"]),
            "flights": landed.astype("int64"),
            "delay": flights["arr_delay"].fillna(0).astype("int64"),
            "late": (flights["arr_delay"] > 15).astype("int64"),
            "cancellations": cancelled.astype("int64"),
        }
    )[landed | cancelled]
    return pd.concat([known.assign(entity=flights[column]) for column in entity])


def windows(known: Frame, entities: Frame, at: Frame) -> Frame:
    """All features of one entity and instant a row, over ``(at - W, at]``."""
    counts = ("flights", "cancellations")
    results = {
        name: np.full(len(entities), 0 if name.startswith(counts) else np.nan) for name in FEATURES
    }
    asked = pd.Series(range(len(entities))).groupby(entities.to_numpy()).indices
    instants = at.to_numpy().astype("datetime64[us]").astype("int64")
    for entity, events in known.sort_values("known_at").groupby("entity"):
        if entity in asked:
            rows = asked[entity]
            for name, values in _of_one(events, instants[rows]).items():
                results[name][rows] = values
    return pd.DataFrame(results)


def _of_one(events: Frame, at: Frame) -> dict[str, Frame]:
    times = events["known_at"].to_numpy().astype("datetime64[us]").astype("int64")
    until = np.searchsorted(times, at, side="right")
    found = {}
    for days in DAYS:
        start = np.searchsorted(times, at - days * 86_400_000_000, side="right")
        total = {}
        for name in ("flights", "delay", "late", "cancellations"):
            running = np.concatenate([[0], np.cumsum(events[name].to_numpy())])
            total[name] = running[until] - running[start]
        landed = np.where(total["flights"] > 0, total["flights"], np.nan)
        found[f"flights_{days}d"] = total["flights"]
        found[f"mean_delay_{days}d"] = total["delay"] / landed
        found[f"late_share_{days}d"] = total["late"] / landed
        found[f"cancellations_{days}d"] = total["cancellations"]
    return found
