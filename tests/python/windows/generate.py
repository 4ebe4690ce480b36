"""Random events on a coarse grid, so that they collide, tie, and lie on the ends of windows."""

import math
from decimal import Decimal
from random import Random
from typing import Any

from windows.oracle import Event
from windows.shapes import DAY, HOUR

EPOCH_2026 = 1_767_225_600_000_000
STARTS = (EPOCH_2026, -3 * DAY, EPOCH_2026 + 66 * DAY)
"""Also before 1970, and around a clock change."""

TEXTS = ("a", "B", "b", "é", "", "a:b", "Ω")
DOUBLES = (0.0, -0.0, 0.1, 0.2, -0.3, 1e16, -1e16, 1e-9, 3.5, 7e7, -7e7, 1 / 3)
RARE = (math.inf, -math.inf, math.nan, 1e150)


def events(seed: int, entities: int = 40) -> list[Event]:
    random = Random(f"window events {seed}")
    found: list[Event] = []
    for entity in range(entities):
        start = random.choice(STARTS)
        grid = random.choice((12 * HOUR, 12 * HOUR, 3 * HOUR, 1))
        rare = random.random() < 0.15
        count = random.choice((1, 2, 3, 5, 8, 13))
        found += [_event(random, entity, start, grid, rare) for _ in range(count)]
    random.shuffle(found)
    return found


def _event(random: Random, entity: int, start: int, grid: int, rare: bool) -> Event:
    at = start + grid * random.randrange(12)
    delay = random.choice((0, 1, grid, 5 * HOUR, DAY, 2 * DAY, -DAY, 4 * DAY))
    doubles = DOUBLES + RARE if rare else DOUBLES

    def perhaps(value: Any, share: float = 0.15) -> Any:
        return None if random.random() < share else value

    return {
        "k": perhaps(entity, 0.02),
        "k2": perhaps(random.choice("xy"), 0.02),
        "ts": perhaps(at, 0.02),
        "tz": at,
        "day": at - at % DAY,
        "loaded": perhaps(at + delay, 0.1),
        "i": perhaps(random.randrange(-3, 6)),
        "s": perhaps(random.choice((-32768, 32767, 0, 5))),
        "b": perhaps(random.choice((2**63 - 1, 2**53 + 1, -(2**62), 7))),
        "d": perhaps(Decimal(random.randrange(-99_999_999, 99_999_999)).scaleb(-2)),
        "w": perhaps(Decimal(random.choice((1, 5, 10**19 + 1))).scaleb(-4)),
        "f": perhaps(random.choice(doubles)),
        "r": perhaps(random.choice((0.5, 0.10000000149011612, -3.0, 16777216.0))),
        "t": perhaps(random.choice(TEXTS)),
        "flag": perhaps(random.random() < 0.5),
        "n": perhaps(random.randrange(3)),
        "Order": perhaps(random.randrange(9)),
    }
