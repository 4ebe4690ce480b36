"""What the command line prints: text for people, in a pipe the same without colours, or JSON.

What failed, and warnings, go to the standard error, a line each.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from feature_warehouse import __version__, layout
from feature_warehouse.codec.values import from_microseconds
from feature_warehouse.durations import readable
from feature_warehouse.errors import UsageError
from feature_warehouse.files import replacing
from feature_warehouse.online import FeatureVector
from feature_warehouse.publication import ViewResult
from feature_warehouse.quality.results import GateResult
from feature_warehouse.registry import Registry
from feature_warehouse.screen import screen, table_of
from feature_warehouse.services import ServiceResult
from feature_warehouse.status import Status
from feature_warehouse.tasks import Clock
from feature_warehouse.verify import Verification

__all__ = [
    "MaterializeReport",
    "VerifyReport",
    "print_rollback",
    "print_status",
    "print_vector",
]


class MaterializeReport:
    """Collects the results of a run and shows them as they come."""

    def __init__(
        self,
        registry: Registry,
        environment: str,
        clock: Clock,
        *,
        as_json: bool,
        dry_run: bool = False,
        all_views: bool = True,
    ) -> None:
        self._results: list[ViewResult] = []
        self._services: list[ServiceResult] = []
        self._undeclared: list[dict[str, Any]] = []
        self._as_json, self._dry_run, self._all_views = as_json, dry_run, all_views
        self._metadata = {
            "feature_warehouse_version": __version__,
            "project": registry.project,
            "environment": environment,
            "clock": from_microseconds(clock.now).isoformat(),
            "clock_is_simulated": clock.simulated,
            "dbt_invocation_id": registry.invocation_id,
        }
        self._console = Console(highlight=False, soft_wrap=True)
        self._for_person = not as_json
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=self._console,
            transient=True,
            disable=as_json or not self._console.is_terminal,
        )
        self._tasks: dict[str, Any] = {}
        self._validation: str | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    @property
    def exit_code(self) -> int:
        """The highest of all exit codes."""
        codes = [result.exit_code for result in self._results]
        return max(codes + [result.exit_code for result in self._services], default=0)

    def progress(self, view: str, rows: int) -> None:
        if view not in self._tasks:
            self._tasks[view] = self._bar.add_task(view, total=None)
        self._bar.advance(self._tasks[view], rows)

    def view(self, result: ViewResult) -> None:
        self._results.append(result)
        if result.view in self._tasks:
            self._bar.remove_task(self._tasks.pop(result.view))
        if result.status == "error":
            self._error(f"{result.view}: {result.message}")
        self._gate(result.view, result.gate)
        if self._for_person and result.status == "success":
            self._console.print(_preview(result) if self._dry_run else _published(result))

    def _gate(self, view: str, gate: GateResult | None) -> None:
        """A line for each expectation that failed."""
        for line in gate.failures if gate else ():
            self._error(f"{view}: {line}")
        for line in gate.warnings if gate else ():
            self.warning(f"{view}: {line}")

    def service(self, result: ServiceResult) -> None:
        self._services.append(result)
        if result.status == "error":
            self._error(f"{result.service}: {result.message}")
        elif self._for_person:
            done = result.status == "success"
            label = "[green]published[/] service" if done else "[yellow]skipped[/] service"
            detail = f"fingerprint {result.fingerprint}" if done else escape(result.message)
            self._console.print(f"{label} {result.service}: {detail}")

    def undeclared(self, name: str, *, pruned: bool) -> None:
        self._undeclared.append({"undeclared": name, "pruned": pruned})
        if self._for_person:
            what = (
                "removed: it is no longer declared"
                if pruned
                else "is published but no longer declared; readers still get it, --prune removes it"
            )
            self._console.print(f"[yellow]{name}[/] {what}")

    def write(self, file: Path, validation: Path | None = None) -> None:
        """The result file, in the manner of dbt's run_results.json; written whole or not at all.

        ``validation`` is the first page of what the gate found.
        """
        self._validation = str(validation) if validation else None
        try:
            with replacing(file, private=True) as scratch:
                scratch.write_bytes(self._content() + b"\n")
        except UsageError as error:
            raise UsageError(f"all is published, but {error}") from None
        self.finish()

    def finish(self) -> None:
        """What comes last on the screen."""
        if self._as_json:
            print(self._content().decode())
        elif self._for_person and self._validation:
            self._console.print(f"gate: {self._validation}")
        elif self._for_person and self._all_views and not self._results:
            self._console.print("no feature view with `online: true` is here to publish")

    def _content(self) -> bytes:
        return msgspec.json.format(
            msgspec.json.encode(
                {
                    "metadata": self._metadata,
                    "results": self._results,
                    "services": self._services,
                    "undeclared": self._undeclared,
                    "validation": self._validation,
                }
            ),
            indent=2,
        )

    def _error(self, message: str) -> None:
        print(f"feature-warehouse: {message}", file=sys.stderr)

    def warning(self, message: str) -> None:
        """What a person should look at, and stops no run."""
        self._error(f"warning: {message}")


_STATUS_HEADINGS = (
    *("view", "generation", "rows", "newest event"),
    *("age", "ttl", "memory", "published"),
)
_ROWS_FOR_A_RATE = 10_000
"""Of fewer the time is that of starting, and a rate would say nothing of more."""
_MODES = {"full": "all rows", "compare": "what differs", "incremental": "what is new"}


def _preview(result: ViewResult) -> str:
    what = _MODES[result.mode]
    if result.mode == "compare":
        what += " (a new generation if entities are gone)"
    return (
        f"[green]would publish[/] {result.view}: {what}: {escape(result.reason)}; of its history"
        f" {result.rows_behind:,} of {result.rows_in_warehouse:,} rows are new, and only the newest"
        " of each entity is published"
    )


def _published(result: ViewResult) -> str:
    rate = f" ({result.rows_read / result.seconds:,.0f} rows/s)" if result.seconds else ""
    if result.rows_read < _ROWS_FOR_A_RATE:
        rate = ""
    unchanged = f", {result.rows_unchanged:,} unchanged" if result.rows_unchanged else ""
    return (
        f"[green]published[/] {result.view}: {result.rows_written:,} rows{unchanged} in"
        f" {result.seconds:.2f} s{rate}, generation {result.generation},"
        f" {_MODES[result.mode]}: {escape(result.reason)}{_remarks(result)}"
    )


def _remarks(result: ViewResult) -> str:
    remarks = [
        f"{count:,} {what}"
        for count, what in (
            (result.rows_without_keys, "rows without keys skipped"),
            (result.rows_without_event, "rows without event timestamp skipped"),
            (result.rows_not_yet_available, "rows not yet available"),
            (result.entities_expired, "entities past their ttl"),
        )
        if count
    ]
    return f"; {', '.join(remarks)}" if remarks else ""


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
            f" fingerprint {service.fingerprint}"
        )


class VerifyReport:
    """A line per view, with the row keys of the first differences."""

    def __init__(self, *, as_json: bool) -> None:
        self._results: list[Verification] = []
        self._as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)

    @property
    def exit_code(self) -> int:
        """The highest of all exit codes."""
        return max((result.exit_code for result in self._results), default=0)

    def view(self, result: Verification) -> None:
        self._results.append(result)
        if result.status == "error":
            print(f"feature-warehouse: {result.view}: {result.message}", file=sys.stderr)
        if self._as_json or result.status == "error":
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


def _instant(microseconds: int | None) -> str:
    return "-" if microseconds is None else f"{from_microseconds(microseconds):%Y-%m-%d %H:%M}"
