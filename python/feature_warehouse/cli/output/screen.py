"""Where text for people goes, and tables of it. Nothing is cut off, however long a name is."""

import sys
from collections.abc import Iterable
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

__all__ = ["confirmed", "has_terminal", "screen", "table_of"]

_UNBOUNDED: Final = 1_000_000


def has_terminal() -> bool:
    """Whether there is somebody to ask."""
    return all(one is not None and one.isatty() for one in (sys.stdin, sys.stderr))


def confirmed(question: str) -> bool:
    """Ask at the terminal, whatever becomes of the output; no answer is a no."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def screen() -> Console:
    """As wide as the terminal; in a pipe no line is broken, for other programs read lines."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _UNBOUNDED
    return console


def table_of(headings: Iterable[str], *, right: Iterable[str] = ()) -> Table:
    """A table without rows, whose cells go on in the next line; those ``right`` are numbers."""
    table = Table(box=SIMPLE_HEAD)
    numbers = set(right)
    for heading in headings:
        table.add_column(
            heading, justify="right" if heading in numbers else "left", overflow="fold"
        )
    return table
