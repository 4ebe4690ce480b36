"""Old and new versions served at once, whatever publishers do: each name gives what it is to give.

Readers look in between the commands of every run, with what they knew before and anew.
"""

import time
from collections import Counter
from pathlib import Path

import pytest
import redis

from harness.mini import Mini
from versions.game import Game, Later


@pytest.mark.parametrize(
    ("seeds", "moves"),
    [(range(7, 9), 30), pytest.param(range(9, 60), 60, marks=pytest.mark.long)],
)
def test_no_reader_misses_or_mixes_a_version(
    seeds: range,
    moves: int,
    tmp_path: Path,
    client: "redis.Redis",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While versions come and go, are published, rolled back, pruned, and runs are killed."""
    met: Counter[str] = Counter()
    for seed in seeds:
        client.flushall()
        later = Later(time)
        monkeypatch.setattr("feature_warehouse.serving.reader.time", later)
        game = Game(Mini(tmp_path / str(seed)), client, later, seed)
        game.play(moves)
        met += Counter(kills=game.kills, removals=game.removals, rollbacks=game.rollbacks)
    # All of them were at stake.
    assert all(met[what] >= len(seeds) for what in ("kills", "removals", "rollbacks")), met
