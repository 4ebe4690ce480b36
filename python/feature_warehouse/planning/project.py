"""One side of a comparison: what a manifest declares, and what each model is computed from."""

from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec

from feature_warehouse.declarations.manifest import (
    Manifest,
    Node,
    read_build_seconds,
    read_manifest,
)
from feature_warehouse.declarations.model import FeatureView, Registry, Service
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.errors import UsageError

__all__ = [
    "Inputs",
    "Project",
    "is_served",
    "manifest_in",
    "names_of",
    "stands_for_the_same",
]

_OF_ROWS: Final = (
    *("materialized", "incremental_strategy", "unique_key", "event_time", "strategy"),
    *("updated_at", "check_cols", "hard_deletes", "invalidate_hard_deletes"),
)
"""Configs of a model that have a say in which rows it has."""


class Inputs(msgspec.Struct, frozen=True):
    """What decides on the rows of a model, as far as a manifest knows it.

    ``models`` are those it reads, directly or not, by unique id, with the checksum of each text and
    its configs; ``macros`` the texts of the macros that it and they call, without dbt's own.
    """

    checksum: str
    configs: dict[str, str]
    models: dict[str, tuple[str, dict[str, str]]]
    macros: dict[str, str]


class Project:
    """A manifest, read. Raises UsageError as ``read_registry`` does."""

    def __init__(self, manifest: Path, project_dir: Path | None = None) -> None:
        self.manifest = manifest
        self.registry: Registry = read_registry(manifest, project_dir)
        self._content: Manifest = read_manifest(manifest)
        self.seconds = read_build_seconds(manifest)
        self._called: dict[str, frozenset[str]] = {}

    def view(self, name: str) -> FeatureView | None:
        """What readers get by a name, with a version or without."""
        return self.registry.views.get(self.registry.latest.get(name, name))

    def service(self, name: str) -> Service | None:
        return self.registry.services.get(self.registry.latest.get(name, name))

    @cached_property
    def label_sets(self) -> dict[str, Node]:
        """By full name."""
        return {
            node.full_name: node
            for node in self._content.nodes.values()
            if "label_set" in node.config.meta and node.full_name in self.registry.label_sets
        }

    @cached_property
    def served(self) -> dict[str, list[str]]:
        """The services that readers can have, by fingerprint."""
        found: dict[str, list[str]] = {}
        for name, service in self.registry.services.items():
            if is_served(service):
                found.setdefault(service.fingerprint, []).append(name)
        return found

    def options(self, unique_id: str) -> dict[str, Any]:
        """What a training set was asked for beside labels and features."""
        options: dict[str, Any] = self._content.nodes[unique_id].config.meta.get("training_set", {})
        return options

    def exposures(self, unique_id: str, *, directly: bool = False) -> list[str]:
        """The exposures that depend on a model, by name."""
        return sorted(
            exposure.name
            for exposure in self._content.exposures.values()
            if unique_id
            in (
                exposure.depends_on.nodes
                if directly
                else self._ancestors(exposure.depends_on.nodes)
            )
        )

    def inputs(self, unique_id: str) -> Inputs:
        node = self._content.nodes[unique_id]
        models = self._ancestors(node.depends_on.nodes)
        known = {name: self._content.nodes[name] for name in models if name in self._content.nodes}
        macros = {
            name
            for each in (node, *known.values())
            for own in each.depends_on.macros
            for name in self._calls(own)
        }
        return Inputs(
            checksum=node.checksum.checksum,
            configs=_configs(node),
            models={name: (each.checksum.checksum, _configs(each)) for name, each in known.items()},
            macros={name: self._content.macros[name].macro_sql for name in macros},
        )

    def _ancestors(self, unique_ids: list[str]) -> set[str]:
        found: set[str] = set()
        new = list(unique_ids)
        while new:
            name = new.pop()
            if name not in found:
                found.add(name)
                node = self._content.nodes.get(name)
                new += node.depends_on.nodes if node else []
        return found

    def _calls(self, macro: str) -> frozenset[str]:
        """The macro and all that it calls, but dbt's own."""
        if macro not in self._called:
            found: set[str] = set()
            new = [macro]
            while new:
                name = new.pop()
                one = self._content.macros.get(name)
                if one is None or name in found or _is_of_dbt(one.package_name):
                    continue
                found.add(name)
                new += one.depends_on.macros
            self._called[macro] = frozenset(found)
        return self._called[macro]


def _is_of_dbt(package: str) -> bool:
    return package in ("dbt", "dbt_duckdb", "dbt_postgres")


def _configs(node: Node) -> dict[str, str]:
    found = {name: getattr(node.config, name) for name in _OF_ROWS}
    return {name: str(value) for name, value in found.items() if value}


def manifest_in(place: Path) -> Path:
    """The manifest at an address, which may be the folder it lies in, as with dbt's ``--state``."""
    file = place / "manifest.json" if place.is_dir() else place
    if not file.is_file():
        raise UsageError(
            f"there is no {file}; name the manifest.json of what is in production, or its folder"
        )
    return file


def is_served(service: Service) -> bool:
    """Whether readers can have it: all its views are published."""
    return all(part.view.online for part in service.parts)


def names_of(declared: Collection[str], latest: Mapping[str, str]) -> list[str]:
    """All names that readers may ask for: full ones, and those of the latest versions."""
    return [*declared, *(name for name, full in latest.items() if full in declared)]


def stands_for_the_same(name: str, old: str, new: str) -> bool:
    """Whether a name without a version means the same version before and after."""
    return old == new != name
