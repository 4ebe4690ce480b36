"""The rows that the publisher would write, as the engine's own driver delivers them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from feature_warehouse.conformance.cases import Cases
from feature_warehouse.conformance.declared import View
from feature_warehouse.conformance.expected import AS_OF, Check, newest_of
from feature_warehouse.conformance.report import Finding
from feature_warehouse.conformance.shapes import Shapes
from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.engines import has_engine
from feature_warehouse.errors import FeatureWarehouseError

__all__ = ["check_published"]

Judge = Callable[[Check, Sequence[Sequence[Any]]], Finding]

_PART: Final = "published rows"

_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "boolean": bool,  # DuckDB's driver delivers small integers
    "decimal": lambda one: Fraction(Decimal(one)),
}


def check_published(
    project: DbtProject,
    folder: Path,
    shapes: Shapes,
    cases: Cases,
    failed: Mapping[str, str | None],
    judge: Judge,
) -> Iterator[Finding]:
    """The newest rows of each view that was built, expired ones included."""
    if not has_engine(project.profile.adapter):
        said = "nothing publishes from this adapter yet"
        yield Finding(_PART, "all views", "skipped", 0, said)
        return
    registry = read_registry(folder / "target" / "manifest.json")
    with project.open_warehouse() as warehouse:
        for view in shapes.views:
            if failed.get(view.name) is not None:
                continue
            check = _check(view, cases)
            try:
                declared = registry.views[view.name]
                with warehouse.newest_rows(declared, AS_OF) as reader:
                    table = reader.read_all()
            except FeatureWarehouseError as error:
                yield Finding(_PART, check.relation, "failed", 0, str(error))
                continue
            kinds = [column.kind for column in check.columns]
            columns = [
                _plain(column, kind) for column, kind in zip(table.columns, kinds, strict=True)
            ]
            yield judge(check, list(zip(*columns, strict=True)))


def _check(view: View, cases: Cases) -> Check:
    created = (view.created,) if view.created else ()
    columns = (*view.keys, *view.features, view.event, *created)
    rows = newest_of(view, cases.tables[view.name], AS_OF, ttl=False)
    expected = [[row[column.name] for column in columns] for row in rows]
    relation = f"newest rows of {view.name}"
    return Check(_PART, relation, columns, expected, (view.name,))


def _plain(column: "pa.ChunkedArray", kind: str) -> list[Any]:
    """Values as ``declared.Value`` has them."""
    array = column.combine_chunks()
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    if kind in ("timestamp", "date", "zoned"):
        return list(array.cast(pa.timestamp("us")).cast(pa.int64()).to_pylist())
    values: list[Any] = array.to_pylist()
    read = _READ.get(kind)
    return values if read is None else [None if one is None else read(one) for one in values]
