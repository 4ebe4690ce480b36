"""A run's report: Great Expectations' own page of each view, and a page that leads to them.

Great Expectations' pages fetch style sheets and scripts from elsewhere, which tells others who
looks at what, and fails without a network. A style sheet of ours is in their place.
"""

import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, Final

from great_expectations.core import ExpectationSuiteValidationResult, RunIdentifier
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView

from feature_warehouse.errors import UsageError
from feature_warehouse.files import replacing
from feature_warehouse.quality.quiet import quiet
from feature_warehouse.quality.results import GateResult

__all__ = ["KEPT_RUNS", "Report"]

KEPT_RUNS: Final = 20
"""Reports that stay, this one included; older ones are removed."""


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

    def add(self, view: str, judged: Sequence[Any], result: GateResult) -> Path:
        """A page for a view; the first page tells of it at once."""
        page = self._folder / f"{view}.html"
        with replacing(page) as file:
            file.write_text(_page(view, judged, self._start), encoding="utf-8")
        self._results.append(result)
        with replacing(self.index) as file:
            file.write_text(_index(self._results, self._start), encoding="utf-8")
        return page


def _page(view: str, judged: Sequence[Any], start: datetime) -> str:
    passed = sum(bool(one.success) for one in judged)
    suite = ExpectationSuiteValidationResult(
        success=passed == len(judged),
        results=list(judged),
        suite_name=view,
        statistics={
            "evaluated_expectations": len(judged),
            "successful_expectations": passed,
            "unsuccessful_expectations": len(judged) - passed,
            "success_percent": 100 * passed / len(judged) if judged else None,
        },
        meta={"run_id": RunIdentifier(run_time=start), "batch_spec": {"data_asset_name": view}},
    )
    with quiet():
        document = ValidationResultsPageRenderer(run_info_at_end=True).render(suite)
        page = DefaultJinjaPageView().render(document)
    return _self_contained(page)


def _self_contained(page: str) -> str:
    """The page without anything that a browser would fetch from elsewhere."""
    page = re.sub(r"<link\b[^>]*>", "", page)
    page = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
    page = re.sub(r"<img\b[^>]*>", "", page)
    page = re.sub(r"<a\b[^>]*href=\"[^#\"][^>]*>(.*?)</a>", r"\1", page, flags=re.DOTALL)
    return page.replace("</head>", f"<style>{_STYLE}</style></head>", 1)


def _index(results: Sequence[GateResult], start: datetime) -> str:
    rows = "".join(
        f'<tr><td><a href="{escape(result.view)}.html">{escape(result.view)}</a></td>'
        f'<td class="{result.status}">{result.status}</td><td>{len(result.checks)}</td>'
        f"<td>{len(result.failures)}</td><td>{len(result.warnings)}</td>"
        f"<td>{result.rows:,}</td><td>{result.rows_checked:,}</td></tr>"
        for result in results
    )
    heads = ("view", "gate", "expectations", "failed", "warnings", "newest rows", "of these new")
    head = "".join(f"<th>{name}</th>" for name in heads)
    reasons = "".join(
        f"<li>{escape(result.view)}: {escape(line)}</li>"
        for result in results
        for line in [*result.failures, *result.warnings]
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Gate, {start:%Y-%m-%d %H:%M:%S} UTC</title><style>{_STYLE}</style></head><body>"
        f'<main class="index"><h1>Gate, {start:%Y-%m-%d %H:%M:%S} UTC</h1>'
        f'<table class="table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f"<ul>{reasons}</ul></main></body></html>\n"
    )


_STYLE: Final = """
:root { color-scheme: light; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: #1f2430; background: #fff; }
main.index { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
.container-fluid { padding: 1rem 2rem; }
.container-fluid > .row > div { max-width: 70rem; margin: 0 auto; }
.table-responsive, section, .row { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #d8dce5; padding: .4rem .6rem; text-align: left; vertical-align: top; }
th { background: #f3f5f9; }
h1 { font-size: 1.5rem; } h2, h3, h4, h5 { margin: 1.2rem 0 .5rem; }
.badge { background: #eef1f6; border-radius: .3rem; padding: .05rem .35rem; }
.alert { padding: .1rem .7rem; border-radius: .3rem; background: #f3f5f9; }
.failed, .text-danger { color: #b3261e; font-weight: 600; }
.passed, .text-success { color: #146c43; font-weight: 600; }
.fa-check-circle::before, .fa-check::before { content: "\\2713 passed"; }
.fa-times::before, .fa-times-circle::before { content: "\\2717 failed"; }
.fa-exclamation-triangle::before { content: "! raised"; }
.col-lg-2, .navbar, nav, footer, .modal, button, .sidebar, .cta, .cooltip .top { display: none; }
.d-none { display: none; }
.cooltip { position: static; }
pre { white-space: pre-wrap; }
ul { padding-left: 1.2rem; }
"""
