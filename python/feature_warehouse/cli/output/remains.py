"""What `forget` says: what it erased, and where the entity may still be, out of its reach."""

import sys
from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from feature_warehouse.declarations.blocks import DECLARABLE
from feature_warehouse.declarations.manifest import Manifest
from feature_warehouse.publishing.forget import Forgotten

__all__ = ["models_built_from", "print_forgotten"]

_ELSEWHERE: Final = (
    "files of `training-set build` and `training-set export`",
    "the result file, validation and drift pages in the target folder",
    "rows of failed tests that dbt stored",
    "requests and answers that your services logged, the request log and its tables included",
    "backups of the warehouse and of Redis",
)
"""Places that no manifest knows."""

_NO_VALUES: Final = {
    f"macro.feature_warehouse.{name}"
    for name in ("feature_catalog", "late_data_cost", "stale_data_cost", "dataset_card")
}
"""What these make says something of all entities, and holds no value of one."""
_NOT_STORED: Final = ("view", "ephemeral", "")


def models_built_from(manifest: Manifest, views: Collection[str]) -> list[str]:
    """The models that store what they read of these views, directly or not, by name.

    Training sets, scoring sets and statistics have what they had until they are built anew. What
    holds counts and names alone, such as the catalog, is not among them.
    """
    reached = {
        node.unique_id
        for node in manifest.nodes.values()
        if node.resource_type in DECLARABLE and node.full_name in views
    }
    found: dict[str, str] = {}
    while new := [
        node
        for node in manifest.nodes.values()
        if node.resource_type in ("model", "snapshot")
        and node.unique_id not in reached
        and not reached.isdisjoint(node.depends_on.nodes)
        and _NO_VALUES.isdisjoint(node.depends_on.macros)
    ]:
        reached.update(node.unique_id for node in new)
        stored = [node for node in new if node.config.materialized not in _NOT_STORED]
        found.update({node.unique_id: node.full_name for node in stored})
    return sorted(found.values())


def print_forgotten(forgotten: Forgotten, models: Sequence[str], *, as_json: bool) -> None:
    """A line per generation, and what was not reached, or JSON; ``models`` may hold the entity."""
    for view, why in forgotten.not_asked.items():
        again = ", then forget again (what Redis had is erased)"
        print(
            f"feature-warehouse: whether {view!r} still holds the entity is not known: {why}"
            f"{again if view in forgotten.published else ''}",
            file=sys.stderr,
        )
    if as_json:
        not_reached = {"models": models, "elsewhere": _ELSEWHERE}
        content = {
            "erased": forgotten.erased,
            "not_asked": forgotten.not_asked,
            "not_reached": not_reached,
        }
        print(msgspec.json.encode(content).decode())
        return
    for erasure in forgotten.erased:
        print(
            f"{erasure.view}, generation {erasure.generation}: {erasure.rows_erased} rows erased,"
            f" {erasure.left} left"
        )
    if not forgotten.erased:
        print("no published view has such join keys; there is nothing to erase in Redis")
    elif not any(erasure.rows_erased for erasure in forgotten.erased):
        print("Redis has no row of this entity: nothing was erased; check its keys")
    print("not reached, check these yourself:")
    for model in models:
        print(f"- model {model}, until `dbt build` rebuilds it")
    for place in _ELSEWHERE:
        print(f"- {place}")
