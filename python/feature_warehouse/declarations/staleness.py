"""Whether a manifest still says what the project's files say."""

import hashlib
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from feature_warehouse.declarations.manifest import Metadata, Node
from feature_warehouse.errors import UsageError

__all__ = ["is_current", "refuse_stale"]


class _File(msgspec.Struct):
    original_file_path: str = ""
    package_name: str = ""
    patch_path: str | None = None


class _Files(msgspec.Struct):
    metadata: Metadata
    nodes: dict[str, _File] = {}
    sources: dict[str, _File] = {}
    macros: dict[str, _File] = {}


def is_current(manifest: Path, project: Path) -> bool:
    """Whether no file that dbt has read is newer than the manifest, nor any folder of such files.

    Cheap, and never wrong in saying yes: a folder changes when a file is added or removed.
    """
    content = msgspec.json.decode(manifest.read_bytes(), type=_Files)
    instant = content.metadata.invocation_started_at or content.metadata.generated_at
    names = ["dbt_project.yml", "packages.yml", "dependencies.yml", "package-lock.yml"]
    files = {project / name for name in [*names, "selectors.yml"]}
    for file in chain.from_iterable(
        each.values() for each in (content.nodes, content.sources, content.macros)
    ):
        inner = file.package_name != content.metadata.project_name
        root = project / "dbt_packages" / file.package_name if inner else project
        for path in (file.original_file_path, (file.patch_path or "").partition("://")[2]):
            parts = Path(path).parts
            files |= {root.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)}
    return not any(file.exists() and file.stat().st_mtime > instant.timestamp() for file in files)


def refuse_stale(manifest: Path, generated: datetime, project: Path, nodes: list[Node]) -> None:
    """A manifest that does not know the files as they are on disk must not be published from."""
    for node in nodes:
        model = project / node.original_file_path
        if _changed_after(model, generated) and node.checksum.checksum not in _checksums(model):
            raise UsageError(f"{model} changed after {manifest} was written; run `dbt build` again")
        if node.patch_path is not None:
            properties = project / node.patch_path.partition("://")[2]
            if _changed_after(properties, generated) and _block_changed(properties, node):
                raise UsageError(
                    f"{node.full_name!r} in {properties} changed after {manifest} was written;"
                    " run `dbt build` again"
                )


def _changed_after(file: Path, instant: datetime) -> bool:
    # Models of installed packages lie elsewhere; a project may be deployed as its manifest alone.
    return file.is_file() and file.stat().st_mtime > instant.timestamp()


def _checksums(file: Path) -> set[str]:
    """As dbt 1 and dbt 2 compute it: SHA-256 without surrounding white space, or with one blank."""
    text = file.read_text(encoding="utf-8")
    forms = (text.strip(), " ".join(text.split()))
    return {hashlib.sha256(form.encode()).hexdigest() for form in forms}


def _block_changed(properties: Path, node: Node) -> bool:
    """Whether the feature view block or the columns differ; all else may change without a build.

    Only what stands there literally can be compared: not Jinja, and not what a model's SQL sets.
    """
    import yaml  # comes with dbt, which wrote the manifest

    try:
        content = yaml.safe_load(properties.read_text(encoding="utf-8"))
        declared = content[f"{node.resource_type}s"]
        [model] = [model for model in declared if model["name"] == node.name]
        if node.version is not None:
            model = _of_version(model, node.version)
        meta = (model.get("config") or {}).get("meta") or model.get("meta") or {}
        block = meta.get("feature_view")
        columns = [(c["name"], c.get("data_type")) for c in model.get("columns") or []]
    except (yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return True
    known = [(column.name, column.data_type) for column in node.columns.values()]
    if node.version is not None:  # dbt 1 and dbt 2 put them in different orders
        known, columns = sorted(known), sorted(columns)
    block_differs = block is not None and block != node.config.meta.get("feature_view")
    columns_differ = bool(columns) and columns != known
    return (block_differs and "{{" not in str(block)) or (
        columns_differ and "{{" not in str(columns)
    )


def _of_version(model: dict[str, Any], version: Any) -> dict[str, Any]:
    """What YAML says of one version of a model. Raises LookupError.

    Its block is left out where model and version have one both: dbt 1 merges them, dbt 2 does not.
    """
    [own] = [one for one in model["versions"] if str(one["v"]) == str(version)]
    blocks = [
        one.get("config") or {} for one in (model, own) if "meta" in (one.get("config") or {})
    ]
    return {
        "config": blocks[0] if len(blocks) == 1 else {},
        "columns": _columns_of_version(model.get("columns") or [], own.get("columns")),
    }


def _columns_of_version(
    shared: list[dict[str, Any]], own: list[dict[str, Any]] | None
) -> list[dict[str, Any]]:
    """See https://docs.getdbt.com/reference/resource-properties/versions#include."""
    if own is None:
        return shared
    rule = next((entry for entry in own if "include" in entry or "exclude" in entry), {})
    columns = {column["name"]: column for column in own if "name" in column}
    included, excluded = rule.get("include", "all"), rule.get("exclude") or []
    taken = [
        column
        for column in shared
        if (included in ("all", "*") or column["name"] in included)
        and column["name"] not in excluded
        and column["name"] not in columns
    ]
    return [*taken, *columns.values()]
