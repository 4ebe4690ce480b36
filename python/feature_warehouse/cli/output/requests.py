"""Logged requests for a person."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from feature_warehouse.draining.explain import Explained, ExplainedRow, Run

__all__ = ["print_explained"]


def print_explained(found: Sequence[Explained]) -> None:
    """A paragraph for each entity."""
    for number, one in enumerate(found):
        if number:
            print()
        tag = "" if one.tag is None else f", {one.tag}"
        print(f"{one.service} {one.fingerprint}, read {_instant(one.requested_at)}{tag}")
        if one.clock != one.requested_at:
            print(f"as of {_instant(one.clock)}")
        print(", ".join(f"{name}={_text(value)}" for name, value in one.given.items()))
        for row in one.rows:
            print(_origin(row))
            _print_values(row.features)
        if one.computed:
            print("computed at the request")
            _print_values(one.computed)
        if other := {name: value for name, value in one.other.items() if value is not None}:
            print("no longer declared")
            _print_values(other)


def _origin(row: ExplainedRow) -> str:
    """Where the features of a view come from, in a line."""
    text = f"{row.view}: {row.status}, generation {row.generation}"
    if row.event_timestamp is not None:
        text += f", true from {_instant(row.event_timestamp)}"
    if row.created_timestamp is not None:
        text += f", loaded {_instant(row.created_timestamp)}"
    if row.run is not None:
        text += f", written by run {row.run}{_run(row.written_by)}"
    if row.in_service is not None and row.in_service != row.written_by:
        text += f"; last run before the read: {row.in_service.run}{_run(row.in_service)}"
    return text


def _run(run: Run | None) -> str:
    return "" if run is None else f" ({run.mode}, clock {_instant(run.clock)})"


def _print_values(values: Mapping[str, Any]) -> None:
    width = max(map(len, values), default=0)
    for name, value in values.items():
        print(f"  {name:{width}}  {_text(value)}")


def _text(value: Any) -> str:
    return "NULL" if value is None else str(value)


def _instant(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat(' ', 'microseconds')}Z"
