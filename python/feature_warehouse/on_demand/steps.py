"""Expressions as steps, each of which computes one value from those before it."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from feature_warehouse.on_demand.expressions import Node
from feature_warehouse.on_demand.scalars import literal

__all__ = ["Step", "Steps", "steps_of"]


class Step(NamedTuple):
    """A call, and the places of its arguments among the values."""

    node: Node
    args: tuple[int, ...]


class Steps(NamedTuple):
    """Values stand in one list: what is given, the ``constants``, and the result of each step.

    ``places`` are those of what is given, and of the expressions, by name.
    """

    constants: tuple[Any, ...]
    steps: tuple[Step, ...]
    places: dict[str, int]


def steps_of(expressions: Sequence[tuple[str, Node]], given: Sequence[str]) -> Steps:
    """Those of expressions with their names; each may name what is given and those before it.

    What is there twice is computed once.
    """
    places = {name: place for place, name in enumerate(given)}
    literals = dict.fromkeys(node for _, tree in expressions for node in _literals(tree))
    known = {node: place for place, node in enumerate(literals, len(given))}
    first = len(given) + len(literals)
    steps: list[Step] = []

    def place_of(node: Node) -> int:
        if node.call == "name":
            return places[str(node.value)]
        if node not in known:
            steps.append(Step(node, tuple(map(place_of, node.args))))
            known[node] = first + len(steps) - 1
        return known[node]

    for name, tree in expressions:
        places[name] = place_of(tree)
    return Steps(tuple(map(literal, literals)), tuple(steps), places)


def _literals(node: Node) -> Iterator[Node]:
    if node.call == "literal":
        yield node
    for arg in node.args:
        yield from _literals(arg)
