"""The expressions of one service, ready to be evaluated of a row and of columns."""

from collections.abc import Sequence
from typing import Any

import msgspec

from feature_warehouse.on_demand.closures import OfRow, of_row
from feature_warehouse.on_demand.columns import Column, OfColumns, of_columns
from feature_warehouse.on_demand.expressions import Node
from feature_warehouse.on_demand.steps import steps_of

__all__ = ["Program", "program"]


class Program(msgspec.Struct, frozen=True):
    """What comes after the values that are given: ``constants``, and results of functions.

    ``places`` are those of what is given, and of the expressions, by name.
    """

    constants: tuple[Any, ...]
    of_row: tuple[OfRow, ...]
    of_columns: tuple[OfColumns, ...]
    places: dict[str, int]

    def extend_row(self, values: list[Any]) -> None:
        """Add to the values that are given what is computed of them."""
        values += self.constants
        for evaluate in self.of_row:
            values.append(evaluate(values))

    def extend_columns(self, columns: list[Column]) -> None:
        """The same with columns of equal length, of which there is one at least, not empty."""
        count = len(columns[0])
        columns += [[value] * count for value in self.constants]
        for evaluate in self.of_columns:
            columns.append(evaluate(columns))


def program(expressions: Sequence[tuple[str, Node]], given: Sequence[str]) -> Program:
    """That of expressions with their names, each of what is given and of those before it."""
    constants, steps, places = steps_of(expressions, given)
    return Program(constants, tuple(map(of_row, steps)), tuple(map(of_columns, steps)), places)
