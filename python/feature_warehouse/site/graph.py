"""What the site shows of dbt's manifest beyond declarations: lineage, definitions, exposures."""

from collections.abc import Iterable, Mapping

import msgspec

from feature_warehouse.declarations import manifest as dbt
from feature_warehouse.declarations.annotations import is_personal, owner_of, owner_text
from feature_warehouse.declarations.manifest import Manifest, Node
from feature_warehouse.declarations.model import Column

__all__ = ["Exposure", "Graph", "LabelSet", "Model", "Test", "graph_of"]


class Model(msgspec.Struct, frozen=True):
    """A node of dbt's that holds data; ``kind`` is dbt's word, such as model or source.

    ``relation`` is its name in the warehouse; ``raw`` the SQL as written, ``compiled`` as it was
    run; both are empty where dbt has none. ``macros`` are the unique ids of those it calls.
    """

    unique_id: str
    name: str
    kind: str
    description: str = ""
    file: str = ""
    relation: str = ""
    raw: str = ""
    compiled: str = ""
    materialized: str = ""
    owner: str = ""
    parents: tuple[str, ...] = ()
    macros: tuple[str, ...] = ()


class Test(msgspec.Struct, frozen=True):
    """A test of dbt's on a model, or on one of its columns; see ``annotations.tests_by_model``."""

    unique_id: str
    name: str
    model: str
    column: str


class Exposure(msgspec.Struct, frozen=True):
    """What uses the project, as dbt's exposures say; ``services`` are named in its ``meta``."""

    name: str
    label: str
    kind: str
    description: str
    owner: str
    url: str
    parents: tuple[str, ...]
    services: tuple[str, ...] = ()


class LabelSet(msgspec.Struct, frozen=True):
    """A model with a ``label_set`` block, whose texts are as declared; '' is what it lacks."""

    model: Model
    columns: tuple[Column, ...]
    timestamp: str = ""
    label: str = ""
    known_at: str = ""
    maturity: str = ""
    deprecation_date: str = ""

    @property
    def name(self) -> str:
        """With the version of a model that has versions."""
        return self.model.name


class Graph(msgspec.Struct, frozen=True):
    """All of them; ``models`` by unique id, ``children`` the reverse of their parents.

    ``label_sets`` are by name; the latest version also by the name without one.
    """

    models: dict[str, Model]
    children: dict[str, tuple[str, ...]]
    exposures: tuple[Exposure, ...]
    tests: dict[str, tuple[Test, ...]]
    label_sets: dict[str, LabelSet] = {}

    @property
    def each_label_set(self) -> tuple[LabelSet, ...]:
        """Each once, by name."""
        found = {one.name: one for one in self.label_sets.values()}
        return tuple(found[name] for name in sorted(found))

    def sources_of(self, unique_id: str) -> tuple[Model, ...]:
        """The sources that a node is made of in the end, by name."""
        border, seen = [unique_id], {unique_id}
        while border:
            model = self.models.get(border.pop())
            new = [each for each in (model.parents if model else ()) if each not in seen]
            seen.update(new)
            border += new
        found = [self.models[each] for each in seen if each in self.models]
        return tuple(sorted((one for one in found if one.kind == "source"), key=_name))

    def readers(self, unique_ids: Iterable[str]) -> tuple[Exposure, ...]:
        """The exposures that read one of these nodes."""
        wanted = set(unique_ids)
        return tuple(one for one in self.exposures if wanted & set(one.parents))

    def calling(self, macro: str) -> tuple[Model, ...]:
        """The models that call a public macro of the package."""
        unique_id = f"macro.feature_warehouse.{macro}"
        return tuple(model for model in self.models.values() if unique_id in model.macros)


def _name(model: Model) -> str:
    return model.name


_HOLD_DATA = ("model", "seed", "snapshot", "source")


def graph_of(manifest: Manifest) -> Graph:
    """What the manifest says, of dbt 1 or 2."""
    models = {
        unique_id: _model(node, manifest)
        for unique_id, node in {**manifest.nodes, **manifest.sources}.items()
        if node.resource_type in _HOLD_DATA
    }
    return Graph(
        models=models,
        children=_children(models),
        exposures=tuple(map(_exposure, manifest.exposures.values())),
        tests=_tests(manifest.nodes),
        label_sets={
            name: _label_set(node, models[node.unique_id])
            for node in manifest.nodes.values()
            if "label_set" in node.config.meta and node.unique_id in models
            for name in node.names
        },
    )


def _label_set(node: Node, model: Model) -> LabelSet:
    block = node.config.meta["label_set"] or {}
    texts = {
        name: str(block[name])
        for name in ("timestamp", "label", "known_at", "maturity")
        if block.get(name) is not None
    }
    columns = tuple(
        Column(
            one.name, one.data_type or "", one.description.strip(), pii=is_personal(node, one.name)
        )
        for one in node.columns.values()
    )
    return LabelSet(model, columns, **texts, deprecation_date=node.deprecation_date or "")


def _model(node: Node, manifest: Manifest) -> Model:
    name = node.full_name
    return Model(
        unique_id=node.unique_id,
        name=f"{node.source_name}.{name}" if node.source_name else name,
        kind=node.resource_type,
        description=node.description.strip(),
        file=node.original_file_path,
        relation=node.relation_name or "",
        raw=(node.raw_code or "").strip(),
        compiled=(node.compiled_code or "").strip(),
        materialized=node.config.materialized,
        owner=owner_of(node, manifest) or "",
        parents=tuple(dict.fromkeys(node.depends_on.nodes)),
        macros=tuple(node.depends_on.macros),
    )


def _children(models: Mapping[str, Model]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for unique_id, model in models.items():
        for parent in model.parents:
            found.setdefault(parent, []).append(unique_id)
    return {parent: tuple(children) for parent, children in found.items()}


def _exposure(one: dbt.Exposure) -> Exposure:
    named = (one.config.meta or one.meta or {}).get("feature_service")
    services = [named] if isinstance(named, str) else named
    is_address = (one.url or "").lower().startswith(("https://", "http://"))
    return Exposure(
        name=one.name,
        label=one.label or one.name,
        kind=one.type or "",
        description=(one.description or "").strip(),
        owner=owner_text(one.owner) or "",
        url=one.url or "" if is_address else "",
        parents=tuple(one.depends_on.nodes),
        services=tuple(filter(None, map(str, services if isinstance(services, list) else ()))),
    )


def _tests(nodes: Mapping[str, Node]) -> dict[str, tuple[Test, ...]]:
    found: dict[str, list[Test]] = {}
    for unique_id, node in nodes.items():
        if node.attached_node is not None and node.test_metadata is not None:
            name = node.test_metadata.name
            test = Test(unique_id, name, node.attached_node, node.tested_column)
            found.setdefault(node.attached_node, []).append(test)
    return {model: tuple(tests) for model, tests in found.items()}
