"""What a run found, for people and for a file that can be attached to an issue.

It holds made-up rows, names of ours and versions: no host, login, path or row of the user's.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from feature_warehouse.conformance.compare import Difference
from feature_warehouse.errors import UsageError
from feature_warehouse.util.files import replacing

__all__ = [
    "Finding",
    "Part",
    "Report",
    "Shown",
    "details",
    "report_path",
    "to_json",
    "write_report",
]

Verdict = Literal["agrees", "differs", "failed", "skipped"]

_ORDER: Final = ("joins", "newest rows", "published rows", "windows", "growth", "cards")


class Shown(msgspec.Struct, frozen=True):
    """A table that a difference is about: how it is declared, and its rows of the case."""

    table: str
    declaration: str
    rows: list[dict[str, str]]
    left_out: int = 0


class Finding(msgspec.Struct, frozen=True):
    """One relation. ``call`` is the macro that made it; ``message`` is why there is no verdict."""

    part: str
    relation: str
    verdict: Verdict
    rows: int
    message: str = ""
    call: str = ""
    difference: Difference | None = None
    shown: Sequence[Shown] = ()


class Part(msgspec.Struct, frozen=True):
    """The findings of one kind, counted."""

    name: str
    relations: int
    rows: int
    verdict: Verdict
    message: str = ""


class Report(msgspec.Struct, frozen=True):
    """All findings, with the versions of what they are about."""

    versions: Mapping[str, str]
    seed: int
    cases: int
    seconds: float
    findings: Sequence[Finding]

    @property
    def agrees(self) -> bool:
        return all(one.verdict in ("agrees", "skipped") for one in self.findings)

    @property
    def parts(self) -> list[Part]:
        return [_part(name, self.findings) for name in _ORDER]


def details(finding: Finding) -> Iterator[str]:
    """What is wrong with one relation, with its smallest case, as lines of Markdown."""
    yield f"### {finding.relation}"
    yield ""
    if finding.difference is None:
        yield f"It was not built: {finding.message}"
    else:
        number = finding.difference.case
        cases = finding.difference.cases
        said = "1 case differs" if cases == 1 else f"{cases:,} cases differ"
        yield said + (f"; the smallest is case {number}." if number is not None else ".")
    if finding.call:
        yield from ("", "```sql", *finding.call.splitlines(), "```")
    for table in finding.shown:
        yield from ("", f"`{table.table}` {table.declaration}".rstrip() + ":", "")
        yield from _table(table.rows)
        if table.left_out:
            yield f"\nand {table.left_out:,} more rows."
    if finding.difference is not None:
        for title, rows in (
            ("By the rules there should be", finding.difference.missing),
            ("The warehouse gave instead", finding.difference.unexpected),
        ):
            yield from ("", f"{title}{'' if rows else ' nothing'}:", "")
            yield from _table(rows[:_MOST])
            if len(rows) > _MOST:
                yield f"\nand {len(rows) - _MOST:,} more rows."


def report_path(file: Path) -> Path:
    """The file, whose name says the format. Raises UsageError."""
    if file.suffix not in (".json", ".md"):
        raise UsageError(f"{file} is neither .json nor .md; name the report accordingly")
    if not file.absolute().parent.is_dir():
        raise UsageError(f"{file} cannot be written: there is no folder {file.parent}")
    return file


def write_report(file: Path, report: Report) -> None:
    """Write the file whole, or not at all."""
    text = _markdown(report) if file.suffix == ".md" else to_json(report)
    with replacing(file) as scratch:
        scratch.write_text(text, encoding="utf-8")


def to_json(report: Report) -> str:
    """The report as a JSON document."""
    content = {
        "agrees": report.agrees,
        "parts": msgspec.to_builtins(report.parts),
        **msgspec.to_builtins(report),
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


_MOST: Final = 10
_WORST_FIRST: Final[Sequence[Verdict]] = ("differs", "failed", "agrees", "skipped")


def _part(name: str, findings: Sequence[Finding]) -> Part:
    own = [one for one in findings if one.part == name]
    decisive = min(own, key=lambda one: _WORST_FIRST.index(one.verdict), default=None)
    rows = sum(one.rows for one in own)
    if decisive is None:
        return Part(name, 0, 0, "skipped")
    return Part(name, len(own), rows, decisive.verdict, decisive.message)


def _markdown(report: Report) -> str:
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield "# Conformance report"
    yield ""
    yield from (f"- {name}: {text}" for name, text in report.versions.items())
    yield f"- {report.cases:,} cases of seed {report.seed}, {report.seconds:.0f} s"
    yield ""
    yield from _table(
        [
            {
                "part": part.name,
                "relations": str(part.relations),
                "rows": f"{part.rows:,}",
                "verdict": part.verdict,
            }
            for part in report.parts
        ]
    )
    for finding in report.findings:
        if finding.verdict in ("differs", "failed"):
            yield ""
            yield from details(finding)


def _table(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if not rows:
        return
    names = list(rows[0])
    yield "| " + " | ".join(names) + " |"
    yield "|" + "---|" * len(names)
    for row in rows:
        yield "| " + " | ".join(_cell(row[name]) for name in names) + " |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
