"""What the manifest says of models and columns for people: owners, tags, tests, personal data.

The dbt macros of `feature_catalog` read the same; a test holds the two together.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from feature_warehouse.declarations.manifest import Manifest, ManifestColumn, Node
from feature_warehouse.declarations.model import ServicePart

__all__ = [
    "column_meta",
    "column_tags",
    "default_text",
    "is_personal",
    "owner_of",
    "owner_text",
    "personal_names",
    "tests_by_model",
]


def column_meta(column: ManifestColumn) -> dict[str, Any]:
    """What the YAML says of a column, as a model or a source has it."""
    return column.config.meta or column.meta


def is_personal(node: Node | None, name: str) -> bool:
    """Whether a node has such a column, and its YAML flags it as personal data."""
    column = node.columns.get(name) if node else None
    return column is not None and column_meta(column).get("pii") is True


def personal_names(
    parts: Sequence[ServicePart], request: Iterable[str], labels: Node | None, training_set: Node
) -> tuple[str, ...]:
    """The names by which a service knows columns that are flagged, wherever they are, sorted."""
    found = {
        name
        for part in parts
        for column, name in (*part.join_keys.items(), *part.features.items())
        if any(own.pii for own in part.view.columns if own.name == column)
    }
    given = {key for part in parts for key in part.join_keys.values()} | {*request}
    served = {name for part in parts for name in (*part.features.values(), *part.instants)}
    found |= {name for name in given if is_personal(labels, name)}
    found |= {name for name in given | served if is_personal(training_set, name)}
    return tuple(sorted(found))


def column_tags(column: ManifestColumn) -> tuple[str, ...]:
    """The column's own tags, sorted."""
    return _listed([*column.tags, *column.config.tags])


def owner_of(node: Node, manifest: Manifest) -> str | None:
    """``meta.owner``, else the owner of the model's group; None where nobody is named."""
    own = owner_text(node.config.meta.get("owner"))
    if own is None and node.group:
        for group in manifest.groups.values():
            if (group.name, group.package_name) == (node.group, node.package_name):
                return owner_text(group.owner)
    return own


def owner_text(owner: Any) -> str | None:
    """A text, or a mapping with name and e-mail, as dbt's groups and exposures have it."""
    if not isinstance(owner, dict):
        return " ".join(str(owner).split()) or None if owner is not None else None
    name, email = owner.get("name"), owner.get("email")
    if email and not isinstance(email, str):
        email = ", ".join(email)
    return f"{name} <{email}>" if name and email else name or email or None


def tests_by_model(manifest: Manifest) -> dict[str, dict[str, tuple[str, ...]]]:
    """By a model's unique id and column: names of the generic tests, sorted.

    Those of the model as a whole stand under the column ''.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for test in manifest.nodes.values():
        if test.attached_node is not None and test.test_metadata is not None:
            columns = found.setdefault(test.attached_node, {})
            columns.setdefault(test.tested_column, []).append(test.test_metadata.name)
    return {
        model: {column: _listed(names) for column, names in columns.items()}
        for model, columns in found.items()
    }


def default_text(value: Any) -> str | None:
    """A default for a person: a text as it is, everything else as JSON."""
    import json  # msgspec writes 1e16 differently from dbt's

    return value if value is None or isinstance(value, str) else json.dumps(value, default=str)


def _listed(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))
