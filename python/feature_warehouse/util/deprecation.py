"""What people are told of a model's deprecation date."""

from datetime import UTC, date, datetime

__all__ = ["deprecated"]


def deprecated(day: str, now: int) -> str:
    """``day`` is an ISO date, ``now`` microseconds since 1970 UTC."""
    has_come = date.fromisoformat(day) <= datetime.fromtimestamp(now / 1_000_000, UTC).date()
    return f"is deprecated since {day}" if has_come else f"will be deprecated on {day}"
