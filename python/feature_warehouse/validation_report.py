"""What `validate` prints and writes: a line per view, and one for each expectation that failed."""

import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape

from feature_warehouse import __version__
from feature_warehouse.codec.values import from_microseconds
from feature_warehouse.files import replacing
from feature_warehouse.quality.results import GateResult
from feature_warehouse.registry import Registry
from feature_warehouse.tasks import Clock

__all__ = ["ValidationReport", "gate_line"]


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
