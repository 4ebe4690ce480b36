"""A run's report: a page for each view, a page that leads to them, and all of it as JSON."""

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from feature_warehouse.errors import UsageError
from feature_warehouse.util.files import replacing
from feature_warehouse.util.pages import page
from feature_warehouse.validation.results import RESULTS, CheckResult, GateResult

__all__ = ["KEPT_RUNS", "Report"]

KEPT_RUNS: Final = 20
"""Reports that stay, this one included; older ones are removed."""

_VERDICTS: Final = {
    "passed": "✓ passed",
    "failed": "✗ failed",
    "warning": "! warning",
    "error": "✗ error",
    "skipped": "○ not judged",
}


class _Judged(msgspec.Struct):
    """What matters of an earlier result."""

    view: str
    status: str
    warnings: list[str] = []

    @property
    def style(self) -> str:
        if self.status != "passed":
            return "failed"
        return "warned" if self.warnings else "passed"


class _Run(msgspec.Struct, frozen=True):
    """An earlier run over a view: how it ended, its start, and its page."""

    style: str
    start: str
    page: str


class Report:
    """The pages of one run, in a folder of their own that is named after its start (UTC)."""

    def __init__(self, folder: Path) -> None:
        self._start = datetime.now(UTC)
        self._folder = folder / f"{self._start:%Y%m%dT%H%M%S.%fZ}"
        self._results: list[GateResult] = []
        self._before: dict[str, list[_Run]] = {}
        self.index = self._folder / "index.html"
        try:
            self._folder.mkdir(parents=True)
            for old in sorted(folder.glob("*Z"))[:-KEPT_RUNS]:
                shutil.rmtree(old, ignore_errors=True)
            for run in sorted(folder.glob("*Z")):
                self._remember(run)
        except OSError as error:
            raise UsageError(f"{folder} cannot be written: {error.strerror}") from None

    def _remember(self, run: Path) -> None:
        """What an earlier run found, if its report is whole."""
        try:
            found = msgspec.json.decode((run / RESULTS).read_bytes(), type=list[_Judged])
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
            return
        for one in found:
            page = f"../{run.name}/{quote(_file(one.view))}.html"
            self._before.setdefault(one.view, []).append(_Run(one.style, run.name, page))

    def add(self, result: GateResult) -> Path:
        """A page for a view; the first page tells of it at once."""
        found = self._folder / f"{_file(result.view)}.html"
        with replacing(found, private=True) as file:
            file.write_text(_page(result, self._start), encoding="utf-8")
        self._results.append(result)
        with replacing(self.index, private=True) as file:
            file.write_text(_index(self._results, self._start, self._before), encoding="utf-8")
        with replacing(self._folder / RESULTS, private=True) as file:
            file.write_text(msgspec.json.encode(self._results).decode() + "\n", encoding="utf-8")
        return found


def _file(view: str) -> str:
    """A view may have any name, and a file not."""
    return quote(view, safe="")


def _page(result: GateResult, start: datetime) -> str:
    order = sorted(result.checks, key=lambda check: (check.success, check.severity == "warn"))
    return page(
        "gate_of_view.html",
        title=f"Gate of {result.view}, {start:%Y-%m-%d %H:%M:%S} UTC",
        result=result,
        checks=[_check(check) for check in order],
        verdicts=_VERDICTS,
    )


def _check(check: CheckResult) -> dict[str, Any]:
    """What the template shows of an expectation."""
    status = "failed" if check.severity != "warn" else "warning"
    if check.success:
        status = "skipped" if check.skipped else "passed"
    return {
        "status": status,
        "expectation": check.expectation,
        "arguments": [f"{name}={_text(value)}" for name, value in check.arguments.items()],
        "origin": check.origin,
        "rows": "" if check.rows is None else f"{check.rows:,}",
        "unexpected": "" if check.unexpected is None else f"{check.unexpected:,}",
        "found": check.reason or check.skipped or _text(check.observed),
    }


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=str)


def _index(
    results: Sequence[GateResult], start: datetime, before: Mapping[str, Sequence[_Run]]
) -> str:
    return page(
        "gate_index.html",
        title=f"Gate, {start:%Y-%m-%d %H:%M:%S} UTC",
        results=results,
        before=before,
        files={result.view: f"{quote(_file(result.view))}.html" for result in results},
        verdicts=_VERDICTS,
    )
