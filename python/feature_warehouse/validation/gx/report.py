"""A run's report: a page for each view, and a page that leads to them."""

import json
import shutil
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from feature_warehouse.errors import UsageError
from feature_warehouse.util.files import replacing
from feature_warehouse.util.pages import document
from feature_warehouse.validation.results import CheckResult, GateResult

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


class Report:
    """The pages of one run, in a folder of their own that is named after its start (UTC)."""

    def __init__(self, folder: Path) -> None:
        self._start = datetime.now(UTC)
        self._folder = folder / f"{self._start:%Y%m%dT%H%M%S.%fZ}"
        self._results: list[GateResult] = []
        self.index = self._folder / "index.html"
        try:
            self._folder.mkdir(parents=True)
            for old in sorted(folder.glob("*Z"))[:-KEPT_RUNS]:
                shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise UsageError(f"{folder} cannot be written: {error.strerror}") from None

    def add(self, result: GateResult) -> Path:
        """A page for a view; the first page tells of it at once."""
        page = self._folder / f"{_file(result.view)}.html"
        with replacing(page, private=True) as file:
            file.write_text(_page(result, self._start), encoding="utf-8")
        self._results.append(result)
        with replacing(self.index, private=True) as file:
            file.write_text(_index(self._results, self._start), encoding="utf-8")
        return page


def _file(view: str) -> str:
    """A view may have any name, and a file not."""
    return quote(view, safe="")


def _page(result: GateResult, start: datetime) -> str:
    title = f"Gate of {result.view}, {start:%Y-%m-%d %H:%M:%S} UTC"
    order = sorted(result.checks, key=lambda check: (check.success, check.severity == "warn"))
    reasons = "".join(f"<li>{escape(line)}</li>" for line in [*result.failures, *result.warnings])
    heads = ("verdict", "expectation", "arguments", "from", "rows", "of these fail", "found")
    return document(
        title,
        _STYLE,
        f'<p><a href="index.html">all views of this run</a></p><h1>{escape(title)}</h1>'
        f"<p>{_verdict(result.status)}: {len(result.checks)} expectations of {result.rows:,} newest"
        f" rows, of which {result.rows_checked:,} are new.</p><ul>{reasons}</ul>"
        + _table(heads, map(_check, order)),
    )


def _check(check: CheckResult) -> list[str]:
    """The cells of an expectation's row, as HTML."""
    verdict = "failed" if check.severity != "warn" else "warning"
    if check.success:
        verdict = "skipped" if check.skipped else "passed"
    return [
        _verdict(verdict),
        escape(check.expectation),
        "<br>".join(escape(f"{name}={_text(value)}") for name, value in check.arguments.items()),
        escape(check.origin),
        "" if check.rows is None else f"{check.rows:,}",
        "" if check.unexpected is None else f"{check.unexpected:,}",
        escape(check.reason or check.skipped or _text(check.observed)),
    ]


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=str)


def _verdict(name: str) -> str:
    return f'<span class="{escape(name)}">{escape(_VERDICTS.get(name, name))}</span>'


def _index(results: Sequence[GateResult], start: datetime) -> str:
    title = f"Gate, {start:%Y-%m-%d %H:%M:%S} UTC"
    heads = ("view", "gate", "expectations", "failed", "warnings", "newest rows", "of these new")
    rows = (
        [
            f'<a href="{escape(quote(_file(result.view)))}.html">{escape(result.view)}</a>',
            _verdict(result.status),
            *(f"{len(some)}" for some in (result.checks, result.failures, result.warnings)),
            f"{result.rows:,}",
            f"{result.rows_checked:,}",
        ]
        for result in results
    )
    reasons = "".join(
        f"<li>{escape(result.view)}: {escape(line)}</li>"
        for result in results
        for line in [*result.failures, *result.warnings]
    )
    body = f"<h1>{title}</h1>{_table(heads, rows)}<ul>{reasons}</ul>"
    return document(title, _STYLE, body)


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML."""
    head = "".join(f"<th>{name}</th>" for name in heads)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


_STYLE: Final = """
:root { color-scheme: light dark; --bad: #b3261e; --good: #146c43; --line: #8886; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --good: #7bd8a0; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { border-top: 1px solid var(--line); padding: .4rem .6rem .4rem 0; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
.failed, .error { color: var(--bad); font-weight: 600; }
.warning { font-weight: 600; }
.passed { color: var(--good); }
ul { padding-left: 1.2rem; }
"""
