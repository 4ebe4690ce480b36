"""What `forget` says: what it erased, and where the entity may still be, out of its reach."""

import sys
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec

from feature_warehouse.cli.erasing import LogErasure
from feature_warehouse.declarations.blocks import DECLARABLE
from feature_warehouse.declarations.manifest import Manifest
from feature_warehouse.publishing.forget import Forgotten

__all__ = ["models_built_from", "print_forgotten"]

_ELSEWHERE: Final = (
    "files of `training-set build` and `training-set export`",
    "the result file, validation and drift pages in the target folder",
    "rows of failed tests that dbt stored",
    "reads that a service has yet to write to its request log; forget again a minute later",
    "folders of request logs that --log-folder did not name",
    "requests and answers that your services logged themselves",
    "backups of the warehouse and of Redis",
)
"""Places that no manifest knows."""

_NO_VALUES: Final = {
    f"macro.feature_warehouse.{name}"
    for name in ("feature_catalog", "late_data_cost", "stale_data_cost", "dataset_card")
}
"""What these make says something of all entities, and holds no value of one."""
_NOT_STORED: Final = ("view", "ephemeral", "")


def models_built_from(
    manifest: Manifest, views: Collection[str], relations: Collection[str]
) -> list[str]:
    """The models that store what they read of these views and tables, directly or not, by name.

    Training sets, scoring sets and statistics have what they had until they are built anew. What
    holds counts and names alone, such as the catalog, is not among them.
    """
    reached = {
        node.unique_id
        for node in manifest.nodes.values()
        if node.resource_type in DECLARABLE and node.full_name in views
    }
    tables = {_plain(one) for one in relations}
    reached |= {
        source.unique_id
        for source in manifest.sources.values()
        if source.relation_name and _plain(source.relation_name) in tables
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


def _plain(relation: str) -> str:
    return relation.replace('"', "").lower()


def print_forgotten(
    forgotten: Forgotten, log: LogErasure, models: Sequence[str], *, as_json: bool
) -> None:
    """A line per generation and place of the log, and what was not reached, or JSON.

    ``models`` may hold the entity.
    """
    for line in _failures(forgotten, log):
        print(f"feature-warehouse: {line}", file=sys.stderr)
    if as_json:
        not_reached = {
            "models": models,
            "columns": log.not_explained,
            "elsewhere": _ELSEWHERE,
        }
        content = {
            "erased": forgotten.erased,
            "requests": log.places,
            "not_asked": forgotten.not_asked,
            "failed": log.failures,
            "not_reached": not_reached,
        }
        print(msgspec.json.encode(content).decode())
        return
    for line in (*_erased(forgotten, log), *_not_reached(log, models)):
        print(line)


def _erased(forgotten: Forgotten, log: LogErasure) -> Iterator[str]:
    for erasure in forgotten.erased:
        yield (
            f"{erasure.view}, generation {erasure.generation}: {erasure.rows_erased} rows erased,"
            f" {erasure.left} left"
        )
    for one in log.places:
        yield f"requests in {one.place}: {one.rows_erased} rows erased, {one.left} left"
    counts = [each.rows_erased for each in forgotten.erased]
    counts += [one.rows_erased for one in log.places]
    if not forgotten.erased:
        yield "no published view has such join keys; there is nothing to erase in Redis"
    elif not any(counts):
        yield "Redis has no row of this entity: nothing was erased; check its keys"


def _not_reached(log: LogErasure, models: Sequence[str]) -> Iterator[str]:
    yield "not reached, check these yourself:"
    for model in models:
        yield f"- model {model}, until `dbt build` rebuilds it"
    for one in log.places:
        if one.without_key:
            yield (
                f"- {one.without_key} rows in {one.place} without the key, which is personal data"
                " or of an earlier declaration: nothing tells whose they are"
            )
    for relation, columns in log.not_explained.items():
        yield f"- {relation}: no service has the columns {', '.join(columns)} any more"
    for place in _ELSEWHERE:
        yield f"- {place}"


def _failures(forgotten: Forgotten, log: LogErasure) -> Iterator[str]:
    for view, why in forgotten.not_asked.items():
        again = ", then forget again (what Redis had is erased)"
        yield (
            f"whether {view!r} still holds the entity is not known: {why}"
            f"{again if view in forgotten.published else ''}"
        )
    for failure in log.failures:
        yield (
            f"requests in {failure.place} were not erased: {failure.message}; then forget again"
            " (what Redis had is erased)"
        )
    for one in log.places:
        if one.hashed:
            yield (
                f"{one.hashed} rows in {one.place} have a hash for a key, and were not searched:"
                " set FEATURE_WAREHOUSE_LOG_KEY to the secret of the log, then forget again"
            )
        if one.unreadable:
            yield (
                f"{one.unreadable} messages or files in {one.place} cannot be read, and may hold"
                " the entity: delete them, or wait until the log no longer keeps them"
            )
        if one.left:
            yield (
                f"{one.left} rows of the entity in {one.place} came while it was erased: let"
                " services ask for it no longer, then forget again"
            )
