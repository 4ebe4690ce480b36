"""Lineage: what a thing comes from and what comes from it, as boxes and lines with places."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

__all__ = ["Box", "Drawing", "Lineage", "Thing", "drawn"]

MOST: Final = 60
"""Boxes of a drawing; what is left out is counted."""

_WIDTH, _HEIGHT, _GAP, _BETWEEN = 208, 34, 10, 64
_LETTERS: Final = 27


class Thing(msgspec.Struct, frozen=True):
    """What a box stands for; ``address`` is that of its page, empty if it has none."""

    name: str
    kind: str
    address: str = ""


class Lineage(msgspec.Struct, frozen=True):
    """Things by an id, and the ids of what each comes from and of what comes from it."""

    things: dict[str, Thing]
    parents: Mapping[str, Iterable[str]]
    children: Mapping[str, Iterable[str]]


class Box(msgspec.Struct, frozen=True):
    """A thing with its place, in pixels; ``text`` is its name, shortened."""

    thing: Thing
    text: str
    x: int
    y: int
    is_self: bool


class Drawing(msgspec.Struct, frozen=True):
    """Boxes, and lines as paths of SVG; ``omitted`` things have no room."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]
    omitted: int
    box: tuple[int, int] = (_WIDTH, _HEIGHT)


def drawn(lineage: Lineage, start: str, *, hops: int | None) -> Drawing:
    """All that is within so many ``hops`` upstream and downstream of a thing; None means all."""
    levels = {start: 0}
    omitted: set[str] = set()
    _walk(levels, omitted, start, lineage.parents, -1, hops)
    _walk(levels, omitted, start, lineage.children, 1, hops)
    known = [each for each in levels if each in lineage.things]
    columns: dict[int, list[str]] = {}
    for each in known:
        columns.setdefault(levels[each], []).append(each)
    for level, column in columns.items():
        if level:
            column.sort(key=lambda each: (lineage.things[each].kind, lineage.things[each].name))
    places = _places(columns)
    boxes = tuple(_box(lineage.things[each], places[each], each == start) for each in known)
    lines = tuple(
        _line(places[parent], places[child])
        for child in known
        for parent in dict.fromkeys(lineage.parents.get(child, ()))
        if parent in places and levels[parent] < levels[child]
    )
    tallest = max(map(len, columns.values()))
    return Drawing(
        width=len(columns) * (_WIDTH + _BETWEEN) - _BETWEEN + 2,
        height=tallest * (_HEIGHT + _GAP) - _GAP + 2,
        boxes=boxes,
        lines=lines,
        omitted=len(omitted - levels.keys()),
    )


def _walk(
    levels: dict[str, int],
    omitted: set[str],
    start: str,
    edges: Mapping[str, Iterable[str]],
    step: int,
    hops: int | None,
) -> None:
    """Give a level to what is reached in one direction: the number of steps to it."""
    border, level = [start], 0
    while border and (hops is None or abs(level) < hops):
        level += step
        reached: list[str] = []
        for each in border:
            for other in edges.get(each, ()):
                if other in levels:
                    continue
                if len(levels) >= MOST:
                    omitted.add(other)
                    continue
                levels[other] = level
                reached.append(other)
        border = reached


def _places(columns: Mapping[int, list[str]]) -> dict[str, tuple[int, int]]:
    tallest = max(map(len, columns.values()))
    places = {}
    for number, level in enumerate(sorted(columns)):
        column = columns[level]
        top = (tallest - len(column)) * (_HEIGHT + _GAP) // 2
        for row, each in enumerate(column):
            places[each] = (number * (_WIDTH + _BETWEEN) + 1, top + row * (_HEIGHT + _GAP) + 1)
    return places


def _box(thing: Thing, place: tuple[int, int], is_self: bool) -> Box:
    name = thing.name
    text = name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
    return Box(thing, text, place[0], place[1], is_self)


def _line(parent: tuple[int, int], child: tuple[int, int]) -> str:
    left, top = parent[0] + _WIDTH, parent[1] + _HEIGHT // 2
    right, bottom = child[0], child[1] + _HEIGHT // 2
    middle = (left + right) // 2
    return f"M{left} {top}C{middle} {top} {middle} {bottom} {right} {bottom}"
