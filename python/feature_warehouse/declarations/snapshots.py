"""What a feature view that is a dbt snapshot would leak, or serve for ever.

The macros of ``check_declarations`` say the same, in the same words.
"""

from collections.abc import Iterator
from typing import Any

from feature_warehouse.declarations.manifest import Node

__all__ = ["snapshot_mistakes"]


def snapshot_mistakes(node: Node) -> list[str]:
    """Why a snapshot may not be the feature view that its block makes it; empty if it may."""
    block = node.config.meta.get("feature_view")
    if not isinstance(block, dict):
        return []
    keys = block.get("join_keys")
    keys = list(map(str, keys)) if isinstance(keys, list) else None
    return [
        *_ended(node),
        *_unseen(node, block),
        *_rewritten(node, block, keys or []),
        *([] if keys is None else _other_keys(node, keys)),
    ]


def _ended(node: Node) -> Iterator[str]:
    config = node.config
    if config.hard_deletes in ("invalidate", "new_record") or config.invalidate_hard_deletes:
        yield (
            "a snapshot that tracks deletions cannot be a feature view, because it would serve"
            f" deleted rows without end; make a model with snapshot_rows('{node.name}'), and give"
            " that the block"
        )


def _unseen(node: Node, block: dict[str, Any]) -> Iterator[str]:
    """Rows that would count from before the snapshot saw them, or anew in each run."""
    config, names = node.config, _names(node)
    # Only then dbt writes the time of the snapshot.
    keeps_time = config.strategy == "check" and not config.updated_at
    own = [names["dbt_valid_from"].lower(), names["dbt_updated_at"].lower()]
    created = block.get("created_timestamp")
    if not created:
        if not keeps_time or str(block.get("event_timestamp")).lower() not in own:
            remedy = "let the snapshot select its time, and declare that column"
            if keeps_time:
                remedy = f"declare {names['dbt_valid_from']}, which is when it did"
            yield (
                "without a created_timestamp its rows count from before the snapshot saw them;"
                f" {remedy}"
            )
        return
    column = str(created).lower()
    if not keeps_time and column in [*own, str(config.updated_at).lower()]:
        yield (
            f"created_timestamp '{created}' is the time of the row, not of the snapshot; let the"
            " snapshot select its own time, and declare that column"
        )
    checked = config.check_cols or []
    is_checked = checked in ("all", ["all"]) or created in checked
    own.append(names["dbt_valid_to"].lower())
    if config.strategy == "check" and is_checked and column not in own:
        yield (
            f"snapshot '{node.name}' checks '{created}' as well, which makes every row a new"
            " version in every run; list the other columns as check_cols"
        )


def _rewritten(node: Node, block: dict[str, Any], keys: list[str]) -> Iterator[str]:
    """The one column of a version that dbt changes later."""
    name = _names(node)["dbt_valid_to"]
    used = [block.get(role) for role in ("event_timestamp", "created_timestamp", "tie_breaker")]
    used += keys
    used += [
        column.name
        for column in node.columns.values()
        if (column.config.meta or column.meta).get("feature", True) is not False
    ]
    if name.lower() in [str(column).lower() for column in used]:
        yield (
            f"column '{name}' is written when a version has ended, and would tell of the future;"
            " leave it out, or set `feature: false` in its meta"
        )


def _other_keys(node: Node, keys: list[str]) -> Iterator[str]:
    unique = node.config.unique_key
    unique = [unique] if isinstance(unique, str) else list(unique or [])
    # It may be an expression.
    if set(unique) <= node.columns.keys() and sorted(unique) != sorted(keys):
        yield (
            f"its join_keys are {', '.join(keys)}, and the unique_key of snapshot '{node.name}' is"
            f" {', '.join(unique)}; they must be the same columns"
        )


def _names(node: Node) -> dict[str, str]:
    """The times that dbt keeps by their names in this snapshot."""
    renamed = node.config.snapshot_meta_column_names or {}
    standard = ("dbt_valid_from", "dbt_valid_to", "dbt_updated_at")
    return {name: renamed.get(name) or name for name in standard}
