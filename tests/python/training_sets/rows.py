"""The rows of the laboratory's tables, made by `random`, and rule 1 as a loop over them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

Row = dict[str, Any]

START = datetime(2024, 1, 1)
TTL = timedelta(days=2)
LAG = timedelta(hours=2)
AT = datetime(2024, 1, 20, 6)
"""An instant in the middle of all."""


def status(random: Random) -> Iterator[Row]:
    """Many ties, NULLs everywhere, rows that come late, early and corrected."""
    for number in range(120):
        event = START + timedelta(hours=6 * random.randrange(120))
        late = random.choice([-3, 0, 1, 30, 200])
        yield {
            "customer_id": random.choice([1, 2, 3, 4, None]),
            "valid_from": random.choice([event] * 9 + [None]),
            "loaded_at": random.choice([event + timedelta(hours=late), None]),
            "level": random.choice(["a", "B", "ä", "z; b", None]),
            "score": random.choice([number % 7, None]),
            "ratio": random.choice([number / 8, None]),
        }


def balance(random: Random) -> Iterator[Row]:
    """Late by days, without lag and ttl."""
    for number in range(60):
        event = START + timedelta(hours=random.randrange(700))
        yield {
            "customer_id": 1 + number % 4,
            "as_from": event,
            "booked_at": event + timedelta(hours=random.choice([0, 50, 300])),
            "amount": f"{number}.{number % 100:02}",
            "currency": random.choice(["EUR", "USD"]),
        }


def rate() -> Iterator[Row]:
    for day in range(0, 30, 4):
        yield {"day": (START + timedelta(days=day)).date(), "rate": f"1.{day:04}"}


def odd(random: Random) -> Iterator[Row]:
    for number in range(40):
        yield {
            "Group": random.choice(["x", "y"]),
            "event_at": START + timedelta(hours=18 * number),
            "expires_at": number,
            "order": number,
            "label_at": number % 3,
            "choice": random.choice(["'", '"', None]),
            "number": random.choice([number, None]),
            "label_number": number,
            "label_key_1": f"key {number}",
            "sample_number": -number,
            "is_newest": number % 2 == 0,
            "problem": random.choice(["none", None]),
        }


def visits(random: Random) -> list[Row]:
    rows = []
    for number in range(60):
        at = START + timedelta(hours=6 * random.randrange(120))
        rows.append(
            {
                "visit_id": number,
                "customer_id": random.choice([1, 2, 3, 4, 5, None]),
                "friend_id": random.choice([1, 2, None]),
                "Group": random.choice(["x", "y", "z", None]),
                "at": random.choice([at] * 9 + [None]),
                "outcome": random.choice([True, False, None]),
                "known": at + timedelta(days=random.choice([1, 5])),
                "side": random.choice(["buy", "sell"]),
                "row_digest": random.choice(["0", None]),
                "extra": random.choice(['{"a": 1}', None]),
            }
        )
    return rows + rows[:5]


def runs(random: Random) -> Iterator[Row]:
    """Of each view by itself: late ones, long ones, of an old clock, and of a simulated one."""
    for number in range(60):
        clock = START + timedelta(days=2, hours=random.randrange(600))
        yield {
            "view": random.choice(["status", "balance", "rate", "odd"]),
            "run": number,
            "clock": clock,
            "finished_at": clock + timedelta(hours=random.choice([0, 1, 1, 30])),
            "is_simulated": random.random() < 0.1,
        }


def newest(
    rows: list[Row], at: datetime | None, *, event: str, known: str, **key: Any
) -> Row | None:
    """The newest row by its event timestamp of those that had become known."""
    if at is None or None in key.values():
        return None
    candidates = [
        row
        for row in rows
        if row[event] is not None
        and row[known] <= at
        and all(row[name] == value for name, value in key.items())
    ]
    return max(candidates, key=lambda row: row["order"], default=None)


def with_order(rows: list[Row], event: str, created: str, ties: list[str]) -> list[Row]:
    """`order` sorts as rule 1 does; `available` and `early` are when a row counts from."""
    result = []
    for row in rows:
        if row[event] is None:
            continue
        places = [row[event], *_least(row[created]), *(p for n in ties for p in _least(row[n]))]
        result.append({**row, "order": tuple(places)})
    return result


def _least(value: Any) -> tuple[Any, ...]:
    """NULL loses; text counts by its bytes."""
    if value is None:
        return (0,)
    return (1, value.encode() if isinstance(value, str) else value)


def utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
