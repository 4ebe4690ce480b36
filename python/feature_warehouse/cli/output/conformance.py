"""What `conformance` prints."""

from pathlib import Path

from feature_warehouse.cli.output.screen import screen, table_of
from feature_warehouse.conformance.report import Report, details, to_json

__all__ = ["print_report"]


def print_report(report: Report, file: Path | None, *, as_json: bool) -> None:
    """Versions, parts and, for each relation that is not as it should be, its smallest case."""
    if as_json:
        print(to_json(report), end="")
        return
    console = screen()
    table = table_of(["part", "relations", "rows", "verdict"], right=["relations", "rows"])
    for part in report.parts:
        verdict = f"{part.verdict}: {part.message}" if part.message else part.verdict
        table.add_row(part.name, str(part.relations), f"{part.rows:,}", verdict)
    console.print(", ".join(f"{name} {text}" for name, text in report.versions.items()))
    console.print(table)
    wrong = [one for one in report.findings if one.verdict in ("differs", "failed")]
    for finding in wrong:
        print("\n".join(details(finding)) + "\n")
    count = "1 relation is" if len(wrong) == 1 else f"{len(wrong)} relations are"
    verdict = f"{count} not what the rules say" if wrong else "all agree"
    print(f"{verdict}: {report.cases:,} cases of seed {report.seed} in {report.seconds:.0f} s")
    if file:
        print(f"wrote {file}")
