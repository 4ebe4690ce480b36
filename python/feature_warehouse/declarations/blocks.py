"""Blocks in ``meta`` that stand where they can be of no use, or whose names are misspelt.

The macros of ``check_declarations`` say the same, in the same words.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from feature_warehouse.declarations.manifest import Manifest, Node
from feature_warehouse.declarations.snapshots import snapshot_mistakes
from feature_warehouse.util.spelling import hint

__all__ = ["DECLARABLE", "misplaced", "misplacements", "unknown_keys"]

_BLOCKS = {"feature_view": "feature view", "label_set": "label set"}
DECLARABLE = ("model", "seed", "snapshot")
"""The types of what may be a feature view or a label set."""

_PLACES = (*DECLARABLE, "source")


def misplacements(manifest: Manifest) -> list[str]:
    """What is wrong with the blocks of all nodes and sources, each with the name of its node."""
    return [
        f"{node.full_name!r}: {mistake}"
        for node in (*manifest.nodes.values(), *manifest.sources.values())
        for mistake in misplaced(node)
    ]


def misplaced(node: Node) -> list[str]:
    """What is wrong with where a node's blocks stand and how they are named; empty if nothing."""
    if node.resource_type not in _PLACES:
        return []
    found = [
        f"meta.{key} is not a known block; did you mean {block}?"
        for key in node.config.meta
        for block in _BLOCKS
        if key not in _BLOCKS and _differing_letters(str(key), block) <= 2
    ]
    if node.resource_type == "source":
        return found + [
            f"a source cannot be a {kind}, because dbt does not build it; make a model that selects"
            " from it, and give that the block"
            for block, kind in _BLOCKS.items()
            if block in node.config.meta
        ]
    if node.resource_type == "snapshot":
        return found + snapshot_mistakes(node)
    if not {"feature_view", "window_features"} & node.config.meta.keys():
        return found
    if node.language == "python":
        found.append(
            "a Python model cannot be a feature view, because dbt enforces no contract on it; make"
            " an SQL model that selects from it, and give that the block"
        )
    if node.config.materialized == "ephemeral":
        found.append(
            "an ephemeral model cannot be a feature view, because it has no rows to publish;"
            " materialize it as a table, view or incremental"
        )
    return found


def _differing_letters(one: str, other: str) -> int:
    """How many letters are in one and not in the other, wherever they stand."""
    first, second = Counter(one.lower()), Counter(other.lower())
    return ((first - second) + (second - first)).total()


def unknown_keys(block: Any, known: Iterable[str]) -> list[str]:
    """What is wrong with the keys of a block, as ``check_declarations`` says it."""
    known = list(known)
    return [
        f"unknown key {key!r}; known are {', '.join(known)}{hint(str(key), known)}"
        for key in (block if isinstance(block, dict) else {})
        if key not in known
    ]
