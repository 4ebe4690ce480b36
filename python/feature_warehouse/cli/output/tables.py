"""What commands print once they know all: tables for a person, JSON for a machine."""

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.markup import escape

from feature_warehouse.cli.output.screen import screen, table_of
from feature_warehouse.codec.rows import from_microseconds
from feature_warehouse.monitoring.status import Status
from feature_warehouse.redis_store import layout
from feature_warehouse.serving.client import FeatureVector
from feature_warehouse.util.deprecation import deprecated
from feature_warehouse.util.durations import readable

if TYPE_CHECKING:
    # What only reads works where there is no warehouse, nor Arrow.
    from feature_warehouse.publishing.verify import Verification

__all__ = ["VerifyReport", "print_rollback", "print_status", "print_vector"]

_STATUS_HEADINGS = (
    *("view", "generation", "rows", "newest event"),
    *("age", "ttl", "memory", "published"),
)


def print_status(status: Status, *, as_json: bool) -> None:
    """A table per kind, or JSON."""
    if as_json:
        print(msgspec.json.encode(status).decode())
        return
    console = screen()
    console.print(f"[italic]{status.project}.{status.environment}[/]")
    views = table_of(_STATUS_HEADINGS, right=("rows", "memory"))
    for view in status.views:
        views.add_row(
            view.view,
            str(view.generation),
            f"{view.rows:,}",
            _instant(view.newest_event),
            "-" if view.age is None else readable(view.age),
            "none" if view.ttl is None else readable(view.ttl),
            f"~{view.memory / 1024:,.0f} KiB",
            _instant(view.published_at),
        )
    console.print(views)
    clocks = {view.clock for view in status.views if view.clock is not None}
    for clock in sorted(clocks):
        console.print(f"The clock is simulated and stands at {_instant(clock)}.")
    for service in status.services:
        console.print(
            f"service {service.service}: {service.features} features,"
            f" fingerprint {service.fingerprint}{_deprecated(service.deprecation_date)},"
            f" {_read(status, service.service)}"
        )
    for log in status.request_logs:
        console.print(
            f"request log of {log.service}: {log.waiting:,} messages wait to be drained;"
            f" {log.written:,} entities written, {log.dropped:,} dropped"
        )
    for name, stands_for in status.latest.items():
        console.print(f"{name} is {stands_for}, {_read(status, name)}")
    for view in status.views:
        if view.deprecation_date:
            readers = ", ".join(view.services) or "no service"
            date = _deprecated(view.deprecation_date)
            console.print(f"view {view.view}{date} and is read by {readers}")
        if view.view in status.last_read:
            console.print(f"view {view.view} by its own name, {_read(status, view.view)}")


class VerifyReport:
    """A line per view and service, with the keys of the first differences."""

    def __init__(self, *, as_json: bool) -> None:
        self._results: list[Verification] = []
        self._as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)

    @property
    def exit_code(self) -> int:
        """The highest of all exit codes."""
        return max((result.exit_code for result in self._results), default=0)

    def add(self, result: "Verification") -> None:
        """Take a result, and print it unless a JSON document is asked for."""
        self._results.append(result)
        if result.status == "error":
            name = result.view or f"service {result.service}"
            print(f"feature-warehouse: {name}: {result.message}", file=sys.stderr)
        if self._as_json or result.status == "error":
            return
        if result.service:
            self._service(result)
            return
        if result.status == "skipped":
            self._console.print(f"[yellow]skipped[/] {result.view}: {result.message}")
            return
        rows = f"{result.rows_compared:,} rows compared"
        clock = f"as of {_instant(result.clock)}"
        if not result.differences:
            self._console.print(f"[green]equal[/] {result.view}: {rows}, {clock}")
            return
        counts = ", ".join(f"{count:,} {kind}" for kind, count in result.differences.items())
        self._console.print(f"[red]differs[/] {result.view}: {counts}; {rows}, {clock}")
        self._examples(result)

    def _service(self, result: "Verification") -> None:
        name = f"service {escape(result.service)}"
        if not result.differences:
            self._console.print(f"[green]equal[/] {name}: described as declared")
            return
        self._console.print(f"[red]differs[/] {name}: {', '.join(result.differences)}")
        self._examples(result)

    def _examples(self, result: "Verification") -> None:
        for kind, examples in result.examples.items():
            for key in examples:
                self._console.print(f"  {kind} {escape(key)}")
        self._console.print(f"  {escape(result.message)}")

    def finish(self) -> None:
        """All results, where one JSON document is asked for."""
        if self._as_json:
            print(msgspec.json.encode({"results": self._results}).decode())


def print_rollback(generation: layout.Generation, *, as_json: bool) -> None:
    """A line, or JSON."""
    if as_json:
        content = {
            "view": generation.view,
            "generation": generation.number,
            "clock": from_microseconds(generation.clock).isoformat(),
        }
        print(msgspec.json.encode(content).decode())
        return
    print(
        f"{generation.view}: generation {generation.number} is in service again, as of"
        f" {_instant(generation.clock)}; the next `feature-warehouse materialize` publishes anew"
    )


def print_vector(
    name: str, entity: Mapping[str, Any], vector: FeatureVector, fingerprint: str, *, as_json: bool
) -> None:
    """A feature a line with its status and event timestamp, or JSON."""
    if as_json:
        features = {
            feature: {
                "value": value,
                "status": vector.status(feature),
                "event_timestamp": vector.event_timestamp(feature),
            }
            for feature, value in vector.items()
        }
        content = {"name": name, "fingerprint": fingerprint, "entity": entity, "features": features}
        print(msgspec.json.encode(content).decode())
        return
    keys = ", ".join(f"{key}={value}" for key, value in entity.items())
    console = screen()
    console.print(f"[italic]{escape(f'{name} {keys}')}[/]")
    table = table_of(("feature", "value", "status", "true since (UTC)"))
    for feature, value in vector.items():
        since = vector.event_timestamp(feature)
        table.add_row(
            feature,
            "" if value is None else escape(str(value)),
            vector.status(feature),
            f"{since:%Y-%m-%d %H:%M:%S}" if since else "",
        )
    console.print(table)
    console.print(f"fingerprint {fingerprint}")


def _read(status: Status, name: str) -> str:
    at = status.last_read.get(name)
    return "not read lately" if at is None else f"last read {_instant(at)}"


def _deprecated(date: str | None) -> str:
    return f" {deprecated(date, time.time_ns() // 1000)}" if date else ""


def _instant(microseconds: int | None) -> str:
    return "-" if microseconds is None else f"{from_microseconds(microseconds):%Y-%m-%d %H:%M}"
