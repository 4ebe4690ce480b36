"""What `plan` prints: text for people, one JSON document, or Markdown for a pull request."""

from collections import Counter
from collections.abc import Iterator
from typing import Final, Literal

import msgspec
from rich.markup import escape

from feature_warehouse.cli.output.screen import screen
from feature_warehouse.planning.changes import Change, Plan, Publishing, Severity

__all__ = ["markdown", "print_plan"]

_COLORS: Final = {
    Severity.BREAKING: "red",
    Severity.REPUBLISH: "yellow",
    Severity.SAFE: "green",
}
_MODES: Final = {
    "full": "all rows, as a new generation",
    "compare": "what differs",
}


def print_plan(plan: Plan, *, form: Literal["text", "json", "markdown"]) -> None:
    """The plan in one of its forms, to the standard output."""
    if form == "json":
        content = {
            **msgspec.to_builtins(plan),
            "severity": plan.severity,
            "refused": plan.refused,
        }
        print(msgspec.json.encode(content).decode())
    elif form == "markdown":
        print(markdown(plan))
    else:
        _print_text(plan)


def _print_text(plan: Plan) -> None:
    console = screen()
    console.print(escape(_heading(plan)))
    for change in plan.changes:
        color = _COLORS[change.severity]
        allowed = " (allowed)" if change.allowed and change.severity is Severity.BREAKING else ""
        label = f"[{color}]{change.severity}{allowed}[/]"
        console.print(f"\n{label} {change.kind} [bold]{escape(change.name)}[/] {change.status}")
        for line in _lines(change):
            console.print(f"  {escape(line)}")


def _heading(plan: Plan) -> str:
    counts = Counter(change.severity for change in plan.changes)
    what = ", ".join(f"{counts[severity]} {severity}" for severity in reversed(Severity))
    where = f", and {plan.store} in service" if plan.store else ""
    changes = f"changes: {what}" if plan.changes else "nothing changes"
    return f"{plan.project} against {plan.against}{where}: {changes}"


def _lines(change: Change) -> Iterator[str]:
    """All that is to be said of a change, a line each."""
    for detail in change.details:
        yield detail.text + (" (a guess)" if detail.guess else "")
    if change.fingerprint_before != change.fingerprint_after:
        yield f"fingerprint {change.fingerprint_before or '-'} -> {change.fingerprint_after or '-'}"
    if change.columns_differ:
        yield "the fingerprint of the view itself changes too"
    if change.publishing:
        yield f"publishes {_published(change.publishing)}"
    for what, names in (
        ("services", change.breaks.services),
        ("training sets", change.breaks.training_sets),
        ("exposures", change.breaks.exposures),
        ("in service", change.breaks.deployed),
    ):
        if names:
            yield f"breaks {what}: {', '.join(names)}"
    if change.instead:
        yield f"instead: {change.instead}"


def _published(publishing: Publishing) -> str:
    found = _MODES[publishing.mode]
    if publishing.rows is not None:
        found += f"; {publishing.rows:,} rows are in service"
    if publishing.memory is not None:
        found += f", ~{publishing.memory / 1024:,.0f} KiB"
    if publishing.seconds is not None:
        found += f"; dbt built it in {publishing.seconds:.1f} s the last time"
    return found


def markdown(plan: Plan) -> str:
    """A table of all changes, and below what each breaks and what to do instead."""
    lines = [f"### Feature Warehouse: {plan.severity}", "", _code(_heading(plan))]
    if plan.changes:
        lines += ["", "| severity | what | name | status |", "|---|---|---|---|"]
    for change in plan.changes:
        allowed = " (allowed)" if change.allowed and change.severity is Severity.BREAKING else ""
        lines.append(
            f"| {change.severity}{allowed} | {change.kind} | {_code(change.name)} |"
            f" {change.status} |"
        )
    for change in plan.changes:
        if said := list(_lines(change)):
            lines += ["", f"**{change.kind} {_code(change.name)}**", ""]
            lines += [f"- {_code(line)}" for line in said]
    return "\n".join(lines)


def _code(text: str) -> str:
    """A name or text in which nothing is markup, in a table either."""
    one_line = " ".join(text.split()).replace("|", "\\|")
    ticks = "`" * (max((len(run) for run in _runs(one_line)), default=0) + 1)
    pad = " " if "`" in one_line else ""
    return f"{ticks}{pad}{one_line}{pad}{ticks}"


def _runs(text: str) -> Iterator[str]:
    """The runs of backticks in a text."""
    yield from ("`" * len(run) for run in "".join(c if c == "`" else " " for c in text).split())
