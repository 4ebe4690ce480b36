"""What the command line prints: text for people, in a pipe the same without colours, or JSON.

What failed, and warnings, go to the standard error, a line each.
"""

import sys
from pathlib import Path
from typing import Any, Self

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from feature_warehouse import __version__
from feature_warehouse.cli.output.screen import confirmed, has_terminal
from feature_warehouse.codec.rows import from_microseconds
from feature_warehouse.declarations.model import Registry
from feature_warehouse.errors import UsageError
from feature_warehouse.publishing.prune import Pruning
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.publishing.services import ServiceResult
from feature_warehouse.util.files import replacing
from feature_warehouse.validation.results import GateResult

__all__ = ["MaterializeReport", "ValidationReport", "gate_line"]


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
        self._refused = False
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
        codes += [result.exit_code for result in self._services]
        return max([*codes, 2 if self._refused else 0])

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
            if result.stands_for:
                label = label.removesuffix(" service")
                detail = f"it is {result.stands_for}" if done else detail
            self._console.print(f"{label} {result.service}: {detail}")

    def undeclared(self, names: list[str]) -> None:
        """What --prune would look at."""
        for name in names:
            self._undeclared.append({"undeclared": name, "pruned": False, "kept": ""})
            self._say(
                f"[yellow]{name}[/] is published but no longer declared; readers still get it,"
                " --prune removes it when nobody does"
            )

    def pruning(self, pruning: Pruning) -> None:
        """What would be removed, and why the rest is not."""
        for one in pruning.undeclared:
            self._undeclared.append({"undeclared": one.name, "pruned": False, "kept": one.kept})
            label = "[green]kept[/]" if one.kept else "[yellow]to remove[/]"
            but = f", but {escape(one.kept)}" if one.kept else ""
            self._say(f"{label} {one.name}: it is no longer declared{but}")
        if pruning.doomed and not pruning.marked:
            self.warning(
                "nothing here has a mark of a reader; if readers may not write to Redis, name what"
                " they read with --keep"
            )

    def agreed(self, doomed: list[str]) -> bool:
        """Whether a person agrees that these are removed; False where there is nobody to ask."""
        if not has_terminal():
            self._refused = True
            self._error(
                f"nothing is removed: --prune asks first, and there is no terminal; add --yes to"
                f" remove {', '.join(doomed)}"
            )
            return False
        return confirmed(f"remove {', '.join(doomed)}?")

    def pruned(self, name: str) -> None:
        """It was removed."""
        for one in self._undeclared:
            one["pruned"] |= one["undeclared"] == name
        self._say(f"[yellow]removed[/] {name}")

    def _say(self, line: str) -> None:
        if self._for_person:
            self._console.print(line)

    def write(self, file: Path, validation: Path | None = None) -> None:
        """The result file, in the manner of dbt's run_results.json; written whole or not at all.

        ``validation`` is the first page of what the gate found.
        """
        self._validation = str(validation) if validation else None
        try:
            with replacing(file, private=True) as scratch:
                scratch.write_bytes(self._content() + b"\n")
        except UsageError as error:
            raise UsageError(f"everything is published, but {error}") from None
        self.finish()

    def finish(self) -> None:
        """What comes last on the screen."""
        if self._as_json:
            print(self._content().decode())
        elif self._for_person and self._validation:
            self._console.print(f"gate: {self._validation}")
        elif self._for_person and self._all_views and not self._results:
            self._console.print("there is no feature view with `online: true` to publish")

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


class ValidationReport:
    """Collects the results of a run and shows them as they come."""

    def __init__(self, registry: Registry, clock: Clock, *, as_json: bool) -> None:
        self._results: list[GateResult] = []
        self._as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)
        self._for_person = not as_json
        self._metadata = {
            "feature_warehouse_version": __version__,
            "project": registry.project,
            "clock": from_microseconds(clock.now).isoformat(),
            "dbt_invocation_id": registry.invocation_id,
        }

    @property
    def exit_code(self) -> int:
        """The highest of all exit codes."""
        return max((result.exit_code for result in self._results), default=0)

    def view(self, result: GateResult) -> None:
        self._results.append(result)
        if self._for_person:
            color = "green" if result.status == "passed" else "red"
            self._console.print(f"[{color}]{result.status}[/] {escape(gate_line(result))}")
        if result.status != "passed":
            self._error(f"{result.view}: {result.message}")
        for line in result.failures:
            self._error(f"{result.view}: {line}")
        for line in result.warnings:
            self._error(f"warning: {result.view}: {line}")

    def _error(self, message: str) -> None:
        print(f"feature-warehouse: {message}", file=sys.stderr)

    def write(self, file: Path, index: Path | None) -> None:
        """The result file, with the address of the report; and what comes last on the screen."""
        report = str(index) if index else None
        content = {"metadata": self._metadata, "results": self._results, "report": report}
        text = msgspec.json.format(msgspec.json.encode(content), indent=2)
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file, private=True) as scratch:
            scratch.write_bytes(text + b"\n")
        if self._as_json:
            print(text.decode())
        elif self._for_person and index:
            self._console.print(f"report: {index}")
        elif self._for_person and not self._results:
            self._console.print("no feature view declares `expectations`")


def gate_line(result: GateResult) -> str:
    """What the gate found of one view, in short."""
    if result.status == "error":
        return f"{result.view}: {result.message}"
    return (
        f"{result.view}: {len(result.checks)} expectations of {result.rows:,} rows,"
        f" {len(result.failures)} failed, {len(result.warnings)} warnings, {result.seconds:.2f} s"
    )
