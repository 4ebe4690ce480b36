"""Readings of meters that change in the last week, and the requests that were served with them."""

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

START = datetime(2026, 1, 1)
WEEKS = 10
CLOCK = START + timedelta(weeks=WEEKS)
"""The end of the last week, which differs."""

CLEAN = CLOCK - timedelta(weeks=1)


class Reading(NamedTuple):
    meter: int
    ts: datetime
    level: int | None
    price: float | None
    ratio: Decimal | None
    kind: str | None
    is_open: bool | None
    email: str | None
    seen: datetime | None


class Request(NamedTuple):
    request: int
    meter: int | None
    at: datetime
    y: int
    amount: float | None
    phone: str


KINDS = ["plain", 'with "quotes"', "Ünïcode", "it's", "", "back\\slash"] + [
    f"kind {number:02}" for number in range(24)
]


def readings(meters: int = 300) -> list[Reading]:
    chance = random.Random(20)
    rows = []
    for meter in range(meters):
        for week in range(-1, WEEKS):
            at = START + timedelta(weeks=week, seconds=chance.randrange(7 * 86_400))
            rows.append(_reading(chance, meter, at, drifted=at > CLEAN))
    chance.shuffle(rows)
    return rows


def _reading(chance: random.Random, meter: int, at: datetime, *, drifted: bool) -> Reading:
    kind = chance.choice(KINDS[: 8 + int(chance.expovariate(0.2)) % 22])
    if drifted and chance.random() < 0.3:
        kind = "never seen before"
    return Reading(
        meter,
        at,
        chance.randrange(40) + (25 if drifted else 0),
        None if chance.random() < (0.5 if drifted else 0.1) else round(chance.gauss(10, 3), 3),
        Decimal(chance.randrange(-500, 500)) / 100,
        None if chance.random() < 0.05 else kind,
        chance.random() < 0.5,
        f"someone{meter}@example.com",
        at - timedelta(days=chance.randrange(5)) if chance.random() < 0.8 else None,
    )


def requests(count: int = 6000) -> list[Request]:
    chance = random.Random(21)
    rows = []
    for number in range(count):
        at = START + timedelta(seconds=chance.randrange(WEEKS * 7 * 86_400))
        meter = None if chance.random() < 0.02 else chance.randrange(310)
        rows.append(Request(number, meter, at, chance.randrange(2), *_given(number, at)))
    # Both ends of the last week: the one still belongs to it, the other does not.
    rows += [
        Request(count + number, 0, at, 1, *_given(count, at))
        for number, at in enumerate((CLOCK, CLEAN))
    ]
    return rows


def _given(number: int, at: datetime) -> tuple[float | None, str]:
    """An amount, which is greater in the last week, and a telephone number."""
    chance = random.Random(number)
    amount = round(chance.uniform(0, 100), 2) * (2 if at > CLEAN else 1)
    return None if chance.random() < 0.05 else amount, f"+1 555 {number:04}"


def newest(rows: list[Reading], at: datetime) -> dict[int, Reading]:
    """The newest reading of each meter."""
    found: dict[int, Reading] = {}
    for row in sorted(rows, key=lambda row: row.ts):
        if row.ts <= at:
            found[row.meter] = row
    return found


def served(rows: list[Reading], asked: list[Request]) -> list[dict[str, Any]]:
    """Each request with the newest reading at its time, every feature NULL where there is none."""
    by_meter: dict[int, list[Reading]] = {}
    for row in sorted(rows, key=lambda row: row.ts):
        by_meter.setdefault(row.meter, []).append(row)
    vectors = []
    for request in asked:
        known = [row for row in by_meter.get(request.meter or 0, []) if row.ts <= request.at]
        answer = known[-1] if known and request.meter is not None else None
        features = answer._asdict() if answer else dict.fromkeys(Reading._fields)
        vectors.append(
            {
                **features,
                "meter": request.meter,
                "at": request.at,
                "amount": request.amount,
                "phone": request.phone,
                "age": (request.at - answer.ts) / timedelta(seconds=1) if answer else None,
            }
        )
    return vectors
