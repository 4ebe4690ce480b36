"""What `describe` prints: headings, facts, a table of columns, and samples that can be copied."""

from collections.abc import Sequence
from typing import Final

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from feature_warehouse.catalog.describe import ColumnDescription, Description
from feature_warehouse.cli.output.screen import screen, table_of

__all__ = ["print_descriptions"]

_HINTS: Final = {
    "SQL": "the newest rows, in any client of the warehouse",
    "dbt": "a model that joins it to labels",
    "Python": "one vector from the online store",
}


def print_descriptions(found: Sequence[Description], *, as_json: bool) -> None:
    """All of them one after another, or one JSON document."""
    if as_json:
        print(msgspec.json.encode({"found": found}).decode())
        return
    console = screen()
    for description in found:
        _print(console, description)


def _print(console: Console, one: Description) -> None:
    console.print(f"[bold]{one.kind} {escape(one.name)}[/]")
    if one.description:
        console.print(escape(" ".join(one.description.split())))
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(overflow="fold")
    facts.add_column(overflow="fold")
    for heading, text in one.facts.items():
        facts.add_row(heading, escape(text) or "-")
    console.print()
    console.print(facts)
    if one.columns:
        console.print(_table(one))
    else:
        console.print()
    for language, text in one.samples.items():
        console.print(f"[bold]{language}[/], {_HINTS[language]}\n")
        # As it is, to be pasted: no wrapping, no markup, no indent.
        console.print(text + "\n", markup=False, soft_wrap=True)


def _table(one: Description) -> Table:
    several = len({column.view for column in one.columns}) > 1
    headings = ["column", "data type", "what it is", "notes"]
    table = table_of([*(["view"] if several else []), *headings])
    for column in one.columns:
        row = [column.name, column.data_type, " ".join(column.description.split()), _notes(column)]
        table.add_row(*map(escape, [*([column.view] if several else []), *row]))
    return table


def _notes(column: ColumnDescription) -> str:
    notes: list[str] = [] if column.role == "feature" else [column.role]
    if column.feature not in ("", column.name):
        notes.append(f"{column.view}:{column.feature}")
    notes += ["personal data"] if column.pii else []
    notes += [] if column.default is None else [f"default {column.default}"]
    notes += list(column.tests)
    if column.served_as:
        notes.append(f"in {', '.join(column.served_as)}")
    return "; ".join(notes)
